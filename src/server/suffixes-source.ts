// Searching more than one suffix at a time: below a base there may be suffixes that other backends hold, and below the root DSE
// there are all of them (389: a subtree search from the empty DN looks at every suffix).
//
// The source of the base comes first, then each suffix below the base from its own entry down. A suffix that other servers
// hold gives continuation references; one that is disabled gives nothing. The children of the root DSE are the outermost suffixes.
import type { EntryView } from "../entry/index.ts";
import type { Matcher } from "../filter/index.ts";
import {
  BackendSource,
  type Candidates,
  type SearchSource,
  type Visibility,
  candidateEntry,
} from "../operation/index.ts";
import type { SearchRequest } from "../protocol/index.ts";
import { normalParent } from "../schema/index.ts";

/** A suffix below the base of a search. */
export interface NestedSuffix {
  readonly dn: string;
  readonly normalDn: string;
  /** Where its entries are, or the servers that have them. */
  readonly held: BackendSource | { readonly urls: readonly string[] };
}

export class SuffixesSource implements SearchSource {
  readonly top: SearchSource;
  readonly #nested: readonly NestedSuffix[];
  /** Which source an entry came from, where that is not the source of the base. */
  readonly #origins = new WeakMap<
    EntryView,
    BackendSource | { readonly urls: readonly string[] }
  >();

  constructor(top: SearchSource, nested: readonly NestedSuffix[]) {
    this.top = top;
    this.#nested = nested;
  }

  find(normalDn: string): EntryView | undefined {
    return this.top.find(normalDn);
  }

  nearest(normalDn: string): EntryView | undefined {
    return this.top.nearest(normalDn);
  }

  visibility(entry: EntryView): Visibility {
    const origin = this.#origins.get(entry);
    if (origin === undefined) return this.top.visibility(entry);
    return "urls" in origin ? "referral" : origin.visibility(entry);
  }

  referralUrls(entry: EntryView): readonly string[] {
    const origin = this.#origins.get(entry);
    if (origin === undefined) return this.top.referralUrls(entry);
    return "urls" in origin ? origin.urls : origin.referralUrls(entry);
  }

  /** The backend that holds a found entry; undefined: none does. */
  holderOf(entry: EntryView): BackendSource | undefined {
    const origin = this.#origins.get(entry) ?? this.top;
    return origin instanceof BackendSource ? origin : undefined;
  }

  candidates(base: EntryView, request: SearchRequest, matcher: Matcher): Candidates {
    const parts: Candidates[] = [];
    // The root DSE is found by searches for itself alone (RFC 4512 §5.1).
    if (base.normalDn !== "" || request.scope === "base") {
      parts.push(this.top.candidates(base, request, matcher));
    }
    for (const nested of this.#nested) {
      if (!this.#isInScope(nested, base, request)) continue;
      const part = this.#candidatesOf(nested, request, matcher);
      if (part !== undefined) parts.push(part);
    }
    return {
      unindexed: parts.some(({ unindexed }) => unindexed),
      entries: concatenate(parts),
    };
  }

  #candidatesOf(
    nested: NestedSuffix,
    request: SearchRequest,
    matcher: Matcher,
  ): Candidates | undefined {
    const { held } = nested;
    if ("urls" in held) {
      const entry = candidateEntry(nested.dn, nested.normalDn, []);
      return { unindexed: false, entries: this.#marked([entry], held) };
    }
    const top = held.find(nested.normalDn);
    if (top === undefined) return undefined;
    const scope = request.scope === "one" ? "base" : "sub";
    const { unindexed, entries } = held.candidates(top, { ...request, scope }, matcher);
    return { unindexed, entries: this.#marked(entries, held) };
  }

  #isInScope(nested: NestedSuffix, base: EntryView, request: SearchRequest): boolean {
    const isBelow = base.normalDn === "" || nested.normalDn.endsWith(`,${base.normalDn}`);
    if (request.scope === "base" || !isBelow) return false;
    if (request.scope !== "one") return true;
    return base.normalDn === ""
      ? !this.#nested.some((outer) => nested.normalDn.endsWith(`,${outer.normalDn}`))
      : normalParent(nested.normalDn) === base.normalDn;
  }

  *#marked(
    entries: Iterable<EntryView | number>,
    origin: BackendSource | { readonly urls: readonly string[] },
  ): Iterable<EntryView | number> {
    for (const entry of entries) {
      if (typeof entry !== "number") this.#origins.set(entry, origin);
      yield entry;
    }
  }
}

function* concatenate(parts: readonly Candidates[]): Iterable<EntryView | number> {
  for (const { entries } of parts) yield* entries;
}
