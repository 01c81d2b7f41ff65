// The summary of one window of the changelog (windows.ts): a section for each replica ID that has changes in it.
//
//   offset size  section
//    0     10    the newest CSN; it holds the replica ID
//   10      4    number of changes
//   14      1    flags: 1 = a modify touches modifiersName and modifyTimestamp (then they are not in the list)
//                       2 = there is something else than modifies with a list of names, or more names than fit: no list
//   15      2    bytes of the list
//   17      …    the list: what the modifies touch, as in the head of a record (record.ts)
//
// Replica IDs beyond SECTIONS_MAX share the section of the ID 0, which no replica has, with flag 2 and the CSN zero. Number of
// changes: exact. Names and newest CSN: at least what is there; removing changes does not make them less. Integers are big-endian.
import { assert } from "../../base/index.ts";
import type { Bytes } from "../../kv/index.ts";
import { CSN_BYTES, type Csn, decodeCsn } from "../csn/index.ts";
import type { NameFilter } from "./name-filter.ts";
import {
  FLAG_LAST_MODS,
  FLAG_UNLISTED,
  HEAD_BYTES,
  LAST_MODS,
  headFlags,
  isModify,
  namesEnd,
} from "./record.ts";

/** Replica IDs that have a section of their own. */
export const SECTIONS_MAX = 64;
/** Bytes of the list of one section. */
export const SECTION_NAMES_BYTES_MAX = 512;
/** The section of the replica IDs that have none. */
export const SHARED_SECTION_ID = 0;

const COUNT_OFFSET = CSN_BYTES;
const FLAGS_OFFSET = COUNT_OFFSET + 4;
const NAMES_LENGTH_OFFSET = FLAGS_OFFSET + 1;
const NAMES_OFFSET = NAMES_LENGTH_OFFSET + 2;
const NO_NAMES = Buffer.alloc(0);

/** Of a CSN in its stored form. */
export const replicaIdAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at + 6]! << 8) | bytes[at + 7]!;

/** Where the section that begins at `at` ends. */
export function sectionEnd(row: Bytes | Buffer, at: number): number {
  const end = at + NAMES_OFFSET + uint16(row, at + NAMES_LENGTH_OFFSET);
  assert(end <= row.length, "a window ends with a section");
  return end;
}

export function sectionCount(row: Bytes | Buffer, at: number): number {
  const from = at + COUNT_OFFSET;
  return uint16(row, from) * 0x1_0000 + uint16(row, from + 2);
}

export interface WindowSection {
  readonly replicaId: number;
  readonly newest: Csn;
  readonly changes: number;
  /** Base names; undefined: not listed. */
  readonly touched: readonly string[] | undefined;
}

export function decodeSections(row: Buffer): WindowSection[] {
  const sections: WindowSection[] = [];
  for (let at = 0; at < row.length; at = sectionEnd(row, at)) {
    sections.push({
      replicaId: replicaIdAt(row, at),
      newest: decodeCsn(row, at),
      changes: sectionCount(row, at),
      touched: touchedIn(row, at),
    });
  }
  return sections;
}

function touchedIn(row: Buffer, at: number): string[] | undefined {
  const flags = row[at + FLAGS_OFFSET]!;
  if ((flags & FLAG_UNLISTED) !== 0) return undefined;
  const touched: string[] = (flags & FLAG_LAST_MODS) === 0 ? [] : [...LAST_MODS];
  const end = sectionEnd(row, at);
  for (let name = at + NAMES_OFFSET; name < end; name += 1 + row[name]!) {
    touched.push(row.toString("latin1", name + 1, name + 1 + row[name]!));
  }
  return touched;
}

/** Whether all changes of the section are modifies of what the filter has. */
export const isSectionCovered = (row: Bytes, at: number, filter: NameFilter): boolean =>
  filter.coversList(row, row[at + FLAGS_OFFSET]!, at + NAMES_OFFSET, sectionEnd(row, at));

/** Counts the change `record` with the key `key` in the row whose sections begin at `from`. The row is the caller's, and is
 *  written where it can be. */
export function countInRow(row: Buffer, from: number, key: Buffer, record: Buffer): Buffer {
  const at = findSection(row, from, replicaIdAt(key, 0));
  if (at === undefined) {
    const isShared = countSections(row, from) >= SECTIONS_MAX;
    return Buffer.concat([row, isShared ? newSharedSection() : newSection(key, record)]);
  }
  row.writeUInt32BE(sectionCount(row, at) + 1, at + COUNT_OFFSET);
  if (replicaIdAt(row, at) === SHARED_SECTION_ID) return row;
  if (key.compare(row, at, at + CSN_BYTES) > 0) key.copy(row, at);
  return noteTouched(row, at, record);
}

/** The row without `count` changes of the replica ID. */
export function takeFromRow(row: Buffer, from: number, replicaId: number, count: number): Buffer {
  const at = findSection(row, from, replicaId);
  assert(at !== undefined, "a change that is removed is counted in its window");
  const left = sectionCount(row, at) - count;
  assert(left >= 0, "a window counts all changes that are in it");
  if (left === 0) return spliced(row, at, sectionEnd(row, at), NO_NAMES);
  row.writeUInt32BE(left, at + COUNT_OFFSET);
  return row;
}

/** The section of the replica ID, or the one that it shares. One that came when there was a shared section is in it as long as
 *  that is there, so that all its changes are in one. */
function findSection(row: Buffer, from: number, replicaId: number): number | undefined {
  let shared: number | undefined;
  for (let at = from; at < row.length; at = sectionEnd(row, at)) {
    const id = replicaIdAt(row, at);
    if (id === replicaId) return at;
    if (id === SHARED_SECTION_ID) shared = at;
  }
  return shared;
}

function countSections(row: Buffer, from: number): number {
  let count = 0;
  for (let at = from; at < row.length; at = sectionEnd(row, at)) count += 1;
  return count;
}

function newSection(key: Buffer, record: Buffer): Buffer {
  const section = Buffer.alloc(NAMES_OFFSET);
  key.copy(section);
  section.writeUInt32BE(1, COUNT_OFFSET);
  return noteTouched(section, 0, record);
}

function newSharedSection(): Buffer {
  const section = Buffer.alloc(NAMES_OFFSET);
  section.writeUInt32BE(1, COUNT_OFFSET);
  section[FLAGS_OFFSET] = FLAG_UNLISTED;
  return section;
}

/** The row with what the record touches in the section at `at`. */
function noteTouched(row: Buffer, at: number, record: Buffer): Buffer {
  const flags = row[at + FLAGS_OFFSET]!;
  if ((flags & FLAG_UNLISTED) !== 0) return row;
  const touched = headFlags(record);
  if (!isModify(record) || (touched & FLAG_UNLISTED) !== 0) return giveUpNames(row, at);
  row[at + FLAGS_OFFSET] = flags | (touched & FLAG_LAST_MODS);
  let next = row;
  const end = namesEnd(record);
  for (let name = HEAD_BYTES; name < end; name += 1 + record[name]!) {
    if (hasName(next, at, record, name)) continue;
    const nameEnd = name + 1 + record[name]!;
    const sectionEndsAt = sectionEnd(next, at);
    const bytes = sectionEndsAt - at - NAMES_OFFSET + nameEnd - name;
    if (bytes > SECTION_NAMES_BYTES_MAX) return giveUpNames(next, at);
    next = spliced(next, sectionEndsAt, sectionEndsAt, record.subarray(name, nameEnd));
    next.writeUInt16BE(bytes, at + NAMES_LENGTH_OFFSET);
  }
  return next;
}

function giveUpNames(row: Buffer, at: number): Buffer {
  const given = spliced(row, at + NAMES_OFFSET, sectionEnd(row, at), NO_NAMES);
  given[at + FLAGS_OFFSET] = FLAG_UNLISTED;
  given.writeUInt16BE(0, at + NAMES_LENGTH_OFFSET);
  return given;
}

/** Whether the list of the section has the name that stands in `record` at `name`, behind its length. */
function hasName(row: Buffer, at: number, record: Buffer, name: number): boolean {
  const length = record[name]!;
  const end = sectionEnd(row, at);
  for (let known = at + NAMES_OFFSET; known < end; known += 1 + row[known]!) {
    if (row[known] !== length) continue;
    let i = 1;
    while (i <= length && row[known + i] === record[name + i]) i += 1;
    if (i > length) return true;
  }
  return false;
}

const spliced = (row: Buffer, from: number, to: number, bytes: Buffer): Buffer =>
  Buffer.concat([row.subarray(0, from), bytes, row.subarray(to)]);

const uint16 = (row: Bytes | Buffer, at: number): number => (row[at]! << 8) | row[at + 1]!;
