// The Kv of the server, on LMDB through lmdb-js 3.5. The only importer of `lmdb`.
//
// - `overlappingSync` is off: a commit is pages, fdatasync, meta page through an O_DSYNC descriptor, and becomes visible only
//   then. The promise of a transaction settles after that; `flushed` and `committed` belong to other batches and are not used.
// - Asynchronous transactions run as child transactions: a throw inside lmdb's plain `transaction` keeps earlier puts.
// - `getBinaryFast` lends one buffer per thread whose `length` is set per read. Values that do not fit it would be lent
//   straight from the map, as another type; `#growLoan` enlarges the buffer before that can happen.
// - A key reaches lmdb-js as a `KeyRange`, so that the encoder sees one shape and a range of a scratch buffer costs no view.
// - The address space is reserved at open (it costs no memory); beyond it lmdb-js maps anew while the server runs.
// - Worker threads of one process share the native environment; each opens the folder for itself, after the main thread has
//   opened all tables, and closes it.

import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import { open } from "lmdb";
import { assert, type Millis } from "../base/index.ts";
import { copyBytes, copyInto } from "./bytes.ts";
import type { Bytes, BytesTable, IdTable, Kv, RangeOptions, Row, Table } from "./kv.ts";
import { KV_KEY_BYTES_MAX, StorageError } from "./kv.ts";
import { BYTES_KEYS, ID_KEYS } from "./sorted-keys.ts";
import { MemoryTable } from "./memory-table.ts";

/** Address space, not disk: 256 GiB leaves room for several environments in 47 bits. */
const MAP_BYTES_DEFAULT = 2 ** 38;
/** One slot for each open read transaction: threads, front-end processes, tools. */
const READERS_MAX_DEFAULT = 512;
/** About nine tables a backend. */
const TABLES_MAX_DEFAULT = 256;
/** Of the buffer that lmdb-js starts with. */
const LOAN_BYTES_FIRST = 0x100_0000;

export interface LmdbOptions {
  readonly readOnly?: boolean;
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
  const readOnly = options.readOnly ?? false;
  if (readOnly && !existsSync(join(folder, "data.mdb"))) {
    throw new StorageError(`There is no database in ${folder}`);
  }
  try {
    if (!readOnly) mkdirSync(folder, { recursive: true });
    // The one cast: the published types know neither key encoders nor the borrowed buffer.
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
    return new LmdbKv(folder, root, { readOnly });
  } catch (error) {
    throw new StorageError(`Cannot open the database in ${folder}`, { cause: error });
  }
}

export class LmdbKv implements Kv {
  readonly folder: string;
  readonly readOnly: boolean;
  readonly #root: LmdbRoot;
  readonly #tables = new Map<string, LmdbBytesTable | LmdbIdTable>();
  #inFlight = 0;
  #writing = false;
  /** No commit since the snapshot was renewed. Never set where others commit. */
  #isCurrent = false;
  #laggard: { readonly transactionId: number; readonly sinceMs: Millis } | undefined;

  constructor(folder: string, root: LmdbRoot, options: { readonly readOnly: boolean }) {
    this.folder = folder;
    this.#root = root;
    this.readOnly = options.readOnly;
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
    this.#isCurrent = !this.readOnly;
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
    } finally {
      this.#writing = false;
    }
  }

  #checkIdle(): void {
    assert(!this.readOnly, "the environment can be written");
    assert(this.#inFlight === 0 && !this.#writing, "no transaction is in flight");
  }

  /** undefined when the environment is read-only and has no such table. */
  #openStore<K>(name: string, keys: StoreOptions): LmdbStore<K> | undefined {
    if (!this.readOnly) this.#checkIdle();
    this.#isCurrent = false;
    try {
      return this.#root.openDB<K>(name, { encoding: "binary", ...keys });
    } catch (error) {
      throw new StorageError(`Cannot open the table ${name}`, { cause: error });
    }
  }
}

abstract class LmdbTable<K, N> implements Table<K> {
  readonly name: string;
  abstract readonly keyKind: "bytes" | "id";
  protected readonly kv: LmdbKv;
  protected readonly store: LmdbStore<N>;

  constructor(kv: LmdbKv, name: string, store: LmdbStore<N>) {
    this.kv = kv;
    this.name = name;
    this.store = store;
  }

  abstract get(key: K): Bytes | undefined;

  getCopy(key: K): Buffer | undefined {
    const value = this.get(key);
    return value === undefined ? undefined : copyBytes(value);
  }

  has(key: K): boolean {
    return this.get(key) !== undefined;
  }

  *range(options: RangeOptions<K> = {}): Generator<Row<K>> {
    for (const row of this.store.getRange(this.#nativeRange(options))) {
      yield { key: this.fromNative(row.key), value: row.value };
    }
  }

  *keys(options: RangeOptions<K> = {}): Generator<K> {
    for (const key of this.store.getKeys(this.#nativeRange(options))) yield this.fromNative(key);
  }

  count(): number {
    return this.store.getStats().entryCount;
  }

  put(key: K, value: Uint8Array): void {
    assert(this.kv.writing, "tables are written inside a transaction");
    if (value.length > LOAN_BYTES_FIRST) growLoan(this.store, value.length);
    this.store.putSync(this.toNative(key), value);
  }

  delete(key: K): boolean {
    assert(this.kv.writing, "tables are written inside a transaction");
    return this.store.removeSync(this.toNative(key));
  }

  clear(): void {
    assert(this.kv.writing, "tables are written inside a transaction");
    this.store.clearSync();
  }

  drop(): void {
    this.store.dropSync();
  }

  /** Valid until the next call. */
  protected abstract toNative(key: K): N;
  /** A key that stays valid. */
  protected abstract toLastingNative(key: K): N;
  protected abstract fromNative(key: N): K;
  protected abstract lowest(): N;

  protected lend(key: N): Bytes | undefined {
    const value = this.store.getBinaryFast(key);
    if (value === undefined || value.length <= LOAN_BYTES_FIRST) return value;
    // Larger than the buffer (then it came from the map), or the buffer has grown already.
    growLoan(this.store, value.length);
    return this.store.getBinaryFast(key);
  }

  #nativeRange({ from, to, reverse = false, limit }: RangeOptions<K>): NativeRange<N> {
    const lower = from === undefined ? undefined : this.toLastingNative(from);
    const upper = to === undefined ? undefined : this.toLastingNative(to);
    const range: NativeRange<N> = reverse
      ? { start: upper, end: lower, reverse, exclusiveStart: true, inclusiveEnd: true }
      : { start: lower ?? this.lowest(), end: upper };
    if (limit !== undefined) range.limit = limit;
    return range;
  }
}

class LmdbBytesTable extends LmdbTable<Uint8Array, KeyRange> implements BytesTable {
  readonly keyKind = "bytes";

  get(key: Uint8Array): Bytes | undefined {
    return this.lend(this.toNative(key));
  }

  getAt(bytes: Uint8Array, start: number, end: number): Bytes | undefined {
    return this.lend(setKeyRange(SCRATCH_KEY, bytes, start, end));
  }

  protected toNative(key: Uint8Array): KeyRange {
    return setKeyRange(SCRATCH_KEY, key, 0, key.length);
  }

  protected toLastingNative(key: Uint8Array): KeyRange {
    return setKeyRange({ bytes: key, start: 0, end: 0 }, key, 0, key.length);
  }

  protected fromNative(key: KeyRange): Uint8Array {
    return key.bytes;
  }

  protected lowest(): KeyRange {
    return LOWEST_KEY;
  }
}

class LmdbIdTable extends LmdbTable<number, number> implements IdTable {
  readonly keyKind = "id";

  get(key: number): Bytes | undefined {
    return this.lend(this.toNative(key));
  }

  protected toNative(key: number): number {
    return ID_KEYS.store(key);
  }

  protected toLastingNative(key: number): number {
    return ID_KEYS.store(key);
  }

  protected fromNative(key: number): number {
    return key;
  }

  protected lowest(): number {
    return 0;
  }
}

interface KeyRange {
  bytes: Uint8Array;
  start: number;
  end: number;
}

const LOWEST_KEY: KeyRange = { bytes: Buffer.of(0), start: 0, end: 1 };
const SCRATCH_KEY: KeyRange = { bytes: LOWEST_KEY.bytes, start: 0, end: 1 };

const KEY_RANGE_ENCODER = {
  writeKey: (key: KeyRange, target: Uint8Array, start: number): number =>
    copyInto(target, start, key.bytes, key.start, key.end),
  readKey(source: Buffer, start: number, end: number): KeyRange {
    return { bytes: copyBytes(source, start, end), start: 0, end: end - start };
  },
};

function setKeyRange(range: KeyRange, bytes: Uint8Array, start: number, end: number): KeyRange {
  assert(end > start && end - start <= KV_KEY_BYTES_MAX, "a key is 1 to KV_KEY_BYTES_MAX bytes");
  range.bytes = bytes;
  range.start = start;
  range.end = end;
  return range;
}

let loanBytes = LOAN_BYTES_FIRST;

/** lmdb-js enlarges its buffer by itself only for values below 16 MiB. The method is internal: 3.5.6 is pinned. */
function growLoan<N>(store: LmdbStore<N>, bytes: number): void {
  if (bytes <= loanBytes) return;
  loanBytes = 2 * bytes;
  store._allocateGetBuffer(bytes);
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

// What is used of lmdb-js.

interface StoreOptions {
  readonly keyEncoding?: "uint32";
  readonly keyEncoder?: typeof KEY_RANGE_ENCODER;
}

interface NativeRange<N> {
  start: N | undefined;
  end: N | undefined;
  reverse?: boolean;
  exclusiveStart?: boolean;
  inclusiveEnd?: boolean;
  limit?: number;
}

interface LmdbStore<N> {
  getBinaryFast(key: N): Bytes | undefined;
  getRange(range: NativeRange<N>): Iterable<{ readonly key: N; readonly value: Buffer }>;
  getKeys(range: NativeRange<N>): Iterable<N>;
  putSync(key: N, value: Uint8Array): void;
  removeSync(key: N): boolean;
  clearSync(): void;
  dropSync(): void;
  getStats(): { readonly entryCount: number };
  _allocateGetBuffer(bytes: number): void;
}

interface LmdbRoot {
  openDB<N>(name: string, options: StoreOptions & { encoding: "binary" }): LmdbStore<N> | undefined;
  getKeys(range: { readonly start: Buffer }): Iterable<Buffer>;
  childTransaction(run: () => void): Promise<void>;
  transactionSync(run: () => void): void;
  resetReadTxn(): void;
  backup(folder: string, compact: boolean): Promise<void>;
  readerList(): string;
  getStats(): {
    readonly root: { readonly pageSize: number };
    readonly lastPageNumber: number;
    readonly mapSize: number;
    readonly lastTxnId: number;
    readonly maxReaders: number;
  };
  close(): Promise<void>;
}
