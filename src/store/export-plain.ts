// What is shown of a backend, as LDIF: bytes go from where they lie in the records to where the lines are put together.
import {
  type EntryId,
  RDN_START,
  StoredEntry,
  forEachStoredValue,
  hasApart,
  joinRecord,
  recordRdnBytes,
} from "../entry/index.ts";
import { copyBytes } from "../kv/index.ts";
import { LdifWriter, type LinePart, lineHead, linePart } from "../ldif/index.ts";
import type { Backend } from "./backend.ts";
import type { LdifExportOptions } from "./export-options.ts";
import { ShownRows } from "./export-rows.ts";

const UNIQUE_ID_KEY = "nsuniqueid";
const DN_NAME = "dn";
const DN_HEAD = lineHead(DN_NAME);
const COMMA = Buffer.from(",");

export class PlainExport {
  readonly writer: LdifWriter;
  readonly #backend: Backend;
  readonly #options: LdifExportOptions;
  readonly #rows: ShownRows;
  /** By number of the description; null: it is left out. */
  readonly #heads: (LinePart | null)[] = [];
  #parentDn: Buffer = COMMA;
  #afterRdn = linePart(COMMA);

  constructor(backend: Backend, options: LdifExportOptions) {
    this.#backend = backend;
    this.#options = options;
    this.#rows = new ShownRows(backend, (id, record, parentDn) => this.#take(id, record, parentDn));
    this.writer = new LdifWriter({ fold: options.wrapLines ?? true });
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
    if (withEntryIds === true) this.writer.writeComment(`entry-id: ${id}`);
    this.writer.lookInto(record);
    this.#writeDn(record, parentDn);
    forEachStoredValue(record, this.#writeValue);
    this.writer.writeEmptyLine();
    onEntry?.();
  }

  #writeDn(record: Buffer, parentDn: Buffer): void {
    const { writer } = this;
    if (parentDn.length === 0) {
      writer.writeValue(DN_NAME, Buffer.from(this.#backend.suffixDn, "utf8"));
      return;
    }
    if (parentDn !== this.#parentDn) {
      this.#parentDn = parentDn;
      this.#afterRdn = linePart(Buffer.concat([COMMA, parentDn]));
    }
    writer.writeRange(DN_HEAD, RDN_START, RDN_START + recordRdnBytes(record), this.#afterRdn);
  }

  readonly #writeValue = (descriptionId: number, start: number, end: number): void => {
    const head = this.#heads[descriptionId] ?? this.#findHead(descriptionId);
    if (head !== null) this.writer.writeRange(head, start, end);
  };

  #findHead(descriptionId: number): LinePart | null {
    const known = this.#heads[descriptionId];
    if (known !== undefined) return known;
    const { key, text } = this.#backend.descriptions.get(descriptionId);
    const isLeftOut = key === UNIQUE_ID_KEY && this.#options.withUniqueIds === false;
    const head = isLeftOut ? null : lineHead(text);
    this.#heads[descriptionId] = head;
    return head;
  }
}
