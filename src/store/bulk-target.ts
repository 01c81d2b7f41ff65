// The set of tables that a bulk load fills beside the current one. Rows are staged in a write set, which every read of the load
// sees, and go down in commits; index keys are made from what has been committed (bulk-indexing.ts). Nobody else knows these
// tables before the pointer row moves, so a load that is given up leaves the old content untouched.
//
// Two ways lead in. `putNew` is for an entry whose place is simple (live, its name free, its parent plain): the rows are written
// as they will stay. Everything else (tombstones, conflict entries, glue) goes through the structure rules by `begin`, and its
// index keys are made at the end, from the records as they are then: an entry that comes later may change how these are shown.
import {
  type Descriptions,
  type EntryContent,
  type EntryId,
  encodeRecord,
} from "../entry/index.ts";
import { assert } from "../base/index.ts";
import { WriteSet } from "../kv/index.ts";
import { type UniqueId, encodeUniqueId } from "../replication/change/index.ts";
import type { Registers } from "../replication/registers/index.ts";
import { type StructureNode, StructureReplay } from "../replication/urp/index.ts";
import { type Backend, META_INDEXES } from "./backend.ts";
import { type BackendIndex, BackendIndexes } from "./backend-indexes.ts";
import { BackendReader } from "./backend-reader.ts";
import { BackendTxn, type TxnBackend } from "./backend-txn.ts";
import { BulkIndexing, IndexBacklog, type IndexWork, type IndexingStart } from "./bulk-indexing.ts";
import { DigestLeaves, type EntryDigest, bucketOf, putMember, putStale } from "./digest-tree.ts";
import { LargeRecords } from "./large-records.ts";
import { LateRows } from "./late-rows.ts";
import type { EntryDigester } from "./entry-digest.ts";
import { resolverOf } from "./stored-registers.ts";
import { encodeStateRow } from "./state-rows.ts";
import { StagedRows } from "./staged-rows.ts";
import { type BackendTables, lastKey, treeKey } from "./tables.ts";

const CHILD_COUNTS_BYTES = 12;
/** What is staged of plain entries at most, besides the last of them. */
const STAGED_BYTES_MAX = 64 * 1024 * 1024;

/** The state of a new entry. */
interface NewState {
  /** undefined: the suffix entry. */
  readonly node: StructureNode | undefined;
  /** The node, if it came encoded. */
  readonly nodeBytes?: Buffer | undefined;
  /** Encoded. */
  readonly registers: Buffer;
  /** The registers; undefined: all values came without CSNs. */
  readonly stated: Registers | undefined;
}

export interface BulkTargetOptions {
  readonly indexBytesMax?: number;
  /** Whether digests are made along the way; without replica nobody asks for them. */
  readonly isReplica?: boolean;
}

export class BulkTarget implements TxnBackend {
  readonly suffix: string;
  readonly suffixDn: string;
  readonly keepRenamed: boolean;
  readonly purgeCsn = undefined;
  readonly keepsState = true;
  readonly keepsDigest = true;
  readonly replay = new StructureReplay();
  readonly largeRecords = new LargeRecords();
  readonly lateRows: LateRows;
  /** What the structure rules maintain: nothing, see above, before `indexChanges`. */
  indexes = new BackendIndexes([]);
  readonly set: number;
  readonly descriptions: Descriptions;
  suffixUniqueId: UniqueId | undefined;
  /** What stands below the staged rows. */
  readonly base: BackendTables;
  stagedEntries = 0;
  /** Rows of entries that `putNew` took, above those of the write set. */
  readonly #rows = new StagedRows();
  #tables: BackendTables;
  #reader: BackendReader;
  readonly #backend: Backend;
  readonly #digester: EntryDigester;
  readonly #isReplica: boolean;
  readonly #catalog: BackendIndexes;
  readonly #indexBytesMax: number | undefined;
  readonly #backlog = new IndexBacklog();
  #writes = new WriteSet();
  #nextId = 1;
  #nextPiece = 1;
  /** Children that the staged entries add to what the table says. */
  readonly #newChildren = new Map<EntryId, number>();
  /** Digests of the entries that `putNew` took. */
  readonly #leaves = new DigestLeaves();

  constructor(backend: Backend, options: BulkTargetOptions) {
    this.#backend = backend;
    backend.dropSet(backend.nextSet); // the rest of a load that was cut off
    const { set, tables } = backend.openNextSet();
    this.set = set;
    this.base = tables;
    this.lateRows = new LateRows(tables.late, () => {}); // whoever serves the backend merges them
    this.suffix = backend.suffix;
    this.suffixDn = backend.suffixDn;
    this.keepRenamed = backend.keepRenamed;
    this.descriptions = backend.descriptions;
    this.resolve = resolverOf(backend.descriptions);
    this.#digester = backend.digester;
    this.#catalog = new BackendIndexes(
      backend.indexes.all.map((index) => ({ ...index, ready: true })),
    );
    const { indexBytesMax, isReplica = backend.keepsState } = options;
    this.#isReplica = isReplica;
    this.#indexBytesMax = indexBytesMax;
    this.#tables = backend.writableTables(this.#writes, this.base);
    this.#reader = new BackendReader(this.#tables, this.suffix, this.descriptions);
  }

  /** With all that is staged. */
  get tables(): BackendTables {
    this.#unpack();
    return this.#tables;
  }

  get reader(): BackendReader {
    this.#unpack();
    return this.#reader;
  }

  /** `reader.idOfUniqueId`, which nearly every entry is asked for. */
  idOfUniqueId(uniqueId: UniqueId): EntryId | undefined {
    return this.#rows.idOfUniqueId(uniqueId) ?? this.#reader.idOfUniqueId(uniqueId);
  }

  /** `reader.childByName`. */
  childByName(parentId: EntryId, normalRdn: string): EntryId | undefined {
    return (
      this.#rows.childByName(parentId, normalRdn) ?? this.#reader.childByName(parentId, normalRdn)
    );
  }

  /** Whether it is known who held the name last: of plain entries nobody does. */
  hasLast(parent: UniqueId, normalRdn: string): boolean {
    return this.#tables.last.has(lastKey(parent, normalRdn));
  }

  /** Whether there is so much that it should be committed, however few entries that is. */
  get isFull(): boolean {
    return this.#rows.byteLength >= STAGED_BYTES_MAX;
  }

  /** The attribute description that a text names; undefined when it cannot be one. */
  readonly resolve: ReturnType<typeof resolverOf>;

  allotId(): EntryId {
    const id = this.#nextId as EntryId;
    this.#nextId += 1;
    return id;
  }

  allotPiece(): number {
    this.#nextPiece += 1;
    return this.#nextPiece - 1;
  }

  /** Stages an entry that is live and plain, under a name that is free. */
  putNew(entry: EntryContent, normalRdn: string, state: NewState): EntryId {
    const rows = this.#rows;
    const id = this.allotId();
    const row = Buffer.allocUnsafe(4);
    row.writeUInt32BE(id, 0);
    rows.entry.put(id, encodeRecord(entry));
    const digest = this.#digest(id, entry, state);
    const { node, nodeBytes, registers } = state;
    const content = { node, registers, digest, isStale: digest === undefined };
    rows.state.put(id, encodeStateRow(content, nodeBytes));
    const { uniqueId, parentId } = entry;
    rows.uid.put(encodeUniqueId(uniqueId), row);
    rows.tree.put(treeKey(parentId, normalRdn), row);
    rows.note(id, { uniqueId, parentId, normalRdn });
    if (parentId !== 0) {
      this.#newChildren.set(parentId, (this.#newChildren.get(parentId) ?? 0) + 1);
    }
    this.stagedEntries += 1;
    return id;
  }

  /** Without replica nobody asks for digests: the entries wait until there is one. */
  #digest(id: EntryId, content: EntryContent, { node, stated }: NewState): EntryDigest | undefined {
    if (!this.#isReplica) {
      putStale(this.#rows, id);
      return undefined;
    }
    const { uniqueId, flags, attributes } = content;
    const bucket = bucketOf(uniqueId);
    const input = { uniqueId, flags, attributes, node, registers: stated };
    const digest = { bucket, digest: this.#digester.digest(input) };
    this.#leaves.change(undefined, digest);
    putMember(this.#rows.digest, bucket, { id, uniqueId });
    return digest;
  }

  /** For an entry whose place the structure rules decide. */
  begin(): BackendTxn {
    this.#stageChildCounts();
    return new BackendTxn(this, this.tables, this.descriptions);
  }

  /** After `begin`: these IDs may look otherwise now. */
  end(touched: Iterable<EntryId>): void {
    for (const id of touched) this.#backlog.noteLate(id);
    this.#reader.forgetNames();
    this.stagedEntries += 1;
  }

  /** Runs `work` on a write set of its own, which is kept if `work` says so. */
  attempt(work: (txn: BackendTxn) => boolean): void {
    this.#stageChildCounts();
    this.#unpack();
    const writes = this.#writes.child();
    const tables = this.#backend.writableTables(writes, this.base);
    if (work(new BackendTxn(this, tables, this.descriptions))) writes.apply();
    else writes.discard();
    this.#reader.forgetNames();
  }

  /** All index keys have been written: those of entries that change from now on follow at once. */
  indexChanges(): void {
    assert(this.#isIndexed, "the index keys of all entries have been made");
    this.indexes = this.#catalog;
  }

  /** Entries whose index keys are to be made, after `commit`; `everything`: no others come. */
  takeIndexWork({ everything }: { readonly everything: boolean }): readonly IndexWork[] {
    if (this.indexes === this.#catalog) return [];
    const work = this.#backlog.take(this.#nextId);
    return everything ? [...work, ...this.#backlog.takeLate()] : work;
  }

  /** To make them in this thread. */
  openIndexing(): BulkIndexing {
    const { base: tables, suffix, descriptions } = this;
    const bytesMax = this.#indexBytesMax;
    return new BulkIndexing({ tables, suffix, catalog: this.#catalog, descriptions, bytesMax });
  }

  /** To make them in another one. */
  get indexingStart(): IndexingStart {
    return {
      backend: this.#backend.name,
      set: this.set,
      suffix: this.suffix,
      catalog: this.#catalog.encode(),
      definitions: this.descriptions.schema.definitions,
      bytesMax: this.#indexBytesMax,
    };
  }

  get #isIndexed(): boolean {
    return this.indexes === this.#catalog || this.#backlog.isEmptyBelow(this.#nextId);
  }

  /** Writes what is staged. Inside a transaction; the next reads need a renewed snapshot. */
  commit(): void {
    this.#stageChildCounts();
    this.#writes.apply();
    this.#rows.moveTo(this.base);
    this.#writes = new WriteSet();
    this.#tables = this.#backend.writableTables(this.#writes, this.base);
    this.#reader = new BackendReader(this.#tables, this.suffix, this.descriptions);
    this.stagedEntries = 0;
  }

  /** Inside a transaction, after `commit`. */
  finishDigest(): void {
    this.#leaves.addTo(this.base.digest);
  }

  /** Writes the catalog of the indexes. Inside a transaction, after `commit`. */
  finishIndexes(): void {
    assert(this.#isIndexed, "the index keys of all entries have been made");
    // An index that was configured meanwhile is maintained from now on and has to be built.
    const built = new Map(this.#catalog.all.map((index) => [index.type.key, index]));
    const catalog = this.#backend.indexes.all.map((index) => {
      const known = built.get(index.type.key);
      return { ...index, ready: known !== undefined && isSame(known, index) };
    });
    this.base.meta.put(META_INDEXES, new BackendIndexes(catalog).encode());
  }

  #stageChildCounts(): void {
    for (const [id, added] of this.#newChildren) {
      const row = this.#tables.children.getCopy(id) ?? Buffer.alloc(CHILD_COUNTS_BYTES);
      row.writeUInt32BE(row.readUInt32BE(0) + added, 0);
      this.#tables.children.put(id, row);
    }
    this.#newChildren.clear();
  }

  /** For those who look at more than names, or change what is staged. */
  #unpack(): void {
    if (!this.#rows.isEmpty) this.#rows.moveTo(this.#tables);
  }
}

function isSame(a: BackendIndex, b: BackendIndex): boolean {
  return (
    a.tag === b.tag &&
    a.kinds.size === b.kinds.size &&
    [...a.kinds].every((kind) => b.kinds.has(kind))
  );
}
