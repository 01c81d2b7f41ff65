// Which of two definitions says more, and what becomes of two schemas that say different things. Each case is a definition here, one
// there, and whether the other one is richer than ours.
import { assert } from "chai";
import * as fc from "fast-check";
import {
  type DefinitionSet,
  findRicher,
  isEmptySet,
  learnDefinitions,
  readDefinitions,
} from "../../../src/schema/index.ts";
import { loadShippedSchema } from "./shipped-schema.ts";

const SHIPPED = loadShippedSchema().definitions;
const STRING = "1.3.6.1.4.1.1466.115.121.1.15";
const IA5 = "1.3.6.1.4.1.1466.115.121.1.26";
const INTEGER = "1.3.6.1.4.1.1466.115.121.1.27";
const DN = "1.3.6.1.4.1.1466.115.121.1.12";

/** Definitions beside those that everybody has. */
function set(
  attributeTypes: readonly string[],
  objectClasses: readonly string[] = [],
): DefinitionSet {
  const read = readDefinitions({ attributeTypes, objectClasses }).set;
  return {
    attributeTypes: [...SHIPPED.attributeTypes, ...read.attributeTypes],
    objectClasses: [...SHIPPED.objectClasses, ...read.objectClasses],
  };
}

const type = (rest: string, oid = "1.1.1"): string => `( ${oid} NAME ( 'tOne' 'tUno' ) ${rest} )`;
const one = (rest: string, oid = "1.1.2"): string => `( ${oid} NAME 'cOne' SUP top ${rest} )`;

const TYPE_CASES: readonly [name: string, own: string, other: string, isRicher: boolean][] = [
  ["the same", `SYNTAX ${STRING}`, `SYNTAX ${STRING}`, false],
  ["a description", `SYNTAX ${STRING}`, `DESC 'other' SYNTAX ${STRING}`, false],
  ["several values for one", `SYNTAX ${STRING} SINGLE-VALUE`, `SYNTAX ${STRING}`, true],
  ["one value for several", `SYNTAX ${STRING}`, `SYNTAX ${STRING} SINGLE-VALUE`, false],
  ["a wider syntax", `SYNTAX ${INTEGER}`, `SYNTAX ${STRING}`, true],
  ["a narrower syntax", `SYNTAX ${STRING}`, `SYNTAX ${IA5}`, false],
  ["an unrelated syntax", `SYNTAX ${DN}`, `SYNTAX ${INTEGER}`, false],
  ["a wider syntax by a superior", `SYNTAX ${IA5}`, "SUP name", true],
  ["the same syntax by a superior", `SYNTAX ${STRING}`, "SUP name", false],
];

const CLASS_CASES: readonly [name: string, own: string, other: string, isRicher: boolean][] = [
  ["the same, in another order", "MUST ( cn $ sn )", "MUST ( sn $ cn )", false],
  ["another name of the same type", "MAY commonName", "MAY cn", false],
  ["its OID", "MAY cn", "MAY 2.5.4.3", false],
  ["one more that is allowed", "MAY cn", "MAY ( cn $ sn )", true],
  ["one more that is required", "MUST cn", "MUST ( cn $ sn )", true],
  ["required for allowed", "MAY cn", "MUST cn", true],
  ["allowed for required", "MUST cn", "MAY cn", false],
  ["one fewer", "MAY ( cn $ sn )", "MAY cn", false],
  ["another kind", "STRUCTURAL MAY cn", "AUXILIARY MAY cn", false],
];

const isRicher = (own: DefinitionSet, other: DefinitionSet): boolean =>
  !isEmptySet(findRicher(own, other));

suite("schema/compare-definitions", () => {
  for (const [name, own, other, expected] of TYPE_CASES) {
    test(`schema/compare-definitions: a type with ${name} says ${expected ? "more" : "no more"}`, () => {
      assert.equal(isRicher(set([type(own)]), set([type(other)])), expected);
    });
  }
  for (const [name, own, other, expected] of CLASS_CASES) {
    test(`schema/compare-definitions: a class with ${name} says ${expected ? "more" : "no more"}`, () => {
      assert.equal(isRicher(set([], [one(own)]), set([], [one(other)])), expected);
    });
  }

  test("schema/compare-definitions: what is missing is found, by OID or by any name", () => {
    const text = type(`SYNTAX ${STRING}`);
    const { attributeTypes } = findRicher(SHIPPED, set([text]));
    assert.deepEqual(
      attributeTypes.map(({ oid }) => oid),
      ["1.1.1"],
    );
    assert.isFalse(isRicher(set([text]), set([`( 9.9.9 NAME 'TUNO' SYNTAX ${STRING} )`])));
    assert.isFalse(isRicher(set([text]), set([`( 1.1.1 NAME 'renamed' SYNTAX ${STRING} )`])));
  });

  test("schema/compare-definitions: the join of two schemas is a superset of both", () => {
    const bodies = fc.constantFrom(...TYPE_CASES.flatMap(([, own, other]) => [own, other]));
    const classBodies = fc.constantFrom(...CLASS_CASES.flatMap(([, own, other]) => [own, other]));
    const side = fc.record({
      types: fc.array(fc.tuple(fc.constantFrom("1", "2", "3"), bodies), { maxLength: 3 }),
      classes: fc.array(fc.tuple(fc.constantFrom("1", "2"), classBodies), { maxLength: 2 }),
    });
    type Side = typeof side extends fc.Arbitrary<infer T> ? T : never;
    const build = ({ types, classes }: Side): DefinitionSet =>
      set(
        [...new Map(types)].map(([n, body]) => `( 1.1.${n} NAME 't${n}' ${body} )`),
        [...new Map(classes)].map(([n, body]) => `( 1.2.${n} NAME 'c${n}' SUP top ${body} )`),
      );
    fc.assert(
      fc.property(side, side, (a, b) => {
        const [own, other] = [build(a), build(b)];
        const joined = learnDefinitions(own, other);
        assert.isFalse(isRicher(joined, own));
        assert.isFalse(isRicher(joined, other));
        assert.deepEqual(learnDefinitions(joined, other), joined);
      }),
      { numRuns: 60 },
    );
  }).timeout(30_000);
});
