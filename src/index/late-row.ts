// What one operation leaves for the substring lists, which are written later (late-merge.ts): the trigrams that an entry has come to
// have, and those that it no longer has, index by index. Rows stand in the order of the operations, so the last one that names a
// trigram of an entry says how it is.
//
//   key    number of the row, 6 bytes, big-endian
//   row    entry ID u32, then for each index: tag u16, number of trigrams added u24, removed u24, the trigrams, 3 bytes each

import type { BytesTable } from "../kv/index.ts";

const NUMBER_BYTES = 6;
const ID_BYTES = 4;
const CODE_BYTES = 3;
const COUNT_BYTES = 3;
const PART_BYTES = 2 + 2 * COUNT_BYTES;

/** Trigrams that an entry has come to have (or not to have) in one index, as 24-bit numbers, each once. */
export interface LatePart {
  readonly tag: number;
  readonly added: ReadonlySet<number>;
  readonly removed: ReadonlySet<number>;
}

export function lateKey(number: number): Buffer {
  const key = Buffer.allocUnsafe(NUMBER_BYTES);
  key.writeUIntBE(number, 0, NUMBER_BYTES);
  return key;
}

export function lateNumber(key: Uint8Array): number {
  return Buffer.from(key).readUIntBE(0, NUMBER_BYTES);
}

/** The number of the newest row; 0: there is none. */
export function lastLateNumber(table: BytesTable): number {
  for (const key of table.keys({ reverse: true, limit: 1 })) return lateNumber(key);
  return 0;
}

export function encodeLateRow(id: number, parts: readonly LatePart[]): Buffer {
  let length = ID_BYTES;
  for (const { added, removed } of parts) {
    length += PART_BYTES + CODE_BYTES * (added.size + removed.size);
  }
  const row = Buffer.allocUnsafe(length);
  let at = row.writeUInt32BE(id, 0);
  for (const { tag, added, removed } of parts) {
    at = row.writeUInt16BE(tag, at);
    at = row.writeUIntBE(added.size, at, COUNT_BYTES);
    at = row.writeUIntBE(removed.size, at, COUNT_BYTES);
    for (const code of added) at = row.writeUIntBE(code, at, CODE_BYTES);
    for (const code of removed) at = row.writeUIntBE(code, at, CODE_BYTES);
  }
  return row;
}

/** About how many trigrams a row of so many bytes names. */
export const lateCodeCount = (rowBytes: number): number => Math.ceil(rowBytes / CODE_BYTES);

/** What hears of the trigrams of a row. */
export interface LateReader {
  /** What follows is of this index; false: nothing of it is wanted. */
  enter(tag: number): boolean;
  added(code: number, id: number): void;
  removed(code: number, id: number): void;
}

/** What is kept of the index `tag`; made when there is none yet. */
export function partOf<Key, Value>(
  parts: Map<number, Map<Key, Value>>,
  tag: number,
): Map<Key, Value> {
  let part = parts.get(tag);
  if (part === undefined) {
    part = new Map();
    parts.set(tag, part);
  }
  return part;
}

/** Reads a row, which may be lent; whether it ends where it says. */
export function readLateRow(row: LateBytes, reader: LateReader): boolean {
  const { length } = row;
  const id = ((row[0]! << 24) | readCode(row, 1)) >>> 0;
  let at = ID_BYTES;
  while (at < length) {
    const tag = (row[at]! << 8) | row[at + 1]!;
    const addedEnd = at + PART_BYTES + CODE_BYTES * readCode(row, at + 2);
    const end = addedEnd + CODE_BYTES * readCode(row, at + 2 + COUNT_BYTES);
    if (end > length) return false;
    if (reader.enter(tag)) {
      for (let i = at + PART_BYTES; i < addedEnd; i += CODE_BYTES)
        reader.added(readCode(row, i), id);
      for (let i = addedEnd; i < end; i += CODE_BYTES) reader.removed(readCode(row, i), id);
    }
    at = end;
  }
  return at === length;
}

type LateBytes = Pick<Buffer, "length"> & { readonly [index: number]: number };

function readCode(row: LateBytes, at: number): number {
  return (row[at]! << 16) | (row[at + 1]! << 8) | row[at + 2]!;
}
