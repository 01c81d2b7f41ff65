// `npm run sim:mutations [-- --seeds N] [words]`: plants each fault of test/simulation/mutations.ts into a copy of the compiled
// files and runs the simulation until a seed notices it. A simulator that notices nothing proves nothing. Exit code 1 when a
// fault went unnoticed. Words select faults by name.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { MUTATIONS, type Mutation } from "../test/simulation/mutations.ts";

/** The rarest of the faults that are looked for from seed 1 on is noticed by seed 537. */
const SEEDS_DEFAULT = 1_000;
const RUN_MS_MAX = 600_000;
const compiled = join(import.meta.dirname, "..");
/** Below the project: what is compiled looks for the project's files above itself. */
const copy = join(projectRoot(), "var", "sim-mutations");

function projectRoot(): string {
  for (let folder = compiled; ; folder = dirname(folder)) {
    try {
      readFileSync(join(folder, "package.json"));
      return folder;
    } catch {
      // higher up
    }
  }
}

/** How it was noticed; undefined: it was not. */
function noticed({ file, from, to, seed = 1 }: Mutation, seeds: number): string | undefined {
  const path = join(copy, "src", file);
  const text = readFileSync(path, "utf8");
  if (text.split(from).length !== 2) throw new Error(`${file} does not hold once: ${from}`);
  writeFileSync(
    path,
    text.replace(from, () => to),
  );
  try {
    const sim = join(copy, "scripts/sim.js");
    const args = [sim, "--seed", String(seed), "--seeds", String(seeds), "--first"];
    const { status, stdout, stderr } = spawnSync(process.execPath, args, {
      encoding: "utf8",
      timeout: RUN_MS_MAX,
    });
    if (status === 0) return undefined;
    if (status === null) {
      console.error(`no seed noticed it in ${RUN_MS_MAX / 1000} s: ${file}`);
      return undefined;
    }
    const lines = `${stdout}\n${stderr}`.split("\n");
    const at = lines.findIndex((line) => line.includes("FAILED"));
    const seen = /seed (\d+)/.exec(lines[at] ?? "")?.[1];
    if (at < 0) throw new Error(`the simulation does not run: ${stderr}`);
    const what = (lines[at + 1] ?? "").slice(0, 110);
    return `seed ${seen}: ${what}`;
  } finally {
    writeFileSync(path, text);
  }
}

function main(): void {
  const { values, positionals } = parseArgs({
    options: { seeds: { type: "string" } },
    allowPositionals: true,
  });
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy, { recursive: true });
  cpSync(compiled, copy, { recursive: true, filter: (path) => !path.endsWith(".map") });
  const chosen = MUTATIONS.filter(({ name }) => name.includes(positionals.join(" ")));
  let unnoticed = 0;
  for (const mutation of chosen) {
    const how = noticed(mutation, Number(values.seeds ?? SEEDS_DEFAULT));
    if (how === undefined) unnoticed += 1;
    console.log(`${how === undefined ? "NOT NOTICED" : "noticed"}  ${mutation.name}`);
    if (how !== undefined) console.log(`         ${how}`);
  }
  rmSync(copy, { recursive: true, force: true });
  console.log(`${chosen.length} faults: ${chosen.length - unnoticed} noticed`);
  if (unnoticed > 0) process.exitCode = 1;
}

main();
