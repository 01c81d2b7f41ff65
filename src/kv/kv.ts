// The ordered key-value store below everything (LMDB in the server, memory in the simulator).
//
// Reads outside a transaction see the last commit as of `renew()`; reads inside one see its own writes. All calls but
// `transact`, `copyTo` and `close` are synchronous. Only one process writes, and in it only the main thread and whom it lends
// its place for a while (`WriteQueue.lend`).
//
// Other processes may follow what it commits (`sharing`). Then every commit is counted in a row, so that they find out by one
// look-up whether anything they keep in memory may be outdated.

/** A borrowed view: valid until the next read of any table of the same Kv. Index it, or take bounded slices of it
 *  (`latin1Slice`, `utf8Slice`, `hexSlice`, `readUInt…`); copy with `copyBytes`. Its `length` is right; with lmdb its `byteLength`
 *  and `buffer` are not, therefore never `Buffer.copy`, `Buffer.concat`, `equals`, `compare`, iterate or store it. */
export type Bytes = Buffer & {
  readonly brand: "Bytes";
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
  hexSlice(start: number, end: number): string;
};

/** LMDB pages of 4 KiB hold no longer key; longer index keys are hashed by their makers. */
export const KV_KEY_BYTES_MAX = 1978;

export interface RangeOptions<K> {
  /** Inclusive lower bound, also when `reverse`. */
  readonly from?: K | undefined;
  /** Exclusive upper bound, also when `reverse`. */
  readonly to?: K | undefined;
  readonly reverse?: boolean;
  readonly limit?: number | undefined;
}

export interface Row<K> {
  readonly key: K;
  /** A copy. */
  readonly value: Buffer;
}

export interface Table<K> {
  readonly name: string;
  /** What its keys are: byte strings or unsigned 32-bit numbers. */
  readonly keyKind: "bytes" | "id";
  get(key: K): Bytes | undefined;
  getCopy(key: K): Buffer | undefined;
  has(key: K): boolean;
  /** Keys in ascending (or descending) byte order. The table must not be written while the iteration is open. */
  range(options?: RangeOptions<K>): Iterable<Row<K>>;
  /** The same without copies of values: lends each row to `visit` until that returns false. What `visit` itself reads spoils the
   *  value that it was lent; the key is a copy. */
  visit(options: RangeOptions<K>, visit: (key: K, value: Bytes) => boolean): void;
  /** The same without values; the keys are copies. */
  keys(options?: RangeOptions<K>): Iterable<K>;
  count(): number;
  /** The bytes are taken over at once: the caller may reuse its buffer. Only inside a transaction. */
  put(key: K, value: Uint8Array): void;
  /** The same of a buffer that nobody changes any more: it may be kept as it is. */
  putOwned(key: K, value: Buffer): void;
  /** Whether there was something to delete. Only inside a transaction. */
  delete(key: K): boolean;
  /** Only inside a transaction. */
  clear(): void;
}

/** Keys are 1 to KV_KEY_BYTES_MAX bytes. */
export interface BytesTable extends Table<Uint8Array> {
  /** `get` with a range of a scratch buffer as the key: no view per look-up on the hot path. */
  getAt(bytes: Uint8Array, start: number, end: number): Bytes | undefined;
}
/** Keys are unsigned 32-bit numbers. */
export type IdTable = Table<number>;

/** `alone`: nobody follows, or by other means; `followed`: other processes follow the commits of this one; `follows`: this
 *  process follows those of another. */
export type Sharing = "alone" | "followed" | "follows";

export interface Kv {
  readonly sharing: Sharing;
  /** Opens (creating it when missing) a table. Called when a backend opens, never per operation, and never while a
   *  `transact` is in flight (see `WriteQueue.runAlone`). The same name gives the same object. */
  bytesTable(name: string): BytesTable;
  idTable(name: string): IdTable;
  /** Its table objects must not be used again, in any thread. Never while a `transact` is in flight. */
  dropTable(name: string): void;
  tableNames(): string[];
  /** Moves the read snapshot to the newest commit. Once per socket read, before the first look-up. */
  renew(): void;
  /** Of what readers see: as long as it is the same, after `renew`, nothing has been committed. */
  readonly snapshot: number;
  /** Runs `run` in one write transaction; the promise resolves when the commit is on disk. A throw of `run` is a defect
   *  (operations catch their own errors inside) and a rejected promise a storage fault: the caller stops the process.
   *  Either way nothing of the transaction is kept. Transactions run in the order of the calls. */
  transact(run: () => void): Promise<void>;
  /** The same, blocking. Only when no `transact` is in flight. */
  transactSync(run: () => void): void;
  /** A consistent copy while writes go on. */
  copyTo(folder: string): Promise<void>;
  close(): Promise<void>;
}

/** The disk refused: nothing of the transaction may be answered and the process stops (a later flush can succeed without
 *  the lost pages). */
export class StorageError extends Error {
  override readonly name = "StorageError";
}
