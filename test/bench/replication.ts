// `npm run bench -- replication`: pairs of suppliers of each other, Concord's beside ns-slapd's and slapd's, and ns-slapd with a
// Concord that it initializes. Total initialization of the second server; how long after its answer a change is seen on the other
// side; how fast a backlog is drained; how fast changes are passed over of which an agreement sends nothing; and what each costs
// both servers. Backlog and latency go in turns over the pairs.
//
// slapd is not initialized over the network: that takes minutes for 100,000 entries. It has no agreements, so it passes over nothing.
import {
  type BenchReplica,
  type ServerKind,
  createConcord,
  createNsSlapd,
} from "./bench-server.ts";
import { processCpuMicros } from "./cpu.ts";
import { LoadGenerator } from "./load-generator.ts";
import { userDn } from "./people.ts";
import { AgreementPair, type ReplicationPair } from "./replication-pair.ts";
import type {
  LatencyResult,
  Measure,
  MeasureResult,
  PairCost,
  ReplicationReport,
} from "./replication-report.ts";
import { SlapdPair } from "./slapd-pair.ts";

const MIXED = "ns-slapd to concord";
/** What ns-slapd writes a few hundred of in a second is scaled for each change. */
const NS_SLAPD_SKIPPED_MAX = 20_000;
const WRITE_WIDTH = { connections: 8, depth: 16 };

export interface ReplicationOptions {
  readonly kinds: readonly ServerKind[];
  /** Only measures whose name contains this. */
  readonly only: string;
  readonly entries: number;
  readonly rounds: number;
  /** Changes of a round whose way is timed. */
  readonly samples: number;
  /** Changes of the backlog of a round. */
  readonly backlog: number;
  /** Changes that a fractional agreement does not send. */
  readonly skipped: number;
  readonly log: (line: string) => void;
}

const LATENCY = "latency";
export const REPLICATION_CASES: readonly string[] = [
  "total initialization",
  LATENCY,
  "backlog",
  "fractional session",
] satisfies readonly (Measure | typeof LATENCY)[];

/** @throws Error when a change does not arrive or an answer is wrong */
export async function measureReplication(options: ReplicationOptions): Promise<ReplicationReport> {
  const { kinds, only, entries, log } = options;
  const generator = await LoadGenerator.build();
  const measures: MeasureResult[] = [];
  const latencies: LatencyResult[] = [];
  const pairs: ReplicationPair[] = [];
  const isWanted = (name: string): boolean => name.includes(only);
  try {
    for (const kind of kinds) {
      log(`${kind}: creating two suppliers, one with ${entries} users`);
      if (kind === "slapd") pairs.push(await SlapdPair.create(entries));
      else pairs.push(await initialized(kind, kind, options, measures));
    }
    if (
      kinds.includes("concord") &&
      kinds.includes("ns-slapd") &&
      isWanted("total initialization")
    ) {
      log(`${MIXED}: creating two suppliers, one with ${entries} users`);
      const pair = await initialized("ns-slapd", "concord", options, measures);
      await pair.remove();
    }
    // First the backlogs: whatever a server compiles or caches is there when single changes are timed.
    if (isWanted("backlog")) measures.push(...(await measureBacklogs(generator, pairs, options)));
    if (isWanted(LATENCY)) latencies.push(...(await measureLatencies(generator, pairs, options)));
    if (isWanted("fractional session")) {
      for (const pair of pairs) {
        if (pair instanceof AgreementPair) measures.push(await skip(generator, pair, options));
      }
    }
    return { entries, measures, latencies };
  } catch (error) {
    const said = pairs.map((pair) => pair.describe()).join("\n");
    throw new Error(`a pair failed; the servers said:\n${said}`, { cause: error });
  } finally {
    for (const pair of pairs) await pair.remove();
  }
}

const createReplica = (kind: "concord" | "ns-slapd"): Promise<BenchReplica> =>
  kind === "concord" ? createConcord(kind) : createNsSlapd();

/** A pair whose consumer is filled by a total initialization. */
async function initialized(
  from: "concord" | "ns-slapd",
  to: "concord" | "ns-slapd",
  { entries, log }: ReplicationOptions,
  measures: MeasureResult[],
): Promise<AgreementPair> {
  const name = from === to ? from : MIXED;
  const servers = [await createReplica(from), await createReplica(to)];
  const pair = await AgreementPair.create(name, servers, entries);
  try {
    await pair.prepareInitialization();
    log(`${name}: total initialization`);
    const cost = await costOf(pair, () => pair.initialize());
    measures.push({
      measure: "total initialization",
      pair: name,
      count: entries,
      rounds: [cost],
    });
    await pair.connectBack();
    return pair;
  } catch (error) {
    const said = pair.describe();
    await pair.remove();
    throw new Error(`${name} failed; the servers said:\n${said}`, { cause: error });
  }
}

/** The time of `run`, and what it costs the servers, one of which may be started meanwhile. */
async function costOf(pair: ReplicationPair, run: () => Promise<unknown>): Promise<PairCost> {
  const { supplier, consumer, holdStopsConsumer } = pair;
  const supplierBefore = processCpuMicros(supplier.target.pid);
  const consumerBefore = holdStopsConsumer ? 0 : processCpuMicros(consumer.target.pid);
  const before = performance.now();
  await run();
  const seconds = (performance.now() - before) / 1000;
  return {
    seconds,
    supplierCpuSeconds: (processCpuMicros(supplier.target.pid) - supplierBefore) / 1e6,
    consumerCpuSeconds: (processCpuMicros(consumer.target.pid) - consumerBefore) / 1e6,
  };
}

async function measureLatencies(
  generator: LoadGenerator,
  pairs: readonly ReplicationPair[],
  { rounds, samples, log }: ReplicationOptions,
): Promise<readonly LatencyResult[]> {
  const results = pairs.map(({ name }) => ({
    pair: name,
    rounds: [] as LatencyResult["rounds"][number][],
  }));
  // The first one is for the caches and compilers of the servers.
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, { name, supplier, consumer }] of pairs.entries()) {
      log(`latency: ${name}, ${round === 0 ? "warming up" : `round ${round} of ${rounds}`}`);
      const latency = await generator.latency(
        supplier.target,
        consumer.target,
        userDn(round),
        samples,
      );
      if (round > 0) results[index]?.rounds.push(latency);
    }
  }
  return results;
}

async function measureBacklogs(
  generator: LoadGenerator,
  pairs: readonly ReplicationPair[],
  { entries, rounds, backlog, log }: ReplicationOptions,
): Promise<readonly MeasureResult[]> {
  const costs = new Map<ReplicationPair, PairCost[]>(pairs.map((pair) => [pair, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const pair of pairs) {
      log(`backlog: ${pair.name}, ${backlog} modifications, round ${round} of ${rounds}`);
      await pair.hold();
      await modify(generator, pair, { entries, count: backlog });
      costs.get(pair)?.push(await costOf(pair, () => pair.release()));
    }
  }
  return [...costs].map(([pair, all]) => ({
    measure: "backlog",
    pair: pair.name,
    count: backlog,
    rounds: all,
  }));
}

/** The last modification is one that is sent: its arrival ends the session. ns-slapd tells consumers how far it is without one,
 *  too, but once an hour. */
async function skip(
  generator: LoadGenerator,
  pair: AgreementPair,
  { entries, skipped, log }: ReplicationOptions,
): Promise<MeasureResult> {
  const count = pair.name === "ns-slapd" ? Math.min(skipped, NS_SLAPD_SKIPPED_MAX) : skipped;
  log(`fractional session: ${pair.name}, ${count} modifications that are not sent`);
  await pair.hold();
  await pair.leaveOutDescriptions();
  await modify(generator, pair, { entries, count });
  await pair.changeTelephone(userDn(0));
  const cost = await costOf(pair, () => pair.release());
  return { measure: "fractional session", pair: pair.name, count, rounds: [cost] };
}

async function modify(
  generator: LoadGenerator,
  { supplier }: ReplicationPair,
  { entries, count }: { readonly entries: number; readonly count: number },
): Promise<void> {
  await generator.run(supplier.target, {
    operation: "modify",
    ...WRITE_WIDTH,
    first: 0,
    range: entries,
    amount: { operations: count },
  });
}
