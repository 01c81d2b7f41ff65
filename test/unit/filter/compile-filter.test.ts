// Matching: three-valued logic (RFC 4511 §4.5.1.7), rules, options, subtypes, rights. T is TRUE, F is FALSE, U Undefined.
import { assert } from "chai";
import { compileFilter, parseFilter } from "../../../src/filter/index.ts";
import { PlainEntry } from "../../support/plain-entry.ts";
import { loadShippedSchema } from "../schema/shipped-schema.ts";

const schema = loadShippedSchema();

const entry = new PlainEntry(schema, "uid=ann+employeeNumber=7,ou=Sales,dc=example,dc=com", {
  objectClass: ["top", "person", "organizationalPerson", "inetOrgPerson"],
  uid: ["ann"],
  cn: ["Ann  Bell", "Anna"],
  "cn;lang-de": ["Anne Glocke"],
  sn: ["Bell"],
  mail: ["Ann@Example.com"],
  employeeNumber: ["7"],
  telephoneNumber: ["+49 30 1234-567"],
  uidNumber: ["1007"],
  description: ["wire 01", "Alpha"],
  manager: ["uid=Boss, ou=People,dc=example,dc=com"],
  jpegPhoto: [Buffer.of(1, 2, 3)],
  createTimestamp: ["20240102030405Z"],
  nsDS5ReplicaRoot: ["dc=Example, dc=com"],
  "nsslapd-pluginEnabled": ["On"],
});

type Letter = "T" | "F" | "U";
const LETTERS = new Map<boolean | undefined, Letter>([
  [true, "T"],
  [false, "F"],
  [undefined, "U"],
]);

const cases: [filter: string, expected: Letter][] = [
  // equality
  ["(cn=ann bell)", "T"],
  ["(cn=ANN   BELL )", "T"],
  ["(cn=ann)", "F"],
  ["(cn=anne glocke)", "T"],
  ["(uid=Ann)", "T"],
  ["(userid=ann)", "T"],
  ["(0.9.2342.19200300.100.1.1=ann)", "T"],
  ["(mail=ann@example.COM)", "T"],
  ["(telephoneNumber=+49301234567)", "T"],
  ["(uidNumber=1007)", "T"],
  ["(uidNumber=abc)", "U"],
  ["(!(uidNumber=abc))", "U"],
  ["(manager=uid=boss,ou=people,dc=EXAMPLE,dc=com)", "T"],
  ["(objectClass=PERSON)", "T"],
  ["(objectClass=2.5.6.6)", "T"],
  ["(objectClass=groupOfNames)", "F"],
  ["(createTimestamp=20240102030405.0Z)", "T"],
  // unknown, absent, without a rule
  ["(noSuchAttribute=x)", "U"],
  ["(!(noSuchAttribute=x))", "U"],
  ["(noSuchAttribute=*)", "U"],
  ["(title=x)", "F"],
  ["(!(title=x))", "T"],
  ["(jpegPhoto=\\01\\02\\03)", "U"],
  ["(jpegPhoto=*)", "T"],
  ["(nsDS5ReplicaRoot=DC=example,DC=com)", "T"],
  ["(nsslapd-pluginEnabled=on)", "T"],
  // present
  ["(cn=*)", "T"],
  ["(title=*)", "F"],
  ["(objectClass=*)", "T"],
  // options and subtypes
  ["(cn;lang-de=anne glocke)", "T"],
  ["(cn;LANG-DE=anne glocke)", "T"],
  ["(cn;lang-de=ann bell)", "F"],
  ["(cn;lang-en=*)", "F"],
  ["(name=bell)", "T"],
  ["(name=anne*)", "T"],
  // substrings
  ["(cn=ann*)", "T"],
  ["(cn=*BELL)", "T"],
  ["(cn=a*n*b*l)", "T"],
  ["(description=alp*pha)", "F"],
  ["(description=al*pha)", "T"],
  ["(description=wire* 01)", "T"],
  ["(description=*lph*)", "T"],
  ["(description=a*l*p*h*a)", "T"],
  ["(description=a*a*a)", "F"],
  ["(telephoneNumber=+49*567)", "T"],
  ["(uidNumber=10*)", "U"],
  ["(title=a*)", "F"],
  // ordering
  ["(uidNumber>=1007)", "T"],
  ["(uidNumber>=1008)", "F"],
  ["(uidNumber<=1008)", "T"],
  ["(uidNumber>=9)", "T"],
  ["(sn>=BELK)", "T"],
  ["(sn<=belk)", "F"],
  ["(cn>=anna)", "T"],
  ["(createTimestamp>=20240101000000Z)", "T"],
  ["(createTimestamp<=20240101000000Z)", "F"],
  ["(jpegPhoto>=a)", "U"],
  // approximate
  ["(cn~=ann bell)", "T"],
  ["(cn~=zoe)", "F"],
  // extensible
  ["(cn:=ann bell)", "T"],
  ["(cn:caseExactMatch:=Ann Bell)", "T"],
  ["(cn:caseExactMatch:=ann bell)", "F"],
  ["(cn:2.5.13.5:=Ann Bell)", "T"],
  ["(cn:noSuchRule:=x)", "U"],
  ["(cn:integerMatch:=7)", "U"],
  ["(:caseExactMatch:=Bell)", "T"],
  ["(:caseExactMatch:=bell)", "F"],
  ["(:noSuchRule:=x)", "U"],
  ["(ou:=sales)", "F"],
  ["(ou:dn:=sales)", "T"],
  ["(:dn:caseIgnoreMatch:=sales)", "T"],
  ["(:dn:caseExactMatch:=sales)", "F"],
  ["(employeeNumber:dn:=7)", "T"],
  ["(cn:caseIgnoreSubstringsMatch:=an\\2abell)", "T"],
  ["(cn:caseIgnoreSubstringsMatch:=bell)", "U"],
  ["(cn:caseIgnoreSubstringsMatch:=\\2a\\2a)", "U"],
  ["(uidNumber:integerOrderingMatch:=1008)", "T"],
  ["(uidNumber:integerOrderingMatch:=1007)", "F"],
  ["(uidNumber:1.2.840.113556.1.4.803:=7)", "T"],
  ["(uidNumber:1.2.840.113556.1.4.803:=24)", "F"],
  ["(uidNumber:1.2.840.113556.1.4.804:=24)", "T"],
  ["(uidNumber:1.2.840.113556.1.4.804:=16)", "F"],
  ["(cn:1.2.840.113556.1.4.803:=1)", "U"],
  ["(noSuchAttribute:caseExactMatch:=x)", "U"],
  // combinations
  ["(&)", "T"],
  ["(|)", "F"],
  ["(!(&))", "F"],
  ["(&(cn=anna)(sn=bell))", "T"],
  ["(&(cn=anna)(noSuch=x))", "U"],
  ["(&(cn=zoe)(noSuch=x))", "F"],
  ["(|(cn=anna)(noSuch=x))", "T"],
  ["(|(cn=zoe)(noSuch=x))", "U"],
  ["(!(|(cn=zoe)(noSuch=x)))", "U"],
  ["(|(uid=a)(uid=b)(uid=c)(uid=d)(uid=ANN))", "T"],
  ["(|(uid=a)(uid=b)(uid=c)(uid=d)(uid=e))", "F"],
  ["(|(uidNumber=1)(uidNumber=2)(uidNumber=x)(uidNumber=3)(uidNumber=4))", "U"],
  ["(|(uidNumber=1)(uidNumber=2)(uidNumber=x)(uidNumber=3)(uidNumber=1007))", "T"],
  ["(|(noSuch=1)(noSuch=2)(noSuch=3)(noSuch=4)(noSuch=5))", "U"],
  ["(|(cn=x)(sn=x)(cn=y)(cn=z)(cn=anna)(sn=y))", "T"],
];

suite("filter/compile-filter", () => {
  for (const [text, expected] of cases) {
    test(`filter/compile-filter: ${text} is ${expected}`, () => {
      const matcher = compileFilter(parseFilter(text), schema);
      assert.equal(LETTERS.get(matcher.matches(entry)), expected);
    });
  }

  const hidden = new Set(["sn", "title"]);
  const withRights: [filter: string, expected: Letter][] = [
    ["(sn=bell)", "U"],
    ["(!(sn=bell))", "U"],
    ["(!(sn=other))", "U"],
    ["(sn=*)", "U"],
    ["(sn>=a)", "U"],
    ["(sn=b*)", "U"],
    ["(sn:=bell)", "U"],
    ["(sn:caseExactMatch:=Bell)", "U"],
    ["(|(sn=bell)(cn=anna))", "T"],
    ["(&(sn=bell)(cn=zoe))", "F"],
    ["(cn=anna)", "T"],
    ["(name=bell)", "U"],
    ["(!(name=other))", "U"],
    ["(name=anna)", "T"],
    ["(cn;lang-de=*)", "T"],
    [":caseExactMatch:=Bell", "U"],
    [":caseExactMatch:=Anna", "T"],
    ["(noSuch=x)", "U"],
  ];
  for (const [text, expected] of withRights) {
    test(`filter/compile-filter: without search right on sn, ${text} is ${expected}`, () => {
      const matcher = compileFilter(parseFilter(text), schema, {
        maySearch: (_, type) => !hidden.has(type.key),
      });
      assert.equal(LETTERS.get(matcher.matches(entry)), expected);
    });
  }

  test("filter/compile-filter: types without a definition are directory strings when asked for", () => {
    const server = new PlainEntry(schema, "cn=userRoot,cn=config", {
      "nsslapd-backend": ["userRoot"],
    });
    const options = { undefinedTypes: "directoryString" } as const;
    const matches = (text: string): boolean | undefined =>
      compileFilter(parseFilter(text), schema, options).matches(server);
    assert.isTrue(matches("(nsslapd-backend=USERroot)"));
    assert.isTrue(matches("(nsslapd-backend=*)"));
    assert.isFalse(matches("(nsslapd-backend=other)"));
    assert.isFalse(matches("(noSuchAttribute=x)"));
    assert.isUndefined(
      compileFilter(parseFilter("(nsslapd-backend=userRoot)"), schema).matches(server),
    );
  });

  test("filter/compile-filter: what the server makes of an unknown filter choice is Undefined", () => {
    const filter = {
      type: "extensible",
      rule: "",
      attribute: undefined,
      value: Buffer.alloc(0),
      dnAttributes: false,
    } as const;
    assert.isUndefined(compileFilter(filter, schema).matches(entry));
  });

  test("filter/compile-filter: attributes and rules that are no names are Undefined", () => {
    for (const attribute of ["", ";", "c n", "\ud800", "cn;", "a".repeat(10_000)]) {
      const filter = { type: "equality", attribute, value: Buffer.from("x") } as const;
      assert.notEqual(compileFilter(filter, schema).matches(entry), true, attribute.slice(0, 10));
    }
  });

  test("filter/compile-filter: a filter with many pieces or members costs in proportion", () => {
    const pieces = `(description=${"*a".repeat(50_000)}*)`;
    assert.isFalse(compileFilter(parseFilter(pieces), schema).matches(entry));
    const members = Array.from({ length: 50_000 }, (_, i) => `(uid=u${i})`).join("");
    assert.isFalse(compileFilter(parseFilter(`(|${members})`), schema).matches(entry));
  });
});
