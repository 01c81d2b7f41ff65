// The trigrams of entries that changed lately, whose rows have not been merged into the lists yet: kept in memory for searches,
// which ask here besides the lists. A list and what is here have every entry with the trigram between them, and perhaps others: one
// that has lost it, or whose operation has been refused.
//
// Nothing tells this that rows have come or gone; it follows the table when a search asks, so it knows what the snapshot of
// that search has, in the process that writes and in those that follow it. Rows that have been merged are forgotten once they are most
// of what it holds.

import type { BytesTable } from "../kv/index.ts";
import { IdList } from "./id-list.ts";
import { type LateReader, lateKey, lateNumber, partOf, readLateRow } from "./late-row.ts";

class LateIds {
  readonly #ids: number[] = [];
  #list: IdList | undefined;

  get list(): IdList {
    this.#list ??= IdList.fromUnsorted(Uint32Array.from(this.#ids));
    return this.#list;
  }

  add(id: number): void {
    if (this.#ids.at(-1) === id) return;
    this.#ids.push(id);
    this.#list = undefined;
  }
}

export class LateLists implements LateReader {
  readonly #table: BytesTable;
  /** By tag, then by trigram. */
  readonly #indexes = new Map<number, Map<number, LateIds>>();
  #entered = new Map<number, LateIds>();
  #snapshot: number | undefined;
  /** Of the rows that it holds. */
  #first = 1;
  #last = 0;

  constructor(table: BytesTable) {
    this.#table = table;
  }

  /** Takes in what `snapshot` has: of what the table shows now. */
  follow(snapshot: number): void {
    if (snapshot === this.#snapshot) return;
    this.#snapshot = snapshot;
    this.#forgetMerged();
    this.#table.visit({ from: lateKey(this.#last + 1) }, (key, row) => {
      const number = lateNumber(key);
      if (this.#last < this.#first) this.#first = number;
      this.#last = number;
      readLateRow(row, this);
      return true;
    });
  }

  /** Entries that have come to have the trigram; undefined: none. */
  find(tag: number, code: number): IdList | undefined {
    return this.#indexes.get(tag)?.get(code)?.list;
  }

  /** Entries that have come to have a trigram that begins with these two bytes. */
  beginningWith(tag: number, bytes: string): IdList {
    const first = (bytes.charCodeAt(0) << 16) | (bytes.charCodeAt(1) << 8);
    const lists: IdList[] = [];
    for (let last = 0; last <= 0xff; last += 1) {
      const list = this.find(tag, first | last);
      if (list !== undefined) lists.push(list);
    }
    return IdList.union(lists);
  }

  enter(tag: number): boolean {
    this.#entered = partOf(this.#indexes, tag);
    return true;
  }

  added(code: number, id: number): void {
    let ids = this.#entered.get(code);
    if (ids === undefined) {
      ids = new LateIds();
      this.#entered.set(code, ids);
    }
    ids.add(id);
  }

  /** The list may name an entry that has lost the trigram. */
  removed(): void {}

  #forgetMerged(): void {
    const held = this.#last - this.#first + 1;
    if (held <= 0 || this.#table.has(lateKey(this.#first))) return;
    const left = this.#last - this.#firstOfTable() + 1;
    if (left > held / 2) return;
    this.#indexes.clear();
    this.#first = this.#last - left + 1;
    this.#last = this.#first - 1;
  }

  /** One behind the last that it holds if there is none. */
  #firstOfTable(): number {
    const to = lateKey(this.#last + 1);
    for (const key of this.#table.keys({ to, limit: 1 })) return lateNumber(key);
    return this.#last + 1;
  }
}
