// A stored entry as filters, access control and answers see it: the attributes of its record and those that are computed
// on every read, because they depend on other entries or on the place of the record (admin-compat section 7).
import type { BerWriter } from "../ber/index.ts";
import { RUV_UNIQUE_ID } from "../replication/change/index.ts";
import type { UniqueId } from "../replication/change/index.ts";
import type { AttributeType } from "../schema/index.ts";
import type { Descriptions } from "./description.ts";
import type { Attribute, AttributeDescription, EntryView } from "./entry-view.ts";
import {
  DirectoryRows,
  type EntryId,
  RDN_START,
  hasApart,
  readPieces,
  readValues,
  recordFlags,
  recordParentId,
  recordRdn,
  recordRdnBytes,
  recordUniqueId,
} from "./record.ts";
import { joinRecord } from "./joined-record.ts";
import { StoredAttribute, LARGE_BYTES_MIN } from "./stored-attribute.ts";
import { type KnownValues, type PieceLender, StoredValues } from "./stored-values.ts";

/** DN of an entry, as shown and in normal form. */
export interface EntryNames {
  readonly dn: string;
  readonly normalDn: string;
  /** `dn` in UTF-8. */
  readonly dnBytes: Buffer;
}

/** What a stored entry needs to know of its backend. */
export interface EntrySurroundings extends PieceLender {
  readonly descriptions: Descriptions;
  dnOf(id: EntryId): EntryNames;
  /** Children that clients can see. */
  childCount(id: EntryId): number;
  tombstoneChildCount(id: EntryId): number;
}

const text = (value: string | number): Buffer[] => [Buffer.from(String(value), "utf8")];

type Compute = (entry: StoredEntry) => Buffer[];

/** Computed attributes by key of their type; an empty list means that the entry has no such attribute. */
const COMPUTED: ReadonlyMap<string, Compute> = new Map<string, Compute>([
  ["entryid", (entry) => text(entry.id)],
  ["parentid", (entry) => (entry.parentId === 0 ? [] : text(entry.parentId))],
  ["entrydn", (entry) => text(entry.normalDn)],
  ["dsentrydn", (entry) => text(entry.dn)],
  ["numsubordinates", (entry) => (entry.childCount === 0 ? [] : text(entry.childCount))],
  [
    "tombstonenumsubordinates",
    (entry) => (entry.tombstoneChildCount === 0 ? [] : text(entry.tombstoneChildCount)),
  ],
  ["hassubordinates", (entry) => text(entry.childCount === 0 ? "FALSE" : "TRUE")],
  ["subschemasubentry", () => text("cn=schema")],
]);

/** Keys of the types whose values are computed and never stored. */
export const COMPUTED_ATTRIBUTE_KEYS: ReadonlySet<string> = new Set(COMPUTED.keys());

/** Is `type` the type `of` or one of its subtypes? */
export function isOrDescends(type: AttributeType, of: AttributeType): boolean {
  for (let at: AttributeType | undefined = type; at !== undefined; at = at.sup) {
    if (at === of || at.key === of.key) return true;
  }
  return false;
}

/** What is known of attributes with very many values, by the number of their description. */
export type LargeAttributes = ReadonlyMap<number, KnownValues>;

const COMMA = Buffer.from(",");

export class StoredEntry implements EntryView {
  readonly id: EntryId;
  readonly record: Buffer;
  readonly #surroundings: EntrySurroundings;
  #dn: string | undefined;
  #normalDn: string | undefined;
  readonly #large: LargeAttributes | undefined;
  #stored: readonly Attribute[] | undefined;
  #whole: StoredEntry | undefined;

  /** `record` is kept: it must be a copy, or the entry must not outlive it. `large`: what is known of this very record. */
  constructor(
    id: EntryId,
    record: Buffer,
    surroundings: EntrySurroundings,
    large?: LargeAttributes,
  ) {
    this.id = id;
    this.record = record;
    this.#surroundings = surroundings;
    this.#large = large;
  }

  get dn(): string {
    if (this.#dn !== undefined) return this.#dn;
    const { parentId, rdn } = this;
    this.#dn = parentId === 0 ? rdn : `${rdn},${this.#surroundings.dnOf(parentId).dn}`;
    return this.#dn;
  }
  get normalDn(): string {
    if (this.#normalDn !== undefined) return this.#normalDn;
    const { parentNormalDn } = this;
    const { schema } = this.#surroundings.descriptions;
    this.#normalDn =
      parentNormalDn === undefined
        ? schema.normalizeDnText(this.rdn)
        : `${schema.normalizeLeafText(this.rdn)},${parentNormalDn}`;
    return this.#normalDn;
  }
  get flags(): number {
    return recordFlags(this.record);
  }
  get parentId(): EntryId {
    return recordParentId(this.record);
  }
  get uniqueId(): UniqueId {
    return recordUniqueId(this.record);
  }
  get rdn(): string {
    return recordRdn(this.record);
  }
  get childCount(): number {
    return this.#surroundings.childCount(this.id);
  }
  get tombstoneChildCount(): number {
    return this.#surroundings.tombstoneChildCount(this.id);
  }
  get isRuvEntry(): boolean {
    return this.uniqueId === RUV_UNIQUE_ID;
  }
  /** Normal DN of the parent; undefined for the suffix entry. */
  get parentNormalDn(): string | undefined {
    const { parentId } = this;
    return parentId === 0 ? undefined : this.#surroundings.dnOf(parentId).normalDn;
  }

  /** Bytes that `writeDn` appends. */
  get dnLength(): number {
    const { parentId } = this;
    const own = recordRdnBytes(this.record);
    return parentId === 0 ? own : own + 1 + this.#surroundings.dnOf(parentId).dnBytes.length;
  }

  /** Appends the DN in UTF-8: no text is made of it. */
  writeDn(writer: BerWriter): void {
    const { parentId, record } = this;
    writer.appendRange(record, RDN_START, RDN_START + recordRdnBytes(record));
    if (parentId === 0) return;
    const { dnBytes } = this.#surroundings.dnOf(parentId);
    writer.appendRange(COMMA, 0, COMMA.length);
    writer.appendRange(dnBytes, 0, dnBytes.length);
  }

  rows(): DirectoryRows {
    return new DirectoryRows(this.record);
  }

  description(row: { readonly descriptionId: number }): AttributeDescription {
    return this.#surroundings.descriptions.get(row.descriptionId);
  }

  /** The numbers in the directory of its record. */
  get descriptions(): Descriptions {
    return this.#surroundings.descriptions;
  }

  /** The attributes of the record alone. */
  stored(): readonly Attribute[] {
    if (this.#stored !== undefined) return this.#stored;
    const stored: Attribute[] = [];
    for (const rows = this.rows(); rows.next(); ) {
      const large = this.#largeValues(rows);
      stored.push(new StoredAttribute(this.description(rows), this.record, rows, large));
    }
    this.#stored = stored;
    return stored;
  }

  #largeValues(row: DirectoryRows): StoredValues | undefined {
    const known = this.#large?.get(row.descriptionId);
    if (row.isApart) {
      const values = known ?? { pieces: readPieces(this.record, row), seen: undefined };
      return new StoredValues(values, this.#surroundings);
    }
    return known && StoredValues.inRecord(this.record, row.start, known);
  }

  /** The same entry with all attributes in its record. */
  whole(): StoredEntry {
    if (!hasApart(this.record)) return this;
    this.#whole ??= new StoredEntry(
      this.id,
      joinRecord(this.record, this.#surroundings),
      this.#surroundings,
    );
    return this.#whole;
  }

  *attributes(): Iterable<Attribute> {
    yield* this.stored();
    yield* this.computed();
  }

  hasDescription(passes: (description: AttributeDescription) => boolean): boolean {
    for (const rows = this.rows(); rows.next(); ) if (passes(this.description(rows))) return true;
    for (const { description } of this.computed()) if (passes(description)) return true;
    return false;
  }

  /** The attributes that are not stored. */
  *computed(): Iterable<Attribute> {
    for (const [key, compute] of COMPUTED) {
      const values = compute(this);
      if (values.length > 0) {
        yield { description: this.#surroundings.descriptions.intern(key), values };
      }
    }
  }

  values(type: AttributeType): readonly Buffer[] {
    const compute = COMPUTED.get(type.key);
    if (compute !== undefined) return compute(this);
    let found: readonly Buffer[] | undefined;
    for (const rows = this.rows(); rows.next(); ) {
      if (!isOrDescends(this.description(rows).type, type)) continue;
      const values = this.#largeValues(rows)?.list() ?? readValues(this.record, rows.start);
      found = found === undefined ? values : [...found, ...values];
    }
    return found ?? [];
  }

  hasBytes(type: AttributeType, value: Buffer): boolean {
    for (const rows = this.rows(); rows.next(); ) {
      if (!isOrDescends(this.description(rows).type, type)) continue;
      if (rows.isApart || rows.end - rows.start >= LARGE_BYTES_MIN)
        return this.#hasBytesAnywhere(type, value);
      if (readValues(this.record, rows.start).some((each) => each.equals(value))) return true;
    }
    return false;
  }

  /** The same with what is kept of attributes with very many values. */
  #hasBytesAnywhere(type: AttributeType, value: Buffer): boolean {
    return this.stored().some((attribute) => {
      const { description, large } = attribute;
      if (!isOrDescends(description.type, type)) return false;
      if (large !== undefined) return large.hasBytes(value);
      return attribute.values.some((each) => each.equals(value));
    });
  }
}
