// Searching a backend: which entries to look at. Index plans give candidate IDs; without one the tree or the whole table is
// walked. Candidates are read one by one, so a long search holds no snapshot.
import { type EntryId, type EntryView, RecordFlag, StoredEntry } from "../entry/index.ts";
import { type Matcher, namesObjectClass } from "../filter/index.ts";
import { type ItemFilter, type Plan, type PlanLimits, planCandidates } from "../index/index.ts";
import { copyBytes } from "../kv/index.ts";
import type { Filter, SearchRequest } from "../protocol/index.ts";
import { formatEntryState } from "../replication/registers/index.ts";
import { wasConflict } from "../replication/urp/index.ts";
import { type Backend, type BackendReader, BackendTxn } from "../store/index.ts";
import { candidateEntry } from "./candidate-entry.ts";
import { ListedEntries } from "./listed-entries.ts";
import { RecordGate } from "./record-gate.ts";
import { scanEntries } from "./scan-entries.ts";
import { ChildrenScope, SubtreeScope } from "./scan-scope.ts";
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
/** A base with one in so many entries of the backend directly below it is searched by going through all of them. */
const SCAN_SHARE_MIN = 4;
/** Of fewer candidates most are likely to match, and would be tested twice. */
const GATED_IDS_MIN = 32;

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

  candidates(base: EntryView, request: SearchRequest, matcher: Matcher): Candidates {
    if (!(base instanceof StoredEntry)) return { unindexed: false, entries: [] };
    if (request.scope === "base") return { unindexed: false, entries: [base] };
    const plan = this.#plan(request.filter);
    if (request.scope === "one") return this.#oneLevel(base, plan, matcher);
    const withBase = request.scope === "sub";
    if (!plan.scan) {
      const accept = (entry: StoredEntry): boolean => this.#isBelow(base, entry, withBase);
      const entries = this.#fromIds(plan.ids.sorted, accept, this.#gateFor(plan, matcher));
      return { unindexed: false, entries };
    }
    const gate = this.#gate(matcher);
    const entries = this.#holdsMuch(base)
      ? scanEntries(this.#backend, new SubtreeScope(this.#backend, base, withBase), gate)
      : this.#walk(base, withBase, gate);
    return { unindexed: true, entries };
  }

  #plan(filter: Filter): Plan {
    const { schema, catalog, tables } = this.#backend;
    const limits = namesObjectClass(filter, TOMBSTONE_CLASS)
      ? { ...this.#limits, isCovered: coversTombstones }
      : this.#limits;
    return planCandidates(filter, schema, catalog, tables.index, limits);
  }

  #gate(matcher: Matcher): RecordGate {
    const { descriptions } = this.#backend;
    return new RecordGate(matcher.onRecords(descriptions), descriptions);
  }

  #gateFor(plan: Plan & { readonly scan: false }, matcher: Matcher): RecordGate | undefined {
    return plan.exact || plan.ids.size < GATED_IDS_MIN ? undefined : this.#gate(matcher);
  }

  #oneLevel(base: StoredEntry, plan: Plan, matcher: Matcher): Candidates {
    if (!plan.scan && plan.ids.size <= base.childCount) {
      const accept = (entry: StoredEntry): boolean => entry.parentId === base.id;
      const entries = this.#fromIds(plan.ids.sorted, accept, this.#gateFor(plan, matcher));
      return { unindexed: false, entries };
    }
    const gate = this.#gate(matcher);
    const entries = this.#holdsMuch(base)
      ? scanEntries(this.#backend, new ChildrenScope(base), gate)
      : this.#fromIds(this.#childIds(base.id), () => true, gate);
    return { unindexed: plan.scan, entries };
  }

  /** Whether so many entries are below the base that all of the backend are gone through faster than its tree. */
  #holdsMuch(base: StoredEntry): boolean {
    if (base.parentId === 0) return true;
    return base.childCount * SCAN_SHARE_MIN >= this.#backend.allottedIds;
  }

  #isBelow(base: StoredEntry, entry: StoredEntry, withBase: boolean): boolean {
    if (entry.id === base.id) return withBase;
    return base.parentId === 0 || this.#reader.isAncestor(base.id, entry.parentId);
  }

  /** Without a gate all pass: the IDs are those of entries that match. */
  #fromIds(
    ids: ArrayLike<number>,
    accept: (entry: StoredEntry) => boolean,
    gate: RecordGate | undefined,
  ): Iterable<StoredEntry | number> {
    return new ListedEntries(ids, gate, (id) => {
      const entry = this.#read(id, gate);
      return entry !== undefined && accept(entry) ? entry : undefined;
    });
  }

  #read(id: EntryId, gate: RecordGate | undefined): StoredEntry | undefined {
    const reader = this.#reader;
    if (gate === undefined) return reader.entry(id);
    const record = this.#backend.tables.entry.get(id);
    if (record === undefined) return undefined;
    const passes = gate.passes(record);
    if (passes === undefined) return reader.entry(id);
    return passes ? new StoredEntry(id, copyBytes(record), reader) : undefined;
  }

  #childIds(id: EntryId): readonly EntryId[] {
    return [...this.#reader.childIds(id, "shown"), ...this.#reader.childIds(id, "tombstones")];
  }

  *#walk(base: StoredEntry, withBase: boolean, gate: RecordGate): Iterable<StoredEntry | number> {
    if (withBase) yield base;
    const open = [base.id];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      for (const child of this.#childIds(id)) {
        const entry = this.#read(child, gate);
        if (gate.isDue(entry !== undefined)) yield gate.takeRefused();
        if (entry !== undefined) yield entry;
        if (this.#reader.hasChildren(child)) open.push(child);
      }
    }
    if (gate.refused > 0) yield gate.takeRefused();
  }
}

/** Whether the index of a filter item has tombstones too (see `indexedValues` of the store). */
function coversTombstones(item: ItemFilter): boolean {
  if (namesObjectClass(item, TOMBSTONE_CLASS)) return true;
  return TOMBSTONE_INDEXES.has(item.attribute?.toLowerCase() ?? "");
}
