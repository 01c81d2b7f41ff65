// A Kv in memory for tests and the simulator, faithful where it hurts:
//
//   - a transaction is seen and durable from one moment on, its flush, which comes a step of the scheduler after its run;
//   - `crash()` leaves what had been flushed and nothing else;
//   - `get` lends one buffer whose `byteLength` is wrong, as lmdb-js does, and spoils it at the next read;
//   - the N-th put or commit can be made to fail.

import { assert } from "../base/index.ts";
import type { Bytes, BytesTable, IdTable, Kv, RangeOptions, Row, Table } from "./kv.ts";
import { StorageError } from "./kv.ts";
import { MemoryTable, visitRows } from "./memory-table.ts";
import { BYTES_KEYS, ID_KEYS, type StoredKey } from "./sorted-keys.ts";
import { WriteSet } from "./write-set.ts";

export interface MemoryKvOptions {
  /** Calls `step` later: once before a transaction runs and once before it is flushed. Default: a microtask. */
  readonly schedule?: (step: () => void) => void;
}

interface PendingTransaction {
  readonly run: () => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

type StoredTable = MemoryTable<Uint8Array, string> | MemoryTable<number, number>;

const LOAN_BYTES_MIN = 0x1_0000;
const SPOILED_BYTE = 0xdb;

export function openMemory(options: MemoryKvOptions = {}): MemoryKv {
  return new MemoryKv(options);
}

export class MemoryKv implements Kv {
  readonly sharing = "alone";
  readonly #schedule: (step: () => void) => void;
  readonly #stored: Map<string, StoredTable>;
  readonly #tables = new Map<string, MemoryBytesTable | MemoryIdTable>();
  readonly #copies = new Map<string, MemoryKv>();
  readonly #waiting: PendingTransaction[] = [];
  #busy = false;
  #snapshot = 0;
  #closed = false;
  #writing: WriteSet | undefined;
  #loan = newLoan(LOAN_BYTES_MIN);
  #putsToFailure = 0;
  #commitsToFailure = 0;

  constructor(options: MemoryKvOptions = {}, stored: Map<string, StoredTable> = new Map()) {
    this.#schedule = options.schedule ?? queueMicrotask;
    this.#stored = stored;
  }

  bytesTable(name: string): BytesTable {
    const table = this.#tables.get(name) ?? this.#open(name, "bytes");
    assert(table instanceof MemoryBytesTable, "a table keeps its kind of keys");
    return table;
  }

  idTable(name: string): IdTable {
    const table = this.#tables.get(name) ?? this.#open(name, "id");
    assert(table instanceof MemoryIdTable, "a table keeps its kind of keys");
    return table;
  }

  dropTable(name: string): void {
    this.#checkIdle();
    this.#tables.delete(name);
    this.#stored.delete(name);
  }

  tableNames(): string[] {
    return [...this.#stored.keys()].sort();
  }

  renew(): void {
    assert(!this.#closed, "the Kv is open");
    this.#snapshot += 1;
  }

  /** A new one each time: others may have the same tables open. */
  get snapshot(): number {
    return this.#snapshot;
  }

  transact(run: () => void): Promise<void> {
    assert(!this.#closed, "the Kv is open");
    assert(this.#writing === undefined, "transactions do not nest");
    return new Promise((resolve, reject) => {
      this.#waiting.push({ run, resolve, reject });
      this.#advance();
    });
  }

  transactSync(run: () => void): void {
    this.#checkIdle();
    const writeSet = this.#stage(run);
    this.#commit(writeSet);
  }

  async copyTo(folder: string): Promise<void> {
    this.#copies.set(folder, new MemoryKv({ schedule: this.#schedule }, this.#copyOfStored()));
  }

  /** What `copyTo(folder)` wrote. */
  findCopy(folder: string): MemoryKv | undefined {
    return this.#copies.get(folder);
  }

  async close(): Promise<void> {
    assert(!this.#busy && this.#waiting.length === 0, "no transaction is in flight at close");
    this.#closed = true;
  }

  /** For another thread, which only reads: it sees each transaction when that is flushed. */
  openReader(): MemoryKv {
    return new MemoryKv({ schedule: this.#schedule }, this.#stored);
  }

  /** The power fails: promises of unfinished transactions never settle. Returns a Kv with the last durable state, in place
   *  of this one. */
  crash(): MemoryKv {
    this.#closed = true;
    return new MemoryKv({ schedule: this.#schedule }, this.#copyOfStored());
  }

  /** Makes the `count`-th put or delete from now throw (1 = the next one). */
  failPut(count: number): void {
    this.#putsToFailure = count;
  }

  /** Makes the `count`-th commit from now fail after its run, so that nothing of it is kept. */
  failCommit(count: number): void {
    this.#commitsToFailure = count;
  }

  /** The tables of the open transaction lie on a write set. Called by the tables alone. */
  get writing(): WriteSet | undefined {
    return this.#writing;
  }

  countWrite(): void {
    if (this.#putsToFailure === 0) return;
    this.#putsToFailure -= 1;
    if (this.#putsToFailure === 0) throw new StorageError("Injected failure of a put");
  }

  /** The value in the one buffer that all reads share; what was lent before is spoiled. */
  lend(value: Buffer | undefined): Bytes | undefined {
    this.#loan.fill(SPOILED_BYTE, 0, this.#loan.length);
    if (value === undefined) return undefined;
    if (value.length > this.#loan.byteLength) this.#loan = newLoan(2 * value.length);
    this.#loan.set(value, 0);
    // An own property by now: see `newLoan`.
    (this.#loan as { length: number }).length = value.length;
    return this.#loan as Bytes;
  }

  #open(name: string, kind: "bytes" | "id"): MemoryBytesTable | MemoryIdTable {
    this.#checkIdle();
    const stored = this.#stored.get(name);
    assert(stored === undefined || stored.keyKind === kind, "a table keeps its kind of keys");
    const table =
      kind === "bytes"
        ? new MemoryBytesTable(
            this,
            (stored ?? new MemoryTable(name, "bytes", BYTES_KEYS)) as MemoryTable<
              Uint8Array,
              string
            >,
          )
        : new MemoryIdTable(
            this,
            (stored ?? new MemoryTable(name, "id", ID_KEYS)) as MemoryTable<number, number>,
          );
    this.#stored.set(name, table.stored);
    this.#tables.set(name, table);
    return table;
  }

  #checkIdle(): void {
    assert(!this.#closed, "the Kv is open");
    assert(!this.#busy && this.#waiting.length === 0, "no transaction is in flight");
    assert(this.#writing === undefined, "transactions do not nest");
  }

  #advance(): void {
    if (this.#busy) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#busy = true;
    this.#schedule(() => this.#runPending(next));
  }

  #runPending(transaction: PendingTransaction): void {
    if (this.#closed) return;
    let writeSet: WriteSet;
    try {
      writeSet = this.#stage(transaction.run);
    } catch (error) {
      this.#finish(() => transaction.reject(error));
      return;
    }
    this.#schedule(() => {
      if (this.#closed) return;
      try {
        this.#commit(writeSet);
      } catch (error) {
        this.#finish(() => transaction.reject(error));
        return;
      }
      this.#finish(transaction.resolve);
    });
  }

  #finish(settle: () => void): void {
    this.#busy = false;
    settle();
    this.#advance();
  }

  #stage(run: () => void): WriteSet {
    const writeSet = new WriteSet();
    this.#writing = writeSet;
    try {
      run();
    } finally {
      this.#writing = undefined;
    }
    return writeSet;
  }

  #commit(writeSet: WriteSet): void {
    if (this.#commitsToFailure > 0) {
      this.#commitsToFailure -= 1;
      if (this.#commitsToFailure === 0) throw new StorageError("Injected failure of a commit");
    }
    writeSet.apply();
  }

  #copyOfStored(): Map<string, StoredTable> {
    return new Map([...this.#stored].map(([name, table]) => [name, table.copy()]));
  }
}

/** What users hold: the stored table, or its overlay while a transaction runs. */
abstract class MemoryKvTable<K, S extends StoredKey> implements Table<K> {
  readonly stored: MemoryTable<K, S>;
  protected readonly kv: MemoryKv;

  constructor(kv: MemoryKv, stored: MemoryTable<K, S>) {
    this.kv = kv;
    this.stored = stored;
  }

  get name(): string {
    return this.stored.name;
  }

  get keyKind(): "bytes" | "id" {
    return this.stored.keyKind;
  }

  get(key: K): Bytes | undefined {
    return this.kv.lend(this.current().get(key));
  }

  getCopy(key: K): Buffer | undefined {
    this.kv.lend(undefined);
    return this.current().getCopy(key);
  }

  has(key: K): boolean {
    this.kv.lend(undefined);
    return this.current().has(key);
  }

  range(options?: RangeOptions<K>): Iterable<Row<K>> {
    this.kv.lend(undefined);
    return this.current().range(options);
  }

  visit(options: RangeOptions<K>, visit: (key: K, value: Bytes) => boolean): void {
    visitRows(this.range(options), (key, value) => visit(key, this.kv.lend(value) as Bytes));
  }

  keys(options?: RangeOptions<K>): Iterable<K> {
    this.kv.lend(undefined);
    return this.current().keys(options);
  }

  count(): number {
    return this.current().count();
  }

  put(key: K, value: Uint8Array): void {
    this.kv.countWrite();
    this.writable().put(key, value);
  }

  putOwned(key: K, value: Buffer): void {
    this.put(key, value);
  }

  delete(key: K): boolean {
    this.kv.countWrite();
    return this.writable().delete(key);
  }

  clear(): void {
    this.writable().clear();
  }

  protected current(): Table<K> {
    return this.kv.writing === undefined ? this.stored : this.writable();
  }

  protected abstract writable(): Table<K>;
}

class MemoryBytesTable extends MemoryKvTable<Uint8Array, string> implements BytesTable {
  getAt(bytes: Uint8Array, start: number, end: number): Bytes | undefined {
    const { writing } = this.kv;
    if (writing === undefined) {
      return this.kv.lend(this.stored.getAt(bytes, start, end));
    }
    return this.kv.lend(this.writable().getAt(bytes, start, end));
  }

  protected writable(): BytesTable {
    assert(this.kv.writing !== undefined, "tables are written inside a transaction");
    return this.kv.writing.table(this.stored);
  }
}

class MemoryIdTable extends MemoryKvTable<number, number> implements IdTable {
  protected writable(): IdTable {
    assert(this.kv.writing !== undefined, "tables are written inside a transaction");
    return this.kv.writing.table(this.stored);
  }
}

function newLoan(capacityBytes: number): Buffer {
  const loan = Buffer.alloc(capacityBytes, SPOILED_BYTE);
  // As lmdb-js: an own property hides the true length.
  Object.defineProperty(loan, "length", { value: 0, writable: true, configurable: true });
  return loan;
}
