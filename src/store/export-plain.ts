// What is shown of a backend, as LDIF: bytes go from where they lie in the records to where the lines are put together.
import { type EntryId, StoredEntry, hasApart, joinRecord } from "../entry/index.ts";
import { StorageError, copyBytes } from "../kv/index.ts";
import type { Backend } from "./backend.ts";
import { type LdifExportOptions, entryIdComment } from "./export-options.ts";
import { ShownRows } from "./export-rows.ts";
import { RecordLines } from "./record-lines.ts";

const UNIQUE_ID_KEY = "nsuniqueid";
const COMMA = Buffer.from(",");
const NOTHING: Buffer = Buffer.alloc(0);

export class PlainExport {
  readonly writer: RecordLines;
  readonly #backend: Backend;
  readonly #options: LdifExportOptions;
  readonly #rows: ShownRows;
  #parentDn: Buffer | undefined;
  #afterRdn = NOTHING;

  constructor(backend: Backend, options: LdifExportOptions) {
    this.#backend = backend;
    this.#options = options;
    this.#rows = new ShownRows(backend, (id, record, parentDn) => this.#take(id, record, parentDn));
    this.writer = new RecordLines(options.wrapLines ?? true, (id) => this.#headOf(id));
  }

  /** Writes some entries; false: there were no more. */
  step(): boolean {
    return this.#rows.step();
  }

  #take(id: EntryId, lent: Buffer, parentDn: Buffer): void {
    const { covers, onEntry, withEntryIds } = this.#options;
    let record = lent;
    if (covers !== undefined) {
      record = copyBytes(lent);
      if (!covers(new StoredEntry(id, record, this.#backend.reader).normalDn)) return;
    }
    if (hasApart(record)) record = joinRecord(copyBytes(record), this.#backend.reader);
    if (withEntryIds === true) this.writer.writeText(entryIdComment(id));
    try {
      this.writer.writeRecord(record, this.#findAfterRdn(parentDn));
    } catch (cause) {
      throw new StorageError(`Entry ${id} of ${this.#backend.name} cannot be read`, { cause });
    }
    onEntry?.();
  }

  /** The RDN of the suffix entry is its whole name. */
  #findAfterRdn(parentDn: Buffer): Buffer {
    if (parentDn !== this.#parentDn) {
      this.#parentDn = parentDn;
      this.#afterRdn = parentDn.length === 0 ? NOTHING : Buffer.concat([COMMA, parentDn]);
    }
    return this.#afterRdn;
  }

  #headOf(descriptionId: number): Buffer {
    const { key, text } = this.#backend.descriptions.get(descriptionId);
    const isLeftOut = key === UNIQUE_ID_KEY && this.#options.withUniqueIds === false;
    return isLeftOut ? NOTHING : Buffer.from(`${text}: `, "latin1");
  }
}
