// Names of entries by ID and IDs by name, as far as they have been asked for. Only entries that are parents are worth it:
// they are asked for again and again.
//
// A backend has two: one for readers of the committed state, one for operations, which run one after the other and see what
// the last one left. An operation uses the second as long as it has changed nothing (backend-writer.ts).
import type { EntryId, EntryNames } from "../entry/index.ts";
import { NameHints } from "./name-hints.ts";

/** Names kept in each direction. */
export const NAME_CACHE_MAX = 50_000;

/** Names of which the bytes are made when they are asked for. */
export class MadeNames implements EntryNames {
  readonly dn: string;
  readonly normalDn: string;
  #dnBytes: Buffer | undefined;

  constructor(dn: string, normalDn: string) {
    this.dn = dn;
    this.normalDn = normalDn;
  }

  get dnBytes(): Buffer {
    this.#dnBytes ??= Buffer.from(this.dn, "utf8");
    return this.#dnBytes;
  }
}

export class NameCache {
  readonly #names = new Map<EntryId, EntryNames>();
  readonly #ids = new Map<string, EntryId>();
  #hints: NameHints | undefined;

  /** Of children, which are not parents themselves. */
  get hints(): NameHints {
    this.#hints ??= new NameHints();
    return this.#hints;
  }

  names(id: EntryId): EntryNames | undefined {
    return this.#names.get(id);
  }

  keepNames(id: EntryId, names: EntryNames): void {
    if (this.#names.size >= NAME_CACHE_MAX) this.#names.clear();
    this.#names.set(id, names);
  }

  idOf(normalDn: string): EntryId | undefined {
    return this.#ids.get(normalDn);
  }

  keepId(normalDn: string, id: EntryId): void {
    if (this.#ids.size >= NAME_CACHE_MAX) this.#ids.clear();
    this.#ids.set(normalDn, id);
  }

  /** After a rename, delete or import: names may have changed. */
  forget(): void {
    this.#names.clear();
    this.#ids.clear();
  }
}
