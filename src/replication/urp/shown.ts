// The attributes that are shown of an entry: registers joined with the effects of renames, the values of the RDN, and what is
// derived from the structure (13.2, 13.3; the table in form.ts).
import { type Attribute, type AttributeDescription, RopeAttribute } from "../../entry/index.ts";
import { AttributeState, type Registers, type ResolveDescription } from "../registers/index.ts";
import type { EntryForm } from "./form.ts";
import { lowerDn, plainRdn, readRdn } from "./names.ts";

/** What an entry's attributes depend on besides its own state. */
export interface Surroundings {
  /** DN of the parent, as shown. */
  readonly parentDn: string;
  /** The shown attributes violate the schema: found by the caller after a replicated change. Only for live entries. */
  readonly schemaViolation: boolean;
  readonly resolve: ResolveDescription;
}

const OBJECT_CLASS = "objectClass";
const CONFLICT_MARK = "nsds5ReplConflict";
const CONFLICT_CSN = "conflictCSN";
const TOMBSTONE_CSN = "nsTombstoneCSN";
const PARENT_UNIQUE_ID = "nsParentUniqueId";
const ENTRY_DN = "nscpEntryDN";
const OBJECT_CLASS_KEY = OBJECT_CLASS.toLowerCase();
const DERIVED_KEYS: ReadonlySet<string> = new Set(
  [CONFLICT_MARK, CONFLICT_CSN, TOMBSTONE_CSN, PARENT_UNIQUE_ID, ENTRY_DN].map((type) =>
    type.toLowerCase(),
  ),
);
const CONFLICT_CLASS = "ldapsubentry";
const TOMBSTONE_CLASS = "nsTombstone";
const GLUE_CLASS = "glue";

const DERIVED_CLASSES: Readonly<Record<EntryForm["kind"], readonly string[]>> = {
  live: [],
  conflict: [CONFLICT_CLASS],
  glue: ["extensibleObject", "glue"],
  missing: ["top", "extensibleObject", "glue"],
  tombstone: [TOMBSTONE_CLASS],
};

/** Classes that the structure adds to an entry of this form. */
export function derivedClasses({ kind, node }: EntryForm): readonly string[] {
  const classes = DERIVED_CLASSES[kind];
  return kind === "tombstone" && node.conflict ? [...classes, CONFLICT_CLASS] : classes;
}

const text = (value: string): Buffer => Buffer.from(value, "utf8");
const isGlueClass = (value: Buffer): boolean =>
  value.length === GLUE_CLASS.length && value.toString("latin1").toLowerCase() === GLUE_CLASS;

function conflictMarks({ kind, node }: EntryForm, surroundings: Surroundings): string[] {
  const { parentDn } = surroundings;
  const naming = `namingConflict (${node.how}) ${node.rdn},${parentDn}`;
  switch (kind) {
    case "live":
      return surroundings.schemaViolation ? ["Schema violation"] : [];
    case "conflict":
      // Tools take the first value for the name that the entry wants (lib389: conflicts.py).
      return surroundings.schemaViolation ? [naming, "Schema violation"] : [naming];
    case "glue":
      return ["deletedEntryHasChildren"];
    case "missing":
      return ["missingEntry"];
    case "tombstone":
      return node.conflict ? [naming] : [];
  }
}

/** Of a live entry without marks. */
const NOTHING_DERIVED = [
  CONFLICT_MARK,
  CONFLICT_CSN,
  TOMBSTONE_CSN,
  PARENT_UNIQUE_ID,
  ENTRY_DN,
].map((type): readonly [string, readonly string[]] => [type, []]);

/** The derived attributes apart from objectClass, as texts; those without values too. */
export function derivedAttributes(
  form: EntryForm,
  surroundings: Surroundings,
): readonly (readonly [type: string, values: readonly string[]])[] {
  const { kind, node } = form;
  const { parentDn, schemaViolation } = surroundings;
  // As nearly all are.
  if (kind === "live" && !node.conflict && !schemaViolation && form.tombstoneCsn === undefined)
    return NOTHING_DERIVED;
  const isTombstone = kind === "tombstone";
  const deadDn = `${form.rdn.slice(form.rdn.indexOf(",") + 1)},${parentDn}`;
  return [
    [CONFLICT_MARK, conflictMarks(form, surroundings)],
    [CONFLICT_CSN, node.conflict ? [node.naming] : []],
    [TOMBSTONE_CSN, form.tombstoneCsn === undefined ? [] : [form.tombstoneCsn]],
    [PARENT_UNIQUE_ID, isTombstone ? [node.parent] : []],
    [ENTRY_DN, isTombstone ? [lowerDn(deadDn)] : []],
  ];
}

/** The RDN values of each attribute, by description key. */
function namingValues(
  form: EntryForm,
  resolve: ResolveDescription,
): ReadonlyMap<string, Attribute> {
  const out = new Map<string, { description: AttributeDescription; values: Buffer[] }>();
  for (const { type, value } of plainRdn(readRdn(form.node.rdn))) {
    const description = resolve(type);
    if (description === undefined) continue;
    const known = out.get(description.key);
    if (known === undefined) out.set(description.key, { description, values: [value] });
    else known.values.push(value);
  }
  return out;
}

/** The state of one attribute joined with the effects of renames; undefined when there is none. */
export function joinedState(
  form: EntryForm,
  base: Registers,
  description: AttributeDescription,
  resolve: ResolveDescription,
): AttributeState | undefined {
  const own = base.find(description.key);
  let joined: AttributeState | undefined;
  for (const { csn, kind, type, value } of form.node.effects) {
    if (resolve(type)?.key !== description.key) continue;
    joined ??= own?.copy() ?? new AttributeState(description);
    if (kind === "vu") joined.add(value, csn, csn);
    else joined.deleteValue(value, csn);
  }
  return joined ?? own;
}

/** RDN values that are not among `values` are added; of a single-valued type the RDN value is then the value. `values` itself if
 *  nothing is missing. */
function overlay(
  description: AttributeDescription,
  values: readonly Buffer[],
  naming: readonly Buffer[],
): readonly Buffer[] {
  const { type } = description;
  if (naming.every((value) => values.some((each) => each.equals(value)))) return values;
  const form = (value: Buffer): string => type.normalize(value).toString("latin1");
  const known = new Set(values.map(form));
  const missing = naming.filter((value) => !known.has(form(value)));
  if (missing.length === 0) return values;
  return type.singleValue ? missing.slice(0, 1) : [...values, ...missing];
}

/** `values` itself if the classes stay as they are. */
function withClasses(form: EntryForm, values: readonly Buffer[]): readonly Buffer[] {
  const derived = derivedClasses(form);
  if (derived.length === 0 && !values.some(isGlueClass)) return values;
  const shown = values.filter((value) => !isGlueClass(value));
  const known = new Set(shown.map((value) => value.toString("latin1").toLowerCase()));
  const added = derived.filter((name) => !known.has(name.toLowerCase()));
  return [...shown, ...added.map(text)];
}

/** Undefined when it has no values. `naming`: the RDN values of the attribute. */
function ownAttribute(
  form: EntryForm,
  base: Registers,
  description: AttributeDescription,
  { naming, resolve }: { naming: readonly Buffer[] | undefined; resolve: ResolveDescription },
): Attribute | undefined {
  // Registers that exist for the unique ID of missing glue are kept, not shown.
  const state = form.kind === "missing" ? undefined : joinedState(form, base, description, resolve);
  const hasClasses = description.key === OBJECT_CLASS_KEY;
  const whole = state?.shownWhole();
  if (naming === undefined && !hasClasses) {
    if (whole !== undefined) return whole;
    const rope = state?.shownRope();
    if (rope !== undefined)
      return rope.count > 0 ? new RopeAttribute(description, rope) : undefined;
  }
  const shown = whole?.values ?? state?.shown() ?? [];
  const own = naming === undefined ? shown : overlay(description, shown, naming);
  const values = hasClasses ? withClasses(form, own) : own;
  if (values === whole?.values) return whole;
  return values.length > 0 ? { description, values } : undefined;
}

/** The values of one attribute of the entry; none when it is not shown. */
export function shownValues(
  form: EntryForm,
  base: Registers,
  description: AttributeDescription,
  surroundings: Surroundings,
): readonly Buffer[] {
  const { resolve } = surroundings;
  if (DERIVED_KEYS.has(description.key)) {
    for (const [type, values] of derivedAttributes(form, surroundings)) {
      if (type.toLowerCase() === description.key) return values.map(text);
    }
  }
  const naming = namingValues(form, resolve).get(description.key)?.values;
  return ownAttribute(form, base, description, { naming, resolve })?.values ?? [];
}

/** All attributes of the entry that have values: first those of the registers, then RDN and derived ones. Attributes that
 *  belong to one server (entryid, parentid, numSubordinates, nsUniqueId …) are the caller's. */
export function shownAttributes(
  form: EntryForm,
  base: Registers,
  surroundings: Surroundings,
): Attribute[] {
  const { resolve } = surroundings;
  const naming = namingValues(form, resolve);
  const out: Attribute[] = [];
  const show = (description: AttributeDescription): void => {
    const attribute = ownAttribute(form, base, description, {
      naming: naming.get(description.key)?.values,
      resolve,
    });
    if (attribute !== undefined) out.push(attribute);
  };
  const isKnown = form.kind !== "missing";
  if (isKnown) for (const { description } of base.attributes.values()) show(description);
  const others = new Map<string, AttributeDescription>();
  const include = (description: AttributeDescription | undefined): void => {
    if (description === undefined) return;
    if (!isKnown || base.find(description.key) === undefined) {
      others.set(description.key, description);
    }
  };
  if (isKnown) for (const { type } of form.node.effects) include(resolve(type));
  for (const { description } of naming.values()) include(description);
  include(resolve(OBJECT_CLASS));
  for (const description of others.values()) show(description);
  for (const [type, values] of derivedAttributes(form, surroundings)) {
    const description = values.length === 0 ? undefined : resolve(type);
    if (description !== undefined) out.push({ description, values: values.map(text) });
  }
  return out;
}
