// The check of a whole entry against the schema (RFC 4512 §2.4, §2.5; 389: schema.c slapi_entry_schema_check, pluginmgr syntax
// checks). Texts are 389's without their line ends. 389 differs from X.500 and so do we: an entry may have several unrelated
// structural classes, or auxiliary ones alone.
import { LdapError } from "../protocol/index.ts";
import type { Schema } from "./schema.ts";
import type { AttributeType, ObjectClass } from "./types.ts";

/** The values of one attribute description; descriptions that differ in options only may come one by one. */
export interface CheckedAttribute {
  readonly description: { readonly type: AttributeType };
  readonly values: readonly Buffer[];
  /** How many values there are, if that is known without them. */
  readonly count?: number | undefined;
}

export interface CheckOptions {
  /** nsslapd-syntaxcheck; on unless false. */
  readonly syntaxCheck?: boolean;
  /** nsslapd-schemacheck: classes and single values; on unless false. */
  readonly schemaCheck?: boolean;
}

/** Key of the class that allows every attribute. */
const EXTENSIBLE_OBJECT = "extensibleobject";
/** Key of the root of all classes. */
const TOP = "top";

const violation = (message: string): LdapError => new LdapError("objectClassViolation", message);

function getClass(schema: Schema, value: Buffer): ObjectClass {
  const name = value.toString("utf8").trim();
  const objectClass = schema.findObjectClass(name);
  if (objectClass === undefined) throw violation(`unknown object class "${name}"`);
  return objectClass;
}

/** The classes that the values name, without repeats.
 *  @throws LdapError objectClassViolation for a class that the schema does not know */
export function getObjectClasses(
  schema: Schema,
  values: readonly Buffer[],
): readonly ObjectClass[] {
  const classes = new Map<string, ObjectClass>();
  for (const value of values) {
    const objectClass = getClass(schema, value);
    classes.set(objectClass.key, objectClass);
  }
  return [...classes.values()];
}

/** The values of objectClass with those of all superiors added behind them, `top` last; given values keep their spelling and
 *  place. 389 stores superiors with the entry, and replicas compare entries. Unknown classes are left alone. */
export function expandObjectClasses(schema: Schema, values: readonly Buffer[]): readonly Buffer[] {
  const present = new Set<string>();
  const known: ObjectClass[] = [];
  for (const value of values) {
    const objectClass = schema.findObjectClass(value.toString("utf8").trim());
    if (objectClass === undefined) continue;
    present.add(objectClass.key);
    known.push(objectClass);
  }
  const added: Buffer[] = [];
  for (const superior of known.flatMap((objectClass) => objectClass.superiors)) {
    if (present.has(superior.key) || superior.key === TOP) continue;
    present.add(superior.key);
    added.push(Buffer.from(superior.name, "utf8"));
  }
  if (known.length > 0 && !present.has(TOP) && schema.findObjectClass(TOP) !== undefined) {
    added.push(Buffer.from(TOP, "utf8"));
  }
  return added.length === 0 ? values : [...values, ...added];
}

/** What the classes of an entry ask of it together. */
interface EntryShape {
  /** Each required type with the class that asks for it. */
  readonly required: readonly { readonly type: AttributeType; readonly by: ObjectClass }[];
  /** Keys; undefined when everything is allowed. */
  readonly allowed: ReadonlySet<string> | undefined;
}

/** Shapes by the names of the classes as the entries spell them: a directory has few such lists. */
const shapes = new WeakMap<Schema, Map<string, EntryShape>>();
/** Lists of classes remembered for one schema. */
const SHAPES_MAX = 1000;

function makeShape(schema: Schema, values: readonly Buffer[]): EntryShape {
  const classes = getObjectClasses(schema, values);
  if (classes.every((objectClass) => objectClass.kind === "ABSTRACT" && objectClass.key !== TOP)) {
    throw violation(
      `abstract object class "${classes[0]!.name}" needs a class that derives from it`,
    );
  }
  const required = classes.flatMap((by) => by.must.map((type) => ({ type, by })));
  if (classes.some((objectClass) => objectClass.key === EXTENSIBLE_OBJECT)) {
    return { required, allowed: undefined };
  }
  const types = classes.flatMap((objectClass) => [...objectClass.must, ...objectClass.may]);
  return { required, allowed: new Set(types.map((type) => type.key)) };
}

function getShape(schema: Schema, values: readonly Buffer[]): EntryShape {
  const key = values.map((value) => value.toString("latin1")).join("\n");
  const known = shapes.get(schema) ?? new Map<string, EntryShape>();
  const seen = known.get(key);
  if (seen !== undefined) return seen;
  const shape = makeShape(schema, values);
  if (known.size >= SHAPES_MAX) known.clear();
  known.set(key, shape);
  shapes.set(schema, known);
  return shape;
}

const countOf = (attribute: CheckedAttribute): number => attribute.count ?? attribute.values.length;

function checkClasses(schema: Schema, attributes: readonly CheckedAttribute[]): void {
  const objectClassValues: Buffer[] = [];
  for (const attribute of attributes) {
    if (attribute.description.type.key === "objectclass")
      objectClassValues.push(...attribute.values);
  }
  if (objectClassValues.length === 0) throw violation('missing required attribute "objectclass"');
  const { required, allowed } = getShape(schema, objectClassValues);
  // Few are required: looking for each is cheaper than a set of all.
  for (const { type, by } of required) {
    const { key } = type;
    if (attributes.some((one) => one.description.type.key === key && countOf(one) > 0)) continue;
    throw violation(`missing attribute "${type.name}" required by object class "${by.name}"`);
  }
  if (allowed === undefined) return;
  for (const attribute of attributes) {
    const { type } = attribute.description;
    if (countOf(attribute) === 0 || type.operational || allowed.has(type.key)) continue;
    throw violation(`attribute "${type.name}" not allowed`);
  }
}

/** @throws LdapError invalidAttributeSyntax for the first value that does not conform */
export function checkSyntax(type: AttributeType, values: readonly Buffer[]): void {
  const invalid = values.findIndex((value) => type.syntax.check(value) !== undefined);
  if (invalid < 0) return;
  throw new LdapError(
    "invalidAttributeSyntax",
    `${type.name}: value #${invalid} invalid per syntax`,
  );
}

/** @throws LdapError objectClassViolation, as 389 */
export function checkSingleValue(type: AttributeType, count: number): void {
  if (!type.singleValue || count < 2) return;
  throw new LdapError(
    "objectClassViolation",
    `single-valued attribute "${type.name}" has multiple values`,
  );
}

/** Checks an entry as it would be stored.
 *  @throws LdapError objectClassViolation | constraintViolation | invalidAttributeSyntax */
export function checkEntry(
  schema: Schema,
  attributes: readonly CheckedAttribute[],
  options: CheckOptions = {},
): void {
  if (options.schemaCheck ?? true) checkClasses(schema, attributes);
  for (const attribute of attributes) {
    const { type } = attribute.description;
    if (options.schemaCheck ?? true) checkSingleValue(type, countOf(attribute));
    if (options.syntaxCheck ?? true) checkSyntax(type, attribute.values);
  }
}
