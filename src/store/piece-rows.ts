// Rows of values that lie apart from their record (entry/value-piece.ts), within one operation. Rows that no record names any more stay
// until the operation is done: what it has read of entries before may be looked at, and stored again, until then.
import { assert } from "../base/index.ts";
import { type CutRope, type StoredEntry, hasApart, readPieces } from "../entry/index.ts";
import type { BytesTable } from "../kv/index.ts";
import { pieceKey } from "./tables.ts";

export class PieceRows {
  readonly #table: BytesTable;
  /** Rows that no record names. */
  readonly #left = new Set<number>();

  constructor(table: BytesTable) {
    this.#table = table;
  }

  /** The record of an entry is another one now; `cuts`: of the attributes that lie apart. */
  put(
    before: StoredEntry | undefined,
    after: StoredEntry | undefined,
    cuts: Iterable<CutRope>,
  ): void {
    for (const number of numbersOf(before)) this.#left.add(number);
    for (const { fresh } of cuts) {
      for (const [number, bytes] of fresh) {
        this.#table.putOwned(pieceKey(number), bytes);
        this.#left.add(number);
      }
    }
    for (const number of numbersOf(after)) {
      assert(this.#left.delete(number), "a piece that a record names is stored");
    }
  }

  /** Deletes what no record names any more; whether there was anything. */
  drop(): boolean {
    if (this.#left.size === 0) return false;
    for (const number of this.#left) this.#table.delete(pieceKey(number));
    this.#left.clear();
    return true;
  }
}

function numbersOf(entry: StoredEntry | undefined): readonly number[] {
  if (entry === undefined || !hasApart(entry.record)) return [];
  const numbers: number[] = [];
  for (const rows = entry.rows(); rows.next(); ) {
    if (!rows.isApart) continue;
    for (const { number } of readPieces(entry.record, rows)) numbers.push(number);
  }
  return numbers;
}
