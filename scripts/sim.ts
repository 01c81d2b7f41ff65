// `npm run sim -- [--seed N] [--seeds N] [--servers N] [--hours H] [--trace]`: the deterministic simulation of test/simulation
// (docs/notes/013-simulation.md). Each seed is a topology, a history and its misfortunes. A failure prints the line that repeats
// it and a smaller history that fails too. Exit code 1 when a seed failed.
import { parseArgs } from "node:util";
import { type SeedResult, runSeed } from "../test/simulation/run-seed.ts";

const SEED_DEFAULT = 1;
const FAILURES_MAX = 10;

function numberOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (!Number.isFinite(number)) throw new Error(`${text} is no number`);
  return number;
}

function lineFor(seed: number, given: { servers?: string; hours?: string }): string {
  const more = Object.entries(given).map(([name, value]) => ` --${name} ${value}`);
  return `npm run sim -- --seed ${seed}${more.join("")}`;
}

function show({ scenario, failure, hash, events, simulatedMs, answered }: SeedResult): string {
  const minutes = (simulatedMs / 60_000).toFixed(0);
  const figures = `${scenario.servers.length} servers, ${answered} writes, ${events} events, ${minutes} min`;
  return `seed ${scenario.seed}: ${failure === undefined ? "ok" : "FAILED"} (${figures}, ${hash})`;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: "string" },
      seeds: { type: "string" },
      servers: { type: "string" },
      hours: { type: "string" },
      trace: { type: "boolean" },
      verbose: { type: "boolean" },
    },
  });
  const first = numberOf(values.seed) ?? SEED_DEFAULT;
  const count = numberOf(values.seeds) ?? 1;
  const options = { servers: numberOf(values.servers), hours: numberOf(values.hours) };
  const given = {
    ...(values.servers === undefined ? {} : { servers: values.servers }),
    ...(values.hours === undefined ? {} : { hours: values.hours }),
  };
  let failures = 0;
  let limited = 0;
  for (let seed = first; seed < first + count && failures < FAILURES_MAX; seed += 1) {
    const result = await runSeed({ seed, ...options }, { keepsTrace: values.trace === true });
    for (const line of result.trace) console.log(line);
    if (result.isBaseLimited) limited += 1;
    if (result.failure !== undefined || values.verbose === true || count === 1) {
      console.log(show(result));
    }
    if (result.failure === undefined) continue;
    failures += 1;
    console.log(result.failure.stack ?? String(result.failure));
    console.log(`repeat with: ${lineFor(seed, given)}`);
  }
  console.log(`${count} seeds from ${first}: ${failures} failed, ${limited} not compared`);
  if (failures > 0) process.exitCode = 1;
}

await main();
