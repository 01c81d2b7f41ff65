// The ordered key-value store below everything (LMDB in the server, memory in the simulator).
//
// Reads outside a transaction see the last commit as of `renew()`; reads inside one see its own writes. All calls but
// `transact`, `copyTo` and `close` are synchronous. Only one process, and in it only the main thread, writes.

/** A borrowed view: valid until the next read of any table of the same Kv. Index it, or take bounded slices of it
 *  (`latin1Slice`, `utf8Slice`, `hexSlice`, `readUInt…`); copy with `copyBytes`. Its `length` is right; with lmdb its `byteLength`
 *  and `buffer` are not, therefore never `Buffer.copy`, `Buffer.concat`, `equals`, `compare`, iterate or store it. */
export type Bytes = Buffer & { readonly brand: "Bytes" };

export interface RangeOptions<K> {
  /** Inclusive lower bound, also when `reverse`. */
  readonly from?: K;
  /** Exclusive upper bound, also when `reverse`. */
  readonly to?: K;
  readonly reverse?: boolean;
  readonly limit?: number;
}

export interface Row<K> {
  readonly key: K;
  /** A copy. */
  readonly value: Buffer;
}

export interface Table<K> {
  readonly name: string;
  get(key: K): Bytes | undefined;
  getCopy(key: K): Buffer | undefined;
  has(key: K): boolean;
  /** Keys in ascending (or descending) byte order. The table must not be written while the iteration is open. */
  range(options?: RangeOptions<K>): Iterable<Row<K>>;
  keys(options?: RangeOptions<K>): Iterable<K>;
  count(): number;
  /** The bytes are taken over at once: the caller may reuse its buffer. Only inside a transaction. */
  put(key: K, value: Uint8Array): void;
  /** Whether there was something to delete. Only inside a transaction. */
  delete(key: K): boolean;
  clear(): void;
}

/** Keys are 1 to KV_KEY_BYTES_MAX bytes. */
export type BytesTable = Table<Uint8Array>;
/** Keys are unsigned 32-bit numbers. */
export type IdTable = Table<number>;

export interface Kv {
  /** Opens (creating it when missing) a table. Called when a backend opens, never per operation. */
  bytesTable(name: string): BytesTable;
  idTable(name: string): IdTable;
  dropTable(name: string): void;
  tableNames(): string[];
  /** Moves the read snapshot to the newest commit. Once per socket read, before the first look-up. */
  renew(): void;
  /** Runs `run` in one write transaction; the promise resolves when the commit is on disk. A throw of `run` is a defect
   *  (operations catch their own errors inside) and a rejected promise a storage fault: the caller stops the process. */
  transact(run: () => void): Promise<void>;
  /** The same, blocking. Only when no `transact` is in flight. */
  transactSync(run: () => void): void;
  /** A consistent copy while writes go on. */
  copyTo(folder: string): Promise<void>;
  close(): Promise<void>;
}
