// String forms of RFC 4514 and of its predecessors, and what is no DN.
import { assert } from "chai";
import { type Dn, DnSyntaxError, formatDn, parseDn, parseRdn } from "../../../src/dn/index.ts";

/** `type=text` of every assertion: RDNs by ` | `, assertions by ` & `. */
const show = (dn: Dn): string =>
  dn
    .map((rdn) => rdn.map((ava) => `${ava.type}=${ava.value.toString("utf8")}`).join(" & "))
    .join(" | ");

const accepted: readonly (readonly [text: string, shown: string, formatted?: string])[] = [
  ["", ""],
  ["   ", "", ""],
  ["UID=jsmith,DC=example,DC=net", "UID=jsmith | DC=example | DC=net"],
  ["OU=Sales+CN=J.  Smith,DC=example", "OU=Sales & CN=J.  Smith | DC=example"],
  ["cn = a , o = b + ou = c ", "cn=a | o=b & ou=c", "cn=a,o=b+ou=c"],
  ["cn=a;o=b", "cn=a | o=b", "cn=a,o=b"],
  ['CN=James \\"Jim\\" Smith\\, III,DC=x', 'CN=James "Jim" Smith, III | DC=x'],
  ["CN=Before\\0dAfter,DC=x", "CN=Before\rAfter | DC=x"],
  ["CN=Lu\\C4\\8Di\\C4\\87", "CN=Lučić", "CN=Lučić"],
  ["cn=#04024869", "cn=Hi", "cn=Hi"],
  ["1.3.6.1.4.1.1466.0=#04024869", "1.3.6.1.4.1.1466.0=Hi", "1.3.6.1.4.1.1466.0=Hi"],
  ["2.5.4.3=#1E0400E4263A", "2.5.4.3=ä☺", "2.5.4.3=ä☺"],
  ["cn=#0101ff", "cn=TRUE", "cn=TRUE"],
  ["cn=#0202ff7f", "cn=-129", "cn=-129"],
  ["cn=#1401e4", "cn=ä", "cn=ä"],
  ["cn=#1c040001f600", "cn=😀", "cn=😀"],
  ["OID.2.5.4.3=x", "2.5.4.3=x", "2.5.4.3=x"],
  ["oid.0.9.2342=x", "0.9.2342=x", "0.9.2342=x"],
  ['cn="a, b=c" , o=x', "cn=a, b=c | o=x", "cn=a\\, b=c,o=x"],
  ['cn="say \\"hi\\""', 'cn=say "hi"', 'cn=say \\"hi\\"'],
  ['cn=""', "cn=", "cn="],
  ["cn=", "cn="],
  ["cn=,o=x", "cn= | o=x"],
  ["cn=a=b", "cn=a=b"],
  ["cn=a\\=b", "cn=a=b", "cn=a=b"],
  ["cn=a#b", "cn=a#b"],
  ["cn=\\#a", "cn=#a"],
  ["cn=\\ a\\ ", "cn= a "],
  ["cn=\\20a\\20", "cn= a ", "cn=\\ a\\ "],
  ["cn=a\\ ", "cn=a "],
  ["cn=a \\  ", "cn=a  ", "cn=a \\ "],
  ["cn=\\ ", "cn= "],
  ["cn=\\00", "cn=\0"],
  ["cn=a\\2Cb", "cn=a,b", "cn=a\\,b"],
  ["cn=a\\+b\\;c\\<d\\>e\\\\f", "cn=a+b;c<d>e\\f"],
  ["cn=漢字,o=é", "cn=漢字 | o=é"],
  ["a-1=x", "a-1=x"],
];

const refused: readonly (readonly [text: string, offset: number])[] = [
  ["nodn", 4],
  ["=x", 0],
  ["cn=a,", 5],
  [",cn=a", 0],
  ["cn=a,,o=b", 5],
  ["cn=a+", 5],
  ["cn=a,o", 6],
  ["uid;x=y", 3],
  ["a_b=x", 1],
  ["-a=x", 0],
  ["1.=x", 2],
  ["1..2=x", 2],
  ["01.2=x", 2],
  ["OID.cn=x", 4],
  ["cn=#", 4],
  ["cn=#04", 6],
  ["cn=#0402", 8],
  ["cn=#040248696a", 14],
  ["cn=#3000", 8],
  ["cn=#zz", 4],
  ["cn=#04024869x", 12],
  ['cn="a', 5],
  ['cn="a"b', 6],
  ['cn=a"b', 4],
  ["cn=a<b", 4],
  ["cn=a>b", 4],
  ["cn=a\0b", 4],
  ["cn=a\\", 5],
  ["cn=a\\z", 5],
  ["cn=a\\4", 6],
  ["cn=a\\4g", 6],
];

suite("dn/parse-dn", () => {
  for (const [text, shown, formatted] of accepted) {
    test(`dn/parse-dn: ${JSON.stringify(text)} is ${JSON.stringify(shown)}`, () => {
      const dn = parseDn(text);
      assert.equal(show(dn), shown);
      assert.equal(formatDn(dn), formatted ?? text);
    });
  }

  for (const [text, offset] of refused) {
    test(`dn/parse-dn: ${JSON.stringify(text)} is refused at ${offset}`, () => {
      let error: unknown;
      try {
        parseDn(text);
      } catch (thrown) {
        error = thrown;
      }
      assert.instanceOf(error, DnSyntaxError);
      assert.equal((error as DnSyntaxError).offset, offset);
    });
  }

  test("dn/parse-dn: bytes that are not UTF-8 survive as hex pairs", () => {
    const dn = parseDn("cn=a\\ff\\, b\\20");
    assert.equal(dn[0]![0]!.value.toString("hex"), "61ff2c206220");
    assert.equal(formatDn(dn), "cn=a\\ff\\, b\\ ");
  });

  test("dn/parse-dn: a DN of 1,000 RDNs passes and one more is refused", () => {
    assert.lengthOf(parseDn(Array(1000).fill("cn=a").join(",")), 1000);
    assert.throws(
      () => parseDn(Array(1001).fill("cn=a").join(",")),
      DnSyntaxError,
      "too many RDNs",
    );
  });

  test("dn/parse-dn: an RDN of 100 values passes and one more is refused", () => {
    assert.lengthOf(parseRdn(Array(100).fill("cn=a").join("+")), 100);
    assert.throws(
      () => parseRdn(Array(101).fill("cn=a").join("+")),
      DnSyntaxError,
      "too many values",
    );
  });

  test("dn/parse-dn: an RDN is a single one", () => {
    assert.lengthOf(parseRdn("cn=a + ou=b"), 2);
    assert.throws(() => parseRdn("cn=a,o=b"), DnSyntaxError);
    assert.throws(() => parseRdn(""), DnSyntaxError);
  });
});
