// The servers that are compared, behind one interface: made empty with the same indexes, filled and exported while they do not
// run, then started. Access rules are equal: everybody who is bound reads all but passwords.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "../support/child.ts";
import { ConcordServer, installedCommand } from "../support/concord-server.ts";
import { ROOT_DN, ROOT_PASSWORD } from "../support/directory-server.ts";
import type { DirectoryServer } from "../support/directory-server.ts";
import { NsSlapd } from "../support/ns-slapd.ts";
import { pause } from "../support/wait-for.ts";
import type { Case } from "./cases.ts";
import { childCpuMicros } from "./cpu.ts";
import { answers } from "./first-answer.ts";
import type { LoadTarget } from "./load-generator.ts";
import { SLAPD_RULES, SUFFIX } from "./people.ts";
import { ScriptServer } from "./script-server.ts";
import { Slapd, type SlapdOptions } from "./slapd.ts";

export const SERVER_KINDS = ["concord", "slapd", "ns-slapd"] as const;
export type ServerKind = (typeof SERVER_KINDS)[number];
/** What takes load beside them. */
export const BARE = "bare";

export interface Cost {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** Takes load. */
export interface LoadedServer {
  readonly name: string;
  /** For load as the root DN. */
  readonly target: LoadTarget;
  /** Whether it can do what the case asks for. */
  takes(one: Case): boolean;
  remove(): Promise<void>;
}

export interface BenchServer extends LoadedServer {
  /** What 389's form of access rules is for. */
  readonly takesAci: boolean;
  /** Fills the stopped server. */
  import(ldif: string): Promise<Cost>;
  /** Writes what the stopped server holds. */
  export(path: string): Promise<Cost>;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Starts the server that runs anew. The time from its start to the first answer, in milliseconds. */
  restart(): Promise<number>;
}

export const BACKEND = "userroot";
const NS_SLAPD = "/usr/sbin/ns-slapd";
const BULK_TIMEOUT_MS = 3_600_000;
const ANSWER_POLL_MS = 2;
const INDEX_CONTAINER = `cn=index,cn=${BACKEND},cn=ldbm database,cn=plugins,cn=config`;
const INDEXED_TYPES = ["uid", "cn", "sn", "mail"];
const INDEX_KINDS = ["eq", "pres", "sub"];
/** For groups: which of them is somebody in? */
const EQUALITY_TYPES = ["member"];
const BARE_OPERATIONS: ReadonlySet<Case["load"]["operation"]> = new Set([
  ...(["search", "read", "compare", "bind", "initial", "any", "list"] as const),
  ...(["modify", "mixed", "add", "delete"] as const),
]);

export function createBenchServer(kind: ServerKind): Promise<BenchServer> {
  switch (kind) {
    case "concord":
      return createConcord("concord");
    case "slapd":
      return createSlapd();
    case "ns-slapd":
      return createNsSlapd();
  }
}

/** A server that only moves bytes between sockets and LMDB (bare-server.ts). */
export async function createBare(entries: number): Promise<LoadedServer> {
  const server = await ScriptServer.start("bare-server.js", [String(entries)]);
  return {
    name: BARE,
    target: server.target,
    takes: ({ load, scheme, asUser }) =>
      BARE_OPERATIONS.has(load.operation) && scheme === undefined && asUser !== true,
    remove: () => server.stop(),
  };
}

/** Wall-clock and CPU time of child processes that `run` waits for. */
async function measured(run: () => Promise<unknown>): Promise<Cost> {
  const cpuBefore = childCpuMicros();
  const before = performance.now();
  await run();
  const seconds = (performance.now() - before) / 1000;
  return { seconds, cpuSeconds: (childCpuMicros() - cpuBefore) / 1e6 };
}

async function restarted(server: {
  readonly port: number;
  start(): Promise<void>;
  stop(): Promise<void>;
}): Promise<number> {
  await server.stop();
  const before = performance.now();
  const started = server.start();
  while (!(await answers(server.port))) await pause(ANSWER_POLL_MS);
  const millis = performance.now() - before;
  await started;
  return millis;
}

/** One that replicates by 389's protocol. */
export interface BenchReplica extends BenchServer {
  readonly server: DirectoryServer;
}

/** With a program of its own when one is named. */
export async function createConcord(
  name: string,
  options: { readonly program?: string } = {},
): Promise<BenchReplica> {
  const program = options.program ?? installedCommand();
  const server = await ConcordServer.create({ suffix: SUFFIX, program });
  await configure(server);
  await server.stop();
  const run = (command: string, path: string): Promise<Cost> =>
    measured(() =>
      server.command(command, ["--backend", BACKEND, path], { timeoutMs: BULK_TIMEOUT_MS }),
    );
  return {
    name,
    server,
    takesAci: true,
    takes: () => true,
    get target() {
      return rootTarget(server.port, server.pid);
    },
    import: (ldif) => run("import", ldif),
    export: (path) => run("export", path),
    start: () => server.start(),
    stop: () => server.stop(),
    restart: () => restarted(server),
    remove: () => server.remove(),
  };
}

/** Imports and exports start its program, as `dsctl` does, without the third of a second that this needs besides. */
export async function createNsSlapd(): Promise<BenchReplica> {
  const server = await NsSlapd.create({ suffix: SUFFIX });
  await configure(server);
  await server.stop();
  const run = (command: string, file: readonly string[]): Promise<Cost> => {
    const args = [command, "-D", join(server.folder, "config"), "-n", BACKEND, ...file];
    return measured(() => mustRun(NS_SLAPD, args, { timeoutMs: BULK_TIMEOUT_MS }));
  };
  return {
    name: "ns-slapd",
    server,
    takesAci: true,
    takes: () => true,
    get target() {
      return rootTarget(server.port, Number(readFileSync(join(server.folder, "run/pid"), "utf8")));
    },
    import: (ldif) => run("ldif2db", ["-i", ldif]),
    export: (path) => run("db2ldif", ["-a", path]),
    start: () => server.start(),
    stop: () => server.stop(),
    restart: () => restarted(server),
    remove: () => server.remove(),
  };
}

/** With the indexes and access rules of all. */
export async function createSlapd(mirror?: SlapdOptions["mirror"]): Promise<BenchServer> {
  const substrings = INDEXED_TYPES.map((type) => [type, INDEX_KINDS.join(",")]);
  const equalities = [...EQUALITY_TYPES, "objectClass"].map((type) => [type, "eq"]);
  const rootDn = `cn=manager,${SUFFIX}`;
  const server = await Slapd.create({
    suffix: SUFFIX,
    rootDn,
    rootPassword: ROOT_PASSWORD,
    indexes: Object.fromEntries([...substrings, ...equalities]) as Record<string, string>,
    accessRules: SLAPD_RULES,
    ...(mirror === undefined ? {} : { mirror }),
  });
  return {
    name: "slapd",
    takesAci: false,
    // For PBKDF2 it needs a module that is not in its package.
    takes: ({ scheme }) => scheme === undefined,
    get target() {
      return { ...rootTarget(server.port, server.pid), bindDn: rootDn };
    },
    import: (ldif) => measured(() => server.import(ldif)),
    export: (path) => measured(() => server.export(path)),
    start: () => server.start(),
    stop: () => server.stop(),
    restart: () => restarted(server),
    remove: () => server.remove(),
  };
}

const rootTarget = (port: number, pid: number): LoadTarget => ({
  port,
  pid,
  bindDn: ROOT_DN,
  password: ROOT_PASSWORD,
});

/** Of the configurable indexes those of the benchmark stay; what a server needs for itself it keeps. Passwords stay hashed as they
 *  are: slapd does not hash them anew either. */
async function configure(server: DirectoryServer): Promise<void> {
  const client = await server.connect();
  await client.replace("cn=config", "nsslapd-enable-upgrade-hash", "off");
  const { entries } = await client.search(INDEX_CONTAINER, {
    scope: "one",
    filter: "(&(objectClass=nsIndex)(nsSystemIndex=false))",
  });
  const wanted = new Map<string, readonly string[]>();
  for (const type of INDEXED_TYPES) wanted.set(type, INDEX_KINDS);
  for (const type of EQUALITY_TYPES) wanted.set(type, ["eq"]);
  for (const entry of entries) {
    const type = (entry.text("cn") ?? "").toLowerCase();
    const kinds = wanted.get(type);
    wanted.delete(type);
    if (kinds === undefined) await client.delete(entry.dn);
    else await client.replace(entry.dn, "nsIndexType", kinds);
  }
  for (const [type, nsIndexType] of wanted) {
    await client.add(`cn=${type},${INDEX_CONTAINER}`, {
      objectClass: ["top", "nsIndex"],
      cn: type,
      nsSystemIndex: "false",
      nsIndexType,
    });
  }
  client.close();
}
