// The shown entries of a backend in order of their IDs, the suffix entry first and each entry behind the one above it: as they lie,
// so that most are read in one pass and none is copied. An entry that was moved below one with a higher ID waits for those above
// it, which come with it.
import {
  type EntryId,
  RecordFlag,
  recordFlags,
  recordParentId,
  recordRdn,
} from "../entry/index.ts";
import { assert } from "../base/index.ts";
import { copyBytes } from "../kv/index.ts";
import type { Backend } from "./backend.ts";

/** Rows in one range: a cursor is open no longer. */
const ROWS_AT_ONCE = 256;
/** Parents whose DNs are remembered. */
const DNS_MAX = 10_000;

/** Takes one entry. The record is a borrowed view, which the next read spoils; `parentDn` is empty for the suffix entry. */
export type TakeRow = (id: EntryId, record: Buffer, parentDn: Buffer) => void;

const NO_DN = Buffer.alloc(0);

export class ShownRows {
  readonly #backend: Backend;
  readonly #take: TakeRow;
  readonly #suffixId: EntryId | undefined;
  readonly #suffixDn: Buffer;
  /** Rows below have been seen. */
  #next = 1;
  /** Entries from there on that have been taken already. */
  readonly #early = new Set<EntryId>();
  readonly #dns = new Map<EntryId, Buffer>();
  #lastParent: { readonly id: EntryId; readonly dn: Buffer } = { id: 0 as EntryId, dn: NO_DN };

  constructor(backend: Backend, take: TakeRow) {
    this.#backend = backend;
    this.#take = take;
    this.#suffixDn = Buffer.from(backend.suffixDn, "utf8");
    this.#suffixId = backend.reader.suffixId;
  }

  /** Hands out some entries; false: there were no more. */
  step(): boolean {
    const suffixId = this.#suffixId;
    if (suffixId === undefined) return false;
    if (this.#next === 1 && !this.#early.has(suffixId)) this.#takeEarly(suffixId);
    const { entry } = this.#backend.tables;
    let count = 0;
    entry.visit({ from: this.#next, limit: ROWS_AT_ONCE }, (key, record) => {
      count += 1;
      this.#next = key + 1;
      this.#see(key as EntryId, record);
      return true;
    });
    return count === ROWS_AT_ONCE;
  }

  #see(id: EntryId, lent: Buffer): void {
    if ((recordFlags(lent) & RecordFlag.tombstone) !== 0) return;
    if (this.#early.size > 0 && this.#early.delete(id)) return;
    const parentId = recordParentId(lent);
    if (parentId === this.#lastParent.id) {
      this.#take(id, lent, this.#lastParent.dn);
      return;
    }
    const record = copyBytes(lent);
    for (const above of this.#missingAbove(parentId)) this.#takeEarly(above);
    this.#lastParent = { id: parentId, dn: this.#dnOf(parentId) };
    this.#take(id, record, this.#lastParent.dn);
  }

  /** Ancestors that have not been taken, the highest first. */
  #missingAbove(parentId: EntryId): EntryId[] {
    const missing: EntryId[] = [];
    for (let id = parentId; id >= this.#next && !this.#early.has(id); ) {
      missing.unshift(id);
      id = recordParentId(this.#record(id));
    }
    return missing;
  }

  #takeEarly(id: EntryId): void {
    const record = this.#record(id);
    const parentDn = id === this.#suffixId ? NO_DN : this.#dnOf(recordParentId(record));
    this.#early.add(id);
    this.#take(id, record, parentDn);
  }

  #dnOf(id: EntryId): Buffer {
    if (id === this.#suffixId) return this.#suffixDn;
    const known = this.#dns.get(id);
    if (known !== undefined) return known;
    const record = this.#record(id);
    const above = this.#dnOf(recordParentId(record));
    const dn = Buffer.concat([Buffer.from(`${recordRdn(record)},`, "utf8"), above]);
    if (this.#dns.size >= DNS_MAX) this.#dns.clear();
    this.#dns.set(id, dn);
    return dn;
  }

  #record(id: EntryId): Buffer {
    const record = this.#backend.tables.entry.getCopy(id);
    assert(record !== undefined, `entry ${id} exists`);
    return record;
  }
}
