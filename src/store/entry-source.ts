// Entries of a backend with all their state as 389 has it, parents first: for a total initialization and for replica LDIF. To
// another Concord it goes in a richer form, see state-source.ts.
import type { EntryId } from "../entry/index.ts";
import type { ReplicationEntry } from "../protocol/index.ts";
import type { Backend } from "./backend.ts";
import { BackendTxn } from "./backend-txn.ts";
import { type WalkedEntries, walkEntries } from "./entry-walk.ts";

/** IDs read at a time in the second pass. */
const SECOND_PASS_IDS = 1_000;

export class BackendEntrySource implements WalkedEntries<ReplicationEntry> {
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
    return id === undefined ? undefined : this.take(id);
  }

  /** All but the suffix entry. */
  *entriesInTreeOrder(): Iterable<ReplicationEntry> {
    const suffixId = this.#backend.reader.suffixId;
    if (suffixId === undefined) return;
    this.#sent.add(suffixId);
    yield* walkEntries(this, suffixId);
  }

  isTaken(id: EntryId): boolean {
    return this.#sent.has(id);
  }

  take(id: EntryId): ReplicationEntry | undefined {
    this.#sent.add(id);
    const { tables, descriptions } = this.#backend;
    return new BackendTxn(this.#backend, tables, descriptions).replicatedEntry(id);
  }

  parentId(id: EntryId): EntryId | undefined {
    return this.#backend.reader.entry(id)?.parentId;
  }

  children(id: EntryId): readonly EntryId[] {
    const { reader } = this.#backend;
    reader.forgetNames();
    return [...reader.childIds(id, "shown"), ...reader.childIds(id, "tombstones")];
  }

  hasChildren(id: EntryId): boolean {
    return this.#backend.reader.hasChildren(id);
  }

  *all(): Iterable<readonly EntryId[]> {
    for (let from = 1; ; ) {
      const ids = this.#backend.reader.idsFrom(from, SECOND_PASS_IDS);
      yield ids;
      const last = ids.at(-1);
      if (last === undefined) return;
      from = last + 1;
    }
  }
}
