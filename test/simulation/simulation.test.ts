import { assert } from "chai";
import { runSeed } from "./run-seed.ts";

/** CONCORD_SIM_SEEDS: how many seeds are run. */
const SEEDS = Number(process.env["CONCORD_SIM_SEEDS"] ?? 60);
const FIRST_SEED = 1;
const SEED_TIMEOUT_MS = 60_000;

suite("simulation", () => {
  test("simulation: a seed is one run, to the last event", async () => {
    const [one, other] = [await runSeed({ seed: 5 }), await runSeed({ seed: 5 })];
    assert.strictEqual(one.hash, other.hash);
    assert.strictEqual(one.events, other.events);
    assert.notStrictEqual((await runSeed({ seed: 6 })).hash, one.hash);
  }).timeout(SEED_TIMEOUT_MS);

  test(`simulation: ${SEEDS} seeds come to the same content everywhere`, async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed += 1) {
      const { failure } = await runSeed({ seed });
      if (failure === undefined) continue;
      failure.message = `${failure.message}\nrepeat with: npm run sim -- --seed ${seed}`;
      throw failure;
    }
  }).timeout(SEEDS * SEED_TIMEOUT_MS);
});
