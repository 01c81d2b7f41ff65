// What names the DN of its parent follows a rename above: the mark of a conflict entry and nscpEntryDN of a tombstone, found by
// an index of objectClass and without one, whatever came first.
import { assert } from "chai";
import type { EntryId } from "../../../src/entry/index.ts";
import type { Change, UniqueId } from "../../../src/replication/change/index.ts";
import type { Csn } from "../../../src/replication/csn/index.ts";
import { StoreBackend } from "../../support/store-backend.ts";

const SUFFIX = "ou=base";
const id = (number: number): UniqueId => `0000000${number}-00000000-00000000-00000000` as UniqueId;
const csn = (time: number, replica: number): Csn => `0000000${time}0000000${replica}0000` as Csn;
const [TOP, P, Q, WINNER, LOSER, DEAD] = [1, 2, 3, 4, 5, 6].map(id) as [
  UniqueId,
  UniqueId,
  UniqueId,
  UniqueId,
  UniqueId,
  UniqueId,
];

function add(uniqueId: UniqueId, dn: string, at: Csn, parent: UniqueId | undefined): Change {
  const [type = "", value = ""] = dn.slice(0, dn.indexOf(",")).split("=");
  const objectClass = type === "ou" ? "organizationalUnit" : "device";
  const attributes = [
    { type: "objectClass", values: [Buffer.from("top"), Buffer.from(objectClass)] },
    { type, values: [Buffer.from(value)] },
  ];
  return { type: "add", csn: at, uniqueId, dn, attributes, parentUniqueId: parent };
}

const BASE: readonly Change[] = [
  add(TOP, SUFFIX.concat(","), csn(1, 1), undefined),
  add(P, `ou=p,${SUFFIX}`, csn(2, 1), TOP),
  add(Q, `ou=q,ou=p,${SUFFIX}`, csn(3, 1), P),
  add(WINNER, `cn=x,ou=q,ou=p,${SUFFIX}`, csn(4, 1), Q),
  add(LOSER, `cn=x,ou=q,ou=p,${SUFFIX}`, csn(4, 2), Q),
  add(DEAD, `cn=dead,ou=q,ou=p,${SUFFIX}`, csn(5, 1), Q),
];
const RENAME: Change = {
  type: "modifyDn",
  csn: csn(6, 1),
  uniqueId: P,
  dn: `ou=p,${SUFFIX}`,
  newRdn: "ou=renamed",
  deleteOldRdn: true,
  newSuperior: undefined,
  newSuperiorUniqueId: undefined,
  mods: [],
};
const DELETES: readonly Change[] = [
  { type: "delete", csn: csn(7, 4), uniqueId: DEAD, dn: `cn=dead,ou=q,ou=p,${SUFFIX}` },
];
/** Of the parent of a tombstone. */
const DELETES_ABOVE: readonly Change[] = [
  { type: "delete", csn: csn(8, 2), uniqueId: LOSER, dn: `cn=x,ou=q,ou=p,${SUFFIX}` },
  { type: "delete", csn: csn(8, 3), uniqueId: WINNER, dn: `cn=x,ou=q,ou=p,${SUFFIX}` },
  { type: "delete", csn: csn(9, 3), uniqueId: Q, dn: `ou=q,ou=p,${SUFFIX}` },
];

function play(
  changes: readonly Change[],
  { indexed }: { readonly indexed: boolean },
): StoreBackend {
  const store = new StoreBackend(SUFFIX).replicate();
  if (!indexed) {
    const index = store.backend.indexes.find(store.schema.attributeType("objectClass"));
    assert.isDefined(index);
    if (index !== undefined)
      store.write((writes) =>
        store.backend.putIndexes(writes, store.backend.indexes.retired(index)),
      );
  }
  for (const change of changes)
    store.apply(change.uniqueId === TOP ? { ...change, dn: SUFFIX } : change);
  assert.deepEqual(store.verify(), []);
  return store;
}

function valuesOf({ backend, schema }: StoreBackend, uniqueId: UniqueId, type: string): string[] {
  const entry = backend.reader.getEntry(backend.reader.idOfUniqueId(uniqueId) as EntryId);
  return entry.values(schema.attributeType(type)).map((value) => value.toString("utf8"));
}

suite("store/marked-entries", () => {
  for (const indexed of [true, false]) {
    const how = indexed ? "with the index" : "without index";

    test(`store/marked-entries: marks and tombstones follow a rename above, ${how}`, () => {
      for (const changes of [
        [...BASE, RENAME, ...DELETES],
        [...BASE, ...DELETES, RENAME],
      ]) {
        const store = play(changes, { indexed });
        assert.deepEqual(valuesOf(store, LOSER, "nsds5ReplConflict"), [
          `namingConflict (ADD) cn=x,ou=q,ou=renamed,${SUFFIX}`,
        ]);
        assert.deepEqual(valuesOf(store, DEAD, "nscpEntryDN"), [
          `cn=dead,ou=q,ou=renamed,${SUFFIX}`,
        ]);
      }
    });

    test(`store/marked-entries: a tombstone below a tombstone names the DN that it had, ${how}`, () => {
      for (const changes of [
        [...BASE, ...DELETES, ...DELETES_ABOVE, RENAME],
        [...BASE, RENAME, ...DELETES_ABOVE, ...DELETES],
      ]) {
        const store = play(changes, { indexed });
        assert.deepEqual(valuesOf(store, DEAD, "nscpEntryDN"), [
          `cn=dead,ou=q,ou=renamed,${SUFFIX}`,
        ]);
        assert.deepEqual(valuesOf(store, Q, "nscpEntryDN"), [`ou=q,ou=renamed,${SUFFIX}`]);
      }
    });
  }
});
