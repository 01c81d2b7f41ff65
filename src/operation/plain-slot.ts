// The values of an attribute while an operation works on them, compared by the equality rule of the type.
import type { Attribute, AttributeDescription } from "../entry/index.ts";

const NONE: readonly Buffer[] = [];

export class PlainSlot {
  readonly description: AttributeDescription;
  /** The attribute as it was; undefined: there was none, or `#values` says what is there. */
  #before: Attribute | undefined;
  #values: readonly Buffer[];
  /** Normal forms (latin1) of the values; made on demand, dropped on change. */
  #normal: Set<string> | undefined;
  /** Those of the values that the operation brings. */
  #new: readonly Buffer[];

  constructor(description: AttributeDescription, values = NONE, newValues = NONE) {
    this.description = description;
    this.#values = values;
    this.#new = newValues;
  }

  /** Nothing is made of its values before they are asked for. */
  static of(attribute: Attribute): PlainSlot {
    const slot = new PlainSlot(attribute.description);
    slot.#before = attribute;
    return slot;
  }

  get values(): readonly Buffer[] {
    if (this.#before !== undefined) {
      this.#values = this.#before.values;
      this.#before = undefined;
    }
    return this.#values;
  }
  get count(): number {
    return this.#before?.count ?? this.values.length;
  }
  get newValues(): readonly Buffer[] {
    return this.#new;
  }

  has(value: Buffer): boolean {
    return this.#forms().has(this.#form(value));
  }

  /** false: one of them is there already, or twice among them. */
  add(values: readonly Buffer[]): boolean {
    const forms = this.#forms();
    for (const value of values) {
      const form = this.#form(value);
      if (forms.has(form)) return false;
      forms.add(form);
    }
    this.#values = [...this.values, ...values];
    this.#new = [...this.#new, ...values];
    return true;
  }

  /** false: it is not there. */
  delete(value: Buffer): boolean {
    const form = this.#form(value);
    const gone = this.values.find((each) => this.#form(each) === form);
    if (gone === undefined) return false;
    this.#values = this.values.filter((each) => each !== gone);
    this.#new = this.#new.filter((each) => each !== gone);
    this.#normal = undefined;
    return true;
  }

  /** false: one of them is not there. */
  deleteMany(values: readonly Buffer[]): boolean {
    const forms = new Set(values.map((value) => this.#form(value)));
    const known = this.#forms();
    for (const form of forms) if (!known.has(form)) return false;
    const stays = (value: Buffer): boolean => !forms.has(this.#form(value));
    this.#values = this.values.filter(stays);
    this.#new = this.#new.filter(stays);
    this.#normal = undefined;
    return true;
  }

  #form(value: Buffer): string {
    return this.description.type.normalize(value).toString("latin1");
  }

  #forms(): Set<string> {
    this.#normal ??= new Set(this.values.map((value) => this.#form(value)));
    return this.#normal;
  }
}
