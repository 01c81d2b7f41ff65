// Benchmarks: `npm run bench -- [BENCHMARK] [options]`, for the benchmarks and options that USAGE lists. They start real servers in
// temporary folders and remove everything. CONCORD_COMMAND names another Concord than that of this checkout.
// Results go to stdout, progress to stderr. Exit codes: 1 when a server fails or an answer is wrong, 2 for wrong usage and for
// what is not installed.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { BARE, SERVER_KINDS } from "../test/bench/bench-server.ts";
import { formatBusy, measureBusy } from "../test/bench/busy.ts";
import { formatCompare, measureCompare } from "../test/bench/compare.ts";
import { UnknownCommit } from "../test/bench/commit-build.ts";
import { formatComparison } from "../test/bench/comparison-report.ts";
import { caseNames, compareServers } from "../test/bench/comparison.ts";
import { formatFlushes, measureFlushes } from "../test/bench/flushes.ts";
import { formatGrowth } from "../test/bench/growth-report.ts";
import { formatLimits, measureLimits } from "../test/bench/limits.ts";
import { GROWTH_PARTS, measureGrowth } from "../test/bench/growth.ts";
import { MissingPackages, type Need, providePackages } from "../test/bench/packages.ts";
import { USERS_MAX } from "../test/bench/people.ts";
import { checkRegression, formatRegression, regressionCases } from "../test/bench/regression.ts";
import { formatReplication } from "../test/bench/replication-report.ts";
import { REPLICATION_CASES, measureReplication } from "../test/bench/replication.ts";
import { formatStolenTime, readProcessorTime } from "../test/bench/stolen-time.ts";

// Of the surroundings, not of a server: with it every Node reads and parses all certificates of the machine before it begins.
delete process.env["NODE_EXTRA_CA_CERTS"];
// As peers are: what is installed, without the look whether this checkout has to be built (scripts/concord).
process.env["CONCORD_COMMAND"] ??= join(import.meta.dirname, "../program/concord");

const USAGE = `usage: npm run bench -- [BENCHMARK] [options]   without a name: main, replication and busy; with --quick main
  main          Concord beside slapd, ns-slapd and a bare server on LMDB, case by case
  replication   pairs of them: total initialization, latency, backlog, changes that an agreement passes over
  busy          searches while writes and total initializations go on
  compare       two suppliers with planted differences
  growth        Concord with more and more entries, connections, members, agreements, changes
  flushes       how often Concord has the device flush what it commits; exit code 1 when that is not twice for each commit
  limits        what this machine allows at most: answers without a server behind them, LMDB without anything above it
  regression    this checkout beside --before COMMIT; exit code 1 when a case needs more CPU time
options
  --quick        small sizes: main ends within 3 minutes
  --entries N    instead of the usual number of users
  --rounds N     of main, replication, busy and regression
  --servers A,B  of main and replication: of ${SERVER_KINDS.join(",")}; of main also ${BARE}
  --only CASE    of all but busy, compare, flushes and limits: cases whose names contain this
  --peers        install what is missing from Debian (root only)
  --json         results as JSON`;

const FULL = {
  entries: 100_000,
  rounds: 3,
  seconds: 2,
  warmUpSeconds: 2,
  changes: 1000,
  groupMembers: 100_000,
  memberOperations: 100,
  samples: 200,
  backlog: 30_000,
  skipped: 1_000_000,
  writeSeconds: 20,
  busySeconds: 10,
  entrySizes: [10_000, 100_000, 1_000_000],
  agreementSizes: [1, 2, 4, 8, 16, 32],
  changelogSizes: [0, 100_000, 1_000_000, 5_000_000],
  memberSizes: [10, 100, 1000, 10_000, 100_000],
  sentChanges: 10_000,
};
const QUICK: typeof FULL = {
  entries: 5000,
  rounds: 1,
  seconds: 0.3,
  warmUpSeconds: 0.4,
  changes: 200,
  groupMembers: 5000,
  memberOperations: 40,
  samples: 10,
  backlog: 2000,
  skipped: 20_000,
  writeSeconds: 12,
  busySeconds: 3,
  entrySizes: [1000, 10_000],
  agreementSizes: [1, 4],
  changelogSizes: [0, 20_000],
  memberSizes: [10, 1000, 10_000],
  sentChanges: 1000,
};

const ARGUMENTS = {
  options: {
    entries: { type: "string" },
    rounds: { type: "string" },
    servers: { type: "string" },
    only: { type: "string" },
    before: { type: "string" },
    peers: { type: "boolean" },
    quick: { type: "boolean" },
    json: { type: "boolean" },
  },
  allowPositionals: true,
} as const;

type Values = ReturnType<typeof parseArgs<typeof ARGUMENTS>>["values"];

/** Those of pairs take long and scatter little. */
const PAIR_ROUNDS_MAX = 2;

class UsageError extends Error {}

/** Without a name: all that has a goal beside the peers. */
const COMPARING = ["main", "replication", "busy"];

/** What benchmarks get: sizes, options, and where progress goes. */
interface Setting {
  readonly values: Values;
  readonly sizes: typeof FULL;
  /** Cases whose names contain this. */
  readonly only: string;
  readonly log: (line: string) => void;
}

interface Found {
  readonly report: unknown;
  readonly text: string;
  /** Whether it found what must not be. */
  readonly isBad?: boolean;
}

interface Benchmark {
  /** What `--only` may name; absent: it has no cases. */
  readonly cases?: (sizes: typeof FULL) => readonly string[];
  readonly run: (setting: Setting) => Promise<Found>;
}

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  main: {
    cases: caseNames,
    run: async (setting) => {
      const kinds = kindsOf(setting.values.servers, [...SERVER_KINDS, BARE]);
      await provide(
        setting,
        kinds.filter((kind) => kind !== BARE),
      );
      const report = await compareServers({ ...setting.sizes, ...setting, kinds });
      return { report, text: formatComparison(report) };
    },
  },
  replication: {
    cases: () => REPLICATION_CASES,
    run: async (setting) => {
      const kinds = kindsOf(setting.values.servers, SERVER_KINDS);
      await provide(setting, kinds);
      const rounds = Math.min(setting.sizes.rounds, PAIR_ROUNDS_MAX);
      const report = await measureReplication({ ...setting.sizes, ...setting, rounds, kinds });
      return { report, text: formatReplication(report) };
    },
  },
  busy: {
    run: async (setting) => {
      await provide(setting, []);
      const { sizes, log } = setting;
      const report = await measureBusy({ ...sizes, seconds: sizes.busySeconds, log });
      return { report, text: formatBusy(report) };
    },
  },
  flushes: {
    run: async (setting) => {
      await provide(setting, ["strace"]);
      const report = await measureFlushes({ ...setting.sizes, log: setting.log });
      return { report, text: formatFlushes(report), isBad: !report.isDurable };
    },
  },
  compare: {
    run: async (setting) => {
      await provide(setting, []);
      const { sizes, log } = setting;
      const report = await measureCompare({ ...sizes, seconds: sizes.writeSeconds, log });
      return { report, text: formatCompare(report) };
    },
  },
  limits: {
    run: async (setting) => {
      await provide(setting, []);
      const report = await measureLimits({ ...setting.sizes, log: setting.log });
      return { report, text: formatLimits(report) };
    },
  },
  growth: {
    cases: () => GROWTH_PARTS,
    run: async (setting) => {
      await provide(setting, []);
      const report = await measureGrowth({ ...setting.sizes, ...setting });
      return { report, text: formatGrowth(report) };
    },
  },
  regression: {
    cases: regressionCases,
    run: async (setting) => {
      const { before } = setting.values;
      if (before === undefined) throw new UsageError("--before COMMIT?");
      await provide(setting, []);
      const report = await checkRegression({ ...setting.sizes, ...setting, before });
      return { report, text: formatRegression(report), isBad: report.isWorse };
    },
  },
};

async function main(): Promise<void> {
  const { values, positionals } = parseArguments();
  const usual = values.quick === true ? QUICK : FULL;
  const sizes = {
    ...usual,
    entries: countOf(values.entries, usual.entries),
    rounds: countOf(values.rounds, usual.rounds),
  };
  const usualNames = values.quick === true ? ["main"] : COMPARING;
  const names = chosenBenchmarks(
    positionals.length === 0 ? usualNames : positionals,
    values.only,
    sizes,
  );
  const log = (line: string): void => console.error(line);
  const reports: Record<string, unknown> = {};
  const before = readProcessorTime();
  for (const name of names) {
    const found = await BENCHMARKS[name]!.run({ values, sizes, only: values.only ?? "", log });
    reports[name] = found.report;
    if (values.json !== true) process.stdout.write(`${found.text}\n`);
    if (found.isBad === true) process.exitCode = 1;
  }
  const stolen = formatStolenTime(before, readProcessorTime());
  if (values.json !== true) {
    process.stdout.write(`${stolen}\n`);
    return;
  }
  log(stolen);
  const shown = names.length === 1 ? reports[names[0]!] : reports;
  process.stdout.write(`${JSON.stringify(shown, null, 2)}\n`);
}

/** Those that have a case that is wanted. */
function chosenBenchmarks(
  names: readonly string[],
  only: string | undefined,
  sizes: typeof FULL,
): readonly string[] {
  for (const name of names) {
    if (BENCHMARKS[name] === undefined) throw new UsageError(`there is no benchmark ${name}`);
  }
  if (only === undefined) return names;
  const casesOf = (name: string): readonly string[] => BENCHMARKS[name]?.cases?.(sizes) ?? [];
  const chosen = names.filter((name) => casesOf(name).some((one) => one.includes(only)));
  if (chosen.length > 0) return chosen;
  const cases = names.flatMap(casesOf).join("\n  ");
  throw new UsageError(`no case is called ${only}; there are\n  ${cases}`);
}

function provide(
  { values, log }: Setting,
  needs: readonly (Need | "concord")[],
): ReturnType<typeof providePackages> {
  const others = needs.filter((need) => need !== "concord");
  return providePackages(["compiler", ...others], { install: values.peers === true, log });
}

function parseArguments(): ReturnType<typeof parseArgs<typeof ARGUMENTS>> {
  try {
    return parseArgs(ARGUMENTS);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function countOf(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const count = Number(text);
  if (Number.isInteger(count) && count > 0 && count <= USERS_MAX) return count;
  throw new UsageError(`${text} is not a number from 1 to ${USERS_MAX}`);
}

function kindsOf<Kind extends string>(
  text: string | undefined,
  kinds: readonly Kind[],
): readonly Kind[] {
  if (text === undefined) return kinds;
  return text.split(",").map((name) => {
    const kind = kinds.find((one) => one === name);
    if (kind === undefined) throw new UsageError(`there is no server ${name}`);
    return kind;
  });
}

/** Children are killed and folders removed when the process exits; a signal would skip that. */
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

try {
  await main();
} catch (error) {
  if (error instanceof UsageError) {
    console.error(`${error.message}\n${USAGE}`);
    process.exit(2);
  }
  if (error instanceof MissingPackages || error instanceof UnknownCommit) {
    console.error(error.message);
    process.exit(2);
  }
  console.error(error);
  process.exit(1);
}
