// The Kv of the server, on LMDB through lmdb-js 3.5. The only importer of `lmdb`.
//
// - `overlappingSync` is off: a commit is pages, fdatasync, meta page through an O_DSYNC descriptor, and becomes visible only
//   then. The promise of a transaction settles after that; `flushed` and `committed` belong to other batches and are not used.
// - Asynchronous transactions run as child transactions: a throw inside lmdb's plain `transaction` keeps earlier puts.
// - The address space is reserved at open (it costs no memory); beyond it lmdb-js maps anew while the server runs.
// - Worker threads of one process share the native environment; each opens the folder for itself, after the main thread has
//   opened all tables, and closes it. One that writes has LMDB's lock through its transaction: the main thread must not ask for it
//   synchronously meanwhile, and the thread must not be terminated within one. What it commits is not counted for followers.
// - Processes that follow (`sharing`) renew their snapshot once in each turn of the event loop's callbacks, that is once in each
//   socket read: whatever had been committed when the read began is seen. The last row that a transaction of a followed
//   process puts is the number of its commits; as long as it is the same, what is kept in memory holds.

import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { open } from "lmdb";
import { assert, type Millis } from "../base/index.ts";
import type { BytesTable, IdTable, Kv, Sharing } from "./kv.ts";
import { StorageError } from "./kv.ts";
import type { LmdbRoot, LmdbStore, StoreOptions } from "./lmdb-native.ts";
import {
  KEY_RANGE_ENCODER,
  type KeyRange,
  LENDING,
  LmdbBytesTable,
  LmdbIdTable,
  LmdbTable,
} from "./lmdb-table.ts";
import { MemoryTable } from "./memory-table.ts";
import { BYTES_KEYS, ID_KEYS } from "./sorted-keys.ts";

/** Address space, not disk: 256 GiB leaves room for several environments in 47 bits. */
const MAP_BYTES_DEFAULT = 2 ** 38;
/** One slot for each open read transaction: threads, front-end processes, tools. */
const READERS_MAX_DEFAULT = 512;
/** Fifteen tables in each of the two sets of a backend. */
const TABLES_MAX_DEFAULT = 368;

/** Where a followed process counts its commits. */
const COMMIT_TABLE = "commit";
const COMMIT_ROW = 1;
/** The count begins anew beyond it. */
const COMMITS_MAX = 0xffff_ffff;

export interface LmdbOptions {
  readonly readOnly?: boolean;
  /** `follows` implies `readOnly`. */
  readonly sharing?: Sharing;
  readonly mapBytes?: number;
  readonly readersMax?: number;
  readonly tablesMax?: number;
}

export interface LmdbStatistics {
  readonly pageBytes: number;
  /** Pages of the file, free ones included. */
  readonly pages: number;
  readonly mapBytes: number;
  readonly lastTransactionId: number;
  readonly readersMax: number;
  /** Read transactions that are open now, in all threads and processes. */
  readonly readers: number;
  /** Commits made since the snapshot of the oldest reader; 0 without a reader. Pages freed since are not used again. */
  readonly oldestReaderLagTransactions: number;
  /** How long calls of `statistics` have seen the same lagging reader. */
  readonly oldestReaderAgeMs: number;
}

/** Opens the environment in `folder` and creates it when missing, unless `readOnly`.
 *  @throws StorageError */
export function openLmdb(folder: string, options: LmdbOptions = {}): LmdbKv {
  const sharing = options.sharing ?? "alone";
  const readOnly = options.readOnly ?? sharing === "follows";
  if (readOnly && !existsSync(join(folder, "data.mdb"))) {
    throw new StorageError(`There is no database in ${folder}`);
  }
  try {
    if (!readOnly) mkdirSync(folder, { recursive: true });
    // The one cast: see LmdbRoot.
    const root = open({
      path: folder,
      noSubdir: false,
      encoding: "binary",
      keyEncoding: "binary",
      overlappingSync: false,
      readOnly,
      mapSize: options.mapBytes ?? MAP_BYTES_DEFAULT,
      maxReaders: options.readersMax ?? READERS_MAX_DEFAULT,
      maxDbs: options.tablesMax ?? TABLES_MAX_DEFAULT,
    }) as unknown as LmdbRoot;
    return new LmdbKv(folder, root, { readOnly, sharing });
  } catch (error) {
    throw new StorageError(`Cannot open the database in ${folder}`, { cause: error });
  }
}

export class LmdbKv implements Kv {
  readonly folder: string;
  readonly readOnly: boolean;
  readonly sharing: Sharing;
  /** Called by `renew`, when this process follows another, after that one has committed. */
  onCommits: () => void = () => {};
  readonly #root: LmdbRoot;
  readonly #tables = new Map<string, LmdbBytesTable | LmdbIdTable>();
  #inFlight = 0;
  #writing = false;
  /** No commit since the snapshot was renewed. Never set where others commit. */
  #isCurrent = false;
  #snapshot = 0;
  #laggard: { readonly transactionId: number; readonly sinceMs: Millis } | undefined;
  readonly #commitTable: IdTable | undefined;
  /** Of the process that is followed, as the snapshot has it; or our own. */
  #commits = 0;

  constructor(
    folder: string,
    root: LmdbRoot,
    options: { readonly readOnly: boolean; readonly sharing: Sharing },
  ) {
    this.folder = folder;
    this.#root = root;
    this.readOnly = options.readOnly;
    this.sharing = options.sharing;
    this.#commitTable = this.sharing === "alone" ? undefined : this.idTable(COMMIT_TABLE);
    this.#commits = this.#storedCommits();
  }

  bytesTable(name: string): BytesTable {
    const found = this.#tables.get(name);
    if (found !== undefined) {
      assert(found instanceof LmdbBytesTable, "a table keeps its kind of keys");
      return found;
    }
    const store = this.#openStore<KeyRange>(name, { keyEncoder: KEY_RANGE_ENCODER });
    if (store === undefined) return new MemoryTable(name, "bytes", BYTES_KEYS);
    const table = new LmdbBytesTable(this, name, store);
    this.#tables.set(name, table);
    return table;
  }

  idTable(name: string): IdTable {
    const found = this.#tables.get(name);
    if (found !== undefined) {
      assert(found instanceof LmdbIdTable, "a table keeps its kind of keys");
      return found;
    }
    const store = this.#openStore<number>(name, { keyEncoding: "uint32" });
    if (store === undefined) return new MemoryTable(name, "id", ID_KEYS);
    const table = new LmdbIdTable(this, name, store);
    this.#tables.set(name, table);
    return table;
  }

  dropTable(name: string): void {
    this.#checkIdle();
    this.#isCurrent = false;
    const table = this.#tables.get(name) ?? this.bytesTable(name);
    assert(table instanceof LmdbTable, "the environment can be written");
    try {
      table.drop();
    } catch (error) {
      throw new StorageError(`Cannot drop the table ${name}`, { cause: error });
    }
    this.#tables.delete(name);
  }

  tableNames(): string[] {
    // LMDB keeps the tables as rows of the unnamed one; lmdb-js ends their names with a zero byte.
    const keys = this.#root.getKeys({ start: Buffer.of(0) });
    return [...keys].map((key) => key.toString("latin1").replace(/\0$/, "")).sort();
  }

  renew(): void {
    if (this.#isCurrent) return;
    this.#root.resetReadTxn();
    if (this.sharing === "follows") {
      this.#isCurrent = true;
      queueMicrotask(() => {
        this.#isCurrent = false;
      });
      const commits = this.#storedCommits();
      if (commits === this.#commits) return;
      this.#commits = commits;
      this.#snapshot += 1;
      this.onCommits();
      return;
    }
    this.#isCurrent = !this.readOnly;
    this.#snapshot += 1;
  }

  /** Another thread of this process has committed. */
  noteCommit(): void {
    this.#isCurrent = false;
  }

  /** Frees the places of readers whose processes have died: the pages that they saw can be used again. */
  dropDeadReaders(): void {
    this.#root.readerCheck();
  }

  get snapshot(): number {
    return this.#snapshot;
  }

  async transact(run: () => void): Promise<void> {
    assert(!this.readOnly, "the environment can be written");
    assert(!this.#writing, "transactions do not nest");
    let defect: { readonly error: unknown } | undefined;
    this.#inFlight += 1;
    try {
      await this.#root.childTransaction(() => {
        try {
          this.#run(run);
        } catch (error) {
          defect = { error };
          throw error;
        }
      });
    } catch (error) {
      if (defect !== undefined) throw defect.error;
      throw await storageError(error);
    } finally {
      this.#inFlight -= 1;
      this.#isCurrent = false;
    }
  }

  transactSync(run: () => void): void {
    this.#checkIdle();
    let defect: { readonly error: unknown } | undefined;
    try {
      this.#root.transactionSync(() => {
        try {
          this.#run(run);
        } catch (error) {
          defect = { error };
          throw error;
        }
      });
    } catch (error) {
      if (defect !== undefined) throw defect.error;
      throw new StorageError("A commit failed", { cause: error });
    } finally {
      this.#isCurrent = false;
    }
  }

  /** `folder` is created; it must not hold a database. The copy is compact and on disk when the promise resolves. */
  async copyTo(folder: string): Promise<void> {
    mkdirSync(folder, { recursive: true });
    await this.#root.backup(folder, true);
    for (const path of [join(folder, "data.mdb"), folder]) {
      const descriptor = openSync(path, "r");
      fsyncSync(descriptor);
      closeSync(descriptor);
    }
  }

  async close(): Promise<void> {
    await this.#root.close();
  }

  /** Costs a few native calls; meant for monitoring. `now` is the caller's clock. */
  statistics(now: Millis): LmdbStatistics {
    const stats = this.#root.getStats();
    const snapshots = parseReaders(this.#root.readerList());
    const oldest = Math.min(...snapshots, stats.lastTxnId);
    if (oldest === stats.lastTxnId) this.#laggard = undefined;
    else if (this.#laggard?.transactionId !== oldest) {
      this.#laggard = { transactionId: oldest, sinceMs: now };
    }
    return {
      pageBytes: stats.root.pageSize,
      pages: stats.lastPageNumber + 1,
      mapBytes: stats.mapSize,
      lastTransactionId: stats.lastTxnId,
      readersMax: stats.maxReaders,
      readers: snapshots.length,
      oldestReaderLagTransactions: stats.lastTxnId - oldest,
      oldestReaderAgeMs: Math.max(0, now - (this.#laggard?.sinceMs ?? now)),
    };
  }

  /** Asserted by the tables before each write. */
  get writing(): boolean {
    return this.#writing;
  }

  #run(run: () => void): void {
    assert(!this.#writing, "transactions do not nest");
    this.#writing = true;
    try {
      run();
      this.#countCommit();
    } finally {
      this.#writing = false;
    }
  }

  #countCommit(): void {
    if (this.sharing !== "followed") return;
    this.#commits = this.#commits === COMMITS_MAX ? 1 : this.#commits + 1;
    const row = Buffer.allocUnsafe(4);
    row.writeUInt32BE(this.#commits, 0);
    this.#commitTable?.put(COMMIT_ROW, row);
  }

  #storedCommits(): number {
    return this.#commitTable?.get(COMMIT_ROW)?.readUInt32BE(0) ?? 0;
  }

  #checkIdle(): void {
    assert(!this.readOnly, "the environment can be written");
    assert(this.#inFlight === 0 && !this.#writing, "no transaction is in flight");
  }

  /** undefined when the environment is read-only and has no such table. */
  #openStore<K>(
    name: string,
    keys: Pick<StoreOptions, "keyEncoding" | "keyEncoder">,
  ): LmdbStore<K> | undefined {
    if (!this.readOnly) this.#checkIdle();
    this.#isCurrent = false;
    try {
      return this.#root.openDB<K>(name, { encoding: "binary", ...LENDING, ...keys });
    } catch (error) {
      throw new StorageError(`Cannot open the table ${name}`, { cause: error });
    }
  }
}

/** The error of a failed commit. lmdb-js tells the reason in a second promise, which must not stay unhandled. */
async function storageError(error: unknown): Promise<StorageError> {
  const reason = (error as { commitError?: Promise<never> } | undefined)?.commitError;
  if (reason === undefined) return new StorageError("A commit failed", { cause: error });
  const nextTurn = new Promise((resolve) => setImmediate(resolve, error));
  const cause = await Promise.race([reason.catch((inner: unknown) => inner), nextTurn]);
  return new StorageError("A commit failed", { cause });
}

/** Snapshots of the open read transactions from LMDB's list of slots: a heading, then process, thread and transaction id;
 *  "-" stands for a slot without a snapshot. */
function parseReaders(list: string): number[] {
  return list
    .split("\n")
    .slice(1)
    .map((line) => Number(line.trim().split(/\s+/)[2]))
    .filter((transactionId) => Number.isInteger(transactionId));
}
