// The values of an attribute that has very many, while an operation works on them: those of the record, which are not looked at,
// what goes of them and what comes.
import type { AttributeDescription, StoredValues } from "../entry/index.ts";

export class LargeSlot {
  readonly description: AttributeDescription;
  readonly #stored: StoredValues;
  /** Positions of the stored values that go. */
  readonly #gone = new Set<number>();
  /** Values that come, by normal form. */
  readonly #added = new Map<string, Buffer>();
  #values: Buffer[] | undefined;

  constructor(description: AttributeDescription, stored: StoredValues) {
    this.description = description;
    this.#stored = stored;
  }

  get count(): number {
    return this.#stored.count - this.#gone.size + this.#added.size;
  }

  get values(): Buffer[] {
    this.#values ??= [
      ...this.#stored.list().filter((_, position) => !this.#gone.has(position)),
      ...this.#added.values(),
    ];
    return this.#values;
  }

  get newValues(): readonly Buffer[] {
    return [...this.#added.values()];
  }

  has(value: Buffer): boolean {
    return this.#added.has(this.#form(value)) || this.#locate(value) !== undefined;
  }

  /** false: one of them is there already, or twice among them. */
  add(values: readonly Buffer[]): boolean {
    this.#values = undefined;
    for (const value of values) {
      if (this.has(value)) return false;
      this.#added.set(this.#form(value), value);
    }
    return true;
  }

  /** false: it is not there. */
  delete(value: Buffer): boolean {
    this.#values = undefined;
    if (this.#added.delete(this.#form(value))) return true;
    const position = this.#locate(value);
    if (position === undefined) return false;
    this.#gone.add(position);
    return true;
  }

  #form(value: Buffer): string {
    return this.description.type.normalize(value).toString("latin1");
  }

  #locate(value: Buffer): number | undefined {
    const position = this.#stored.locate(this.description.type, value);
    return position === undefined || this.#gone.has(position) ? undefined : position;
  }
}
