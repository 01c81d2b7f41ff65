// Benchmarks: `npm run bench -- BENCHMARK [options]`, for the benchmarks and options that USAGE lists. They start real servers in
// temporary folders and remove everything. CONCORD_COMMAND names another Concord than that of this checkout.
// Results go to stdout, progress to stderr. Exit codes: 1 when a server fails or an answer is wrong, 2 for wrong usage and for
// what is not installed.
import { parseArgs } from "node:util";
import { SERVER_KINDS, type ServerKind } from "../test/bench/bench-server.ts";
import { formatBusy, measureBusy } from "../test/bench/busy.ts";
import { formatCompare, measureCompare } from "../test/bench/compare.ts";
import { UnknownCommit } from "../test/bench/commit-build.ts";
import { formatComparison } from "../test/bench/comparison-report.ts";
import { caseNames, compareServers } from "../test/bench/comparison.ts";
import { formatFlushes, measureFlushes } from "../test/bench/flushes.ts";
import { formatGrowth } from "../test/bench/growth-report.ts";
import { GROWTH_PARTS, measureGrowth } from "../test/bench/growth.ts";
import { MissingPackages, type Need, providePackages } from "../test/bench/packages.ts";
import { USERS_MAX } from "../test/bench/people.ts";
import { checkRegression, formatRegression, regressionCases } from "../test/bench/regression.ts";
import { formatReplication } from "../test/bench/replication-report.ts";
import { REPLICATION_CASES, measureReplication } from "../test/bench/replication.ts";

const USAGE = `usage: npm run bench -- BENCHMARK [options]
  main          Concord beside slapd and ns-slapd, case by case
  replication   pairs of them: total initialization, latency, backlog, changes that an agreement passes over
  busy          searches while writes and total initializations go on
  compare       two suppliers with planted differences
  growth        Concord with more and more entries, connections, members, agreements, changes
  flushes       how often Concord has the device flush what it commits; exit code 1 when that is not twice for each commit
  regression    this checkout beside --before COMMIT; exit code 1 when a case needs more CPU time
options
  --quick        small sizes: main ends within 3 minutes
  --entries N    instead of the usual number of users
  --rounds N     of main, replication, busy and regression
  --servers A,B  of main and replication: of ${SERVER_KINDS.join(",")}
  --only CASE    of all but busy and compare: cases whose names contain this
  --peers        install what is missing from Debian (root only)
  --json         results as JSON`;

const FULL = {
  entries: 100_000,
  rounds: 5,
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
  entries: 10_000,
  rounds: 2,
  seconds: 0.3,
  warmUpSeconds: 0.4,
  changes: 200,
  groupMembers: 10_000,
  memberOperations: 40,
  samples: 100,
  backlog: 3000,
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
const PAIR_ROUNDS_MAX = 3;

class UsageError extends Error {}

/** What benchmarks get: sizes, options, and where progress goes. */
interface Setting {
  readonly values: Values;
  readonly sizes: typeof FULL;
  readonly log: (line: string) => void;
}

/** Runs one and prints what it found. */
type Benchmark = (setting: Setting) => Promise<void>;

const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  main: async (setting) => {
    const { sizes, values, log } = setting;
    const kinds = kindsOf(values.servers);
    const only = checkedOnly(values.only, caseNames(sizes));
    await provide(setting, kinds);
    const comparison = await compareServers({ ...sizes, kinds, only, log });
    print(comparison, formatComparison(comparison), values.json);
  },
  replication: async (setting) => {
    const { sizes, values, log } = setting;
    const kinds = kindsOf(values.servers);
    const only = checkedOnly(values.only, REPLICATION_CASES);
    await provide(setting, kinds);
    const rounds = Math.min(sizes.rounds, PAIR_ROUNDS_MAX);
    const report = await measureReplication({ ...sizes, rounds, kinds, only, log });
    print(report, formatReplication(report), values.json);
  },
  busy: async (setting) => {
    const { sizes, values, log } = setting;
    await provide(setting, []);
    const report = await measureBusy({ ...sizes, seconds: sizes.busySeconds, log });
    print(report, formatBusy(report), values.json);
  },
  flushes: async (setting) => {
    const { sizes, values, log } = setting;
    await provide(setting, ["strace"]);
    const report = await measureFlushes({ ...sizes, log });
    print(report, formatFlushes(report), values.json);
    if (!report.isDurable) process.exitCode = 1;
  },
  compare: async (setting) => {
    const { sizes, values, log } = setting;
    await provide(setting, []);
    const report = await measureCompare({ ...sizes, seconds: sizes.writeSeconds, log });
    print(report, formatCompare(report), values.json);
  },
  growth: async (setting) => {
    const { sizes, values, log } = setting;
    const only = checkedOnly(values.only, GROWTH_PARTS);
    await provide(setting, []);
    const report = await measureGrowth({ ...sizes, only, log });
    print(report, formatGrowth(report), values.json);
  },
  regression: async (setting) => {
    const { sizes, values, log } = setting;
    const { before } = values;
    if (before === undefined) throw new UsageError("--before COMMIT?");
    const only = checkedOnly(values.only, regressionCases(sizes));
    await provide(setting, []);
    const report = await checkRegression({ ...sizes, before, only, log });
    print(report, formatRegression(report), values.json);
    if (report.isWorse) process.exitCode = 1;
  },
};

async function main(): Promise<void> {
  const { values, positionals } = parseArguments();
  const benchmark = BENCHMARKS[positionals.join(" ")];
  if (benchmark === undefined) throw new UsageError(`${Object.keys(BENCHMARKS).join(" or ")}?`);
  const usual = values.quick === true ? QUICK : FULL;
  const sizes = {
    ...usual,
    entries: countOf(values.entries, usual.entries),
    rounds: countOf(values.rounds, usual.rounds),
  };
  await benchmark({ values, sizes, log: (line) => console.error(line) });
}

function provide(
  { values, log }: Setting,
  needs: readonly (Need | "concord")[],
): ReturnType<typeof providePackages> {
  const others = needs.filter((need) => need !== "concord");
  return providePackages(["compiler", ...others], { install: values.peers === true, log });
}

function checkedOnly(only: string | undefined, names: readonly string[]): string {
  if (only === undefined || names.some((name) => name.includes(only))) return only ?? "";
  throw new UsageError(`no case is called ${only}; there are\n  ${names.join("\n  ")}`);
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

function kindsOf(text: string | undefined): readonly ServerKind[] {
  if (text === undefined) return SERVER_KINDS;
  return text.split(",").map((name) => {
    const kind = SERVER_KINDS.find((one) => one === name);
    if (kind === undefined) throw new UsageError(`there is no server ${name}`);
    return kind;
  });
}

function print(value: unknown, text: string, json: boolean | undefined): void {
  process.stdout.write(json === true ? `${JSON.stringify(value, null, 2)}\n` : `${text}\n`);
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
