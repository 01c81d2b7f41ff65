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
import type { IsOver } from "./late-merge.ts";
import { BUILDER_BYTES_MAX, LISTS_BETWEEN_LOOKS } from "./limits.ts";
import { TRIGRAM_PAIR_BYTES, TrigramLog } from "./trigram-log.ts";

/** Estimates of what V8 needs. */
const BYTES_PER_KEY = 200;
const BYTES_PER_ID = 10;

/** Most keys of most indexes have one ID: that takes no list. */
type Ids = number | number[];

export class IndexBuilder {
  readonly #bytesMax: number;
  /** By what their keys begin with, then by value. */
  readonly #lists = new Map<string, Map<string, Ids>>();
  /** By tag. */
  readonly #trigrams = new Map<number, TrigramLog>();
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
    collectPlainKeys(index, values, (prefix, value) => this.#note(prefix, value, id));
    if (!index.kinds.has("substring")) return;
    let log = this.#trigrams.get(index.tag);
    if (log === undefined) {
      log = new TrigramLog();
      this.#trigrams.set(index.tag, log);
    }
    const before = log.length;
    collectTrigramCodes(index.type, values, log, id);
    this.#bytes += (log.length - before) * TRIGRAM_PAIR_BYTES;
  }

  /** Writes what was collected and forgets it. Inside a transaction. */
  flush(table: BytesTable): void {
    this.flushSome(table, () => false);
  }

  /** As `flush`, until `isOver`; whether there is more. Until then nothing must be added. */
  flushSome(table: BytesTable, isOver: IsOver): boolean {
    this.#writing ??= this.#write(table);
    for (let count = 1; this.#writing.next().done !== true; count += 1) {
      if (count % LISTS_BETWEEN_LOOKS === 0 && isOver()) return true;
    }
    this.#writing = undefined;
    this.#lists.clear();
    this.#trigrams.clear();
    this.#bytes = 0;
    return false;
  }

  *#write(table: BytesTable): Generator<void> {
    for (const prefix of [...this.#lists.keys()].sort()) {
      const lists = this.#lists.get(prefix)!;
      for (const value of [...lists.keys()].sort()) {
        addIds(table, prefix + value, sortedIds(lists.get(value)!));
        yield;
      }
    }
    for (const [tag, log] of this.#trigrams) {
      const prefix = keyPrefix(tag, "substring");
      for (const { code, ids } of log.lists()) {
        addIds(table, prefix + trigramText(code), ascending(ids));
        yield;
      }
    }
  }

  #note(prefix: string, value: string, id: number): void {
    let lists = this.#lists.get(prefix);
    if (lists === undefined) {
      lists = new Map();
      this.#lists.set(prefix, lists);
    }
    const ids = lists.get(value);
    if (ids === undefined) {
      lists.set(value, id);
      this.#bytes += BYTES_PER_KEY;
    } else if (typeof ids === "number") {
      if (ids === id) return;
      lists.set(value, [ids, id]);
      this.#bytes += BYTES_PER_ID;
    } else if (ids[ids.length - 1] !== id) {
      ids.push(id);
      this.#bytes += BYTES_PER_ID;
    }
  }
}

/** Ascending and without duplicates. */
const sortedIds = (ids: Ids): Uint32Array =>
  typeof ids === "number" ? Uint32Array.of(ids) : ascending(Uint32Array.from(ids));

function ascending(ids: Uint32Array): Uint32Array {
  for (let i = 1; i < ids.length; i += 1) {
    if (ids[i - 1]! >= ids[i]!) return IdList.fromUnsorted(ids.slice()).sorted;
  }
  return ids;
}
