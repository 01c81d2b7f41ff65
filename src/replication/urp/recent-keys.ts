// Which records of the structure log touch which key, for the records above a floor. It is only an aid to finding records:
// it may name too many (of discarded transactions, of records that were executed again), never too few, and is rebuilt from
// the log when an operation arrives from below the floor. So nothing is lost with it.
import { CSN_ZERO, type Csn } from "../csn/index.ts";
import { type StructureRecord, keyText } from "./record.ts";
import type { StructureStore } from "./store.ts";

/** References kept between operations, at about 60 bytes; a record has five to seven. */
export const RECENT_REFERENCES_MAX = 100_000;

interface Touches {
  /** Rising. */
  readonly readers: Csn[];
  readonly writers: Csn[];
}

function insert(csns: Csn[], csn: Csn): boolean {
  let at = csns.length;
  while (at > 0 && (csns[at - 1] as Csn) > csn) at -= 1;
  if (csns[at - 1] === csn) return false;
  csns.splice(at, 0, csn);
  return true;
}

export class RecentKeys {
  readonly #touches = new Map<string, Touches>();
  /** All records above it are in #touches; undefined: nothing is covered yet. */
  #floor: Csn | undefined;
  #references = 0;
  /** No record is above it, or above the floor, while there is a floor. */
  #highest: Csn = CSN_ZERO;

  /** Whether there is no record at or above `csn` for certain. */
  isAboveAll(csn: Csn): boolean {
    return this.#floor !== undefined && csn > this.#floor && csn > this.#highest;
  }

  /** Before an operation with this CSN is executed: all records above it are covered afterwards. */
  cover(csn: Csn, store: StructureStore): void {
    if (this.#floor !== undefined && csn >= this.#floor) return;
    const newest = store.newestRecordCsn();
    if (this.#floor === undefined && (newest === undefined || csn >= newest)) {
      this.#floor = newest ?? CSN_ZERO;
      return;
    }
    this.#touches.clear();
    this.#references = 0;
    this.#floor = csn;
    for (const record of store.records(csn)) this.note(record);
  }

  note({ operation: { csn }, reads, writes }: StructureRecord): void {
    if (csn > this.#highest) this.#highest = csn;
    for (const key of reads) {
      if (insert(this.#of(keyText(key)).readers, csn)) this.#references += 1;
    }
    for (const { key } of writes) {
      if (insert(this.#of(keyText(key)).writers, csn)) this.#references += 1;
    }
  }

  /** Between operations: keeps the memory within its bound. */
  trim(store: StructureStore): void {
    if (this.#references <= RECENT_REFERENCES_MAX) return;
    this.#touches.clear();
    this.#references = 0;
    this.#floor = store.newestRecordCsn() ?? CSN_ZERO;
  }

  /** CSNs above `csn` whose records may have written the key, rising. */
  writersAfter(key: string, csn: Csn): readonly Csn[] {
    return after(this.#touches.get(key)?.writers, csn);
  }

  /** CSNs above `csn` whose records may have read the key, rising. */
  readersAfter(key: string, csn: Csn): readonly Csn[] {
    return after(this.#touches.get(key)?.readers, csn);
  }

  #of(key: string): Touches {
    let touches = this.#touches.get(key);
    if (touches === undefined) {
      touches = { readers: [], writers: [] };
      this.#touches.set(key, touches);
    }
    return touches;
  }
}

function after(csns: readonly Csn[] | undefined, csn: Csn): readonly Csn[] {
  if (csns === undefined) return [];
  let at = csns.length;
  while (at > 0 && (csns[at - 1] as Csn) > csn) at -= 1;
  return csns.slice(at);
}
