// Conflict histories on the real tables: after every history nothing is wrong, replicas that received the changes in other
// orders have equal digests, and so has a replica that was initialized from the replica LDIF of one of them.
import { assert } from "chai";
import type { UniqueId } from "../../../src/replication/change/index.ts";
import type { Csn } from "../../../src/replication/csn/index.ts";
import { type History, readHistories } from "../../support/conflict-histories.ts";
import { StoreBackend } from "../../support/store-backend.ts";

const SUFFIX = "ou=base";
const SUFFIX_UNIQUE_ID = "eeeeeeee-00000000-00000000-00000000" as UniqueId;

function play(history: History, order: readonly number[]): StoreBackend {
  const store = new StoreBackend(SUFFIX).replicate();
  store.apply({
    type: "add",
    csn: "00000001000000010000" as Csn,
    uniqueId: SUFFIX_UNIQUE_ID,
    dn: SUFFIX,
    attributes: [
      { type: "objectClass", values: [Buffer.from("top"), Buffer.from("organizationalUnit")] },
      { type: "ou", values: [Buffer.from("base")] },
    ],
    parentUniqueId: undefined,
  });
  for (const index of order) {
    const change = history.changes[index];
    if (change !== undefined) store.apply(change);
  }
  return store;
}

suite("store/histories", () => {
  const histories = readHistories("histories").filter(({ keepRenamed }) => keepRenamed);

  test("store/verify: finds nothing after any history of conflicts", () => {
    for (const history of histories) {
      const order = history.orders[history.seed % history.orders.length] ?? [];
      assert.deepEqual(play(history, order).verify(), [], `seed ${history.seed}`);
    }
  }).timeout(60_000);

  test("store/digest: is equal for every order of arrival", () => {
    for (const history of histories) {
      const digests = history.orders.map((order) => play(history, order).digest().digest);
      assert.equal(new Set(digests).size, 1, `seed ${history.seed}`);
    }
  }).timeout(60_000);

  test("store/export: replica LDIF makes a replica with the same digest", () => {
    for (const history of histories) {
      const [order] = history.orders;
      const from = play(history, order ?? []);
      const to = new StoreBackend(SUFFIX).replicate();
      const text = from.export({ withState: true });
      const { refusals } = to.importLdif(text);
      assert.deepEqual(refusals, [], `seed ${history.seed}`);
      assert.deepEqual(to.verify(), [], `seed ${history.seed}`);
      assert.deepEqual(to.dns(), from.dns(), `seed ${history.seed}\n${text}`);
      assert.equal(to.digest().digest, from.digest().digest, `seed ${history.seed}\n${text}`);
    }
  }).timeout(60_000);
});
