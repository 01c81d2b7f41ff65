// Runs the tests that lie in dist/test with mocha: `node dist/scripts/test.js [--all | --layer NAME…] [words…]`.
// `--kills N` is the number of kills of the crash tests, `--seed N` the seed of random tests of the crash and interop layers.
// With --all and without words three processes at a time share the work, because tests with real servers mostly wait; what they
// print is merged, with one last line for all. `--file NAME` takes of the layers the files with this name alone.
// Without a layer: the quick ones (unit, property, data). Words select the tests whose full title contains them.
// What is run is derived from the test sources, so that an old output of a removed test never runs.
// Exit code 1 when a test fails, when a test file cannot be loaded, or when there was nothing to run.
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import Mocha from "mocha";
import { Reporter } from "./reporter.ts";

const QUICK_LAYERS = ["unit", "property", "data"];
const SLOW_LAYERS = ["blackbox-cli", "blackbox", "crash", "simulation"];
const INTEROP_LAYER = "interop";
/** The last line of a process. */
const SUMMARY = /^(\d+) passed, (\d+) failed\n$/m;
const TEST_TIMEOUT_MS = 20_000;

const root = join(import.meta.dirname, "../..");

function testFiles(layer: string): readonly string[] {
  const folder = join(root, "test", layer);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".test.ts"))
    .sort()
    .map((path) => join(root, "dist/test", layer, path.replace(/\.ts$/, ".js")));
}

interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly isGood: boolean;
}

/** What a process with these arguments has found; its output but for the last line goes to ours. */
async function runProcess(args: readonly string[]): Promise<Outcome> {
  const child = spawn(process.execPath, [join(root, "dist/scripts/test.js"), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let held = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    held += text;
    // Whole lines, so that processes do not cut each other's; the last line stays.
    const shown = held.lastIndexOf("\n", held.lastIndexOf("\n") - 1) + 1;
    process.stdout.write(held.slice(0, shown));
    held = held.slice(shown);
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const [, passed, failed] = SUMMARY.exec(held) ?? [];
  process.stdout.write(held.replace(SUMMARY, ""));
  return { passed: Number(passed ?? 0), failed: Number(failed ?? 1), isGood: code === 0 };
}

/** Two processes go through the interop tests from the first on, one through all else from the last on, until they meet. */
async function runAll(): Promise<void> {
  const interop = testFiles(INTEROP_LAYER).map((path) => ["--file", basename(path)]);
  const work = [
    ...interop.map((file) => ["--layer", INTEROP_LAYER, ...file]),
    ...SLOW_LAYERS.map((layer) => ["--layer", layer]),
    QUICK_LAYERS.flatMap((layer) => ["--layer", layer]),
  ];
  const outcomes: Outcome[] = [];
  const goThrough = async (next: () => string[] | undefined): Promise<void> => {
    for (let args = next(); args !== undefined; args = next())
      outcomes.push(await runProcess(args));
  };
  const first = (): string[] | undefined => work.shift();
  await Promise.all([goThrough(first), goThrough(first), goThrough(() => work.pop())]);
  const passed = outcomes.reduce((sum, outcome) => sum + outcome.passed, 0);
  const failed = outcomes.reduce((sum, outcome) => sum + outcome.failed, 0);
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  process.exitCode = outcomes.every(({ isGood }) => isGood) ? 0 : 1;
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      all: { type: "boolean" },
      layer: { type: "string", multiple: true },
      file: { type: "string" },
      kills: { type: "string" },
      seed: { type: "string" },
    },
    allowPositionals: true,
  });
  if (values.kills !== undefined) process.env["CONCORD_CRASH_KILLS"] = values.kills;
  if (values.seed !== undefined) {
    process.env["CONCORD_SEED"] = values.seed;
    process.env["CONCORD_CRASH_SEED"] = values.seed;
  }
  if (values.all === true && positionals.length === 0) return runAll();
  const all = [...QUICK_LAYERS, ...SLOW_LAYERS, INTEROP_LAYER];
  const layers = values.layer ?? (values.all === true ? all : QUICK_LAYERS);
  const { file } = values;
  const files = layers
    .flatMap(testFiles)
    .filter((path) => file === undefined || basename(path) === file);
  const mocha = new Mocha({ ui: "tdd", reporter: Reporter, timeout: TEST_TIMEOUT_MS });
  if (positionals.length > 0) mocha.fgrep(positionals.join(" "));
  for (const file of files) mocha.addFile(file);
  await mocha.loadFilesAsync();
  const runner = mocha.run((failedCount) => {
    const isEmpty = runner.total === 0;
    if (isEmpty) console.error(`no test to run in ${layers.join(", ")}`);
    process.exitCode = failedCount > 0 || isEmpty ? 1 : 0;
  });
}

await main();
