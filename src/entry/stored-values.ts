// The values of an attribute that has very many, without a Buffer for each: where they lie, in the record of the entry, or in pieces
// apart from it (value-piece.ts). What an operation makes of them is a rope (value-rope.ts); what it costs then depends on what it
// changes.
//
// Positions count values from 0. The values of one attribute have pairwise different normal forms.
import { assert } from "../base/index.ts";
import { copyBytes, copyInto } from "../kv/index.ts";
import type { AttributeType } from "../schema/index.ts";
import { setRange } from "./record.ts";
import { skipHeader } from "./tlv.ts";
import { SeenForms, type ValueForms, hashForm } from "./value-forms.ts";
import { IN_RECORD, ValuePiece, listValues } from "./value-piece.ts";

/** Where pieces lie. */
export interface PieceLender {
  /** The TLVs of the piece with this number, until anything else is read. @throws LdapError busy when it has been replaced since its
   *  number was read */
  lendPiece(number: number): Buffer;
}

/** What is known of values; the same object for all who look at them. */
export interface KnownValues {
  readonly pieces: readonly ValuePiece[];
  /** Has at least the normal forms of all of them. */
  seen: SeenForms | undefined;
}

/** Above this many pieces it is found out first whether one of them can have a value. */
const PIECES_MAX_UNSEEN = 4;

/** Values of one piece. */
export interface PieceRange {
  /** Of the piece among those of the attribute. */
  readonly index: number;
  readonly from: number;
  readonly to: number;
}

/** Values as they are stored, which is not changed. */
export class StoredValues {
  readonly known: KnownValues;
  readonly #lender: PieceLender;
  readonly #copies: (Buffer | undefined)[] = [];
  /** Position of the first value of each piece and, last, the number of values. */
  #positions: readonly number[] | undefined;
  /** The same in bytes. */
  #starts: readonly number[] | undefined;
  #list: readonly Buffer[] | undefined;
  /** What was asked for last. */
  #located:
    | {
        readonly value: Buffer;
        readonly type: AttributeType;
        readonly position: number | undefined;
      }
    | undefined;

  constructor(known: KnownValues, lender: PieceLender) {
    this.known = known;
    this.#lender = lender;
  }

  /** Those of a record; `start`: of the TLV of the attribute. `known`: of these very values. */
  static inRecord(record: Buffer, start: number, known?: KnownValues): StoredValues {
    const { body, length } = setRange(record, start);
    const bytes = record.subarray(body, body + length);
    const pieces = [new ValuePiece(IN_RECORD, length)];
    return new StoredValues(known ?? { pieces, seen: undefined }, { lendPiece: () => bytes });
  }

  /** Whether they lie apart from the record. */
  get isApart(): boolean {
    return this.pieces[0]?.number !== IN_RECORD;
  }
  get pieces(): readonly ValuePiece[] {
    return this.known.pieces;
  }

  get count(): number {
    return this.#positionsOf().at(-1) as number;
  }
  get byteLength(): number {
    return this.#startsOf().at(-1) as number;
  }

  /** All values as views onto what is stored; the same ones at each call. */
  list(): readonly Buffer[] {
    if (this.#list === undefined) {
      const all = this.isApart ? this.#joined() : this.bytes(0);
      this.#list = listValues(all);
    }
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
    // An operation asks for the same value again and again.
    if (this.#located?.value !== value || this.#located.type !== type) {
      this.#located = { value, type, position: this.#locate(type, value) };
    }
    return this.#located.position;
  }

  #locate(type: AttributeType, value: Buffer): number | undefined {
    const { pieces } = this;
    const form = type.normalize(value);
    const hash = hashForm(form);
    if (pieces.length > PIECES_MAX_UNSEEN && !this.#seenOf(type).mayHave(hash)) return undefined;
    for (let index = 0; index < pieces.length; index += 1) {
      const piece = pieces[index]!;
      const forms = piece.knownForms?.type === type ? piece.knownForms : this.#forms(type, index);
      if (!forms.mayHave(hash)) continue;
      const found =
        piece.locate(this.#lent(index), value) ??
        listValues(this.bytes(index)).findIndex((each) => type.normalize(each).equals(form));
      if (found >= 0) return (this.#positionsOf()[index] as number) + found;
    }
    return undefined;
  }

  #seenOf(type: AttributeType): SeenForms {
    const { known } = this;
    if (known.seen?.type !== type) {
      known.seen = new SeenForms(type, this.count);
      this.pieces.forEach((piece, index) => {
        const isKnown = piece.knownForms?.type === type;
        const forms = isKnown ? piece.knownForms : this.#forms(type, index);
        for (const hash of forms.hashes()) known.seen?.add(hash);
      });
    }
    return known.seen;
  }

  #forms(type: AttributeType, index: number): ValueForms {
    return (this.pieces[index] as ValuePiece).findForms(type, this.bytes(index));
  }

  /** Whether one of the values has these very bytes. */
  hasBytes(value: Buffer): boolean {
    return this.pieces.some((piece, index) => piece.locate(this.#lent(index), value) !== undefined);
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
    const copy = this.#copies[index];
    if (copy !== undefined) return copy;
    const lent = this.#lent(index);
    const bytes = this.isApart ? copyBytes(lent) : lent;
    this.#copies[index] = bytes;
    return bytes;
  }

  /** The same until anything else is read. */
  #lent(index: number): Buffer {
    const copy = this.#copies[index];
    if (copy !== undefined) return copy;
    const piece = this.pieces[index] as ValuePiece;
    const lent = this.#lender.lendPiece(piece.number);
    assert(lent.length === piece.byteLength, "a piece is as long as its entry says");
    return lent;
  }

  #joined(): Buffer {
    const all = Buffer.allocUnsafe(this.byteLength);
    let at = 0;
    this.pieces.forEach(({ byteLength }, index) => {
      at = copyInto(all, at, this.#lent(index), 0, byteLength);
    });
    return all;
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
    this.#positions ??= sums(
      this.pieces,
      (piece, index) => piece.knownCount ?? piece.count(this.bytes(index)),
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
