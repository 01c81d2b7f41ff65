// Searching a backend: which entries to look at. Index plans give candidate IDs; without one the tree or the whole table is
// walked. Candidates are read one by one, so a long search holds no snapshot.
import { type EntryId, type EntryView, RecordFlag, StoredEntry } from "../entry/index.ts";
import { namesObjectClass } from "../filter/index.ts";
import {
  type IndexCatalog,
  type ItemFilter,
  type Plan,
  type PlanLimits,
  planCandidates,
} from "../index/index.ts";
import type { Filter, SearchRequest } from "../protocol/index.ts";
import { formatEntryState } from "../replication/registers/index.ts";
import { wasConflict } from "../replication/urp/index.ts";
import { type Backend, type BackendReader, BackendTxn } from "../store/index.ts";
import { candidateEntry } from "./candidate-entry.ts";
import type { Candidates, SearchSource, Visibility } from "./search.ts";

/** Computed attributes that belong to the state as 389 shows it. */
const LOCAL_TYPES: ReadonlySet<string> = new Set([
  "entryid",
  "parentid",
  "entrydn",
  "dsEntryDN",
  "numSubordinates",
  "tombstoneNumSubordinates",
]);
const TOMBSTONE_CLASS = "nsTombstone";
/** Attributes by which tombstones are indexed; of objectClass, only their own class is. */
const TOMBSTONE_INDEXES: ReadonlySet<string> = new Set([
  "nsuniqueid",
  "nscpentrydn",
  "nstombstonecsn",
  "nsparentuniqueid",
]);
/** IDs fetched at a time when the whole table is walked. */
const SCAN_IDS = 512;

export class BackendSource implements SearchSource {
  readonly #backend: Backend;
  readonly #limits: PlanLimits;
  readonly substitutes: readonly EntryView[];

  /** `substitutes`: found entries that are made for this search (the update vector). */
  constructor(backend: Backend, limits: PlanLimits, substitutes: readonly EntryView[] = []) {
    this.#backend = backend;
    this.#limits = limits;
    this.substitutes = substitutes;
  }

  /** Of the backend, in lower case. */
  get name(): string {
    return this.#backend.name;
  }

  get #reader(): BackendReader {
    return this.#backend.reader;
  }

  find(normalDn: string): EntryView | undefined {
    return this.#backend.findBase(normalDn);
  }

  nearest(normalDn: string): EntryView | undefined {
    const id = this.#reader.nearest(normalDn);
    return id === undefined ? undefined : this.#reader.entry(id);
  }

  visibility(entry: EntryView): Visibility {
    if (!(entry instanceof StoredEntry)) return "tombstone";
    const { flags } = entry;
    if ((flags & RecordFlag.tombstone) !== 0) return "tombstone";
    if ((flags & RecordFlag.subentry) !== 0) return "subentry";
    return (flags & RecordFlag.referral) !== 0 ? "referral" : "plain";
  }

  referralUrls(entry: EntryView): readonly string[] {
    const type = this.#backend.schema.attributeType("ref");
    return entry.values(type).map((value) => value.toString("utf8"));
  }

  /** The entry with one more attribute: its whole state as text (conflict-resolution 3). Dear; for the root DN alone. */
  withState(entry: EntryView): EntryView {
    if (!(entry instanceof StoredEntry)) return entry;
    const { tables, descriptions } = this.#backend;
    const state = new BackendTxn(this.#backend, tables, descriptions).replicatedEntry(entry.id);
    if (state === undefined) return entry;
    const lines = formatEntryState(state);
    for (const { description, values } of entry.computed()) {
      if (!LOCAL_TYPES.has(description.text)) continue;
      for (const value of values) lines.push(`${description.text}: ${value.toString("utf8")}`);
    }
    const description = descriptions.intern("nscpEntryWSI");
    const extra = { description, values: lines.map((line) => Buffer.from(line, "utf8")) };
    return candidateEntry(entry.dn, entry.normalDn, [...entry.attributes(), extra]);
  }

  /** Whether a rename made a normal entry of what was a conflict entry. */
  wasConflict(entry: EntryView): boolean {
    const { tables, descriptions } = this.#backend;
    if (!(entry instanceof StoredEntry)) return false;
    const { structure } = new BackendTxn(this.#backend, tables, descriptions);
    return wasConflict(structure, entry.uniqueId);
  }

  candidates(base: EntryView, request: SearchRequest): Candidates {
    if (!(base instanceof StoredEntry)) return { plan: "none", unindexed: false, entries: [] };
    if (request.scope === "base") return { plan: "base", unindexed: false, entries: [base] };
    const plan = this.#plan(request.filter);
    if (request.scope === "one") return this.#oneLevel(base, plan);
    const withBase = request.scope === "sub";
    if (!plan.scan) {
      const entries = this.#fromIds(plan.ids, (entry) => this.#isBelow(base, entry, withBase));
      return { plan: plan.text, unindexed: false, entries };
    }
    const entries = base.parentId === 0 ? this.#all(base, withBase) : this.#walk(base, withBase);
    return { plan: plan.text, unindexed: true, entries };
  }

  #plan(filter: Filter): Plan {
    const { schema, indexes, tables, descriptions } = this.#backend;
    const catalog: IndexCatalog = {
      find: (type) => indexes.find(type),
      occurs: (type) => descriptions.occurs(type),
      sizes: indexes.sizes,
    };
    const limits = namesObjectClass(filter, TOMBSTONE_CLASS)
      ? { ...this.#limits, isCovered: coversTombstones }
      : this.#limits;
    return planCandidates(filter, schema, catalog, tables.index, limits);
  }

  #oneLevel(base: StoredEntry, plan: Plan): Candidates {
    if (!plan.scan && plan.ids.size <= base.childCount) {
      const entries = this.#fromIds(plan.ids, (entry) => entry.parentId === base.id);
      return { plan: plan.text, unindexed: false, entries };
    }
    return { plan: "children", unindexed: plan.scan, entries: this.#children(base.id) };
  }

  #isBelow(base: StoredEntry, entry: StoredEntry, withBase: boolean): boolean {
    if (entry.id === base.id) return withBase;
    return base.parentId === 0 || this.#reader.isAncestor(base.id, entry.parentId);
  }

  *#fromIds(ids: Iterable<number>, accept: (entry: StoredEntry) => boolean): Iterable<StoredEntry> {
    for (const id of ids) {
      const entry = this.#reader.entry(id as EntryId);
      if (entry !== undefined && accept(entry)) yield entry;
    }
  }

  *#all(base: StoredEntry, withBase: boolean): Iterable<StoredEntry> {
    for (let from = 1; ; ) {
      const ids = this.#reader.idsFrom(from, SCAN_IDS);
      yield* this.#fromIds(ids, (entry) => withBase || entry.id !== base.id);
      const last = ids.at(-1);
      if (last === undefined || ids.length < SCAN_IDS) return;
      from = last + 1;
    }
  }

  *#children(id: EntryId): Iterable<StoredEntry> {
    const ids = [...this.#reader.childIds(id, "shown"), ...this.#reader.childIds(id, "tombstones")];
    yield* this.#fromIds(ids, () => true);
  }

  *#walk(base: StoredEntry, withBase: boolean): Iterable<StoredEntry> {
    if (withBase) yield base;
    const open = [base.id];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      for (const entry of this.#children(id)) {
        yield entry;
        if (entry.childCount + entry.tombstoneChildCount > 0) open.push(entry.id);
      }
    }
  }
}

/** Whether the index of a filter item has tombstones too (see `indexedValues` of the store). */
function coversTombstones(item: ItemFilter): boolean {
  if (namesObjectClass(item, TOMBSTONE_CLASS)) return true;
  return TOMBSTONE_INDEXES.has(item.attribute?.toLowerCase() ?? "");
}
