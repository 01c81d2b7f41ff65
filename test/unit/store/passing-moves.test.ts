// A deletion that arrives after moves which are newer can bring an entry back as glue above one that was moved below it: then
// several entries go to other places at once, by way of entries that stay.
import { assert } from "chai";
import type { Change, UniqueId } from "../../../src/replication/change/index.ts";
import type { Csn } from "../../../src/replication/csn/index.ts";
import { StoreBackend } from "../../support/store-backend.ts";

const SUFFIX = "ou=base";
const id = (number: number): UniqueId => `0000000${number}-00000000-00000000-00000000` as UniqueId;
const csn = (time: number, replica: number): Csn => `0000000${time}0000000${replica}0000` as Csn;

const NAMES = { top: id(1), x: id(2), y: id(3), a: id(4), b: id(5), e: id(6), b2: id(7) };

function add(uniqueId: UniqueId, dn: string, at: Csn, parentUniqueId?: UniqueId): Change {
  const [, value = ""] = (dn.split(",")[0] ?? "").split("=");
  const attributes = [
    { type: "objectClass", values: [Buffer.from("top"), Buffer.from("organizationalUnit")] },
    { type: "ou", values: [Buffer.from(value)] },
  ];
  return { type: "add", csn: at, uniqueId, dn, attributes, parentUniqueId };
}

function move(uniqueId: UniqueId, dn: string, at: Csn, to: [string, string, UniqueId]): Change {
  const [newRdn, newSuperior, newSuperiorUniqueId] = to;
  const target = { newRdn, deleteOldRdn: false, newSuperior, newSuperiorUniqueId, mods: [] };
  return { type: "modifyDn", csn: at, uniqueId, dn, ...target };
}

const BASE: readonly Change[] = [
  add(NAMES.top, SUFFIX, csn(1, 1)),
  add(NAMES.x, `ou=x,${SUFFIX}`, csn(2, 1), NAMES.top),
  add(NAMES.y, `ou=y,${SUFFIX}`, csn(3, 1), NAMES.top),
  add(NAMES.a, `ou=a,ou=y,${SUFFIX}`, csn(4, 1), NAMES.y),
  add(NAMES.b, `ou=b,ou=x,${SUFFIX}`, csn(4, 2), NAMES.x),
];
const DELETION: Change = {
  type: "delete",
  csn: csn(5, 3),
  uniqueId: NAMES.b,
  dn: `ou=b,ou=x,${SUFFIX}`,
};
/** Of the server that has not heard of the deletion: b away from x, another b below x, x below a, a below what stands below b. */
const MOVES: readonly Change[] = [
  move(NAMES.b, `ou=b,ou=x,${SUFFIX}`, csn(6, 1), ["ou=c", `ou=y,${SUFFIX}`, NAMES.y]),
  add(NAMES.b2, `ou=b,ou=x,${SUFFIX}`, csn(6, 2), NAMES.x),
  move(NAMES.x, `ou=x,${SUFFIX}`, csn(7, 1), ["ou=x", `ou=a,ou=y,${SUFFIX}`, NAMES.a]),
  add(NAMES.e, `ou=e,ou=c,ou=y,${SUFFIX}`, csn(8, 1), NAMES.b),
  move(NAMES.a, `ou=a,ou=y,${SUFFIX}`, csn(9, 1), ["ou=a", `ou=e,ou=c,ou=y,${SUFFIX}`, NAMES.e]),
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
