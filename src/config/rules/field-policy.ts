// Checks modify requests against a field table: unknown attributes, attributes that only the server sets, values out of
// range, deletes that are not allowed. Each kind of entry has one policy.
import { LdapError, type Mod } from "../../protocol/index.ts";
import type { ModContext } from "../apply-mods.ts";
import type { ConfigEntry } from "../config-entry.ts";
import { type Field, type InstanceDefaults, defaultTexts } from "../fields/field.ts";

export interface FieldPolicy {
  readonly fields: ReadonlyMap<string, Field<unknown>>;
  /** The refusal of an attribute that is in no table; undefined: it is stored like any other. */
  refuseUnknown(name: string): LdapError | undefined;
  refuseReadOnly(name: string): LdapError;
}

export function fieldMap(fields: Iterable<Field<unknown>>): ReadonlyMap<string, Field<unknown>> {
  return new Map(Array.from(fields, (field) => [field.attribute.toLowerCase(), field]));
}

/** Attributes of every configuration entry that administrators may write. */
const ALWAYS_ALLOWED = new Set(["aci"]);

const isAlwaysAllowed = (name: string): boolean => ALWAYS_ALLOWED.has(name.toLowerCase());

/** @throws LdapError of the policy, or unwillingToPerform | invalidAttributeSyntax for a value of a field */
export function checkMods(policy: FieldPolicy, entry: ConfigEntry, mods: readonly Mod[]): void {
  for (const mod of mods) {
    if (isAlwaysAllowed(mod.type)) continue;
    const field = policy.fields.get(keyOf(entry, mod.type));
    if (field === undefined) {
      const refusal = policy.refuseUnknown(mod.type);
      if (refusal !== undefined) throw refusal;
      continue;
    }
    checkMod(policy, field, mod);
  }
}

function checkMod(policy: FieldPolicy, field: Field<unknown>, mod: Mod): void {
  const removes =
    mod.operation === "delete" || (mod.operation === "replace" && mod.values.length === 0);
  if (removes) {
    if (field.deleteRefused !== undefined) {
      throw new LdapError(field.deleteRefused.code, field.deleteRefused.message);
    }
    return;
  }
  if (field.change === "readOnly") throw policy.refuseReadOnly(field.attribute);
  checkFieldValues(field, mod.values);
}

/** @throws LdapError when a value does not fit the field */
export function checkFieldValues(field: Field<unknown>, values: readonly Buffer[]): void {
  for (const value of values) {
    const parsed = field.parse(value.toString("utf8"));
    if (!parsed.ok) throw new LdapError(parsed.code, parsed.message);
  }
}

/** Checks all attributes of a new entry that are in the table. */
export function checkFields(policy: FieldPolicy, entry: ConfigEntry): void {
  for (const { description, values } of entry.attributes()) {
    const field =
      policy.fields.get(description.key) ?? policy.fields.get(description.text.toLowerCase());
    if (field === undefined) continue;
    checkFieldValues(field, values);
    if (!field.multiValued && values.length > 1) {
      throw new LdapError("objectClassViolation", `${field.attribute} takes one value`);
    }
  }
}

/** The name under which a table lists an attribute that a client may name by an alias. */
function keyOf(entry: ConfigEntry, name: string): string {
  return entry.descriptions.get(name).text.toLowerCase();
}

/** Writes to computed attributes are taken and have no effect (389: config_set of read-only attributes). */
export function withoutComputed(
  policy: FieldPolicy,
  entry: ConfigEntry,
  mods: readonly Mod[],
): readonly Mod[] {
  return mods.filter((mod) => policy.fields.get(keyOf(entry, mod.type))?.change !== "computed");
}

/** How modifications work on entries of this policy. */
export function modContext(
  policy: FieldPolicy,
  entry: ConfigEntry,
  instance: InstanceDefaults,
): ModContext {
  return {
    isSingleValued(name) {
      const field = policy.fields.get(keyOf(entry, name));
      return field !== undefined && !field.multiValued;
    },
    defaults(name) {
      const field = policy.fields.get(keyOf(entry, name));
      return field === undefined ? [] : defaultTexts(field, instance);
    },
  };
}
