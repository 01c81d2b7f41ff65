// Descriptions of the attributes of entries in memory, and their spelling. Most of nsslapd-* has no definition in the schema
// (entries of cn=config are extensible), so the tables of this room say how such names are written.
import type { AttributeDescription } from "../entry/index.ts";
import type { Schema } from "../schema/index.ts";

/** Spellings that are used for attributes that the schema does not define (most of nsslapd-*), by lower-case name. */
const spellings = new Map<string, string>();

/** Makes `name` the spelling under which an attribute unknown to the schema is shown. */
export function registerSpelling(name: string): void {
  const key = name.toLowerCase();
  if (!spellings.has(key)) spellings.set(key, name);
}

/** Descriptions of the attributes of entries in memory: one object per name, numbered 0 because they are never stored in
 *  a record. */
export class ConfigDescriptions {
  readonly schema: Schema;
  readonly #byName = new Map<string, AttributeDescription>();

  constructor(schema: Schema) {
    this.schema = schema;
  }

  /** The description that `name` (with options, if any) stands for. */
  get(name: string): AttributeDescription {
    const lower = name.toLowerCase();
    const known = this.#byName.get(lower);
    if (known !== undefined) return known;
    const [base = name, ...options] = name.split(";");
    const type = this.schema.attributeType(base);
    const sorted = [...new Set(options.map((option) => option.toLowerCase()))].sort();
    const spelling = type.defined ? type.name : (spellings.get(base.toLowerCase()) ?? type.name);
    const description: AttributeDescription = {
      id: 0,
      text: [spelling, ...sorted].join(";"),
      key: [type.key, ...sorted].join(";"),
      type,
      options: sorted,
    };
    this.#byName.set(lower, description);
    return description;
  }
}
