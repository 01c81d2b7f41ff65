// Interned attribute descriptions. A description is stored in records by its number; the table number → text lies in the
// database (`description`), because numbers must mean the same after a restart and in every thread.
//
// Numbers are given on first use inside a write. An operation that is discarded afterwards has used up its number; the
// number stays in `unsaved` and goes to disk with the next operation that commits, so no stored record can ever name a
// number that is not stored.
//
// Who reads what another thread or process writes gives no such numbers: two would give the same one to different descriptions.
// What it needs a description for that is not stored gets a number which no record can name.
import { LdapError } from "../protocol/index.ts";
import type { AttributeType, Schema } from "../schema/index.ts";
import type { AttributeDescription } from "./entry-view.ts";

/** Distinct descriptions in one database; a guard against clients that make up option after option. */
export const DESCRIPTIONS_MAX = 60_000;
/** Of descriptions that only a reader knows: records have 16 bits for a number. */
const OWN_NUMBER = 0x1_0000;
/** Bytes of one attribute description. */
export const DESCRIPTION_TEXT_MAX = 512;

const DESCRIPTION_TEXT = /^(?:[A-Za-z][A-Za-z0-9._-]*|\d+(?:\.\d+)*)(?:;[A-Za-z0-9_-]+)*$/;

/** Splits `text` into type and options (lower case, sorted, no repetitions). @throws LdapError protocolError-free:
 *  undefinedAttributeType when `text` is no attribute description (RFC 4512 §2.5) */
export function splitDescription(text: string): { type: string; options: readonly string[] } {
  if (text.length > DESCRIPTION_TEXT_MAX || !DESCRIPTION_TEXT.test(text)) {
    throw new LdapError(
      "undefinedAttributeType",
      `"${text.slice(0, 80)}" is not an attribute description`,
    );
  }
  const parts = text.split(";");
  const type = parts[0] as string;
  if (parts.length === 1) return { type, options: [] };
  return {
    type,
    options: [...new Set(parts.slice(1).map((option) => option.toLowerCase()))].sort(),
  };
}

/** Rows of the stored table. */
export interface DescriptionRow {
  readonly id: number;
  readonly text: string;
}

/** All descriptions of a database under one schema. */
export class Descriptions {
  readonly schema: Schema;
  readonly #byId: (AttributeDescription | undefined)[] = [];
  readonly #byKey = new Map<string, AttributeDescription>();
  /** Keys of all types that descriptions name. */
  readonly #types = new Set<string>();
  /** Every spelling seen so far; bounded, since clients choose spellings. */
  readonly #byText = new Map<string, AttributeDescription>();
  readonly #reload: () => Iterable<DescriptionRow>;
  readonly #use: "writer" | "reader";
  #unsaved: DescriptionRow[] = [];
  #nextId = 1;
  #loads = 0;

  /** `reload` reads the stored table; it is called again when a number is met that another thread has given. */
  constructor(
    schema: Schema,
    reload: () => Iterable<DescriptionRow>,
    use: "writer" | "reader" = "writer",
  ) {
    this.schema = schema;
    this.#reload = reload;
    this.#use = use;
    this.#load();
  }

  /** The same descriptions under another schema. */
  withSchema(schema: Schema): Descriptions {
    const next = new Descriptions(schema, this.#reload, this.#use);
    for (const row of this.#unsaved) next.#place(row.id, row.text);
    next.#unsaved = [...this.#unsaved];
    return next;
  }

  /** The description that `text` names, made when it is new. A writer: only inside a write.
   *  @throws LdapError undefinedAttributeType when `text` is not of the form of a description */
  intern(text: string): AttributeDescription {
    const known = this.find(text) ?? this.#findStored(text);
    if (known !== undefined) return known;
    if (this.#use === "reader") return this.#place(OWN_NUMBER, text);
    if (this.#nextId > DESCRIPTIONS_MAX) {
      throw new LdapError("unwillingToPerform", "Too many different attribute descriptions");
    }
    const { type, options } = splitDescription(text);
    const canonical = [this.schema.attributeType(type).name, ...options].join(";");
    const description = this.#place(this.#nextId, canonical);
    this.#unsaved.push({ id: description.id, text: canonical });
    return description;
  }

  /** The description that `text` names, if any entry may have it. */
  find(text: string): AttributeDescription | undefined {
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    const { type, options } = splitDescription(text);
    const key = [this.schema.attributeType(type).key, ...options].join(";");
    const found = this.#byKey.get(key);
    if (found !== undefined && this.#byText.size < 4 * DESCRIPTIONS_MAX)
      this.#byText.set(text, found);
    return found;
  }

  /** Whether any entry may have stored values of the type itself (not of a subtype). */
  occurs(type: AttributeType): boolean {
    return this.#types.has(type.key);
  }

  /** The description with this number; asserts that there is one. */
  get(id: number): AttributeDescription {
    const known = this.#byId[id];
    if (known !== undefined) return known;
    this.#load();
    const loaded = this.#byId[id];
    if (loaded === undefined) throw new Error(`no attribute description has the number ${id}`);
    return loaded;
  }

  /** Reads what another process has added to the stored table. */
  reload(): void {
    this.#load();
  }

  /** How often the stored table has been read, which spoils what the store has lent. */
  get loads(): number {
    return this.#loads;
  }

  /** Rows that are not on disk yet; the caller stores them in the transaction that it is about to commit. */
  takeUnsaved(): readonly DescriptionRow[] {
    if (this.#unsaved.length === 0) return this.#unsaved;
    const rows = this.#unsaved;
    this.#unsaved = [];
    return rows;
  }

  /** For readers: somebody may have stored it since. */
  #findStored(text: string): AttributeDescription | undefined {
    if (this.#use === "writer") return undefined;
    this.#load();
    return this.find(text);
  }

  #load(): void {
    this.#loads += 1;
    for (const row of this.#reload()) {
      if (this.#byId[row.id] === undefined) this.#place(row.id, row.text);
    }
  }

  #place(id: number, text: string): AttributeDescription {
    const { type: typeName, options } = splitDescription(text);
    const type = this.schema.attributeType(typeName);
    const key = [type.key, ...options].join(";");
    const description: AttributeDescription = {
      id,
      text: [type.name, ...options].join(";"),
      key,
      type,
      options,
    };
    const before = this.#byKey.get(key);
    if (before?.id === OWN_NUMBER) this.#byText.clear();
    if (before === undefined || before.id === OWN_NUMBER) this.#byKey.set(key, description);
    this.#byText.set(text, description);
    if (id === OWN_NUMBER) return description;
    this.#byId[id] = description;
    this.#types.add(type.key);
    this.#nextId = Math.max(this.#nextId, id + 1);
    return description;
  }
}
