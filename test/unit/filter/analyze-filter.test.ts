import { assert } from "chai";
import { filterAttributes, namesObjectClass, parseFilter } from "../../../src/filter/index.ts";

const named: [text: string, expected: boolean][] = [
  ["(objectClass=ldapSubEntry)", true],
  ["(OBJECTCLASS=LDAPSUBENTRY)", true],
  ["(2.5.4.0=ldapsubentry)", true],
  ["(|(objectclass=*)(objectclass=ldapsubentry))", true],
  ["(&(cn=a)(!(objectclass=ldapsubentry)))", true],
  ["(objectclass=*)", false],
  ["(objectclass=ldapsubentry*)", false],
  ["(cn=ldapsubentry)", false],
  ["(objectclass=person)", false],
  ["(objectclass:=ldapsubentry)", false],
];

suite("filter/analyze-filter", () => {
  for (const [text, expected] of named) {
    const fact = expected ? "names" : "does not name";
    test(`filter/analyze-filter: ${text} ${fact} ldapsubentry`, () => {
      assert.equal(namesObjectClass(parseFilter(text), "ldapsubentry"), expected);
    });
  }

  test("filter/analyze-filter: every attribute of a filter is found once", () => {
    const filter = parseFilter(
      "(&(cn=a)(|(CN=b)(sn>=c)(sn<=c)(mail~=d))(!(uid=*))(x;lang-de=a*)(o:dn:=e)(:1.2:=f))",
    );
    assert.deepEqual([...filterAttributes(filter)], ["cn", "sn", "mail", "uid", "x;lang-de", "o"]);
  });
});
