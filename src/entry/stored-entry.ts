// A stored entry as filters, access control and answers see it: the attributes of its record and those that are computed
// on every read, because they depend on other entries or on the place of the record (admin-compat section 7).
import { RUV_UNIQUE_ID } from "../replication/change/index.ts";
import type { UniqueId } from "../replication/change/index.ts";
import type { AttributeType } from "../schema/index.ts";
import type { Descriptions } from "./description.ts";
import type { Attribute, AttributeDescription, EntryView } from "./entry-view.ts";
import {
  type DirectoryRow,
  type EntryId,
  readDirectory,
  readValues,
  recordFlags,
  recordParentId,
  recordRdn,
  recordUniqueId,
} from "./record.ts";

/** What a stored entry needs to know of its backend. */
export interface EntrySurroundings {
  readonly descriptions: Descriptions;
  /** DN of an entry, as shown and in normal form. */
  dnOf(id: EntryId): { readonly dn: string; readonly normalDn: string };
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
    if (at.key === of.key) return true;
  }
  return false;
}

export class StoredEntry implements EntryView {
  readonly id: EntryId;
  readonly record: Buffer;
  readonly #surroundings: EntrySurroundings;
  #dn: string | undefined;
  #normalDn: string | undefined;
  #directory: DirectoryRow[] | undefined;
  #stored: readonly Attribute[] | undefined;

  /** `record` is kept: it must be a copy, or the entry must not outlive it. */
  constructor(id: EntryId, record: Buffer, surroundings: EntrySurroundings) {
    this.id = id;
    this.record = record;
    this.#surroundings = surroundings;
  }

  get dn(): string {
    if (this.#dn !== undefined) return this.#dn;
    const { parentId, rdn } = this;
    this.#dn = parentId === 0 ? rdn : `${rdn},${this.#surroundings.dnOf(parentId).dn}`;
    return this.#dn;
  }
  get normalDn(): string {
    if (this.#normalDn !== undefined) return this.#normalDn;
    const { parentId } = this;
    const rdn = this.#surroundings.descriptions.schema.normalizeDnText(this.rdn);
    this.#normalDn = parentId === 0 ? rdn : `${rdn},${this.#surroundings.dnOf(parentId).normalDn}`;
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
  get directory(): readonly DirectoryRow[] {
    this.#directory ??= readDirectory(this.record);
    return this.#directory;
  }

  description(row: DirectoryRow): AttributeDescription {
    return this.#surroundings.descriptions.get(row.descriptionId);
  }

  /** The attributes of the record alone, decoded once; values are views onto it. */
  stored(): readonly Attribute[] {
    this.#stored ??= this.directory.map((row) => ({
      description: this.description(row),
      values: readValues(this.record, row.start),
    }));
    return this.#stored;
  }

  *attributes(): Iterable<Attribute> {
    yield* this.stored();
    yield* this.computed();
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
    let found: Buffer[] | undefined;
    for (const row of this.directory) {
      if (!isOrDescends(this.description(row).type, type)) continue;
      const values = readValues(this.record, row.start);
      found = found === undefined ? values : [...found, ...values];
    }
    return found ?? [];
  }
}
