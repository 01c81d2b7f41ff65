// From a filter to candidates: which entries a search has to look at. The caller tests every candidate with the whole filter,
// so a plan may hold too many but never too few.
//
//   item            its index list (plan-leaf.ts); an item that is Undefined for all entries: none
//   AND             the smallest list, narrowed by the others until few are left; parts without index are ignored
//   OR              the union; one part without index makes it a scan
//   NOT             a scan: what does not match a list is nearly everything, and Undefined matches neither way
//
// A list of more than `idsMax` IDs counts as all entries (389: nsslapd-idlistscanlimit, ALLIDS). Approximate match is equality,
// as in the filter room (389 compares sounds).

import type { BytesTable } from "../kv/index.ts";
import type { Filter } from "../protocol/index.ts";
import type { Schema } from "../schema/index.ts";
import { IdList } from "./id-list.ts";
import { ENOUGH_IDS_MAX, PLAN_TEXT_PARTS_MAX } from "./limits.ts";
import {
  findItemType,
  type IndexCatalog,
  type ItemFilter,
  planItem,
  planRange,
} from "./plan-leaf.ts";
import {
  ALL,
  type All,
  KnownSource,
  type NamedSource,
  nothing,
  UnionSource,
} from "./plan-source.ts";

export type Plan =
  | {
      readonly scan: false;
      /** Every entry that matches, and perhaps others. */
      readonly ids: IdList;
      /** Whether each of them matches, as far as indexes know (rights and scope apart). */
      readonly exact: boolean;
      /** How they were found, such as `eq(uid)=1`; made when it is asked for. */
      readonly text: string;
    }
  | { readonly scan: true; readonly text: "unindexed" };

export interface PlanLimits {
  /** IDs in a list that is still used; undefined or 0: any number. */
  readonly idsMax?: number | undefined;
  /** Whether the index that serves an item covers all entries that the search may show; otherwise it is not used. Absent: all
   *  do. */
  readonly isCovered?: ((item: ItemFilter) => boolean) | undefined;
}

const SCAN: Plan = { scan: true, text: "unindexed" };

export function planCandidates(
  filter: Filter,
  schema: Schema,
  indexes: IndexCatalog,
  table: BytesTable,
  limits: PlanLimits = {},
): Plan {
  const idsMax = limits.idsMax === undefined || limits.idsMax <= 0 ? Infinity : limits.idsMax;
  const { isCovered } = limits;
  const found = new Planner({ schema, indexes, table, idsMax, isCovered }).plan(filter);
  if (found === ALL) return SCAN;
  const ids = found.ids();
  return ids.size > idsMax ? SCAN : new IndexPlan(found, ids);
}

class IndexPlan {
  readonly scan = false;
  readonly ids: IdList;
  readonly exact: boolean;
  readonly #source: NamedSource;

  constructor(source: NamedSource, ids: IdList) {
    this.ids = ids;
    this.exact = source.exact;
    this.#source = source;
  }

  get text(): string {
    return this.#source.text;
  }
}

interface PlanContext {
  readonly schema: Schema;
  readonly indexes: IndexCatalog;
  readonly table: BytesTable;
  readonly idsMax: number;
  readonly isCovered: PlanLimits["isCovered"];
}

class Planner {
  readonly #context: PlanContext;

  constructor(context: PlanContext) {
    this.#context = context;
  }

  plan(filter: Filter): NamedSource | All {
    switch (filter.type) {
      case "and":
        return this.#and(filter.filters);
      case "or":
        return this.#or(filter.filters);
      case "not":
        return ALL;
      case "equality":
      case "greaterOrEqual":
      case "lessOrEqual":
      case "approx":
      case "substrings":
      case "present":
      case "extensible":
        if (this.#context.isCovered?.(filter) === false) return ALL;
        return planItem(this.#context, filter);
    }
  }

  #and(filters: readonly Filter[]): NamedSource | All {
    if (filters.length === 1) return this.plan(filters[0]!);
    const sources: NamedSource[] = [];
    let exact = true;
    for (const part of this.#joinRanges(orderOf(filters))) {
      if (sources.some((source) => source.countMax <= ENOUGH_IDS_MAX)) {
        exact = false;
        break;
      }
      const found = part();
      if (found === ALL) exact = false;
      else sources.push(found);
    }
    if (sources.length === 0) return ALL;
    sources.sort((a, b) => a.countMax - b.countMax);
    const used: NamedSource[] = [];
    let ids: IdList | undefined;
    for (const source of sources) {
      if (ids !== undefined && ids.size <= ENOUGH_IDS_MAX) break;
      ids = ids === undefined ? source.ids() : source.retain(ids);
      used.push(source);
    }
    exact &&= used.length === sources.length && used.every((source) => source.exact);
    return known(ids ?? IdList.EMPTY, { exact, parts: used, word: "and" });
  }

  #or(filters: readonly Filter[]): NamedSource | All {
    if (filters.length === 0) return nothing("or");
    if (filters.length === 1) return this.plan(filters[0]!);
    const sources: NamedSource[] = [];
    for (const filter of filters) {
      const found = this.plan(filter);
      if (found === ALL) return ALL;
      sources.push(found);
    }
    const union = new UnionSource(sources);
    const ids = union.ids();
    if (ids.size > this.#context.idsMax) return ALL;
    return known(ids, { exact: union.exact, parts: sources, word: "or" });
  }

  /** The parts of an AND as things to be planned; a lower and an upper bound of one operational single-valued type are one
   *  range. (Other types may have a value for each bound, in several option forms if not in one.) */
  #joinRanges(filters: readonly Filter[]): (() => NamedSource | All)[] {
    const lower = new Map<string, Extract<Filter, { value: Buffer }> & ItemFilter>();
    for (const filter of filters) {
      if (filter.type === "greaterOrEqual" && this.#isSingle(filter)) {
        lower.set(filter.attribute.toLowerCase(), filter);
      }
    }
    const joined = new Set<Filter>();
    const ranges: (() => NamedSource | All)[] = [];
    for (const filter of filters) {
      if (filter.type !== "lessOrEqual" || !this.#isSingle(filter)) continue;
      const other = lower.get(filter.attribute.toLowerCase());
      if (other === undefined || joined.has(other)) continue;
      joined.add(filter).add(other);
      const bounds = { from: other.value, to: filter.value };
      ranges.push(() => planRange(this.#context, filter, bounds));
    }
    const others = filters.filter((filter) => !joined.has(filter));
    return [...others.map((filter) => () => this.plan(filter)), ...ranges];
  }

  #isSingle(item: ItemFilter): boolean {
    const { schema } = this.#context;
    const type = findItemType(schema, item);
    if (this.#context.isCovered?.(item) === false) return false;
    return type?.singleValue === true && type.operational && schema.subtypes(type).length === 1;
  }
}

/** Parts that are likely to find few entries at little cost come first. */
function orderOf(filters: readonly Filter[]): readonly Filter[] {
  return [...filters].sort((a, b) => rank(a) - rank(b));
}

function rank(filter: Filter): number {
  switch (filter.type) {
    case "equality":
      return filter.attribute.toLowerCase() === "objectclass" ? 2 : 0;
    case "extensible":
    case "approx":
      return 1;
    case "present":
      return 3;
    case "substrings":
      return 4;
    case "and":
    case "or":
      return 5;
    case "greaterOrEqual":
    case "lessOrEqual":
      return 6;
    case "not":
      return 7;
  }
}

/** Candidates that have been read. */
function known(
  ids: IdList,
  shown: {
    readonly exact: boolean;
    readonly parts: readonly NamedSource[];
    readonly word: string;
  },
): NamedSource {
  const { exact, parts, word } = shown;
  const named = parts.slice(0, PLAN_TEXT_PARTS_MAX).map((part) => part.text);
  if (parts.length > named.length) named.push(`+${parts.length - named.length}`);
  const text = parts.length === 1 ? named[0]! : `${word}[${named.join(" ")}]=${ids.size}`;
  return new KnownSource(ids, { exact, text });
}
