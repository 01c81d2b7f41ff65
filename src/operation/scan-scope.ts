// Scopes of searches that go through all entries of a backend.
import type { EntryId, StoredEntry } from "../entry/index.ts";
import type { Backend } from "../store/index.ts";
import type { ScanScope } from "./scan-entries.ts";

/** The children of the base. */
export class ChildrenScope implements ScanScope {
  readonly #baseId: EntryId;

  constructor(base: StoredEntry) {
    this.#baseId = base.id;
  }

  renew(): void {}

  tell(_id: EntryId, parentId: EntryId): boolean {
    return parentId === this.#baseId;
  }

  find(id: EntryId, parentId: EntryId): boolean {
    return this.tell(id, parentId);
  }
}

/** What is below the base, and the base itself if it is wanted. */
export class SubtreeScope implements ScanScope {
  readonly #backend: Backend;
  readonly #baseId: EntryId;
  readonly #isSuffix: boolean;
  readonly #withBase: boolean;
  /** Whether what is below these parents is meant. */
  readonly #parents = new Map<EntryId, boolean>();

  constructor(backend: Backend, base: StoredEntry, withBase: boolean) {
    this.#backend = backend;
    this.#baseId = base.id;
    this.#isSuffix = base.parentId === 0;
    this.#withBase = withBase;
  }

  renew(): void {
    this.#parents.clear();
  }

  tell(id: EntryId, parentId: EntryId): boolean | undefined {
    if (id === this.#baseId) return this.#withBase;
    return this.#isSuffix || parentId === this.#baseId || this.#parents.get(parentId);
  }

  find(id: EntryId, parentId: EntryId): boolean {
    if (id === this.#baseId) return this.#withBase;
    if (this.#isSuffix) return true;
    const isBelow = this.#backend.reader.isAncestor(this.#baseId, parentId);
    this.#parents.set(parentId, isBelow);
    return isBelow;
  }
}
