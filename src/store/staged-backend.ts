// The set of tables that a total initialization fills beside the current one.
import type { EntryId } from "../entry/index.ts";
import type { WriteSet } from "../kv/index.ts";
import type { ReplicationEntry } from "../protocol/index.ts";
import { type UniqueId, parseUniqueId } from "../replication/change/index.ts";
import { type Ruv } from "../replication/ruv/index.ts";
import { writeGenerator, writeRuv } from "../replication/changelog/index.ts";
import type { CsnGenerator } from "../replication/csn/index.ts";
import { BaseImport, StructureReplay } from "../replication/urp/index.ts";
import type { Backend } from "./backend.ts";
import { BackendIndexes } from "./backend-indexes.ts";
import { BackendTxn, type TxnBackend } from "./backend-txn.ts";
import { putDescriptions } from "./description-table.ts";
import type { BackendTables } from "./tables.ts";

export class StagedBackend implements TxnBackend {
  readonly suffix: string;
  readonly suffixDn: string;
  readonly keepRenamed: boolean;
  readonly purgeCsn = undefined;
  readonly keepsState = true;
  readonly replay = new StructureReplay();
  readonly indexes: BackendIndexes;
  readonly set: number;
  suffixUniqueId: UniqueId | undefined;
  readonly #backend: Backend;
  readonly #tables: BackendTables;
  #nextId = 1;
  #hasCatalog = false;
  #import:
    | { readonly base: BaseImport; readonly writes: WriteSet; readonly txn: BackendTxn }
    | undefined;

  constructor(backend: Backend) {
    this.#backend = backend;
    const { set, tables } = backend.openNextSet();
    this.set = set;
    this.#tables = tables;
    this.suffix = backend.suffix;
    this.suffixDn = backend.suffixDn;
    this.keepRenamed = backend.keepRenamed;
    this.indexes = new BackendIndexes(
      backend.indexes.all.map((index) => ({ ...index, ready: true })),
    );
  }

  allotId(): EntryId {
    const id = this.#nextId as EntryId;
    this.#nextId += 1;
    return id;
  }

  writable(writes: WriteSet): BackendTables {
    return this.#backend.writableTables(writes, this.#tables);
  }

  /** Puts one entry, parents first; inside a write. */
  put(writes: WriteSet, entry: ReplicationEntry): "put" | "orphan" | "refused" {
    if (!this.#hasCatalog) {
      this.writable(writes).meta.put(Buffer.from("indexes"), this.indexes.encode());
      this.#hasCatalog = true;
    }
    const uniqueId = parseUniqueId(entry.uniqueId);
    if (uniqueId === undefined) return "refused";
    const { descriptions } = this.#backend;
    if (this.suffixUniqueId === undefined) {
      if (descriptions.schema.normalizeDnText(entry.dn) !== this.suffix) return "orphan";
      this.suffixUniqueId = uniqueId;
    }
    const { base, txn } = this.#importOf(writes);
    const imported = base.addEntry(entry);
    if (imported === undefined) return "put"; // a cenotaph, or the entry of the update vector
    txn.importEntry(imported);
    putDescriptions(this.#backend.kv, writes, descriptions.takeUnsaved());
    return "put";
  }

  putFacts(writes: WriteSet, facts: { readonly ruv: Ruv; readonly generator: CsnGenerator }): void {
    const { meta } = this.writable(writes);
    writeRuv(meta, facts.ruv);
    writeGenerator(meta, facts.generator);
  }

  /** The import state belongs to one write set; what it remembers between entries does not outlive it. */
  #importOf(writes: WriteSet): { base: BaseImport; txn: BackendTxn } {
    if (this.#import?.writes !== writes) {
      const txn = new BackendTxn(this, this.writable(writes), this.#backend.descriptions);
      this.#import = { writes, txn, base: new BaseImport(txn.structure, txn.rules) };
    }
    return this.#import;
  }
}
