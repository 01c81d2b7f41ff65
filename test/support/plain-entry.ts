// Entries for tests of rooms that only look at entries: a DN and attribute values as texts.
import type { Attribute, EntryView } from "../../src/entry/index.ts";
import type { AttributeType, Schema } from "../../src/schema/index.ts";

export class PlainEntry implements EntryView {
  readonly dn: string;
  readonly normalDn: string;
  readonly #schema: Schema;
  readonly #attributes: readonly Attribute[];

  /** Keys are attribute descriptions; values are texts or bytes. */
  constructor(
    schema: Schema,
    dn: string,
    attributes: Readonly<Record<string, readonly (string | Buffer)[]>>,
  ) {
    this.dn = dn;
    this.normalDn = schema.normalizeDnText(dn);
    this.#schema = schema;
    this.#attributes = Object.entries(attributes).map(([text, values], id) => {
      const [name = "", ...options] = text.split(";");
      const type = schema.attributeType(name);
      const sorted = options.map((option) => option.toLowerCase()).sort();
      const key = [type.key, ...sorted].join(";");
      return {
        description: { id, text, key, type, options: sorted },
        values: values.map((value) => (typeof value === "string" ? Buffer.from(value) : value)),
      };
    });
  }

  attributes(): Iterable<Attribute> {
    return this.#attributes;
  }

  values(type: AttributeType): readonly Buffer[] {
    return this.#attributes
      .filter(({ description }) => this.#schema.isSubtype(description.type, type))
      .flatMap(({ values }) => values);
  }
}
