// `npm run bench -- busy`: how long searches take while the same server takes 200 writes a second and initializes another one, again
// and again, beside what they take when it has nothing else to do. Searches come at a steady rate, not as fast as they are answered:
// what users feel is whether a search has to wait, and a client that uses all of a machine makes everything wait.
//
// The consumer of the initialization runs on this machine, too, and keeps a core busy. In one kind of rounds it has the same right to
// the processors as the supplier, in another it takes what the others leave (SCHED_IDLE), so that it stands in nobody's way, as a
// server on another machine. The rounds of all kinds alternate.
import { execFileSync } from "node:child_process";
import { createConcord } from "./bench-server.ts";
import { processCpuMicros } from "./cpu.ts";
import { type Load, LoadGenerator, type LoadOutcome } from "./load-generator.ts";
import { AgreementPair } from "./replication-pair.ts";
import { formatNumber, formatTable, median } from "./statistics.ts";

const SEARCHES = { operation: "search", connections: 8, depth: 1, rate: 1000 } as const;
const WRITES = { operation: "modify", connections: 8, depth: 1, rate: 200 } as const;
const REST_LOOK_MS = 1000;
const REST_CPU_MICROS_MAX = 20_000;
const WARM_UP = { operation: "search", connections: 8, depth: 16 } as const;

export interface BusyOptions {
  readonly entries: number;
  readonly rounds: number;
  /** Of a round. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  readonly log: (line: string) => void;
}

interface Waits {
  readonly p50Micros: number;
  readonly p99Micros: number;
}

interface BusyResult {
  readonly searchesPerSecond: number;
  readonly writesPerSecond: number;
  /** That were sent whole meanwhile. */
  readonly initializations: number;
  readonly waits: Waits;
  /** How much longer the slowest searches take, by round. */
  readonly p99Ratio: number;
}

export interface BusyReport {
  readonly entries: number;
  readonly idle: Waits;
  /** The consumer takes what others leave of the processors. */
  readonly yielding: BusyResult;
  /** It has the same right to them as the supplier. */
  readonly equal: BusyResult;
}

interface BusyRound {
  readonly searches: LoadOutcome;
  readonly writes: LoadOutcome;
  readonly initializations: number;
}

/** @throws Error when an answer is wrong or an initialization fails */
export async function measureBusy(options: BusyOptions): Promise<BusyReport> {
  const { entries, rounds, seconds, warmUpSeconds, log } = options;
  const generator = await LoadGenerator.build();
  log(`creating two suppliers, one with ${entries} users`);
  const servers = [await createConcord("concord"), await createConcord("concord")];
  const pair = await AgreementPair.create("concord", servers, entries);
  try {
    await pair.prepareInitialization();
    await pair.initialize();
    const over = (load: Omit<Load, "first" | "range" | "amount">, lasting: number): Load => ({
      ...load,
      first: 0,
      range: entries,
      amount: { seconds: lasting },
    });
    log("waiting until both are at rest");
    for (const { target } of [pair.supplier, pair.consumer]) await untilAtRest(target.pid);
    log("warming up");
    await generator.run(pair.supplier.target, over(WARM_UP, warmUpSeconds));
    const idle: LoadOutcome[] = [];
    const yielding: BusyRound[] = [];
    const equal: BusyRound[] = [];
    const loads = [over(SEARCHES, seconds), over(WRITES, seconds)] as const;
    for (let round = 1; round <= rounds; round += 1) {
      log(`idle, round ${round} of ${rounds}`);
      idle.push(await generator.run(pair.supplier.target, loads[0]));
      log(`busy, consumer that yields, round ${round} of ${rounds}`);
      setYielding(pair, true);
      yielding.push(await runBusy(generator, pair, loads));
      log(`busy, consumer that does not, round ${round} of ${rounds}`);
      setYielding(pair, false);
      equal.push(await runBusy(generator, pair, loads));
    }
    return {
      entries,
      idle: waitsOf(idle),
      yielding: summarize(idle, yielding),
      equal: summarize(idle, equal),
    };
  } finally {
    await pair.remove();
  }
}

/** Digests and index lists are completed in the background. */
async function untilAtRest(pid: number): Promise<void> {
  for (;;) {
    const before = processCpuMicros(pid);
    await new Promise((resolve) => setTimeout(resolve, REST_LOOK_MS));
    if (processCpuMicros(pid) - before < REST_CPU_MICROS_MAX) return;
  }
}

/** All threads of the consumer; those that it starts later do as the one that starts them. */
function setYielding({ consumer }: AgreementPair, isYielding: boolean): void {
  const policy = isYielding ? "--idle" : "--other";
  execFileSync("chrt", ["--all-tasks", policy, "--pid", "0", String(consumer.target.pid)]);
}

/** One initialization after the other as long as the load lasts; the last one may last longer. */
async function runBusy(
  generator: LoadGenerator,
  pair: AgreementPair,
  [searches, writes]: readonly [Load, Load],
): Promise<BusyRound> {
  let isOver = false;
  const initialize = async (): Promise<number> => {
    let count = 0;
    for (; !isOver; count += 1) await pair.initialize();
    return count;
  };
  const initializing = initialize();
  const { target } = pair.supplier;
  const loading = Promise.all([generator.run(target, searches), generator.run(target, writes)]);
  const [searched, written] = await loading.finally(() => {
    isOver = true;
  });
  return { searches: searched, writes: written, initializations: await initializing };
}

const waitsOf = (outcomes: readonly LoadOutcome[]): Waits => ({
  p50Micros: median(outcomes.map(({ p50Micros }) => p50Micros)),
  p99Micros: median(outcomes.map(({ p99Micros }) => p99Micros)),
});

function summarize(idle: readonly LoadOutcome[], busy: readonly BusyRound[]): BusyResult {
  const rate = ({ operations, seconds }: LoadOutcome): number => operations / seconds;
  return {
    searchesPerSecond: median(busy.map(({ searches }) => rate(searches))),
    writesPerSecond: median(busy.map(({ writes }) => rate(writes))),
    initializations: busy.reduce((sum, { initializations }) => sum + initializations, 0),
    waits: waitsOf(busy.map(({ searches }) => searches)),
    p99Ratio: median(
      busy.map(({ searches }, round) => searches.p99Micros / (idle[round]?.p99Micros ?? 0)),
    ),
  };
}

/** For people. */
export function formatBusy({ entries, idle, yielding, equal }: BusyReport): string {
  const row = (what: string, { p50Micros, p99Micros }: Waits): string[] => [
    what,
    formatNumber(p50Micros),
    formatNumber(p99Micros),
  ];
  const busyRow = (what: string, busy: BusyResult): string[] => [
    ...row(what, busy.waits),
    formatNumber(busy.p99Ratio),
    formatNumber(busy.searchesPerSecond),
    formatNumber(busy.writesPerSecond),
    String(busy.initializations),
  ];
  const heads = [
    "p50 us",
    "p99 us",
    "p99 by idle p99",
    "searches/s",
    "writes/s",
    "initializations",
  ];
  return formatTable(
    [`searches of ${entries} users`, ...heads],
    [
      [...row("nothing else", idle), "", "", "", ""],
      busyRow("writes and initializations, consumer yields", yielding),
      busyRow("the same, consumer does not", equal),
    ],
  );
}
