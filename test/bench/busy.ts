// `npm run bench -- busy`: how long searches take while the same server takes 200 writes a second and initializes another one, again
// and again, beside what they take when it has nothing else to do. Searches come at a steady rate, not as fast as they are answered:
// what users feel is whether a search has to wait, and a client that uses all of a machine makes everything wait. The rounds of both
// alternate. The consumer of the initialization runs on this machine, too.
import { createConcord } from "./bench-server.ts";
import { type Load, LoadGenerator, type LoadOutcome } from "./load-generator.ts";
import { AgreementPair } from "./replication-pair.ts";
import { formatNumber, formatTable, median } from "./statistics.ts";

const SEARCHES = { operation: "search", connections: 8, depth: 1, rate: 1000 } as const;
const WRITES = { operation: "modify", connections: 8, depth: 1, rate: 200 } as const;
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

export interface BusyReport {
  readonly entries: number;
  readonly searchesPerSecond: number;
  readonly writesPerSecond: number;
  /** That were sent whole meanwhile. */
  readonly initializations: number;
  readonly idle: Waits;
  readonly busy: Waits;
  /** How much longer the slowest searches take, by round. */
  readonly p99Ratio: number;
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
    log("warming up");
    await generator.run(pair.supplier.target, over(WARM_UP, warmUpSeconds));
    const idle: LoadOutcome[] = [];
    const busy: BusyRound[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      log(`idle, round ${round} of ${rounds}`);
      idle.push(await generator.run(pair.supplier.target, over(SEARCHES, seconds)));
      log(`busy, round ${round} of ${rounds}`);
      busy.push(await runBusy(generator, pair, [over(SEARCHES, seconds), over(WRITES, seconds)]));
    }
    return summarize(entries, idle, busy);
  } finally {
    await pair.remove();
  }
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

function summarize(
  entries: number,
  idle: readonly LoadOutcome[],
  busy: readonly BusyRound[],
): BusyReport {
  const rate = ({ operations, seconds }: LoadOutcome): number => operations / seconds;
  const waits = (outcomes: readonly LoadOutcome[]): Waits => ({
    p50Micros: median(outcomes.map(({ p50Micros }) => p50Micros)),
    p99Micros: median(outcomes.map(({ p99Micros }) => p99Micros)),
  });
  return {
    entries,
    searchesPerSecond: median(busy.map(({ searches }) => rate(searches))),
    writesPerSecond: median(busy.map(({ writes }) => rate(writes))),
    initializations: busy.reduce((sum, { initializations }) => sum + initializations, 0),
    idle: waits(idle),
    busy: waits(busy.map(({ searches }) => searches)),
    p99Ratio: median(
      busy.map(({ searches }, round) => searches.p99Micros / (idle[round]?.p99Micros ?? 0)),
    ),
  };
}

/** For people. */
export function formatBusy(report: BusyReport): string {
  const row = (what: string, { p50Micros, p99Micros }: Waits): string[] => [
    what,
    formatNumber(p50Micros),
    formatNumber(p99Micros),
  ];
  const { entries, searchesPerSecond, writesPerSecond, initializations, p99Ratio } = report;
  return [
    formatTable(
      [`${formatNumber(searchesPerSecond)} searches/s, ${entries} users`, "p50 us", "p99 us"],
      [row("nothing else", report.idle), row("writes and total initializations", report.busy)],
    ),
    `meanwhile ${formatNumber(writesPerSecond)} writes/s and ${initializations} initializations; p99 is ${formatNumber(p99Ratio)} times the idle one`,
  ].join("\n\n");
}
