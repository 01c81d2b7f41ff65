// Building indexes in bulk, for imports and reindexing: keys and IDs are collected in memory, then written in key order, each
// list once. `flush` merges into what the table holds, so that a build larger than memory goes in several runs.
//
// While the backend is being written, what was collected must be flushed within the same transaction in which the entries were
// read; otherwise a change in between would be undone.

import type { BytesTable } from "../kv/index.ts";
import { addIds } from "./id-table.ts";
import type { IndexDefinition } from "./index-key.ts";
import { collectKeys } from "./index-keys.ts";
import { BUILDER_BYTES_MAX } from "./limits.ts";

/** Estimates of what V8 needs. */
const BYTES_PER_KEY = 160;
const BYTES_PER_ID = 10;

export class IndexBuilder {
  readonly #bytesMax: number;
  #lists = new Map<string, number[]>();
  #bytes = 0;

  constructor(options: { readonly bytesMax?: number } = {}) {
    this.#bytesMax = options.bytesMax ?? BUILDER_BYTES_MAX;
  }

  /** Whether it is time to flush. */
  get isFull(): boolean {
    return this.#bytes >= this.#bytesMax;
  }

  get isEmpty(): boolean {
    return this.#lists.size === 0;
  }

  /** Notes the values that entry `id` has of the type of the index. Ascending IDs are cheapest. */
  add(index: IndexDefinition, id: number, values: readonly Buffer[]): void {
    collectKeys(index, values, (key) => {
      const ids = this.#lists.get(key);
      if (ids === undefined) {
        this.#lists.set(key, [id]);
        this.#bytes += BYTES_PER_KEY + key.length;
      } else if (ids[ids.length - 1] !== id) {
        ids.push(id);
        this.#bytes += BYTES_PER_ID;
      }
    });
  }

  /** Writes what was collected and forgets it. Inside a transaction. */
  flush(table: BytesTable): void {
    const keys = [...this.#lists.keys()].sort();
    for (const key of keys) addIds(table, key, sortedIds(this.#lists.get(key)!));
    this.#lists = new Map();
    this.#bytes = 0;
  }
}

/** Ascending and without duplicates. */
function sortedIds(ids: number[]): number[] {
  for (let i = 1; i < ids.length; i += 1) {
    if (ids[i - 1]! >= ids[i]!) return [...new Set(ids)].sort((a, b) => a - b);
  }
  return ids;
}
