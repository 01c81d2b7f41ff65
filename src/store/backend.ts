// One backend: a suffix, its current set of tables, its indexes, and what replication needs to know of it. Reads go straight to
// `reader`; every write is a BackendTxn that the write queue runs.
//
// Replication facts (RUV, CSN generator) exist twice: `newest` is what the operation that ran last has left, the base of the
// next one; `committed` is what is on disk, which alone may be told to others.
import { parseDn } from "../dn/index.ts";
import { type Descriptions, type EntryId, type StoredEntry, recordRdn } from "../entry/index.ts";
import type { BytesTable, IdTable, Kv, WriteSet } from "../kv/index.ts";
import { LdapError } from "../protocol/index.ts";
import type { Change, UniqueId } from "../replication/change/index.ts";
import {
  META_RUV_KEY,
  appendChange,
  readGenerator,
  readRuv,
  writeGenerator,
  writeRuv,
} from "../replication/changelog/index.ts";
import {
  type Csn,
  type CsnGenerator,
  type ReplicaId,
  type SkewOptions,
  makeGenerator,
  maxCsn,
  nextCsn,
  parseCsn,
} from "../replication/csn/index.ts";
import { type Ruv, advanceRuv, ruvMaxCsn } from "../replication/ruv/index.ts";
import { StructureReplay } from "../replication/urp/index.ts";
import { BackendCatalog } from "./backend-catalog.ts";
import { BackendIndexes } from "./backend-indexes.ts";
import { BackendReader } from "./backend-reader.ts";
import { BackendTxn } from "./backend-txn.ts";
import type { BackendWriter } from "./backend-writer.ts";
import { lastAllottedId, lastPiece, lastRowId } from "./last-id.ts";
import { LargeRecords } from "./large-records.ts";
import { LateRows } from "./late-rows.ts";
import { NameCache } from "./name-cache.ts";
import { putDescriptions } from "./description-table.ts";
import { hasTree } from "./digest-tree.ts";
import { EntryDigester } from "./entry-digest.ts";
import { raiseGeneration } from "./generations.ts";
import { WritableTables } from "./writable-tables.ts";
import { type BackendTables, childRange, openTables } from "./tables.ts";

export interface ReplicationFacts {
  /** undefined: not replicated, or no generation yet. */
  readonly ruv: Ruv | undefined;
  readonly generator: CsnGenerator | undefined;
}

export interface BackendOptions {
  /** In lower case. */
  readonly name: string;
  readonly suffix: string;
  readonly descriptions: Descriptions;
}

export const META_INDEXES = Buffer.from("indexes");
const META_PURGE_CSN = Buffer.from("purgeCsn");
const POINTER_TABLE = "backend";
const FIRST_SET = 1;
/** Replica ID in CSNs of a backend without replica. */
const NO_REPLICA_ID = 0 as ReplicaId;

interface FoundBase {
  readonly normalDn: string;
  readonly snapshot: number;
  readonly reader: BackendReader;
  readonly entry: StoredEntry;
}

export class Backend {
  readonly name: string;
  readonly suffixDn: string;
  /** Normal form of the suffix. */
  readonly suffix: string;
  readonly #kv: Kv;
  #descriptions: Descriptions;
  #set: number;
  #nextId = 1;
  #nextPiece = 1;
  #base: FoundBase | undefined;
  /** Names as the operation that ran last has left them. */
  #newestNames = new NameCache();
  tables: BackendTables;
  reader: BackendReader;
  indexes: BackendIndexes;
  /** For plans of searches. */
  readonly catalog = new BackendCatalog(this);
  suffixUniqueId: UniqueId | undefined;
  purgeCsn: Csn | undefined;
  /** The newest change of replica IDs that have been taken out of the update vector: local changes are numbered above it. */
  cleanedCsn: Csn | undefined;
  replay = new StructureReplay();
  readonly largeRecords = new LargeRecords();
  lateRows: LateRows;
  /** Called within an operation when late changes should be merged into the substring lists. */
  onLateFull: () => void = () => {};
  newest: ReplicationFacts;
  committed: ReplicationFacts;
  /** Whether values keep their CSNs; set by the server when the suffix has a replica. */
  keepsState = false;
  /** Whether the digest tree is there; false: the data was written by a version without one, see `rebuildDigest`. */
  keepsDigest = true;
  digester: EntryDigester;
  /** Whether changes are logged. */
  keepsChangelog = false;
  /** `concord-delete-after-rename: keep` (conflict-resolution 13.4). */
  readonly keepRenamed = true;

  constructor(kv: Kv, options: BackendOptions) {
    this.name = options.name;
    this.suffixDn = options.suffix;
    this.#kv = kv;
    this.#descriptions = options.descriptions;
    this.suffix = options.descriptions.schema.normalizeDn(parseDn(options.suffix));
    this.#set = readPointer(kv, this.name);
    this.tables = openTables(kv, this.name, this.#set);
    this.reader = new BackendReader(this.tables, this.suffix, this.#descriptions);
    this.indexes = BackendIndexes.decode(undefined, this.schema);
    this.lateRows = this.#readLateRows();
    this.newest = { ruv: undefined, generator: undefined };
    this.committed = this.newest;
    this.digester = new EntryDigester(this.schema);
    this.reload();
  }

  get schema(): Descriptions["schema"] {
    return this.#descriptions.schema;
  }
  get descriptions(): Descriptions {
    return this.#descriptions;
  }
  get kv(): Kv {
    return this.#kv;
  }
  /** The number of the set that is filled by the next import: there are two, in turn. */
  get nextSet(): number {
    return this.#set === FIRST_SET ? FIRST_SET + 1 : FIRST_SET;
  }
  get set(): number {
    return this.#set;
  }

  /** The entry that a search begins at. The last one is kept until something is committed: most begin at the same. */
  findBase(normalDn: string): StoredEntry | undefined {
    const { reader } = this;
    const { snapshot } = this.#kv;
    const base = this.#base;
    if (base?.normalDn === normalDn && base.snapshot === snapshot && base.reader === reader) {
      return base.entry;
    }
    const entry = reader.entryOfDn(normalDn);
    this.#base = entry && { normalDn, snapshot, reader, entry };
    return entry;
  }

  /** Reads from the tables what is kept in memory. */
  reload(): void {
    this.#kv.renew();
    this.#set = readPointer(this.#kv, this.name);
    this.tables = openTables(this.#kv, this.name, this.#set);
    this.reader = new BackendReader(this.tables, this.suffix, this.#descriptions);
    this.indexes = BackendIndexes.decode(this.tables.meta.getCopy(META_INDEXES), this.schema);
    this.replay = new StructureReplay();
    this.largeRecords.clear();
    this.lateRows = this.#readLateRows();
    this.#newestNames = new NameCache();
    this.#nextId = 1 + lastAllottedId(this.tables);
    this.#nextPiece = Math.max(this.#nextPiece, 1 + lastPiece(this.tables));
    const suffixId = this.reader.suffixId;
    this.suffixUniqueId =
      suffixId === undefined ? undefined : this.reader.getEntry(suffixId).uniqueId;
    this.purgeCsn = readPurgeCsn(this.tables);
    this.newest = { ruv: readRuv(this.tables.meta), generator: readGenerator(this.tables.meta) };
    this.committed = this.newest;
    this.keepsDigest = hasTree(this.tables) || lastRowId(this.tables.entry) === 0;
  }

  #readLateRows(): LateRows {
    return new LateRows(this.tables.late, () => this.onLateFull());
  }

  /** After a change of the schema. */
  useDescriptions(descriptions: Descriptions): void {
    this.#descriptions = descriptions;
    this.reader = new BackendReader(this.tables, this.suffix, descriptions);
    this.#newestNames = new NameCache();
    this.digester = new EntryDigester(descriptions.schema);
    this.indexes = BackendIndexes.decode(this.indexes.encode(), descriptions.schema);
  }

  allotId(): EntryId {
    const id = this.#nextId as EntryId;
    this.#nextId += 1;
    return id;
  }

  allotPiece(): number {
    this.#nextPiece += 1;
    return this.#nextPiece - 1;
  }

  /** How many IDs have been given: at least the number of entries. */
  get allottedIds(): number {
    return this.#kv.sharing === "follows" ? lastAllottedId(this.tables) : this.#nextId - 1;
  }

  /** Starts an operation on the tables of `writes`. */
  begin(writes: WriteSet): BackendTxn {
    const tables = this.writableTables(writes, this.tables);
    return new BackendTxn(this, tables, this.#descriptions, this.#newestNames);
  }

  /** Tables as the operation with this write set sees them. */
  writableTables(writes: WriteSet, tables: BackendTables): BackendTables {
    return new WritableTables(writes, tables);
  }

  /** A CSN above every CSN that this backend has seen. @throws LdapError operationsError when clocks are too far apart */
  issueCsn(nowSeconds: number, options: SkewOptions): Csn {
    const { ruv, generator } = this.newest;
    const base = generator ?? makeGenerator(NO_REPLICA_ID, nowSeconds);
    const issued = nextCsn(base, nowSeconds, { ...options, above: this.#newestSeen(ruv) });
    if (issued.type === "skew") {
      throw new LdapError(
        "operationsError",
        `The clocks are too far apart to number this change (${issued.cause} offset ${issued.offsetSeconds} s)`,
      );
    }
    this.newest = { ruv, generator: issued.generator };
    return issued.csn;
  }

  /** In memory at once; it is stored with the next change. */
  useGenerator(generator: CsnGenerator): void {
    this.newest = { ...this.newest, generator };
  }

  /** Counts a change that has been applied: changelog, RUV and generator go into the same transaction. */
  logChange(writes: WriteSet, change: Change, nowSeconds: number): void {
    const { ruv, generator } = this.newest;
    writes.lastly(this, this.#putNewest);
    if (ruv === undefined) return;
    const meta = writes.table(this.tables.meta);
    if (!this.keepsState) {
      // A change that replication does not know of: the data is not that of its generation any more.
      meta.delete(META_RUV_KEY);
      this.newest = { ruv: undefined, generator };
      return;
    }
    if (this.keepsChangelog) {
      const changelog = writes.table(this.tables.changelog);
      const window = writes.table(this.tables.window);
      appendChange({ changelog, window, meta }, change, nowSeconds);
    }
    this.newest = { ruv: advanceRuv(ruv, change.csn, nowSeconds), generator };
  }

  /** What the last operation of a transaction leaves is what it stores. */
  readonly #putNewest = (): void => {
    const { ruv, generator } = this.newest;
    const { meta } = this.tables;
    if (ruv !== undefined) writeRuv(meta, ruv);
    if (generator !== undefined) writeGenerator(meta, generator);
  };

  /** Replaces the replication facts, inside a transaction. */
  putFacts(writes: WriteSet, facts: ReplicationFacts): void {
    const meta = writes.table(this.tables.meta);
    if (facts.ruv !== undefined) writeRuv(meta, facts.ruv);
    if (facts.generator !== undefined) writeGenerator(meta, facts.generator);
    this.newest = facts;
  }

  #newestSeen(ruv: Ruv | undefined): Csn | undefined {
    const generation = parseCsn(ruv?.generation ?? "");
    const inRuv = ruv === undefined ? undefined : ruvMaxCsn(ruv);
    // A change below the purge would be gone at once: the clock may have been set back since then.
    return [inRuv, this.cleanedCsn, this.purgeCsn].reduce(maxCsn, generation);
  }

  /** Stores attribute descriptions that were used for the first time. */
  saveDescriptions(writes: WriteSet): void {
    putDescriptions(this.#kv, writes, this.#descriptions.takeUnsaved());
  }

  /** Makes `indexes` the catalog, inside a transaction. */
  putIndexes(writes: WriteSet, indexes: BackendIndexes): void {
    writes.table(this.tables.meta).put(META_INDEXES, indexes.encode());
    raiseGeneration(this.#kv, writes, `content/${this.name}`);
    this.indexes = indexes;
  }

  /** Tells processes that follow this one what they keep in memory of this backend and an operation has made outdated. */
  noteEffects(
    writes: WriteSet,
    { namesChanged, aciChanges }: Pick<BackendWriter, "namesChanged" | "aciChanges">,
  ): void {
    if (namesChanged) raiseGeneration(this.#kv, writes, `names/${this.name}`);
    if (aciChanges.size > 0) raiseGeneration(this.#kv, writes, `content/${this.name}`);
  }

  putPurgeCsn(writes: WriteSet, purgeCsn: Csn): void {
    writePurgeCsn(writes.table(this.tables.meta), purgeCsn);
    this.purgeCsn = purgeCsn;
  }

  /** An empty set of tables beside the current one, for an import. */
  openNextSet(): { readonly set: number; readonly tables: BackendTables } {
    const set = this.nextSet;
    return { set, tables: openTables(this.#kv, this.name, set) };
  }

  /** Moves the pointer row; inside the transaction that ends the import. `reload` and `dropSet` follow its commit. */
  putPointer(writes: WriteSet, set: number): void {
    const row = Buffer.allocUnsafe(4);
    row.writeUInt32BE(set, 0);
    writes.table(this.#kv.bytesTable(POINTER_TABLE)).put(Buffer.from(this.name, "utf8"), row);
    raiseGeneration(this.#kv, writes, `content/${this.name}`);
  }

  deletePointer(writes: WriteSet): void {
    writes.table(this.#kv.bytesTable(POINTER_TABLE)).delete(Buffer.from(this.name, "utf8"));
  }

  /** Empties a set of tables. They stay open: the thread of an agreement may be reading them at this moment, and its
   *  snapshot still shows what they held. Only when no transaction is in flight. */
  dropSet(set: number): void {
    const tables = openTables(this.#kv, this.name, set);
    this.#kv.transactSync(() => {
      for (const table of Object.values(tables) as (BytesTable | IdTable)[]) table.clear();
    });
  }
}

export const readPurgeCsn = ({ meta }: BackendTables): Csn | undefined =>
  parseCsn(meta.getCopy(META_PURGE_CSN)?.toString("latin1") ?? "");

export function writePurgeCsn(meta: BytesTable, purgeCsn: Csn): void {
  meta.put(META_PURGE_CSN, Buffer.from(purgeCsn, "latin1"));
}

/** The current tables of a backend, for those who only read. */
export const currentTables = (kv: Kv, name: string): BackendTables =>
  openTables(kv, name, readPointer(kv, name));

/** The same for who asks often: tables that are still the current ones are not opened again. */
export function followTables(kv: Kv, name: string): () => BackendTables {
  let set: number | undefined;
  let tables: BackendTables | undefined;
  return () => {
    const current = readPointer(kv, name);
    if (tables === undefined || current !== set) tables = openTables(kv, name, current);
    set = current;
    return tables;
  };
}

/** The suffix as its entry has it; undefined when there is none. */
export function storedSuffix(tables: BackendTables): string | undefined {
  for (const { value } of tables.tree.range({ ...childRange(0 as EntryId, "shown"), limit: 1 })) {
    const record = tables.entry.getCopy(value.readUInt32BE(0));
    return record === undefined ? undefined : recordRdn(record);
  }
  return undefined;
}

function readPointer(kv: Kv, name: string): number {
  const row = kv.bytesTable(POINTER_TABLE).get(Buffer.from(name, "utf8"));
  return row === undefined ? FIRST_SET : row.readUInt32BE(0);
}
