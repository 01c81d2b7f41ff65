// Reading a backend: entries by ID, by DN and by unique ID; DNs; children. The same class reads the committed state (with a
// cache of DNs that lives as long as the tree stands) and the state inside a write, through the tables of a write set.
import { assert } from "../base/index.ts";
import { parseDn } from "../dn/index.ts";
import {
  type Descriptions,
  type EntryId,
  type EntryNames,
  type EntrySurroundings,
  StoredEntry,
  recordParentId,
  recordRdn,
} from "../entry/index.ts";
import { type Bytes, copyBytes, uint32At } from "../kv/index.ts";
import { LdapError } from "../protocol/index.ts";
import { encodeUniqueId } from "../replication/change/index.ts";
import type { UniqueId } from "../replication/change/index.ts";
import { decodeStateRow } from "./state-rows.ts";
import { MadeNames, NameCache } from "./name-cache.ts";
import { isNamed, nameHash } from "./name-hints.ts";
import { type BackendTables, childRange, pieceKey, treeKey } from "./tables.ts";

/** Levels of the tree; deeper is a loop. */
const DEPTH_MAX = 10_000;

const REPLACED_MESSAGE = "The entry was changed while it was read";

/** What the name of a tombstone begins with; that of a conflict entry may, too. */
export const TOMBSTONE_RDN = "nsuniqueid=";

export class BackendReader implements EntrySurroundings {
  readonly descriptions: Descriptions;
  readonly tables: BackendTables;
  /** The suffix in normal form. */
  readonly suffix: string;
  protected nameCache: NameCache;

  constructor(
    tables: BackendTables,
    suffix: string,
    descriptions: Descriptions,
    nameCache = new NameCache(),
  ) {
    this.tables = tables;
    this.suffix = suffix;
    this.descriptions = descriptions;
    this.nameCache = nameCache;
  }

  lendPiece(number: number): Bytes {
    const bytes = this.tables.piece.get(pieceKey(number));
    if (bytes === undefined) throw new LdapError("busy", REPLACED_MESSAGE);
    return bytes;
  }

  /** After a rename, delete or import: names may have changed. */
  forgetNames(): void {
    this.nameCache.forget();
  }

  /** The entry with this ID, its record copied; tombstones too. */
  entry(id: EntryId): StoredEntry | undefined {
    const record = this.tables.entry.getCopy(id);
    return record === undefined ? undefined : new StoredEntry(id, record, this);
  }

  /** The entry with this ID, which is known to exist. */
  getEntry(id: EntryId): StoredEntry {
    const entry = this.entry(id);
    assert(entry !== undefined, `entry ${id} exists`);
    return entry;
  }

  idOfUniqueId(uniqueId: UniqueId): EntryId | undefined {
    const row = this.tables.uid.get(encodeUniqueId(uniqueId));
    return row === undefined ? undefined : (uint32At(row, 0) as EntryId);
  }

  dnOf(id: EntryId): EntryNames {
    return this.findNames(id) ?? this.#hiddenNames(id);
  }

  /** The names of an entry that has a record. */
  findNames(id: EntryId): EntryNames | undefined {
    const cached = this.nameCache.names(id);
    if (cached !== undefined) return cached;
    const record = this.tables.entry.getCopy(id);
    if (record === undefined) return undefined;
    const names = this.namesFrom(recordParentId(record), recordRdn(record));
    if (this.childCount(id) > 0) this.nameCache.keepNames(id, names);
    return names;
  }

  /** A tombstone may stand below a placeholder that is not shown. */
  #hiddenNames(id: EntryId): EntryNames {
    const { node } = decodeStateRow(this.tables.state.getCopy(id));
    const parentId = this.#hiddenParentId(id);
    assert(node !== undefined && parentId !== undefined, `entry ${id} exists`);
    return this.namesFrom(parentId, node.rdn);
  }

  /** The DN of an entry with this RDN below this parent. */
  namesFrom(parentId: EntryId, rdn: string): EntryNames {
    const { schema } = this.descriptions;
    const normalRdn = schema.normalizeDnText(rdn);
    if (parentId === 0) return new MadeNames(rdn, normalRdn);
    const parent = this.dnOf(parentId);
    return new MadeNames(`${rdn},${parent.dn}`, `${normalRdn},${parent.normalDn}`);
  }

  childCount(id: EntryId): number {
    const row = this.tables.children.get(id);
    return row === undefined ? 0 : uint32At(row, 0);
  }

  tombstoneChildCount(id: EntryId): number {
    const row = this.tables.children.get(id);
    return row === undefined ? 0 : uint32At(row, 4);
  }

  /** Whether anything is below it, tombstones included. */
  hasChildren(id: EntryId): boolean {
    const row = this.tables.children.get(id);
    return row !== undefined && uint32At(row, 0) + uint32At(row, 4) > 0;
  }

  /** The shown child with this name. */
  childByName(parentId: EntryId, normalRdn: string): EntryId | undefined {
    const row = this.tables.tree.get(treeKey(parentId, normalRdn));
    return row === undefined ? undefined : (uint32At(row, 0) as EntryId);
  }

  /** Children in name order; tombstones in order of their unique ID. */
  *childIds(id: EntryId, which: "shown" | "tombstones" = "shown"): Iterable<EntryId> {
    for (const row of this.tables.tree.range(childRange(id, which))) {
      yield uint32At(row.value, 0) as EntryId;
    }
  }

  get suffixId(): EntryId | undefined {
    return this.childByName(0 as EntryId, this.suffix);
  }

  /** The ID of the entry with this normal DN: shown entries and tombstones. */
  idOfDn(normalDn: string): EntryId | undefined {
    const cached = this.nameCache.idOf(normalDn);
    if (cached !== undefined) return cached;
    if (normalDn === this.suffix) return this.suffixId;
    if (!normalDn.endsWith(`,${this.suffix}`)) return undefined;
    if (normalDn.startsWith(TOMBSTONE_RDN)) {
      const tombstone = this.#tombstone(normalDn);
      if (tombstone !== undefined) return tombstone;
    }
    const comma = normalDn.indexOf(",");
    const parentId = this.#parentId(normalDn.slice(comma + 1));
    return parentId === undefined
      ? undefined
      : this.childByName(parentId, normalDn.slice(0, comma));
  }

  /** The entry with this normal DN, its record copied: `idOfDn` and `entry` in one. */
  entryOfDn(normalDn: string): StoredEntry | undefined {
    const comma = normalDn.indexOf(",");
    const parentId = this.nameCache.idOf(normalDn.slice(comma + 1));
    if (comma > 0 && parentId !== undefined && !normalDn.startsWith(TOMBSTONE_RDN)) {
      return this.#child(parentId, normalDn, comma);
    }
    const id = this.idOfDn(normalDn);
    return id === undefined ? undefined : this.entry(id);
  }

  /** The shown child whose RDN ends at `end` of its normal DN. */
  #child(parentId: EntryId, normalDn: string, end: number): StoredEntry | undefined {
    const { hints } = this.nameCache;
    const hash = nameHash(parentId, normalDn, end);
    const hint = hints.find(hash);
    const hinted = hint === 0 ? undefined : this.entryIfNamed(hint, parentId, normalDn, end);
    if (hinted !== undefined) return hinted;
    const id = this.childByName(parentId, normalDn.slice(0, end));
    const entry = id === undefined ? undefined : this.entry(id);
    // What a hint would not prove is not worth one.
    if (entry !== undefined && isNamed(entry.record, parentId, normalDn, end)) {
      hints.keep(hash, entry.id);
    }
    return entry;
  }

  /** The entry with this ID, if its record proves that it is the child with the RDN that ends at `end`. */
  protected entryIfNamed(
    id: EntryId,
    parentId: EntryId,
    normalDn: string,
    end: number,
  ): StoredEntry | undefined {
    const record = this.tables.entry.get(id);
    if (record === undefined || !isNamed(record, parentId, normalDn, end)) return undefined;
    return new StoredEntry(id, copyBytes(record), this);
  }

  /** The nearest shown ancestor of a DN that is missing. */
  nearest(normalDn: string): EntryId | undefined {
    for (let dn = normalDn; dn.length > this.suffix.length; ) {
      dn = dn.slice(dn.indexOf(",") + 1);
      const id = this.idOfDn(dn);
      if (id !== undefined) return id;
    }
    return undefined;
  }

  /** All IDs from `from` on, at most `limit`: shown entries and tombstones. */
  idsFrom(from: number, limit: number): EntryId[] {
    return [...this.tables.entry.keys({ from, limit })] as EntryId[];
  }

  isAncestor(ancestor: EntryId, id: EntryId): boolean {
    let at = id;
    for (let depth = 0; depth < DEPTH_MAX; depth += 1) {
      if (at === ancestor) return true;
      if (at === 0) return false;
      const record = this.tables.entry.get(at);
      const parentId =
        record === undefined ? this.#hiddenParentId(at) : (uint32At(record, 2) as EntryId);
      if (parentId === undefined) return false;
      at = parentId;
    }
    throw new Error("the tree has a loop");
  }

  /** The parent of what is known and not shown. */
  #hiddenParentId(id: EntryId): EntryId | undefined {
    const { node } = decodeStateRow(this.tables.state.getCopy(id));
    return node && this.idOfUniqueId(node.parent);
  }

  #parentId(normalDn: string): EntryId | undefined {
    const id = this.idOfDn(normalDn);
    if (id !== undefined) this.nameCache.keepId(normalDn, id);
    return id;
  }

  /** A tombstone's name is `nsuniqueid=ID,<its RDN>`: found by the ID, taken if the whole DN is its DN. */
  #tombstone(normalDn: string): EntryId | undefined {
    const first = parseDn(normalDn)[0]?.[0];
    if (first === undefined) return undefined;
    const text = first.value.toString("latin1");
    if (text.length !== 35) return undefined;
    const id = this.idOfUniqueId(text as UniqueId);
    if (id === undefined || !this.tables.entry.has(id)) return undefined; // known, but nothing is shown of it
    return this.dnOf(id).normalDn === normalDn ? id : undefined;
  }
}
