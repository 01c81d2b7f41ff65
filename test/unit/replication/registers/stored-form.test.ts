/** The stored form of registers: what stands in the record is named by its position, an entry that was only added costs next to
 * nothing, and state survives the round trip exactly. */
import { assert } from "chai";
import type { Attribute } from "../../../../src/entry/index.ts";
import { type Csn, CSN_ZERO, makeCsn } from "../../../../src/replication/csn/index.ts";
import {
  AttributeState,
  Registers,
  decodeRegisters,
  encodeRegisters,
  encodeZeroRegisters,
} from "../../../../src/replication/registers/index.ts";
import { describe, descriptionSource } from "../../../support/conflict-schema.ts";

const ADDED = makeCsn(0x6b020e97, 0, 3);
const bytes = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));
const attribute = (type: string, ...values: string[]): Attribute => ({
  description: describe(type),
  values: bytes(...values),
});

/** Everything that registers hold, as plain values. */
function plain(registers: Registers): unknown {
  return [...registers.attributes]
    .map(([key, state]) => ({
      key,
      ad: state.ad,
      values: [...state.list()].map(({ value, ...csns }) => ({
        value: value.toString("hex"),
        ...csns,
      })),
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

function checkRoundTrip(registers: Registers, record: readonly Attribute[]): Buffer {
  const encoded = encodeRegisters(registers, record);
  assert.deepEqual(plain(decodeRegisters(encoded, record, descriptionSource)), plain(registers));
  return encoded;
}

const PERSON = [
  attribute("objectClass", "top", "person", "inetOrgPerson"),
  attribute("cn", "ann"),
  attribute("sn", "lee"),
  attribute("mail", "ann@example.com", "lee@example.com"),
  attribute("creatorsName", "cn=directory manager"),
  attribute("nsUniqueId", "00000001-00000000-00000000-00000000"),
];
const added = (csn: Csn): Registers => {
  const registers = new Registers(describe);
  registers.applyAdd(
    PERSON.map(({ description, values }) => ({ type: description.text, values })),
    [{ type: "cn", value: Buffer.from("ann") }],
    csn,
  );
  return registers;
};

suite("replication/registers: stored form", () => {
  test("registers/stored-form: an entry that was only added takes 13 bytes", () => {
    assert.equal(checkRoundTrip(added(ADDED), PERSON).length, 13);
  });

  test("registers/stored-form: values without CSN survive the round trip", () => {
    checkRoundTrip(added(CSN_ZERO), PERSON);
  });

  test("registers/stored-form: without any CSN the stored form is known beforehand", () => {
    const registers = new Registers(describe);
    registers.applyAdd(
      PERSON.map(({ description, values }) => ({ type: description.text, values })),
      [],
      CSN_ZERO,
    );
    assert.deepEqual(encodeZeroRegisters(PERSON), encodeRegisters(registers, PERSON));
    assert.equal(encodeZeroRegisters(PERSON.slice(-1)).length, 0);
  });

  test("registers/stored-form: replaced, deleted and odd values survive the round trip", () => {
    const registers = added(ADDED);
    const later = makeCsn(0x6b020e98, 7, 4);
    registers.applyMods(
      [
        { operation: "replace", type: "sn", values: bytes("Lee") },
        { operation: "delete", type: "mail", values: bytes("ann@example.com") },
        { operation: "add", type: "mail", values: bytes("third@example.com") },
        { operation: "delete", type: "description", values: bytes("unseen") },
        { operation: "replace", type: "description;lang-en", values: [] },
        { operation: "add", type: "jpegPhoto", values: [Buffer.from([0, 1, 255])] },
      ],
      later,
    );
    checkRoundTrip(registers, registers.shownAttributes());
    checkRoundTrip(registers, []);
    checkRoundTrip(registers, [
      ...registers.shownAttributes(),
      attribute("displayName", "derived"),
    ]);
  });

  test("registers/stored-form: values in another order than the record keep their order", () => {
    const state = (
      value: string,
      sequence: number,
    ): ConstructorParameters<typeof AttributeState>[2] => [
      { value: Buffer.from(value), vu: makeCsn(9, sequence, 1), vd: undefined, md: undefined },
    ];
    const values = ["c", "a", "b", "d"].flatMap((value, i) => state(value, i < 2 ? 1 : 2) ?? []);
    const registers = new Registers(describe);
    registers.set(new AttributeState(describe("member"), makeCsn(8, 0, 1), values));
    checkRoundTrip(registers, [attribute("member", "a", "b", "c", "d")]);
  });

  test("registers/stored-form: a large group costs little per value after one change", () => {
    const members = Array.from({ length: 1000 }, (_, i) => `cn=user${i}`);
    const registers = new Registers(describe);
    registers.applyAdd([{ type: "member", values: bytes(...members) }], [], ADDED);
    registers.applyMods(
      [{ operation: "add", type: "member", values: bytes("cn=new") }],
      makeCsn(0x6b020e98, 0, 3),
    );
    const record = registers.shownAttributes();
    assert.isBelow(checkRoundTrip(registers, record).length, 40);
  });
});
