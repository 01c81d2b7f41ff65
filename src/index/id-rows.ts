// How a list of entry IDs lies in the index table.
//
//   short list     01, then the IDs in ascending order as varints: the first one, then differences
//   head           02, then 4 bytes for each block in ascending order: block number (3, big-endian), bound of its count (1)
//   block          IDs below BLOCK_IDS relative to the block: sorted 16-bit numbers, little-endian, as long as they take
//                  less than a bitmap; else count − 1 (2, little-endian) and the bitmap (id 8i + j is bit j of byte i)
//
// The bound is the count rounded up to five significant bits, a kind of floating-point number (below), so that the head is
// rewritten once in some hundred changes and still tells how long the list is.
//
// A head and its blocks have keys of their own (index-key.ts). The codec here knows bytes only; id-table.ts reads and writes.

import { assert } from "../base/index.ts";
import { copyBytes, copyInto } from "../kv/index.ts";
import { IdList } from "./id-list.ts";
import { blockNumber } from "./index-key.ts";
import { BLOCK_IDS } from "./limits.ts";

const SHORT_LIST = 1;
const HEAD = 2;
const HEAD_ROW_BYTES = 4;
const BITMAP_START = 2;
const BITMAP_ROW_BYTES = BITMAP_START + BLOCK_IDS / 8;
const VARINT_BYTES_MAX = 5;
/** Of so short a row the IDs are counted first: that costs less than a view of too long an array. */
const FEW_BYTES = 64;

/** Bytes that are read by index alone: a borrowed view or a buffer. */
type Readable = Pick<Buffer, "length"> & { readonly [index: number]: number };

export interface BlockCount {
  readonly block: number;
  /** At least the number of its IDs. */
  readonly countMax: number;
}

export function isHead(row: Readable): boolean {
  return row[0] === HEAD;
}

export function encodeShortList(ids: ArrayLike<number>): Buffer {
  const bytes = Buffer.allocUnsafe(1 + ids.length * VARINT_BYTES_MAX);
  bytes[0] = SHORT_LIST;
  let at = 1;
  let last = 0;
  for (let i = 0; i < ids.length; i += 1) {
    at = writeVarint(bytes, at, ids[i]! - last);
    last = ids[i]!;
  }
  return bytes.subarray(0, at);
}

export function decodeShortList(row: Readable): Uint32Array {
  const ids = new Uint32Array(row.length <= FEW_BYTES ? countVarints(row) : row.length - 1);
  const count = readShortList(row, ids);
  return ids.length === count ? ids : ids.subarray(0, count);
}

function countVarints(row: Readable): number {
  let count = 0;
  for (let at = 1; at < row.length; at += 1) if (row[at]! <= 0x7f) count += 1;
  return count;
}

/** Writes the IDs to the beginning of `ids`, which is long enough, and returns their number. */
export function readShortList(row: Readable, ids: Uint32Array): number {
  assert(row[0] === SHORT_LIST, "a row of the index table is a list or a head");
  const { length } = row;
  let count = 0;
  let last = 0;
  for (let at = 1; at < length; count += 1) {
    const byte = row[at]!;
    at += 1;
    if (byte <= 0x7f) last += byte;
    else {
      last += byte & 0x7f;
      let scale = 128;
      for (; row[at]! > 0x7f; at += 1, scale *= 128) last += (row[at]! & 0x7f) * scale;
      last += row[at]! * scale;
      at += 1;
    }
    ids[count] = last;
  }
  return count;
}

/** Leaves those of the first `size` of `ids`, which are sorted, that are in the list, and returns their number. Nothing behind
 *  the last of them is read. */
export function retainShortList(row: Readable, ids: Uint32Array, size: number): number {
  assert(row[0] === SHORT_LIST, "a row of the index table is a list or a head");
  const { length } = row;
  let count = 0;
  let last = 0;
  let next = 0;
  for (let at = 1; at < length && next < size; ) {
    const byte = row[at]!;
    at += 1;
    if (byte <= 0x7f) last += byte;
    else {
      last += byte & 0x7f;
      let scale = 128;
      for (; row[at]! > 0x7f; at += 1, scale *= 128) last += (row[at]! & 0x7f) * scale;
      last += row[at]! * scale;
      at += 1;
    }
    while (next < size && ids[next]! < last) next += 1;
    if (next < size && ids[next] === last) {
      ids[count] = last;
      count += 1;
    }
  }
  return count;
}

/** At least the number of IDs of the list, from the one row of it or its head alone. */
export function countBound(row: Readable): number {
  if (!isHead(row)) return row.length - 1;
  let bound = 0;
  for (let at = 1; at < row.length; at += HEAD_ROW_BYTES) bound += readBound(row[at + 3]!);
  return bound;
}

export interface ShortListChange {
  readonly row: Buffer;
  /** IDs in it. */
  readonly count: number;
}

/** The list with one more or one less ID, without unpacking it; undefined if it has (or has not) the ID already. */
export function changeShortList(
  row: Readable,
  id: number,
  change: "add" | "remove",
): ShortListChange | undefined {
  assert(row[0] === SHORT_LIST, "a row of the index table is a list or a head");
  let count = 0;
  let before = 0; // the ID in front of the place
  let start = row.length; // of the first varint that stands for `id` or more
  let next: number | undefined; // that ID
  let end = row.length; // of its varint
  let last = 0;
  for (let at = 1; at < row.length; count += 1) {
    const from = at;
    let value = 0;
    let scale = 1;
    for (; row[at]! > 0x7f; at += 1, scale *= 128) value += (row[at]! & 0x7f) * scale;
    const current = last + value + row[at]! * scale;
    at += 1;
    if (next === undefined && current >= id) {
      next = current;
      before = last;
      start = from;
      end = at;
    }
    last = current;
  }
  if (next === undefined) before = last;
  if ((next === id) === (change === "add")) return undefined;
  const out = Buffer.allocUnsafe(row.length + 2 * VARINT_BYTES_MAX);
  let to = copyInto(out, 0, row as Buffer, 0, start);
  if (change === "add") {
    to = writeVarint(out, to, id - before);
    if (next !== undefined) to = writeVarint(out, to, next - id);
    to = copyInto(out, to, row as Buffer, end, row.length);
    return { row: out.subarray(0, to), count: count + 1 };
  }
  if (end < row.length) {
    const following = readVarint(row, end);
    to = writeVarint(out, to, id + following.value - before);
    end = following.end;
  }
  to = copyInto(out, to, row as Buffer, end, row.length);
  return { row: out.subarray(0, to), count: count - 1 };
}

function readVarint(
  row: Readable,
  start: number,
): { readonly value: number; readonly end: number } {
  let at = start;
  let value = 0;
  let scale = 1;
  for (; row[at]! > 0x7f; at += 1, scale *= 128) value += (row[at]! & 0x7f) * scale;
  return { value: value + row[at]! * scale, end: at + 1 };
}

function writeVarint(target: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) {
    target[at] = (rest & 0x7f) | 0x80;
    at += 1;
  }
  target[at] = rest;
  return at + 1;
}

/** 1 to 31 as they are, then 16·s + m for m·2^s with m from 16 to 31. */
function boundCode(count: number): number {
  assert(count > 0 && count <= BLOCK_IDS, "a block holds between one and all of its IDs");
  // As many as leave five bits of the count before, one more when rounding up makes it a sixth.
  let shift = Math.max(0, 27 - Math.clz32(count - 1));
  let rounded = ((count - 1) >> shift) + 1;
  if (rounded === 32) {
    shift += 1;
    rounded = 16;
  }
  return 16 * shift + rounded;
}

function readBound(code: number): number {
  return code < 32 ? code : ((code & 15) + 16) << ((code >> 4) - 1);
}

/** `counts` in ascending order of blocks, none of them 0. */
export function encodeHead(counts: readonly (readonly [block: number, count: number])[]): Buffer {
  const bytes = Buffer.allocUnsafe(1 + counts.length * HEAD_ROW_BYTES);
  bytes[0] = HEAD;
  let at = 1;
  for (const [block, count] of counts) {
    at = bytes.writeUIntBE(block, at, 3);
    at = bytes.writeUInt8(boundCode(count), at);
  }
  return bytes;
}

export function decodeHead(row: Readable): BlockCount[] {
  assert(isHead(row) && row.length % HEAD_ROW_BYTES === 1, "a head is a series of block bounds");
  const blocks: BlockCount[] = [];
  for (let at = 1; at < row.length; at += HEAD_ROW_BYTES) {
    blocks.push({ block: readBlockNumber(row, at), countMax: readBound(row[at + 3]!) });
  }
  return blocks;
}

/** The head when a block has come to hold `count` IDs, 0 taking it out; undefined when it stays as it is. */
export function changeHead(row: Readable, block: number, count: number): Buffer | undefined {
  const at = findHeadRow(row, block);
  const isThere = isHeadRowOf(row, at, block);
  if (isThere && count > 0 && boundCode(count) === row[at + 3]) return undefined;
  const out = Buffer.allocUnsafe(row.length + HEAD_ROW_BYTES);
  let to = copyInto(out, 0, row as Buffer, 0, at);
  if (count > 0) {
    to = out.writeUIntBE(block, to, 3);
    to = out.writeUInt8(boundCode(count), to);
  }
  to = copyInto(out, to, row as Buffer, isThere ? at + HEAD_ROW_BYTES : at, row.length);
  return out.subarray(0, to);
}

/** Whether the list has IDs in the block. */
export function headHas(row: Readable, block: number): boolean {
  return isHeadRowOf(row, findHeadRow(row, block), block);
}

/** Offset of the first row of the head that is not below `block`. */
function findHeadRow(row: Readable, block: number): number {
  let low = 0;
  let high = (row.length - 1) / HEAD_ROW_BYTES;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (readBlockNumber(row, 1 + middle * HEAD_ROW_BYTES) < block) low = middle + 1;
    else high = middle;
  }
  return 1 + low * HEAD_ROW_BYTES;
}

function isHeadRowOf(row: Readable, at: number, block: number): boolean {
  return at < row.length && readBlockNumber(row, at) === block;
}

function readBlockNumber(row: Readable, at: number): number {
  return (row[at]! << 16) | (row[at + 1]! << 8) | row[at + 2]!;
}

/** `ids` belong to one block. */
export function encodeBlock(ids: ArrayLike<number>): Buffer {
  if (ids.length * 2 < BITMAP_ROW_BYTES) {
    const bytes = Buffer.allocUnsafe(ids.length * 2);
    for (let i = 0; i < ids.length; i += 1) bytes.writeUInt16LE(ids[i]! % BLOCK_IDS, i * 2);
    return bytes;
  }
  const bytes = Buffer.alloc(BITMAP_ROW_BYTES);
  bytes.writeUInt16LE(ids.length - 1, 0);
  for (let i = 0; i < ids.length; i += 1) {
    const low = ids[i]! % BLOCK_IDS;
    bytes[BITMAP_START + (low >> 3)]! |= 1 << (low & 7);
  }
  return bytes;
}

const isBitmap = (row: Readable): boolean => row.length >= BITMAP_ROW_BYTES;

export function blockCount(row: Readable): number {
  return isBitmap(row) ? (row[0]! | (row[1]! << 8)) + 1 : row.length >> 1;
}

/** Writes the IDs of a block to `ids` from `at` on and returns the position behind the last. */
export function decodeBlock(row: Readable, block: number, ids: Uint32Array, at: number): number {
  const base = block * BLOCK_IDS;
  const count = blockCount(row);
  let to = at;
  if (!isBitmap(row)) {
    for (let i = 0; i < row.length; i += 2, to += 1) ids[to] = base + row[i]! + (row[i + 1]! << 8);
    return to;
  }
  for (let i = BITMAP_START; i < BITMAP_ROW_BYTES; i += 1) {
    for (let bits = row[i]!; bits !== 0; bits &= bits - 1, to += 1) {
      ids[to] = base + (i - BITMAP_START) * 8 + (31 - Math.clz32(bits & -bits));
    }
  }
  assert(to - at === count, "a bitmap has as many bits as it says");
  return to;
}

/** The block with one more or one less ID, which the caller knows to change it and not to be the only one. */
export function changeBlock(row: Readable, id: number, change: "add" | "remove"): Buffer {
  const low = id % BLOCK_IDS;
  const count = blockCount(row) + (change === "add" ? 1 : -1);
  if (isBitmap(row) !== count * 2 >= BITMAP_ROW_BYTES) return reformBlock(row, id, change);
  if (isBitmap(row)) {
    const bytes = copyBytes(row as Buffer);
    bytes.writeUInt16LE(count - 1, 0);
    bytes[BITMAP_START + (low >> 3)]! ^= 1 << (low & 7);
    return bytes;
  }
  const at = findLow(row, low);
  const out = Buffer.allocUnsafe(count * 2);
  let to = copyInto(out, 0, row as Buffer, 0, at);
  if (change === "add") to = out.writeUInt16LE(low, to);
  copyInto(out, to, row as Buffer, change === "add" ? at : at + 2, row.length);
  return out;
}

function reformBlock(row: Readable, id: number, change: "add" | "remove"): Buffer {
  const ids = new Uint32Array(blockCount(row));
  decodeBlock(row, blockNumber(id), ids, 0);
  const list = IdList.fromSorted(ids);
  const one = IdList.from([id]);
  return encodeBlock((change === "add" ? list.union(one) : list.subtract(one)).sorted);
}

/** Whether the ID, which belongs to the block, is in it. */
export function blockHas(row: Readable, id: number): boolean {
  const low = id % BLOCK_IDS;
  if (isBitmap(row)) return ((row[BITMAP_START + (low >> 3)]! >> (low & 7)) & 1) === 1;
  const at = findLow(row, low);
  return at < row.length && row[at]! + (row[at + 1]! << 8) === low;
}

/** Offset of the first number of a block that is not below `wanted`. */
function findLow(row: Readable, wanted: number): number {
  let low = 0;
  let high = row.length >> 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (row[middle * 2]! + (row[middle * 2 + 1]! << 8) < wanted) low = middle + 1;
    else high = middle;
  }
  return low * 2;
}
