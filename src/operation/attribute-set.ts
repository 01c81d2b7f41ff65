// The attributes of an entry while an operation works on them: one list of values per attribute description, compared by
// the equality rule of the type. Order of attributes and values is kept.
import type { Attribute, AttributeDescription } from "../entry/index.ts";
import { LdapError } from "../protocol/index.ts";
import { LargeSlot } from "./large-slot.ts";
import { PlainSlot } from "./plain-slot.ts";

/** Above this many values, those that are named are looked up in a set instead of one by one. */
const SCAN_VALUES_MAX = 8;
/** Above this many values to be deleted, those of an attribute that has very many are looked at one by one. */
const LARGE_DELETES_MAX = 64;

type Slot = PlainSlot | LargeSlot;

export class AttributeSet {
  readonly #slots = new Map<AttributeDescription, Slot>();
  readonly #changed = new Set<AttributeDescription>();

  constructor(attributes: Iterable<Attribute>) {
    for (const attribute of attributes) {
      const { description, large } = attribute;
      const slot =
        large === undefined ? PlainSlot.of(attribute) : new LargeSlot(description, large);
      this.#slots.set(description, slot);
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
    return this.#slots.get(description)?.has(value) === true;
  }

  /** @throws LdapError attributeOrValueExists when a value is there already or stands twice in `values` */
  add(description: AttributeDescription, values: readonly Buffer[]): void {
    if (!this.#slot(description).add(values)) {
      throw new LdapError(
        "attributeOrValueExists",
        `Attribute "${description.text}" already has this value`,
      );
    }
    this.#changed.add(description);
  }

  /** @throws LdapError noSuchAttribute when a value is not there */
  delete(description: AttributeDescription, values: readonly Buffer[]): void {
    const slot = this.#slots.get(description);
    if (slot === undefined || slot.count === 0) throw absent(description);
    if (!this.#deleteFrom(slot, values)) throw absentValue(description);
    if (this.#slots.get(description)?.count === 0) this.#slots.delete(description);
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
      if (slot.count > 0) yield slot;
    }
  }

  /** Descriptions that an operation touched. */
  get changed(): ReadonlySet<AttributeDescription> {
    return this.#changed;
  }

  /** The values that an operation brought, as far as they are still there. */
  newAttributes(): readonly Attribute[] {
    return [...this.#changed].map((description) => {
      const values = this.#slots.get(description)?.newValues ?? [];
      return { description, values };
    });
  }

  #slot(description: AttributeDescription): Slot {
    const known = this.#slots.get(description);
    if (known !== undefined) return known;
    const slot = new PlainSlot(description);
    this.#slots.set(description, slot);
    return slot;
  }

  /** false: one of the values is not there. */
  #deleteFrom(slot: Slot, values: readonly Buffer[]): boolean {
    if (values.length <= SCAN_VALUES_MAX) return values.every((value) => slot.delete(value));
    if (slot instanceof PlainSlot) return slot.deleteMany(values);
    const { description } = slot;
    if (values.length <= LARGE_DELETES_MAX) {
      const { type } = description;
      const byForm = new Map(
        values.map((value) => [type.normalize(value).toString("latin1"), value]),
      );
      return [...byForm.values()].every((value) => slot.delete(value));
    }
    const plain = new PlainSlot(description, slot.values, slot.newValues);
    this.#slots.set(description, plain);
    return plain.deleteMany(values);
  }
}

const absent = (description: AttributeDescription): LdapError =>
  new LdapError("noSuchAttribute", `The entry has no attribute "${description.text}"`);

const absentValue = (description: AttributeDescription): LdapError =>
  new LdapError("noSuchAttribute", `Attribute "${description.text}" does not have this value`);
