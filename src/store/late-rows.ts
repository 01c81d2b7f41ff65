// The rows of a backend's table `late`: what operations leave for the substring lists (see the index room, late-row.ts), and what
// searches ask besides those lists.
import {
  LATE_CODES_MAX,
  LateLists,
  type LatePart,
  encodeLateRow,
  lastLateNumber,
  lateCodeCount,
  lateKey,
} from "../index/index.ts";
import type { BytesTable } from "../kv/index.ts";
import type { EntryId } from "../entry/index.ts";

export class LateRows {
  readonly lists: LateLists;
  readonly #onFull: () => void;
  /** The number of the newest row. Those of discarded operations are lost. */
  #last: number;
  #codes = 0;

  /** `table`: as it has been committed; `onFull`: called within an operation when the rows should be merged. */
  constructor(table: BytesTable, onFull: () => void) {
    this.lists = new LateLists(table);
    this.#onFull = onFull;
    this.#last = lastLateNumber(table);
    table.visit({}, (_, row) => {
      this.#codes += lateCodeCount(row.length);
      return true;
    });
  }

  /** About how many trigrams the rows name, those of discarded operations included. */
  get codes(): number {
    return this.#codes;
  }

  /** Whether there is so much that it should be merged. */
  get isFull(): boolean {
    return this.#codes > LATE_CODES_MAX;
  }

  /** `table`: of the write set of the operation. */
  put(table: BytesTable, id: EntryId, parts: readonly LatePart[]): void {
    const row = encodeLateRow(id, parts);
    this.#last += 1;
    table.putOwned(lateKey(this.#last), row);
    this.#codes += lateCodeCount(row.length);
    if (this.isFull) this.#onFull();
  }

  /** What there was when `codes` had this value has gone. */
  noteMerged(codes: number): void {
    this.#codes -= codes;
  }
}
