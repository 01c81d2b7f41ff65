// Searching entries that are all in memory: cn=config, cn=monitor, cn=schema, the root DSE.
import type { EntryView } from "../entry/index.ts";
import type { Candidates, SearchSource, Visibility } from "../operation/index.ts";
import type { SearchRequest } from "../protocol/index.ts";
import { normalParent } from "../schema/index.ts";

export interface MemoryTree {
  find(normalDn: string): EntryView | undefined;
  children(normalDn: string): Iterable<EntryView>;
  /** The entry itself and all below it. */
  subtree(normalDn: string): Iterable<EntryView>;
}

export class MemorySource implements SearchSource {
  readonly #tree: MemoryTree;

  constructor(tree: MemoryTree) {
    this.#tree = tree;
  }

  find(normalDn: string): EntryView | undefined {
    return this.#tree.find(normalDn);
  }

  nearest(normalDn: string): EntryView | undefined {
    for (let dn = normalParent(normalDn); dn !== undefined && dn !== ""; dn = normalParent(dn)) {
      const entry = this.#tree.find(dn);
      if (entry !== undefined) return entry;
    }
    return undefined;
  }

  visibility(): Visibility {
    return "plain";
  }

  referralUrls(): readonly string[] {
    return [];
  }

  candidates(base: EntryView, request: SearchRequest): Candidates {
    return { unindexed: false, entries: this.#entries(base, request) };
  }

  *#entries(base: EntryView, request: SearchRequest): Iterable<EntryView> {
    switch (request.scope) {
      case "base":
        yield base;
        break;
      case "one":
        yield* this.#tree.children(base.normalDn);
        break;
      case "sub":
        yield* this.#tree.subtree(base.normalDn);
        break;
      case "subordinate":
        for (const entry of this.#tree.subtree(base.normalDn)) {
          if (entry.normalDn !== base.normalDn) yield entry;
        }
    }
  }
}

/** A tree of one entry. */
export const singleEntry = (entry: EntryView): MemoryTree => ({
  find: (normalDn) => (normalDn === entry.normalDn ? entry : undefined),
  children: () => [],
  subtree: () => [entry],
});
