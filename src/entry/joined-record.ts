// A record of which attributes lie apart (record.ts), with all of them in it: for those who want the whole entry.
import { copyInto } from "../kv/index.ts";
import { DirectoryRows, VERSION, readPieces, writeDirectoryLength } from "./record.ts";
import type { PieceLender } from "./stored-values.ts";
import { skipHeader, tlvBytes, writeHeader } from "./tlv.ts";
import type { ValuePiece } from "./value-piece.ts";

interface Part {
  /** What is copied of the record: an attribute, or the TLV of its type. */
  readonly start: number;
  readonly end: number;
  /** Of an attribute that lies apart. */
  readonly pieces: readonly ValuePiece[] | undefined;
  readonly valuesBytes: number;
  readonly totalBytes: number;
}

export function joinRecord(record: Buffer, lender: PieceLender): Buffer {
  const rows = new DirectoryRows(record);
  const headBytes = rows.end;
  const parts: Part[] = [];
  while (rows.next()) parts.push(partOf(record, rows));
  const total = parts.reduce((sum, { totalBytes }) => sum + totalBytes, headBytes);
  const joined = Buffer.allocUnsafe(total);
  let at = copyInto(joined, 0, record, 0, headBytes);
  joined[0] = VERSION;
  parts.forEach((part, index) => {
    writeDirectoryLength(joined, index, part.totalBytes);
    at = writePart(joined, at, { part, record, lender });
  });
  return joined;
}

function partOf(record: Buffer, rows: DirectoryRows): Part {
  const { start, end } = rows;
  if (!rows.isApart) {
    return { start, end, pieces: undefined, valuesBytes: 0, totalBytes: end - start };
  }
  const type = skipHeader(record, start);
  const pieces = readPieces(record, rows);
  const valuesBytes = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const totalBytes = tlvBytes(tlvBytes(type.length) + tlvBytes(valuesBytes));
  return { start, end: type.body + type.length, pieces, valuesBytes, totalBytes };
}

function writePart(
  out: Buffer,
  start: number,
  {
    part,
    record,
    lender,
  }: { readonly part: Part; readonly record: Buffer; readonly lender: PieceLender },
): number {
  const { pieces, valuesBytes } = part;
  if (pieces === undefined) return copyInto(out, start, record, part.start, part.end);
  const typeBytes = part.end - part.start;
  let at = writeHeader(out, start, 0x30, typeBytes + tlvBytes(valuesBytes));
  at = copyInto(out, at, record, part.start, part.end);
  at = writeHeader(out, at, 0x31, valuesBytes);
  for (const { number, byteLength } of pieces) {
    at = copyInto(out, at, lender.lendPiece(number), 0, byteLength);
  }
  return at;
}
