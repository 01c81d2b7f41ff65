// Applies the items of a modify request to a stored entry: RFC 4511 §4.6, item by item, all or nothing. Attributes that have
// only a default count as present, so that deleting one resets it (389: dse_modify with config defaults).
import { LdapError, type Mod } from "../protocol/index.ts";
import type { ConfigEntry } from "./config-entry.ts";
import { CONFIG_VALUE_BYTES_MAX, CONFIG_VALUES_MAX } from "./limits.ts";

/** Which attributes take the place of their value instead of getting one more, and which exist without being stored. */
export interface ModContext {
  isSingleValued(name: string): boolean;
  /** Texts that are shown when nothing is stored. */
  defaults(name: string): readonly string[];
}

/** @throws LdapError noSuchAttribute | attributeOrValueExists | constraintViolation | unwillingToPerform */
export function applyMods(
  entry: ConfigEntry,
  mods: readonly Mod[],
  context: ModContext,
): ConfigEntry {
  let next = entry;
  for (const mod of mods) next = applyMod(next, mod, context);
  return next;
}

function applyMod(entry: ConfigEntry, mod: Mod, context: ModContext): ConfigEntry {
  checkValues(mod);
  switch (mod.operation) {
    case "add":
      return addValues(entry, mod, context);
    case "delete":
      return deleteValues(entry, mod, context);
    case "replace":
      return replaceValues(entry, mod, context);
    case "increment":
      throw new LdapError("unwillingToPerform", "Increment is not supported in the configuration");
  }
}

function checkValues(mod: Mod): void {
  if (mod.values.some((value) => value.length > CONFIG_VALUE_BYTES_MAX)) {
    throw new LdapError("adminLimitExceeded", `Value of ${mod.type} is too long`);
  }
  if (mod.operation === "add" && mod.values.length === 0) {
    throw new LdapError("protocolError", `No values to add for ${mod.type}`);
  }
}

function addValues(entry: ConfigEntry, mod: Mod, context: ModContext): ConfigEntry {
  if (context.isSingleValued(mod.type)) return replaceValues(entry, mod, context);
  const description = entry.descriptions.get(mod.type);
  const present = entry.find(mod.type)?.values ?? [];
  const values = [...present, ...mod.values.map((value) => Buffer.from(value))];
  const forms = new Set(
    values.map((value) => description.type.normalize(value).toString("latin1")),
  );
  if (forms.size !== values.length) {
    throw new LdapError("attributeOrValueExists", `${mod.type} has that value already`);
  }
  if (values.length > CONFIG_VALUES_MAX) {
    throw new LdapError("adminLimitExceeded", `Too many values of ${mod.type}`);
  }
  return entry.withValues(description, values);
}

function deleteValues(entry: ConfigEntry, mod: Mod, context: ModContext): ConfigEntry {
  const description = entry.descriptions.get(mod.type);
  const stored = entry.find(mod.type)?.values;
  const present = stored ?? context.defaults(mod.type).map((text) => Buffer.from(text));
  if (present.length === 0) throw new LdapError("noSuchAttribute", `${mod.type} has no value`);
  if (mod.values.length === 0) return entry.withValues(description, []);
  const form = (value: Buffer): string => description.type.normalize(value).toString("latin1");
  const gone = new Set(mod.values.map(form));
  const rest = present.filter((value) => !gone.has(form(value)));
  if (rest.length !== present.length - gone.size) {
    throw new LdapError("noSuchAttribute", `${mod.type} does not have that value`);
  }
  return stored === undefined ? entry : entry.withValues(description, rest);
}

function replaceValues(entry: ConfigEntry, mod: Mod, context: ModContext): ConfigEntry {
  if (mod.values.length > 1 && context.isSingleValued(mod.type)) {
    throw new LdapError("constraintViolation", `${mod.type} takes one value`);
  }
  const description = entry.descriptions.get(mod.type);
  const values = new Map(
    mod.values.map((value) => [
      description.type.normalize(value).toString("latin1"),
      Buffer.from(value),
    ]),
  );
  return entry.withValues(description, [...values.values()]);
}
