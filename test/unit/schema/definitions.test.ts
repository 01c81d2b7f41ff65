// Definition texts: reading, writing, schema files.
import { assert } from "chai";
import {
  formatAttributeType,
  formatMatchingRule,
  formatObjectClass,
  formatSyntax,
  loadSchema,
  readSchemaLdif,
  SchemaLdifError,
} from "../../../src/schema/index.ts";
import {
  DefinitionSyntaxError,
  parseAttributeType,
  parseObjectClass,
} from "../../../src/schema/parse-definition.ts";

const S15 = "SYNTAX 1.3.6.1.4.1.1466.115.121.1.15";

suite("schema/parse-definition", () => {
  test("schema/parse-definition: every keyword of an attribute type is read", () => {
    const text =
      "( 1.2 NAME ( 'a' 'b' ) DESC 'it\\27s \\5C' OBSOLETE SUP s EQUALITY e ORDERING o SUBSTR u " +
      "SYNTAX 1.3{64} SINGLE-VALUE COLLECTIVE NO-USER-MODIFICATION USAGE dSAOperation X-ORIGIN ( 'x' 'y' ) X-ORDERED 'VALUES' )";
    assert.deepEqual(parseAttributeType(text), {
      oid: "1.2",
      names: ["a", "b"],
      description: "it's \\",
      obsolete: true,
      sup: "s",
      equality: "e",
      ordering: "o",
      substring: "u",
      syntax: "1.3",
      lengthMax: 64,
      singleValue: true,
      collective: true,
      noUserModification: true,
      usage: "dSAOperation",
      extensions: new Map([
        ["X-ORIGIN", ["x", "y"]],
        ["X-ORDERED", ["VALUES"]],
      ]),
    });
  });

  test("schema/parse-definition: keywords come in any case and order, blanks may be missing", () => {
    const wanted = parseAttributeType(`( 1.2 NAME 'a' DESC 'd' ${S15} SINGLE-VALUE )`);
    for (const text of [
      `( 1.2 name 'a' desc 'd' ${S15.replace("SYNTAX", "syntax")} single-value )`,
      `(1.2 NAME'a'DESC'd' SINGLE-VALUE ${S15})`,
      `( 1.2 ${S15} SINGLE-VALUE DESC 'd' NAME ( 'a' ) )`,
      `\t(\n1.2\r\nNAME 'a' DESC 'd' SYNTAX '1.3.6.1.4.1.1466.115.121.1.15' SINGLE-VALUE)`,
    ]) {
      assert.deepEqual(parseAttributeType(text), wanted);
    }
  });

  test("schema/parse-definition: object classes", () => {
    assert.deepInclude(
      parseObjectClass("( 1.2 NAME 'c' SUP ( a $ b ) AUXILIARY MUST x MAY ( y $ z ) )"),
      { sup: ["a", "b"], kind: "AUXILIARY", must: ["x"], may: ["y", "z"] },
    );
    assert.include(parseObjectClass("( 1.2 NAME 'c' )"), { kind: "STRUCTURAL" });
    assert.deepInclude(parseObjectClass("( 1.2 NAME 'c' SUP ( ) MUST ( ) )"), {
      sup: [],
      must: [],
    });
  });

  const wrong: readonly (readonly [text: string, code: number, offset: number])[] = [
    ["", 10, 0],
    ["garbage", 3, 0],
    ["( 1.2 NAME 'a'", 4, 14],
    ["( 1.2 FROB )", 2, 6],
    ["( 1.2 NAME 'a' NAME 'b' )", 9, 15],
    ["( 1.2 NAME '' )", 6, 11],
    ["( 1.2 NAME ( 'a' )", 4, 18],
    ["( 1.2 NAME 'a' ) x", 2, 17],
    ["( 1.2 DESC 'a )", 2, 11],
    ["( 1.2 SYNTAX {3} )", 5, 13],
    ["( 1.2 USAGE frob )", 2, 12],
    ["( )", 2, 2],
  ];
  for (const [text, code, offset] of wrong) {
    test(`schema/parse-definition: ${JSON.stringify(text)} fails with ${code} at ${offset}`, () => {
      let error: unknown;
      try {
        parseAttributeType(text);
      } catch (thrown) {
        error = thrown;
      }
      assert.instanceOf(error, DefinitionSyntaxError);
      assert.include(error as DefinitionSyntaxError, { code, offset });
    });
  }
});

suite("schema/format-definition", () => {
  const schema = loadSchema([
    {
      attributeTypes: [
        `( 1.1 NAME 'top-a' EQUALITY caseExactMatch ${S15}{10} X-ORIGIN ( 'x' 'y''s' ) )`.replace(
          "''",
          "\\27",
        ),
        "( 1.2 NAME ( 'b' 'bb' ) DESC 'it\\27s' SUP top-a SINGLE-VALUE USAGE directoryOperation )",
        `( 1.3 NAME 'c' ${S15} EQUALITY someOtherMatch )`,
      ],
      objectClasses: [
        "( 2.1 NAME 'top' ABSTRACT )",
        "( 2.2 NAME 'o' SUP top STRUCTURAL MUST B MAY ( C $ 1.1 ) X-ORIGIN 'z' )",
      ],
    },
  ]);

  const texts: readonly (readonly [name: string, text: string])[] = [
    ["top-a", `( 1.1 NAME 'top-a' EQUALITY caseExactMatch ${S15}{10} X-ORIGIN ( 'x' 'y\\27s' ) )`],
    [
      "bb",
      `( 1.2 NAME ( 'b' 'bb' ) DESC 'it\\27s' SUP top-a EQUALITY caseExactMatch ${S15}{10} SINGLE-VALUE USAGE directoryOperation )`,
    ],
    ["c", `( 1.3 NAME 'c' EQUALITY someOtherMatch ${S15} )`],
  ];
  for (const [name, text] of texts) {
    test(`schema/format-definition: ${name} shows what it inherits and nothing implied`, () => {
      assert.equal(formatAttributeType(schema.attributeType(name)), text);
    });
  }

  test("schema/format-definition: a class shows its own lists with canonical names", () => {
    assert.equal(
      formatObjectClass(schema.findObjectClass("O")!),
      "( 2.2 NAME 'o' SUP top STRUCTURAL MUST b MAY ( c $ top-a ) X-ORIGIN 'z' )",
    );
    assert.equal(formatObjectClass(schema.findObjectClass("top")!), "( 2.1 NAME 'top' ABSTRACT )");
  });

  test("schema/format-definition: rules and syntaxes", () => {
    assert.equal(
      formatMatchingRule(schema.findMatchingRule("caseIgnoreMatch")!),
      "( 2.5.13.2 NAME 'caseIgnoreMatch' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
    );
    assert.equal(
      formatSyntax(schema.findSyntax("1.3.6.1.4.1.1466.115.121.1.28")!),
      "( 1.3.6.1.4.1.1466.115.121.1.28 DESC 'JPEG' X-NOT-HUMAN-READABLE 'TRUE' )",
    );
  });
});

suite("schema/read-schema-ldif", () => {
  test("schema/read-schema-ldif: definitions are unfolded, other lines do not count", () => {
    const text =
      "# a comment\n that goes on\ndn: cn=schema\nattributeTypes: ( 1.1\n  NAME 'a' )\r\n\nobjectclasses:: KCAxLjIgKQ==\nATTRIBUTETYPES:x\n";
    assert.deepEqual(readSchemaLdif(text), {
      attributeTypes: ["( 1.1 NAME 'a' )", "x"],
      objectClasses: ["( 1.2 )"],
    });
  });

  test("schema/read-schema-ldif: a line without a name is an error with its number", () => {
    let error: unknown;
    try {
      readSchemaLdif("dn: cn=schema\n\nfoo\n");
    } catch (thrown) {
      error = thrown;
    }
    assert.instanceOf(error, SchemaLdifError);
    assert.equal((error as SchemaLdifError).line, 3);
    assert.throws(() => readSchemaLdif(" x\n"), SchemaLdifError);
  });
});
