// Each rule: values that match, values that do not, what does not fit.
import { assert } from "chai";
import type { MatchingRule } from "../../../src/schema/index.ts";
import { loadShippedSchema } from "./shipped-schema.ts";

const schema = loadShippedSchema();
const rule = (name: string): MatchingRule => schema.findMatchingRule(name)!;
const form = (name: string, value: string): string | undefined =>
  rule(name).normalize(Buffer.from(value))?.toString("latin1");

const equality: Readonly<
  Record<string, { same?: [string, string][]; differ?: [string, string][]; unfit?: string[] }>
> = {
  caseIgnoreMatch: { same: [["A  b", "a B"]], differ: [["ab", "a b"]] },
  caseExactMatch: { same: [["A  b", " A b"]], differ: [["A", "a"]] },
  caseIgnoreIA5Match: { same: [["A@B", "a@b"]], differ: [["a", "b"]] },
  caseExactIA5Match: { same: [["A  b", "A b"]], differ: [["A", "a"]] },
  numericStringMatch: { same: [["1 23", "12 3"]], differ: [["12", "21"]] },
  telephoneNumberMatch: { same: [["+1 555-12", "+155512"]], differ: [["1", "2"]] },
  caseIgnoreListMatch: {
    same: [
      ["A$b", "a$B"],
      ["a\\24b", "A\\24B"],
      ["1234 Main St.$Anytown", "1234 MAIN  st. $ anytown"],
    ],
    differ: [
      ["a$b", "ab"],
      ["a$b", "a\\24b"],
      ["a$", "a"],
    ],
  },
  booleanMatch: { same: [["TRUE", "true"]], differ: [["TRUE", "FALSE"]], unfit: ["yes", ""] },
  integerMatch: { same: [["12", "12"]], differ: [["1", "-1"]], unfit: ["01", "x", ""] },
  bitStringMatch: { same: [["'01'B", "'01'B"]], differ: [["'01'B", "'010'B"]], unfit: ["01"] },
  octetStringMatch: { same: [["a", "a"]], differ: [["a", "A"]] },
  generalizedTimeMatch: {
    same: [["20240101120000Z", "202401011300+01"]],
    differ: [["20240101120000Z", "20240101120001Z"]],
    unfit: ["today"],
  },
  UUIDMatch: {
    same: [["597AE2F6-16a6-1027-98f4-d28b5365dc14", "597ae2f6-16A6-1027-98f4-d28b5365dc14"]],
    unfit: ["x"],
  },
  objectIdentifierMatch: {
    same: [
      ["2.5.6.6", "PERSON"],
      ["inetOrgPerson", " 2.16.840.1.113730.3.2.2 "],
      ["commonName", "2.5.4.3"],
      ["caseIgnoreMatch", "2.5.13.2"],
      ["1.2.3.4.5.6", "1.2.3.4.5.6"],
      ["locality", "2.5.6.3"],
    ],
    differ: [["person", "top"]],
    unfit: ["noSuchName", ""],
  },
  distinguishedNameMatch: {
    same: [
      ["CN=A+SN=b, O=X", "sn=B + commonName=a,organizationname=x"],
      ["OID.2.5.4.3=a", "cn=A"],
      ["", " "],
      ["telephoneNumber=1-2", "2.5.4.20=12"],
      ["uniqueIdentifierless=A", "UNIQUEIDENTIFIERLESS=a"],
    ],
    differ: [["cn=a,o=x", "cn=a\\,o\\=x"]],
    unfit: ["x", "cn=a,"],
  },
  uniqueMemberMatch: {
    same: [["CN=a#'01'B", "cn=A#'01'B"]],
    differ: [
      ["cn=a#'01'B", "cn=a"],
      ["cn=a#'01'B", "cn=a\\#'01'B"],
    ],
    unfit: ["x"],
  },
  integerFirstComponentMatch: { same: [["( 5 NAME 'x' )", "5"]], differ: [["( 5 )", "6"]] },
  objectIdentifierFirstComponentMatch: {
    same: [
      ["( 2.5.4.3 NAME 'cn' )", "cn"],
      ["(2.5.4.3)", "2.5.4.3"],
      ["( 2.5.13.2 NAME 'caseIgnoreMatch' )", "caseIgnoreMatch"],
    ],
    differ: [["( 2.5.4.3 NAME 'cn' )", "sn"]],
    unfit: ["nosuch"],
  },
  directoryStringFirstComponentMatch: { same: [["( Abc x )", "aBC"]] },
  presentationAddressMatch: { same: [["A", "a"]] },
  certificateExactMatch: { same: [["0x", "0x"]] },
  authPasswordExactMatch: { same: [["MD5 $ a $ b", "MD5$a$b"]], unfit: ["MD5"] },
};

suite("schema/matching-rules", () => {
  for (const [name, { same = [], differ = [], unfit = [] }] of Object.entries(equality)) {
    test(`schema/matching-rules: ${name} decides the pairs of the table`, () => {
      assert.equal(rule(name).kind, "equality");
      for (const [a, b] of same) {
        assert.isString(form(name, a), a);
        assert.equal(form(name, a), form(name, b), `${a} = ${b}`);
      }
      for (const [a, b] of differ) assert.notEqual(form(name, a), form(name, b), `${a} ≠ ${b}`);
      for (const value of unfit) assert.isUndefined(form(name, value), value);
    });
  }

  test("schema/matching-rules: substrings of lists do not span lines", () => {
    const { normalize, normalizePart } = rule("caseIgnoreListSubstringsMatch");
    const target = normalize(Buffer.from("Main St$Any Town"))!;
    assert.isTrue(target.includes(normalizePart(Buffer.from("any  t"), "any")!));
    assert.isFalse(target.includes(normalizePart(Buffer.from("st any"), "any")!));
    assert.isFalse(target.includes(normalizePart(Buffer.from("st$any"), "any")!));
  });

  test("schema/matching-rules: the final part ` 01` is found behind the initial part `wire`", () => {
    const { normalize, normalizePart } = rule("caseIgnoreSubstringsMatch");
    const target = normalize(Buffer.from("Wire 01"))!.toString();
    const initial = normalizePart(Buffer.from("wire"), "initial")!.toString();
    const final = normalizePart(Buffer.from(" 01"), "final")!.toString();
    assert.isTrue(target.startsWith(initial) && target.endsWith(final));
    assert.isAtMost(initial.length + final.length, target.length);
    const both = normalizePart(Buffer.from("wire "), "initial")!.toString();
    assert.isTrue(target.startsWith(both));
    assert.isAtMost(both.length + final.length, target.length);
  });

  const bits: readonly (readonly [
    name: string,
    value: string,
    mask: string,
    result: boolean | undefined,
  ])[] = [
    ["1.2.840.113556.1.4.803", "7", "5", true],
    ["1.2.840.113556.1.4.803", "7", "9", false],
    ["1.2.840.113556.1.4.803", "7", "0", true],
    ["1.2.840.113556.1.4.804", "7", "9", true],
    ["1.2.840.113556.1.4.804", "6", "9", false],
    ["1.2.840.113556.1.4.804", "6", "0", false],
    ["1.2.840.113556.1.4.803", "-1", "18446744073709551616", true],
    ["1.2.840.113556.1.4.803", "x", "1", false],
    ["1.2.840.113556.1.4.803", "1", "x", undefined],
  ];
  for (const [name, value, mask, result] of bits) {
    test(`schema/matching-rules: ${name.slice(-3)} of ${value} and ${mask} is ${String(result)}`, () => {
      assert.strictEqual(rule(name).matches!(Buffer.from(value), Buffer.from(mask)), result);
    });
  }

  test("schema/matching-rules: wordMatch finds whole words", () => {
    const { matches } = rule("wordMatch");
    assert.isTrue(matches!(Buffer.from("Ann Lee-Smith"), Buffer.from("LEE")));
    assert.isFalse(matches!(Buffer.from("Ann Leeds"), Buffer.from("Lee")));
  });

  test("schema/matching-rules: every rule has one name, one OID and a known syntax", () => {
    const rules = schema.matchingRules();
    assert.equal(new Set(rules.map((one) => one.oid)).size, rules.length);
    assert.equal(new Set(rules.map((one) => one.name)).size, rules.length);
    for (const one of rules) assert.isDefined(schema.findSyntax(one.syntax), one.name);
    assert.isFalse(rules.some((one) => one.name === "spaceInsensitiveMatch"));
  });
});
