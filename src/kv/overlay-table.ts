// One table as an operation sees it: the table below (of the Kv or of an outer write set) plus what the operation has put,
// deleted or cleared so far, which stays in memory until `apply`.
//
// `#changes` maps a key to its new value, or to undefined when it was deleted. `#order` holds the same keys sorted; it is
// built at the first range over a changed table, because an ordinary operation never makes one.

import { assert } from "../base/index.ts";
import { copyBytes } from "./bytes.ts";
import type { Bytes, BytesTable, IdTable, RangeOptions, Row, Table } from "./kv.ts";
import { visitRows } from "./memory-table.ts";
import {
  BYTES_KEYS,
  ID_KEYS,
  type KeyForm,
  SortedKeys,
  type StoredKey,
  storeBytesKey,
} from "./sorted-keys.ts";

/** Never written. */
const NONE: Map<never, Buffer | undefined> = new Map<never, Buffer | undefined>();

export class OverlayTable<K, S extends StoredKey> implements Table<K> {
  /** The table of the Kv at the bottom of the stack. */
  readonly root: Table<K>;
  protected readonly base: Table<K>;
  protected readonly form: KeyForm<K, S>;
  /** NONE until something changes: an operation sees more tables than it writes. */
  protected changes: Map<S, Buffer | undefined> = NONE;
  /** Set by `clear`: nothing of the base shows. */
  protected baseHidden = false;
  #order: SortedKeys<S> | undefined;
  #closed = false;

  constructor(base: Table<K>, form: KeyForm<K, S>) {
    this.base = base;
    this.root = base instanceof OverlayTable ? (base.root as Table<K>) : base;
    this.form = form;
  }

  get name(): string {
    return this.base.name;
  }

  get keyKind(): "bytes" | "id" {
    return this.base.keyKind;
  }

  get(key: K): Bytes | undefined {
    if (this.changes.size > 0) {
      const stored = this.form.store(key);
      const value = this.changes.get(stored);
      if (value !== undefined) return value as Bytes;
      if (this.changes.has(stored)) return undefined;
    }
    return this.baseHidden ? undefined : this.base.get(key);
  }

  getCopy(key: K): Buffer | undefined {
    const value = this.get(key);
    return value === undefined ? undefined : copyBytes(value);
  }

  has(key: K): boolean {
    if (this.changes.size > 0) {
      const stored = this.form.store(key);
      if (this.changes.has(stored)) return this.changes.get(stored) !== undefined;
    }
    return !this.baseHidden && this.base.has(key);
  }

  put(key: K, value: Uint8Array): void {
    this.#set(this.form.store(key), copyBytes(value as Buffer));
  }

  putOwned(key: K, value: Buffer): void {
    this.#set(this.form.store(key), value);
  }

  delete(key: K): boolean {
    const existed = this.has(key);
    if (existed) this.#set(this.form.store(key), undefined);
    return existed;
  }

  clear(): void {
    assert(!this.#closed, "a write set is not used after it was applied or discarded");
    this.changes = NONE;
    this.#order = undefined;
    this.baseHidden = true;
  }

  count(): number {
    let count = this.baseHidden ? 0 : this.base.count();
    for (const [stored, value] of this.changes) {
      const before = !this.baseHidden && this.base.has(this.form.load(stored));
      if (value !== undefined && !before) count += 1;
      else if (value === undefined && before) count -= 1;
    }
    return count;
  }

  range(options: RangeOptions<K> = {}): Iterable<Row<K>> {
    if (this.changes.size === 0) return this.baseHidden ? [] : this.base.range(options);
    return this.#merge(options, this.baseHidden ? [] : this.base.range(withoutLimit(options)), {
      keyOf: (row) => row.key,
      rowOf: (stored, value) => ({ key: this.form.load(stored), value: copyBytes(value) }),
    });
  }

  visit(options: RangeOptions<K>, visit: (key: K, value: Bytes) => boolean): void {
    visitRows(this.range(options), visit);
  }

  keys(options: RangeOptions<K> = {}): Iterable<K> {
    if (this.changes.size === 0) return this.baseHidden ? [] : this.base.keys(options);
    return this.#merge(options, this.baseHidden ? [] : this.base.keys(withoutLimit(options)), {
      keyOf: (key) => key,
      rowOf: (stored) => this.form.load(stored),
    });
  }

  /** Writes the changes to the table below. */
  apply(): void {
    const { base } = this;
    if (this.baseHidden) base.clear();
    if (base instanceof OverlayTable) {
      // The values are ours and immutable: hand them over.
      for (const [stored, value] of this.changes) base.#set(stored, value);
    } else {
      for (const [stored, value] of this.changes) {
        if (value === undefined) base.delete(this.form.load(stored));
        else base.put(this.form.load(stored), value);
      }
    }
    this.close();
  }

  /** From now on a write is a defect. */
  close(): void {
    this.#closed = true;
    this.changes = NONE;
    this.baseHidden = false;
    this.#order = undefined;
  }

  #set(stored: S, value: Buffer | undefined): void {
    assert(!this.#closed, "a write set is not used after it was applied or discarded");
    if (this.changes === NONE) this.changes = new Map();
    if (this.#order !== undefined && !this.changes.has(stored)) this.#order.add(stored);
    this.changes.set(stored, value);
  }

  #sorted(): SortedKeys<S> {
    if (this.#order === undefined) {
      this.#order = new SortedKeys();
      for (const stored of [...this.changes.keys()].sort(compareStored)) this.#order.add(stored);
    }
    return this.#order;
  }

  /** The base rows in order, those of changed keys replaced, left out or added. */
  *#merge<R>(
    options: RangeOptions<K>,
    base: Iterable<R>,
    shape: { keyOf(row: R): K; rowOf(stored: S, value: Buffer): R },
  ): Generator<R> {
    const { from, to, reverse = false, limit = Number.POSITIVE_INFINITY } = options;
    const bound = (key: K | undefined) => (key === undefined ? undefined : this.form.store(key));
    const own = this.#sorted().between(bound(from), bound(to), reverse);
    let next = own.next();
    let count = 0;
    for (const row of base) {
      if (count >= limit) return;
      const stored = this.form.store(shape.keyOf(row));
      while (next.done !== true && (reverse ? next.value > stored : next.value < stored)) {
        const value = this.changes.get(next.value);
        if (value !== undefined) {
          yield shape.rowOf(next.value, value);
          count += 1;
          if (count >= limit) return;
        }
        next = own.next();
      }
      if (next.done !== true && next.value === stored) continue; // comes with the next round or the rest
      yield row;
      count += 1;
    }
    for (; next.done !== true && count < limit; next = own.next()) {
      const value = this.changes.get(next.value);
      if (value === undefined) continue;
      yield shape.rowOf(next.value, value);
      count += 1;
    }
  }
}

export class BytesOverlayTable extends OverlayTable<Uint8Array, string> implements BytesTable {
  readonly #base: BytesTable;

  constructor(base: BytesTable) {
    super(base, BYTES_KEYS);
    this.#base = base;
  }

  getAt(bytes: Uint8Array, start: number, end: number): Bytes | undefined {
    if (this.changes.size > 0) {
      const stored = storeBytesKey(bytes, start, end);
      const value = this.changes.get(stored);
      if (value !== undefined) return value as Bytes;
      if (this.changes.has(stored)) return undefined;
    }
    return this.baseHidden ? undefined : this.#base.getAt(bytes, start, end);
  }
}

export class IdOverlayTable extends OverlayTable<number, number> implements IdTable {
  constructor(base: IdTable) {
    super(base, ID_KEYS);
  }
}

function withoutLimit<K>({ from, to, reverse = false }: RangeOptions<K>): RangeOptions<K> {
  return { from, to, reverse };
}

function compareStored(a: StoredKey, b: StoredKey): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
