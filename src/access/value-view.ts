// An entry that has one value of one attribute and nothing else: what the filters of targattrfilters look at.
import type { Attribute, EntryView } from "../entry/index.ts";
import type { AttributeType } from "../schema/index.ts";

export class ValueView implements EntryView {
  readonly dn: string;
  readonly normalDn: string;
  readonly #type: AttributeType;
  readonly #values: readonly Buffer[];

  /** The view keeps the name of the entry that the value belongs to. */
  constructor(entry: EntryView, type: AttributeType, value: Buffer) {
    this.dn = entry.dn;
    this.normalDn = entry.normalDn;
    this.#type = type;
    this.#values = [value];
  }

  attributes(): Iterable<Attribute> {
    const { key, name } = this.#type;
    const description = { id: 0, text: name, key, type: this.#type, options: [] };
    return [{ description, values: this.#values }];
  }

  values(type: AttributeType): readonly Buffer[] {
    return type.key === this.#type.key ? this.#values : [];
  }
}
