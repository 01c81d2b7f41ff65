// Three suppliers that replicate with each other, one of which is given up; and the tasks that clean its ID from the others.
import { assert } from "chai";
import type { AttributeValues } from "./ldap.ts";
import {
  type Node,
  agreementDn,
  connectSuppliers,
  createAgreement,
  enableReplica,
  readRuv,
  replicaDn,
  waitForConvergence,
} from "./replication-setup.ts";
import { waitFor } from "./wait-for.ts";

export const GONE_ID = 3;
const TASK_TIMEOUT_MS = 120_000;
const NUDGE_MS = 30_000;

export interface Suppliers {
  readonly first: Node;
  readonly second: Node;
  /** Replica ID 3: to be given up. */
  readonly gone: Node;
  readonly goneToFirst: string;
}

/** IDs 1, 2 and 3, each with an entry of its own on all of them. */
export async function connectThree(first: Node, second: Node, gone: Node): Promise<Suppliers> {
  const { suffix } = first.server;
  const nodes = [first, second, gone];
  for (const [index, node] of nodes.entries())
    await enableReplica(node, "supplier", { replicaId: index + 1 });
  await connectSuppliers(first, second);
  const [, goneToFirst] = await connectSuppliers(first, gone);
  await createAgreement(gone, second);
  await createAgreement(second, gone);
  for (const [index, node] of nodes.entries()) {
    const cn = `of ${index + 1}`;
    await node.client.add(`cn=${cn},${suffix}`, { objectClass: ["top", "person"], cn, sn: cn });
    // The keep-alive entry that a server leaves behind.
    if (node !== gone) continue;
    const keepAlive = `repl keep alive ${GONE_ID}`;
    await node.client.add(`cn=${keepAlive},${suffix}`, {
      objectClass: ["top", "ldapsubentry", "extensibleObject"],
      cn: keepAlive,
      keepalivetimestamp: "0",
    });
  }
  try {
    await waitForConvergence(nodes, NUDGE_MS);
  } catch {
    // 389 that gets a change from two sides at once may leave its RUV behind until the next one.
    await gone.client.replace(`cn=of ${GONE_ID},${suffix}`, "description", "once more");
    await waitForConvergence(nodes);
  }
  return { first, second, gone, goneToFirst };
}

/** Removes the agreements to the server that is given up, and stops it. */
export async function giveUp({ first, second, gone }: Suppliers): Promise<void> {
  const { suffix } = first.server;
  for (const node of [first, second]) {
    await node.client.delete(agreementDn(suffix, `${node.server.name}-to-${gone.server.name}`));
  }
  gone.client.close();
  await gone.server.stop();
}

const taskDn = (container: string, name: string): string =>
  `cn=${name},cn=${container},cn=tasks,cn=config`;

async function addTask(
  { client, server }: Node,
  container: string,
  name: string,
  attributes: AttributeValues,
): Promise<string> {
  const dn = taskDn(container, name);
  await client.add(dn, {
    objectClass: ["top", "extensibleObject"],
    cn: name,
    "replica-base-dn": server.suffix,
    "replica-id": String(GONE_ID),
    ...attributes,
  });
  return dn;
}

export const startClean = (node: Node, name: string, force: "yes" | "no" = "no"): Promise<string> =>
  addTask(node, "cleanallruv", name, { "replica-force-cleaning": force });

export const startAbort = (node: Node, name: string, certify: "yes" | "no"): Promise<string> =>
  addTask(node, "abort cleanallruv", name, { "replica-certify-all": certify });

export async function readTaskLog({ client }: Node, dn: string): Promise<string> {
  return (await client.find(dn))?.text("nsTaskLog") ?? "";
}

/** Waits for the end of a task and gives its log. */
export async function waitForTask(node: Node, dn: string): Promise<string> {
  const code = await waitFor(
    async () => (await node.client.find(dn))?.text("nsTaskExitCode"),
    `the task ${dn} ends`,
    TASK_TIMEOUT_MS,
  ).catch(async (error: unknown) => {
    throw new Error(`${dn}: ${await readTaskLog(node, dn)}`, { cause: error });
  });
  const log = await readTaskLog(node, dn);
  assert.strictEqual(code, "0", log);
  return log;
}

export const hasGone = async (node: Node): Promise<boolean> =>
  (await readRuv(node)).elements.has(GONE_ID);

export const waitForCleanRuv = (node: Node): Promise<boolean> =>
  waitFor(
    async () => !(await hasGone(node)),
    `${node.server.name} has no element of replica ${GONE_ID}`,
    TASK_TIMEOUT_MS,
  );

/** The marker of a task that is under way. */
export async function readMarkers(node: Node): Promise<readonly string[]> {
  const entry = await node.client.find(replicaDn(node.server.suffix), [
    "nsds5ReplicaCleanRUV",
    "nsds5ReplicaAbortCleanRUV",
  ]);
  return [
    ...(entry?.texts("nsds5ReplicaCleanRUV") ?? []),
    ...(entry?.texts("nsds5ReplicaAbortCleanRUV") ?? []),
  ];
}

export async function hasKeepAlive(node: Node): Promise<boolean> {
  const { entries } = await node.client.search(node.server.suffix, {
    filter: `(&(objectClass=ldapsubentry)(cn=repl keep alive ${GONE_ID}))`,
  });
  return entries.length > 0;
}
