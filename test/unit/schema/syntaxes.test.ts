// Values that conform to each syntax, and values that do not.
import { assert } from "chai";
import { allSyntaxes, findSyntax } from "../../../src/schema/syntaxes.ts";
import { SYNTAX } from "../../../src/schema/syntax-oids.ts";

const table: Readonly<
  Record<string, { readonly good: readonly string[]; readonly bad: readonly string[] }>
> = {
  attributeTypeDescription: { good: ["( 1.2 NAME 'x' )"], bad: ["x", ""] },
  bitString: { good: ["'0101'B", "''B"], bad: ["0101", "'0102'B", "'01'b", "'01'", ""] },
  boolean: { good: ["TRUE", "FALSE"], bad: ["true", "T", "", "TRUE "] },
  certificate: { good: ["0\u0003"], bad: ["x", ""] },
  countryString: { good: ["DE", "us"], bad: ["D", "DEU", "D*", ""] },
  dn: { good: ["", "cn=a,dc=b", "cn=a+sn=b"], bad: ["a", "cn=a,,dc=b"] },
  deliveryMethod: { good: ["any", "mhs $ telex"], bad: ["", "mail", "any $"] },
  directoryString: { good: ["a", " ", "ä"], bad: [""] },
  facsimileTelephoneNumber: {
    good: ["+1 555", "+1 555$twoDimensional$fineResolution"],
    bad: ["", "+1$frob", "*"],
  },
  generalizedTime: { good: ["20240101000000Z", "2024010100+01"], bad: ["now", "20240101000000"] },
  ia5String: { good: ["", "a@b"], bad: ["ä"] },
  integer: { good: ["0", "-1", "123456789012345678901234567890"], bad: ["", "01", "-0", "1a"] },
  nameAndOptionalUid: {
    good: ["cn=a", "cn=a#'01'B", "#'0'B", "cn=a\\#b"],
    bad: ["x", "x#'01'B"],
  },
  numericString: { good: ["1 2 3", " "], bad: ["", "1a"] },
  oid: { good: ["cn", "a-1", "1.2.3", "0.9"], bad: ["", "1", "1.", "1..2", "01.2", "a b", "-a"] },
  otherMailbox: { good: ["smtp$a@b"], bad: ["a", "$a"] },
  octetString: { good: ["", "\0ÿ"], bad: [] },
  postalAddress: { good: ["a$b$c", "a\\24b\\5Cc", "a$$b"], bad: ["", "a\\b"] },
  printableString: { good: ["a-Z 0'()+,-./:=?"], bad: ["", "a_b", "ä", "a@b"] },
  telephoneNumber: { good: ["+1 555"], bad: ["", "+1*2"] },
  teletexTerminalIdentifier: { good: ["a", "a$graphic:x$misc:"], bad: ["", "a$frob:x"] },
  telexNumber: { good: ["1$de$x"], bad: ["1$de", "1$de$"] },
  utcTime: { good: ["2401010000Z", "240101000000+0100"], bad: ["24010100Z", "241301000000Z"] },
  uuid: {
    good: ["597ae2f6-16a6-1027-98f4-D28B5365DC14"],
    bad: ["597ae2f6-16a6-1027-98f4-d28b5365dc1", "597ae2f6-16a6-1027-98f4-d28b5365dc1g"],
  },
  nisNetgroupTriple: { good: ["(a,b,c)", "(,,)"], bad: ["a,b,c", "(a,b)"] },
  bootParameter: { good: ["root=server:/x"], bad: ["root", "=a:b"] },
  authPassword: { good: ["MD5$salt$value"], bad: ["MD5$x", "md5$a$b"] },
};

suite("schema/syntaxes", () => {
  for (const [name, { good, bad }] of Object.entries(table)) {
    const oid = Object.entries(SYNTAX).find(([key]) => key === name)![1];
    test(`schema/syntaxes: ${name} takes and refuses the values of the table`, () => {
      const syntax = findSyntax(oid)!;
      for (const value of good) assert.isUndefined(syntax.check(Buffer.from(value)), value);
      for (const value of bad) {
        assert.isString(syntax.check(Buffer.from(value)), JSON.stringify(value));
      }
    });
  }

  test("schema/syntaxes: a directory string must be UTF-8", () => {
    const syntax = findSyntax(SYNTAX.directoryString)!;
    for (const value of ["ff", "c080", "eda080"]) {
      assert.isString(syntax.check(Buffer.from(value, "hex")));
    }
  });

  test("schema/syntaxes: every OID of the list is a syntax and no OID comes twice", () => {
    for (const oid of Object.values(SYNTAX)) assert.isDefined(findSyntax(oid), oid);
    const oids = allSyntaxes().map((syntax) => syntax.oid);
    assert.equal(new Set(oids).size, oids.length);
  });
});
