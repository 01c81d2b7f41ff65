// An entry that lives in memory: of cn=config, cn=monitor, the root DSE. Immutable; `with` and `without` give changed
// copies. Attributes keep the order in which they were given, like entries of a database.
import { assert } from "../base/index.ts";
import type { Attribute, AttributeDescription, EntryView } from "../entry/index.ts";
import type { AttributeType } from "../schema/index.ts";
import type { ConfigDescriptions } from "./config-descriptions.ts";

/** An attribute as name and texts: the short form in which entries are written in code. */
export type TextAttribute = readonly [name: string, ...values: string[]];

const toBytes = (text: string): Buffer => Buffer.from(text, "utf8");

export class ConfigEntry implements EntryView {
  readonly dn: string;
  readonly normalDn: string;
  readonly descriptions: ConfigDescriptions;
  /** Attributes by key of their description. An attribute may be there with an empty text as its value, never without values. */
  readonly #attributes: ReadonlyMap<string, Attribute>;

  constructor(
    name: { readonly dn: string; readonly normalDn: string },
    descriptions: ConfigDescriptions,
    attributes: Iterable<Attribute>,
  ) {
    this.dn = name.dn;
    this.normalDn = name.normalDn;
    this.descriptions = descriptions;
    const map = new Map<string, Attribute>();
    for (const attribute of attributes) {
      assert(attribute.values.length > 0, "an attribute of an entry has a value");
      map.set(attribute.description.key, attribute);
    }
    this.#attributes = map;
  }

  static fromTexts(
    name: { readonly dn: string; readonly normalDn: string },
    descriptions: ConfigDescriptions,
    attributes: readonly TextAttribute[],
  ): ConfigEntry {
    return new ConfigEntry(
      name,
      descriptions,
      attributes
        .filter((attribute) => attribute.length > 1)
        .map(([type, ...texts]) => ({
          description: descriptions.get(type),
          values: texts.map(toBytes),
        })),
    );
  }

  attributes(): Iterable<Attribute> {
    return this.#attributes.values();
  }

  values(type: AttributeType): readonly Buffer[] {
    let found: readonly Buffer[] | undefined;
    for (const { description, values } of this.#attributes.values()) {
      if (!isOrDescends(description.type, type)) continue;
      found = found === undefined ? values : [...found, ...values];
    }
    return found ?? [];
  }

  /** The attribute that `name` stands for (aliases included), without its subtypes. */
  find(name: string): Attribute | undefined {
    return this.#attributes.get(this.descriptions.get(name).key);
  }

  has(name: string): boolean {
    return this.find(name) !== undefined;
  }

  /** The first value as text. */
  text(name: string): string | undefined {
    return this.find(name)?.values[0]?.toString("utf8");
  }

  texts(name: string): readonly string[] {
    return (this.find(name)?.values ?? []).map((value) => value.toString("utf8"));
  }

  hasObjectClass(name: string): boolean {
    const lower = name.toLowerCase();
    return this.texts("objectClass").some((value) => value.toLowerCase() === lower);
  }

  /** The entry with the values of `description` replaced; no values remove it. */
  withValues(description: AttributeDescription, values: readonly Buffer[]): ConfigEntry {
    const map = new Map(this.#attributes);
    if (values.length === 0) map.delete(description.key);
    else map.set(description.key, { description, values });
    return new ConfigEntry(this, this.descriptions, map.values());
  }

  /** The entry with each attribute replaced; one without values is removed. */
  with(attributes: readonly TextAttribute[]): ConfigEntry {
    const map = new Map(this.#attributes);
    for (const [name, ...texts] of attributes) {
      const description = this.descriptions.get(name);
      if (texts.length === 0) map.delete(description.key);
      else map.set(description.key, { description, values: texts.map(toBytes) });
    }
    return new ConfigEntry(this, this.descriptions, map.values());
  }

  without(name: string): ConfigEntry {
    return this.has(name) ? this.withValues(this.descriptions.get(name), []) : this;
  }

  /** The entry with the attributes that it does not have yet. */
  withMissing(attributes: readonly TextAttribute[]): ConfigEntry {
    const missing = attributes.filter(([name, ...texts]) => texts.length > 0 && !this.has(name));
    return missing.length === 0 ? this : this.with(missing);
  }

  /** The same entry, its attributes described under another schema. */
  redescribed(descriptions: ConfigDescriptions): ConfigEntry {
    const attributes = [...this.#attributes.values()].map(({ description, values }) => ({
      description: descriptions.get(description.text),
      values,
    }));
    return new ConfigEntry(this, descriptions, attributes);
  }
}

function isOrDescends(type: AttributeType, ancestor: AttributeType): boolean {
  for (let at: AttributeType | undefined = type; at !== undefined; at = at.sup) {
    if (at.key === ancestor.key) return true;
  }
  return false;
}
