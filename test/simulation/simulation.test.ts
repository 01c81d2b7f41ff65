import { assert } from "chai";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { makeHistory } from "./membership-plan.ts";
import { MUTATIONS } from "./mutations.ts";
import { runSeed } from "./run-seed.ts";

/** CONCORD_SIM_SEEDS: how many seeds are run, CONCORD_SEED: the first of them. */
const SEEDS = process.env["CONCORD_SIM_SEEDS"] ?? "300";
const FIRST_SEED = process.env["CONCORD_SEED"] ?? "1";
const SEEDS_MS_MAX = 1_200_000;
const command = join(import.meta.dirname, "../../scripts/sim.js");
const run = promisify(execFile);

suite("simulation", () => {
  test("simulation/run-seed: a seed is one run, to the last event", async () => {
    const one = await runSeed({ seed: 5 });
    const other = await runSeed({ seed: 5 }, { keepsTrace: true });
    assert.strictEqual(one.failure, undefined);
    assert.strictEqual(one.hash, other.hash);
    assert.strictEqual(one.events, other.events);
    assert.notStrictEqual((await runSeed({ seed: 6 })).hash, one.hash);
  }).timeout(60_000);

  test("simulation/scenario: an action that is left out leaves the others as they are", () => {
    const { actions } = makeHistory({ seed: 7 });
    assert.deepEqual(makeHistory({ seed: 7 }).actions, actions);
    const kinds = Array.from({ length: 40 }, (_, seed) => makeHistory({ seed }))
      .flatMap((scenario) => scenario.actions)
      .map(({ kind }) => kind);
    const wanted = ["write", "crash", "partition", "clock", "restore", "join", "retire", "heal"];
    assert.includeMembers(kinds, wanted);
  });

  test("simulation/mutations: at least 20 faults, each with a name of its own", () => {
    assert.isAtLeast(new Set(MUTATIONS.map(({ name }) => name)).size, 20);
  });

  test(`simulation: ${SEEDS} seeds from ${FIRST_SEED} come to the same content everywhere`, async () => {
    const args = [command, "--seed", FIRST_SEED, "--seeds", SEEDS];
    const { stdout } = await run(process.execPath, args, { maxBuffer: 1e8 }).catch(
      (error: Error & { stdout?: string }) => {
        throw new Error(error.stdout ?? error.message);
      },
    );
    assert.match(stdout, / 0 failed/);
  }).timeout(SEEDS_MS_MAX);
});
