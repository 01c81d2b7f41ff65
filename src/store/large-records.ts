// The last few records with an attribute of very many values, as operations have left them, with what is known of these values:
// their number and their normal forms, which nobody wants to make anew for each member that is added. A record is taken only
// instead of one with the same bytes, and what it says of values that lie apart is numbers that are given once. So nothing that is
// kept here can be out of date: discarded operations, imports and reloads leave at most something that nobody finds any more. What
// it knows of normal forms holds for the very types that they were made with.
import { type EntryId, type LargeAttributes, hasApart } from "../entry/index.ts";
import { type Bytes, sameBytes } from "../kv/index.ts";

/** About what is kept of a value that lies apart. */
const VALUE_BYTES = 20;
/** Of all records together. */
const RECORD_BYTES_MAX = 32 * 1024 * 1024;
const RECORDS_MAX = 256;

export interface LargeRecord {
  readonly record: Buffer;
  readonly attributes: LargeAttributes;
}

export class LargeRecords {
  /** The one used last stands last. */
  readonly #records = new Map<EntryId, LargeRecord>();
  #bytes = 0;

  has(id: EntryId): boolean {
    return this.#records.has(id);
  }

  /** What is known of the record of this entry, which is `bytes` now. */
  find(id: EntryId, bytes: Bytes): LargeRecord | undefined {
    const known = this.#records.get(id);
    if (known === undefined) return undefined;
    this.#forget(id, known);
    if (!sameBytes(bytes, known.record)) return undefined;
    this.#put(id, known);
    return known;
  }

  keep(id: EntryId, record: Buffer, attributes: LargeAttributes): void {
    const old = this.#records.get(id);
    if (old !== undefined) this.#forget(id, old);
    this.#put(id, { record, attributes });
    for (const [other, known] of this.#records) {
      if (this.#bytes <= RECORD_BYTES_MAX && this.#records.size <= RECORDS_MAX) break;
      this.#forget(other, known);
    }
  }

  clear(): void {
    this.#records.clear();
    this.#bytes = 0;
  }

  #put(id: EntryId, known: LargeRecord): void {
    this.#records.set(id, known);
    this.#bytes += bytesOf(known);
  }

  #forget(id: EntryId, known: LargeRecord): void {
    this.#records.delete(id);
    this.#bytes -= bytesOf(known);
  }
}

function bytesOf({ record, attributes }: LargeRecord): number {
  if (!hasApart(record)) return record.length;
  let values = 0;
  for (const { pieces } of attributes.values()) {
    for (const { knownCount } of pieces) values += knownCount ?? 0;
  }
  return record.length + VALUE_BYTES * values;
}
