// Modifications of the subschema entry (389: schema.c, modify_schema_dse). Codes and texts are 389's, because its tools and
// their users know them. The changes of a request are judged by the state after the last of them.
import { LdapError, type Mod, type ResultCodeName } from "../protocol/index.ts";
import {
  type AttributeTypeDefinition,
  type DefinitionSet,
  definitionName,
  isUserDefined,
  type ObjectClassDefinition,
  USER_DEFINED,
  X_ORIGIN,
} from "./definition.ts";
import { DefinitionSyntaxError, parseAttributeType, parseObjectClass } from "./parse-definition.ts";
import { isDescriptor, isNumericOid } from "./syntax-checks.ts";

export interface ChangeOptions {
  /** Whether `replace` is served; 389 grants it to replication sessions alone. A replace leaves standard definitions that
   *  it does not mention in place and removes user-defined ones. */
  readonly replaceAllowed?: boolean;
}

type Definition = AttributeTypeDefinition | ObjectClassDefinition;

/** What differs between the two kinds of definition. */
interface Kind<T extends Definition> {
  /** In messages. */
  readonly noun: string;
  readonly parse: (text: string) => T;
  readonly syntaxMessage: (text: string, error: DefinitionSyntaxError) => string;
  readonly clashMessage: (oid: string) => string;
  readonly standardMessage: string;
}

const ATTRIBUTE_TYPES: Kind<AttributeTypeDefinition> = {
  noun: "attribute type",
  parse: parseAttributeType,
  syntaxMessage: (text, error) =>
    `Failed to parse attribute, error(${error.code} - ${error.message}) at (${text.slice(error.offset)})`,
  clashMessage: (oid) =>
    `Does not match the OID "${oid}". Another attribute type is already using the name or OID.`,
  standardMessage: "Cannot delete a standard attribute type",
};

const OBJECT_CLASSES: Kind<ObjectClassDefinition> = {
  noun: "object class",
  parse: parseObjectClass,
  syntaxMessage: (text, error) =>
    `Failed to parse objectclass, error(${error.code}) at (${text.slice(error.offset)})`,
  clashMessage: (oid) =>
    `The name does not match the OID "${oid}". Another object class is already using the name or OID.`,
  standardMessage: "Cannot delete a standard object class",
};

function fail<T extends Definition>(
  kind: Kind<T>,
  code: ResultCodeName,
  details: { readonly name: string; readonly reason: string },
): never {
  throw new LdapError(code, `${kind.noun} ${details.name}: ${details.reason}`);
}

function parse<T extends Definition>(kind: Kind<T>, value: Buffer): T {
  const text = value.toString("utf8");
  try {
    return kind.parse(text);
  } catch (error) {
    if (!(error instanceof DefinitionSyntaxError)) throw error;
    return fail(kind, "invalidAttributeSyntax", {
      name: text,
      reason: kind.syntaxMessage(text, error),
    });
  }
}

function checkNames<T extends Definition>(kind: Kind<T>, definition: T, text: string): void {
  if (definition.names.length === 0) {
    const what = kind.noun === "attribute type" ? "attribute" : "object class";
    fail(kind, "invalidAttributeSyntax", { name: text, reason: `Missing or invalid ${what} name` });
  }
  for (const name of definition.names) {
    if (isDescriptor(Buffer.from(name))) continue;
    const bad = /[^A-Za-z0-9-]/.exec(name)?.[0] ?? name[0];
    fail(kind, "invalidAttributeSyntax", {
      name,
      reason: `The name contains the invalid character "${bad}"`,
    });
  }
}

/** Gives the definition its place among the user's: the OID `name-oid` unless it has one, and the origin. */
function adopt<T extends Definition>(definition: T): T {
  const name = definitionName(definition);
  const keepsOid = isNumericOid(Buffer.from(definition.oid)) || definition.oid.endsWith("-oid");
  const origins = definition.extensions.get(X_ORIGIN) ?? [];
  const extensions = new Map(definition.extensions);
  if (!origins.includes(USER_DEFINED)) extensions.set(X_ORIGIN, [...origins, USER_DEFINED]);
  return { ...definition, oid: keepsOid ? definition.oid : `${name}-oid`, extensions };
}

const sameOid = (a: Definition, b: Definition): boolean =>
  a.oid.toLowerCase() === b.oid.toLowerCase();

const lowerNames = (definition: Definition): ReadonlySet<string> =>
  new Set(definition.names.map((name) => name.toLowerCase()));

const hasNameOf = (definition: Definition, names: ReadonlySet<string>): boolean =>
  definition.names.some((name) => names.has(name.toLowerCase()));

/** Puts `added` into the list, in the place of the definition that has both the OID and a name in common. */
function putDefinition<T extends Definition>(
  kind: Kind<T>,
  list: readonly T[],
  added: T,
): readonly T[] {
  const names = lowerNames(added);
  const touched = list.filter((other) => sameOid(other, added) || hasNameOf(other, names));
  const old = touched[0];
  if (old === undefined) return [...list, added];
  if (touched.length > 1 || !sameOid(old, added) || !hasNameOf(old, names)) {
    fail(kind, "attributeOrValueExists", {
      name: definitionName(added),
      reason: kind.clashMessage(added.oid),
    });
  }
  return list.map((other) => (other === old ? added : other));
}

function addDefinition<T extends Definition>(
  kind: Kind<T>,
  list: readonly T[],
  value: Buffer,
): readonly T[] {
  const parsed = parse(kind, value);
  checkNames(kind, parsed, value.toString("utf8"));
  return putDefinition(kind, list, adopt(parsed));
}

/** What a supplier sends: all that it has. Standard definitions stay as they are here, unless the supplier's administrator
 *  changed them; user-defined ones that it does not send go. */
function replaceDefinitions<T extends Definition>(
  kind: Kind<T>,
  list: readonly T[],
  values: readonly Buffer[],
): readonly T[] {
  let result: readonly T[] = list.filter((definition) => !isUserDefined(definition));
  const standard = new Set(result.map((definition) => definition.oid.toLowerCase()));
  for (const value of values) {
    const parsed = parse(kind, value);
    if (standard.has(parsed.oid.toLowerCase()) && !isUserDefined(parsed)) continue;
    result = putDefinition(kind, result, adopt(parsed));
  }
  return result;
}

/** The definition that a value to be deleted means: by name; by OID when the value has no name. */
function findTarget<T extends Definition>(kind: Kind<T>, list: readonly T[], value: Buffer): T {
  const parsed = parse(kind, value);
  const names = lowerNames(parsed);
  const target = list.find((other) =>
    names.size === 0 ? sameOid(other, parsed) : hasNameOf(other, names),
  );
  return (
    target ??
    fail(kind, "noSuchAttribute", {
      name: definitionName(parsed).toLowerCase(),
      reason: "Is unknown.  Cannot delete.",
    })
  );
}

function checkMayDelete<T extends Definition>(kind: Kind<T>, target: T): void {
  if (isUserDefined(target)) return;
  fail(kind, "unwillingToPerform", { name: definitionName(target), reason: kind.standardMessage });
}

/** Every name and the OID, in lower case: how other definitions may refer to it. */
function references(definition: Definition): ReadonlySet<string> {
  return new Set([definition.oid, ...definition.names].map((name) => name.toLowerCase()));
}

/** Only the state after all changes of a request has to be whole: a class may go together with the types that it used. */
function checkTypeUnused(set: DefinitionSet, target: AttributeTypeDefinition): void {
  if (set.attributeTypes.some((other) => hasNameOf(other, lowerNames(target)))) return;
  const names = references(target);
  const name = definitionName(target).toLowerCase();
  for (const objectClass of set.objectClasses) {
    for (const list of ["must", "may"] as const) {
      if (!objectClass[list].some((used) => names.has(used.toLowerCase()))) continue;
      const user = definitionName(objectClass);
      fail(ATTRIBUTE_TYPES, "unwillingToPerform", {
        name,
        reason: `Is included in the ${list.toUpperCase()} list for object class ${user}.  Cannot delete.`,
      });
    }
  }
  const below = set.attributeTypes.find((other) => names.has(other.sup?.toLowerCase() ?? ""));
  if (below === undefined) return;
  fail(ATTRIBUTE_TYPES, "unwillingToPerform", {
    name,
    reason: `Is the superior of attribute type ${definitionName(below)}.  Cannot delete.`,
  });
}

function checkClassUnused(set: DefinitionSet, target: ObjectClassDefinition): void {
  if (set.objectClasses.some((other) => hasNameOf(other, lowerNames(target)))) return;
  const names = references(target);
  const below = set.objectClasses.some((other) =>
    other.sup.some((above) => names.has(above.toLowerCase())),
  );
  if (!below) return;
  fail(OBJECT_CLASSES, "unwillingToPerform", {
    name: definitionName(target),
    reason: "Cannot delete an object class which has child object classes",
  });
}

/** One list under change. */
interface Working<T extends Definition> {
  readonly kind: Kind<T>;
  list: readonly T[];
  readonly deleted: T[];
}

function applyMod<T extends Definition>(
  working: Working<T>,
  mod: Mod,
  options: ChangeOptions,
): void {
  const { kind } = working;
  switch (mod.operation) {
    case "add":
      for (const value of mod.values) working.list = addDefinition(kind, working.list, value);
      return;
    case "delete":
      for (const value of mod.values) {
        const target = findTarget(kind, working.list, value);
        checkMayDelete(kind, target);
        working.list = working.list.filter((other) => other !== target);
        working.deleted.push(target);
      }
      return;
    case "replace":
      if (options.replaceAllowed === true) {
        working.list = replaceDefinitions(kind, working.list, mod.values);
        return;
      }
      throw new LdapError(
        "unwillingToPerform",
        `${mod.type}: Replace is not allowed on the subschema subentry`,
      );
    case "increment":
      throw new LdapError("unwillingToPerform", `${mod.type}: Increment is not allowed`);
  }
}

/** The definitions after modifications of the attributes attributeTypes and objectClasses. Changes made by the server to
 *  other attributes of the subschema entry (nsSchemaCSN, modifiersName …) must not be among `mods`.
 *  @throws LdapError attributeOrValueExists | invalidAttributeSyntax | noSuchAttribute | unwillingToPerform */
export function changeDefinitions(
  set: DefinitionSet,
  mods: readonly Mod[],
  options: ChangeOptions,
): DefinitionSet {
  const types: Working<AttributeTypeDefinition> = {
    kind: ATTRIBUTE_TYPES,
    list: set.attributeTypes,
    deleted: [],
  };
  const classes: Working<ObjectClassDefinition> = {
    kind: OBJECT_CLASSES,
    list: set.objectClasses,
    deleted: [],
  };
  for (const mod of mods) {
    const attribute = mod.type.toLowerCase();
    if (mod.operation === "delete" && mod.values.length === 0) {
      throw new LdapError(
        "unwillingToPerform",
        `${mod.type}: No target attribute type or object class specified`,
      );
    }
    if (attribute === "attributetypes") applyMod(types, mod, options);
    else if (attribute === "objectclasses") applyMod(classes, mod, options);
    else {
      throw new LdapError(
        "unwillingToPerform",
        `${mod.type}: Only object classes and attribute types may be added`,
      );
    }
  }
  const changed: DefinitionSet = { attributeTypes: types.list, objectClasses: classes.list };
  for (const target of types.deleted) checkTypeUnused(changed, target);
  for (const target of classes.deleted) checkClassUnused(changed, target);
  return changed;
}
