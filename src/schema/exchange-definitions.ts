// Definitions on their way between servers: read from another server's cn=schema, and the texts that a supplier pushes
// (replication-protocol 10).
//
// A push replaces everything that the consumer has. So that it changes what administrators defined and nothing else, standard
// definitions that the consumer has go back to it letter by letter: two products need not agree on their wording, and what one
// of them cannot even read is not lost on the other.
import { type Definition } from "./compare-definitions.ts";
import {
  type AttributeTypeDefinition,
  type DefinitionSet,
  type DefinitionTexts,
  type ObjectClassDefinition,
  isUserDefined,
} from "./definition.ts";
import { DefinitionIndex } from "./definition-index.ts";
import { formatAttributeType, formatObjectClass } from "./format-definition.ts";
import { DefinitionSyntaxError, parseAttributeType, parseObjectClass } from "./parse-definition.ts";
import type { Schema } from "./schema.ts";
import { SYNTAX } from "./syntax-oids.ts";

/** What another server has, as far as it can be read here. */
export interface ReadDefinitions {
  readonly set: DefinitionSet;
  /** The text of each definition of the set, as it came. */
  readonly texts: ReadonlyMap<Definition, string>;
  /** Texts that are no definitions by our grammar. */
  readonly unreadable: DefinitionTexts;
}

/** Never fails. A definition whose OID came before is left out. */
export function readDefinitions(texts: DefinitionTexts): ReadDefinitions {
  const byDefinition = new Map<Definition, string>();
  const read = <T extends Definition>(
    list: readonly string[],
    parse: (text: string) => T,
  ): { readonly set: readonly T[]; readonly unreadable: readonly string[] } => {
    const byOid = new Map<string, T>();
    const unreadable: string[] = [];
    for (const text of list) {
      const definition = tryParse(text, parse);
      if (definition === undefined) {
        unreadable.push(text);
        continue;
      }
      const key = definition.oid.toLowerCase();
      if (byOid.has(key)) continue;
      byOid.set(key, definition);
      byDefinition.set(definition, text);
    }
    return { set: [...byOid.values()], unreadable };
  };
  const types = read(texts.attributeTypes, parseAttributeType);
  const classes = read(texts.objectClasses, parseObjectClass);
  return {
    set: { attributeTypes: types.set, objectClasses: classes.set },
    texts: byDefinition,
    unreadable: { attributeTypes: types.unreadable, objectClasses: classes.unreadable },
  };
}

function tryParse<T>(text: string, parse: (text: string) => T): T | undefined {
  try {
    return parse(text);
  } catch (error) {
    if (error instanceof DefinitionSyntaxError) return undefined;
    throw error;
  }
}

/** The texts of the chosen definitions of what was read. */
export function textsOf({ texts }: ReadDefinitions, chosen: DefinitionSet): DefinitionTexts {
  const text = (definition: Definition): string[] => {
    const found = texts.get(definition);
    return found === undefined ? [] : [found];
  };
  return {
    attributeTypes: chosen.attributeTypes.flatMap(text),
    objectClasses: chosen.objectClasses.flatMap(text),
  };
}

/** Syntaxes that 389 does not have; it refuses a schema that names them. */
const UNKNOWN_TO_389: ReadonlySet<string> = new Set([
  SYNTAX.subtreeSpecification,
  SYNTAX.authPassword,
]);

/** `own` without what 389 cannot take: these syntaxes, classes with several superiors, and what needs such a definition.
 *  `has`: what the other side defines all the same. */
export function takenBy389(own: DefinitionSet, has?: DefinitionSet): DefinitionSet {
  const index = new DefinitionIndex(own);
  const theirs = new DefinitionIndex(has ?? { attributeTypes: [], objectClasses: [] });
  const leftTypes = new Set<AttributeTypeDefinition>();
  const isMissing = (name: string): boolean => {
    const type = index.type(name);
    return type !== undefined && leftTypes.has(type) && theirs.type(name) === undefined;
  };
  for (let before = -1; before !== leftTypes.size; ) {
    before = leftTypes.size;
    for (const type of own.attributeTypes) {
      const isTaken =
        !UNKNOWN_TO_389.has(index.syntaxOf(type) ?? "") &&
        (type.sup === undefined || !isMissing(type.sup));
      if (!isTaken) leftTypes.add(type);
    }
  }
  const leftClasses = new Set<ObjectClassDefinition>();
  const isMissingClass = (name: string): boolean => {
    const found = index.objectClass(name);
    return found !== undefined && leftClasses.has(found) && theirs.objectClass(name) === undefined;
  };
  for (let before = -1; before !== leftClasses.size; ) {
    before = leftClasses.size;
    for (const one of own.objectClasses) {
      const isTaken =
        one.sup.length <= 1 &&
        !one.sup.some(isMissingClass) &&
        ![...one.must, ...one.may].some(isMissing);
      if (!isTaken) leftClasses.add(one);
    }
  }
  return {
    attributeTypes: own.attributeTypes.filter((type) => !leftTypes.has(type)),
    objectClasses: own.objectClasses.filter((one) => !leftClasses.has(one)),
  };
}

/** What a supplier that is 389 is shown of `own`: what administrators defined, as far as 389 can take it. It does not push as
 *  long as it sees anything that it lacks, and of what comes with two products each always has something that the other lacks. The
 *  class and the type that everything has are shown so that there is an answer. */
export function shownTo389(own: DefinitionSet): DefinitionSet {
  const taken = takenBy389(own);
  const isShown = (definition: Definition): boolean =>
    isUserDefined(definition) || definition.names.some((name) => COMMON.has(name.toLowerCase()));
  return {
    attributeTypes: taken.attributeTypes.filter(isShown),
    objectClasses: taken.objectClasses.filter(isShown),
  };
}

const COMMON: ReadonlySet<string> = new Set(["top", "objectclass"]);

export interface PushOptions {
  /** The consumer is 389. */
  readonly is389: boolean;
  /** Definitions of the consumer that may be lost or become poorer (schemaUpdateObjectclassAccept and …AttributeAccept). */
  readonly mayLose: (definition: Definition) => boolean;
}

/** All definitions for a consumer. */
export function definitionsToPush(
  own: Schema,
  consumer: ReadDefinitions,
  { is389, mayLose }: PushOptions,
): DefinitionTexts {
  const sent = is389 ? takenBy389(own.definitions, consumer.set) : own.definitions;
  const index = new DefinitionIndex(sent);
  const theirs = new DefinitionIndex(consumer.set);
  const choose = <T extends Definition>(
    ours: readonly T[],
    lists: { readonly theirs: readonly T[]; readonly unreadable: readonly string[] },
    kind: {
      readonly ours: (like: T) => T | undefined;
      readonly theirs: (like: T) => T | undefined;
      readonly format: (definition: T) => string;
    },
  ): string[] => [
    ...lists.theirs.flatMap((definition) => {
      const mine = kind.ours(definition);
      if (mine !== undefined && (isUserDefined(mine) || mayLose(definition))) return [];
      if (mine === undefined && mayLose(definition)) return [];
      return [consumer.texts.get(definition) ?? ""];
    }),
    ...ours
      .filter((definition) => {
        const known = kind.theirs(definition);
        return known === undefined || isUserDefined(definition) || mayLose(known);
      })
      .map(kind.format),
    ...lists.unreadable,
  ];
  return {
    attributeTypes: choose(
      sent.attributeTypes,
      { theirs: consumer.set.attributeTypes, unreadable: consumer.unreadable.attributeTypes },
      {
        ours: (like) => index.typeLike(like),
        theirs: (like) => theirs.typeLike(like),
        format: ({ oid }) => formatAttributeType(own.attributeType(oid)),
      },
    ),
    objectClasses: choose(
      sent.objectClasses,
      { theirs: consumer.set.objectClasses, unreadable: consumer.unreadable.objectClasses },
      {
        ours: (like) => index.classLike(like),
        theirs: (like) => theirs.classLike(like),
        format: ({ oid }) => formatClass(own, oid),
      },
    ),
  };
}

function formatClass(schema: Schema, oid: string): string {
  const found = schema.findObjectClass(oid);
  return found === undefined ? "" : formatObjectClass(found);
}
