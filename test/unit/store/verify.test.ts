// Each invariant of the store, broken on purpose: the check must say so, and say nothing of a whole store.
import { assert } from "chai";
import { decodeRecord, encodeRecord } from "../../../src/entry/index.ts";
import { ValuePiece } from "../../../src/entry/value-piece.ts";
import type { Bytes } from "../../../src/kv/index.ts";
import { encodeUniqueId } from "../../../src/replication/change/index.ts";
import type { UniqueId } from "../../../src/replication/change/index.ts";
import { type Csn, encodeCsn } from "../../../src/replication/csn/index.ts";
import type { BackendTables, FindingKind } from "../../../src/store/index.ts";
import { StoreBackend } from "../../support/store-backend.ts";

const SUFFIX = "dc=example,dc=com";
const id = (n: number): UniqueId => `aaaaaaaa-00000000-00000000-0000000${n}` as UniqueId;
const csn = (n: number): Csn => `0000001${n}000000010000` as Csn;
const bytes = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));

/** Suffix entry 1, ou 2, person 3, tombstone 4; a changelog and an update vector. */
function sample(): StoreBackend {
  const store = new StoreBackend(SUFFIX).replicate();
  const add = (
    n: number,
    dn: string,
    parent: UniqueId | undefined,
    classes: string[],
    sn?: string,
  ): void =>
    store.apply({
      type: "add",
      csn: csn(n),
      uniqueId: id(n),
      dn,
      attributes: [
        { type: "objectClass", values: bytes(...classes) },
        ...(sn === undefined ? [] : [{ type: "sn", values: bytes(sn) }]),
      ],
      parentUniqueId: parent,
    });
  add(1, SUFFIX, undefined, ["domain", "top"]);
  add(2, `ou=people,${SUFFIX}`, id(1), ["organizationalUnit", "top"]);
  add(3, `cn=ann,ou=people,${SUFFIX}`, id(2), ["person", "top"], "lee");
  add(4, `cn=bob,ou=people,${SUFFIX}`, id(2), ["person", "top"], "lee");
  store.apply({ type: "delete", csn: csn(5), uniqueId: id(4), dn: `cn=bob,ou=people,${SUFFIX}` });
  store.settle();
  return store;
}

const row = (n: number): Buffer => {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(n, 0);
  return out;
};
const changed = (value: Bytes | Buffer | undefined, at: number): Buffer => {
  const copy = Buffer.from(value as Buffer);
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
};

/** Writes `text` over its own length inside a row. */
function overwritten(value: Buffer | undefined, from: string, to: string): Buffer {
  const copy = Buffer.from(value as Buffer);
  const at = copy.indexOf(from);
  assert.isAtLeast(at, 0);
  copy.write(to, at);
  return copy;
}

/** Puts the surname of an entry apart from its record, in a row with these bytes. */
function apart(
  { entry, piece }: BackendTables,
  { backend }: StoreBackend,
  row: Buffer | undefined,
): void {
  const record = entry.getCopy(3) as Buffer;
  const { id: number } = backend.descriptions.intern("sn");
  const named = new Map([[number, [new ValuePiece(1, 5, 1)]]]);
  entry.put(3, encodeRecord(decodeRecord(record, backend.descriptions), named));
  if (row !== undefined) piece.put(Buffer.from("000000000001", "hex"), row);
}

const damages: readonly (readonly [
  what: string,
  damage: (tables: BackendTables, store: StoreBackend) => void,
  ...kinds: FindingKind[],
])[] = [
  ["a record that is gone", (t) => t.entry.delete(3), "tree", "children", "state", "index"],
  [
    "a value that was changed in its record",
    (t) => t.entry.put(3, overwritten(t.entry.getCopy(3), "lee", "lea")),
    "index",
  ],
  [
    "a record below another parent",
    (t) => t.entry.put(3, changed(t.entry.getCopy(3), 5)),
    "tree",
    "record",
  ],
  ["a record of an unknown form", (t) => t.entry.put(3, changed(t.entry.getCopy(3), 0)), "record"],
  ["a piece that nobody names", (t) => t.piece.put(Buffer.alloc(6, 1), Buffer.of(4, 0)), "piece"],
  ["a piece that is gone", (t, store) => apart(t, store, undefined), "piece", "record"],
  [
    "a piece that holds less than its record says",
    (t, store) => apart(t, store, Buffer.of(4, 2, 108, 101)),
    "piece",
    "record",
  ],
  [
    "a piece of other values",
    (t, store) => apart(t, store, Buffer.of(4, 3, 108, 101, 97)),
    "digest",
    "index",
  ],
  [
    "flags that are not those of the state",
    (t) => t.entry.put(3, changed(t.entry.getCopy(3), 1)),
    "tree",
    "state",
  ],
  ["a unique ID that is gone", (t) => t.uid.delete(encodeUniqueId(id(3))), "uniqueId"],
  ["a unique ID of another entry", (t) => t.uid.put(encodeUniqueId(id(3)), row(2)), "uniqueId"],
  ["a name that is gone", (t) => deleteFirst(t, 3), "tree", "children"],
  [
    "a name of nothing",
    (t) => t.tree.put(Buffer.concat([row(2), Buffer.from("cn=eve")]), row(9)),
    "tree",
    "children",
  ],
  [
    "a wrong count of children",
    (t) => t.children.put(2, Buffer.concat([row(3), row(1), row(0)])),
    "children",
  ],
  [
    "a count of nobody",
    (t) => t.children.put(9, Buffer.concat([row(1), row(0), row(0)])),
    "children",
  ],
  ["state that is gone", (t) => t.state.delete(3), "state"],
  ["state that cannot be read", (t) => t.state.put(3, Buffer.of(0, 200, 1)), "record"],
  ["an index key that is gone", (t) => deleteIndexKey(t, "lee"), "index"],
  [
    "an index key too many",
    (t) => t.index.put(indexKeyLike(t, "lee", "zoe"), Buffer.of(1, 3)),
    "index",
  ],
  [
    "an index list that cannot be read",
    (t) => t.index.put(indexKeyLike(t, "lee", "lee"), Buffer.of(7)),
    "index",
  ],
  ["a digest of other content", (t) => t.state.put(3, changed(t.state.getCopy(3), 8)), "digest"],
  ["an entry that its bucket lacks", (t) => deleteFirstMember(t), "digest"],
  [
    "a wrong sum of a bucket",
    (t) => {
      for (const { key, value } of [...t.digest.range({ limit: 1 })])
        t.digest.put(key, changed(value, 19));
    },
    "digest",
  ],
  ["rows of an unknown index", (t) => t.index.put(Buffer.of(0xff, 1, 1), Buffer.of(1, 3)), "index"],
  [
    "a change that cannot be read",
    (t) => t.changelog.put(encodeCsn(csn(3)), Buffer.of(9)),
    "changelog",
  ],
  [
    "a change that the update vector does not cover",
    (t) => t.changelog.put(encodeCsn(csn(9)), Buffer.of(9)),
    "changelog",
  ],
  ["the newest change is gone", (t) => t.changelog.delete(encodeCsn(csn(5))), "changelog"],
  [
    "changes that no window counts",
    (t) => {
      for (const key of [...t.window.keys()]) t.window.delete(key);
    },
    "changelog",
  ],
  [
    "a window that counts another number of changes",
    (t) => {
      for (const { key, value } of [...t.window.range()]) t.window.put(key, changed(value, 13));
    },
    "changelog",
  ],
  [
    "a structural operation under another CSN",
    (t) => t.structure.put(encodeCsn(csn(1)), t.structure.getCopy(encodeCsn(csn(2))) as Buffer),
    "structure",
  ],
  [
    "a name whose last holder is unknown",
    (t) =>
      t.last.put(
        Buffer.concat([encodeUniqueId(id(2)), Buffer.from("cn=x")]),
        Buffer.concat([Buffer.of(1), encodeUniqueId(id(9))]),
      ),
    "name",
  ],
  [
    "a CSN that the update vector does not cover",
    (t) => takeBackRuv(t),
    "state",
    "changelog",
    "structure",
  ],
  [
    "an update vector ahead of the generator",
    (t) =>
      t.meta.put(
        Buffer.from("ruv"),
        Buffer.from(
          "{replicageneration} 00000001000000010000\n{replica 60000 ldap://a:1} 00000001000000010000 ffffffff0000ea600000 00000000\n{replica 1} 00000011000000010000 00000015000000010000 00000000",
        ),
      ),
    "meta",
  ],
];

function deleteFirst(tables: BackendTables, entryId: number): void {
  for (const { key, value } of [...tables.tree.range()]) {
    if (value.readUInt32BE(0) === entryId) tables.tree.delete(key);
  }
}

function deleteFirstMember({ digest }: BackendTables): void {
  for (const key of [...digest.keys({ from: Buffer.of(1), limit: 1 })]) digest.delete(key);
}

function findIndexKey(tables: BackendTables, value: string): Buffer {
  for (const { key } of tables.index.range()) {
    const bytes = Buffer.from(key);
    if (bytes.length === 3 + value.length && bytes.toString("latin1", 3) === value) return bytes;
  }
  throw new Error("there is such an index key");
}

const deleteIndexKey = (tables: BackendTables, value: string): void => {
  tables.index.delete(findIndexKey(tables, value));
};
const indexKeyLike = (tables: BackendTables, value: string, other: string): Buffer =>
  Buffer.concat([findIndexKey(tables, value).subarray(0, 3), Buffer.from(other)]);

function takeBackRuv(tables: BackendTables): void {
  const text =
    "{replicageneration} 00000001000000010000\n{replica 1} 00000011000000010000 00000012000000010000 00000000";
  tables.meta.put(Buffer.from("ruv"), Buffer.from(text));
}

suite("store/verify", function () {
  this.timeout(30_000);

  test("store/verify: a whole store has no findings", () => {
    assert.deepEqual(sample().verify(), []);
  });

  test("store/verify: nor has one of which values lie apart", () => {
    const store = sample();
    store.kv.transactSync(() => apart(store.backend.tables, store, Buffer.of(4, 3, 108, 101, 101)));
    assert.deepEqual(store.verify(), []);
  });

  for (const [what, damage, ...kinds] of damages) {
    test(`store/verify: ${what} is found`, () => {
      const store = sample();
      store.kv.transactSync(() => damage(store.backend.tables, store));
      const found = new Set(store.verify().map(({ kind }) => kind));
      for (const kind of kinds)
        assert.isTrue(found.has(kind), `${kind} among ${[...found].join(", ")}`);
    });
  }
});
