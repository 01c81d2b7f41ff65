// Runs the tests that lie in dist/test with mocha: `node dist/scripts/test.js [--all | --layer NAME…] [words…]`.
// `--kills N` is the number of kills of the crash tests, `--seed N` the seed of random tests of the crash and interop layers.
// Without a layer: the quick ones (unit, property, data). Words select the tests whose full title contains them.
// What is run is derived from the test sources, so that an old output of a removed test never runs.
// Exit code 1 when a test fails, when a test file cannot be loaded, or when there was nothing to run.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import Mocha from "mocha";
import { Reporter } from "./reporter.ts";

const QUICK_LAYERS = ["unit", "property", "data"];
const ALL_LAYERS = [...QUICK_LAYERS, "simulation", "crash", "blackbox", "blackbox-cli", "interop"];
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

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      all: { type: "boolean" },
      layer: { type: "string", multiple: true },
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
  const layers = values.layer ?? (values.all === true ? ALL_LAYERS : QUICK_LAYERS);
  const files = layers.flatMap(testFiles);
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
