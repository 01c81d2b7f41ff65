// Lists of entry IDs in the index table, by list key. Up to SHORT_LIST_IDS_MAX IDs lie in one row; a longer list is a head
// and blocks, of which an update rewrites one. Reading a long list can be put off: `StoredIds` knows its size and can be asked
// for single IDs.

import { assert } from "../base/index.ts";
import { type Bytes, type BytesTable, copyBytes } from "../kv/index.ts";
import { IdList } from "./id-list.ts";
import {
  type BlockCount,
  blockCount,
  blockHas,
  changeBlock,
  changeHead,
  changeShortList,
  decodeBlock,
  decodeHead,
  decodeShortList,
  encodeBlock,
  encodeHead,
  encodeShortList,
  headHas,
  isHead,
} from "./id-rows.ts";
import { blockKey, blockNumber, keyBytes, keyText, writeBlockNumber } from "./index-key.ts";
import { BLOCK_IDS, BLOCKED_LIST_IDS_MIN, SHORT_LIST_IDS_MAX } from "./limits.ts";

/** A list as it lies in the table; valid as long as the table is not written. */
export interface StoredIds {
  /** At least the number of IDs; exact once they have been read, and for lists of one row. */
  readonly countMax: number;
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

/** The same by the bytes of the key, the first `length` of `key`: their text is needed for a list of several rows alone. */
export function idsOfLentRow(
  table: BytesTable,
  key: Uint8Array,
  length: number,
  row: Buffer,
): StoredIds {
  return isHead(row)
    ? idsOfRow(table, keyText(key, length), row)
    : new ShortIds(IdList.fromSorted(decodeShortList(row)));
}

export class ShortIds implements StoredIds {
  readonly #ids: IdList;

  constructor(ids: IdList) {
    this.#ids = ids;
  }

  get countMax(): number {
    return this.#ids.size;
  }

  ids(): IdList {
    return this.#ids;
  }

  retain(ids: IdList): IdList {
    return ids.intersect(this.#ids);
  }
}

/** A list and IDs that are to come into it. */
export class UnitedIds implements StoredIds {
  readonly #stored: StoredIds | undefined;
  readonly #more: IdList;

  constructor(stored: StoredIds | undefined, more: IdList) {
    this.#stored = stored;
    this.#more = more;
  }

  get countMax(): number {
    return (this.#stored?.countMax ?? 0) + this.#more.size;
  }

  ids(): IdList {
    return this.#stored === undefined ? this.#more : this.#stored.ids().union(this.#more);
  }

  retain(ids: IdList): IdList {
    const more = ids.intersect(this.#more);
    return this.#stored === undefined ? more : this.#stored.retain(ids).union(more);
  }
}

class BlockedIds implements StoredIds {
  readonly #table: BytesTable;
  readonly #key: string;
  readonly #blocks: readonly BlockCount[];
  #ids: IdList | undefined;

  constructor(table: BytesTable, key: string, blocks: readonly BlockCount[]) {
    this.#table = table;
    this.#key = key;
    this.#blocks = blocks;
  }

  get countMax(): number {
    return this.#ids?.size ?? boundOf(this.#blocks);
  }

  ids(): IdList {
    if (this.#ids !== undefined) return this.#ids;
    const ids = new Uint32Array(boundOf(this.#blocks));
    let at = 0;
    for (const { block } of this.#blocks) {
      at = decodeBlock(this.#row(block), block, ids, at);
    }
    assert(at <= ids.length, "the head of an ID list bounds the IDs of its blocks");
    this.#ids = IdList.fromSorted(ids.subarray(0, at));
    return this.#ids;
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

/** Leaves those of the first `size` of `ids`, which are sorted, that are in the list of several rows, and returns their number. Its
 *  head is not asked which blocks there are: a look-up of one that is missing costs no more. */
export function retainInBlocks(
  table: BytesTable,
  key: string,
  ids: Uint32Array,
  size: number,
): number {
  const bytes = blockKey(key, 0);
  let count = 0;
  let block: number | undefined;
  let row: Bytes | undefined;
  for (let i = 0; i < size; i += 1) {
    const id = ids[i]!;
    if (blockNumber(id) !== block) {
      block = blockNumber(id);
      writeBlockNumber(bytes, key.length, block);
      row = table.get(bytes);
    }
    if (row === undefined || !blockHas(row, id)) continue;
    ids[count] = id;
    count += 1;
  }
  return count;
}

/** Adds an ID to the list; no change if it is there. */
export function addId(table: BytesTable, key: string, id: number): void {
  const listKey = keyBytes(key);
  const row = table.get(listKey);
  if (row === undefined) {
    table.put(listKey, encodeShortList([id]));
    return;
  }
  if (isHead(row)) {
    changeBlocks(table, { key, head: copyBytes(row), id, change: "add" });
    return;
  }
  const changed = changeShortList(row, id, "add");
  if (changed === undefined) return;
  if (changed.count <= SHORT_LIST_IDS_MAX) table.put(listKey, changed.row);
  else addToBlocks(table, key, { blocks: [], ids: decodeShortList(changed.row) });
}

/** Takes an ID out of the list; no change if it is not there. */
export function removeId(table: BytesTable, key: string, id: number): void {
  const listKey = keyBytes(key);
  const row = table.get(listKey);
  if (row === undefined) return;
  if (isHead(row)) {
    changeBlocks(table, { key, head: copyBytes(row), id, change: "remove" });
    return;
  }
  const changed = changeShortList(row, id, "remove");
  if (changed === undefined) return;
  if (changed.count === 0) table.delete(listKey);
  else table.put(listKey, changed.row);
}

/** Takes IDs out of the list; those that are not there do not matter. */
export function removeIds(table: BytesTable, key: string, ids: IdList): void {
  const listKey = keyBytes(key);
  const row = table.get(listKey);
  if (row === undefined || ids.size === 0) return;
  if (isHead(row)) {
    for (const id of ids) removeId(table, key, id);
    return;
  }
  const before = IdList.fromSorted(decodeShortList(row));
  const after = before.subtract(ids);
  if (after.size === 0) table.delete(listKey);
  else if (after.size < before.size) table.put(listKey, encodeShortList(after.sorted));
}

interface BlockChange {
  readonly key: string;
  readonly head: Buffer;
  readonly id: number;
  readonly change: "add" | "remove";
}

function changeBlocks(table: BytesTable, work: BlockChange): void {
  const { key, head, id, change } = work;
  const block = blockNumber(id);
  const rowKey = blockKey(key, block);
  const row = headHas(head, block) ? table.get(rowKey) : undefined;
  assert((row !== undefined) === headHas(head, block), "the blocks that a head names are there");
  const isThere = row !== undefined && blockHas(row, id);
  if (isThere === (change === "add")) return;
  const after = (row === undefined ? 0 : blockCount(row)) + (change === "add" ? 1 : -1);
  if (after === 0) table.delete(rowKey);
  else table.put(rowKey, row === undefined ? encodeBlock([id]) : changeBlock(row, id, change));
  const left = changeHead(head, block, after);
  if (left === undefined) return;
  const blocks = change === "add" ? [] : decodeHead(left);
  if (change === "add" || boundOf(blocks) >= BLOCKED_LIST_IDS_MIN) table.put(keyBytes(key), left);
  else joinBlocks(table, key, blocks);
}

/** Adds IDs in ascending order without duplicates. */
export function addIds(table: BytesTable, key: string, ids: Uint32Array): void {
  const listKey = keyBytes(key);
  const row = table.get(listKey);
  if (row !== undefined && isHead(row)) {
    addToBlocks(table, key, { blocks: decodeHead(row), ids });
    return;
  }
  let all = ids;
  if (row !== undefined) {
    const before = IdList.fromSorted(decodeShortList(row));
    all = before.union(IdList.fromSorted(ids)).sorted;
    if (all.length === before.size) return;
  }
  if (all.length <= SHORT_LIST_IDS_MAX) {
    table.put(listKey, encodeShortList(all));
    return;
  }
  addToBlocks(table, key, { blocks: [], ids: all });
}

function addToBlocks(
  table: BytesTable,
  key: string,
  work: { readonly blocks: readonly BlockCount[]; readonly ids: Uint32Array },
): void {
  const { ids } = work;
  const bounds = new Map(work.blocks.map(({ block, countMax }) => [block, countMax]));
  for (let start = 0; start < ids.length; ) {
    const block = blockNumber(ids[start]!);
    let end = start + 1;
    while (end < ids.length && blockNumber(ids[end]!) === block) end += 1;
    const place = { key: blockKey(key, block), block, isThere: bounds.has(block) };
    bounds.set(block, addToBlock(table, place, ids.subarray(start, end)));
    start = end;
  }
  table.put(keyBytes(key), encodeHead([...bounds].sort(([a], [b]) => a - b)));
}

interface BlockPlace {
  readonly key: Buffer;
  readonly block: number;
  readonly isThere: boolean;
}

/** Returns the number of IDs afterwards. */
function addToBlock(table: BytesTable, place: BlockPlace, ids: Uint32Array): number {
  let all = ids;
  if (place.isThere) {
    const row = table.get(place.key);
    assert(row !== undefined, "the blocks that a head names are there");
    const before = new Uint32Array(blockCount(row));
    decodeBlock(row, place.block, before, 0);
    all = IdList.fromSorted(before).union(IdList.fromSorted(ids)).sorted;
    if (all.length === before.length) return all.length;
  }
  table.put(place.key, encodeBlock(all));
  return all.length;
}

function joinBlocks(table: BytesTable, key: string, blocks: readonly BlockCount[]): void {
  const ids = new BlockedIds(table, key, blocks).ids();
  for (const { block } of blocks) table.delete(blockKey(key, block));
  table.put(keyBytes(key), encodeShortList(ids.sorted));
}

function boundOf(blocks: readonly BlockCount[]): number {
  let bound = 0;
  for (const { countMax } of blocks) bound += countMax;
  return bound;
}
