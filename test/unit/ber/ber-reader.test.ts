// What the reader takes and refuses, by bytes (X.690, RFC 4511 §5.1).
import { assert } from "chai";
import { BerError, BerReader, NO_TAG } from "../../../src/ber/index.ts";
import { hex } from "../../support/codec-case.ts";

type Read = (reader: BerReader) => unknown;

const integer: Read = (reader) => reader.readInteger();
const boolean: Read = (reader) => reader.readBoolean();
const text: Read = (reader) => reader.readText();
const octets: Read = (reader) => reader.readOctets().toString("hex");

const ACCEPTED: readonly [what: string, bytes: string, read: Read, value: unknown][] = [
  ["zero", "02 01 00", integer, 0],
  ["minus one", "02 01 ff", integer, -1],
  ["two octets", "02 02 00 80", integer, 128],
  ["the largest integer", "02 04 7f ff ff ff", integer, 2_147_483_647],
  ["the smallest integer", "02 04 80 00 00 00", integer, -2_147_483_648],
  ["redundant zero octets", "02 08 00 00 00 00 00 00 00 07", integer, 7],
  ["redundant ff octets", "02 06 ff ff ff ff ff fe", integer, -2],
  ["TRUE as ff", "01 01 ff", boolean, true],
  ["TRUE as 01", "01 01 01", boolean, true],
  ["FALSE", "01 01 00", boolean, false],
  ["empty octets", "04 00", octets, ""],
  ["length 81", "04 81 01 61", text, "a"],
  ["length 82 with a zero octet", "04 82 00 01 61", text, "a"],
  ["length 83", "04 83 00 00 01 61", text, "a"],
  ["length 84", "04 84 00 00 00 01 61", text, "a"],
  ["UTF-8 text", "04 02 c3 a4", text, "ä"],
  ["text that is not UTF-8", "04 01 ff", text, "\ufffd"],
];

const REFUSED: readonly [
  what: string,
  bytes: string,
  read: Read,
  message: RegExp,
  offset: number,
][] = [
  ["nothing", "", integer, /found the end/, 0],
  ["another tag", "04 00", integer, /expected tag 0x02, found 0x04/, 0],
  ["a tag without length", "02", integer, /length missing/, 0],
  ["an empty integer", "02 00", integer, /integer of 0 octets/, 0],
  ["nine octets", "02 09 00 00 00 00 00 00 00 00 07", integer, /integer of 9 octets/, 0],
  ["an integer over 32 bits", "02 05 00 80 00 00 00", integer, /over 32 bits/, 0],
  ["an integer below 32 bits", "02 05 ff 7f ff ff ff", integer, /over 32 bits/, 0],
  ["a boolean of two octets", "01 02 00 00", boolean, /not one octet/, 0],
  ["content cut off", "04 02 61", octets, /runs past its container/, 0],
  ["a length cut off", "04 82 01", octets, /length is cut off/, 0],
  ["an indefinite length", "04 80 61 00 00", octets, /indefinite/, 0],
  ["five length octets", "04 85 00 00 00 00 01 61", octets, /length of 5 octets/, 0],
  ["127 length octets", "04 ff 00", octets, /length of 127 octets/, 0],
  ["a huge length", "04 84 ff ff ff ff 00", octets, /runs past its container/, 0],
  ["a constructed string", "24 03 04 01 61", octets, /expected tag 0x04, found 0x24/, 0],
  ["null with content", "05 01 00", (reader) => reader.readNull(), /null with content/, 0],
  ["a long tag", "1f 81 01 00", (reader) => reader.skip(), /tag of more than one octet/, 0],
];

suite("ber/ber-reader", () => {
  for (const [what, bytes, read, value] of ACCEPTED) {
    test(`ber/ber-reader: ${what} is read`, () => {
      const reader = new BerReader(hex(bytes));
      assert.deepEqual(read(reader), value);
      assert.isFalse(reader.hasMore());
      assert.equal(reader.peekTag(), NO_TAG);
    });
  }

  for (const [what, bytes, read, message, offset] of REFUSED) {
    test(`ber/ber-reader: ${what} is refused`, () => {
      try {
        read(new BerReader(hex(bytes)));
      } catch (error) {
        assert.instanceOf(error, BerError);
        assert.match(error.message, message);
        assert.equal(error.offset, offset);
        return;
      }
      assert.fail("nothing was thrown");
    });
  }

  test("ber/ber-reader: a child may not leave its parent, even if the buffer goes on", () => {
    const reader = new BerReader(hex("30 03 04 02 61 | 62 63".replace("|", "")));
    reader.enter();
    assert.throws(() => reader.readOctets(), BerError, "runs past its container");
  });

  test("ber/ber-reader: leave demands that everything was read, leaveSkipping does not", () => {
    const bytes = hex("30 06 02 01 05 02 01 06 02 01 07");
    const strict = new BerReader(bytes);
    strict.enter();
    strict.readInteger();
    assert.throws(() => strict.leave(), BerError, "unexpected bytes");
    const lenient = new BerReader(bytes);
    lenient.enter();
    lenient.readInteger();
    lenient.leaveSkipping();
    assert.equal(lenient.readInteger(), 7);
  });

  test("ber/ber-reader: elements nested deeper than the limit are refused", () => {
    const bytes = hex("30 06 30 04 30 02 30 00");
    const reader = new BerReader(bytes, { depthMax: 3 });
    for (let i = 0; i < 3; i += 1) reader.enter();
    assert.throws(() => reader.enter(), BerError, "nested too deeply");
    const enough = new BerReader(bytes, { depthMax: 4 });
    for (let i = 0; i < 4; i += 1) enough.enter();
    for (let i = 0; i < 4; i += 1) enough.leave();
  });

  test("ber/ber-reader: skip passes over one whole element", () => {
    const reader = new BerReader(hex("30 03 02 01 05 04 01 61"));
    reader.skip();
    assert.equal(reader.readText(), "a");
    assert.throws(() => reader.skip(), BerError, "element missing");
  });

  test("ber/ber-reader: readUtf8 tells bad bytes from a real replacement character", () => {
    assert.equal(new BerReader(hex("04 03 ef bf bd")).readUtf8(), "\ufffd");
    assert.isUndefined(new BerReader(hex("04 02 c3 28")).readUtf8());
    assert.isUndefined(new BerReader(hex("04 03 ed a0 80")).readUtf8());
  });

  test("ber/ber-reader: a reader may be confined to a part of a buffer", () => {
    const reader = new BerReader(hex("ff 02 01 05 ff"), { start: 1, end: 4 });
    assert.equal(reader.readInteger(), 5);
    assert.isFalse(reader.hasMore());
    assert.equal(reader.position, 4);
  });

  test("ber/ber-reader: octets are views onto the buffer", () => {
    const bytes = hex("04 01 61");
    const value = new BerReader(bytes).readOctets();
    bytes[2] = 0x62;
    assert.equal(value.toString(), "b");
  });
});
