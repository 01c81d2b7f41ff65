// Merges rows of late changes into the substring lists: each list is written once for all of them, where an operation that wrote
// its lists itself would write a page for each of its trigrams.
//
//   read       the rows that are there when it begins, oldest first, gathered by trigram; they never change
//   merge      list after list, in as many transactions as the caller likes
//   forget     the rows, oldest first
//
// Cut off between any two transactions it leaves nothing wrong: what a row says of a trigram may be merged twice, and the last
// row that names it decides, as long as no row is forgotten before an older one.

import type { BytesTable } from "../kv/index.ts";
import { IdList } from "./id-list.ts";
import { addIds, removeIds } from "./id-table.ts";
import { keyPrefix } from "./index-key.ts";
import { trigramText } from "./index-keys.ts";
import {
  type LateReader,
  lastLateNumber,
  lateKey,
  lateNumber,
  partOf,
  readLateRow,
} from "./late-row.ts";
import { LATE_LISTS_BETWEEN_LOOKS, LATE_ROWS_BETWEEN_LOOKS } from "./limits.ts";

/** Whether the slice has taken long enough. */
export type IsOver = () => boolean;

export class LateMerge implements LateReader {
  readonly #isSubstringIndex: (tag: number) => boolean;
  readonly #last: number;
  /** By tag, then by trigram: as `ListChanges`. */
  readonly #indexes = new Map<number, Map<number, number[]>>();
  #entered = new Map<number, number[]>();
  #next = 0;
  #lists: Generator<ListChanges> | undefined;

  /** `isSubstringIndex`: of other tags the rows say nothing any more. */
  constructor(late: BytesTable, isSubstringIndex: (tag: number) => boolean) {
    this.#isSubstringIndex = isSubstringIndex;
    this.#last = lastLateNumber(late);
  }

  /** Gathers what rows say, at least some of them; whether there are more. `late` may show newer rows each time. */
  readSome(late: BytesTable, isOver: IsOver): boolean {
    let count = 0;
    let isCut = false;
    const bounds = { from: lateKey(this.#next), to: lateKey(this.#last + 1) };
    late.visit(bounds, (key, row) => {
      this.#next = lateNumber(key) + 1;
      readLateRow(row, this);
      count += 1;
      isCut = count % LATE_ROWS_BETWEEN_LOOKS === 0 && isOver();
      return !isCut;
    });
    return isCut;
  }

  /** Writes lists, at least some; whether there are more. Inside a transaction, after everything has been read. */
  mergeSome(index: BytesTable, isOver: IsOver): boolean {
    this.#lists ??= this.#changedLists();
    for (let count = 1; ; count += 1) {
      const next = this.#lists.next();
      if (next.done === true) return false;
      changeList(index, next.value);
      if (count % LATE_LISTS_BETWEEN_LOOKS === 0 && isOver()) return true;
    }
  }

  /** Deletes rows, at least some; whether there are more. Inside a transaction, after everything has been merged. */
  forgetSome(late: BytesTable, isOver: IsOver): boolean {
    for (;;) {
      const to = lateKey(this.#last + 1);
      const keys = [...late.keys({ to, limit: LATE_ROWS_BETWEEN_LOOKS })];
      for (const key of keys) late.delete(key);
      if (keys.length < LATE_ROWS_BETWEEN_LOOKS) return false;
      if (isOver()) return true;
    }
  }

  enter(tag: number): boolean {
    if (!this.#isSubstringIndex(tag)) return false;
    this.#entered = partOf(this.#indexes, tag);
    return true;
  }

  added(code: number, id: number): void {
    this.#note(code, id);
  }

  removed(code: number, id: number): void {
    this.#note(code, -1 - id);
  }

  #note(code: number, signed: number): void {
    const ids = this.#entered.get(code);
    if (ids === undefined) this.#entered.set(code, [signed]);
    else ids.push(signed);
  }

  /** In the order of their keys. */
  *#changedLists(): Generator<ListChanges> {
    const tags = [...this.#indexes.keys()].sort((a, b) => a - b);
    for (const tag of tags) {
      const prefix = keyPrefix(tag, "substring");
      const codes = this.#indexes.get(tag)!;
      for (const code of [...codes.keys()].sort((a, b) => a - b)) {
        yield { key: prefix + trigramText(code), signedIds: codes.get(code)! };
      }
    }
  }
}

interface ListChanges {
  readonly key: string;
  /** An ID that comes, or -1 less an ID that goes, in the order in which that happened. */
  readonly signedIds: readonly number[];
}

function changeList(table: BytesTable, { key, signedIds }: ListChanges): void {
  let added = signedIds;
  if (signedIds.some((signed) => signed < 0)) {
    const has = new Map<number, boolean>();
    for (const signed of signedIds) has.set(signed < 0 ? -1 - signed : signed, signed >= 0);
    const removed: number[] = [];
    for (const [id, isThere] of has) if (!isThere) removed.push(id);
    removeIds(table, key, IdList.from(removed));
    added = [...has.keys()].filter((id) => has.get(id) === true);
  }
  if (added.length > 0) addIds(table, key, IdList.from(added).sorted);
}
