// Modifications of the subschema entry; codes and texts marked in the table were seen on 389 DS 2.3.1.
import { assert } from "chai";
import { LdapError, type Mod, type ModOperation } from "../../../src/protocol/index.ts";
import {
  type ChangeOptions,
  formatAttributeType,
  formatObjectClass,
  isUserDefinedElement,
  type Schema,
} from "../../../src/schema/index.ts";
import { loadShippedSchema } from "./shipped-schema.ts";

const S15 = "SYNTAX 1.3.6.1.4.1.1466.115.121.1.15";
const AT = "attributeTypes";
const OC = "objectClasses";
type Step = readonly [operation: ModOperation, type: string, ...values: string[]];

const mods = (...steps: readonly Step[]): Mod[] =>
  steps.map(([operation, type, ...values]) => ({
    operation,
    type,
    values: values.map((value) => Buffer.from(value)),
  }));

const shipped = loadShippedSchema();
const base = shipped.with(
  mods(
    ["add", AT, `( 9.1.1 NAME 'tA' ${S15} )`, `( 9.1.2 NAME 'tB' ${S15} X-ORIGIN 'mine' )`],
    ["add", OC, "( 9.2.1 NAME 'oA' SUP top AUXILIARY MUST tA MAY ( tB $ cn ) )"],
    ["add", AT, `( 9.1.3 NAME 'tC' ${S15} )`, "( 9.1.4 NAME 'tD' SUP tC )"],
    ["add", OC, "( 9.2.2 NAME 'oB' SUP oA AUXILIARY )"],
  ),
);

/** What the schema then says of `name`, or code and text of the error. */
function change(steps: readonly Step[], name: string, options: ChangeOptions = {}): string {
  let schema: Schema;
  try {
    schema = base.with(mods(...steps), options);
  } catch (error) {
    assert.instanceOf(error, LdapError);
    return `${(error as LdapError).code} ${(error as LdapError).message}`;
  }
  const type = schema.findAttributeType(name);
  if (type !== undefined) return formatAttributeType(type);
  const objectClass = schema.findObjectClass(name);
  return objectClass === undefined ? "absent" : formatObjectClass(objectClass);
}

const USER = "X-ORIGIN 'user defined'";

const table: readonly (readonly [
  title: string,
  steps: readonly Step[],
  name: string,
  result: string,
])[] = [
  [
    "an added type is marked user defined",
    [["add", AT, `( 9.9 NAME 'n' ${S15} )`]],
    "n",
    `( 9.9 NAME 'n' ${S15} ${USER} )`,
  ],
  [
    "an origin is kept beside it",
    [["add", AT, `( 9.9 NAME 'n' ${S15} X-FOO 'b' X-ORIGIN ( 'a' 'b' ) )`]],
    "n",
    `( 9.9 NAME 'n' ${S15} X-FOO 'b' X-ORIGIN ( 'a' 'b' 'user defined' ) )`,
  ],
  [
    "OID None becomes name-oid",
    [["add", AT, `( None NAME 'n' ${S15} )`]],
    "n",
    `( n-oid NAME 'n' ${S15} ${USER} )`,
  ],
  [
    "another word becomes name-oid too",
    [["add", AT, `( foo NAME 'n' ${S15} )`]],
    "n",
    `( n-oid NAME 'n' ${S15} ${USER} )`,
  ],
  [
    "name-oid is kept",
    [["add", AT, `( n-oid NAME 'n' ${S15} )`]],
    "n",
    `( n-oid NAME 'n' ${S15} ${USER} )`,
  ],
  [
    "OID None of a class",
    [["add", OC, "( None NAME 'n' SUP oA AUXILIARY )"]],
    "n",
    `( n-oid NAME 'n' SUP oA AUXILIARY ${USER} )`,
  ],
  [
    "OID and name of an existing type replace it",
    [["add", AT, `( 9.1.1 NAME ( 'tA' 'alias' ) DESC 'new' ${S15} )`]],
    "alias",
    `( 9.1.1 NAME ( 'tA' 'alias' ) DESC 'new' ${S15} ${USER} )`,
  ],
  [
    "delete and add replace a type that a class uses",
    [
      ["delete", AT, "( 9.1.1 NAME 'tA' )"],
      ["add", AT, `( 9.1.1 NAME 'tA' DESC 'x' ${S15} )`],
    ],
    "tA",
    `( 9.1.1 NAME 'tA' DESC 'x' ${S15} ${USER} )`,
  ],
  [
    "a name with another OID",
    [["add", AT, `( 9.9 NAME 'tA' ${S15} )`]],
    "",
    `20 attribute type tA: Does not match the OID "9.9". Another attribute type is already using the name or OID.`,
  ],
  [
    "an OID with another name",
    [["add", AT, `( 9.1.1 NAME 'tZ' ${S15} )`]],
    "",
    `20 attribute type tZ: Does not match the OID "9.1.1". Another attribute type is already using the name or OID.`,
  ],
  [
    "a class name with another OID",
    [["add", OC, "( 9.9 NAME 'oA' )"]],
    "",
    `20 object class oA: The name does not match the OID "9.9". Another object class is already using the name or OID.`,
  ],
  [
    "an unknown syntax",
    [["add", AT, "( 9.9 NAME 'n' SYNTAX 9.9.9.9 )"]],
    "",
    `21 attribute type n: Unknown attribute syntax OID "9.9.9.9"`,
  ],
  [
    "no syntax",
    [["add", AT, "( 9.9 NAME 'n' )"]],
    "",
    "21 attribute type n: Missing attribute syntax OID",
  ],
  [
    "no such superior",
    [["add", AT, "( 9.9 NAME 'n' SUP nosuch )"]],
    "",
    "21 attribute type n: Missing parent attribute syntax OID",
  ],
  [
    "an unknown rule is taken",
    [["add", AT, `( 9.9 NAME 'n' EQUALITY noMatch ${S15} )`]],
    "n",
    `( 9.9 NAME 'n' EQUALITY noMatch ${S15} ${USER} )`,
  ],
  [
    "garbage",
    [["add", AT, "garbage"]],
    "",
    "21 attribute type garbage: Failed to parse attribute, error(3 - Missing opening parenthesis) at (garbage)",
  ],
  [
    "garbage as a class",
    [["add", OC, "garbage"]],
    "",
    "21 object class garbage: Failed to parse objectclass, error(3) at (garbage)",
  ],
  [
    "no name",
    [["add", AT, `( 9.9 ${S15} )`]],
    "",
    `21 attribute type ( 9.9 ${S15} ): Missing or invalid attribute name`,
  ],
  [
    "a name with an underscore",
    [["add", AT, `( 9.9 NAME 'n_m' ${S15} )`]],
    "",
    `21 attribute type n_m: The name contains the invalid character "_"`,
  ],
  [
    "a class that allows an unknown type",
    [["add", OC, "( 9.9 NAME 'n' MAY nosuch )"]],
    "",
    `21 object class n: Unknown allowed attribute type "nosuch"`,
  ],
  [
    "a class that requires an unknown type",
    [["add", OC, "( 9.9 NAME 'n' MUST nosuch )"]],
    "",
    `21 object class n: Unknown required attribute type "nosuch"`,
  ],
  [
    "a class below an unknown one",
    [["add", OC, "( 9.9 NAME 'n' SUP nosuch )"]],
    "",
    `20 object class n: Superior object class "nosuch" does not exist`,
  ],
  [
    "a class before the type that it uses",
    [
      ["add", OC, "( 9.8 NAME 'n' MAY m )"],
      ["add", AT, `( 9.9 NAME 'm' ${S15} )`],
    ],
    "n",
    `( 9.8 NAME 'n' STRUCTURAL MAY m ${USER} )`,
  ],
  [
    "a class with two superiors",
    [["add", OC, "( 9.8 NAME 'n' SUP ( oA $ uidObject ) AUXILIARY )"]],
    "n",
    `( 9.8 NAME 'n' SUP ( oA $ uidObject ) AUXILIARY ${USER} )`,
  ],
  [
    "delete by name, whatever else the value says",
    [["delete", AT, `( 9.7.7 NAME 'TD' DESC 'x' ${S15} )`]],
    "tD",
    "absent",
  ],
  ["delete by OID where the value has no name", [["delete", AT, "( 9.1.4 )"]], "tD", "absent"],
  [
    "delete of a required type",
    [["delete", AT, "( 9.1.1 NAME 'tA' )"]],
    "",
    "53 attribute type ta: Is included in the MUST list for object class oA.  Cannot delete.",
  ],
  [
    "delete of an allowed type",
    [["delete", AT, "( 9.1.2 NAME 'tB' )"]],
    "",
    "53 attribute type tb: Is included in the MAY list for object class oA.  Cannot delete.",
  ],
  [
    "delete of a superior",
    [["delete", AT, "( 9.1.3 NAME 'tC' )"]],
    "",
    "53 attribute type tc: Is the superior of attribute type tD.  Cannot delete.",
  ],
  [
    "delete of a superior class",
    [["delete", OC, "( 9.2.1 NAME 'oA' )"]],
    "",
    "53 object class oA: Cannot delete an object class which has child object classes",
  ],
  [
    "delete of types together with their classes",
    [
      ["delete", AT, "( 9.1.1 NAME 'tA' )"],
      ["delete", OC, "( 9.2.1 NAME 'oA' )", "( 9.2.2 NAME 'oB' )"],
    ],
    "oA",
    "absent",
  ],
  [
    "delete of a standard type",
    [["delete", AT, "( 2.5.4.3 NAME 'cn' )"]],
    "",
    "53 attribute type cn: Cannot delete a standard attribute type",
  ],
  [
    "delete of a standard class",
    [["delete", OC, "( 2.5.6.20 NAME 'dmd' )"]],
    "",
    "53 object class dmd: Cannot delete a standard object class",
  ],
  [
    "delete of something unknown",
    [["delete", AT, `( 9.7 NAME 'unknownX' ${S15} )`]],
    "",
    "16 attribute type unknownx: Is unknown.  Cannot delete.",
  ],
  [
    "delete of an unknown class",
    [["delete", OC, "( 9.7 NAME 'unknownX' )"]],
    "",
    "16 object class unknownx: Is unknown.  Cannot delete.",
  ],
  [
    "delete without values",
    [["delete", AT]],
    "",
    "53 attributeTypes: No target attribute type or object class specified",
  ],
  [
    "replace",
    [["replace", AT, `( 9.1.1 NAME 'tA' ${S15} )`]],
    "",
    "53 attributeTypes: Replace is not allowed on the subschema subentry",
  ],
  ["increment", [["increment", AT, "1"]], "", "53 attributeTypes: Increment is not allowed"],
  [
    "another attribute",
    [["add", "ldapSyntaxes", "( 9.9 )"]],
    "",
    "53 ldapSyntaxes: Only object classes and attribute types may be added",
  ],
  [
    "delete of another attribute",
    [["delete", "matchingRules"]],
    "",
    "53 matchingRules: No target attribute type or object class specified",
  ],
];

suite("schema/change-definitions", () => {
  for (const [title, steps, name, result] of table) {
    test(`schema/change-definitions: ${title}`, () => {
      assert.equal(change(steps, name), result);
    });
  }

  test("schema/change-definitions: the schema that is changed stays as it is", () => {
    const before = shipped.attributeTypes().length;
    shipped.with(mods(["add", AT, `( 9.9 NAME 'n' ${S15} )`]));
    assert.equal(shipped.attributeTypes().length, before);
    assert.isUndefined(shipped.findAttributeType("n"));
  });

  test("schema/change-definitions: a supplier's replace keeps standard definitions and drops the user's", () => {
    const options = { replaceAllowed: true };
    const step: Step = [
      "replace",
      AT,
      `( 2.5.4.3 NAME 'cn' ${S15} )`,
      "( 9.9 NAME 'n' SUP name )",
      `( 9.1.1 NAME 'tA' ${S15} )`,
      `( 9.1.2 NAME 'tB' ${S15} )`,
    ];
    assert.equal(
      change([step], "n", options),
      `( 9.9 NAME 'n' SUP name EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch ${S15} ${USER} )`,
    );
    assert.equal(change([step], "tC", options), "absent");
    assert.equal(change([step], "cn", options), formatAttributeType(shipped.attributeType("cn")));
    const changed: Step = ["replace", AT, `( 2.5.4.3 NAME 'cn' ${S15} ${USER} )`, ...step.slice(3)];
    assert.equal(change([changed], "cn", options), `( 2.5.4.3 NAME 'cn' ${S15} ${USER} )`);
  });

  test("schema/change-definitions: what came over LDAP can be told apart", () => {
    const own = base.attributeTypes().filter(isUserDefinedElement);
    assert.deepEqual(
      own.map((type) => type.name),
      ["tA", "tB", "tC", "tD"],
    );
  });
});
