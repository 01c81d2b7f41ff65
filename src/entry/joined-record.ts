// A record of which attributes lie apart (record.ts), with all of them in it: for those who want the whole entry.
import {
  DirectoryRows,
  VERSION,
  readPieces,
  writeDirectoryLength,
} from "./record.ts";
import type { LoadPiece } from "./stored-values.ts";
import { skipHeader, tlvBytes, writeHeader } from "./tlv.ts";

const HEADER_BYTES_MAX = 6;

export function joinRecord(record: Buffer, load: LoadPiece): Buffer {
  const parts: Buffer[] = [];
  const lengths: number[] = [];
  const rows = new DirectoryRows(record);
  const head = record.subarray(0, rows.end);
  while (rows.next()) {
    const attribute = rows.isApart
      ? joinAttribute(record, rows, load)
      : [record.subarray(rows.start, rows.end)];
    parts.push(...attribute);
    lengths.push(attribute.reduce((sum, { length }) => sum + length, 0));
  }
  const joined = Buffer.concat([head, ...parts]);
  joined[0] = VERSION;
  lengths.forEach((length, index) => writeDirectoryLength(joined, index, length));
  return joined;
}

/** Its TLV, in parts. */
function joinAttribute(record: Buffer, row: DirectoryRows, load: LoadPiece): readonly Buffer[] {
  const { body, length } = skipHeader(record, row.start);
  const values = readPieces(record, row).map(({ number }) => load(number));
  const bytes = values.reduce((sum, value) => sum + value.length, 0);
  return [
    header(0x30, tlvBytes(length) + tlvBytes(bytes)),
    record.subarray(row.start, body + length),
    header(0x31, bytes),
    ...values,
  ];
}

function header(tag: number, length: number): Buffer {
  const out = Buffer.alloc(HEADER_BYTES_MAX);
  return out.subarray(0, writeHeader(out, 0, tag, length));
}
