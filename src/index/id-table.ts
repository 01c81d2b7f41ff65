// Lists of entry IDs in the index table, by list key. Up to SHORT_LIST_IDS_MAX IDs lie in one row; a longer list is a head
// and blocks, of which an update rewrites one. Reading a long list can be put off: `StoredIds` knows its size and can be asked
// for single IDs.

import { assert } from "../base/index.ts";
import type { BytesTable } from "../kv/index.ts";
import { IdList } from "./id-list.ts";
import {
  type BlockCount,
  blockHas,
  decodeBlock,
  decodeHead,
  decodeShortList,
  encodeBlock,
  encodeHead,
  encodeShortList,
  isHead,
} from "./id-rows.ts";
import { blockKey, blockNumber, keyBytes } from "./index-key.ts";
import { BLOCK_IDS, BLOCKED_LIST_IDS_MIN, SHORT_LIST_IDS_MAX } from "./limits.ts";

/** A list as it lies in the table; valid as long as the table is not written. */
export interface StoredIds {
  readonly count: number;
  ids(): IdList;
  /** Those of `ids` that are in the list. */
  retain(ids: IdList): IdList;
}

export function readIds(table: BytesTable, key: string): StoredIds | undefined {
  const row = table.get(keyBytes(key));
  return row === undefined ? undefined : idsOfRow(table, key, row);
}

/** The list whose row has been read; the row may be a borrowed view. */
export function idsOfRow(table: BytesTable, key: string, row: Buffer): StoredIds {
  return isHead(row)
    ? new BlockedIds(table, key, decodeHead(row))
    : new ShortIds(IdList.fromSorted(decodeShortList(row)));
}

export class ShortIds implements StoredIds {
  readonly #ids: IdList;

  constructor(ids: IdList) {
    this.#ids = ids;
  }

  get count(): number {
    return this.#ids.size;
  }

  ids(): IdList {
    return this.#ids;
  }

  retain(ids: IdList): IdList {
    return ids.intersect(this.#ids);
  }
}

class BlockedIds implements StoredIds {
  readonly count: number;
  readonly #table: BytesTable;
  readonly #key: string;
  readonly #blocks: readonly BlockCount[];

  constructor(table: BytesTable, key: string, blocks: readonly BlockCount[]) {
    this.#table = table;
    this.#key = key;
    this.#blocks = blocks;
    this.count = countOf(blocks);
  }

  ids(): IdList {
    const ids = new Uint32Array(this.count);
    let at = 0;
    for (const { block } of this.#blocks) {
      at = decodeBlock(this.#row(block), block, ids, at);
    }
    assert(at === ids.length, "the head of an ID list counts the IDs of its blocks");
    return IdList.fromSorted(ids);
  }

  retain(ids: IdList): IdList {
    const kept = new Uint32Array(ids.size);
    let count = 0;
    let at = 0;
    for (const { block } of this.#blocks) {
      at = ids.lowerBound(block * BLOCK_IDS, at);
      const end = ids.lowerBound((block + 1) * BLOCK_IDS, at);
      if (at === end) continue;
      const row = this.#row(block);
      for (; at < end; at += 1) {
        const id = ids.at(at)!;
        if (blockHas(row, id)) {
          kept[count] = id;
          count += 1;
        }
      }
    }
    return IdList.fromSorted(kept.slice(0, count));
  }

  #row(block: number) {
    const row = this.#table.get(blockKey(this.#key, block));
    assert(row !== undefined, "the blocks that a head names are there");
    return row;
  }
}

/** Adds an ID to the list; no change if it is there. */
export function addId(table: BytesTable, key: string, id: number): void {
  addIds(table, key, [id]);
}

/** Adds IDs in ascending order without duplicates; cheapest for many of one block at once. */
export function addIds(table: BytesTable, key: string, ids: ArrayLike<number>): void {
  const row = table.get(keyBytes(key));
  if (row !== undefined && isHead(row)) {
    addToBlocks(table, key, { blocks: decodeHead(row), ids });
    return;
  }
  const before = row === undefined ? IdList.EMPTY : IdList.fromSorted(decodeShortList(row));
  const all = before.union(IdList.fromSorted(Uint32Array.from(ids)));
  if (all.size === before.size) return;
  if (all.size <= SHORT_LIST_IDS_MAX) table.put(keyBytes(key), encodeShortList(all.toArray()));
  else addToBlocks(table, key, { blocks: [], ids: all.toArray() });
}

function addToBlocks(
  table: BytesTable,
  key: string,
  work: { readonly blocks: readonly BlockCount[]; readonly ids: ArrayLike<number> },
): void {
  const { ids } = work;
  const counts = new Map(work.blocks.map(({ block, count }) => [block, count]));
  let changed = false;
  for (let start = 0; start < ids.length; ) {
    const block = blockNumber(ids[start]!);
    let end = start + 1;
    while (end < ids.length && blockNumber(ids[end]!) === block) end += 1;
    const before = counts.get(block) ?? 0;
    const after = addToBlock(table, { key, block, before }, sliceOf(ids, start, end));
    if (after !== before) {
      counts.set(block, after);
      changed = true;
    }
    start = end;
  }
  if (changed) table.put(keyBytes(key), encodeHead(sortedCounts(counts)));
}

interface BlockPlace {
  readonly key: string;
  readonly block: number;
  /** IDs in it, 0 if it is not there. */
  readonly before: number;
}

/** Returns the number of IDs afterwards. */
function addToBlock(table: BytesTable, place: BlockPlace, ids: Uint32Array): number {
  const key = blockKey(place.key, place.block);
  const own = IdList.fromSorted(ids);
  const all = place.before === 0 ? own : readBlock(table, key, place).union(own);
  if (all.size > place.before) table.put(key, encodeBlock(all.toArray()));
  return all.size;
}

function readBlock(table: BytesTable, key: Buffer, place: BlockPlace): IdList {
  const row = table.get(key);
  assert(row !== undefined, "the blocks that a head names are there");
  const ids = new Uint32Array(place.before);
  const count = decodeBlock(row, place.block, ids, 0);
  assert(count === place.before, "the head of an ID list counts the IDs of its blocks");
  return IdList.fromSorted(ids);
}

/** Takes an ID out of the list; no change if it is not there. */
export function removeId(table: BytesTable, key: string, id: number): void {
  const listKey = keyBytes(key);
  const row = table.get(listKey);
  if (row === undefined) return;
  if (isHead(row)) {
    removeFromBlocks(table, { key, blocks: decodeHead(row), id });
    return;
  }
  const ids = IdList.fromSorted(decodeShortList(row));
  if (!ids.has(id)) return;
  const rest = ids.subtract(IdList.from([id]));
  if (rest.size === 0) table.delete(listKey);
  else table.put(listKey, encodeShortList(rest.toArray()));
}

function removeFromBlocks(
  table: BytesTable,
  work: { readonly key: string; readonly blocks: readonly BlockCount[]; readonly id: number },
): void {
  const { key, blocks, id } = work;
  const block = blockNumber(id);
  const before = blocks.find((other) => other.block === block)?.count;
  if (before === undefined) return;
  const rowKey = blockKey(key, block);
  const ids = readBlock(table, rowKey, { key, block, before });
  if (!ids.has(id)) return;
  const rest = ids.subtract(IdList.from([id]));
  if (rest.size === 0) table.delete(rowKey);
  else table.put(rowKey, encodeBlock(rest.toArray()));
  const counts = new Map(blocks.map((other) => [other.block, other.count]));
  counts.set(block, rest.size);
  const left = sortedCounts(counts);
  if (countOf(left) >= BLOCKED_LIST_IDS_MIN) table.put(keyBytes(key), encodeHead(left));
  else joinBlocks(table, key, left);
}

function joinBlocks(table: BytesTable, key: string, blocks: readonly BlockCount[]): void {
  const ids = new BlockedIds(table, key, blocks).ids();
  for (const { block } of blocks) table.delete(blockKey(key, block));
  table.put(keyBytes(key), encodeShortList(ids.toArray()));
}

function sortedCounts(counts: ReadonlyMap<number, number>): BlockCount[] {
  return [...counts]
    .filter(([, count]) => count > 0)
    .sort(([a], [b]) => a - b)
    .map(([block, count]) => ({ block, count }));
}

function countOf(blocks: readonly BlockCount[]): number {
  let count = 0;
  for (const block of blocks) count += block.count;
  return count;
}

function sliceOf(ids: ArrayLike<number>, start: number, end: number): Uint32Array {
  const slice = new Uint32Array(end - start);
  for (let i = start; i < end; i += 1) slice[i - start] = ids[i]!;
  return slice;
}
