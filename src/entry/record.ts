// The stored form of an entry: a small head, a directory, then the attributes as the bytes that a search sends.
//
//   offset  bytes  content
//   0       1      version: 1, or 2 when an attribute lies apart
//   1       1      flags, see RecordFlag
//   2       4      entry ID of the parent, 0 for the suffix entry
//   6       16     nsUniqueId
//   22      2      length r of the RDN
//   24      r      RDN as shown, UTF-8 (a tombstone: "nsuniqueid=…,<its RDN>"; the suffix entry: the suffix DN)
//   24+r    2      number n of attributes
//   then    n × 7  directory: u16 description number, u8 AttributeFlag, u32 length of the attribute's TLV
//   then           n PartialAttribute TLVs (RFC 4511 §4.1.7), in directory order
//
// An attribute that lies apart has, instead of its TLV: the TLV of its type, then for each piece of its values (value-piece.ts) the
// number, 6 bytes, the length, u32, and how many values they are, u16. It has at least one piece.
//
// All numbers are big-endian. The DN is not stored: it is the RDN and the DN of the parent, so that the rename of a
// subtree rewrites one record.
import { assert } from "../base/index.ts";
import { copyInto, uint32At } from "../kv/index.ts";
import { decodeUniqueId, putUniqueId } from "../replication/change/index.ts";
import type { UniqueId } from "../replication/change/index.ts";
import type { Descriptions } from "./description.ts";
import type { Attribute } from "./entry-view.ts";
import { RangeCopy } from "./range-copy.ts";
import { skipHeader, tlvBytes, writeHeader } from "./tlv.ts";
import { PIECE_ROW_BYTES, type ValuePiece, readPieceRows, writePieceRows } from "./value-piece.ts";

export const RecordFlag = {
  tombstone: 1,
  /** ldapsubentry: hidden unless the filter names that class or the subentries control asks for it. */
  subentry: 2,
  conflict: 4,
  glue: 8,
  referral: 16,
} as const;

const AttributeFlag = { operational: 1, apart: 2 } as const;

/** All attributes lie in the record. */
export const VERSION = 1;
/** Those of before know the first one alone. */
const VERSION_APART = 2;
/** Where the RDN begins. */
export const RDN_START = 24;
const DIRECTORY_ROW_BYTES = 7;

/** Entry ID: the number of an entry in its backend, from 1. */
export type EntryId = number & { readonly brand: "EntryId" };

/** What a record holds. */
export interface EntryContent {
  readonly flags: number;
  /** 0 for the suffix entry. */
  readonly parentId: EntryId;
  readonly uniqueId: UniqueId;
  readonly rdn: string;
  readonly attributes: readonly Attribute[];
}

/** Attribute descriptions are short and ASCII: a loop beats the call of the native encoder. */
function writeText(out: Buffer, at: number, text: string): number {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return at + out.write(text, at, "utf8");
    out[at + i] = code;
  }
  return at + text.length;
}

/** The pieces of attributes that lie apart, by the number of their description. */
export type PiecesApart = ReadonlyMap<number, readonly ValuePiece[]>;

const NONE_APART: PiecesApart = new Map();

interface AttributeSize {
  readonly type: number;
  readonly values: number;
  readonly body: number;
  readonly total: number;
}

function sizeOf(attribute: Attribute, apart: PiecesApart): AttributeSize {
  const { description, rope, range } = attribute;
  if (range !== undefined) {
    return { type: 0, values: 0, body: 0, total: range.end - range.start };
  }
  const type = Buffer.byteLength(description.text);
  const pieces = apart.size === 0 ? undefined : apart.get(description.id);
  if (pieces !== undefined) {
    const rows = PIECE_ROW_BYTES * pieces.length;
    return { type, values: rows, body: 0, total: tlvBytes(type) + rows };
  }
  let bytes = rope?.byteLength ?? 0;
  if (rope === undefined) {
    for (const value of attribute.values) bytes += tlvBytes(value.length);
  }
  const body = tlvBytes(type) + tlvBytes(bytes);
  return { type, values: bytes, body, total: tlvBytes(body) };
}

/** Encodes an entry as a record of its own, newly allotted buffer. The values of attributes that lie `apart` are not looked at. */
export function encodeRecord(content: EntryContent, apart: PiecesApart = NONE_APART): Buffer {
  const { attributes } = content;
  const sizes = attributes.map((attribute) => sizeOf(attribute, apart));
  const rdnBytes = Buffer.byteLength(content.rdn);
  assert(rdnBytes <= 0xffff && attributes.length <= 0xffff, "RDN and attribute count fit 16 bits");
  let total = RDN_START + rdnBytes + 2 + DIRECTORY_ROW_BYTES * attributes.length;
  for (const size of sizes) total += size.total;
  const out = Buffer.allocUnsafe(total);
  out[0] = apart.size === 0 ? VERSION : VERSION_APART;
  out[1] = content.flags;
  out.writeUInt32BE(content.parentId, 2);
  putUniqueId(content.uniqueId, out, 6);
  out.writeUInt16BE(rdnBytes, 22);
  out.write(content.rdn, RDN_START, "utf8");
  let row = RDN_START + rdnBytes;
  out.writeUInt16BE(attributes.length, row);
  row += 2;
  let at = row + DIRECTORY_ROW_BYTES * attributes.length;
  const copy = new RangeCopy(out);
  attributes.forEach((attribute, index) => {
    const size = sizes[index] as AttributeSize;
    const { description } = attribute;
    const pieces = apart.size === 0 ? undefined : apart.get(description.id);
    out.writeUInt16BE(description.id, row);
    out[row + 2] =
      (description.type.operational ? AttributeFlag.operational : 0) |
      (pieces === undefined ? 0 : AttributeFlag.apart);
    out.writeUInt32BE(size.total, row + 3);
    row += DIRECTORY_ROW_BYTES;
    if (attribute.range !== undefined) at = copy.add(attribute.range, at);
    else if (pieces === undefined) at = writeAttribute(out, at, attribute, size);
    else at = writePieces(out, at, { attribute, size, pieces });
  });
  copy.flush();
  assert(at === total, "a record fills the buffer that was sized for it");
  return out;
}

function writeAttribute(
  out: Buffer,
  start: number,
  attribute: Attribute,
  size: AttributeSize,
): number {
  const { description, rope } = attribute;
  let at = writeHeader(out, start, 0x30, size.body);
  at = writeHeader(out, at, 0x04, size.type);
  at = writeText(out, at, description.text);
  at = writeHeader(out, at, 0x31, size.values);
  if (rope !== undefined) return rope.writeTo(out, at);
  for (const value of attribute.values) {
    at = writeHeader(out, at, 0x04, value.length);
    at = copyInto(out, at, value, 0, value.length);
  }
  return at;
}

function writePieces(
  out: Buffer,
  start: number,
  { attribute, size, pieces }: ApartAttribute,
): number {
  const at = writeHeader(out, start, 0x04, size.type);
  return writePieceRows(out, writeText(out, at, attribute.description.text), pieces);
}

interface ApartAttribute {
  readonly attribute: Attribute;
  readonly size: AttributeSize;
  readonly pieces: readonly ValuePiece[];
}

/** Whether an attribute lies apart. The record may be a borrowed view. */
export const hasApart = (record: Buffer): boolean => record[0] === VERSION_APART;

/** One directory row, with the range of its TLV in the record. */
export interface DirectoryRow {
  readonly descriptionId: number;
  readonly start: number;
  readonly end: number;
}

/** Head fields without the attributes. */
export const recordFlags = (record: Buffer): number => record[1] as number;
export const recordParentId = (record: Buffer): EntryId => uint32At(record, 2) as EntryId;
export const recordUniqueId = (record: Buffer): UniqueId => decodeUniqueId(record, 6);
export const recordRdn = (record: Buffer): string =>
  record.toString("utf8", RDN_START, RDN_START + recordRdnBytes(record));

/** Bytes of the RDN, which begins at RDN_START. */
export const recordRdnBytes = (record: Buffer): number => (record[22]! << 8) | record[23]!;

/** Of the directory row that begins there. */
const isApartAt = (record: Buffer, row: number): boolean =>
  (record[row + 2]! & AttributeFlag.apart) !== 0;

/** Walks the directory of a record in place: `next`, then the fields of the row. */
export class DirectoryRows implements DirectoryRow {
  readonly #record: Buffer;
  readonly #directoryEnd: number;
  #row: number;
  descriptionId = 0;
  start = 0;
  end: number;

  constructor(record: Buffer) {
    assert(record[0] === VERSION || hasApart(record), "a record of a known version");
    this.#record = record;
    const at = RDN_START + recordRdnBytes(record);
    this.#row = at + 2;
    this.#directoryEnd = this.#row + DIRECTORY_ROW_BYTES * ((record[at]! << 8) | record[at + 1]!);
    this.end = this.#directoryEnd;
  }

  /** Whether the values of the attribute lie apart. */
  get isApart(): boolean {
    return isApartAt(this.#record, this.#row - DIRECTORY_ROW_BYTES);
  }

  /** Steps to the next row; false behind the last one. */
  next(): boolean {
    const row = this.#row;
    if (row === this.#directoryEnd) return false;
    const record = this.#record;
    this.descriptionId = (record[row]! << 8) | record[row + 1]!;
    this.start = this.end;
    this.end += uint32At(record, row + 3);
    this.#row = row + DIRECTORY_ROW_BYTES;
    return true;
  }
}

/** Where the values of the attribute whose TLV starts at `start` lie. */
export function setRange(record: Buffer, start: number): { body: number; length: number } {
  const type = skipHeader(record, skipHeader(record, start).body);
  return skipHeader(record, type.body + type.length);
}

/** Whether an attribute whose description number is among `numbers` lies apart. The record may be a borrowed view. */
export function namesApart(
  record: Buffer,
  numbers: { has(descriptionId: number): boolean },
): boolean {
  let row = RDN_START + ((record[22]! << 8) | record[23]!);
  const end = row + 2 + DIRECTORY_ROW_BYTES * ((record[row]! << 8) | record[row + 1]!);
  for (row += 2; row < end; row += DIRECTORY_ROW_BYTES) {
    if (isApartAt(record, row) && numbers.has((record[row]! << 8) | record[row + 1]!)) return true;
  }
  return false;
}

/** The pieces of an attribute that lies apart. */
export function readPieces(record: Buffer, { start, end }: DirectoryRow): ValuePiece[] {
  const type = skipHeader(record, start);
  return readPieceRows(record, type.body + type.length, end);
}

/** A directory row of an attribute whose values, with their header, are so many bytes: they do not lie apart. */
export function writeDirectoryLength(record: Buffer, index: number, length: number): void {
  const row = RDN_START + recordRdnBytes(record) + 2 + DIRECTORY_ROW_BYTES * index;
  record[row + 2] = record[row + 2]! & ~AttributeFlag.apart;
  record.writeUInt32BE(length, row + 3);
}

/** The values of the attribute whose TLV starts at `start`: views onto the record. */
export function readValues(record: Buffer, start: number): Buffer[] {
  const set = setRange(record, start);
  const end = set.body + set.length;
  const values: Buffer[] = [];
  for (let at = set.body; at < end; ) {
    const value = skipHeader(record, at);
    at = value.body + value.length;
    values.push(record.subarray(value.body, at));
  }
  return values;
}

/** How many they are. */
export function countValues(record: Buffer, start: number): number {
  const type = bodyAt(record, start);
  const set = bodyAt(record, type) + lengthAt(record, type);
  const end = bodyAt(record, set) + lengthAt(record, set);
  let count = 0;
  for (let at = bodyAt(record, set); at < end; count += 1) {
    at = bodyAt(record, at) + lengthAt(record, at);
  }
  return count;
}

/** Looks at one value where it lies. */
export interface RangeTest {
  matchesAt(bytes: Buffer, start: number, end: number): boolean;
}

/** Whether a value of an attribute whose description number is among `numbers` passes the test; those that lie apart are passed over.
 *  Nothing is made of the record, which may be a borrowed view. */
export function someStoredValue(
  record: Buffer,
  numbers: { has(descriptionId: number): boolean },
  test: RangeTest,
): boolean {
  let row = RDN_START + ((record[22]! << 8) | record[23]!);
  const end = row + 2 + DIRECTORY_ROW_BYTES * ((record[row]! << 8) | record[row + 1]!);
  let start = end;
  for (row += 2; row < end; row += DIRECTORY_ROW_BYTES) {
    const isMeant = numbers.has((record[row]! << 8) | record[row + 1]!);
    if (isMeant && !isApartAt(record, row) && someValue(record, start, test)) return true;
    start += uint32At(record, row + 3);
  }
  return false;
}

/** Of the attribute whose TLV starts at `start`. */
function someValue(record: Buffer, start: number, test: RangeTest): boolean {
  const type = bodyAt(record, bodyAt(record, start));
  const set = type + lengthAt(record, bodyAt(record, start));
  let at = bodyAt(record, set);
  const end = at + lengthAt(record, set);
  while (at < end) {
    const body = bodyAt(record, at);
    const next = body + lengthAt(record, at);
    if (test.matchesAt(record, body, next)) return true;
    at = next;
  }
  return false;
}

/** Where the content of the TLV begins. */
function bodyAt(record: Buffer, at: number): number {
  const first = record[at + 1]!;
  return first < 0x80 ? at + 2 : at + 2 + (first & 0x7f);
}

function lengthAt(record: Buffer, at: number): number {
  const first = record[at + 1]!;
  if (first < 0x80) return first;
  let length = 0;
  for (let i = at + 2; i < at + 2 + (first & 0x7f); i += 1) length = length * 256 + record[i]!;
  return length;
}

/** The whole record as a value; the attribute values are views onto `record`. */
export function decodeRecord(record: Buffer, descriptions: Descriptions): EntryContent {
  assert(!hasApart(record), "the whole record");
  return {
    flags: recordFlags(record),
    parentId: recordParentId(record),
    uniqueId: recordUniqueId(record),
    rdn: recordRdn(record),
    attributes: decodeAttributes(record, descriptions),
  };
}

function decodeAttributes(record: Buffer, descriptions: Descriptions): Attribute[] {
  const attributes: Attribute[] = [];
  for (const rows = new DirectoryRows(record); rows.next(); ) {
    const values = readValues(record, rows.start);
    attributes.push({ description: descriptions.get(rows.descriptionId), values });
  }
  return attributes;
}
