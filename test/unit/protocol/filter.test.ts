// Filters by bytes (RFC 4511 §4.5.1.7).
import { assert } from "chai";
import { BerError, BerReader, BerWriter } from "../../../src/ber/index.ts";
import type { Filter } from "../../../src/protocol/index.ts";
import { UNDEFINED_FILTER, readFilter, writeFilter } from "../../../src/protocol/index.ts";
import { hex } from "../../support/codec-case.ts";
import { element } from "../../support/naive-ber.ts";

const bytes = (text: string): Buffer => Buffer.from(text);
const none = { initial: undefined, any: [], final: undefined };
const extensible = { rule: undefined, attribute: undefined, dnAttributes: false };

const FILTERS: readonly [what: string, bytes: string, filter: Filter][] = [
  ["(&)", "a0 00", { type: "and", filters: [] }],
  ["(|)", "a1 00", { type: "or", filters: [] }],
  ["(cn=*)", "87 02 636e", { type: "present", attribute: "cn" }],
  ["(!(cn=*))", "a2 04 87 02 636e", { type: "not", filter: { type: "present", attribute: "cn" } }],
  ["(cn=)", "a3 06 04 02 636e 04 00", { type: "equality", attribute: "cn", value: bytes("") }],
  [
    "(cn>=a)",
    "a5 07 04 02 636e 04 01 61",
    { type: "greaterOrEqual", attribute: "cn", value: bytes("a") },
  ],
  [
    "(cn<=a)",
    "a6 07 04 02 636e 04 01 61",
    { type: "lessOrEqual", attribute: "cn", value: bytes("a") },
  ],
  ["(cn~=a)", "a8 07 04 02 636e 04 01 61", { type: "approx", attribute: "cn", value: bytes("a") }],
  [
    "(cn=a*b*c*d)",
    "a4 12 04 02 636e 30 0c 80 01 61 81 01 62 81 01 63 82 01 64",
    {
      type: "substrings",
      attribute: "cn",
      initial: bytes("a"),
      any: [bytes("b"), bytes("c")],
      final: bytes("d"),
    },
  ],
  [
    "(cn=*a)",
    "a4 09 04 02 636e 30 03 82 01 61",
    { type: "substrings", attribute: "cn", ...none, final: bytes("a") },
  ],
  [
    "(cn:=a)",
    "a9 07 82 02 636e 83 01 61",
    { type: "extensible", ...extensible, attribute: "cn", value: bytes("a") },
  ],
  [
    "(:dn:1.2:=a)",
    "a9 0b 81 03 312e32 83 01 61 84 01 ff",
    { type: "extensible", ...extensible, rule: "1.2", value: bytes("a"), dnAttributes: true },
  ],
  [
    "(&(a=*)(|(b=*)))",
    "a0 08 87 01 61 a1 03 87 01 62",
    {
      type: "and",
      filters: [
        { type: "present", attribute: "a" },
        { type: "or", filters: [{ type: "present", attribute: "b" }] },
      ],
    },
  ],
];

const REFUSED: readonly [what: string, bytes: string][] = [
  ["a universal tag", "04 01 61"],
  ["an application tag", "63 00"],
  ["a long context tag", "bf 21 00"],
  ["substrings without pieces", "a4 06 04 02 636e 30 00"],
  ["an empty piece", "a4 08 04 02 636e 30 02 81 00"],
  ["two initial pieces", "a4 0c 04 02 636e 30 06 80 01 61 80 01 62"],
  ["an initial piece behind another", "a4 0c 04 02 636e 30 06 81 01 61 80 01 62"],
  ["two final pieces", "a4 0c 04 02 636e 30 06 82 01 61 82 01 62"],
  ["a piece behind the final one", "a4 0c 04 02 636e 30 06 82 01 61 81 01 62"],
  ["an unknown piece", "a4 09 04 02 636e 30 03 83 01 61"],
  ["extensible without rule and type", "a9 03 83 01 61"],
  ["extensible without value", "a9 04 82 02 636e"],
  ["an assertion with a third part", "a3 08 04 02 636e 04 00 04 00"],
  ["a constructed present", "67 02 04 00"],
];

suite("protocol/filter", () => {
  for (const [what, octets, filter] of FILTERS) {
    test(`protocol/filter: ${what} travels both ways`, () => {
      assert.deepEqual(readFilter(new BerReader(hex(octets)), 40), filter);
      const writer = new BerWriter(8);
      writeFilter(writer, filter);
      assert.deepEqual(writer.view(), hex(octets));
    });

    test(`protocol/filter: no part of ${what} is a filter`, () => {
      const whole = hex(octets);
      for (let length = 0; length < whole.length; length += 1) {
        assert.throws(() => readFilter(new BerReader(whole.subarray(0, length)), 40), BerError);
      }
    });
  }

  for (const [what, octets] of REFUSED) {
    test(`protocol/filter: ${what} is refused`, () => {
      assert.throws(() => readFilter(new BerReader(hex(octets)), 40), BerError);
    });
  }

  for (const octets of ["aa 02 05 00", "8b 00", "be 01 ff", "80 01 00"]) {
    test(`protocol/filter: the unknown choice ${octets} is Undefined`, () => {
      assert.deepEqual(readFilter(new BerReader(hex(octets)), 40), UNDEFINED_FILTER);
      const list = element(0xa0, Buffer.concat([hex(octets), hex("87 01 61")]));
      assert.deepEqual(readFilter(new BerReader(list), 40), {
        type: "and",
        filters: [UNDEFINED_FILTER, { type: "present", attribute: "a" }],
      });
    });
  }
});
