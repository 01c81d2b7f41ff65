// The values of an attribute that has very many, without a Buffer for each: where they lie (in the record of the entry, or in pieces
// apart from it, see value-piece.ts), and what is made of them by an operation that adds or removes a few (a rope of ranges of
// them and values of its own). What an operation costs then depends on what it changes.
//
// Positions count values from 0. The values of one attribute have pairwise different normal forms.
import { assert } from "../base/index.ts";
import { copyInto } from "../kv/index.ts";
import type { AttributeType } from "../schema/index.ts";
import type { Attribute, AttributeDescription } from "./entry-view.ts";
import { setRange } from "./record.ts";
import { skipHeader, tlvBytes, writeHeader } from "./tlv.ts";
import { hashForm } from "./value-forms.ts";
import { IN_RECORD, ValuePiece } from "./value-piece.ts";

const OCTET_STRING = 0x04;

/** Gives the TLVs of the piece with this number. */
export type LoadPiece = (number: number) => Buffer;

/** Values of one piece. */
export interface PieceRange {
  /** Of the piece among those of the attribute. */
  readonly index: number;
  readonly from: number;
  readonly to: number;
}

/** Values as they are stored, which is not changed. */
export class StoredValues {
  readonly pieces: readonly ValuePiece[];
  readonly #load: LoadPiece;
  readonly #loaded: (Buffer | undefined)[] = [];
  /** Position of the first value of each piece and, last, the number of values. */
  #positions: readonly number[] | undefined;
  /** The same in bytes. */
  #starts: readonly number[] | undefined;
  #list: readonly Buffer[] | undefined;

  constructor(pieces: readonly ValuePiece[], load: LoadPiece) {
    this.pieces = pieces;
    this.#load = load;
  }

  /** Those of a record; `start`: of the TLV of the attribute. `known`: of these very values. */
  static inRecord(record: Buffer, start: number, known?: ValuePiece): StoredValues {
    const { body, length } = setRange(record, start);
    const bytes = record.subarray(body, body + length);
    return new StoredValues([known ?? new ValuePiece(IN_RECORD, length)], () => bytes);
  }

  get count(): number {
    return this.#positionsOf().at(-1) as number;
  }
  get byteLength(): number {
    return this.#startsOf().at(-1) as number;
  }

  /** All values as views onto what is stored; the same ones at each call. */
  list(): readonly Buffer[] {
    this.#list ??= this.pieces.flatMap((piece, index) => piece.list(this.bytes(index)));
    return this.#list;
  }

  value(position: number): Buffer {
    assert(position < this.count, "a position is one of a value");
    if (this.#list !== undefined) return this.#list[position] as Buffer;
    const index = this.#indexOf(position);
    const from = position - (this.#positionsOf()[index] as number);
    const { body, length } = skipHeader(this.bytes(index), this.#offsetIn(index, from));
    return this.bytes(index).subarray(body, body + length);
  }

  /** Position of the value with the normal form of `value` under the rule of `type`, which is that of the attribute. */
  locate(type: AttributeType, value: Buffer): number | undefined {
    const form = type.normalize(value);
    const hash = hashForm(form);
    for (const [index, piece] of this.pieces.entries()) {
      if (!piece.forms(type, () => this.bytes(index)).mayHave(hash)) continue;
      const bytes = this.bytes(index);
      const found =
        piece.locate(bytes, value) ??
        piece.list(bytes).findIndex((each) => type.normalize(each).equals(form));
      if (found >= 0) return (this.#positionsOf()[index] as number) + found;
    }
    return undefined;
  }

  /** Whether one of the values has these very bytes. */
  hasBytes(value: Buffer): boolean {
    return this.pieces.some((piece, index) => piece.locate(this.bytes(index), value) !== undefined);
  }

  /** Bytes of the values from `position` on. */
  rangeBytes({ position, length }: ValueRange): number {
    return this.#offset(position + length) - this.#offset(position);
  }

  /** Writes the values of a range as they are stored; gives the offset behind them. */
  writeRange(out: Buffer, start: number, range: ValueRange): number {
    let at = start;
    for (const part of this.parts(range)) at = this.writePart(out, at, part);
    return at;
  }

  /** A range, piece by piece. */
  *parts({ position, length }: ValueRange): Iterable<PieceRange> {
    const positions = this.#positionsOf();
    const end = position + length;
    for (let at = position, index = this.#indexOf(position); at < end; index += 1) {
      const start = positions[index] as number;
      const to = Math.min(end, positions[index + 1] as number);
      if (to > at) yield { index, from: at - start, to: to - start };
      at = to;
    }
  }

  partBytes({ index, from, to }: PieceRange): number {
    return this.#offsetIn(index, to) - this.#offsetIn(index, from);
  }

  writePart(out: Buffer, at: number, { index, from, to }: PieceRange): number {
    const [start, end] = [this.#offsetIn(index, from), this.#offsetIn(index, to)];
    return copyInto(out, at, this.bytes(index), start, end);
  }

  /** As many of the first values as have `room`. */
  fitting(part: PieceRange, room: number): number {
    let [least, most] = [0, part.to - part.from];
    while (least < most) {
      const count = Math.ceil((least + most) / 2);
      if (this.partBytes({ ...part, to: part.from + count }) <= room) least = count;
      else most = count - 1;
    }
    return least;
  }

  /** The TLVs of a piece. */
  bytes(index: number): Buffer {
    const loaded = this.#loaded[index];
    if (loaded !== undefined) return loaded;
    const piece = this.pieces[index] as ValuePiece;
    const bytes = this.#load(piece.number);
    assert(bytes.length === piece.byteLength, "a piece is as long as its entry says");
    this.#loaded[index] = bytes;
    return bytes;
  }

  /** Number of values in a piece. */
  countOf(index: number): number {
    const positions = this.#positionsOf();
    return (positions[index + 1] as number) - (positions[index] as number);
  }

  #offset(position: number): number {
    const index = this.#indexOf(position);
    const from = position - (this.#positionsOf()[index] as number);
    return (this.#startsOf()[index] as number) + this.#offsetIn(index, from);
  }

  /** The ends of a piece are known without its bytes. */
  #offsetIn(index: number, position: number): number {
    const piece = this.pieces[index];
    if (piece === undefined || position === 0) return 0;
    return position === piece.knownCount
      ? piece.byteLength
      : piece.offset(this.bytes(index), position);
  }

  /** The piece of a value; one past the last for the position behind all values. */
  #indexOf(position: number): number {
    const positions = this.#positionsOf();
    assert(position >= 0 && position <= this.count, "a position is one of a value");
    let [least, most] = [0, positions.length - 1];
    while (least < most) {
      const middle = Math.ceil((least + most) / 2);
      if ((positions[middle] as number) <= position) least = middle;
      else most = middle - 1;
    }
    return least;
  }

  #positionsOf(): readonly number[] {
    this.#positions ??= sums(this.pieces, (piece, index) =>
      piece.knownCount ?? piece.count(this.bytes(index)),
    );
    return this.#positions;
  }

  #startsOf(): readonly number[] {
    this.#starts ??= sums(this.pieces, ({ byteLength }) => byteLength);
    return this.#starts;
  }
}

/** Of those before each piece and, last, of all. */
function sums(
  pieces: readonly ValuePiece[],
  of: (piece: ValuePiece, index: number) => number,
): readonly number[] {
  const list = [0];
  let sum = 0;
  for (const [index, piece] of pieces.entries()) {
    sum += of(piece, index);
    list.push(sum);
  }
  return list;
}

export interface ValueRange {
  readonly position: number;
  readonly length: number;
}

/** A range of stored values, or one value of its own. */
export type RopePart = ValueRange | { readonly value: Buffer };

/** Values that come from stored ones by a few changes. */
export class ValueRope {
  readonly source: StoredValues;
  readonly count: number;
  readonly byteLength: number;
  readonly parts: readonly RopePart[];
  #list: readonly Buffer[] | undefined;

  constructor(source: StoredValues, parts: readonly RopePart[]) {
    this.source = source;
    this.parts = parts;
    let count = 0;
    let bytes = 0;
    for (const part of parts) {
      count += "value" in part ? 1 : part.length;
      bytes += "value" in part ? tlvBytes(part.value.length) : source.rangeBytes(part);
    }
    this.count = count;
    this.byteLength = bytes;
  }

  list(): readonly Buffer[] {
    if (this.#list === undefined) {
      const list: Buffer[] = [];
      for (const part of this.parts) {
        if ("value" in part) list.push(part.value);
        else {
          const all = this.source.list();
          const end = part.position + part.length;
          for (let i = part.position; i < end; i += 1) list.push(all[i] as Buffer);
        }
      }
      this.#list = list;
    }
    return this.#list;
  }

  /** Appends the TLVs of the values; gives the offset behind them. */
  writeTo(out: Buffer, start: number): number {
    let at = start;
    for (const part of this.parts) {
      at = "value" in part ? writeValue(out, at, part.value) : this.source.writeRange(out, at, part);
    }
    return at;
  }

  /** Values that are not of the source. */
  added(): Buffer[] {
    return this.parts.flatMap((part) => ("value" in part ? [part.value] : []));
  }

  /** Values of the source that are not among them. */
  removed(): Buffer[] {
    const ranges = this.parts.flatMap((part) => ("value" in part ? [] : [part]));
    const removed: Buffer[] = [];
    let next = 0;
    const skipTo = (position: number): void => {
      for (; next < position; next += 1) removed.push(this.source.value(next));
    };
    for (const { position, length } of ranges.sort((a, b) => a.position - b.position)) {
      skipTo(position);
      next = position + length;
    }
    skipTo(this.source.count);
    return removed;
  }

  /** What is known of these values when they lie in one record. */
  inRecord(): ValuePiece {
    const { source, count } = this;
    const isSmall = this.parts.length * 2 + Math.abs(source.count - count) < count;
    const forms = source.pieces.length === 1 ? source.pieces[0]?.knownForms : undefined;
    const known = isSmall ? forms?.edited(this.added(), this.removed()) : undefined;
    return new ValuePiece(IN_RECORD, this.byteLength, count, known);
  }
}

export function writeValue(out: Buffer, start: number, value: Buffer): number {
  const at = writeHeader(out, start, OCTET_STRING, value.length);
  return copyInto(out, at, value, 0, value.length);
}

/** An attribute that an operation leaves with very many values. */
export class RopeAttribute implements Attribute {
  readonly description: AttributeDescription;
  readonly rope: ValueRope;

  constructor(description: AttributeDescription, rope: ValueRope) {
    this.description = description;
    this.rope = rope;
  }

  get values(): readonly Buffer[] {
    return this.rope.list();
  }
}
