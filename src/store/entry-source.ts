// Entries of a backend with all their state, parents first: for a total initialization and for replica LDIF.
//
// No snapshot is held: an initialization of a large suffix takes long, and an old reader makes the database grow. Entries are
// read one by one from the newest commit; what changes meanwhile is sent again by the incremental session that follows,
// because the receiver's RUV is the one from before the first entry. One thing would be lost that way: an entry that moves from
// a part of the tree that has not been visited to one that has. Therefore all entries are gone through once more at the end,
// and those that were missed follow.
import type { EntryId } from "../entry/index.ts";
import type { ReplicationEntry } from "../protocol/index.ts";
import type { Backend } from "./backend.ts";
import { BackendTxn } from "./backend-txn.ts";

/** IDs read at a time in the second pass. */
const SECOND_PASS_IDS = 1_000;

export class BackendEntrySource {
  readonly #backend: Backend;
  readonly #sent = new Set<EntryId>();

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Entries and tombstones that there are. */
  get entriesEstimate(): number {
    return this.#backend.tables.entry.count();
  }

  suffixEntry(): ReplicationEntry | undefined {
    const id = this.#backend.reader.suffixId;
    return id === undefined ? undefined : this.#take(id);
  }

  /** All but the suffix entry. */
  *entriesInTreeOrder(): Iterable<ReplicationEntry> {
    const suffixId = this.#backend.reader.suffixId;
    if (suffixId === undefined) return;
    this.#sent.add(suffixId);
    const open: EntryId[] = [suffixId];
    for (let id = open.shift(); id !== undefined; id = open.shift()) {
      for (const child of this.#children(id)) {
        const entry = this.#take(child);
        if (entry === undefined) continue;
        yield entry;
        open.push(child);
      }
    }
    for (let from = 1; ; ) {
      const ids = this.#backend.reader.idsFrom(from, SECOND_PASS_IDS);
      for (const id of ids) yield* this.#withAncestors(id);
      const last = ids.at(-1);
      if (last === undefined) return;
      from = last + 1;
    }
  }

  #children(id: EntryId): EntryId[] {
    const { reader } = this.#backend;
    reader.forgetNames();
    return [...reader.childIds(id, "shown"), ...reader.childIds(id, "tombstones")];
  }

  *#withAncestors(id: EntryId): Iterable<ReplicationEntry> {
    if (this.#sent.has(id)) return;
    const parentId = this.#backend.reader.entry(id)?.parentId;
    if (parentId === undefined) return;
    if (parentId !== 0) yield* this.#withAncestors(parentId);
    const entry = this.#take(id);
    if (entry !== undefined) yield entry;
  }

  #take(id: EntryId): ReplicationEntry | undefined {
    if (this.#sent.has(id)) return undefined;
    this.#sent.add(id);
    const { tables, descriptions } = this.#backend;
    return new BackendTxn(this.#backend, tables, descriptions).replicatedEntry(id);
  }
}
