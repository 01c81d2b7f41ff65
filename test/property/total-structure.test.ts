// Conflict histories on a supplier that initializes another Concord while it goes on taking changes: afterwards both, with the
// changes that were still on their way, keep the same state to the last record, as a replica that got all changes one by one.
import { assert } from "chai";
import fc from "fast-check";
import type { Change } from "../../src/replication/change/index.ts";
import {
  HISTORY_ROOT,
  HISTORY_SUFFIX,
  type History,
  readHistories,
} from "../support/conflict-histories.ts";
import { StoreBackend } from "../support/store-backend.ts";
import { initialize, wholeState } from "../support/total-load.ts";

const inOrder = ({ changes, orders }: History, server: number): Change[] =>
  (orders[server % orders.length] ?? []).map((index) => changes[index] as Change);

function replica(changes: Iterable<Change>): StoreBackend {
  const store = new StoreBackend(HISTORY_SUFFIX).replicate();
  store.apply(HISTORY_ROOT);
  for (const change of changes) store.apply(change);
  return store;
}

/** Names what a store has beyond that, or lacks. */
function assertSame(store: StoreBackend, whole: readonly string[]): void {
  const own = wholeState(store);
  const differing = [
    ...own.filter((line) => !whole.includes(line)).map((line) => `+ ${line}`),
    ...whole.filter((line) => !own.includes(line)).map((line) => `- ${line}`),
  ];
  assert.isEmpty(differing, differing.join("\n"));
}

suite("store/state-source", function () {
  this.timeout(300_000);
  const histories = readHistories("histories").filter(({ keepRenamed }) => keepRenamed);

  test("store/state-source: an initialization amid changes leaves what all changes in order leave", () => {
    let changedNodes = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(...histories),
        fc.nat(10),
        fc.array(fc.nat(3), { minLength: 40, maxLength: 40 }),
        fc.nat(3),
        (history, before, pace, server) => {
          const changes = inOrder(history, server);
          const supplier = replica(changes.slice(0, before));
          let next = before;
          const consumer = new StoreBackend(HISTORY_SUFFIX).replicate(60_001);
          const { refusals, completed } = initialize(supplier, consumer, {
            meanwhile: (items) => {
              for (let more = pace[items % pace.length] ?? 0; more > 0; more -= 1) {
                const change = changes[next];
                next += 1;
                if (change !== undefined) supplier.apply(change);
              }
            },
          });
          assert.deepEqual(refusals, []);
          assert.isObject(completed, JSON.stringify(completed));
          if (typeof completed === "object") changedNodes += completed.changedNodes;
          for (const change of inOrder(history, server + 1)) consumer.apply(change);
          for (const change of changes) supplier.apply(change);
          const whole = wholeState(replica(changes));
          assertSame(supplier, whole);
          assertSame(consumer, whole);
          assert.deepEqual([supplier.verify(), consumer.verify()], [[], []]);
          assert.equal(consumer.digest().digest, supplier.digest().digest);
        },
      ),
      { numRuns: 200 },
    );
    assert.isAbove(changedNodes, 20, "nodes did change meanwhile");
  });
});
