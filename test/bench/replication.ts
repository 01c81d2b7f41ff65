// `npm run bench -- replication`: two Concords that are suppliers of each other. Total initialization of the second; how long
// after its answer a change is seen on the other side; how fast a backlog is drained, and what a replicated change costs on
// both sides.
import { join } from "node:path";
import { ConcordServer } from "../support/concord-server.ts";
import { ROOT_DN, ROOT_PASSWORD } from "../support/directory-server.ts";
import {
  type Node,
  createAgreement,
  enableReplica,
  initialize,
  readRuv,
  setAgreement,
  waitForConvergence,
} from "../support/replication-setup.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { waitFor } from "../support/wait-for.ts";
import { processCpuMicros } from "./cpu.ts";
import { LoadGenerator, type LoadTarget } from "./load-generator.ts";
import { SUFFIX, userDn, writePeople } from "./people.ts";
import { formatNumber, formatTable, median } from "./statistics.ts";

const BACKEND = "userroot";
const DRAIN_TIMEOUT_MS = 600_000;
const VISIBLE_TIMEOUT_MS = 30_000;
const SAID_CHARACTERS_MAX = 8000;

export interface ReplicationOptions {
  readonly entries: number;
  /** Changes whose way is timed. */
  readonly samples: number;
  /** Changes of the backlog. */
  readonly backlog: number;
  readonly log: (line: string) => void;
}

interface Cost {
  readonly seconds: number;
  readonly supplierCpuSeconds: number;
  readonly consumerCpuSeconds: number;
}

export interface ReplicationReport {
  readonly entries: number;
  readonly backlog: number;
  readonly total: Cost;
  readonly drain: Cost;
  /** From the answer on A to the first answer of B that shows the change. */
  readonly latencyMs: { readonly p50: number; readonly p90: number; readonly max: number };
}

interface Pair {
  readonly a: Node & { readonly server: ConcordServer };
  readonly b: Node & { readonly server: ConcordServer };
}

export async function measureReplication(options: ReplicationOptions): Promise<ReplicationReport> {
  const { entries, backlog, log } = options;
  const generator = await LoadGenerator.build();
  const servers: ConcordServer[] = [];
  try {
    log(`creating two suppliers, one with ${entries} users`);
    servers.push(await createFilled(entries), await ConcordServer.create({ suffix: SUFFIX }));
    const [first, second] = servers as [ConcordServer, ConcordServer];
    const pair: Pair = {
      a: { server: first, client: await first.connect() },
      b: { server: second, client: await second.connect() },
    };
    await enableReplica(pair.a, "supplier", { replicaId: 1 });
    await enableReplica(pair.b, "supplier", { replicaId: 2 });
    log("total initialization");
    const forth = await createAgreement(pair.a, pair.b);
    const total = await costOf(pair, () => initialize(pair.a, forth));
    await createAgreement(pair.b, pair.a);
    await waitForConvergence([pair.a, pair.b]);
    log("latency");
    const latencyMs = await measureLatency(pair, options);
    log(`backlog of ${backlog} changes`);
    const drain = await measureDrain(pair, generator, { agreement: forth, ...options });
    pair.a.client.close();
    pair.b.client.close();
    return { entries, backlog, total, drain, latencyMs };
  } catch (error) {
    const said = servers.map((server) => server.output + server.readErrorLog()).join("\n");
    throw new Error(`the servers said:\n${said.slice(-SAID_CHARACTERS_MAX)}`, { cause: error });
  } finally {
    for (const server of servers) await server.remove();
  }
}

/** A server with so many users. */
export async function createFilled(entries: number): Promise<ConcordServer> {
  const server = await ConcordServer.create({ suffix: SUFFIX });
  await server.stop();
  const ldif = join(makeTemporaryFolder(), "people.ldif");
  writePeople(ldif, entries, { withAci: true });
  await server.command("import", ["--backend", BACKEND, ldif]);
  await server.start();
  return server;
}

async function costOf(pair: Pair, run: () => Promise<unknown>): Promise<Cost> {
  const cpu = (): readonly [number, number] => [
    processCpuMicros(pair.a.server.pid),
    processCpuMicros(pair.b.server.pid),
  ];
  const [supplierBefore, consumerBefore] = cpu();
  const before = performance.now();
  await run();
  const seconds = (performance.now() - before) / 1000;
  const [supplier, consumer] = cpu();
  return {
    seconds,
    supplierCpuSeconds: (supplier - supplierBefore) / 1e6,
    consumerCpuSeconds: (consumer - consumerBefore) / 1e6,
  };
}

/** One change at a time; the other side is asked back to back. */
async function measureLatency(
  { a, b }: Pair,
  { entries, samples }: ReplicationOptions,
): Promise<ReplicationReport["latencyMs"]> {
  const times: number[] = [];
  for (let sample = 0; sample < samples; sample += 1) {
    const dn = userDn(sample % entries);
    const marker = `seen ${sample}`;
    await a.client.replace(dn, "description", marker);
    const answered = performance.now();
    for (;;) {
      const entry = await b.client.find(dn, ["description"]);
      if (entry?.text("description") === marker) break;
      if (performance.now() - answered > VISIBLE_TIMEOUT_MS) {
        throw new Error(`a change is not seen after ${VISIBLE_TIMEOUT_MS} ms`);
      }
    }
    times.push(performance.now() - answered);
  }
  times.sort((x, y) => x - y);
  return {
    p50: median(times),
    p90: times[Math.floor(times.length * 0.9)] ?? Number.NaN,
    max: times.at(-1) ?? Number.NaN,
  };
}

/** The agreement is off while changes are made; from the moment it is on again the time runs. */
async function measureDrain(
  pair: Pair,
  generator: LoadGenerator,
  options: ReplicationOptions & { readonly agreement: string },
): Promise<Cost> {
  const { a, b } = pair;
  const { agreement, entries, backlog } = options;
  await setAgreement(a, agreement, { nsds5ReplicaEnabled: "off" });
  const target: LoadTarget = {
    port: a.server.port,
    pid: a.server.pid,
    bindDn: ROOT_DN,
    password: ROOT_PASSWORD,
  };
  await generator.run(target, {
    operation: "modify",
    connections: 8,
    depth: 16,
    first: 0,
    range: entries,
    amount: { operations: backlog },
  });
  const newest = (await readRuv(a)).elements.get(1)?.max;
  return costOf(pair, async () => {
    await setAgreement(a, agreement, { nsds5ReplicaEnabled: "on" });
    await waitFor(
      async () => (await readRuv(b)).elements.get(1)?.max === newest,
      "the backlog is drained",
      DRAIN_TIMEOUT_MS,
    );
  });
}

/** For people. */
export function formatReplication(report: ReplicationReport): string {
  const row = (what: string, count: number, cost: Cost): string[] => [
    what,
    formatNumber(cost.seconds),
    formatNumber(count / cost.seconds),
    formatNumber((cost.supplierCpuSeconds / count) * 1e6),
    formatNumber((cost.consumerCpuSeconds / count) * 1e6),
  ];
  const { p50, p90, max } = report.latencyMs;
  return [
    formatTable(
      ["", "seconds", "a second", "supplier CPU us each", "consumer CPU us each"],
      [
        row(`total initialization, ${report.entries} entries`, report.entries, report.total),
        row(`backlog of ${report.backlog} modifications`, report.backlog, report.drain),
      ],
    ),
    `answered on one side to seen on the other: p50 ${formatNumber(p50)} ms, p90 ${formatNumber(p90)} ms, max ${formatNumber(max)} ms`,
  ].join("\n\n");
}
