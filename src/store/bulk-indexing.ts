// The index keys of a bulk load. They are made from records that have been committed, in the order in which the load says so, and
// collected in memory until there are many; then each list is written once, in as many transactions as the caller likes. Nothing of
// it concerns those who fill the other tables, so another thread can do it: it opens the same tables by what `IndexingStart` says
// and commits by itself. Which thread does it, and in what steps, changes no byte of what is written.
//
// Whoever collects makes sure that the newest commit is seen.
import {
  Descriptions,
  DirectoryRows,
  type EntryId,
  hasApart,
  readValues,
  recordFlags,
} from "../entry/index.ts";
import { IndexBuilder, type IsOver } from "../index/index.ts";
import type { Kv } from "../kv/index.ts";
import { type DefinitionSet, Schema } from "../schema/index.ts";
import { type BackendIndex, BackendIndexes } from "./backend-indexes.ts";
import { BackendReader } from "./backend-reader.ts";
import { indexedValues, valuesForIndex } from "./backend-writer.ts";
import { readDescriptions } from "./description-table.ts";
import { type BackendTables, openTables } from "./tables.ts";

/** Entries in one piece of work. */
export const INDEX_WORK_ENTRIES = 500;

/** Committed entries whose index keys are to be made. */
export type IndexWork =
  | {
      readonly type: "range";
      readonly first: number;
      /** Behind the last. */
      readonly end: number;
      /** Entries in it whose turn comes later. */
      readonly except: readonly number[];
    }
  | { readonly type: "entries"; readonly ids: readonly number[] };

/** What another thread needs for it; can be cloned. */
export interface IndexingStart {
  /** Of the backend, in lower case. */
  readonly backend: string;
  readonly set: number;
  /** In normal form. */
  readonly suffix: string;
  /** As `BackendIndexes.encode` has it. */
  readonly catalog: Uint8Array;
  readonly definitions: DefinitionSet;
  /** Memory of collected keys. */
  readonly bytesMax: number | undefined;
}

interface IndexingParts {
  readonly tables: BackendTables;
  readonly suffix: string;
  readonly catalog: BackendIndexes;
  readonly descriptions: Descriptions;
  readonly bytesMax: number | undefined;
}

export class BulkIndexing {
  readonly #reader: BackendReader;
  readonly #descriptions: Descriptions;
  readonly #catalog: BackendIndexes;
  readonly #builder: IndexBuilder;
  /** By number of an attribute description; "none" where its type has no index. */
  readonly #indexes: (BackendIndex | "none" | undefined)[] = [];

  constructor({ tables, suffix, catalog, descriptions, bytesMax }: IndexingParts) {
    this.#reader = new BackendReader(tables, suffix, descriptions);
    this.#descriptions = descriptions;
    this.#catalog = catalog;
    this.#builder = new IndexBuilder(bytesMax === undefined ? {} : { bytesMax });
  }

  /** For a thread with a Kv of its own. */
  static open(kv: Kv, start: IndexingStart): BulkIndexing {
    const schema = new Schema(start.definitions);
    return new BulkIndexing({
      tables: openTables(kv, start.backend, start.set),
      suffix: start.suffix,
      catalog: BackendIndexes.decode(Buffer.from(start.catalog), schema),
      descriptions: new Descriptions(schema, () => readDescriptions(kv), "reader"),
      bytesMax: start.bytesMax,
    });
  }

  /** Whether `write` is due before anything more is collected. */
  get isFull(): boolean {
    return this.#builder.isFull;
  }

  get isEmpty(): boolean {
    return this.#builder.isEmpty;
  }

  collect(work: IndexWork): void {
    this.#descriptions.reload(); // looking one up later would spoil a record that is lent
    if (work.type === "entries") {
      for (const id of work.ids) this.#collectEntry(id as EntryId);
      return;
    }
    const except = new Set(work.except);
    const large: number[] = [];
    this.#reader.tables.entry.visit({ from: work.first, to: work.end }, (id, record) => {
      if (hasApart(record)) large.push(id);
      else if (!except.has(id)) this.#collectRecord(id, record);
      return true;
    });
    for (const id of large) if (!except.has(id)) this.#collectEntry(id as EntryId);
  }

  /** Writes what is collected, until `isOver`; whether there is more. Inside a transaction. */
  write(isOver: IsOver): boolean {
    return this.#builder.flushSome(this.#reader.tables.index, isOver);
  }

  #collectEntry(id: EntryId): void {
    const entry = this.#reader.entry(id);
    if (entry === undefined) return;
    for (const index of this.#catalog.all) {
      this.#builder.add(index, id, indexedValues(entry, index));
    }
  }

  /** The same of a record in which all values lie. */
  #collectRecord(id: number, record: Buffer): void {
    const flags = recordFlags(record);
    for (const rows = new DirectoryRows(record); rows.next(); ) {
      const index = this.#indexOf(rows.descriptionId);
      if (index === "none") continue;
      const values = valuesForIndex(flags, index.type.key, readValues(record, rows.start));
      this.#builder.add(index, id, values);
    }
  }

  #indexOf(descriptionId: number): BackendIndex | "none" {
    const known = this.#indexes[descriptionId];
    if (known !== undefined) return known;
    const found = this.#catalog.find(this.#descriptions.get(descriptionId).type) ?? "none";
    this.#indexes[descriptionId] = found;
    return found;
  }
}

/** Which entries of a load wait for their index keys. */
export class IndexBacklog {
  /** The first ID that has not been handed out. */
  #next = 1;
  /** Their places are decided by the structure rules: they may look otherwise until everything is there. */
  readonly #late = new Set<EntryId>();

  /** Whether all entries below `end` have been handed out. */
  isEmptyBelow(end: number): boolean {
    return this.#next >= end && this.#late.size === 0;
  }

  noteLate(id: EntryId): void {
    this.#late.add(id);
  }

  /** The entries below `end` that have not been handed out, all of which are committed. */
  take(end: number): IndexWork[] {
    const work: IndexWork[] = [];
    for (; this.#next < end; this.#next = Math.min(this.#next + INDEX_WORK_ENTRIES, end)) {
      const first = this.#next;
      const pieceEnd = Math.min(first + INDEX_WORK_ENTRIES, end);
      const except: number[] = [];
      for (let id = first; id < pieceEnd; id += 1) {
        if (this.#late.has(id as EntryId)) except.push(id);
      }
      if (except.length < pieceEnd - first)
        work.push({ type: "range", first, end: pieceEnd, except });
    }
    return work;
  }

  /** Those that were left out, as they are now. */
  takeLate(): IndexWork[] {
    const ids = [...this.#late];
    this.#late.clear();
    const work: IndexWork[] = [];
    for (let at = 0; at < ids.length; at += INDEX_WORK_ENTRIES) {
      work.push({ type: "entries", ids: ids.slice(at, at + INDEX_WORK_ENTRIES) });
    }
    return work;
  }
}
