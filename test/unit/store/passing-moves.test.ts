// A deletion that arrives after moves which are newer can bring an entry back as glue above one that was moved below it: then
// several entries go to other places at once, by way of entries that stay.
import { assert } from "chai";
import type { Change, UniqueId } from "../../../src/replication/change/index.ts";
import { addUnit as add, madeCsn, madeUniqueId as id } from "../../support/made-changes.ts";
import { StoreBackend } from "../../support/store-backend.ts";

const SUFFIX = "ou=base";

const NAMES = { top: id(1), x: id(2), y: id(3), a: id(4), b: id(5), e: id(6), b2: id(7) };

function move(
  uniqueId: UniqueId,
  dn: string,
  at: Change["csn"],
  to: [string, string, UniqueId],
): Change {
  const [newRdn, newSuperior, newSuperiorUniqueId] = to;
  const target = { newRdn, deleteOldRdn: false, newSuperior, newSuperiorUniqueId, mods: [] };
  return { type: "modifyDn", csn: at, uniqueId, dn, ...target };
}

const BASE: readonly Change[] = [
  add(NAMES.top, SUFFIX, madeCsn(1, 1)),
  add(NAMES.x, `ou=x,${SUFFIX}`, madeCsn(2, 1), NAMES.top),
  add(NAMES.y, `ou=y,${SUFFIX}`, madeCsn(3, 1), NAMES.top),
  add(NAMES.a, `ou=a,ou=y,${SUFFIX}`, madeCsn(4, 1), NAMES.y),
  add(NAMES.b, `ou=b,ou=x,${SUFFIX}`, madeCsn(4, 2), NAMES.x),
];
const DELETION: Change = {
  type: "delete",
  csn: madeCsn(5, 3),
  uniqueId: NAMES.b,
  dn: `ou=b,ou=x,${SUFFIX}`,
};
/** Of the server that has not heard of the deletion: b away from x, another b below x, x below a, a below what stands below b. */
const MOVES: readonly Change[] = [
  move(NAMES.b, `ou=b,ou=x,${SUFFIX}`, madeCsn(6, 1), ["ou=c", `ou=y,${SUFFIX}`, NAMES.y]),
  add(NAMES.b2, `ou=b,ou=x,${SUFFIX}`, madeCsn(6, 2), NAMES.x),
  move(NAMES.x, `ou=x,${SUFFIX}`, madeCsn(7, 1), ["ou=x", `ou=a,ou=y,${SUFFIX}`, NAMES.a]),
  add(NAMES.e, `ou=e,ou=c,ou=y,${SUFFIX}`, madeCsn(8, 1), NAMES.b),
  move(NAMES.a, `ou=a,ou=y,${SUFFIX}`, madeCsn(9, 1), [
    "ou=a",
    `ou=e,ou=c,ou=y,${SUFFIX}`,
    NAMES.e,
  ]),
];

function play(changes: readonly Change[]): StoreBackend {
  const store = new StoreBackend(SUFFIX).replicate();
  for (const change of changes) store.apply(change);
  return store;
}

suite("store/backend-txn", () => {
  test("store/backend-txn: a late deletion moves entries past each other without a loop on the way", () => {
    const inOrder = play([...BASE, DELETION, ...MOVES]);
    const late = play([...BASE, ...MOVES, DELETION]);
    assert.deepEqual(late.dns(), inOrder.dns());
    assert.equal(late.digest().digest, inOrder.digest().digest);
    assert.deepEqual(late.verify(), []);
  });
});
