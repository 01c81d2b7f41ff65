// The tables of an LMDB environment.
//
// - `getBinaryFast` lends one buffer per thread whose `length` is set per read. Values that do not fit it would be lent
//   straight from the map, as another type; `growLoan` enlarges the buffer before that can happen.
// - Ranges lend the same buffer, because the tables have a decoder that takes it as it is (`LENDING`).
// - A key reaches lmdb-js as a `KeyRange`, so that the encoder sees one shape and a range of a scratch buffer costs no view.
import { assert } from "../base/index.ts";
import { copyBytes, copyInto } from "./bytes.ts";
import type { Bytes, BytesTable, IdTable, RangeOptions, Row, Table } from "./kv.ts";
import { KV_KEY_BYTES_MAX } from "./kv.ts";
import type { LmdbStore, NativeRange, StoreOptions } from "./lmdb-native.ts";
import { ID_KEYS } from "./sorted-keys.ts";

/** Of the buffer that lmdb-js starts with. */
const LOAN_BYTES_FIRST = 0x100_0000;

/** The environment, as far as its tables ask. */
interface TableOwner {
  /** Whether a write transaction runs. */
  readonly writing: boolean;
}

export abstract class LmdbTable<K, N> implements Table<K> {
  readonly name: string;
  abstract readonly keyKind: "bytes" | "id";
  protected readonly kv: TableOwner;
  protected readonly store: LmdbStore<N>;

  constructor(kv: TableOwner, name: string, store: LmdbStore<N>) {
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
      yield { key: this.fromNative(row.key), value: copyBytes(this.#whole(row)) };
    }
  }

  visit(options: RangeOptions<K>, visit: (key: K, value: Bytes) => boolean): void {
    for (const row of this.store.getRange(this.#nativeRange(options))) {
      if (!visit(this.fromNative(row.key), this.#whole(row))) return;
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

  putOwned(key: K, value: Buffer): void {
    this.put(key, value);
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

  /** A value of a range is lent like any other, unless it is too large for the buffer. */
  #whole({ key, value }: { readonly key: N; readonly value: Bytes }): Bytes {
    if (value.length <= LOAN_BYTES_FIRST) return value;
    const lent = this.lend(key);
    assert(lent !== undefined, "a row of a range is in the table");
    return lent;
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

export class LmdbBytesTable extends LmdbTable<Uint8Array, KeyRange> implements BytesTable {
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

export class LmdbIdTable extends LmdbTable<number, number> implements IdTable {
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

/** lmdb-js copies the values of ranges unless a decoder says that it needs no copy. */
export const LENDING: Pick<StoreOptions, "decoder" | "decoderCopies"> = {
  decoder: { decode: (bytes) => bytes },
  decoderCopies: true,
};

export interface KeyRange {
  bytes: Uint8Array;
  start: number;
  end: number;
}

const LOWEST_KEY: KeyRange = { bytes: Buffer.of(0), start: 0, end: 1 };
const SCRATCH_KEY: KeyRange = { bytes: LOWEST_KEY.bytes, start: 0, end: 1 };

export const KEY_RANGE_ENCODER = {
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
