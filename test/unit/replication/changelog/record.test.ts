import { assert } from "chai";
import fc from "fast-check";
import {
  type Change,
  type UniqueId,
  decodeUniqueId,
} from "../../../../src/replication/change/index.ts";
import {
  baseName,
  decodeChange,
  decodeHead,
  encodeRecord,
} from "../../../../src/replication/changelog/index.ts";
import { makeCsn } from "../../../../src/replication/csn/index.ts";

const csn = makeCsn(5, 1, 2);
const ID = "00000000-11111111-22222222-33333333" as UniqueId;
const PARENT = "aaaaaaaa-11111111-22222222-33333333" as UniqueId;
const bytes = (text: string): Buffer => Buffer.from(text);
const base = { csn, uniqueId: ID, dn: "cn=Zoë,dc=x" };

const changes: [name: string, change: Change][] = [
  [
    "add",
    {
      ...base,
      type: "add",
      parentUniqueId: PARENT,
      attributes: [
        { type: "cn;lang-de", values: [bytes("a"), bytes("")] },
        { type: "userPassword", values: [] },
      ],
    },
  ],
  ["add of the suffix", { ...base, type: "add", parentUniqueId: undefined, attributes: [] }],
  [
    "modify",
    {
      ...base,
      type: "modify",
      mods: [
        { operation: "add", type: "mail", values: [bytes("a@b")] },
        { operation: "delete", type: "Mail;x-a", values: [] },
        { operation: "replace", type: "modifiersname", values: [bytes("cn=x")] },
        { operation: "replace", type: "modifytimestamp", values: [bytes("2026")] },
      ],
    },
  ],
  ["delete", { ...base, type: "delete" }],
  [
    "modifyDn",
    {
      ...base,
      type: "modifyDn",
      newRdn: "cn=b",
      deleteOldRdn: true,
      newSuperior: "ou=y,dc=x",
      newSuperiorUniqueId: PARENT,
      mods: [{ operation: "replace", type: "modifiersname", values: [bytes("cn=x")] }],
    },
  ],
  [
    "modifyDn in place",
    {
      ...base,
      type: "modifyDn",
      newRdn: "cn=b",
      deleteOldRdn: false,
      newSuperior: undefined,
      newSuperiorUniqueId: undefined,
      mods: [],
    },
  ],
];

const uniqueIds = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((raw) => decodeUniqueId(Buffer.from(raw)));
const values = fc.array(
  fc.uint8Array({ maxLength: 700 }).map((raw) => Buffer.from(raw)),
  { maxLength: 4 },
);
const attribute = fc.record({ type: fc.string({ maxLength: 300 }), values });
const mod = fc.record({
  operation: fc.constantFrom("add", "delete", "replace"),
  type: fc.string({ maxLength: 300 }),
  values,
});
const anyChange = fc.oneof(
  fc.record({
    type: fc.constant("add"),
    csn: fc.constant(csn),
    uniqueId: uniqueIds,
    dn: fc.string(),
    parentUniqueId: fc.option(uniqueIds, { nil: undefined }),
    attributes: fc.array(attribute, { maxLength: 5 }),
  }),
  fc.record({
    type: fc.constant("modify"),
    csn: fc.constant(csn),
    uniqueId: uniqueIds,
    dn: fc.string({ unit: "grapheme" }),
    mods: fc.array(mod, { maxLength: 40 }),
  }),
) as fc.Arbitrary<Change>;

suite("changelog/record", () => {
  for (const [name, change] of changes) {
    test(`changelog/record: ${name} is decoded as it was encoded`, () => {
      assert.deepEqual(decodeChange(csn, encodeRecord(change, 77)), change);
    });
  }

  test("changelog/record: the head tells kind, entry, time, and what a modify touches", () => {
    const [, modify] = changes[2] ?? [];
    assert.ok(modify !== undefined);
    assert.deepEqual(decodeHead(encodeRecord(modify, 77)), {
      kind: "modify",
      uniqueId: ID,
      loggedAtSeconds: 77,
      touched: ["modifiersname", "modifytimestamp", "mail"],
    });
    const [, add] = changes[0] ?? [];
    assert.ok(add !== undefined);
    assert.isUndefined(decodeHead(encodeRecord(add, 77)).touched);
  });

  test("changelog/record: a modify that touches too much has no list", () => {
    const types = Array.from({ length: 40 }, (_, i) => `attribute${i}`);
    const mods = types.map((type) => ({ operation: "add" as const, type, values: [] }));
    const record = encodeRecord({ ...base, type: "modify", mods }, 77);
    assert.isUndefined(decodeHead(record).touched);
    assert.deepEqual(decodeChange(csn, record), { ...base, type: "modify", mods });
  });

  test("changelog/record: any change is decoded as it was encoded, and the list is exact", () => {
    fc.assert(
      fc.property(anyChange, (change) => {
        const record = encodeRecord(change, 1);
        assert.deepEqual(decodeChange(csn, record), change);
        const { touched } = decodeHead(record);
        if (change.type !== "modify" || touched === undefined) return;
        const names = new Set(change.mods.map(({ type }) => baseName(type)));
        assert.sameMembers([...touched], [...names]);
      }),
    );
  });

  test("changelog/record: a damaged record is noticed", () => {
    const [, modify] = changes[2] ?? [];
    assert.ok(modify !== undefined);
    const record = encodeRecord(modify, 1);
    for (let length = 0; length < record.length; length += 1) {
      assert.throws(() => decodeChange(csn, Buffer.from(record.subarray(0, length))));
    }
  });
});
