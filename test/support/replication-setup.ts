// Replication configured through LDAP alone, with the same requests for 389 and for Concord: a replication manager, the
// replica entry, agreements, total initialization, and the questions that administrators ask afterwards.
import type { DirectoryServer } from "./directory-server.ts";
import type { AttributeValues, LdapClient } from "./ldap.ts";
import { waitFor } from "./wait-for.ts";

const MANAGER_DN = "cn=replication manager,cn=config";
const MANAGER_PASSWORD = "Repl-Secret-1";
const RUV_FILTER = "(&(nsuniqueid=ffffffff-ffffffff-ffffffff-ffffffff)(objectclass=nstombstone))";
const NO_SESSION_TEXT = "No replication sessions started";
const INITIALIZE_TIMEOUT_MS = 300_000;
const CONVERGE_TIMEOUT_MS = Number(process.env["CONCORD_INTEROP_WAIT_MS"] ?? 180_000);
const LOG_LINES_SHOWN = 10;
const REST_ATTEMPTS_MAX = 10;
const READ_ONLY_REPLICA_ID = 65_535;

export type ReplicaRole = "supplier" | "hub" | "consumer";

const ROLE_SETTINGS: Readonly<Record<ReplicaRole, AttributeValues>> = {
  supplier: { nsDS5ReplicaType: "3", nsDS5Flags: "1" },
  hub: { nsDS5ReplicaType: "2", nsDS5Flags: "1" },
  consumer: { nsDS5ReplicaType: "2", nsDS5Flags: "0" },
};

/** A server together with the connection of its administrator. */
export interface Node {
  readonly server: DirectoryServer;
  readonly client: LdapClient;
}

export interface RuvElement {
  readonly url: string;
  readonly min: string | undefined;
  readonly max: string | undefined;
}

export interface Ruv {
  readonly generation: string;
  readonly elements: ReadonlyMap<number, RuvElement>;
}

/** The form that 389 itself gives: the suffix as one escaped RDN value. */
export function mappingTreeDn(suffix: string): string {
  const escaped = suffix.replaceAll("=", "\\3D").replaceAll(",", "\\2C");
  return `cn=${escaped},cn=mapping tree,cn=config`;
}

export const replicaDn = (suffix: string): string => `cn=replica,${mappingTreeDn(suffix)}`;

export const agreementDn = (suffix: string, name: string): string =>
  `cn=${name},${replicaDn(suffix)}`;

/** Makes the suffix of the server a replica; the replication manager is created when it is not there. */
export async function enableReplica(
  { server, client }: Node,
  role: ReplicaRole,
  options: { readonly replicaId?: number; readonly settings?: AttributeValues } = {},
): Promise<void> {
  if ((await client.find(MANAGER_DN, ["cn"])) === undefined) {
    await client.add(MANAGER_DN, {
      objectClass: ["top", "inetUser", "netscapeServer", "nsAccount"],
      cn: "replication manager",
      uid: "replication manager",
      userPassword: MANAGER_PASSWORD,
    });
  }
  await client.add(replicaDn(server.suffix), {
    objectClass: ["top", "nsds5Replica"],
    cn: "replica",
    nsDS5ReplicaRoot: server.suffix,
    nsDS5ReplicaId: String(options.replicaId ?? READ_ONLY_REPLICA_ID),
    nsDS5ReplicaBindDN: MANAGER_DN,
    ...ROLE_SETTINGS[role],
    ...options.settings,
  });
}

/** An agreement from one node to the other; its name is given back. It is on unless the settings say otherwise. */
export async function createAgreement(
  from: Node,
  to: Node,
  settings: AttributeValues = {},
): Promise<string> {
  const name = `${from.server.name}-to-${to.server.name}`;
  await from.client.add(agreementDn(from.server.suffix, name), {
    objectClass: ["top", "nsds5replicationagreement"],
    cn: name,
    nsDS5ReplicaRoot: from.server.suffix,
    nsDS5ReplicaHost: "127.0.0.1",
    nsDS5ReplicaPort: String(to.server.port),
    nsDS5ReplicaTransportInfo: "LDAP",
    nsDS5ReplicaBindMethod: "SIMPLE",
    nsDS5ReplicaBindDN: MANAGER_DN,
    nsDS5ReplicaCredentials: MANAGER_PASSWORD,
    ...settings,
  });
  return name;
}

export interface AgreementStatus {
  readonly update: string;
  readonly json: string;
  readonly init: string | undefined;
  readonly isInitializing: boolean;
  readonly isUpdating: boolean;
  /** Text like `1:20/350 2:3/0 `: by origin, what was sent and what was skipped. */
  readonly changesSent: string;
}

export async function readAgreement(from: Node, name: string): Promise<AgreementStatus> {
  const entry = await from.client.find(agreementDn(from.server.suffix, name), ["*", "+"]);
  if (entry === undefined) throw new Error(`there is no agreement ${name}`);
  return {
    update: entry.text("nsds5replicaLastUpdateStatus") ?? "",
    json: entry.text("nsds5replicaLastUpdateStatusJSON") ?? "",
    init: entry.text("nsds5replicaLastInitStatus"),
    isInitializing: entry.text("nsds5BeginReplicaRefresh") !== undefined,
    isUpdating: entry.text("nsds5replicaUpdateInProgress") === "TRUE",
    changesSent: entry.text("nsds5replicaChangesSentSinceStartup") ?? "",
  };
}

export async function setAgreement(
  from: Node,
  name: string,
  settings: AttributeValues,
): Promise<void> {
  await from.client.modify(
    agreementDn(from.server.suffix, name),
    Object.entries(settings).map(([type, values]) => ({ op: "replace", type, values })),
  );
}

/** Fills the consumer of the agreement from its supplier and waits for the end. Asks after the first attempt of the agreement to
 *  reach its consumer: a 389 that is asked before it sometimes gives no answer for two minutes, and does not connect meanwhile. */
export async function initialize(from: Node, name: string): Promise<void> {
  await waitFor(
    async () => !(await readAgreement(from, name)).update.includes(NO_SESSION_TEXT),
    `the agreement ${name} has begun`,
    INITIALIZE_TIMEOUT_MS,
  );
  await setAgreement(from, name, { nsds5BeginReplicaRefresh: "start" });
  const status = await waitFor(
    async () => {
      const now = await readAgreement(from, name);
      return now.isInitializing || now.init === undefined || now.init.includes("in progress")
        ? undefined
        : now;
    },
    `the total initialization of ${name} ends`,
    INITIALIZE_TIMEOUT_MS,
  );
  if (status.init?.startsWith("Error (0) Total update succeeded") !== true) {
    throw new Error(`total initialization of ${name}: ${status.init}`);
  }
}

/** Both agreements between two nodes, the second node filled from the first. */
export async function connectSuppliers(from: Node, to: Node): Promise<readonly [string, string]> {
  const forth = await createAgreement(from, to);
  await initialize(from, forth);
  const back = await createAgreement(to, from);
  return [forth, back];
}

export async function readRuv({ server, client }: Node): Promise<Ruv> {
  const { entries } = await client.search(server.suffix, {
    filter: RUV_FILTER,
    attributes: ["nsds50ruv"],
  });
  const elements = new Map<number, RuvElement>();
  let generation = "";
  for (const text of entries.flatMap((entry) => entry.texts("nsds50ruv"))) {
    const start = /^\{replicageneration\} (\S+)$/.exec(text);
    const element = /^\{replica (\d+)(?: (\S+))?\}(?: (\S{20}) (\S{20}))?$/.exec(text);
    if (start !== null) generation = start[1] as string;
    else if (element === null) throw new Error(`a value of nsds50ruv cannot be read: ${text}`);
    else
      elements.set(Number(element[1]), { url: element[2] ?? "", min: element[3], max: element[4] });
  }
  if (generation === "") throw new Error(`${server.name} shows no RUV`);
  return { generation, elements };
}

/** Generation and newest CSNs, as one text that is equal on replicas that have seen the same changes. */
export function ruvText(ruv: Ruv): string {
  const newest = [...ruv.elements]
    .filter(([, { max }]) => max !== undefined)
    .sort(([a], [b]) => a - b)
    .map(([replicaId, { max }]) => `${replicaId}:${max}`);
  return [ruv.generation, ...newest].join(" ");
}

/** Waits until all nodes have seen the same changes, and gives the text of that RUV. */
export async function waitForConvergence(
  nodes: readonly Node[],
  timeoutMs: number = CONVERGE_TIMEOUT_MS,
): Promise<string> {
  let seen: readonly string[] = [];
  try {
    return await waitFor(
      async () => {
        seen = await Promise.all(nodes.map(async (node) => ruvText(await readRuv(node))));
        return new Set(seen).size === 1 ? seen[0] : undefined;
      },
      `${nodes.map(({ server }) => server.name).join(", ")} have equal RUVs`,
      timeoutMs,
    );
  } catch (error) {
    const lines: string[] = [];
    for (const [index, node] of nodes.entries())
      lines.push(`  ${node.server.name}: ${seen[index]}`, ...(await describeAgreements(node)));
    throw new Error(`no convergence\n${lines.join("\n")}`, { cause: error });
  }
}

/** A line for each agreement of a node, for reports. */
async function describeAgreements({ server, client }: Node): Promise<readonly string[]> {
  const { entries } = await client.search(replicaDn(server.suffix), {
    scope: "one",
    filter: "(objectClass=nsds5replicationagreement)",
    attributes: ["*", "+"],
  });
  const agreements = entries.map((entry) => {
    const sent = entry.text("nsds5replicaChangesSentSinceStartup") ?? "";
    return `    ${entry.text("cn")}: ${entry.text("nsds5replicaLastUpdateStatus")}; sent ${sent}`;
  });
  const complaints = server
    .readErrorLog()
    .split("\n")
    .filter((line) => / - (ERR|WARN|CRIT) - |"level":"(warn|error)"/.test(line))
    .slice(-LOG_LINES_SHOWN)
    .map((line) => `    ${line}`);
  return [...agreements, ...complaints];
}

/**
 * Runs `read` on all nodes while their RUVs are equal and stay so: keep-alive updates come by a timer, and what is read
 * on two sides of one would differ.
 */
export async function readAtRest<T>(
  nodes: readonly Node[],
  read: (node: Node) => Promise<T>,
): Promise<readonly T[]> {
  for (let attempt = 0; attempt < REST_ATTEMPTS_MAX; attempt += 1) {
    const before = await waitForConvergence(nodes);
    const results: T[] = [];
    for (const node of nodes) results.push(await read(node));
    const after = await Promise.all(nodes.map(async (node) => ruvText(await readRuv(node))));
    if (after.every((text) => text === before)) return results;
  }
  throw new Error(`changes came during each of ${REST_ATTEMPTS_MAX} attempts to read`);
}

export async function openNode(server: DirectoryServer): Promise<Node> {
  return { server, client: await server.connect() };
}
