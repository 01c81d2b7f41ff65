// `npm run sim -- [--seed N] [--seeds N] [--servers N] [--hours H] [--trace] [--first] [--no-shrink] [--jobs N]`: the
// deterministic simulation of test/simulation (docs/notes/013-simulation.md). Each seed is a topology, a history and its
// misfortunes. A failure prints the line that repeats it and a smaller history that fails too; with --first it is the last one
// and is not made smaller. Many seeds are run by several processes. Exit codes: 1 when a seed failed, 2 for wrong usage.
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { type SeedResult, runSeed } from "../test/simulation/run-seed.ts";
import { describeHistory, shrink } from "../test/simulation/shrink.ts";

const SEED_DEFAULT = 1;
const FAILURES_MAX = 10;
const JOBS_DEFAULT = Math.min(2, availableParallelism());
/** Seeds that a process of many runs: the first ten or so take three times as long, until the code is compiled, and a process that
 *  has died should not have taken all with it. */
const SEEDS_OF_PROCESS = { min: 25, max: 500 };
/** Processes one after the other, so that they end at about the same time. */
const ROUNDS = 2;
const LAST_LINE = /^(\d+) seeds from \d+: (\d+) failed, (\d+) not compared$/;

const USAGE =
  "usage: npm run sim -- [--seed N] [--seeds N] [--servers N] [--hours H] [--trace] [--verbose] [--first] [--no-shrink] [--jobs N]";

const ARGUMENTS = {
  options: {
    seed: { type: "string" },
    seeds: { type: "string" },
    servers: { type: "string" },
    hours: { type: "string" },
    trace: { type: "boolean" },
    verbose: { type: "boolean" },
    first: { type: "boolean" },
    "no-shrink": { type: "boolean" },
    jobs: { type: "string" },
    help: { type: "boolean" },
  },
} as const;

const values = readArguments();

function readArguments(): ReturnType<typeof parseArgs<typeof ARGUMENTS>>["values"] {
  try {
    const { values } = parseArgs(ARGUMENTS);
    if (values.help !== true) return values;
    console.log(USAGE);
    process.exit(0);
  } catch (error) {
    endWithUsage((error as Error).message);
  }
}

function endWithUsage(message: string): never {
  console.error(`${message}\n${USAGE}`);
  process.exit(2);
}

interface Count {
  seeds: number;
  failed: number;
  /** Seeds in which contents may differ by right. */
  notCompared: number;
}

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!Number.isFinite(number)) endWithUsage(`${text} is no number`);
  return number;
}

/** What of the command line belongs to the seed. */
const given = (["servers", "hours"] as const).flatMap((name) =>
  values[name] === undefined ? [] : [`--${name}`, values[name]],
);

function show(result: SeedResult): string {
  const { scenario, failure, hash, events, simulatedMs, answered, limits } = result;
  const minutes = (simulatedMs / 60_000).toFixed(0);
  const figures = `${scenario.servers.length} servers, ${answered} writes, ${events} events, ${minutes} min`;
  const compared = limits.length > 0 ? `, not compared: ${limits.join(" ")}` : "";
  const outcome = failure === undefined ? "ok" : "FAILED";
  return `seed ${scenario.seed}: ${outcome} (${figures}, ${hash}${compared})`;
}

async function runHere(first: number, seeds: number): Promise<Count> {
  const options = { servers: numberOf(values.servers), hours: numberOf(values.hours) };
  const failuresMax = values.first === true ? 1 : FAILURES_MAX;
  const count = { seeds, failed: 0, notCompared: 0 };
  for (let seed = first; seed < first + seeds && count.failed < failuresMax; seed += 1) {
    const result = await runSeed({ seed, ...options }, { keepsTrace: values.trace === true });
    for (const line of result.trace) console.log(line);
    if (result.limits.length > 0) count.notCompared += 1;
    if (result.failure !== undefined || values.verbose === true || seeds === 1) {
      console.log(show(result));
    }
    if (result.failure === undefined) continue;
    count.failed += 1;
    console.log(result.failure.stack ?? String(result.failure));
    console.log(`repeat with: npm run sim -- ${["--seed", seed, ...given].join(" ")}`);
    if (values.first === true || values["no-shrink"] === true) continue;
    for (const line of describeHistory(await shrink(result.scenario))) console.log(line);
  }
  return count;
}

/** A part of the seeds in a process of its own. */
function runElsewhere(first: number, seeds: number): Promise<Count> {
  const flags = values["no-shrink"] === true ? ["--no-shrink"] : [];
  const args = ["--seed", String(first), "--seeds", String(seeds), "--jobs", "1"];
  const child = spawn(process.execPath, [process.argv[1] ?? "", ...args, ...given, ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  return new Promise((resolve, reject) => {
    let text = "";
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
    });
    child.on("error", reject).on("close", () => {
      const lines = text.trimEnd().split("\n");
      const last = LAST_LINE.exec(lines.pop() ?? "");
      for (const line of lines) console.log(line);
      if (last === null) reject(new Error(`the process of the seeds from ${first} has died`));
      else resolve({ seeds, failed: Number(last[2]), notCompared: Number(last[3]) });
    });
  });
}

async function runAll(first: number, seeds: number, jobs: number): Promise<Count> {
  const { min, max } = SEEDS_OF_PROCESS;
  const share = Math.min(max, Math.max(min, Math.ceil(seeds / (jobs * ROUNDS))));
  const count = { seeds, failed: 0, notCompared: 0 };
  let next = first;
  const work = async (): Promise<void> => {
    while (next < first + seeds && count.failed < FAILURES_MAX) {
      const from = next;
      next += share;
      const part = await runElsewhere(from, Math.min(share, first + seeds - from));
      count.failed += part.failed;
      count.notCompared += part.notCompared;
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return count;
}

const firstSeed = numberOf(values.seed) ?? SEED_DEFAULT;
const seedCount = numberOf(values.seeds) ?? 1;
const jobCount = numberOf(values.jobs) ?? JOBS_DEFAULT;
const isAlone = jobCount <= 1 || seedCount <= SEEDS_OF_PROCESS.min || values.first === true;
const { failed, notCompared } = isAlone
  ? await runHere(firstSeed, seedCount)
  : await runAll(firstSeed, seedCount, jobCount);
console.log(`${seedCount} seeds from ${firstSeed}: ${failed} failed, ${notCompared} not compared`);
if (failed > 0) process.exitCode = 1;
