// Ordering keys of integers and times, bytes by hand.
import { assert } from "chai";
import { isInteger, normalInteger } from "../../../src/schema/normal-integer.ts";
import { isGeneralizedTime, normalTime } from "../../../src/schema/normal-time.ts";

suite("schema/normal-integer", () => {
  const keys: readonly (readonly [value: string, key: string])[] = [
    ["0", "80"],
    ["7", "8170"],
    ["42", "8242"],
    ["123", "831230"],
    ["-7", "7e8f"],
    ["-123", "7cedcf"],
    ["9".repeat(126), `fe${"9".repeat(126)}`],
    ["9".repeat(127), `ff0000007f${"9".repeat(127)}0`],
  ];
  for (const [value, key] of keys) {
    test(`schema/normal-integer: the key of ${value.slice(0, 12)} is ${key.slice(0, 20)}`, () => {
      assert.equal(normalInteger(Buffer.from(value))?.toString("hex"), key);
    });
  }

  test("schema/normal-integer: zeros in front, blanks, signs and the empty value are no INTEGER", () => {
    for (const value of ["", "-", "-0", "00", "01", "-01", "+1", " 1", "1 ", "1.0", "0x1", "a"]) {
      assert.isFalse(isInteger(Buffer.from(value)), value);
      assert.isUndefined(normalInteger(Buffer.from(value)));
    }
  });
});

suite("schema/normal-time", () => {
  const keys: readonly (readonly [value: string, key: string])[] = [
    ["20240229123456Z", "20240229123456"],
    ["202402291234Z", "20240229123400"],
    ["2024022912Z", "20240229120000"],
    ["2024022912.5Z", "20240229123000"],
    ["2024022912,25Z", "20240229121500"],
    ["202402291234.5Z", "20240229123430"],
    ["2024022912.0001Z", "20240229120000.36"],
    ["20240229123456.250Z", "20240229123456.25"],
    ["20240229123456.000Z", "20240229123456"],
    ["20240101003000+0130", "20231231230000"],
    ["20231231233000-01", "20240101003000"],
    ["20240301000000+0001", "20240229235900"],
    ["20161231235960Z", "20161231235960"],
    ["20170101005960+01", "20161231235960"],
  ];
  for (const [value, key] of keys) {
    test(`schema/normal-time: ${value} is the instant ${key}`, () => {
      assert.equal(normalTime(Buffer.from(value))?.toString(), key);
    });
  }

  test("schema/normal-time: what is no time of the calendar or has no zone is refused", () => {
    const refused = [
      "",
      "20240229123456",
      "20240230123456Z",
      "20230229123456Z",
      "20241301000000Z",
      "20240001000000Z",
      "20240100000000Z",
      "2024010124Z",
      "202401012360Z",
      "20240101235961Z",
      "20240101Z",
      "20240101120000z",
      "20240101120000.Z",
      "20240101120000Zx",
      "20240101120000+",
      "20240101120000+1",
      "20240101120000+01000",
      "20240101120000+2400",
      `20240101120000.${"1".repeat(101)}Z`,
    ];
    for (const value of refused) {
      assert.isFalse(isGeneralizedTime(Buffer.from(value)), value);
      assert.isUndefined(normalTime(Buffer.from(value)), value);
    }
  });

  test("schema/normal-time: an instant outside the years 0 to 9999 has no key", () => {
    assert.isTrue(isGeneralizedTime(Buffer.from("00000101000000+01")));
    assert.isUndefined(normalTime(Buffer.from("00000101000000+01")));
    assert.isUndefined(normalTime(Buffer.from("99991231235959-01")));
  });
});
