// Which of two schemas says more (389: schema.c, the superset checks of schema replication; replication-protocol 10). A supplier
// pushes its schema only when it says everything that the consumer's does, and a consumer takes no other: neither may lose
// what somebody defined on it.
//
// A class says more with attributes that the other neither requires nor allows, or with required ones that the other only
// allows. A type says more when it takes several values where the other takes one, or values of a wider syntax. Definitions
// that merely differ (description, matching rules, syntaxes that do not include each other) do not count: the newer schema
// wins there.
import type {
  AttributeTypeDefinition,
  DefinitionSet,
  ObjectClassDefinition,
} from "./definition.ts";
import { DefinitionIndex } from "./definition-index.ts";
import { SYNTAX } from "./syntax-oids.ts";

export type Definition = AttributeTypeDefinition | ObjectClassDefinition;

export interface CompareOptions {
  /** Definitions of `other` that count; all when absent. */
  readonly counts?: (definition: Definition) => boolean;
}

/** The syntaxes whose values a wider one takes as well. */
const NARROWER: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  [
    SYNTAX.directoryString,
    new Set<string>([
      SYNTAX.boolean,
      SYNTAX.countryString,
      SYNTAX.generalizedTime,
      SYNTAX.ia5String,
      SYNTAX.integer,
      SYNTAX.numericString,
      SYNTAX.oid,
      SYNTAX.printableString,
      SYNTAX.telephoneNumber,
    ]),
  ],
  [
    SYNTAX.ia5String,
    new Set<string>([
      SYNTAX.boolean,
      SYNTAX.countryString,
      SYNTAX.generalizedTime,
      SYNTAX.integer,
      SYNTAX.numericString,
      SYNTAX.printableString,
      SYNTAX.telephoneNumber,
    ]),
  ],
  [
    SYNTAX.printableString,
    new Set<string>([SYNTAX.countryString, SYNTAX.numericString, SYNTAX.telephoneNumber]),
  ],
]);

/** Whether every value of `narrow` is one of `wide`, and not the other way round. */
export const isWiderSyntax = (wide: string, narrow: string): boolean =>
  wide !== narrow && (wide === SYNTAX.octetString || (NARROWER.get(wide)?.has(narrow) ?? false));

/** The definitions of `other` that `own` lacks, or that say more than those of `own`. Empty: `own` is a superset. */
export function findRicher(
  own: DefinitionSet,
  other: DefinitionSet,
  options: CompareOptions = {},
): DefinitionSet {
  const counts = options.counts ?? (() => true);
  const ownIndex = new DefinitionIndex(own);
  const otherIndex = new DefinitionIndex(other);
  return {
    attributeTypes: other.attributeTypes.filter((theirs) => {
      if (!counts(theirs)) return false;
      const ours = ownIndex.typeLike(theirs);
      return ours === undefined || isRicherType(theirs, ours, { ownIndex, otherIndex });
    }),
    objectClasses: other.objectClasses.filter((theirs) => {
      if (!counts(theirs)) return false;
      const ours = ownIndex.classLike(theirs);
      return ours === undefined || isRicherClass(theirs, ours, { ownIndex, otherIndex });
    }),
  };
}

export const isEmptySet = ({ attributeTypes, objectClasses }: DefinitionSet): boolean =>
  attributeTypes.length === 0 && objectClasses.length === 0;

interface Indexes {
  readonly ownIndex: DefinitionIndex;
  readonly otherIndex: DefinitionIndex;
}

function isRicherType(
  theirs: AttributeTypeDefinition,
  ours: AttributeTypeDefinition,
  { ownIndex, otherIndex }: Indexes,
): boolean {
  if (ours.singleValue && !theirs.singleValue) return true;
  const syntax = ownIndex.syntaxOf(ours);
  const theirSyntax = otherIndex.syntaxOf(theirs);
  if (syntax === undefined || theirSyntax === undefined) return false;
  return isWiderSyntax(theirSyntax, syntax);
}

function isRicherClass(
  theirs: ObjectClassDefinition,
  ours: ObjectClassDefinition,
  indexes: Indexes,
): boolean {
  const key = (name: string): string => typeKey(name, indexes);
  const must = new Set(ours.must.map(key));
  const may = new Set(ours.may.map(key));
  return (
    theirs.must.some((name) => !must.has(key(name))) ||
    theirs.may.some((name) => !must.has(key(name)) && !may.has(key(name)))
  );
}

/** One text for a type, whichever of its names is used in which of the two sets. */
export function typeKey(name: string, { ownIndex, otherIndex }: Indexes): string {
  const ours = ownIndex.type(name);
  if (ours !== undefined) return ours.oid.toLowerCase();
  const theirs = otherIndex.type(name);
  if (theirs === undefined) return name.toLowerCase();
  return (ownIndex.typeLike(theirs) ?? theirs).oid.toLowerCase();
}
