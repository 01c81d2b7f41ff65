// The attributes of an entry while an operation works on them: one list of values per attribute description, compared by
// the equality rule of the type. Order of attributes and values is kept.
import type { Attribute, AttributeDescription } from "../entry/index.ts";
import { LdapError } from "../protocol/index.ts";

/** Above this many values membership is looked up in a set instead of a scan. */
const SCAN_VALUES_MAX = 8;

interface Slot {
  readonly description: AttributeDescription;
  values: Buffer[];
  /** Normal forms (latin1) of `values`; made on demand, dropped on change. */
  normal: Set<string> | undefined;
}

const normalText = (description: AttributeDescription, value: Buffer): string =>
  description.type.normalize(value).toString("latin1");

export class AttributeSet {
  readonly #slots = new Map<AttributeDescription, Slot>();
  readonly #changed = new Set<AttributeDescription>();

  constructor(attributes: Iterable<Attribute>) {
    for (const { description, values } of attributes) {
      const slot = this.#slot(description);
      slot.values.push(...values);
    }
  }

  values(description: AttributeDescription): readonly Buffer[] {
    return this.#slots.get(description)?.values ?? [];
  }

  /** Values of the type without options, by key. */
  ofType(key: string): readonly Buffer[] {
    for (const slot of this.#slots.values()) {
      if (slot.description.key === key) return slot.values;
    }
    return [];
  }

  has(description: AttributeDescription, value: Buffer): boolean {
    const slot = this.#slots.get(description);
    return slot !== undefined && normalSet(slot).has(normalText(description, value));
  }

  /** @throws LdapError attributeOrValueExists when a value is there already or stands twice in `values` */
  add(description: AttributeDescription, values: readonly Buffer[]): void {
    const slot = this.#slot(description);
    const known = normalSet(slot);
    for (const value of values) {
      const normal = normalText(description, value);
      if (known.has(normal)) {
        throw new LdapError(
          "attributeOrValueExists",
          `Attribute "${description.text}" already has this value`,
        );
      }
      known.add(normal);
      slot.values.push(value);
    }
    this.#changed.add(description);
  }

  /** @throws LdapError noSuchAttribute when a value is not there */
  delete(description: AttributeDescription, values: readonly Buffer[]): void {
    const slot = this.#slots.get(description);
    if (slot === undefined || slot.values.length === 0) throw absent(description);
    if (values.length <= SCAN_VALUES_MAX) {
      for (const value of values) this.#deleteOne(slot, normalText(description, value));
    } else {
      this.#deleteMany(slot, new Set(values.map((value) => normalText(description, value))));
    }
    if (slot.values.length === 0) this.#slots.delete(description);
    this.#changed.add(description);
  }

  /** @throws LdapError noSuchAttribute when there is no such attribute */
  deleteAll(description: AttributeDescription): void {
    if (!this.#slots.delete(description)) throw absent(description);
    this.#changed.add(description);
  }

  /** No values: removes the attribute if it is there. @throws LdapError attributeOrValueExists */
  replace(description: AttributeDescription, values: readonly Buffer[]): void {
    this.#slots.delete(description);
    this.#changed.add(description);
    if (values.length > 0) this.add(description, values);
  }

  *[Symbol.iterator](): Iterator<Attribute> {
    for (const slot of this.#slots.values()) {
      if (slot.values.length > 0) yield slot;
    }
  }

  /** Descriptions that an operation touched. */
  get changed(): ReadonlySet<AttributeDescription> {
    return this.#changed;
  }

  /** What an operation touched, as far as it has values. */
  changedAttributes(): readonly Attribute[] {
    return [...this.#changed].flatMap((description) => {
      const slot = this.#slots.get(description);
      return slot === undefined || slot.values.length === 0 ? [] : [slot];
    });
  }

  #slot(description: AttributeDescription): Slot {
    const known = this.#slots.get(description);
    if (known !== undefined) return known;
    const slot: Slot = { description, values: [], normal: undefined };
    this.#slots.set(description, slot);
    return slot;
  }

  #deleteOne(slot: Slot, normal: string): void {
    const at = slot.values.findIndex((value) => normalText(slot.description, value) === normal);
    if (at < 0) throw absentValue(slot.description);
    slot.values.splice(at, 1);
    slot.normal = undefined;
  }

  #deleteMany(slot: Slot, normal: Set<string>): void {
    const known = normalSet(slot);
    for (const one of normal) {
      if (!known.has(one)) throw absentValue(slot.description);
    }
    slot.values = slot.values.filter((value) => !normal.has(normalText(slot.description, value)));
    slot.normal = undefined;
  }
}

function normalSet(slot: Slot): Set<string> {
  slot.normal ??= new Set(slot.values.map((value) => normalText(slot.description, value)));
  return slot.normal;
}

const absent = (description: AttributeDescription): LdapError =>
  new LdapError("noSuchAttribute", `The entry has no attribute "${description.text}"`);

const absentValue = (description: AttributeDescription): LdapError =>
  new LdapError("noSuchAttribute", `Attribute "${description.text}" does not have this value`);
