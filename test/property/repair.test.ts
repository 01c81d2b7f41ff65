// Conflict histories on two replicas, each of which has lost some of the operations that the other has: after both have taken in
// the other's state of the entries that differ, they are equal, whoever began. (Not always to a replica that has lost nothing: what
// neither of the two shows differs in nothing, and is not looked for.)
import { assert } from "chai";
import fc from "fast-check";
import type { Change } from "../../src/replication/change/index.ts";
import { HISTORY_ROOT, HISTORY_SUFFIX, readHistories } from "../support/conflict-histories.ts";
import { differing, lose, repair } from "../support/repair.ts";
import { StoreBackend } from "../support/store-backend.ts";

/** Applies the changes of which it is not said that they are lost. */
function play(changes: readonly Change[], lost: ReadonlySet<number>): StoreBackend {
  const store = new StoreBackend(HISTORY_SUFFIX).replicate();
  store.apply(HISTORY_ROOT);
  changes.forEach((change, index) => {
    if (lost.has(index)) lose(store, change);
    else store.apply(change);
  });
  return store;
}

suite("store/repair-state", () => {
  const histories = readHistories("histories").filter(({ keepRenamed }) => keepRenamed);
  /** Who has lost a change: 0 the first, 1 the second, others nobody. */
  const losses = fc.array(fc.nat(7), { minLength: 60, maxLength: 60 });

  test("store/repair-state: two replicas that have lost different changes become equal", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...histories),
        losses,
        fc.boolean(),
        ({ changes }, who, turned) => {
          const sorted = [...changes].sort((a, b) => (a.csn < b.csn ? -1 : 1));
          const lostBy = (side: number): ReadonlySet<number> =>
            new Set(
              sorted.flatMap((_, index) => (who[index % who.length] === side ? [index] : [])),
            );
          const [first, second] = [play(sorted, lostBy(0)), play(sorted, lostBy(1))];
          const [a, b] = turned ? [second, first] : [first, second];
          assert.deepEqual([...repair(a, b)], []);
          assert.deepEqual(differing(a, b), []);
          assert.equal(a.digest().digest, b.digest().digest);
          assert.deepEqual([a.verify(), b.verify()], [[], []]);
        },
      ),
      { numRuns: 120 },
    );
  }).timeout(120_000);
});
