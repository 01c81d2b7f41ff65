// Entries from encoded parts are the bytes that the message encoder makes.
import { assert } from "chai";
import { BerWriter } from "../../../src/ber/index.ts";
import type { AttributeValues, Control } from "../../../src/protocol/index.ts";
import {
  NO_CONTROLS,
  encodeControls,
  encodePartialAttribute,
  encodeResponse,
  partialAttributeSize,
  writeAttributesHeader,
  writeSearchEntryHeader,
  writeSearchEntryStart,
} from "../../../src/protocol/index.ts";
import { NaiveBer } from "../../support/naive-ber.ts";
import { naiveResponse } from "../../support/naive-messages.ts";

const attribute = (type: string, ...sizes: number[]): AttributeValues => ({
  type,
  values: sizes.map((size) => Buffer.alloc(size, 0x61)),
});
const control: Control = { oid: "1.2.3", critical: false, value: Buffer.alloc(200) };

const ENTRIES: readonly [
  what: string,
  messageId: number,
  dn: string,
  AttributeValues[],
  Control[],
][] = [
  ["nothing but a DN", 1, "dc=x", [], []],
  ["one value", 127, "dc=x", [attribute("cn", 3)], []],
  ["types only", 128, "dc=x", [attribute("cn"), attribute("sn")], []],
  ["a long DN", 40_000, `cn=${"ä".repeat(100)},dc=x`, [attribute("cn", 3, 200)], []],
  ["large values", 0x7fff_ffff, "", [attribute("jpegPhoto", 70_000), attribute("cn", 0)], []],
  ["controls", 5, "dc=x", [attribute("cn", 90)], [control]],
  ["controls that take another length octet", 5, "dc=x", [attribute("cn", 20)], [control]],
];

suite("protocol/search-entry", () => {
  for (const [what, messageId, dn, attributes, controls] of ENTRIES) {
    test(`protocol/search-entry: an entry with ${what} is put together from parts`, () => {
      const message = {
        messageId,
        response: { type: "searchEntry", dn, attributes },
        controls,
      } as const;
      const wanted = naiveResponse(message);
      const stored = Buffer.concat(attributes.map((a) => encodePartialAttribute(a.type, a.values)));
      const controlBytes = encodeControls(controls);

      const writer = new BerWriter(8);
      writeSearchEntryHeader(writer, messageId, Buffer.from(dn), stored.length, controlBytes);
      writer.appendRange(stored, 0, stored.length);
      if (controlBytes !== undefined) writer.append(controlBytes);
      assert.deepEqual(writer.copy(), wanted);

      const dnBytes = Buffer.from(dn);
      writeSearchEntryStart(writer, messageId, {
        dnLength: dnBytes.length,
        attributesLength: stored.length,
        controlsLength: controlBytes?.length ?? 0,
      });
      const rdnLength = dnBytes.length >> 1;
      writer.appendRange(dnBytes, 0, rdnLength);
      writer.appendRange(dnBytes, rdnLength, dnBytes.length);
      writeAttributesHeader(writer, stored.length);
      writer.append(stored);
      if (controlBytes !== undefined) writer.append(controlBytes);
      assert.deepEqual(writer.copy(), wanted);

      writer.reset();
      encodeResponse(writer, message);
      assert.deepEqual(writer.copy(), wanted);
    });
  }

  test("protocol/search-entry: the size of a PartialAttribute is known before", () => {
    const ber = new NaiveBer();
    for (const size of [0, 1, 100, 120, 124, 128, 250, 260, 65_530, 65_540]) {
      for (const type of ["cn", "t".repeat(130), "ä"]) {
        const values = [Buffer.alloc(size, 1), Buffer.from("x")];
        const wanted = ber.sequence(ber.octets(type), ber.set(...values.map((v) => ber.octets(v))));
        assert.equal(partialAttributeSize(type, values), wanted.length);
        assert.deepEqual(encodePartialAttribute(type, values), wanted);
      }
    }
  });

  test("protocol/search-entry: no controls are no bytes", () => {
    assert.isUndefined(encodeControls(NO_CONTROLS));
  });
});
