// A small tree of entries in memory that are all there at once: cn=monitor, the subschema, the root DSE. Built anew for each
// search, so its values belong to one moment.
import type { ConfigEntry } from "./config-entry.ts";
import { parentOf } from "./entry-kind.ts";

export class EntrySet {
  readonly #entries: ReadonlyMap<string, ConfigEntry>;

  /** Parents before children. */
  constructor(entries: Iterable<ConfigEntry>) {
    this.#entries = new Map(Array.from(entries, (entry) => [entry.normalDn, entry]));
  }

  find(normalDn: string): ConfigEntry | undefined {
    return this.#entries.get(normalDn);
  }

  has(normalDn: string): boolean {
    return this.#entries.has(normalDn);
  }

  *children(normalDn: string): IterableIterator<ConfigEntry> {
    for (const entry of this.#entries.values()) {
      if (entry.normalDn !== normalDn && parentOf(entry.normalDn) === normalDn) yield entry;
    }
  }

  /** The entry itself and all below it, parents first. */
  *subtree(normalDn: string): IterableIterator<ConfigEntry> {
    const entry = this.find(normalDn);
    if (entry === undefined) return;
    yield entry;
    for (const child of this.children(normalDn)) yield* this.subtree(child.normalDn);
  }
}
