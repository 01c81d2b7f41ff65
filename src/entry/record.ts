// The stored form of an entry: a small head, a directory, then the attributes as the bytes that a search sends.
//
//   offset  bytes  content
//   0       1      version, 1
//   1       1      flags, see RecordFlag
//   2       4      entry ID of the parent, 0 for the suffix entry
//   6       16     nsUniqueId
//   22      2      length r of the RDN
//   24      r      RDN as shown, UTF-8 (a tombstone: "nsuniqueid=…,<its RDN>"; the suffix entry: the suffix DN)
//   24+r    2      number n of attributes
//   then    n × 7  directory: u16 description number, u8 AttributeFlag, u32 length of the attribute's TLV
//   then           n PartialAttribute TLVs (RFC 4511 §4.1.7), in directory order
//
// All numbers are big-endian. The DN is not stored: it is the RDN and the DN of the parent, so that the rename of a
// subtree rewrites one record.
import { assert } from "../base/index.ts";
import { copyInto, uint32At } from "../kv/index.ts";
import { decodeUniqueId, encodeUniqueId } from "../replication/change/index.ts";
import type { UniqueId } from "../replication/change/index.ts";
import type { Descriptions } from "./description.ts";
import type { Attribute } from "./entry-view.ts";

export const RecordFlag = {
  tombstone: 1,
  /** ldapsubentry: hidden unless the filter names that class or the subentries control asks for it. */
  subentry: 2,
  conflict: 4,
  glue: 8,
  referral: 16,
} as const;

const AttributeFlag = { operational: 1 } as const;

const VERSION = 1;
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

const lengthBytes = (length: number): number =>
  length < 0x80 ? 1 : length < 0x100 ? 2 : length < 0x1_0000 ? 3 : length < 0x100_0000 ? 4 : 5;

export const tlvBytes = (length: number): number => 1 + lengthBytes(length) + length;

export function writeHeader(out: Buffer, at: number, tag: number, length: number): number {
  out[at] = tag;
  const count = lengthBytes(length) - 1;
  if (count === 0) {
    out[at + 1] = length;
    return at + 2;
  }
  out[at + 1] = 0x80 | count;
  out.writeUIntBE(length, at + 2, count);
  return at + 2 + count;
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

/** Encodes an entry as a record of its own, newly allotted buffer. */
export function encodeRecord(content: EntryContent): Buffer {
  const { attributes } = content;
  const sizes = attributes.map((attribute) => {
    let values = attribute.rope?.byteLength ?? 0;
    if (attribute.rope === undefined) {
      for (const value of attribute.values) values += tlvBytes(value.length);
    }
    const type = Buffer.byteLength(attribute.description.text);
    return { type, values, body: tlvBytes(type) + tlvBytes(values) };
  });
  const rdnBytes = Buffer.byteLength(content.rdn);
  assert(rdnBytes <= 0xffff && attributes.length <= 0xffff, "RDN and attribute count fit 16 bits");
  let total = RDN_START + rdnBytes + 2 + DIRECTORY_ROW_BYTES * attributes.length;
  for (const size of sizes) total += tlvBytes(size.body);
  const out = Buffer.allocUnsafe(total);
  out[0] = VERSION;
  out[1] = content.flags;
  out.writeUInt32BE(content.parentId, 2);
  encodeUniqueId(content.uniqueId).copy(out, 6);
  out.writeUInt16BE(rdnBytes, 22);
  out.write(content.rdn, RDN_START, "utf8");
  let row = RDN_START + rdnBytes;
  out.writeUInt16BE(attributes.length, row);
  row += 2;
  let at = row + DIRECTORY_ROW_BYTES * attributes.length;
  attributes.forEach((attribute, index) => {
    const size = sizes[index] as (typeof sizes)[number];
    const { description, rope } = attribute;
    out.writeUInt16BE(description.id, row);
    out[row + 2] = description.type.operational ? AttributeFlag.operational : 0;
    out.writeUInt32BE(tlvBytes(size.body), row + 3);
    row += DIRECTORY_ROW_BYTES;
    at = writeHeader(out, at, 0x30, size.body);
    at = writeHeader(out, at, 0x04, size.type);
    at = writeText(out, at, description.text);
    at = writeHeader(out, at, 0x31, size.values);
    if (rope !== undefined) at = rope.writeTo(out, at);
    else {
      for (const value of attribute.values) {
        at = writeHeader(out, at, 0x04, value.length);
        at = copyInto(out, at, value, 0, value.length);
      }
    }
  });
  assert(at === total, "a record fills the buffer that was sized for it");
  return out;
}

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

/** Walks the directory of a record in place: `next`, then the fields of the row. */
export class DirectoryRows implements DirectoryRow {
  readonly #record: Buffer;
  readonly #directoryEnd: number;
  #row: number;
  descriptionId = 0;
  start = 0;
  end: number;

  constructor(record: Buffer) {
    assert(record[0] === VERSION, "a record of a known version");
    this.#record = record;
    const at = RDN_START + recordRdnBytes(record);
    this.#row = at + 2;
    this.#directoryEnd = this.#row + DIRECTORY_ROW_BYTES * ((record[at]! << 8) | record[at + 1]!);
    this.end = this.#directoryEnd;
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

/** Where the content of the TLV begins, and how long it is. */
export function skipHeader(record: Buffer, at: number): { body: number; length: number } {
  const first = record[at + 1] as number;
  if (first < 0x80) return { body: at + 2, length: first };
  const count = first & 0x7f;
  return { body: at + 2 + count, length: record.readUIntBE(at + 2, count) };
}

/** The values of the attribute whose TLV starts at `start`: views onto the record. */
export function readValues(record: Buffer, start: number): Buffer[] {
  const type = skipHeader(record, skipHeader(record, start).body);
  const set = skipHeader(record, type.body + type.length);
  const end = set.body + set.length;
  const values: Buffer[] = [];
  for (let at = set.body; at < end; ) {
    const value = skipHeader(record, at);
    at = value.body + value.length;
    values.push(record.subarray(value.body, at));
  }
  return values;
}

/** Looks at one value where it lies. */
export interface RangeTest {
  matchesAt(bytes: Buffer, start: number, end: number): boolean;
}

/** Whether a value of an attribute whose description number is among `numbers` passes the test. Nothing is made of the record, which
 *  may be a borrowed view. */
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
    if (isMeant && someValue(record, start, test)) return true;
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

/** Hands out where each value of the record lies. Nothing is made of the record, which may be a borrowed view. */
export function forEachStoredValue(
  record: Buffer,
  use: (descriptionId: number, start: number, end: number) => void,
): void {
  let row = RDN_START + ((record[22]! << 8) | record[23]!);
  const rowsEnd = row + 2 + DIRECTORY_ROW_BYTES * ((record[row]! << 8) | record[row + 1]!);
  let at = rowsEnd;
  for (row += 2; row < rowsEnd; row += DIRECTORY_ROW_BYTES) {
    const descriptionId = (record[row]! << 8) | record[row + 1]!;
    const type = bodyAt(record, at);
    const set = bodyAt(record, type) + lengthAt(record, type);
    at = bodyAt(record, set);
    const end = at + lengthAt(record, set);
    while (at < end) {
      const short = record[at + 1]!;
      const body = short < 0x80 ? at + 2 : bodyAt(record, at);
      at = body + (short < 0x80 ? short : lengthAt(record, at));
      use(descriptionId, body, at);
    }
  }
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
