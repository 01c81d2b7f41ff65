// Leaves out of a set what cannot be resolved in it: a syntax that is unknown here, a superior or an attribute that nobody
// defines, a loop of superiors, an OID or a name that two definitions claim. Where `before` had a definition of the same OID that
// one stays instead.
import type {
  AttributeTypeDefinition,
  DefinitionSet,
  ObjectClassDefinition,
} from "./definition.ts";
import { SUPERIORS_DEPTH_MAX } from "./limits.ts";
import { findSyntax } from "./syntaxes.ts";

type Definition = AttributeTypeDefinition | ObjectClassDefinition;

/** `before` resolves. */
export function keepResolvable(before: DefinitionSet, after: DefinitionSet): DefinitionSet {
  const attributeTypes = settle(before.attributeTypes, after.attributeTypes, resolvableType);
  const known = keysOf(attributeTypes);
  const objectClasses = settle(before.objectClasses, after.objectClasses, (one, byName) =>
    resolvableClass(one, byName, known),
  );
  return { attributeTypes, objectClasses };
}

type Resolvable<T> = (definition: T, byName: ReadonlyMap<string, T>) => boolean;

function settle<T extends Definition>(
  before: readonly T[],
  after: readonly T[],
  isResolvable: Resolvable<T>,
): readonly T[] {
  const old = new Map(before.map((definition) => [definition.oid.toLowerCase(), definition]));
  let list = withoutClashes(before, after);
  for (;;) {
    const byName = indexOf(list);
    let isChanged = false;
    const next = list.flatMap((definition) => {
      if (isResolvable(definition, byName)) return [definition];
      isChanged = true;
      const previous = old.get(definition.oid.toLowerCase());
      return previous === undefined || previous === definition ? [] : [previous];
    });
    if (!isChanged) return list;
    list = withoutClashes(before, next);
  }
}

/** Each OID and each name has one owner. Definitions that are as they were before come first. */
function withoutClashes<T extends Definition>(
  before: readonly T[],
  after: readonly T[],
): readonly T[] {
  const kept = new Set<Definition>(before);
  const owners = new Map<string, T>();
  const claim = (definition: T): boolean => {
    const keys = [definition.oid, ...definition.names].map((key) => key.toLowerCase());
    if (keys.some((key) => owners.has(key))) return false;
    for (const key of keys) owners.set(key, definition);
    return true;
  };
  const winners = new Set<T>();
  for (const definition of after)
    if (kept.has(definition) && claim(definition)) winners.add(definition);
  for (const definition of after)
    if (!kept.has(definition) && claim(definition)) winners.add(definition);
  return winners.size === after.length ? after : after.filter((one) => winners.has(one));
}

function indexOf<T extends Definition>(list: readonly T[]): ReadonlyMap<string, T> {
  const byName = new Map<string, T>();
  for (const definition of list) {
    byName.set(definition.oid.toLowerCase(), definition);
    for (const name of definition.names) byName.set(name.toLowerCase(), definition);
  }
  return byName;
}

const keysOf = (list: readonly Definition[]): ReadonlySet<string> => new Set(indexOf(list).keys());

/** A superior that is not defined does not matter when the type has a syntax of its own (attribute-type.ts). */
function resolvableType(
  type: AttributeTypeDefinition,
  byName: ReadonlyMap<string, AttributeTypeDefinition>,
): boolean {
  if (type.syntax !== undefined && findSyntax(type.syntax) === undefined) return false;
  let hasSyntax = type.syntax !== undefined;
  let at = type.sup === undefined ? undefined : byName.get(type.sup.toLowerCase());
  for (let depth = 0; at !== undefined; depth += 1) {
    if (depth >= SUPERIORS_DEPTH_MAX || at === type) return false;
    hasSyntax ||= at.syntax !== undefined && findSyntax(at.syntax) !== undefined;
    at = at.sup === undefined ? undefined : byName.get(at.sup.toLowerCase());
  }
  return hasSyntax;
}

function resolvableClass(
  objectClass: ObjectClassDefinition,
  byName: ReadonlyMap<string, ObjectClassDefinition>,
  types: ReadonlySet<string>,
): boolean {
  const { must, may, sup } = objectClass;
  if (![...must, ...may].every((name) => types.has(name.toLowerCase()))) return false;
  let level = sup;
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth >= SUPERIORS_DEPTH_MAX) return false;
    const above = level.map((name) => byName.get(name.toLowerCase()));
    if (above.includes(undefined) || above.includes(objectClass)) return false;
    level = [...new Set(above.flatMap((one) => one?.sup ?? []))];
  }
  return true;
}
