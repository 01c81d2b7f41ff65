// Lines of a log as bytes: what is written is what the same text, joined as a string, would be in UTF-8.
import { assert } from "chai";
import { LineBuffer } from "../../../src/log/line-buffer.ts";

const written = (write: (buffer: LineBuffer) => void): string => {
  const buffer = new LineBuffer();
  write(buffer);
  return buffer.view().toString("utf8");
};

suite("log/line-buffer", () => {
  const texts = [
    "",
    "conn=",
    "é",
    "a€b",
    "😀",
    "\ud800",
    "x".repeat(64),
    "x".repeat(65),
    "x".repeat(9_000),
  ];
  for (const text of texts) {
    test(`log/line-buffer: ${JSON.stringify(text.slice(0, 8))} of ${text.length} characters becomes UTF-8`, () => {
      assert.equal(
        written((buffer) => buffer.text("<").text(text).text(">")),
        Buffer.from(`<${text}>`).toString("utf8"),
      );
    });
  }

  const numbers: readonly (readonly [value: number, digitsMin: number, expected: string])[] = [
    [0, 1, "0"],
    [9, 1, "9"],
    [10, 1, "10"],
    [7, 3, "007"],
    [1_234, 3, "1234"],
    [0, 9, "000000000"],
    [999_999_999, 9, "999999999"],
    [2 ** 31 - 1, 1, "2147483647"],
    [2 ** 31, 1, "2147483648"],
    [2 ** 32 + 5, 12, "004294967301"],
    [Number.MAX_SAFE_INTEGER, 1, "9007199254740991"],
  ];
  for (const [value, digitsMin, expected] of numbers) {
    test(`log/line-buffer: ${value} with at least ${digitsMin} digits is ${expected}`, () => {
      assert.equal(
        written((buffer) => buffer.number(value, digitsMin)),
        expected,
      );
    });
  }

  const letters = Uint8Array.from({ length: 128 }, (_, code) => (code >= 0x61 ? 1 : 0));
  const judged: readonly (readonly [text: string, isWritten: boolean])[] = [
    ["", true],
    ["abc", true],
    ["abC", false],
    ["ab\u00e9", false],
    ["ab\u0161", false],
    ["a".repeat(64), true],
    ["a".repeat(65), false],
  ];
  for (const [text, isWritten] of judged) {
    test(`log/line-buffer: ${JSON.stringify(text.slice(0, 8))} of ${text.length} is ${isWritten ? "" : "not "}written as allowed characters`, () => {
      const expected = isWritten ? `<${text}` : "<";
      const asText = written((buffer) =>
        assert.equal(buffer.text("<").characters(text, letters), isWritten),
      );
      const asBytes = written((buffer) =>
        assert.equal(buffer.text("<").octets(Buffer.from(text), letters), isWritten),
      );
      assert.deepEqual([asText, asBytes], [expected, expected]);
    });
  }

  test("log/line-buffer: bytes are written as they are, and what was written can be taken back", () => {
    const text = written((buffer) => {
      buffer.text("one ").raw(Buffer.from("two"));
      const { length } = buffer;
      buffer.text("three").rewind(length);
      assert.throws(() => buffer.rewind(length + 1));
    });
    assert.equal(text, "one two");
  });

  test("log/line-buffer: what is no whole number is a defect", () => {
    for (const value of [-1, 0.5, Number.NaN, Infinity]) {
      assert.throws(() => new LineBuffer().number(value));
    }
  });

  test("log/line-buffer: lines follow one another, and a reset begins anew", () => {
    const buffer = new LineBuffer();
    for (let i = 0; i < 3; i += 1) buffer.text("line ").number(i).endLine();
    assert.equal(buffer.view().toString(), "line 0\nline 1\nline 2\n");
    buffer.reset(0);
    assert.equal(buffer.length, 0);
    buffer.text("again").endLine();
    assert.equal(buffer.view().toString(), "again\n");
  });
});
