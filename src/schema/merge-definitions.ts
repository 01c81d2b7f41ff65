// Two schemas made one (replication-protocol 10): what a server learns from another, what it takes over from a supplier that
// pushes, and what a supplier pushes.
//
// The result always resolves: a definition that needs what neither side defines (a syntax that is unknown here, say) is left out,
// or stays as it was. Nothing of what the other side sent can make it fail.
import {
  type AttributeTypeDefinition,
  type DefinitionSet,
  type ObjectClassDefinition,
  USER_DEFINED,
  X_ORIGIN,
  isUserDefined,
} from "./definition.ts";
import { isWiderSyntax, typeKey } from "./compare-definitions.ts";
import { DefinitionIndex } from "./definition-index.ts";
import { keepResolvable } from "./resolvable-definitions.ts";

/** `own` with everything that `other` says more: missing definitions are added, poorer ones widened. */
export function learnDefinitions(own: DefinitionSet, other: DefinitionSet): DefinitionSet {
  const indexes = { ownIndex: new DefinitionIndex(own), otherIndex: new DefinitionIndex(other) };
  const { ownIndex, otherIndex } = indexes;
  const newTypes = other.attributeTypes.filter((type) => ownIndex.typeLike(type) === undefined);
  const newClasses = other.objectClasses.filter((one) => ownIndex.classLike(one) === undefined);
  const joined: DefinitionSet = {
    attributeTypes: [
      ...own.attributeTypes.map((ours) => {
        const theirs = otherIndex.typeLike(ours);
        return theirs === undefined ? ours : joinTypes(ours, theirs, indexes);
      }),
      ...newTypes,
    ],
    objectClasses: [
      ...own.objectClasses.map((ours) => {
        const theirs = otherIndex.classLike(ours);
        return theirs === undefined ? ours : joinClasses(ours, theirs, indexes);
      }),
      ...newClasses,
    ],
  };
  return keepResolvable(own, joined);
}

/** The schema of a consumer after a push. `pushed` says everything that an administrator defined here, or the push would not
 *  be taken. Definitions of administrators come from `pushed`; those that it does not have are gone. Standard definitions
 *  of `own` stay, widened where the supplier's say more. */
export function acceptDefinitions(own: DefinitionSet, pushed: DefinitionSet): DefinitionSet {
  const base = learnDefinitions(own, pushed);
  const pushedIndex = new DefinitionIndex(pushed);
  const take = <T extends AttributeTypeDefinition | ObjectClassDefinition>(
    ours: T,
    theirs: T | undefined,
  ): readonly T[] => {
    if (theirs === undefined) return isUserDefined(ours) ? [] : [ours];
    return [isUserDefined(ours) || isUserDefined(theirs) ? theirs : ours];
  };
  return keepResolvable(base, {
    attributeTypes: base.attributeTypes.flatMap((ours) => take(ours, pushedIndex.typeLike(ours))),
    objectClasses: base.objectClasses.flatMap((ours) => take(ours, pushedIndex.classLike(ours))),
  });
}

interface Indexes {
  readonly ownIndex: DefinitionIndex;
  readonly otherIndex: DefinitionIndex;
}

function joinTypes(
  ours: AttributeTypeDefinition,
  theirs: AttributeTypeDefinition,
  { ownIndex, otherIndex }: Indexes,
): AttributeTypeDefinition {
  const syntax = ownIndex.syntaxOf(ours);
  const theirSyntax = otherIndex.syntaxOf(theirs);
  const isWider =
    syntax !== undefined && theirSyntax !== undefined && isWiderSyntax(theirSyntax, syntax);
  const isMulti = ours.singleValue && !theirs.singleValue;
  if (!isWider && !isMulti) return ours;
  const wide = isWider
    ? {
        sup: theirs.sup,
        syntax: theirSyntax,
        lengthMax: theirs.lengthMax,
        equality: theirs.equality,
        ordering: theirs.ordering,
        substring: theirs.substring,
      }
    : {};
  return marked({ ...ours, ...wide, singleValue: ours.singleValue && theirs.singleValue }, theirs);
}

function joinClasses(
  ours: ObjectClassDefinition,
  theirs: ObjectClassDefinition,
  indexes: Indexes,
): ObjectClassDefinition {
  const key = (name: string): string => typeKey(name, indexes);
  const known = new Set(ours.must.map(key));
  const newMust = theirs.must.filter((name) => !known.has(key(name)));
  const must = [...ours.must, ...newMust];
  const required = new Set(must.map(key));
  const kept = ours.may.filter((name) => !required.has(key(name)));
  const allowed = new Set(kept.map(key));
  const newMay = theirs.may.filter((name) => !required.has(key(name)) && !allowed.has(key(name)));
  if (newMust.length === 0 && newMay.length === 0) return ours;
  return marked({ ...ours, must, may: [...kept, ...newMay] }, theirs);
}

/** A standard definition that an administrator widened elsewhere counts as his here as well. */
function marked<T extends AttributeTypeDefinition | ObjectClassDefinition>(joined: T, from: T): T {
  if (isUserDefined(joined) || !isUserDefined(from)) return joined;
  const extensions = new Map(joined.extensions);
  extensions.set(X_ORIGIN, [...(joined.extensions.get(X_ORIGIN) ?? []), USER_DEFINED]);
  return { ...joined, extensions };
}
