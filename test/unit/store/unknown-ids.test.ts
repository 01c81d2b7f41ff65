// Numbers of entries are given in order of arrival, and go on after a restart above all that unique IDs have got, whether anything is
// stored under them or not.
import { assert } from "chai";
import { addUnit as add, madeCsn, madeUniqueId as id } from "../../support/made-changes.ts";
import { StoreBackend } from "../../support/store-backend.ts";

const SUFFIX = "ou=base";

suite("store/backend-txn", () => {
  test("store/backend-txn: the number of an unknown entry that was deleted is not given away after a restart", () => {
    const store = new StoreBackend(SUFFIX).replicate();
    store.apply(add(id(1), SUFFIX, madeCsn(1, 1)));
    store.apply({
      type: "delete",
      csn: madeCsn(2, 1),
      uniqueId: id(2),
      dn: `ou=unknown,${SUFFIX}`,
    });
    assert.deepEqual(store.verify(), []);
    store.backend.reload();
    store.apply(add(id(3), `ou=new,${SUFFIX}`, madeCsn(3, 1), id(1)));
    assert.deepEqual(store.verify(), []);
    // It comes after all, from a server with a slow clock.
    store.apply(add(id(2), `ou=unknown,${SUFFIX}`, madeCsn(4, 1), id(1)));
    assert.deepEqual(store.verify(), []);
    assert.sameMembers(store.dns(), [SUFFIX, `ou=new,${SUFFIX}`, `ou=unknown,${SUFFIX}`]);
  });

  test("store/backend-txn: nor is that of a parent which is not known yet", () => {
    const store = new StoreBackend(SUFFIX).replicate();
    store.apply(add(id(1), SUFFIX, madeCsn(1, 1)));
    store.apply(add(id(2), `ou=child,ou=parent,${SUFFIX}`, madeCsn(2, 1), id(3)));
    store.backend.reload();
    store.apply(add(id(4), `ou=new,${SUFFIX}`, madeCsn(3, 1), id(1)));
    store.apply(add(id(3), `ou=parent,${SUFFIX}`, madeCsn(4, 1), id(1)));
    assert.deepEqual(store.verify(), []);
    const child = `ou=child,ou=parent,${SUFFIX}`;
    assert.sameMembers(store.dns(), [SUFFIX, `ou=new,${SUFFIX}`, `ou=parent,${SUFFIX}`, child]);
  });
});
