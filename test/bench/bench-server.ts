// The servers that are compared, behind one interface: made empty with the same indexes, filled while they do not run, then
// started. Access rules are equal: everybody who is bound reads all but passwords.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "../support/child.ts";
import { ConcordServer } from "../support/concord-server.ts";
import { ROOT_DN, ROOT_PASSWORD } from "../support/directory-server.ts";
import type { DirectoryServer } from "../support/directory-server.ts";
import { LdapClient } from "../support/ldap.ts";
import { NsSlapd } from "../support/ns-slapd.ts";
import { pause } from "../support/wait-for.ts";
import { childCpuMicros } from "./cpu.ts";
import type { LoadTarget } from "./load-generator.ts";
import { SLAPD_RULES, SUFFIX } from "./people.ts";
import { Slapd } from "./slapd.ts";

export const SERVER_KINDS = ["concord", "slapd", "ns-slapd"] as const;
export type ServerKind = (typeof SERVER_KINDS)[number];

export interface ImportCost {
  readonly seconds: number;
  readonly cpuSeconds: number;
}

export interface BenchServer {
  readonly kind: ServerKind;
  /** For load as the root DN. */
  readonly target: LoadTarget;
  /** Fills the stopped server and starts it. */
  import(ldif: string): Promise<ImportCost>;
  /** Starts the server that runs anew. The time from its start to the first answer, in milliseconds. */
  restart(): Promise<number>;
  remove(): Promise<void>;
}

const BACKEND = "userroot";
const NS_SLAPD = "/usr/sbin/ns-slapd";
const IMPORT_TIMEOUT_MS = 1_800_000;
const ANSWER_POLL_MS = 2;
const INDEX_CONTAINER = `cn=index,cn=${BACKEND},cn=ldbm database,cn=plugins,cn=config`;
const INDEXED_TYPES = ["uid", "cn", "sn", "mail"];
const INDEX_KINDS = ["eq", "pres", "sub"];

export function createBenchServer(kind: ServerKind): Promise<BenchServer> {
  switch (kind) {
    case "concord":
      return createConcord();
    case "slapd":
      return createSlapd();
    case "ns-slapd":
      return createNsSlapd();
  }
}

/** Wall-clock and CPU time of child processes that `run` waits for. */
async function measured(run: () => Promise<unknown>): Promise<ImportCost> {
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
  for (;;) {
    try {
      const client = await LdapClient.connect({ port: server.port, bindDn: "", password: "" });
      client.close();
      break;
    } catch {
      await pause(ANSWER_POLL_MS);
    }
  }
  const millis = performance.now() - before;
  await started;
  return millis;
}

async function createConcord(): Promise<BenchServer> {
  const server = await ConcordServer.create({ suffix: SUFFIX });
  await configure(server);
  await server.stop();
  return {
    kind: "concord",
    get target() {
      return rootTarget(server.port, server.pid);
    },
    import: async (ldif) => {
      const cost = await measured(() => server.command("import", ["--backend", BACKEND, ldif]));
      await server.start();
      return cost;
    },
    restart: () => restarted(server),
    remove: () => server.remove(),
  };
}

async function createNsSlapd(): Promise<BenchServer> {
  const server = await NsSlapd.create({ suffix: SUFFIX });
  await configure(server);
  await server.stop();
  const config = join(server.folder, "config");
  return {
    kind: "ns-slapd",
    get target() {
      return rootTarget(server.port, Number(readFileSync(join(server.folder, "run/pid"), "utf8")));
    },
    import: async (ldif) => {
      const args = ["ldif2db", "-D", config, "-n", BACKEND, "-i", ldif];
      const cost = await measured(() => mustRun(NS_SLAPD, args, { timeoutMs: IMPORT_TIMEOUT_MS }));
      await server.start();
      return cost;
    },
    restart: () => restarted(server),
    remove: () => server.remove(),
  };
}

async function createSlapd(): Promise<BenchServer> {
  const indexes = Object.fromEntries(INDEXED_TYPES.map((type) => [type, INDEX_KINDS.join(",")]));
  const server = await Slapd.create({
    suffix: SUFFIX,
    rootDn: `cn=manager,${SUFFIX}`,
    rootPassword: ROOT_PASSWORD,
    indexes: { ...indexes, objectClass: "eq" },
    accessRules: SLAPD_RULES,
  });
  return {
    kind: "slapd",
    get target() {
      return {
        port: server.port,
        pid: server.pid,
        bindDn: `cn=manager,${SUFFIX}`,
        password: ROOT_PASSWORD,
      };
    },
    import: async (ldif) => {
      const cost = await measured(() => server.import(ldif));
      await server.start();
      return cost;
    },
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
  const wanted = new Set(INDEXED_TYPES);
  for (const entry of entries) {
    const type = (entry.text("cn") ?? "").toLowerCase();
    if (wanted.delete(type)) await client.replace(entry.dn, "nsIndexType", INDEX_KINDS);
    else await client.delete(entry.dn);
  }
  for (const type of wanted) {
    await client.add(`cn=${type},${INDEX_CONTAINER}`, {
      objectClass: ["top", "nsIndex"],
      cn: type,
      nsSystemIndex: "false",
      nsIndexType: INDEX_KINDS,
    });
  }
  client.close();
}
