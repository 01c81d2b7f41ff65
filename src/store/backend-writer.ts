// Writing a backend inside one operation: records, names and indexes change together (child counts are kept by the
// structure rules). The tables are those of the operation's write set, so all of it is discarded with the operation.
// Only indexes of types whose bytes in the record changed are looked at: most operations change two or three attributes.
import {
  type Attribute,
  type CutRope,
  type Descriptions,
  type EntryContent,
  type EntryId,
  type KnownValues,
  type PieceNumbers,
  type PiecesApart,
  RecordFlag,
  StoredEntry,
  cutRope,
  encodeRecord,
  hasApart,
  liesApart,
} from "../entry/index.ts";
import { type LatePart, type ValueChanges, updateIndex, updateIndexBy } from "../index/index.ts";
import { copyBytes } from "../kv/index.ts";
import { encodeUniqueId } from "../replication/change/index.ts";
import type { UniqueId } from "../replication/change/index.ts";
import type { AttributeType } from "../schema/index.ts";
import { BackendReader } from "./backend-reader.ts";
import type { BackendIndex, BackendIndexes } from "./backend-indexes.ts";
import { writeLastId } from "./last-id.ts";
import type { LargeRecords } from "./large-records.ts";
import type { LateRows } from "./late-rows.ts";
import { NameCache } from "./name-cache.ts";
import { isNamed } from "./name-hints.ts";
import { PieceRows } from "./piece-rows.ts";
import { type BackendTables, tombstoneKey, treeKey } from "./tables.ts";

/** Of a tombstone, only what finds tombstones is indexed (389). */
const TOMBSTONE_INDEX_KEYS: ReadonlySet<string> = new Set([
  "objectclass",
  "nsuniqueid",
  "nscpentrydn",
  "nstombstonecsn",
  "nsparentuniqueid",
]);
const TOMBSTONE_CLASS = "nstombstone";
const ACI_KEY = "aci";
/** Entries that one operation keeps. */
const ENTRIES_MAX = 64;

interface EntryChange {
  readonly id: EntryId;
  readonly before: StoredEntry | undefined;
  readonly after: EntryContent | undefined;
  /** As it is stored of `after`. */
  readonly entry: StoredEntry | undefined;
}

export interface WriterBackend extends PieceNumbers {
  readonly suffix: string;
  readonly indexes: BackendIndexes;
  readonly largeRecords: LargeRecords;
  readonly lateRows: LateRows;
  /** The next entry ID; IDs of discarded operations are lost. */
  allotId(): EntryId;
}

/** Attributes that lie apart, by the number of their description. */
type Cuts = ReadonlyMap<number, CutRope>;

const NO_NAMES: ReadonlySet<string> = new Set();
const NO_CUTS: Cuts = new Map();
const NO_PIECES: PiecesApart = new Map();

const piecesOf = (cuts: Cuts): PiecesApart =>
  cuts.size === 0 ? NO_PIECES : new Map([...cuts].map(([id, { known }]) => [id, known.pieces]));

export class BackendWriter extends BackendReader {
  readonly #backend: WriterBackend;
  readonly #sharedNames: NameCache | undefined;
  /** Once a record with values apart has been put. */
  #pieces: PieceRows | undefined;
  #aciChanges: Set<string> | undefined;
  /** Entries as the operation sees them now: it looks at the few that it is about many times. */
  readonly #entries = new Map<EntryId, StoredEntry | undefined>();
  readonly #ids = new Map<UniqueId, EntryId>();
  /** Entries whose name has been taken out of the tree and not been put back. */
  #named: Set<EntryId> | undefined;
  /** Whether names of existing entries changed. */
  namesChanged = false;

  constructor(
    backend: WriterBackend,
    tables: BackendTables,
    descriptions: Descriptions,
    names?: NameCache,
  ) {
    super(tables, backend.suffix, descriptions, names);
    this.#sharedNames = names;
    this.#backend = backend;
  }

  /** Normal DNs of entries whose `aci` values changed. */
  get aciChanges(): ReadonlySet<string> {
    return this.#aciChanges ?? NO_NAMES;
  }

  override entry(id: EntryId): StoredEntry | undefined {
    const known = this.#entries.get(id);
    if (known !== undefined || this.#entries.has(id)) return known;
    const entry = this.#backend.largeRecords.has(id) ? this.#largeEntry(id) : super.entry(id);
    if (this.#entries.size >= ENTRIES_MAX) this.#entries.clear();
    this.#entries.set(id, entry);
    if (entry !== undefined) this.#keepId(entry.uniqueId, id);
    return entry;
  }

  /** Names of its own are soon forgotten: they are not worth hints. */
  override entryOfDn(normalDn: string): StoredEntry | undefined {
    if (this.nameCache === this.#sharedNames) return super.entryOfDn(normalDn);
    const id = this.idOfDn(normalDn);
    return id === undefined ? undefined : this.entry(id);
  }

  protected override entryIfNamed(
    id: EntryId,
    parentId: EntryId,
    normalDn: string,
    end: number,
  ): StoredEntry | undefined {
    const entry = this.entry(id);
    if (entry === undefined || !isNamed(entry.record, parentId, normalDn, end)) return undefined;
    return entry;
  }

  /** An entry of which more than its record may be known. */
  #largeEntry(id: EntryId): StoredEntry | undefined {
    const bytes = this.tables.entry.get(id);
    if (bytes === undefined) return undefined;
    const known = this.#backend.largeRecords.find(id, bytes);
    if (known === undefined) return new StoredEntry(id, copyBytes(bytes), this);
    return new StoredEntry(id, known.record, this, known.attributes);
  }

  override forgetNames(): void {
    super.forgetNames();
    this.#entries.clear();
  }

  override idOfUniqueId(uniqueId: UniqueId): EntryId | undefined {
    const known = this.#ids.get(uniqueId);
    if (known !== undefined) return known;
    const id = super.idOfUniqueId(uniqueId);
    if (id !== undefined) this.#keepId(uniqueId, id);
    return id;
  }

  /** This is the ID of the unique ID. */
  learnId(uniqueId: UniqueId, id: EntryId): void {
    this.#keepId(uniqueId, id);
  }

  /** The ID for a unique ID, allotted when it is new. */
  internUniqueId(uniqueId: UniqueId): EntryId {
    const known = this.idOfUniqueId(uniqueId);
    if (known !== undefined) return known;
    const id = this.#backend.allotId();
    this.tables.uid.put(encodeUniqueId(uniqueId), idRow(id));
    writeLastId(this.tables.meta, id);
    this.#keepId(uniqueId, id);
    return id;
  }

  /** Takes the name of an entry out of the tree; `putEntry` gives it one again. */
  takeName(id: EntryId): void {
    this.#leaveSharedNames();
    const entry = this.getEntry(id);
    this.#named ??= new Set();
    this.#named.add(id);
    this.tables.tree.delete(this.#key(placeOf(entry)));
  }

  /** A unique ID that is known but not shown stands below its parent like a tombstone, without a record. */
  putHidden(id: EntryId, uniqueId: UniqueId, parentId: EntryId): void {
    this.tables.tree.put(tombstoneKey(parentId, uniqueId), idRow(id));
  }

  takeHidden(uniqueId: UniqueId, parentId: EntryId): void {
    this.tables.tree.delete(tombstoneKey(parentId, uniqueId));
  }

  forgetUniqueId(uniqueId: UniqueId): void {
    this.tables.uid.delete(encodeUniqueId(uniqueId));
    this.#ids.delete(uniqueId);
  }

  #keepId(uniqueId: UniqueId, id: EntryId): void {
    if (this.#ids.size >= ENTRIES_MAX) this.#ids.clear();
    this.#ids.set(uniqueId, id);
  }

  /** Makes `after` what is stored under `id`; undefined removes it. */
  putEntry(id: EntryId, after: EntryContent | undefined): void {
    const before = this.entry(id);
    const hasRopes = after?.attributes.some(({ rope }) => rope !== undefined) === true;
    const cuts = hasRopes ? this.#cut(after) : NO_CUTS;
    const entry = after && new StoredEntry(id, encodeRecord(after, piecesOf(cuts)), this);
    const moved = !samePlace(before, entry);
    if (!moved && entry !== undefined && this.#named?.delete(id) === true) {
      this.tables.tree.put(this.#key(placeOf(entry)), idRow(id));
    }
    if (before !== undefined && entry !== undefined && before.record.equals(entry.record)) return;
    if (moved) this.#leaveSharedNames();
    const changed = changedTypes(before, entry);
    const aciMoves = moved || changed.has(ACI_KEY);
    if (aciMoves) this.#noteAci(before);
    this.#putRecord(id, entry);
    this.#putPieces(before, entry, cuts);
    if (hasRopes && entry !== undefined) this.#keepLarge(entry, after, cuts);
    if (moved) this.#move(id, before && placeOf(before), entry && placeOf(entry));
    this.#reindex(changed.values(), { id, before, after, entry });
    if (aciMoves) this.#noteAci(entry);
  }

  #putRecord(id: EntryId, entry: StoredEntry | undefined): void {
    if (entry === undefined) this.tables.entry.delete(id);
    else this.tables.entry.putOwned(id, entry.record);
    this.#entries.set(id, entry);
  }

  /** The attributes whose values are to lie apart. */
  #cut({ attributes }: EntryContent): Cuts {
    let cuts: Map<number, CutRope> | undefined;
    for (const { description, rope } of attributes) {
      if (rope === undefined || !liesApart(rope)) continue;
      cuts ??= new Map();
      cuts.set(description.id, cutRope(rope, this.#backend));
    }
    return cuts ?? NO_CUTS;
  }

  /** Whether pieces have gone; see PieceRows. */
  dropPieces(): boolean {
    return this.#pieces?.drop() === true;
  }

  #putPieces(before: StoredEntry | undefined, after: StoredEntry | undefined, cuts: Cuts): void {
    const isApart = before !== undefined && hasApart(before.record);
    if (!isApart && cuts === NO_CUTS) return;
    this.#pieces ??= new PieceRows(this.tables.piece);
    this.#pieces.put(before, after, cuts.values());
  }

  #keepLarge({ id, record }: StoredEntry, { attributes }: EntryContent, cuts: Cuts): void {
    const large = new Map<number, KnownValues>();
    for (const { description, rope } of attributes) {
      if (rope === undefined) continue;
      large.set(description.id, cuts.get(description.id)?.known ?? rope.inRecord());
    }
    this.#backend.largeRecords.keep(id, record, large);
  }

  #move(id: EntryId, was: Place | undefined, is: Place | undefined): void {
    if (was !== undefined) {
      if (this.#named?.delete(id) !== true) this.tables.tree.delete(this.#key(was));
      this.#renamed();
    } else if (
      is !== undefined &&
      this.tables.tree.delete(tombstoneKey(is.parentId, is.uniqueId))
    ) {
      this.#renamed(); // it was hidden, and what stands below it was named without its record
    }
    if (is !== undefined) this.tables.tree.put(this.#key(is), idRow(id));
  }

  #renamed(): void {
    this.namesChanged = true;
    this.#sharedNames?.forget();
    this.forgetNames();
  }

  /** The operation may yet be discarded: what is found from here on is its own affair. */
  #leaveSharedNames(): void {
    if (this.nameCache === this.#sharedNames) this.nameCache = new NameCache();
  }

  #key(place: Place): Buffer {
    if (place.tombstone) return tombstoneKey(place.parentId, place.uniqueId);
    return treeKey(place.parentId, this.descriptions.schema.normalizeDnText(place.rdn));
  }

  #reindex(changed: Iterable<AttributeType>, change: EntryChange): void {
    const late: LatePart[] = [];
    for (const type of changed) {
      const index = this.#backend.indexes.find(type);
      const part = index && this.#updateIndex(index, change);
      if (part !== undefined) late.push(part);
    }
    if (late.length > 0) this.#backend.lateRows.put(this.tables.late, change.id, late);
  }

  /** Returns what is left for later. */
  #updateIndex(
    index: BackendIndex,
    { id, before, after, entry }: EntryChange,
  ): LatePart | undefined {
    const few = before && after && ropeChange(index, before, after);
    if (few !== undefined) return updateIndexBy(this.tables.index, index, id, few);
    const old = before === undefined ? [] : indexedValues(before, index);
    const now = entry === undefined ? [] : indexedValues(entry, index);
    if (old.length === now.length && old.every((value, i) => value.equals(now[i] as Buffer)))
      return undefined;
    return updateIndex(this.tables.index, index, id, old, now);
  }

  #noteAci(entry: StoredEntry | undefined): void {
    const hasAci = entry?.stored().some(({ description }) => description.type.key === ACI_KEY);
    if (entry === undefined || hasAci !== true) return;
    this.#aciChanges ??= new Set();
    this.#aciChanges.add(entry.normalDn);
  }
}

/** The types, by key, whose values are not the same before and after, byte by byte and in the same order. When an entry
 *  comes, goes or becomes a tombstone, those are all it has, because other values of it stand in the indexes then. */
function changedTypes(
  before: StoredEntry | undefined,
  after: StoredEntry | undefined,
): ReadonlyMap<string, AttributeType> {
  const changed = new Map<string, AttributeType>();
  const include = (entry: StoredEntry, descriptionId: number): void => {
    const { type } = entry.description({ descriptionId });
    changed.set(type.key, type);
  };
  if (!before || !after || ((before.flags ^ after.flags) & RecordFlag.tombstone) !== 0) {
    for (const entry of [before, after]) {
      if (entry === undefined) continue;
      for (const rows = entry.rows(); rows.next(); ) include(entry, rows.descriptionId);
    }
    return changed;
  }
  const [was, is] = [before.rows(), after.rows()];
  let [hasOld, hasNew] = [was.next(), is.next()];
  // Attributes keep their places as long as none comes or goes.
  for (; hasOld && hasNew && was.descriptionId === is.descriptionId; hasNew = is.next()) {
    const difference = after.record.compare(before.record, was.start, was.end, is.start, is.end);
    if (difference !== 0) include(after, is.descriptionId);
    hasOld = was.next();
  }
  /** Bytes of the other attributes before, by the number of their description. */
  const old = new Map<number, Buffer>();
  for (; hasOld; hasOld = was.next()) {
    old.set(was.descriptionId, before.record.subarray(was.start, was.end));
  }
  for (; hasNew; hasNew = is.next()) {
    const bytes = after.record.subarray(is.start, is.end);
    if (old.get(is.descriptionId)?.equals(bytes) !== true) include(after, is.descriptionId);
    old.delete(is.descriptionId);
  }
  for (const id of old.keys()) include(before, id);
  return changed;
}

/** What an index must learn, if the type has very many values, in one attribute, of which a few come or go. */
function ropeChange(
  { type }: BackendIndex,
  before: StoredEntry,
  after: EntryContent,
): ValueChanges | undefined {
  const isOfType = ({ description }: Attribute): boolean => description.type.key === type.key;
  const [old, ...oldOthers] = before.stored().filter(isOfType);
  const [now, ...others] = after.attributes.filter(isOfType);
  const rope = now?.rope;
  if (rope === undefined || old?.large !== rope.source) return undefined;
  if (oldOthers.length + others.length > 0) return undefined;
  if (((before.flags | after.flags) & RecordFlag.tombstone) !== 0) return undefined;
  const added = rope.added();
  const kept = rope.count - added.length;
  return {
    added,
    removed: rope.removed(),
    keptCount: kept,
    kept: () => rope.list(),
    areDistinct: true,
  };
}

/** Values of an entry that stand in an index: those of the very type, with or without options. */
export function indexedValues(entry: StoredEntry, index: BackendIndex): readonly Buffer[] {
  const { key } = index.type;
  const values: Buffer[] = [];
  for (const attribute of entry.stored()) {
    if (attribute.description.type.key !== key) continue;
    for (const value of attribute.values) values.push(value);
  }
  return valuesForIndex(entry.flags, key, values);
}

/** Those of `values`, which an entry with these flags has of a type, that the index of the type has. */
export function valuesForIndex(
  flags: number,
  typeKey: string,
  values: readonly Buffer[],
): readonly Buffer[] {
  if ((flags & RecordFlag.tombstone) === 0) return values;
  if (!TOMBSTONE_INDEX_KEYS.has(typeKey)) return [];
  if (typeKey !== "objectclass") return values;
  return values.filter((value) => value.toString("latin1").toLowerCase() === TOMBSTONE_CLASS);
}

function idRow(id: EntryId): Buffer {
  const row = Buffer.allocUnsafe(4);
  row.writeUInt32BE(id, 0);
  return row;
}

interface Place {
  readonly parentId: EntryId;
  readonly rdn: string;
  readonly uniqueId: UniqueId;
  readonly tombstone: boolean;
}

const placeOf = (entry: EntryContent | StoredEntry): Place => ({
  parentId: entry.parentId,
  rdn: entry.rdn,
  uniqueId: entry.uniqueId,
  tombstone: (entry.flags & RecordFlag.tombstone) !== 0,
});

function samePlace(a: StoredEntry | undefined, b: StoredEntry | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (((a.flags ^ b.flags) & RecordFlag.tombstone) !== 0) return false;
  return a.parentId === b.parentId && a.rdn === b.rdn;
}
