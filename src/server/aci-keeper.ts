// Keeps the store of access rules in step with the entries that hold them: read when a backend is opened or its content replaced,
// followed after every write, forgotten when the backend goes.
//
// Rules are filed by the DN of their holder, but a rename higher up changes that DN without touching the holder. So the ID of
// each holder is remembered, and after a write that changed names every holder is looked up under its ID again.
import type { AciStore } from "../access/index.ts";
import { type EntryId, RecordFlag, type StoredEntry } from "../entry/index.ts";
import { planCandidates } from "../index/index.ts";
import type { Schema } from "../schema/index.ts";
import type { Backend } from "../store/index.ts";
import type { Log } from "../base/index.ts";

/** Entries read at a time when there is no index of holders. */
const SCAN_ENTRIES = 500;

export class AciKeeper {
  readonly #store: AciStore;
  readonly #log: Log;
  readonly #holders = new Map<Backend, Map<string, EntryId>>();

  constructor(store: AciStore, log: Log) {
    this.#store = store;
    this.#log = log;
  }

  /** The rules of an entry that lies in no backend. */
  set(normalDn: string, values: readonly Buffer[]): void {
    this.#report(this.#store.set(normalDn, values));
  }

  useSchema(schema: Schema): void {
    this.#report(this.#store.useSchema(schema));
  }

  /** Reads all rules of a backend, in place of those that were known of it. */
  load(backend: Backend): void {
    this.forget(backend);
    const holders = new Map<string, EntryId>();
    this.#holders.set(backend, holders);
    for (const entry of holdersOf(backend)) this.#setHolder(backend, holders, entry);
  }

  forget(backend: Backend): void {
    for (const holder of this.#holders.get(backend)?.keys() ?? []) this.#store.remove(holder);
    this.#holders.delete(backend);
  }

  /** Follows changes of the `aci` values of entries. */
  follow(backend: Backend, normalDns: Iterable<string>): void {
    const holders = this.#holders.get(backend);
    if (holders === undefined) return;
    for (const normalDn of normalDns) {
      const id = backend.reader.idOfDn(normalDn);
      const entry = id === undefined ? undefined : backend.reader.entry(id);
      if (holders.delete(normalDn)) this.#store.remove(normalDn);
      if (entry !== undefined) this.#setHolder(backend, holders, entry);
    }
  }

  /** Follows changes of names, of whole subtrees too. */
  followNames(backend: Backend): void {
    const holders = this.#holders.get(backend);
    if (holders === undefined) return;
    const moved: StoredEntry[] = [];
    for (const [holder, id] of holders) {
      const entry = backend.reader.entry(id);
      if (entry !== undefined && entry.normalDn === holder) continue;
      holders.delete(holder);
      this.#store.remove(holder);
      if (entry !== undefined) moved.push(entry);
    }
    for (const entry of moved) this.#setHolder(backend, holders, entry);
  }

  #setHolder(backend: Backend, holders: Map<string, EntryId>, entry: StoredEntry): void {
    const values = entry.values(backend.schema.attributeType("aci"));
    if (values.length === 0 || (entry.flags & RecordFlag.tombstone) !== 0) return;
    holders.set(entry.normalDn, entry.id);
    this.set(entry.normalDn, values);
  }

  #report(unreadable: ReturnType<AciStore["set"]>): void {
    for (const { holder, text, reason } of unreadable) {
      this.#log.warn("access.rule.unreadable", { holder, text, reason });
    }
  }
}

/** The entries that may hold rules: those of the index, or all when there is none. */
function* holdersOf(backend: Backend): Iterable<StoredEntry> {
  const { reader, schema, indexes, tables } = backend;
  const filter = { type: "present", attribute: "aci" } as const;
  const plan = planCandidates(filter, schema, indexes, tables.index);
  if (!plan.scan) {
    for (const id of plan.ids) {
      const entry = reader.entry(id as EntryId);
      if (entry !== undefined) yield entry;
    }
    return;
  }
  for (let from: number | undefined = 1; from !== undefined; ) {
    const ids: readonly EntryId[] = reader.idsFrom(from, SCAN_ENTRIES);
    for (const id of ids) yield reader.getEntry(id);
    const last: EntryId | undefined = ids.at(-1);
    from = last === undefined ? undefined : last + 1;
  }
}
