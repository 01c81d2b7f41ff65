// Look-ups, inheritance, implied rules, normal DNs, on the shipped schema.
import { assert } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DnSyntaxError, parseRdn } from "../../../src/dn/index.ts";
import { LdapError, ResultCode } from "../../../src/protocol/index.ts";
import {
  type AttributeType,
  formatAttributeType,
  formatObjectClass,
  isBelow,
  loadSchema,
  normalDepth,
  normalParent,
  rdnKey,
  readSchemaLdif,
} from "../../../src/schema/index.ts";
import { loadShippedSchema, SCHEMA_FOLDER, schemaFiles } from "./shipped-schema.ts";

const schema = loadShippedSchema();
const type = (name: string): AttributeType => schema.attributeType(name);

/** The rules of a type; those in parentheses are implied. */
function rules(name: string): string {
  const found = type(name);
  const show = (rule: { name: string } | undefined, implied: boolean): string =>
    implied ? `(${rule?.name ?? ""})` : rule!.name;
  return [
    show(found.equality, found.equalityImplied),
    show(found.ordering, found.orderingImplied),
    show(found.substring, found.substringImplied),
  ].join(" ");
}

suite("schema/schema", () => {
  test("schema/schema: names, aliases and OIDs in any case lead to one type", () => {
    for (const name of ["cn", "CN", "commonName", "COMMONNAME", "2.5.4.3"]) {
      assert.strictEqual(schema.findAttributeType(name), type("cn"));
    }
    assert.include(type("CommonName"), { name: "cn", key: "cn", oid: "2.5.4.3", defined: true });
    assert.isUndefined(schema.findAttributeType("nosuch"));
    assert.strictEqual(schema.findObjectClass("2.5.6.6"), schema.findObjectClass("PERSON"));
    assert.isUndefined(schema.findObjectClass("nosuch"));
    assert.isUndefined(schema.findMatchingRule("nosuch"));
    assert.isUndefined(schema.findSyntax("1.2"));
  });

  test("schema/schema: an unknown type is a case-ignoring string, one object per name", () => {
    const unknown = type("noSuchType");
    assert.include(unknown, {
      name: "noSuchType",
      key: "nosuchtype",
      defined: false,
      singleValue: false,
      operational: false,
    });
    assert.strictEqual(type("NOSUCHTYPE"), unknown);
    assert.equal(unknown.normalize(Buffer.from(" A  B ")).toString(), "a b");
    assert.equal(unknown.syntax.name, "Directory String");
  });

  test("schema/schema: subtypes follow SUP", () => {
    assert.isTrue(schema.isSubtype(type("cn"), type("name")));
    assert.isTrue(schema.isSubtype(type("cn"), type("cn")));
    assert.isFalse(schema.isSubtype(type("name"), type("cn")));
    const names = schema.subtypes(type("name")).map((one) => one.name);
    assert.includeMembers(names, ["name", "cn", "sn", "givenName", "c-ou"]);
    assert.notInclude(names, "uid");
    assert.deepEqual([...schema.subtypes(type("nosuch"))], [type("nosuch")]);
  });

  const expectedRules: readonly (readonly [name: string, rules: string])[] = [
    ["cn", "caseIgnoreMatch (caseIgnoreOrderingMatch) caseIgnoreSubstringsMatch"],
    ["c", "caseIgnoreMatch (caseIgnoreOrderingMatch) caseIgnoreSubstringsMatch"],
    ["uidNumber", "integerMatch (integerOrderingMatch) ()"],
    ["homeDirectory", "caseExactIA5Match (caseExactOrderingMatch) ()"],
    ["createTimestamp", "generalizedTimeMatch generalizedTimeOrderingMatch ()"],
    ["member", "distinguishedNameMatch () ()"],
    ["userPassword", "octetStringMatch (octetStringOrderingMatch) ()"],
    ["nsUniqueId", "(caseIgnoreMatch) (caseIgnoreOrderingMatch) (caseIgnoreSubstringsMatch)"],
    ["nsDS5ReplicaRoot", "(distinguishedNameMatch) () ()"],
    ["entryid", "caseIgnoreMatch (caseIgnoreOrderingMatch) ()"],
    ["parentid", "integerMatch (integerOrderingMatch) ()"],
    ["objectClass", "objectIdentifierMatch () ()"],
    ["jpegPhoto", "(octetStringMatch) (octetStringOrderingMatch) ()"],
    ["passwordExpirationTime", "(generalizedTimeMatch) (generalizedTimeOrderingMatch) ()"],
  ];
  for (const [name, expected] of expectedRules) {
    test(`schema/schema: ${name} has ${expected}`, () => {
      assert.equal(rules(name), expected);
    });
  }

  test("schema/schema: a value that does not fit its rule is its own normal form", () => {
    assert.equal(type("uidNumber").normalize(Buffer.from("007")).toString(), "007");
    assert.equal(type("member").normalize(Buffer.from("No DN")).toString(), "No DN");
    assert.equal(
      type("objectClass").normalize(Buffer.from("noSuchClass")).toString(),
      "nosuchclass",
    );
    assert.equal(type("cn").normalize(Buffer.of(0xff)).toString("hex"), "ff");
  });

  test("schema/schema: a class has what its superiors have", () => {
    const inetOrgPerson = schema.findObjectClass("inetOrgPerson")!;
    assert.sameMembers(
      inetOrgPerson.must.map((one) => one.key),
      ["objectclass", "cn", "sn"],
    );
    const may = inetOrgPerson.may.map((one) => one.key);
    assert.includeMembers(may, ["title", "seealso", "mail"]);
    assert.notInclude(may, "cn");
    assert.deepEqual(
      inetOrgPerson.superiors.map((one) => one.key),
      ["organizationalperson", "person", "top"],
    );
  });

  for (const file of schemaFiles()) {
    test(`schema/schema: ${file} has definitions and says where they are from`, () => {
      const text = readFileSync(join(SCHEMA_FOLDER, file), "utf8");
      const { attributeTypes, objectClasses } = readSchemaLdif(text);
      assert.match(text, /^# \w/);
      assert.isAbove(attributeTypes.length + objectClasses.length, 0);
      for (const definition of [...attributeTypes, ...objectClasses]) {
        assert.include(definition, "X-ORIGIN");
      }
    });
  }

  test("schema/schema: formatted definitions load to the same schema", () => {
    const again = loadSchema([
      {
        attributeTypes: schema.attributeTypes().map(formatAttributeType),
        objectClasses: schema.objectClasses().map(formatObjectClass),
      },
    ]);
    assert.deepEqual(
      again.attributeTypes().map(formatAttributeType),
      schema.attributeTypes().map(formatAttributeType),
    );
    assert.deepEqual(
      again.objectClasses().map(formatObjectClass),
      schema.objectClasses().map(formatObjectClass),
    );
  });

  test("schema/schema: the classes that dsconf and dsidm create exist", () => {
    const names =
      "domain organization organizationalUnit nsContainer ldapSubentry groupOfNames groupOfUniqueNames nsMemberOf posixGroup posixAccount nsPerson nsAccount nsOrgPerson person inetOrgPerson inetUser netscapeServer applicationProcess nsSimpleRoleDefinition nsComplexRoleDefinition nsManagedRoleDefinition nsFilteredRoleDefinition nsNestedRoleDefinition cosTemplate cosSuperDefinition cosPointerDefinition cosClassicDefinition passwordPolicy extensibleObject nsIndex nsBackendInstance nsMappingTree nsds5Replica nsds5replicationagreement nsAttributeEncryption nsSaslMapping vlvSearch vlvIndex glue nsTombstone directoryServerFeature autoMemberDefinition autoMemberRegexRule dnaPluginConfig dnaSharedConfig mepTemplateEntry mepConfigEntry";
    for (const name of names.split(" ")) assert.isDefined(schema.findObjectClass(name), name);
  });

  test("schema/schema: operational types are known as such", () => {
    const names =
      "creatorsName createTimestamp modifiersName modifyTimestamp nsUniqueId entryUUID parentid entryid entrydn numSubordinates hasSubordinates subschemaSubentry nsds5ReplConflict nsRole nsAccountLock aci passwordRetryCount accountUnlockTime passwordHistory pwdpolicysubentry";
    for (const name of names.split(" ")) assert.isTrue(type(name).operational, name);
  });
});

suite("schema/load-schema", () => {
  const errors: readonly (readonly [attributeTypes: string[], objectClasses: string[], RegExp])[] =
    [
      [["x"], [], /schema definition x: Missing opening parenthesis/],
      [["( 1.1 NAME 'a' SYNTAX 9.9 )"], [], /attribute type a: Unknown attribute syntax OID "9.9"/],
      [["( 1.1 NAME 'a' SUP b )"], [], /attribute type a: Missing parent attribute syntax OID/],
      [["( 1.1 NAME 'a' SUP b )", "( 1.2 NAME 'b' SUP a )"], [], /Superiors form a loop/],
      [[], ["( 1.1 NAME 'c' SUP c )"], /object class c: Superiors form a loop/],
      [[], ["( 1.1 NAME 'c' SUP d )"], /Superior object class "d" does not exist/],
      [[], ["( 1.1 NAME 'c' MAY z )"], /object class c: Unknown allowed attribute type "z"/],
      [[], ["( 1.1 NAME 'c' )", "( 1.2 NAME 'C' )"], /name C is used by 1.1 and 1.2/],
    ];
  for (const [attributeTypes, objectClasses, message] of errors) {
    test(`schema/load-schema: ${message.source} is reported`, () => {
      assert.throws(() => loadSchema([{ attributeTypes, objectClasses }]), LdapError, message);
    });
  }

  test("schema/load-schema: order does not matter and a later definition replaces an earlier one", () => {
    const loaded = loadSchema([
      {
        attributeTypes: ["( 1.2 NAME 'b' SUP a )"],
        objectClasses: ["( 2.2 NAME 'd' SUP c MAY b )"],
      },
      {
        attributeTypes: ["( 1.1 NAME 'a' SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 )"],
        objectClasses: [
          "( 2.1 NAME 'c' ABSTRACT )",
          "( 2.1 NAME 'cc' AUXILIARY )",
          "( 2.3 NAME 'c' )",
        ],
      },
    ]);
    assert.equal(loaded.attributeType("b").syntax.name, "INTEGER");
    assert.equal(loaded.findObjectClass("2.1")!.name, "cc");
  });

  test("schema/load-schema: a missing superior is forgiven where the type has a syntax", () => {
    const loaded = loadSchema([
      {
        attributeTypes: ["( 1.1 NAME 'a' SUP gone SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 )"],
        objectClasses: [],
      },
    ]);
    assert.isUndefined(loaded.attributeType("a").sup);
  });
});

suite("schema/normal-dn", () => {
  const normal: readonly (readonly [text: string, normal: string])[] = [
    ["", ""],
    ["  ", ""],
    ["CN=Ann  Lee, OU=People,DC=Example", "cn=ann lee,ou=people,dc=example"],
    ["commonName=a+2.5.4.11=b", "cn=a+ou=b"],
    ["OU=b+CN=a", "cn=a+ou=b"],
    ['cn="a, b"', "cn=a\\2c b"],
    ['cn=a\\+b\\=c\\\\d\\"e\\<f\\>g\\;h\\#i', "cn=a\\2bb\\3dc\\5cd\\22e\\3cf\\3eg\\3bh\\23i"],
    ["cn=a=b", "cn=a\\3db"],
    ["cn=\\ a\\ ", "cn=a"],
    ["userPassword=\\ a\\ ", "userpassword=\\20a\\20"],
    ["cn=", "cn=\\20"],
    ["cn=\\00\\0a", "cn=\\20"],
    ["userPassword=\\00\\0a", "userpassword=\\00\\0a"],
    ["userPassword=\\ff\\c3\\a4", "userpassword=\\ff\\c3\\a4"],
    ["cn=Ä", "cn=ä"],
    ["uidNumber=5", "uidnumber=\\81P"],
    ["member=CN\\=A\\,O\\=b", "member=cn\\3da\\2co\\3db"],
    ["nosuch=A  b", "nosuch=a b"],
    ["dc=Example", "dc=example"],
  ];
  for (const [text, expected] of normal) {
    test(`schema/normal-dn: ${JSON.stringify(text)} is ${JSON.stringify(expected)}`, () => {
      assert.equal(schema.normalizeDnText(text), expected);
      assert.equal(schema.normalizeDnText(text), expected);
    });
  }

  test("schema/normal-dn: what is no DN is refused each time", () => {
    assert.throws(() => schema.normalizeDnText("nodn"), DnSyntaxError);
    assert.throws(() => schema.normalizeDnText("nodn"), DnSyntaxError);
  });

  test("schema/normal-dn: names nested too deeply compare as bytes", () => {
    const nested = (levels: number): string => `${"member=".repeat(levels)}A`;
    assert.notInclude(schema.normalizeDnText(`${nested(7)}=A`), "A");
    assert.include(schema.normalizeDnText(`${nested(8)}=A`), "A");
    assert.notInclude(schema.normalizeDnText(`cn=b,${nested(7)}=A`), "A");
    assert.include(schema.normalizeRdn(parseRdn(`${nested(8)}=A`)), "A");
    schema.normalizeDnText(`${nested(10_000)}=A`);
  });

  test("schema/normal-dn: parents and descendants are told by the text", () => {
    assert.equal(normalParent("cn=a\\2cb,ou=c,dc=d"), "ou=c,dc=d");
    assert.equal(normalParent("dc=d"), "");
    assert.isUndefined(normalParent(""));
    assert.equal(rdnKey("cn=a+sn=b,dc=d"), "cn=a+sn=b");
    assert.equal(rdnKey("dc=d"), "dc=d");
    assert.equal(normalDepth(""), 0);
    assert.equal(normalDepth("a=b,c=d"), 2);
    assert.isTrue(isBelow("a=b,c=d", "c=d"));
    assert.isTrue(isBelow("c=d", ""));
    assert.isFalse(isBelow("", ""));
    assert.isFalse(isBelow("c=d", "c=d"));
    assert.isFalse(isBelow("aac=d", "c=d"));
    assert.isFalse(isBelow("c=d", "a=b,c=d"));
  });
});

suite("schema/errors", () => {
  test("schema/errors: a definition that does not resolve is invalidAttributeSyntax", () => {
    let error: unknown;
    try {
      loadSchema([{ attributeTypes: ["( 1.1 NAME 'a' )"], objectClasses: [] }]);
    } catch (thrown) {
      error = thrown;
    }
    assert.equal((error as LdapError).code, ResultCode.invalidAttributeSyntax);
  });
});
