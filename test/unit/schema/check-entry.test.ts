// Entries against the schema; codes and texts as seen on 389 DS 2.3.1, apart from single values (19 here, 65 there).
import { assert } from "chai";
import { LdapError } from "../../../src/protocol/index.ts";
import { checkEntry, type CheckOptions, expandObjectClasses } from "../../../src/schema/index.ts";
import { loadShippedSchema } from "./shipped-schema.ts";

const schema = loadShippedSchema();

/** Empty when the entry passes, else code and text. */
function check(entry: Readonly<Record<string, string | string[]>>, options?: CheckOptions): string {
  const attributes = Object.entries(entry).map(([name, values]) => ({
    description: { type: schema.attributeType(name) },
    values: [values].flat().map((value) => Buffer.from(value)),
  }));
  try {
    checkEntry(schema, attributes, options);
    return "";
  } catch (error) {
    assert.instanceOf(error, LdapError);
    return `${(error as LdapError).code} ${(error as LdapError).message}`;
  }
}

const person = { objectClass: ["top", "person"], cn: "a", sn: "b" };

const table: readonly (readonly [
  title: string,
  entry: Readonly<Record<string, string | string[]>>,
  result: string,
])[] = [
  ["a person", person, ""],
  [
    "a missing attribute",
    { objectClass: "person", cn: "a" },
    '65 missing attribute "sn" required by object class "person"',
  ],
  [
    "an attribute without values is missing",
    { objectClass: "person", cn: "a", sn: [] },
    '65 missing attribute "sn" required by object class "person"',
  ],
  [
    "an attribute that no class allows",
    { ...person, mail: "x" },
    '65 attribute "mail" not allowed',
  ],
  ["an unknown attribute", { ...person, nosuch: "x" }, '65 attribute "nosuch" not allowed'],
  [
    "an unknown class",
    { objectClass: ["top", "nosuchclass"], cn: "a" },
    '65 unknown object class "nosuchclass"',
  ],
  ["no class", { cn: "a" }, '65 missing required attribute "objectclass"'],
  ["a class by OID", { ...person, objectClass: "2.5.6.6" }, ""],
  [
    "two unrelated structural classes",
    { objectClass: ["person", "organizationalUnit"], cn: "a", sn: "b", ou: "c" },
    "",
  ],
  ["an auxiliary class alone", { objectClass: "posixGroup", cn: "a", gidNumber: "1" }, ""],
  ["an abstract class alone", { objectClass: "top" }, ""],
  ["top allows nothing else", { objectClass: "top", cn: "a" }, '65 attribute "cn" not allowed'],
  [
    "extensibleObject allows everything",
    { objectClass: "extensibleObject", cn: "a", nosuch: "b" },
    "",
  ],
  [
    "extensibleObject does not waive what a class requires",
    { objectClass: ["extensibleObject", "person"], cn: "a" },
    '65 missing attribute "sn" required by object class "person"',
  ],
  [
    "operational attributes are allowed everywhere",
    { ...person, createTimestamp: "20240101000000Z", nsAccountLock: "true" },
    "",
  ],
  ["a group without members", { objectClass: "groupOfNames", cn: "a" }, ""],
  ["a unique group without members", { objectClass: "groupOfUniqueNames", cn: "a" }, ""],
  ["a subentry", { objectClass: "ldapSubentry", cn: "a" }, ""],
  [
    "two values of a single-valued type",
    { objectClass: "inetOrgPerson", cn: "a", sn: "b", employeeNumber: ["1", "2"] },
    '65 single-valued attribute "employeeNumber" has multiple values',
  ],
  [
    "a value against its syntax",
    { objectClass: "inetOrgPerson", cn: "a", sn: "b", manager: ["cn=x", "nodn"] },
    "21 manager: value #1 invalid per syntax",
  ],
  ["an empty directory string", { ...person, sn: "" }, "21 sn: value #0 invalid per syntax"],
];

suite("schema/check-entry", () => {
  for (const [title, entry, result] of table) {
    test(`schema/check-entry: ${title}${result === "" ? " passes" : ""}`, () => {
      assert.equal(check(entry), result);
    });
  }

  test("schema/check-entry: both checks can be switched off", () => {
    assert.equal(
      check({ objectClass: "nosuch", cn: "" }, { schemaCheck: false, syntaxCheck: false }),
      "",
    );
    assert.equal(check({ ...person, sn: "" }, { syntaxCheck: false }), "");
    assert.equal(check({ cn: "" }, { schemaCheck: false }), "21 cn: value #0 invalid per syntax");
  });

  const expansions: readonly (readonly [given: string[], expanded: string[]])[] = [
    [["inetOrgPerson"], ["inetOrgPerson", "organizationalPerson", "person", "top"]],
    [
      ["PERSON", "Top"],
      ["PERSON", "Top"],
    ],
    [["posixGroup"], ["posixGroup", "top"]],
    [["2.5.6.6"], ["2.5.6.6", "top"]],
    [
      ["nsRoleDefinition", "nosuch", "person"],
      ["nsRoleDefinition", "nosuch", "person", "ldapSubEntry", "top"],
    ],
    [["nosuch"], ["nosuch"]],
    [[], []],
  ];
  for (const [given, expanded] of expansions) {
    test(`schema/check-entry: ${given.join(" ")} expands to ${expanded.join(" ")}`, () => {
      const values = expandObjectClasses(
        schema,
        given.map((name) => Buffer.from(name)),
      );
      assert.deepEqual(values.map(String), expanded);
    });
  }
});
