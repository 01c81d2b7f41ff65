// Values that an operation leaves, cut into pieces (value-piece.ts). Pieces of which nothing changes stay as they are; values that
// come are put to those before them while there is room, so that one that comes writes one piece anew. What is left of pieces
// that shrink goes together with the piece behind it.
import type { KnownValues, PieceRange, StoredValues } from "./stored-values.ts";
import { type ValueRope, writeValue } from "./value-rope.ts";
import { tlvBytes } from "./tlv.ts";
import { IN_RECORD, ValuePiece, listValues } from "./value-piece.ts";

/** Just below what fits four pages of LMDB. A single value may be longer. */
const PIECE_BYTES_MAX = 16_000;
/** Below this a piece takes in the one behind it. */
const MERGED_BYTES_MAX = 12_000;
/** Values with fewer bytes lie in the record. */
const APART_BYTES_MIN = 65_536;
/** Those that lie apart go back there when no more is left. */
const APART_BYTES_KEPT = 32_768;

export interface CutRope {
  readonly known: KnownValues;
  /** TLVs of those of the pieces that are new, by number. */
  readonly fresh: ReadonlyMap<number, Buffer>;
}

/** Whether these values are to lie apart from the record. */
export function liesApart({ source, byteLength }: ValueRope): boolean {
  return byteLength >= (source.isApart ? APART_BYTES_KEPT : APART_BYTES_MIN);
}

/** Gives numbers that no piece has had. */
export interface PieceNumbers {
  allotPiece(): number;
}

export function cutRope(rope: ValueRope, numbers: PieceNumbers): CutRope {
  const cutter = new RopeCutter(rope.source, numbers);
  for (const part of rope.parts) {
    if ("value" in part) cutter.addValue(part.value);
    else for (const range of rope.source.parts(part)) cutter.addRange(range);
  }
  cutter.close();
  const { pieces, fresh } = cutter;
  return { known: { pieces, seen: rope.seen() }, fresh };
}

/** Of the new piece that is being made. */
type Item = PieceRange | Buffer;

class RopeCutter {
  readonly pieces: ValuePiece[] = [];
  readonly fresh = new Map<number, Buffer>();
  readonly #source: StoredValues;
  readonly #numbers: PieceNumbers;
  #items: Item[] = [];
  #bytes = 0;
  /** Of the last piece in the source, when it has been taken as it is. */
  #lastKept: PieceRange | undefined;

  constructor(source: StoredValues, numbers: PieceNumbers) {
    this.#source = source;
    this.#numbers = numbers;
  }

  addRange(range: PieceRange): void {
    const piece = this.#source.pieces[range.index] as ValuePiece;
    const isWhole = range.to - range.from === this.#source.countOf(range.index);
    if (piece.number === IN_RECORD || !isWhole) return this.#fill(range);
    if (this.#items.length > 0 && this.#bytes + piece.byteLength <= MERGED_BYTES_MAX) {
      return this.#fill(range);
    }
    this.close();
    this.pieces.push(piece);
    this.#lastKept = range;
  }

  addValue(value: Buffer): void {
    const bytes = tlvBytes(value.length);
    const kept = this.#lastKept;
    if (kept !== undefined && this.#items.length === 0) {
      const keptBytes = this.#source.partBytes(kept);
      if (keptBytes + bytes <= PIECE_BYTES_MAX) {
        this.pieces.pop();
        this.#put(kept, keptBytes);
      }
    }
    if (this.#bytes + bytes > PIECE_BYTES_MAX) this.close();
    this.#put(value, bytes);
  }

  /** Ends the new piece, if there is one. */
  close(): void {
    this.#lastKept = undefined;
    if (this.#items.length === 0) return;
    const out = Buffer.allocUnsafe(this.#bytes);
    let at = 0;
    let count = 0;
    for (const item of this.#items) {
      const isValue = Buffer.isBuffer(item);
      at = isValue ? writeValue(out, at, item) : this.#source.writePart(out, at, item);
      count += isValue ? 1 : item.to - item.from;
    }
    const number = this.#numbers.allotPiece();
    this.pieces.push(new ValuePiece(number, out.length, count, this.#forms()));
    this.fresh.set(number, out);
    this.#items = [];
    this.#bytes = 0;
  }

  #put(item: Item, bytes: number): void {
    this.#items.push(item);
    this.#bytes += bytes;
    this.#lastKept = undefined;
  }

  #fill(range: PieceRange): void {
    for (let from = range.from; from < range.to; ) {
      const rest = { ...range, from };
      const fitting = this.#source.fitting(rest, PIECE_BYTES_MAX - this.#bytes);
      if (fitting === 0 && this.#items.length > 0) {
        this.close();
        continue;
      }
      const part = { ...rest, to: from + Math.max(fitting, 1) };
      this.#put(part, this.#source.partBytes(part));
      from = part.to;
    }
  }

  /** When most comes from one piece, its normal forms are known from those of that one. */
  #forms(): ValuePiece["knownForms"] {
    const ranges: PieceRange[] = [];
    const added: Buffer[] = [];
    for (const item of this.#items) {
      if (Buffer.isBuffer(item)) added.push(item);
      else ranges.push(item);
    }
    const index = ranges[0]?.index;
    if (index === undefined || ranges.some((range) => range.index !== index)) return undefined;
    const piece = this.#source.pieces[index] as ValuePiece;
    const kept = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
    const gone = this.#source.countOf(index) - kept;
    if (piece.knownForms === undefined || added.length + gone > kept / 2) return undefined;
    return piece.knownForms.edited(added, gone === 0 ? [] : this.#gone(index, ranges));
  }

  #gone(index: number, ranges: readonly PieceRange[]): Buffer[] {
    return listValues(this.#source.bytes(index)).filter(
      (_, position) => !ranges.some(({ from, to }) => from <= position && position < to),
    );
  }
}
