// Keys in order, for the tables that live in memory: an array of short sorted arrays, so that an insertion moves at most
// CHUNK_KEYS_MAX keys. Byte keys stand as latin1 strings, whose order is byte order; ids as numbers.
//
//   chunks: [[k0 … k9], [k10 … k31], …]   no chunk is empty; the last key of each is below the first of the next

import { assert } from "../base/index.ts";
import { type Bytes, KV_KEY_BYTES_MAX } from "./kv.ts";

export type StoredKey = string | number;

const CHUNK_KEYS_MAX = 512;
const ID_MAX = 0xffff_ffff;

/** How keys of one kind are held in memory. `store` asserts that the key is one. */
export interface KeyForm<K, S extends StoredKey> {
  store(key: K): S;
  /** A copy. */
  load(stored: S): K;
}

export const ID_KEYS: KeyForm<number, number> = {
  store(key) {
    assert(
      key >= 0 && key <= ID_MAX && Number.isInteger(key),
      "an id key is an unsigned 32-bit number",
    );
    return key;
  },
  load: (stored) => stored,
};

export const BYTES_KEYS: KeyForm<Uint8Array, string> = {
  store: (key) => storeBytesKey(key, 0, key.length),
  load: (stored) => Buffer.from(stored, "latin1"),
};

const latin1Slice = Buffer.prototype.latin1Slice as Bytes["latin1Slice"];

export function storeBytesKey(bytes: Uint8Array, start: number, end: number): string {
  assert(end > start && end - start <= KV_KEY_BYTES_MAX, "a key is 1 to KV_KEY_BYTES_MAX bytes");
  return latin1Slice.call(bytes, start, end);
}

export class SortedKeys<S extends StoredKey> {
  readonly #chunks: S[][] = [];

  add(key: S): void {
    const chunks = this.#chunks;
    if (chunks.length === 0) {
      chunks.push([key]);
      return;
    }
    const index = Math.min(this.#chunkOf(key), chunks.length - 1);
    const chunk = chunks[index]!;
    const position = lowerBound(chunk, key);
    if (chunk[position] === key) return;
    chunk.splice(position, 0, key);
    if (chunk.length > CHUNK_KEYS_MAX) {
      // A rising series of keys leaves full chunks behind; any other leaves halves.
      const rest = position === chunk.length - 1 ? 1 : chunk.length >> 1;
      chunks.splice(index + 1, 0, chunk.splice(chunk.length - rest));
    }
  }

  delete(key: S): void {
    const index = this.#chunkOf(key);
    const chunk = this.#chunks[index];
    if (chunk === undefined) return;
    const position = lowerBound(chunk, key);
    if (chunk[position] !== key) return;
    if (chunk.length === 1) this.#chunks.splice(index, 1);
    else chunk.splice(position, 1);
  }

  clear(): void {
    this.#chunks.length = 0;
  }

  /** Keys in [from, to), undefined being without bound. Not to be changed while the iteration is open. */
  *between(from: S | undefined, to: S | undefined, reverse: boolean): Generator<S> {
    const chunks = this.#chunks;
    if (reverse) {
      let index = to === undefined ? chunks.length - 1 : this.#chunkOf(to);
      for (index = Math.min(index, chunks.length - 1); index >= 0; index -= 1) {
        const chunk = chunks[index]!;
        let position = to === undefined ? chunk.length : lowerBound(chunk, to);
        for (position -= 1; position >= 0; position -= 1) {
          const key = chunk[position]!;
          if (from !== undefined && key < from) return;
          yield key;
        }
      }
      return;
    }
    for (
      let index = from === undefined ? 0 : this.#chunkOf(from);
      index < chunks.length;
      index += 1
    ) {
      const chunk = chunks[index]!;
      let position = from === undefined ? 0 : lowerBound(chunk, from);
      for (; position < chunk.length; position += 1) {
        const key = chunk[position]!;
        if (to !== undefined && key >= to) return;
        yield key;
      }
    }
  }

  /** Index of the first chunk whose last key is not below `key`. */
  #chunkOf(key: S): number {
    const chunks = this.#chunks;
    let low = 0;
    let high = chunks.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const chunk = chunks[middle]!;
      if (chunk[chunk.length - 1]! < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Index of the first key that is not below `key`. */
function lowerBound<S extends StoredKey>(keys: readonly S[], key: S): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (keys[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
