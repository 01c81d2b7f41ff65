// The rows of one table in memory: a map for look-ups, sorted keys for ranges. It knows no transactions; MemoryKv does.

import { copyBytes } from "./bytes.ts";
import type { Bytes, BytesTable, RangeOptions, Row } from "./kv.ts";
import { type KeyForm, SortedKeys, type StoredKey, storeBytesKey } from "./sorted-keys.ts";

export class MemoryTable<K, S extends StoredKey> {
  readonly name: string;
  readonly keyKind: "bytes" | "id";
  readonly #form: KeyForm<K, S>;
  readonly #rows = new Map<S, Buffer>();
  readonly #order = new SortedKeys<S>();

  constructor(name: string, keyKind: "bytes" | "id", form: KeyForm<K, S>) {
    this.name = name;
    this.keyKind = keyKind;
    this.#form = form;
  }

  get(key: K): Bytes | undefined {
    return this.#rows.get(this.#form.store(key)) as Bytes | undefined;
  }

  getAt(this: MemoryTable<Uint8Array, string>, ...key: Parameters<BytesTable["getAt"]>) {
    return this.#rows.get(storeBytesKey(...key)) as Bytes | undefined;
  }

  getCopy(key: K): Buffer | undefined {
    const value = this.get(key);
    return value === undefined ? undefined : copyBytes(value);
  }

  has(key: K): boolean {
    return this.#rows.has(this.#form.store(key));
  }

  *range(options: RangeOptions<K> = {}): Generator<Row<K>> {
    for (const stored of this.#between(options)) {
      yield { key: this.#form.load(stored), value: copyBytes(this.#rows.get(stored)!) };
    }
  }

  visit(options: RangeOptions<K>, visit: (key: K, value: Bytes) => boolean): void {
    visitRows(this.range(options), visit);
  }

  *keys(options: RangeOptions<K> = {}): Generator<K> {
    for (const stored of this.#between(options)) yield this.#form.load(stored);
  }

  count(): number {
    return this.#rows.size;
  }

  put(key: K, value: Uint8Array): void {
    const stored = this.#form.store(key);
    if (!this.#rows.has(stored)) this.#order.add(stored);
    this.#rows.set(stored, copyBytes(value as Buffer));
  }

  putOwned(key: K, value: Buffer): void {
    this.put(key, value);
  }

  delete(key: K): boolean {
    const stored = this.#form.store(key);
    if (!this.#rows.delete(stored)) return false;
    this.#order.delete(stored);
    return true;
  }

  clear(): void {
    this.#rows.clear();
    this.#order.clear();
  }

  copy(): MemoryTable<K, S> {
    const copy = new MemoryTable(this.name, this.keyKind, this.#form);
    for (const stored of this.#order.between(undefined, undefined, false)) {
      copy.#order.add(stored);
      copy.#rows.set(stored, this.#rows.get(stored)!);
    }
    return copy;
  }

  *#between({ from, to, reverse = false, limit }: RangeOptions<K>): Generator<S> {
    let left = limit ?? Number.POSITIVE_INFINITY;
    const bound = (key: K | undefined) => (key === undefined ? undefined : this.#form.store(key));
    for (const stored of this.#order.between(bound(from), bound(to), reverse)) {
      if (left <= 0) return;
      left -= 1;
      yield stored;
    }
  }
}

/** `visit` of a table on its `range`. */
export function visitRows<K>(
  rows: Iterable<Row<K>>,
  visit: (key: K, value: Bytes) => boolean,
): void {
  for (const { key, value } of rows) {
    if (!visit(key, value as Bytes)) return;
  }
}
