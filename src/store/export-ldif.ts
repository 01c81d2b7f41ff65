// A backend as LDIF (RFC 2849), parents before children. Plain: what is shown, as 389's db2ldif writes it. With state: values
// with their CSNs in options, deleted values, tombstones, and the entry with the update vector behind that of the suffix, so
// that the file starts a replica, here or on 389 (db2ldif -r; conflict-resolution 3).
//
// The content is that of one moment if the whole generator is run within one turn of the event loop (see export-snapshot.ts).
// Otherwise entries are as they are when their turn comes; with state that is harmless as long as the update vector is from
// before (changes come again and are no news), but an entry may be missed or come before its parent.
import { parseDn } from "../dn/index.ts";
import { type DirectoryRow, type StoredEntry, forEachStoredValue } from "../entry/index.ts";
import { LdifWriter } from "../ldif/index.ts";
import type { ReplicatedAttribute, ReplicatedValue } from "../protocol/index.ts";
import { RUV_UNIQUE_ID } from "../replication/change/index.ts";
import { formatLastModified, formatRuv } from "../replication/ruv/index.ts";
import type { Backend } from "./backend.ts";
import { BackendTxn } from "./backend-txn.ts";
import { type WalkedEntry, walkTree } from "./export-walk.ts";

/** Bytes after which a piece is handed out. */
const PIECE_BYTES = 256 * 1024;
/** Entries read through one transaction object, which remembers what it has read. */
const ENTRIES_PER_TXN = 256;
const CSN_OPTIONS = { updated: "vucsn", deleted: "vdcsn", distinguished: "mdcsn" } as const;
const UNIQUE_ID_KEY = "nsuniqueid";

export interface LdifExportOptions {
  readonly withState: boolean;
  readonly wrapLines?: boolean;
  readonly withVersionLine?: boolean;
  readonly withUniqueIds?: boolean;
  /** A comment with the ID before each entry. */
  readonly withEntryIds?: boolean;
  /** Which entries are meant, by normal DN; all unless given. */
  readonly covers?: (normalDn: string) => boolean;
  /** Called for each entry that is written. */
  readonly onEntry?: () => void;
}

/** Pieces of the file. */
export function* exportLdif(backend: Backend, options: LdifExportOptions): Generator<Buffer> {
  const run = new LdifExport(backend, options);
  if (options.withVersionLine ?? true) run.writer.writeVersion();
  let isFirst = true;
  for (const walked of walkTree(backend, options.withState ? "all" : "shown")) {
    if (options.covers?.(walked.entry.normalDn) !== false) {
      run.write(walked);
      if (isFirst && options.withState) run.writeRuv();
      options.onEntry?.();
    }
    isFirst = false;
    if (run.writer.length >= PIECE_BYTES) yield run.writer.take();
  }
  if (run.writer.length > 0) yield run.writer.take();
}

class LdifExport {
  readonly writer: LdifWriter;
  readonly #backend: Backend;
  readonly #options: LdifExportOptions;
  /** By number of the description. */
  readonly #names = new Map<number, Buffer>();
  #txn: BackendTxn | undefined;
  #txnEntries = 0;

  constructor(backend: Backend, options: LdifExportOptions) {
    this.#backend = backend;
    this.#options = options;
    this.writer = new LdifWriter({ fold: options.wrapLines ?? true });
  }

  write({ entry, dn }: WalkedEntry): void {
    if (this.#options.withEntryIds === true) this.writer.writeComment(`entry-id: ${entry.id}`);
    this.#writeText("dn", dn);
    if (this.#options.withState) this.#writeState(entry);
    else this.#writePlain(entry);
    this.writer.writeEmptyLine();
  }

  /** The entry that holds the update vector, if there is one (replication-protocol 2.3). */
  writeRuv(): void {
    const { suffixDn } = this.#backend;
    const { ruv } = this.#backend.committed;
    if (ruv === undefined) return;
    this.#writeText("dn", `nsuniqueid=${RUV_UNIQUE_ID},${suffixDn}`);
    for (const name of ["top", "nsTombstone", "extensibleobject"])
      this.#writeText("objectClass", name);
    this.#writeText("nsUniqueId", RUV_UNIQUE_ID);
    for (const value of formatRuv(ruv)) this.#writeText("nsds50ruv", value);
    for (const value of formatLastModified(ruv)) this.#writeText("nsruvReplicaLastModified", value);
    const leaf = parseDn(suffixDn)[0] ?? [];
    for (const { type, value } of leaf) this.writer.writeValue(type, value);
    this.#writeText("nscpEntryDN", this.#backend.suffix);
    this.writer.writeEmptyLine();
  }

  #writePlain(entry: StoredEntry): void {
    const { record } = entry;
    for (const rows = entry.rows(); rows.next(); ) {
      const name = this.#nameOf(entry, rows);
      if (name === undefined) continue;
      forEachStoredValue(record, rows.start, (start, end) => {
        this.writer.writeRange(name, record, start, end);
      });
    }
  }

  /** The text of an attribute description; undefined: it is left out. */
  #nameOf(entry: StoredEntry, row: DirectoryRow): Buffer | undefined {
    const known = this.#names.get(row.descriptionId);
    if (known !== undefined) return known;
    const { key, text } = entry.description(row);
    if (key === UNIQUE_ID_KEY && this.#options.withUniqueIds === false) return undefined;
    const name = Buffer.from(text, "latin1");
    this.#names.set(row.descriptionId, name);
    return name;
  }

  #writeState(entry: StoredEntry): void {
    const state = this.#transaction().replicatedEntry(entry.id);
    for (const attribute of state?.attributes ?? []) {
      attribute.values.forEach((value, index) => {
        this.writer.writeValue(stateDescription(attribute, value, index), value.value);
      });
    }
    this.#writeText("nsUniqueId", entry.uniqueId);
  }

  #transaction(): BackendTxn {
    this.#txnEntries += 1;
    if (this.#txn === undefined || this.#txnEntries > ENTRIES_PER_TXN) {
      this.#txn = new BackendTxn(this.#backend, this.#backend.tables, this.#backend.descriptions);
      this.#txnEntries = 1;
    }
    return this.#txn;
  }

  #writeText(name: string, value: string): void {
    this.writer.writeValue(name, Buffer.from(value, "utf8"));
  }
}

/** The attribute description of one value with the options that carry its state. */
function stateDescription(
  { type, deletionCsn, deleted }: ReplicatedAttribute,
  value: ReplicatedValue,
  index: number,
): string {
  let text = type;
  if (index === 0 && deletionCsn !== undefined) text += `;adcsn-${deletionCsn}`;
  for (const { kind, csn } of value.csns) text += `;${CSN_OPTIONS[kind]}-${csn}`;
  if (deleted) text += ";deletedattribute";
  if (value.deleted) text += ";deleted";
  return text;
}
