// Numbers of entries are given in order of arrival, after a restart above the highest that is in use: a unique ID of which nothing is
// stored keeps none.
import { assert } from "chai";
import type { Change, UniqueId } from "../../../src/replication/change/index.ts";
import type { Csn } from "../../../src/replication/csn/index.ts";
import { StoreBackend } from "../../support/store-backend.ts";

const SUFFIX = "ou=base";
const id = (number: number): UniqueId => `0000000${number}-00000000-00000000-00000000` as UniqueId;
const csn = (time: number): Csn => `0000000${time}000000010000` as Csn;

function add(uniqueId: UniqueId, dn: string, at: Csn, parentUniqueId?: UniqueId): Change {
  const [, value = ""] = (dn.split(",")[0] ?? "").split("=");
  const attributes = [
    { type: "objectClass", values: [Buffer.from("top"), Buffer.from("organizationalUnit")] },
    { type: "ou", values: [Buffer.from(value)] },
  ];
  return { type: "add", csn: at, uniqueId, dn, attributes, parentUniqueId };
}

suite("store/backend-txn", () => {
  test("store/backend-txn: the number of an unknown entry that was deleted is not given away after a restart", () => {
    const store = new StoreBackend(SUFFIX).replicate();
    store.apply(add(id(1), SUFFIX, csn(1)));
    store.apply({ type: "delete", csn: csn(2), uniqueId: id(2), dn: `ou=unknown,${SUFFIX}` });
    assert.deepEqual(store.verify(), []);
    store.backend.reload();
    store.apply(add(id(3), `ou=new,${SUFFIX}`, csn(3), id(1)));
    assert.deepEqual(store.verify(), []);
    // It comes after all, from a server with a slow clock.
    store.apply(add(id(2), `ou=unknown,${SUFFIX}`, csn(4), id(1)));
    assert.deepEqual(store.verify(), []);
    assert.sameMembers(store.dns(), [SUFFIX, `ou=new,${SUFFIX}`, `ou=unknown,${SUFFIX}`]);
  });

  test("store/backend-txn: nor is that of a parent which is not known yet", () => {
    const store = new StoreBackend(SUFFIX).replicate();
    store.apply(add(id(1), SUFFIX, csn(1)));
    store.apply(add(id(2), `ou=child,ou=parent,${SUFFIX}`, csn(2), id(3)));
    store.backend.reload();
    store.apply(add(id(4), `ou=new,${SUFFIX}`, csn(3), id(1)));
    store.apply(add(id(3), `ou=parent,${SUFFIX}`, csn(4), id(1)));
    assert.deepEqual(store.verify(), []);
    const child = `ou=child,ou=parent,${SUFFIX}`;
    assert.sameMembers(store.dns(), [SUFFIX, `ou=new,${SUFFIX}`, `ou=parent,${SUFFIX}`, child]);
  });
});
