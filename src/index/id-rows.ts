// How a list of entry IDs lies in the index table.
//
//   short list     01, then the IDs in ascending order as varints: the first one, then differences
//   head           02, then 5 bytes for each block in ascending order: block number (3), count − 1 (2), big-endian
//   block          IDs below BLOCK_IDS relative to the block: sorted 16-bit numbers, little-endian, as long as they take
//                  less than the bitmap of BLOCK_IDS bits (id 8i + j is bit j of byte i), else that bitmap
//
// A head and its blocks have keys of their own (index-key.ts). The codec here knows bytes only; id-table.ts reads and writes.

import { assert } from "../base/index.ts";
import { BLOCK_IDS } from "./limits.ts";

const SHORT_LIST = 1;
const HEAD = 2;
const HEAD_ROW_BYTES = 5;
const BITMAP_BYTES = BLOCK_IDS / 8;
const VARINT_BYTES_MAX = 5;

/** Bytes that are read by index alone: a borrowed view or a buffer. */
type Readable = Pick<Buffer, "length"> & { readonly [index: number]: number };

export interface BlockCount {
  readonly block: number;
  readonly count: number;
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
    let rest = ids[i]! - last;
    last = ids[i]!;
    for (; rest > 0x7f; rest = Math.floor(rest / 128)) {
      bytes[at] = (rest & 0x7f) | 0x80;
      at += 1;
    }
    bytes[at] = rest;
    at += 1;
  }
  return bytes.subarray(0, at);
}

export function decodeShortList(row: Readable): Uint32Array {
  assert(row[0] === SHORT_LIST, "a row of the index table is a list or a head");
  const ids = new Uint32Array(row.length - 1);
  let count = 0;
  let last = 0;
  for (let at = 1; at < row.length; count += 1) {
    let value = 0;
    let scale = 1;
    for (; row[at]! > 0x7f; at += 1, scale *= 128) value += (row[at]! & 0x7f) * scale;
    last += value + row[at]! * scale;
    at += 1;
    ids[count] = last;
  }
  return ids.length === count ? ids : ids.slice(0, count);
}

export function encodeHead(blocks: readonly BlockCount[]): Buffer {
  const bytes = Buffer.allocUnsafe(1 + blocks.length * HEAD_ROW_BYTES);
  bytes[0] = HEAD;
  let at = 1;
  for (const { block, count } of blocks) {
    assert(count > 0 && count <= BLOCK_IDS, "a block holds between one and all of its IDs");
    at = bytes.writeUIntBE(block, at, 3);
    at = bytes.writeUInt16BE(count - 1, at);
  }
  return bytes;
}

export function decodeHead(row: Readable): BlockCount[] {
  assert(isHead(row) && row.length % HEAD_ROW_BYTES === 1, "a head is a series of block counts");
  const blocks: BlockCount[] = [];
  for (let at = 1; at < row.length; at += HEAD_ROW_BYTES) {
    blocks.push({
      block: (row[at]! << 16) | (row[at + 1]! << 8) | row[at + 2]!,
      count: ((row[at + 3]! << 8) | row[at + 4]!) + 1,
    });
  }
  return blocks;
}

/** `ids` belong to one block. */
export function encodeBlock(ids: ArrayLike<number>): Buffer {
  if (ids.length * 2 < BITMAP_BYTES) {
    const bytes = Buffer.allocUnsafe(ids.length * 2);
    for (let i = 0; i < ids.length; i += 1) bytes.writeUInt16LE(ids[i]! % BLOCK_IDS, i * 2);
    return bytes;
  }
  const bytes = Buffer.alloc(BITMAP_BYTES);
  for (let i = 0; i < ids.length; i += 1) {
    const low = ids[i]! % BLOCK_IDS;
    bytes[low >> 3]! |= 1 << (low & 7);
  }
  return bytes;
}

/** Appends the IDs of a block to `ids` from `at` on and returns the position behind the last. */
export function decodeBlock(row: Readable, block: number, ids: Uint32Array, at: number): number {
  const base = block * BLOCK_IDS;
  let to = at;
  if (row.length < BITMAP_BYTES) {
    for (let i = 0; i < row.length; i += 2, to += 1) ids[to] = base + row[i]! + (row[i + 1]! << 8);
    return to;
  }
  for (let i = 0; i < BITMAP_BYTES; i += 1) {
    for (let bits = row[i]!; bits !== 0; bits &= bits - 1, to += 1) {
      ids[to] = base + i * 8 + (31 - Math.clz32(bits & -bits));
    }
  }
  return to;
}

/** Whether the ID, which belongs to the block, is in it. */
export function blockHas(row: Readable, id: number): boolean {
  const wanted = id % BLOCK_IDS;
  if (row.length >= BITMAP_BYTES) return ((row[wanted >> 3]! >> (wanted & 7)) & 1) === 1;
  let low = 0;
  let high = row.length >> 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    const value = row[middle * 2]! + (row[middle * 2 + 1]! << 8);
    if (value === wanted) return true;
    if (value < wanted) low = middle + 1;
    else high = middle;
  }
  return false;
}
