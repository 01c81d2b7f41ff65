// What the writer writes, by bytes.
import { assert } from "chai";
import { AssertionError } from "../../../src/base/index.ts";
import {
  BerWriter,
  elementSize,
  encodeBer,
  headerSize,
  integerSize,
} from "../../../src/ber/index.ts";
import { hex } from "../../support/codec-case.ts";
import { NaiveBer, element, fourOctetLength } from "../../support/naive-ber.ts";

/** Around each place where the length takes another octet. */
const SIZES = [0, 1, 31, 32, 33, 126, 127, 128, 129, 254, 255, 256, 257, 65_535, 65_536, 70_000];
const LARGE_SIZE = 0x100_0001;

/** As the store lends them: `length` is right, `byteLength` is that of a larger buffer. */
function lentBuffer(content: Buffer): Buffer {
  const lent = Buffer.alloc(1 << 16, 0xee);
  content.copy(lent);
  Object.defineProperty(lent, "length", { value: content.length });
  return lent;
}

suite("ber/ber-writer", () => {
  const INTEGERS: readonly [value: number, bytes: string][] = [
    [0, "02 01 00"],
    [127, "02 01 7f"],
    [128, "02 02 00 80"],
    [-128, "02 01 80"],
    [-129, "02 02 ff 7f"],
    [32_767, "02 02 7f ff"],
    [32_768, "02 03 00 80 00"],
    [-32_769, "02 03 ff 7f ff"],
    [8_388_608, "02 04 00 80 00 00"],
    [-8_388_609, "02 04 ff 7f ff ff"],
    [2_147_483_647, "02 04 7f ff ff ff"],
    [-2_147_483_648, "02 04 80 00 00 00"],
  ];
  for (const [value, bytes] of INTEGERS) {
    test(`ber/ber-writer: ${value} takes as few octets as it can`, () => {
      assert.deepEqual(
        encodeBer((writer) => writer.writeInteger(value)),
        hex(bytes),
      );
      assert.equal(integerSize(value), hex(bytes).length - 2);
    });
  }

  test("ber/ber-writer: an integer over 32 bits is a defect", () => {
    assert.throws(() => new BerWriter().writeInteger(2 ** 31), AssertionError);
    assert.throws(() => new BerWriter().writeInteger(0.5), AssertionError);
  });

  test("ber/ber-writer: booleans and null are one and no octet", () => {
    const bytes = encodeBer((writer) => {
      writer.writeBoolean(true);
      writer.writeBoolean(false, 0x84);
      writer.writeNull();
    });
    assert.deepEqual(bytes, hex("01 01 ff  84 01 00  05 00"));
  });

  for (const size of SIZES) {
    test(`ber/ber-writer: ${size} bytes get a minimal length`, () => {
      const content = Buffer.alloc(size, 0x61);
      const wanted = element(0x04, content);
      assert.deepEqual(
        encodeBer((writer) => writer.writeOctets(content), 8),
        wanted,
      );
      assert.deepEqual(
        encodeBer((writer) => writer.writeText(content.toString()), 8),
        wanted,
      );
      const nested = encodeBer((writer) => {
        writer.start();
        writer.start(0x31);
        writer.append(content);
        writer.end();
        writer.end();
      }, 8);
      assert.deepEqual(nested, element(0x30, element(0x31, content)));
      assert.equal(headerSize(size), wanted.length - size);
      assert.equal(elementSize(size), wanted.length);
    });
  }

  test("ber/ber-writer: more than 16 MiB get four length octets", () => {
    const content = Buffer.alloc(LARGE_SIZE);
    const bytes = encodeBer((writer) => {
      writer.start();
      writer.append(content);
      writer.end();
    });
    assert.equal(bytes.length, elementSize(LARGE_SIZE));
    assert.deepEqual(bytes.subarray(0, 6), hex("30 84 01 00 00 01"));
  });

  test("ber/ber-writer: the long form is 84 and four octets, also around nothing", () => {
    const bytes = encodeBer((writer) => {
      writer.startLong();
      writer.writeText("a");
      writer.startLong(0x31);
      writer.end();
      writer.end();
    }, 6);
    assert.deepEqual(bytes, hex("30 84 00 00 00 09  04 01 61  31 84 00 00 00 00"));
  });

  test("ber/ber-writer: both forms may be nested in each other", () => {
    const long = new NaiveBer(fourOctetLength);
    const short = new NaiveBer();
    const content = Buffer.alloc(200, 1);
    const bytes = encodeBer((writer) => {
      writer.start();
      writer.startLong(0xa0);
      writer.start(0x31);
      writer.writeOctets(content);
      writer.end();
      writer.end();
      writer.end();
    }, 6);
    const set = short.set(short.octets(content));
    assert.deepEqual(bytes, short.sequence(long.element(0xa0, set)));
  });

  const TEXTS = [
    "",
    "a",
    "ä",
    "a".repeat(127),
    "ä".repeat(63),
    "ä".repeat(64),
    "a".repeat(126) + "€",
  ];
  for (const text of [...TEXTS, "\u{1f600}".repeat(40), "\ud800", "a".repeat(300) + "ö"]) {
    test(`ber/ber-writer: text of ${text.length} characters is UTF-8`, () => {
      const bytes = encodeBer((writer) => writer.writeText(text, 0x87), 6);
      assert.deepEqual(bytes, element(0x87, Buffer.from(text, "utf8")));
    });
  }

  for (const count of [0, 1, 31, 32, 33, 500]) {
    test(`ber/ber-writer: ${count} bytes of a lent buffer are copied`, () => {
      const source = Buffer.from(Array.from({ length: count + 7 }, (_, i) => i & 0xff));
      const writer = new BerWriter(8);
      writer.appendRange(lentBuffer(source), 3, 3 + count);
      assert.deepEqual(writer.view(), source.subarray(3, 3 + count));
    });
  }

  test("ber/ber-writer: a copy stays when the writer goes on", () => {
    const writer = new BerWriter();
    writer.writeInteger(1);
    const copy = writer.copy();
    const taken = (writer.writeInteger(2), writer.take());
    writer.writeInteger(3);
    assert.deepEqual(copy, hex("02 01 01"));
    assert.deepEqual(taken, hex("02 01 02"));
    assert.deepEqual(writer.view(), hex("02 01 03"));
  });

  test("ber/ber-writer: rewind forgets a message that was not finished", () => {
    const writer = new BerWriter(8);
    writer.writeInteger(1);
    const mark = writer.length;
    writer.start();
    writer.startLong();
    writer.writeText("half");
    writer.rewind(mark);
    writer.start();
    writer.writeInteger(2);
    writer.end();
    assert.deepEqual(writer.view(), hex("02 01 01  30 03 02 01 02"));
  });

  test("ber/ber-writer: rewind keeps the elements that were open at the mark", () => {
    const writer = new BerWriter(8);
    writer.start();
    const mark = writer.length;
    writer.startLong(0x31);
    writer.rewind(mark);
    writer.writeInteger(2);
    writer.end();
    assert.deepEqual(writer.view(), hex("30 03 02 01 02"));
  });

  test("ber/ber-writer: giving out an open element is a defect", () => {
    const writer = new BerWriter();
    writer.start();
    assert.throws(() => writer.view(), AssertionError);
    writer.end();
    assert.throws(() => writer.end(), AssertionError);
    assert.throws(() => writer.rewind(9), AssertionError);
  });

  test("ber/ber-writer: a reset writer begins anew, also after a large message", () => {
    const writer = new BerWriter(8);
    writer.append(Buffer.alloc(2_000_000));
    writer.reset();
    assert.equal(writer.length, 0);
    writer.writeInteger(1);
    assert.deepEqual(writer.view(), hex("02 01 01"));
  });
});
