// `npm run bench -- compare`: two suppliers of each other with three planted differences. While one takes writes, `concord
// replication compare` has to find the three and nothing else; what it transfers and how long it takes is printed.
//
// Differences are planted where no server can notice: in the replica LDIF of one, which keeps the update vector.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { concordCommand, ConcordServer } from "../support/concord-server.ts";
import { runCommand } from "../support/child.ts";
import { ROOT_DN, ROOT_PASSWORD } from "../support/directory-server.ts";
import {
  type Node,
  createAgreement,
  enableReplica,
  initialize,
  waitForConvergence,
} from "../support/replication-setup.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { BACKEND } from "./bench-server.ts";
import { LoadGenerator } from "./load-generator.ts";
import { SUFFIX, userDn, writePeople } from "./people.ts";
import { formatNumber, formatTable } from "./statistics.ts";

/** The last users; the others are written to. */
const PLANTED = 3;
const WAIT_SECONDS = 120;
const START_MS = 1_000;

export interface CompareOptions {
  readonly entries: number;
  /** How long writes go on. */
  readonly seconds: number;
  readonly log: (line: string) => void;
}

interface Run {
  readonly writesPerSecond: number;
  readonly seconds: number;
  readonly bytes: number;
}

export interface CompareReport {
  readonly entries: number;
  readonly quiet: Run;
  readonly busy: Run;
}

/** What `concord replication compare --json` prints. */
interface Printed {
  readonly method: string;
  readonly bytes: number;
  readonly differences: readonly {
    readonly count: number;
    readonly shown: readonly { readonly type: string; readonly dn?: string }[];
    readonly unsettled?: { readonly count: number };
  }[];
}

/** @throws Error when a planted difference is not found, or another one is */
export async function measureCompare(options: CompareOptions): Promise<CompareReport> {
  const { entries, log, seconds } = options;
  const generator = await LoadGenerator.build();
  const servers: ConcordServer[] = [];
  try {
    log(`creating two suppliers with ${entries} users`);
    servers.push(await createFilled(entries), await ConcordServer.create({ suffix: SUFFIX }));
    const [first, second] = servers as [ConcordServer, ConcordServer];
    await replicate(first, second);
    log(`planting ${PLANTED} differences`);
    await plant(second, entries);
    log("comparing");
    const quiet = await compare([first, second], entries);
    log("comparing while writes go on");
    const load = generator.run(
      { port: first.port, pid: first.pid, bindDn: ROOT_DN, password: ROOT_PASSWORD },
      {
        operation: "modify",
        connections: 2,
        depth: 1,
        first: 0,
        range: entries - PLANTED,
        amount: { seconds },
      },
    );
    const [busy, { operations }] = await Promise.all([
      new Promise((resolve) => setTimeout(resolve, START_MS)).then(() =>
        compare([first, second], entries),
      ),
      load,
    ]);
    if (busy.seconds + START_MS / 1000 > seconds) log("the comparison went on after the writes");
    return {
      entries,
      quiet: { ...quiet, writesPerSecond: 0 },
      busy: { ...busy, writesPerSecond: operations / seconds },
    };
  } finally {
    for (const server of servers) await server.remove();
  }
}

async function createFilled(entries: number): Promise<ConcordServer> {
  const server = await ConcordServer.create({ suffix: SUFFIX });
  await server.stop();
  const ldif = join(makeTemporaryFolder(), "people.ldif");
  writePeople(ldif, entries, { withAci: true });
  await server.command("import", ["--backend", BACKEND, ldif]);
  await server.start();
  return server;
}

async function replicate(first: ConcordServer, second: ConcordServer): Promise<void> {
  const a: Node = { server: first, client: await first.connect() };
  const b: Node = { server: second, client: await second.connect() };
  await enableReplica(a, "supplier", { replicaId: 1 });
  await enableReplica(b, "supplier", { replicaId: 2 });
  await initialize(a, await createAgreement(a, b));
  await createAgreement(b, a);
  await waitForConvergence([a, b]);
  a.client.close();
  b.client.close();
}

/** Another value, a value more, an entry less. */
async function plant(server: ConcordServer, entries: number): Promise<void> {
  const path = join(makeTemporaryFolder(), "replica.ldif");
  await server.stop();
  await server.command("export", ["--backend", BACKEND, "--replica", "--no-wrap", path]);
  const changes: readonly ((record: string) => string)[] = [
    (record) => record.replace(/^(mail[^:]*:).*$/m, "$1 planted@example.com"),
    (record) => record.replace(/^description[^:]*:.*$/m, "$&\ndescription: planted"),
    () => "",
  ];
  const records = readFileSync(path, "utf8").split(/\n\n+/);
  changes.forEach((change, index) => {
    const start = `dn: ${userDn(entries - 1 - index)}\n`.toLowerCase();
    const at = records.findIndex((record) => record.toLowerCase().startsWith(start));
    const changed = change(records[at] ?? "");
    if (at < 0 || changed === records[at]) throw new Error(`nothing to change in ${start}`);
    records[at] = changed;
  });
  writeFileSync(path, `${records.filter((record) => record !== "").join("\n\n")}\n`);
  await server.command("import", ["--backend", BACKEND, path]);
  await server.start();
}

async function compare(
  servers: readonly ConcordServer[],
  entries: number,
): Promise<Omit<Run, "writesPerSecond">> {
  const before = performance.now();
  const { code, stdout, stderr } = await runCommand(
    concordCommand(),
    [
      ...["replication", "compare", ...servers.map(({ port }) => `ldap://127.0.0.1:${port}`)],
      ...["--bind-dn", ROOT_DN, "--wait", String(WAIT_SECONDS), "--json"],
    ],
    { env: { CONCORD_ROOT_PASSWORD: ROOT_PASSWORD } },
  );
  const seconds = (performance.now() - before) / 1000;
  if (code !== 1) throw new Error(`compare ended with ${code}: ${stderr}`);
  const printed = JSON.parse(stdout.toString("utf8")) as Printed;
  const [found] = printed.differences;
  const dns = (found?.shown ?? []).map(({ dn }) => dn?.toLowerCase()).sort();
  const planted = Array.from({ length: PLANTED }, (_, index) =>
    userDn(entries - PLANTED + index).toLowerCase(),
  );
  const isRight =
    printed.method === "digest" &&
    found?.unsettled?.count === 0 &&
    JSON.stringify(dns) === JSON.stringify(planted);
  if (!isRight) throw new Error(`compare found something else: ${stdout.toString("utf8")}`);
  return { seconds, bytes: printed.bytes };
}

/** For people. */
export function formatCompare({ entries, quiet, busy }: CompareReport): string {
  const row = (what: string, run: Run): string[] => [
    what,
    formatNumber(run.writesPerSecond),
    formatNumber(run.seconds),
    formatNumber(run.bytes / 1024),
  ];
  return [
    formatTable(
      [`${entries} entries, ${PLANTED} planted differences`, "writes/s", "seconds", "KiB"],
      [row("no writes", quiet), row("writes go on", busy)],
    ),
    "found: the planted differences and no other",
  ].join("\n\n");
}
