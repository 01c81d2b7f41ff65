// The string form of filters (RFC 4515 §3, RFC 4526) and its errors.
import { assert } from "chai";
import { FilterSyntaxError, formatFilter, parseFilter } from "../../../src/filter/index.ts";

/** Text and the text that formatFilter makes of it: the parts are seen in their canonical places. */
const texts: [text: string, formatted?: string][] = [
  // RFC 4515 §4
  ["(cn=Babs Jensen)"],
  ["(!(cn=Tim Howes))"],
  ["(&(objectClass=Person)(|(sn=Jensen)(cn=Babs J*)))"],
  ["(o=univ*of*mich*)"],
  ["(seeAlso=)"],
  ["(cn:caseExactMatch:=Fred Flintstone)"],
  ["(cn:=Betty Rubble)"],
  ["(sn:dn:2.4.6.8.10:=Barney Rubble)"],
  ["(o:dn:=Ace Industry)"],
  ["(:1.2.3:=Wilma Flintstone)"],
  ["(:DN:2.4.6.8.10:=Dino)", "(:dn:2.4.6.8.10:=Dino)"],
  ["(o=Parens R Us \\28for all your parenthetical needs\\29)"],
  ["(cn=*\\2A*)", "(cn=*\\2a*)"],
  ["(filename=C:\\5cMyFile)"],
  ["(bin=\\00\\00\\00\\04)"],
  ["(sn=Lu\\c4\\8di\\c4\\87)", "(sn=Lučić)"],
  ["(1.3.6.1.4.1.1466.0=\\04\\02\\48\\69)", "(1.3.6.1.4.1.1466.0=\\04\\02Hi)"],
  // RFC 4526
  ["(&)"],
  ["(|)"],
  // more of the grammar
  ["(cn=*)"],
  ["(cn=a*)"],
  ["(cn=*a)"],
  ["(cn=*a*)"],
  ["(cn=a*b*c*d)"],
  ["(cn= a )"],
  ["(cn>=a)"],
  ["(cn<=a)"],
  ["(cn~=a)"],
  ["(cn>=)"],
  ["(cn==a)"],
  ["(cn=<a>)"],
  ["(cn=\\ff)"],
  ["(cn=a\\ffb)"],
  ["(cn;lang-de;x-a=a)"],
  ["(cn;lang-de:dn:caseIgnoreMatch:=a)"],
  ["(2.5.4.3=a)"],
  ["(ns_odd-name=a)"],
  // what administrators write
  ["cn=a", "(cn=a)"],
  ["  (cn=a)  ", "(cn=a)"],
  ["(& (cn=a) (sn=b) )", "(&(cn=a)(sn=b))"],
  ["( | (cn=a)\n\t(sn=b))", "(|(cn=a)(sn=b))"],
  ["(! (cn=a) )", "(!(cn=a))"],
];

const errors: [text: string, offset: number, message: RegExp][] = [
  ["", 0, /expected an attribute/],
  ["()", 1, /expected an attribute/],
  ["(cn=a", 5, /expected \)/],
  ["(cn=a))", 6, /expected the end/],
  ["cn=a)", 4, /expected the end/],
  ["(cn=a)(sn=b)", 6, /expected the end/],
  ["(!)", 2, /expected \(/],
  ["(!(cn=a)(sn=b))", 8, /expected \)/],
  ["(&cn=a)", 2, /expected \)/],
  ["(cn)", 3, /expected =/],
  ["(cn>a)", 4, /expected =/],
  ["(cn=a\\zz)", 5, /two hexadecimal digits/],
  ["(cn=a\\2)", 5, /two hexadecimal digits/],
  ["(cn=a\\*)", 5, /two hexadecimal digits/],
  ["(cn=a\\", 5, /two hexadecimal digits/],
  ["(cn=a(b)", 5, /\\28/],
  ["(cn=a\0b)", 5, /\\00/],
  ["(cn=**)", 5, /empty piece/],
  ["(cn=a**b)", 6, /empty piece/],
  ["(cn>=a*)", 6, /\\2a/],
  ["(cn:=a*)", 6, /\\2a/],
  ["(:=a)", 1, /attribute or a matching rule/],
  ["(:dn:=a)", 1, /attribute or a matching rule/],
  ["(cn:dn:dn:dn:=a)", 10, /expected dn/],
  ["(cn:a:b:=x)", 6, /expected dn/],
  ["(cn:a=x)", 5, /expected :/],
  ["(cn;=a)", 1, /attribute option/],
  ["(cn;x;=a)", 1, /attribute option/],
  ["(-a=x)", 1, /attribute name/],
  ["(1.2.=x)", 1, /attribute name/],
  ["(c n=x)", 2, /expected =/],
];

suite("filter/parse-filter", () => {
  for (const [text, formatted = text] of texts) {
    test(`filter/parse-filter: ${JSON.stringify(text)} is read and written again`, () => {
      const filter = parseFilter(text);
      assert.equal(formatFilter(filter), formatted);
      assert.deepEqual(parseFilter(formatted), filter);
    });
  }

  for (const [text, offset, message] of errors) {
    test(`filter/parse-filter: ${JSON.stringify(text)} is refused at ${offset}`, () => {
      try {
        parseFilter(text);
      } catch (error) {
        if (!(error instanceof FilterSyntaxError)) throw error;
        assert.match(error.message, message);
        assert.equal(error.offset, offset);
        return;
      }
      assert.fail("it was read");
    });
  }

  test("filter/parse-filter: pieces of a substring filter keep their places", () => {
    assert.deepEqual(parseFilter("(cn=a*b*c)"), {
      type: "substrings",
      attribute: "cn",
      initial: Buffer.from("a"),
      any: [Buffer.from("b")],
      final: Buffer.from("c"),
    });
  });

  test("filter/parse-filter: nesting is limited, and a deep text costs no more than its limit", () => {
    const nested = (depth: number): string => `${"(!".repeat(depth)}(cn=a)${")".repeat(depth)}`;
    parseFilter(nested(40));
    assert.throws(() => parseFilter(nested(41)), FilterSyntaxError, /too deep/);
    assert.throws(() => parseFilter(nested(100_000)), FilterSyntaxError, /too deep/);
    parseFilter(nested(100), { depthMax: 100 });
    assert.throws(() => parseFilter("(&)", { depthMax: 0 }), FilterSyntaxError, /too deep/);
    assert.throws(() => parseFilter(" ".repeat(1_000_001)), FilterSyntaxError, /too long/);
  });
});
