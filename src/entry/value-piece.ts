// Values of an attribute that lie side by side, as TLVs (record.ts): in the record of the entry, or, when they are very many and the
// attribute lies apart, in a row of a table of their own. Such a row is never changed: who changes values writes another piece under
// a number that no piece has had. So whoever knows two lists of pieces knows what is different by looking at numbers, and what is
// remembered of a piece can never be out of date.
//
// Here is what is remembered of a piece, which is far less than its values. Positions count its values from 0.
import type { AttributeType } from "../schema/index.ts";
import { assert } from "../base/index.ts";
import { skipHeader, tlvBytes } from "./tlv.ts";
import { ValueForms } from "./value-forms.ts";

/** One mark for so many values says where they begin. */
const MARK_VALUES = 64;
const COMMA = 0x2c;
/** The number of values that lie in the record. */
export const IN_RECORD = 0;

/** `bytes` of the methods: the TLVs, and nothing else; they may be lent. */
export class ValuePiece {
  /** Of its row, or IN_RECORD. */
  readonly number: number;
  readonly byteLength: number;
  #count: number | undefined;
  #forms: ValueForms | undefined;
  /** Where every MARK_VALUES-th value begins. */
  #marks: readonly number[] | undefined;

  constructor(number: number, byteLength: number, count?: number, forms?: ValueForms) {
    this.number = number;
    this.byteLength = byteLength;
    this.#count = count;
    this.#forms = forms;
  }

  /** undefined: nobody has counted. */
  get knownCount(): number | undefined {
    return this.#count;
  }
  get knownForms(): ValueForms | undefined {
    return this.#forms;
  }

  count(bytes: Buffer): number {
    if (this.#count === undefined) this.#findMarks(bytes);
    return this.#count as number;
  }

  /** Their normal forms under the rule of `type`. `bytes` are not lent. */
  findForms(type: AttributeType, bytes: Buffer): ValueForms {
    this.#forms = ValueForms.of(type, listValues(bytes));
    return this.#forms;
  }

  /** Where the value at `position` begins; behind the last value, the end. */
  offset(bytes: Buffer, position: number): number {
    if (position === 0) return 0;
    if (position === this.#count) return this.byteLength;
    const marks = this.#marks ?? this.#findMarks(bytes);
    assert(position > 0 && position < this.count(bytes), "a position is one of a value");
    let at = marks[Math.floor(position / MARK_VALUES)]!;
    for (let left = position % MARK_VALUES; left > 0; left -= 1) at = nextValue(bytes, at);
    return at;
  }

  /** Position of the very bytes. (A search for bytes wherever they are is slower: names of one tree end alike.) */
  locate(bytes: Buffer, value: Buffer): number | undefined {
    const { length } = value;
    const header = tlvBytes(length) - length;
    const comma = value.indexOf(COMMA);
    // Names of one kind begin alike, too: where the first RDN ends they differ most.
    const telling = Math.max(comma < 0 ? length - 1 : comma - 1, 0);
    let position = 0;
    for (let at = 0; at < bytes.length; position += 1) {
      const next = nextValue(bytes, at);
      const from = at + header;
      if (next === from + length && (length === 0 || bytes[from + telling] === value[telling])) {
        let i = 0;
        while (i < length && bytes[from + i] === value[i]) i += 1;
        if (i === length) return position;
      }
      at = next;
    }
    return undefined;
  }

  #findMarks(bytes: Buffer): readonly number[] {
    const marks: number[] = [];
    let count = 0;
    for (let at = 0; at < bytes.length; at = nextValue(bytes, at)) {
      if (count % MARK_VALUES === 0) marks.push(at);
      count += 1;
    }
    this.#marks = marks;
    this.#count = count;
    return marks;
  }
}

/** Views of the values whose TLVs these are. */
export function listValues(bytes: Buffer): Buffer[] {
  const list: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { body, length } = skipHeader(bytes, at);
    at = body + length;
    list.push(bytes.subarray(body, at));
  }
  return list;
}

/** What a record says of a piece: number, length, how many values. */
export const PIECE_ROW_BYTES = 12;

export function writePieceRows(out: Buffer, start: number, pieces: readonly ValuePiece[]): number {
  let at = start;
  for (const { number, byteLength, knownCount } of pieces) {
    assert(number !== IN_RECORD && knownCount !== undefined, "a piece has a number and a count");
    out.writeUIntBE(number, at, 6);
    out.writeUInt32BE(byteLength, at + 6);
    out.writeUInt16BE(knownCount, at + 10);
    at += PIECE_ROW_BYTES;
  }
  return at;
}

export function readPieceRows(record: Buffer, start: number, end: number): ValuePiece[] {
  const pieces: ValuePiece[] = [];
  for (let at = start; at < end; at += PIECE_ROW_BYTES) {
    const [number, bytes] = [record.readUIntBE(at, 6), record.readUInt32BE(at + 6)];
    pieces.push(new ValuePiece(number, bytes, record.readUInt16BE(at + 10)));
  }
  return pieces;
}

function nextValue(bytes: Buffer, at: number): number {
  const first = bytes[at + 1]!;
  if (first < 0x80) return at + 2 + first;
  const { body, length } = skipHeader(bytes, at);
  return body + length;
}
