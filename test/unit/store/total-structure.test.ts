/** The structure log in a total initialization between two Concord servers: what a supplier sends of it, what a consumer takes, and
 * what it does without. Random histories are in test/property/total-structure.test.ts. */
import { assert } from "chai";
import type { TotalStructure } from "../../../src/protocol/index.ts";
import {
  type Change,
  type UniqueId,
  encodeUniqueId,
} from "../../../src/replication/change/index.ts";
import type { Csn } from "../../../src/replication/csn/index.ts";
import { makeRuv } from "../../../src/replication/ruv/index.ts";
import type { TotalItem } from "../../../src/replication/total/index.ts";
import { decodeNode, encodeNode } from "../../../src/replication/urp/index.ts";
import { purgeStructureSlice, purgeValueSlice } from "../../../src/store/index.ts";
import { STRUCTURE_NODES_MAX } from "../../../src/store/bulk-structure.ts";
import { STRUCTURE_PART_BYTES } from "../../../src/store/state-source.ts";
import { StoreBackend } from "../../support/store-backend.ts";
import { type TotalOptions, initialize, wholeState } from "../../support/total-load.ts";

const SUFFIX = "dc=example,dc=com";
const ROOT = "aaaaaaaa-00000000-00000000-00000000" as UniqueId;
const ANN = "aaaaaaaa-00000000-00000000-00000001" as UniqueId;
const BOB = "aaaaaaaa-00000000-00000000-00000002" as UniqueId;
const EVE = "aaaaaaaa-00000000-00000000-00000003" as UniqueId;
const UNIT = "aaaaaaaa-00000000-00000000-00000004" as UniqueId;
const csn = (n: number, replicaId = 1): Csn =>
  `00000${(0x100 + n).toString(16)}0000${replicaId.toString(16).padStart(4, "0")}0000` as Csn;
const bytes = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));

const add = (at: Csn, uniqueId: UniqueId, name: string, parent: UniqueId | undefined): Change => ({
  type: "add",
  csn: at,
  uniqueId,
  dn: name === "" ? SUFFIX : `${name},${SUFFIX}`,
  attributes: [
    { type: "objectClass", values: bytes("top", "person") },
    { type: "sn", values: bytes("lee") },
  ],
  parentUniqueId: parent,
});
const rename = (at: Csn, uniqueId: UniqueId, from: string, newRdn: string): Change => ({
  type: "modifyDn",
  csn: at,
  uniqueId,
  dn: `${from},${SUFFIX}`,
  newRdn,
  deleteOldRdn: true,
  newSuperior: undefined,
  newSuperiorUniqueId: undefined,
  mods: [],
});
const remove = (at: Csn, uniqueId: UniqueId, name: string): Change => ({
  type: "delete",
  csn: at,
  uniqueId,
  dn: `${name},${SUFFIX}`,
});

const BASE: readonly Change[] = [
  add(csn(0), ROOT, "", undefined),
  add(csn(1), ANN, "cn=ann", ROOT),
  add(csn(2), BOB, "cn=bob", ROOT),
];

function replica(...changes: readonly Change[]): StoreBackend {
  const store = new StoreBackend(SUFFIX).replicate();
  for (const change of changes) store.apply(change);
  return store;
}

function started(supplier: StoreBackend, options: TotalOptions = {}) {
  const consumer = new StoreBackend(SUFFIX).replicate(60_001);
  return { consumer, ...initialize(supplier, consumer, options) };
}

function purge(to: StoreBackend, purgeCsn: Csn): void {
  to.write((writes) => {
    to.backend.putPurgeCsn(writes, purgeCsn);
    const txn = to.backend.begin(writes);
    purgeStructureSlice(to.backend, txn);
    purgeValueSlice(to.backend, txn, undefined);
  });
}

const names = (store: StoreBackend): string[] =>
  store.dns().map((dn) => dn.replace(`,${SUFFIX}`, ""));

/** Changes the one structure part. */
const forging =
  (change: (part: TotalStructure) => Partial<TotalStructure>): TotalOptions["forge"] =>
  (item) =>
    item.type === "structure"
      ? [{ type: "structure", part: { ...item.part, ...change(item.part) } }]
      : [item];

suite("store/bulk-structure", function () {
  this.timeout(30_000);

  test("store/bulk-structure: a rename that is older than what the supplier had finds its place", () => {
    // Ann takes the name that Bob left; that he had left it at 5 already is told later.
    const held = [...BASE, rename(csn(8), ANN, "cn=ann", "cn=bob")];
    const late = rename(csn(5, 2), BOB, "cn=bob", "cn=rob");
    const { consumer, completed } = started(replica(...held));
    assert.deepEqual(completed, { changedNodes: 0, records: 3 });
    assert.include(names(consumer).join(), "nsuniqueid", "there is a conflict at first");
    consumer.apply(late);
    assert.deepEqual(names(consumer), ["cn=bob", "cn=rob", SUFFIX]);
    assert.deepEqual(wholeState(consumer), wholeState(replica(...held, late)));
    assert.deepEqual(consumer.verify(), []);
  });

  test("store/bulk-structure: a rename that a late delete makes void is taken back from the values", () => {
    const held = [...BASE, rename(csn(8), ANN, "cn=ann", "cn=eve")];
    const late = remove(csn(5, 2), ANN, "cn=ann");
    const { consumer } = started(replica(...held));
    consumer.apply(late);
    assert.deepEqual(wholeState(consumer), wholeState(replica(...held, late)));
    assert.deepEqual(consumer.verify(), []);
  });

  test("store/bulk-structure: names that are swapped while entries go out are right at the end", () => {
    const supplier = replica(...BASE);
    const swap = [
      rename(csn(10), ANN, "cn=ann", "cn=x"),
      rename(csn(11), BOB, "cn=bob", "cn=ann"),
      rename(csn(12), ANN, "cn=x", "cn=bob"),
    ];
    const { consumer, completed } = started(supplier, {
      meanwhile: (items) => {
        if (items === 2) for (const change of swap) supplier.apply(change);
      },
    });
    assert.deepEqual(completed, { changedNodes: 1, records: 5 });
    for (const change of swap) consumer.apply(change);
    assert.deepEqual(wholeState(consumer), wholeState(supplier));
    assert.deepEqual(consumer.verify(), []);
  });

  test("store/bulk-structure: a placeholder that is hidden while those above it go out is not missed", () => {
    const deep = add(csn(10), EVE, "cn=eve,ou=one,ou=two", undefined);
    const gone = remove(csn(11), EVE, "cn=eve,ou=one,ou=two");
    for (let at = 1; at <= 6; at += 1) {
      const from = replica(...BASE, deep);
      const { consumer, refusals, completed } = started(from, {
        meanwhile: (items) => {
          if (items === at) from.apply(gone);
        },
      });
      assert.deepEqual(refusals, []);
      assert.isObject(completed);
      consumer.apply(gone);
      from.apply(gone);
      assert.deepEqual(wholeState(consumer), wholeState(from));
    }
  });

  test("store/bulk-structure: registers of an entry that is not known yet come along", () => {
    const early: Change = {
      type: "modify",
      csn: csn(9),
      uniqueId: EVE,
      dn: `cn=eve,${SUFFIX}`,
      mods: [{ operation: "add", type: "description", values: bytes("early") }],
    };
    const { consumer } = started(replica(...BASE, early));
    consumer.apply(add(csn(5, 2), EVE, "cn=eve", ROOT));
    const { reader } = consumer.backend;
    const id = reader.idOfUniqueId(EVE);
    assert.isDefined(id);
    const { type } = consumer.backend.descriptions.intern("description");
    const values = id === undefined ? [] : reader.getEntry(id).values(type);
    assert.deepEqual(values.map(String), ["early"]);
  });

  test("store/bulk-structure: the purge CSN comes along, and what is below it has no place any more", () => {
    const supplier = replica(...BASE, rename(csn(8), ANN, "cn=ann", "cn=eve"));
    purge(supplier, csn(6));
    const { consumer, completed } = started(supplier);
    assert.deepEqual(completed, { changedNodes: 0, records: 1 });
    assert.equal(consumer.backend.purgeCsn, csn(6));
    assert.deepEqual(wholeState(consumer), wholeState(supplier));
  });

  test("store/bulk-structure: effects of renames that are purged while entries go out join the values", () => {
    const supplier = replica(...BASE, rename(csn(8), ANN, "cn=ann", "cn=eve"));
    const { consumer, completed } = started(supplier, {
      meanwhile: (items) => {
        if (items === 3) purge(supplier, csn(20));
      },
    });
    assert.deepEqual(completed, { changedNodes: 1, records: 0 });
    const { type } = consumer.backend.descriptions.intern("cn");
    const id = consumer.backend.reader.idOfUniqueId(ANN);
    const values = id === undefined ? [] : consumer.backend.reader.getEntry(id).values(type);
    assert.deepEqual(values.map(String), ["eve"]);
    assert.equal(consumer.digest().digest, supplier.digest().digest);
    assert.deepEqual(consumer.verify(), []);
  });

  test("store/bulk-structure: of entries with another form, or twice, or without a readable node nothing is taken", () => {
    const supplier = replica(...BASE);
    const twice = started(supplier, { forge: (item) => [item, item] });
    assert.match(twice.refusals.join("\n"), /has come already/);
    const unreadable = started(supplier, {
      forge: (item): readonly TotalItem[] =>
        item.type === "state" && item.state.node !== undefined
          ? [{ type: "state", state: { ...item.state, node: item.state.node.subarray(1) } }]
          : [item],
    });
    assert.deepEqual([...new Set(unreadable.refusals)], ["its node cannot be read"]);
    const load = new StoreBackend(SUFFIX).replicate().load();
    const part = { purgeCsn: undefined, nodes: [], lasts: [], records: [], isLast: true };
    assert.match(load.addStructure(part)?.reason ?? "", /without the entries of its form/);
    load.abort();
  });
});

suite("store/bulk-structure: what does not hold together is dropped", function () {
  this.timeout(30_000);
  const held = [
    ...BASE,
    add(csn(3), UNIT, "ou=unit", ROOT),
    rename(csn(8), ANN, "cn=ann", "cn=eve"),
    remove(csn(9), BOB, "cn=bob"),
  ];
  const nodeOf = (change: Partial<ReturnType<typeof decodeNode>>): Buffer => {
    const node = decodeNode(
      encodeNode({
        life: "live",
        parent: ROOT,
        rdn: "cn=eve",
        naming: csn(8),
        how: "MODRDN",
        conflict: false,
        death: undefined,
        effects: [],
      }),
    );
    return encodeNode({ ...node, ...change });
  };
  const change = (uniqueId: UniqueId, node: Buffer | undefined) => ({
    uniqueId: encodeUniqueId(uniqueId),
    node,
  });
  const many = Array.from({ length: STRUCTURE_NODES_MAX + 1 }, (_, index) => ({
    uniqueId: Buffer.from(index.toString(16).padStart(32, "0"), "hex"),
    node: nodeOf({}),
  }));
  const cases: readonly (readonly [string, TotalOptions["forge"], RegExp])[] = [
    ["none is sent", (item) => (item.type === "structure" ? [] : [item]), /not sent it/],
    ["its end is missing", forging(() => ({ isLast: false })), /not to its end/],
    [
      "it goes on behind its end",
      (item) => [item, ...(item.type === "structure" ? [item] : [])],
      /behind its end/,
    ],
    [
      "a record is cut off",
      forging(({ records }) => ({ records: records.map((row) => row.subarray(0, -1)) })),
      /record cannot be read/,
    ],
    [
      "a record goes on",
      forging(({ records }) => ({
        records: records.map((row) => Buffer.concat([row, Buffer.of(0)])),
      })),
      /record cannot be read/,
    ],
    [
      "a record is noise",
      forging(() => ({ records: [Buffer.alloc(40, 0xff)] })),
      /record cannot be read/,
    ],
    [
      "records are out of order",
      forging(({ records }) => ({ records: [...records].reverse() })),
      /not in order/,
    ],
    [
      "a node is noise",
      forging(() => ({ nodes: [change(ANN, Buffer.alloc(9, 0xff))] })),
      /node cannot be read/,
    ],
    [
      "a node has no name",
      forging(() => ({ nodes: [change(ANN, nodeOf({ rdn: "" }))] })),
      /node cannot be read/,
    ],
    [
      "a name is cut off",
      forging(() => ({ lasts: [{ name: Buffer.alloc(16), uniqueId: Buffer.alloc(16) }] })),
      /name cannot be read/,
    ],
    [
      "two entries hold one name",
      forging(() => ({ nodes: [change(UNIT, nodeOf({}))] })),
      /one name/,
    ],
    [
      "a parent is missing",
      forging(() => ({ nodes: [change(UNIT, nodeOf({ parent: EVE, rdn: "cn=x" }))] })),
      /orphan/,
    ],
    [
      "parents form a loop",
      forging(() => ({ nodes: [change(UNIT, nodeOf({ parent: UNIT, rdn: "cn=x" }))] })),
      /loop/,
    ],
    [
      "the suffix entry gets a node",
      forging(() => ({ nodes: [change(ROOT, nodeOf({ rdn: "cn=x" }))] })),
      /loop/,
    ],
    ["too many nodes have changed", forging(() => ({ nodes: many })), /too many/],
    [
      "parts differ in their purge CSN",
      (item) =>
        item.type === "structure"
          ? [
              { type: "structure", part: { ...item.part, isLast: false } },
              { type: "structure", part: { ...item.part, records: [], purgeCsn: csn(1) } },
            ]
          : [item],
      /differ in their purge CSN/,
    ],
  ];
  for (const [name, forge, reason] of cases) {
    test(`store/bulk-structure: ${name}`, () => {
      const supplier = replica(...held);
      const { consumer, completed, refusals } = started(
        supplier,
        forge === undefined ? {} : { forge },
      );
      assert.deepEqual(refusals, []);
      assert.match(JSON.stringify(completed), reason);
      assert.deepEqual(names(consumer), names(supplier));
      assert.equal(consumer.digest().digest, supplier.digest().digest);
      assert.equal(consumer.backend.tables.structure.count(), 0);
      assert.isUndefined(consumer.backend.purgeCsn);
      const effects = wholeState(consumer).filter((line) => /"effects":\[\{/.test(line));
      assert.deepEqual(effects, [], "effects have joined the values");
      const lasts = (store: StoreBackend): string[] =>
        wholeState(store).filter(
          (line) => line.startsWith("last") && line.includes(encodeUniqueId(BOB).toString("hex")),
        );
      assert.deepEqual(lasts(consumer), lasts(supplier), "who held the name of the dead");
      assert.deepEqual(consumer.verify(), []);
    });
  }
});

suite("store/state-source: bounds", function () {
  this.timeout(30_000);

  test("store/state-source: a long log goes in parts, none of which is large, and the last one says so", () => {
    const supplier = replica(...BASE);
    const sizes: number[] = [];
    const ends: boolean[] = [];
    for (let n = 0; n < 400; n += 1) {
      const uniqueId = `bbbbbbbb-00000000-00000000-${n.toString(16).padStart(8, "0")}` as UniqueId;
      supplier.apply(add(csn(0x100 + n), uniqueId, `cn=${"x".repeat(300)}${n}`, ROOT));
    }
    const { completed } = started(supplier, {
      forge: (item) => {
        if (item.type === "structure") {
          sizes.push(item.part.records.reduce((sum, row) => sum + row.length, 0));
          ends.push(item.part.isLast);
        }
        return [item];
      },
    });
    assert.deepEqual(completed, { changedNodes: 0, records: 402 });
    assert.isAbove(sizes.length, 2);
    assert.isBelow(Math.max(...sizes), STRUCTURE_PART_BYTES + 2_000);
    assert.deepEqual(ends.lastIndexOf(false), ends.length - 2);
    assert.equal(ends.indexOf(true), ends.length - 1);
  });

  test("store/state-source: a log that is too large to be kept is not sent", () => {
    const supplier = replica(...BASE, rename(csn(8), ANN, "cn=ann", "cn=eve"));
    const { completed, consumer } = started(supplier, { bytesMax: 100 });
    assert.match(JSON.stringify(completed), /not sent it/);
    assert.equal(consumer.digest().digest, supplier.digest().digest);
  });

  test("store/state-source: none is sent when the purge has passed a change that the consumer is not told of", () => {
    const supplier = replica(...BASE);
    const { completed } = started(supplier, {
      meanwhile: (items) => {
        if (items !== 2) return;
        supplier.apply(rename(csn(10), ANN, "cn=ann", "cn=eve"));
        purge(supplier, csn(20));
      },
    });
    assert.match(JSON.stringify(completed), /not sent it/);
  });

  test("store/state-source: a supplier without data sends nothing", () => {
    const supplier = new StoreBackend(SUFFIX).replicate();
    const consumer = new StoreBackend(SUFFIX).replicate();
    assert.isUndefined(initialize(supplier, consumer).completed);
    assert.deepEqual(supplier.backend.committed.ruv, makeRuv("00000001000000010000"));
  });
});
