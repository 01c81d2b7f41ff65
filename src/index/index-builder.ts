// Building indexes in bulk, for imports and reindexing: keys and IDs are collected in memory, then written in key order, each
// list once. `flush` merges into what the table holds, so that a build larger than memory goes in several runs.
//
// While the backend is being written, what was collected must be flushed within the same transaction in which the entries were
// read; otherwise a change in between would be undone.

import { assert } from "../base/index.ts";
import type { BytesTable } from "../kv/index.ts";
import { IdList } from "./id-list.ts";
import { addIds } from "./id-table.ts";
import { type IndexDefinition, keyPrefix } from "./index-key.ts";
import { collectPlainKeys, collectTrigramCodes, trigramText } from "./index-keys.ts";
import { BUILDER_BYTES_MAX } from "./limits.ts";

/** Estimates of what V8 needs. */
const BYTES_PER_KEY = 200;
const BYTES_PER_ID = 10;

/** Most keys of most indexes have one ID: that takes no list. */
type Ids = number | number[];

export class IndexBuilder {
  readonly #bytesMax: number;
  readonly #lists = new Map<string, Ids>();
  /** By tag and trigram. Apart from the others, because numbers make quicker keys and these are nine in ten. */
  readonly #trigrams = new Map<number, Map<number, Ids>>();
  #bytes = 0;
  #writing: Generator<void> | undefined;

  constructor(options: { readonly bytesMax?: number } = {}) {
    this.#bytesMax = options.bytesMax ?? BUILDER_BYTES_MAX;
  }

  /** Whether it is time to flush. */
  get isFull(): boolean {
    return this.#bytes >= this.#bytesMax;
  }

  get isEmpty(): boolean {
    return this.#lists.size === 0 && this.#trigrams.size === 0;
  }

  /** Notes the values that entry `id` has of the type of the index. Ascending IDs are cheapest. */
  add(index: IndexDefinition, id: number, values: readonly Buffer[]): void {
    assert(this.#writing === undefined, "nothing is added while keys are written");
    collectPlainKeys(index, values, (key) => this.#note(this.#lists, key, id));
    if (!index.kinds.has("substring")) return;
    let lists = this.#trigrams.get(index.tag);
    if (lists === undefined) {
      lists = new Map();
      this.#trigrams.set(index.tag, lists);
    }
    const own = lists;
    collectTrigramCodes(index.type, values, (code) => this.#note(own, code, id));
  }

  /** Writes what was collected and forgets it. Inside a transaction. */
  flush(table: BytesTable): void {
    this.flushSome(table, Number.POSITIVE_INFINITY);
  }

  /** As `flush`, but at most `keysMax` lists; whether there are more. Until then nothing must be added. */
  flushSome(table: BytesTable, keysMax: number): boolean {
    this.#writing ??= this.#write(table);
    for (let count = 0; count < keysMax; count += 1) {
      if (this.#writing.next().done !== true) continue;
      this.#writing = undefined;
      this.#lists.clear();
      this.#trigrams.clear();
      this.#bytes = 0;
      return false;
    }
    return true;
  }

  *#write(table: BytesTable): Generator<void> {
    for (const key of [...this.#lists.keys()].sort()) {
      addIds(table, key, sortedIds(this.#lists.get(key)!));
      yield;
    }
    for (const [tag, lists] of this.#trigrams) {
      const prefix = keyPrefix(tag, "substring");
      for (const code of Uint32Array.from(lists.keys()).sort()) {
        addIds(table, prefix + trigramText(code), sortedIds(lists.get(code)!));
        yield;
      }
    }
  }

  #note<K>(lists: Map<K, Ids>, key: K, id: number): void {
    const ids = lists.get(key);
    if (ids === undefined) {
      lists.set(key, id);
      this.#bytes += BYTES_PER_KEY;
    } else if (typeof ids === "number") {
      if (ids === id) return;
      lists.set(key, [ids, id]);
      this.#bytes += BYTES_PER_ID;
    } else if (ids[ids.length - 1] !== id) {
      ids.push(id);
      this.#bytes += BYTES_PER_ID;
    }
  }
}

/** Ascending and without duplicates. */
function sortedIds(ids: Ids): Uint32Array {
  if (typeof ids === "number") return Uint32Array.of(ids);
  const packed = Uint32Array.from(ids);
  for (let i = 1; i < packed.length; i += 1) {
    if (packed[i - 1]! >= packed[i]!) return IdList.fromUnsorted(packed).sorted;
  }
  return packed;
}
