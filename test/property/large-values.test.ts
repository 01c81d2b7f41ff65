// Attributes with very many values take a way of their own: where their values lie is known, the values are not looked at. What
// comes of it must be what lists of values give, byte by byte.
import { assert } from "chai";
import fc from "fast-check";
import {
  type Attribute,
  DirectoryRows,
  type EntryId,
  type KnownValues,
  RopeAttribute,
  StoredValues,
  encodeRecord,
  readValues,
} from "../../src/entry/index.ts";
import { WriteSet } from "../../src/kv/index.ts";
import { AttributeSet } from "../../src/operation/attribute-set.ts";
import { LdapError, type Mod } from "../../src/protocol/index.ts";
import type { Change, UniqueId } from "../../src/replication/change/index.ts";
import { type Csn, makeCsn } from "../../src/replication/csn/index.ts";
import {
  Registers,
  decodeRegisters,
  encodeRegisters,
} from "../../src/replication/registers/index.ts";
import { describe, descriptionSource, foldValue } from "../support/conflict-schema.ts";
import { StoreBackend } from "../support/store-backend.ts";

const UNIQUE_ID = "00000001-00000000-00000000-00000001" as UniqueId;
const TYPES = ["description", "description;lang-de", "displayName", "cn"];
/** Values that contain what a stored value begins with, too. */
const VALUES = [
  "v",
  "V ",
  "w",
  "x",
  "\u0004\u0001v",
  "a\u0004\u0001w",
  "n1",
  "N1",
  "n2",
  "n3",
  "n4",
];

const value = fc.constantFrom(...VALUES).map((text) => Buffer.from(text));
const mod: fc.Arbitrary<Mod> = fc.record({
  operation: fc.constantFrom("add", "add", "delete", "delete", "replace"),
  type: fc.constantFrom(...TYPES),
  values: fc.array(value, { maxLength: 4 }),
});
const steps = fc.array(
  fc.record({
    seconds: fc.integer({ min: 1, max: 12 }),
    replica: fc.integer({ min: 1, max: 3 }),
    kind: fc.constantFrom("modify", "modify", "modify", "add", "purge"),
    mods: fc.array(mod, { minLength: 1, maxLength: 3 }),
  }),
  { maxLength: 10 },
);
type Step = typeof steps extends fc.Arbitrary<readonly (infer One)[]> ? One : never;

/** An entry as it is stored, with both ways to read it. */
class Stored {
  readonly #isLarge: boolean;
  #large = new Map<number, KnownValues>();
  record: Buffer;
  registers: Buffer = Buffer.alloc(0);

  constructor(isLarge: boolean) {
    this.#isLarge = isLarge;
    this.record = this.#encode([]);
  }

  attributes(): Attribute[] {
    const out: Attribute[] = [];
    for (const rows = new DirectoryRows(this.record); rows.next(); ) {
      const { descriptionId, start } = rows;
      const description = descriptionSource.get(descriptionId);
      const known = this.#large.get(descriptionId);
      const large =
        this.#isLarge && !description.type.singleValue
          ? StoredValues.inRecord(this.record, start, known)
          : undefined;
      out.push({ description, values: readValues(this.record, start), large });
    }
    return out;
  }

  take({ seconds, replica, kind, mods }: Step, index: number): void {
    const recorded = this.attributes();
    const registers =
      this.registers.length === 0
        ? new Registers(describe)
        : decodeRegisters(this.registers, recorded, descriptionSource);
    const csn = makeCsn(seconds, index, replica);
    if (kind === "modify") registers.applyMods(mods, csn);
    else if (kind === "add") registers.applyAdd(mods, [{ type: "cn", value: VALUE }], csn);
    else registers.purge(makeCsn(seconds, 0, 0));
    const shown = [...registers.attributes.values()].flatMap((state): Attribute[] => {
      const { description } = state;
      const rope = state.shownRope();
      if (rope !== undefined) {
        assert.equal(rope.count, rope.list().length);
        return rope.count === 0 ? [] : [new RopeAttribute(description, rope)];
      }
      const values = state.shown();
      return values.length === 0 ? [] : [{ description, values }];
    });
    this.record = this.#encode(shown);
    this.registers = encodeRegisters(registers, shown);
    const ropes = new Map(shown.map(({ description, rope }) => [description.id, rope]));
    this.#large = new Map();
    for (const rows = new DirectoryRows(this.record); rows.next(); ) {
      const large = ropes.get(rows.descriptionId)?.inRecord();
      if (large !== undefined) this.#large.set(rows.descriptionId, large);
    }
  }

  #encode(attributes: readonly Attribute[]): Buffer {
    const parentId = 1 as EntryId;
    return encodeRecord({ flags: 0, parentId, uniqueId: UNIQUE_ID, rdn: "cn=v", attributes });
  }
}

const VALUE = Buffer.from("v");
const texts = (values: readonly Buffer[]): string[] => values.map((each) => each.toString());

/** What an operation on a set gives: its refusal, or how the set looks then. */
function tried(set: AttributeSet, { operation, type, values }: Mod): unknown {
  const description = describe(type);
  try {
    if (operation === "add") set.add(description, values);
    else if (operation === "replace") set.replace(description, values);
    else if (values.length === 0) set.deleteAll(description);
    else set.delete(description, values);
  } catch (error) {
    if (!(error instanceof LdapError)) throw error;
    return error.code;
  }
  return {
    all: [...set].map((slot) => [slot.description.key, slot.count, texts(slot.values)]),
    isNew: set.newAttributes().map(({ values: brought }) => texts(brought)),
    has: VALUES.map((each) => set.has(description, Buffer.from(each))),
  };
}

suite("property/large-values", () => {
  test("registers/value-runs: runs are stored as lists are, whatever comes in whatever order", () => {
    fc.assert(
      fc.property(steps, (list) => {
        const plain = new Stored(false);
        const large = new Stored(true);
        list.forEach((step, index) => {
          plain.take(step, index);
          large.take(step, index);
          assert.isTrue(large.record.equals(plain.record), "records");
          assert.isTrue(large.registers.equals(plain.registers), "registers");
        });
      }),
      { numRuns: 2000 },
    );
  });

  test("registers/value-runs: so many values named by one operation are looked up by their forms", () => {
    const all = Array.from({ length: 150 }, (_, number) => Buffer.from(`value ${number}`));
    const base = { operation: "replace", type: "description", values: all } as const;
    const go = { operation: "delete", type: "description", values: all.slice(20, 120) } as const;
    const come = { operation: "add", type: "description", values: all.slice(100, 130) } as const;
    const [plain, large] = [new Stored(false), new Stored(true)];
    [[base], [go, come], [go], [come]].forEach((mods, index) => {
      for (const stored of [plain, large]) {
        stored.take({ seconds: 1 + index, replica: 1, kind: "modify", mods }, 0);
      }
      assert.isTrue(large.record.equals(plain.record), "records");
      assert.isTrue(large.registers.equals(plain.registers), "registers");
    });
    assert.equal(large.attributes()[0]?.values.length, 150 - 100 + 20);
  });

  test("entry/stored-values: a value is located where a look at all finds it", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ maxLength: 200 }), { maxLength: 300 }), (all) => {
        const forms = new Map(all.map((each) => [foldValue(Buffer.from(each)).toString(), each]));
        const values = [...forms.values()].map((each) => Buffer.from(each));
        const description = describe("description");
        const uniqueId = UNIQUE_ID;
        const attributes = [{ description, values }];
        const parentId = 1 as EntryId;
        const record = encodeRecord({ flags: 0, parentId, uniqueId, rdn: "cn=v", attributes });
        const rows = new DirectoryRows(record);
        rows.next();
        const large = StoredValues.inRecord(record, rows.start);
        assert.equal(large.count, values.length);
        values.forEach((each, position) => {
          assert.equal(large.locate(description.type, each), position);
          const spelled = Buffer.from(each.toString().toUpperCase());
          if (foldValue(spelled).equals(foldValue(each))) {
            assert.equal(large.locate(description.type, spelled), position);
          }
          assert.isTrue(large.value(position).equals(each));
          assert.isTrue(large.hasBytes(each));
        });
        assert.isUndefined(large.locate(description.type, Buffer.from("not there ".repeat(30))));
      }),
      { numRuns: 100 },
    );
  });

  test("operation/attribute-set: what an operation does to very many values is what it does to few", () => {
    const many = fc.uniqueArray(value, { selector: (each) => foldValue(each).toString() });
    const named = fc.array(mod, { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(many, named, fc.boolean(), (values, mods, isRepeated) => {
        const source = new Stored(true);
        const step = { operation: "replace", type: "description", values } as const;
        source.take({ seconds: 1, replica: 1, kind: "modify", mods: [step] }, 0);
        const attributes = source.attributes();
        const large = new AttributeSet(attributes);
        const plain = new AttributeSet(
          attributes.map(({ description, values: listed }) => ({ description, values: listed })),
        );
        for (const each of mods) {
          // More than eight values are looked up in another way.
          const repeated = isRepeated ? [...each.values, ...each.values, ...each.values] : [];
          const one = { ...each, values: [...each.values, ...repeated] };
          const outcome = tried(plain, one);
          assert.deepEqual(tried(large, one), outcome);
          if (typeof outcome !== "object") return; // the operation ends there
        }
      }),
      { numRuns: 2000 },
    );
  });
});

const SUFFIX = "dc=test";
const GROUP = "cn=all,dc=test";
const GROUP_ID = "00000002-00000000-00000000-00000000" as UniqueId;
const FIRST_MEMBERS = 90;

const memberDn = (number: number): string => `uid=user${number},ou=people,dc=test`;
/** The same name in another spelling. */
const respelled = (number: number): string => `UID=User${number}, ou=people,DC=test`;

const memberMod: fc.Arbitrary<Mod> = fc.record({
  operation: fc.constantFrom("add", "add", "add", "delete", "delete", "delete", "replace"),
  type: fc.constantFrom("member", "member", "member", "member;x-old", "cn", "description"),
  values: fc
    .array(fc.record({ number: fc.nat(110), other: fc.boolean() }), { minLength: 1, maxLength: 3 })
    .map((list) =>
      list.map(({ number, other }) => Buffer.from(other ? respelled(number) : memberDn(number))),
    ),
});
const groupSteps = fc.array(
  fc.record({
    replica: fc.integer({ min: 1, max: 3 }),
    lag: fc.integer({ min: 0, max: 5 }),
    fate: fc.constantFrom("stays", "stays", "stays", "discarded", "forgotten"),
    mods: fc.array(memberMod, { minLength: 1, maxLength: 2 }),
  }),
  { minLength: 4, maxLength: 14 },
);

function addGroup(csn: Csn): Change {
  const bytes = (...list: string[]): Buffer[] => list.map((text) => Buffer.from(text));
  const members = Array.from({ length: FIRST_MEMBERS }, (_, number) => memberDn(number));
  return {
    type: "add",
    csn,
    uniqueId: GROUP_ID,
    dn: GROUP,
    parentUniqueId: UNIQUE_ID,
    attributes: [
      { type: "objectClass", values: bytes("top", "groupOfNames", "extensibleObject") },
      { type: "cn", values: bytes("all") },
      { type: "member", values: bytes(...members) },
    ],
  };
}

suite("property/large-groups", () => {
  test("store/large-records: groups are stored as if nothing were remembered, whatever is discarded", () => {
    fc.assert(
      fc.property(groupSteps, fc.boolean(), (list, isReplica) => {
        const suffix: Change = {
          type: "add",
          csn: makeCsn(1, 0, 1),
          uniqueId: UNIQUE_ID,
          dn: SUFFIX,
          attributes: [{ type: "objectClass", values: [Buffer.from("domain")] }],
          parentUniqueId: undefined,
        };
        const [remembering, forgetful] = [new StoreBackend(SUFFIX), new StoreBackend(SUFFIX)];
        for (const store of [remembering, forgetful]) {
          if (isReplica) store.replicate();
          store.write((writes) => {
            const { backend, schema } = store;
            const kinds = new Set(["presence", "equality"] as const);
            const type = schema.attributeType("member");
            backend.putIndexes(writes, backend.indexes.with(type, kinds, "ready"));
            // Operations that are discarded use up numbers of descriptions.
            for (const text of ["member", "member;x-old", "cn", "description"]) {
              backend.descriptions.intern(text);
            }
          });
          store.apply(suffix);
          store.apply(addGroup(makeCsn(2, 0, 1)));
        }
        const model = new Registers((text) => remembering.backend.descriptions.intern(text));
        const first = addGroup(makeCsn(2, 0, 1));
        assert(first.type === "add");
        model.applyAdd(first.attributes, [], first.csn);
        list.forEach(({ replica, lag, fate, mods }, index) => {
          const csn = makeCsn(100 + 10 * index - 10 * lag, index, replica);
          const change: Change = { type: "modify", csn, uniqueId: GROUP_ID, dn: GROUP, mods };
          if (fate === "discarded") {
            remembering.kv.transactSync(() => {
              const writes = new WriteSet();
              remembering.backend.begin(writes).apply(change, "replicated");
              writes.discard();
            });
            return;
          }
          if (fate === "forgotten") remembering.backend.largeRecords.clear();
          const { newest } = remembering.backend;
          remembering.apply(change);
          forgetful.apply(change);
          forgetful.backend.largeRecords.clear();
          if (remembering.backend.newest !== newest || !isReplica) model.applyMods(mods, csn);
        });
        for (const store of [remembering, forgetful]) {
          store.settle();
          assert.deepEqual(store.verify(), []);
        }
        const rows = [remembering, forgetful].map(({ backend: { tables } }) => [
          ...[...tables.entry.range()].map((row) => row.value.toString("latin1")),
          ...[...tables.state.range()].map((row) => row.value.toString("latin1")),
          ...[...tables.index.range()].map((row) => row.value.toString("latin1")),
        ]);
        assert.deepEqual(rows[0], rows[1]);
        if (!isReplica) return;
        const { reader } = remembering.backend;
        const id = reader.idOfUniqueId(GROUP_ID) as EntryId;
        const shown = reader
          .getEntry(id)
          .stored()
          .find(({ description }) => description.key === "member");
        assert.sameMembers(texts(shown?.values ?? []), texts(model.shown("member")));
      }),
      { numRuns: 60 },
    );
  });
});
