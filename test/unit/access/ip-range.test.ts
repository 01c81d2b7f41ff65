import { assert } from "chai";
import { isInRange, parseAddress, parseIpRange } from "../../../src/access/ip-range.ts";

const cases: [range: string, address: string, expected: boolean][] = [
  ["127.0.0.1", "127.0.0.1", true],
  ["127.0.0.1", "127.0.0.2", false],
  ["127.*", "127.1.2.3", true],
  ["127.0.*", "127.1.0.0", false],
  ["127.0.0", "127.0.0.9", true],
  ["127.0.0.0/8", "127.9.9.9", true],
  ["127.0.0.0/8", "128.0.0.0", false],
  ["10.1.0.0/15", "10.0.0.1", true],
  ["10.0.0.0/0", "1.2.3.4", true],
  ["10.0.0.1/32", "10.0.0.2", false],
  ["127.0.0.0+255.0.0.0", "127.3.2.1", true],
  ["127.0.0.0+255.255.255.0", "127.3.2.1", false],
  ["*", "::1", true],
  ["::1", "::1", true],
  ["::1", "::2", false],
  ["::1", "127.0.0.1", false],
  ["2001:db8::/32", "2001:db8:1::9", true],
  ["2001:db8::/32", "2001:db9::", false],
  ["2001:db8:0:0:0:0:0:1", "2001:db8::1", true],
  ["fe80::/10", "fe80::1%eth0", true],
  ["127.0.0.1", "::ffff:127.0.0.1", true],
  ["::ffff:127.0.0.1", "127.0.0.1", true],
];

suite("access/ip-range", () => {
  for (const [text, addressText, expected] of cases) {
    const fact = expected ? "contains" : "does not contain";
    test(`access/ip-range: ${text} ${fact} ${addressText}`, () => {
      const range = parseIpRange(text);
      const address = parseAddress(addressText);
      assert.isDefined(range);
      assert.isDefined(address);
      if (range === undefined || address === undefined) return;
      assert.equal(isInRange(range, address), expected);
    });
  }

  for (const text of [
    "",
    "x",
    "1.2.3.4.5",
    "256.1.1.1",
    "1..2",
    "1.2.3.4/33",
    "1.2.3.4/",
    "1.2.3.4/x",
    "1.2.3.4+::",
    "1.2.3.4+",
    "1:2:3:4:5:6:7",
    "1::2::3",
    "1:2:3:4:5:6:7:8:9",
    ":::",
    "12345::",
    "::/129",
    "1.2.3.4.*",
    "*.1",
    "::1.2.3",
    "1:2:3:4:5:6:7::8",
  ]) {
    test(`access/ip-range: "${text}" is no range`, () => {
      assert.isUndefined(parseIpRange(text));
    });
  }
});
