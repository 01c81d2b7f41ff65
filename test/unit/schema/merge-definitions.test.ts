// What is learned, what a push leaves, what a supplier sends. The pushed schema is the captured one of a live 389 (message 85).
import { assert } from "chai";
import { decodeRequest } from "../../../src/protocol/index.ts";
import {
  type DefinitionTexts,
  NO_SCHEMA_POLICY,
  Schema,
  acceptDefinitions,
  definitionsToPush,
  findRicher,
  forbidsPush,
  isEmptySet,
  learnDefinitions,
  mayLose,
  mustKeep,
  readDefinitions,
  shownTo389,
} from "../../../src/schema/index.ts";
import { readCaptured } from "../../support/captured-messages.ts";
import { loadShippedSchema } from "./shipped-schema.ts";

const STRING = "1.3.6.1.4.1.1466.115.121.1.15";
const schema = loadShippedSchema();
const own = schema.definitions;

function capturedPush(): DefinitionTexts {
  const { request } = decodeRequest(readCaptured("85-schema-push-modify-request"));
  if (request.type !== "modify") throw new Error("message 85 is a modify");
  const texts = (name: string): string[] =>
    request.mods
      .filter(({ type }) => type === name)
      .flatMap(({ values }) => values.map((value) => value.toString("utf8")));
  return { attributeTypes: texts("attributetypes"), objectClasses: texts("objectclasses") };
}

/** One user-defined type and class beside the shipped ones. */
const with1 = (
  attributeTypes: readonly string[],
  objectClasses: readonly string[] = [],
): typeof own => learnDefinitions(own, readDefinitions({ attributeTypes, objectClasses }).set);

const NOTE = `( 1.1.1 NAME 'note' SYNTAX ${STRING} X-ORIGIN 'user defined' )`;
const NOTED = "( 1.1.2 NAME 'noted' SUP top AUXILIARY MAY note X-ORIGIN 'user defined' )";
const keepAll = { mayLose: () => false };

suite("schema/merge-definitions", () => {
  test("schema/merge-definitions: all that 389 has is learned, and what ships here stays", () => {
    const pushed = readDefinitions(capturedPush());
    assert.isEmpty(pushed.unreadable.attributeTypes);
    assert.isEmpty(pushed.unreadable.objectClasses);
    const learned = learnDefinitions(own, pushed.set);
    assert.isTrue(isEmptySet(findRicher(learned, pushed.set)));
    assert.isTrue(isEmptySet(findRicher(learned, own)));
    const resolved = new Schema(learned);
    assert.strictEqual(resolved.attributeType("nsslapd-instancedir").name, "nsslapd-instancedir");
    assert.isDefined(resolved.findObjectClass("collectiveAttributeSubentry"));
  });

  test("schema/merge-definitions: a push of 389 is taken, once like twice", () => {
    const pushed = readDefinitions(capturedPush()).set;
    const accepted = acceptDefinitions(own, pushed);
    assert.isTrue(isEmptySet(findRicher(accepted, pushed)));
    assert.deepEqual(acceptDefinitions(accepted, pushed), accepted);
    assert.doesNotThrow(() => new Schema(accepted));
  });

  test("schema/merge-definitions: definitions of administrators come from the supplier or go", () => {
    const ours = with1([NOTE, NOTE.replace("1.1.1", "1.1.9").replace("note", "gone")], [NOTED]);
    const pushed = with1(
      [NOTE.replace("SYNTAX", "DESC 'theirs' SYNTAX")],
      [NOTED.replace("MAY note", "MAY ( note $ cn )")],
    );
    const accepted = new Schema(acceptDefinitions(ours, pushed));
    assert.equal(accepted.attributeType("note").description, "theirs");
    assert.isUndefined(accepted.findAttributeType("gone"));
    assert.lengthOf(accepted.findObjectClass("noted")?.may ?? [], 2);
  });

  test("schema/merge-definitions: a standard definition that the supplier lacks stays", () => {
    const accepted = acceptDefinitions(own, { attributeTypes: [], objectClasses: [] });
    assert.deepEqual(accepted, own);
  });

  test("schema/merge-definitions: what cannot be resolved is left out with all that needs it", () => {
    const learned = with1(
      [
        "( 1.1.1 NAME 'strange' SYNTAX 1.2.3.4.5 )",
        "( 1.1.2 NAME 'below' SUP strange )",
        "( 1.1.3 NAME 'loop' SUP loop )",
        `( 1.1.4 NAME 'cn' SYNTAX ${STRING} )`,
        `( 1.1.5 NAME ( 'fine' 'mail' ) SYNTAX ${STRING} )`,
      ],
      [
        "( 1.2.1 NAME 'cA' SUP top MAY strange )",
        "( 1.2.2 NAME 'cB' SUP cA )",
        "( 1.2.3 NAME 'cC' SUP cC )",
        "( 1.2.4 NAME 'cD' SUP nowhere )",
        "( 1.2.5 NAME 'cE' SUP top MAY below )",
        "( 1.2.6 NAME 'cF' SUP top MAY cn )",
      ],
    );
    const names = learned.objectClasses.slice(own.objectClasses.length).map((one) => one.names[0]);
    assert.deepEqual(names, ["cF"]);
    assert.lengthOf(learned.attributeTypes, own.attributeTypes.length);
    assert.doesNotThrow(() => new Schema(learned));
  });

  test("schema/merge-definitions: a standard class that an administrator widened elsewhere is his here", () => {
    const widened = learnDefinitions(
      own,
      readDefinitions({
        attributeTypes: [],
        objectClasses: [
          "( 2.5.6.6 NAME 'person' SUP top STRUCTURAL MUST ( sn $ cn ) MAY mail X-ORIGIN ( 'RFC 4519' 'user defined' ) )",
        ],
      }).set,
    );
    const person = new Schema(widened).findObjectClass("person");
    assert.include(person?.extensions.get("X-ORIGIN") ?? [], "user defined");
    assert.includeMembers(person?.may.map(({ name }) => name) ?? [], [
      "mail",
      "telephoneNumber",
      "description",
    ]);
  });

  test("schema/exchange-definitions: a push says all that the consumer has, in its own words", () => {
    const consumer = readDefinitions(capturedPush());
    const local = new Schema(learnDefinitions(with1([NOTE], [NOTED]), consumer.set));
    const pushed = definitionsToPush(local, consumer, { is389: true, ...keepAll });
    const { objectClasses } = capturedPush();
    for (const text of objectClasses) assert.include(pushed.objectClasses, text);
    const read = readDefinitions(pushed).set;
    assert.isTrue(isEmptySet(findRicher(read, consumer.set)));
    const names = read.attributeTypes.flatMap((type) => type.names);
    assert.include(names, "note");
    assert.notInclude(names, "subtreeSpecification", "389 has no such syntax");
    assert.lengthOf(new Set(names.map((name) => name.toLowerCase())), names.length);
  });

  test("schema/exchange-definitions: a definition of ours replaces that of the consumer", () => {
    const consumer = readDefinitions({
      attributeTypes: [NOTE.replace("SYNTAX", "DESC 'of the consumer' SYNTAX")],
      objectClasses: [],
    });
    const local = new Schema(with1([NOTE], [NOTED]));
    const { attributeTypes } = definitionsToPush(local, consumer, { is389: false, ...keepAll });
    assert.lengthOf(
      attributeTypes.filter((text) => text.includes("'note'")),
      1,
    );
    assert.notInclude(attributeTypes.join(), "of the consumer");
  });

  test("schema/exchange-definitions: 389 is not sent what it cannot take, nor what needs that", () => {
    const special = [
      "( 1.1.11 NAME 'area' SYNTAX 1.3.6.1.4.1.1466.115.121.1.45 X-ORIGIN 'user defined' )",
      "( 1.1.12 NAME 'subArea' SUP area X-ORIGIN 'user defined' )",
    ];
    const classes = [
      "( 1.2.1 NAME 'withArea' SUP top AUXILIARY MAY subArea X-ORIGIN 'user defined' )",
      "( 1.2.2 NAME 'below' SUP withArea AUXILIARY X-ORIGIN 'user defined' )",
      "( 1.2.3 NAME 'two' SUP ( person $ device ) STRUCTURAL X-ORIGIN 'user defined' )",
      NOTED,
    ];
    const local = new Schema(with1([...special, NOTE], classes));
    const consumer = readDefinitions({ attributeTypes: [], objectClasses: [] });
    const names = (is389: boolean): string[] => {
      const texts = definitionsToPush(local, consumer, { is389, ...keepAll });
      const { attributeTypes, objectClasses } = readDefinitions(texts).set;
      const oids = new Set(["1.1.11", "1.1.12", "1.2.1", "1.2.2", "1.2.3"]);
      return [...attributeTypes, ...objectClasses]
        .filter(({ oid }) => oids.has(oid))
        .map(({ oid }) => oid);
    };
    assert.isEmpty(names(true));
    assert.deepEqual(names(false), ["1.1.11", "1.1.12", "1.2.1", "1.2.2", "1.2.3"]);
    const shown = shownTo389(local.definitions);
    assert.deepEqual(
      [...shown.attributeTypes, ...shown.objectClasses].map((one) => one.names[0]),
      ["objectClass", "note", "top", "noted"],
    );
  });

  test("schema/schema-policy: single definitions can be let go, or forbid a push", () => {
    const definitions = readDefinitions({ attributeTypes: [NOTE], objectClasses: [NOTED] }).set;
    const [note] = definitions.attributeTypes;
    const [noted] = definitions.objectClasses;
    assert.isTrue(note !== undefined && mustKeep(note, NO_SCHEMA_POLICY));
    const policy = { ...NO_SCHEMA_POLICY, acceptedTypes: ["NOTE"], rejectedClasses: ["1.1.2"] };
    assert.isTrue(note !== undefined && mayLose(note, policy) && !mustKeep(note, policy));
    assert.isFalse(noted === undefined || mayLose(noted, policy));
    assert.isTrue(forbidsPush(definitions, policy));
    assert.isFalse(forbidsPush({ ...definitions, objectClasses: [] }, policy));
  });

  test("schema/exchange-definitions: what the policy lets go is not carried back to the consumer", () => {
    const consumer = readDefinitions({ attributeTypes: [NOTE], objectClasses: [] });
    const gone = { is389: false, mayLose: ({ oid }: { oid: string }) => oid === "1.1.1" };
    const { attributeTypes } = definitionsToPush(schema, consumer, gone);
    assert.notInclude(attributeTypes, NOTE);
    assert.include(
      definitionsToPush(schema, consumer, { is389: false, ...keepAll }).attributeTypes,
      NOTE,
    );
  });
});
