// Entries with their state, tombstones too, as LDIF: values with their CSNs in options, and the update vector as an entry of its
// own behind that of the suffix.
import { parseDn } from "../dn/index.ts";
import type { StoredEntry } from "../entry/index.ts";
import { LdifWriter } from "../ldif/index.ts";
import type { ReplicatedAttribute, ReplicatedValue } from "../protocol/index.ts";
import { RUV_UNIQUE_ID } from "../replication/change/index.ts";
import { formatLastModified, formatRuv } from "../replication/ruv/index.ts";
import type { Backend } from "./backend.ts";
import { BackendTxn } from "./backend-txn.ts";
import { type LdifExportOptions, entryIdComment } from "./export-options.ts";
import { type WalkedEntry, walkTree } from "./export-walk.ts";

/** Entries read through one transaction object, which remembers what it has read. */
const ENTRIES_PER_TXN = 256;
const CSN_OPTIONS = { updated: "vucsn", deleted: "vdcsn", distinguished: "mdcsn" } as const;

export class StateExport {
  readonly writer: LdifWriter;
  readonly #backend: Backend;
  readonly #options: LdifExportOptions;
  readonly #walk: Iterator<WalkedEntry>;
  #txn: BackendTxn | undefined;
  #txnEntries = 0;
  #isFirst = true;

  constructor(backend: Backend, options: LdifExportOptions) {
    this.#backend = backend;
    this.#options = options;
    this.#walk = walkTree(backend);
    this.writer = new LdifWriter({ fold: options.wrapLines ?? true });
  }

  /** Writes an entry, unless it is left out; false: there was no more. */
  step(): boolean {
    const next = this.#walk.next();
    if (next.done === true) return false;
    const { entry, dn } = next.value;
    const { covers, onEntry, withEntryIds } = this.#options;
    if (covers?.(entry.normalDn) !== false) {
      if (withEntryIds === true) this.writer.writeText(entryIdComment(entry.id));
      this.#writeText("dn", dn);
      this.#writeState(entry);
      this.writer.writeEmptyLine();
      if (this.#isFirst) this.#writeRuv();
      onEntry?.();
    }
    this.#isFirst = false;
    return true;
  }

  /** The entry that holds the update vector, if there is one (replication-protocol 2.3). */
  #writeRuv(): void {
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
