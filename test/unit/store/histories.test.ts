// Conflict histories on the real tables: after every history nothing is wrong, replicas that received the changes in other
// orders have equal digests, and so has a replica that was initialized from the replica LDIF of one of them.
import { assert } from "chai";
import { readHistories } from "../../support/conflict-histories.ts";
import { HISTORY_SUFFIX, playHistory } from "../../support/history-store.ts";
import { StoreBackend } from "../../support/store-backend.ts";

suite("store/histories", () => {
  const histories = readHistories("histories").filter(({ keepRenamed }) => keepRenamed);

  test("store/verify: finds nothing after any history of conflicts", () => {
    for (const history of histories) {
      const order = history.orders[history.seed % history.orders.length] ?? [];
      assert.deepEqual(playHistory(history, order).verify(), [], `seed ${history.seed}`);
    }
  }).timeout(60_000);

  test("store/digest: is equal for every order of arrival", () => {
    for (const history of histories) {
      const digests = history.orders.map((order) => playHistory(history, order).digest().digest);
      assert.equal(new Set(digests).size, 1, `seed ${history.seed}`);
    }
  }).timeout(60_000);

  test("store/export: replica LDIF makes a replica with the same digest", () => {
    for (const history of histories) {
      const [order] = history.orders;
      const from = playHistory(history, order ?? []);
      const to = new StoreBackend(HISTORY_SUFFIX).replicate();
      const text = from.export({ withState: true });
      const { refusals } = to.importLdif(text);
      assert.deepEqual(refusals, [], `seed ${history.seed}`);
      assert.deepEqual(to.verify(), [], `seed ${history.seed}`);
      assert.deepEqual(to.dns(), from.dns(), `seed ${history.seed}\n${text}`);
      assert.equal(to.digest().digest, from.digest().digest, `seed ${history.seed}\n${text}`);
    }
  }).timeout(60_000);
});
