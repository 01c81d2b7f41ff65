// Entries of a list of IDs, each read when its turn comes, and between them numbers of those that a gate has refused. Every search by
// index goes through one of these, most for one entry: an iterator of our own costs less than a generator.
import type { EntryId, StoredEntry } from "../entry/index.ts";
import type { RecordGate } from "./record-gate.ts";

export class ListedEntries implements IterableIterator<StoredEntry | number> {
  readonly #ids: ArrayLike<number>;
  readonly #gate: RecordGate | undefined;
  readonly #read: (id: EntryId) => StoredEntry | undefined;
  #at = 0;
  /** Read, and to come behind the number that was given out last. */
  #held: StoredEntry | undefined;

  /** `read` gives the entry if it is meant, and asks `gate`. */
  constructor(
    ids: ArrayLike<number>,
    gate: RecordGate | undefined,
    read: (id: EntryId) => StoredEntry | undefined,
  ) {
    this.#ids = ids;
    this.#gate = gate;
    this.#read = read;
  }

  next(): IteratorResult<StoredEntry | number, undefined> {
    const gate = this.#gate;
    const held = this.#held;
    if (held !== undefined) {
      this.#held = undefined;
      return { done: false, value: held };
    }
    while (this.#at < this.#ids.length) {
      const entry = this.#read(this.#ids[this.#at] as EntryId);
      this.#at += 1;
      if (gate?.isDue(entry !== undefined) === true) {
        this.#held = entry;
        return { done: false, value: gate.takeRefused() };
      }
      if (entry !== undefined) return { done: false, value: entry };
    }
    if (gate !== undefined && gate.refused > 0) return { done: false, value: gate.takeRefused() };
    return { done: true, value: undefined };
  }

  [Symbol.iterator](): this {
    return this;
  }
}
