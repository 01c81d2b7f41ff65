// NamedSource | All of one filter item. The rules are those that the filter room matches with; an index is used only if it was made with
// the same rule. An item looks at subtypes too (RFC 4511 §4.5.1.7): the indexes of all types that occur are united.

import { findEqualityRule, findOrderingRule, findSubstringRule } from "../filter/index.ts";
import { type BytesTable, KV_KEY_BYTES_MAX } from "../kv/index.ts";
import type { Filter } from "../protocol/index.ts";
import type { AttributeType, MatchingRule, Schema, SubstringPosition } from "../schema/index.ts";
import { idsOfLentRow, idsOfRow, readIds, ShortIds } from "./id-table.ts";
import {
  cutValue,
  type IndexDefinition,
  type IndexKind,
  isUncut,
  keyBytes,
  keyPrefix,
  keyText,
  keyValue,
  kindRule,
  prefixEnd,
  writeKey,
} from "./index-key.ts";
import {
  isCoveredByEquality,
  markedLength,
  markedText,
  type Piece,
  TRIGRAM_BYTES,
} from "./index-keys.ts";
import { RANGE_KEYS_MAX } from "./limits.ts";
import type { LateLists } from "./late-lists.ts";
import type { ListSizes } from "./list-sizes.ts";
import {
  ALL,
  type All,
  ItemSource,
  ListSource,
  type NamedSource,
  NONE,
  nothing,
  type Source,
  UnionSource,
} from "./plan-source.ts";
import { findBySubstrings } from "./plan-substrings.ts";

export interface CatalogIndex extends IndexDefinition {
  /** false while it is being built: kept up, not used. */
  readonly ready: boolean;
}

/** Which indexes there are. */
export interface IndexCatalog {
  find(type: AttributeType): CatalogIndex | undefined;
  /** Asked of subtypes of an indexed type: false if no entry has values of it, stored or computed, so that no index of it is
   *  missed. Absent: any type may occur. */
  occurs?(type: AttributeType): boolean;
  /** Of lists that earlier plans have read. */
  readonly sizes: ListSizes;
  /** What the substring lists lack as yet. Absent: nothing. */
  late?(): LateLists;
}

export type ItemFilter = Exclude<Filter, { type: "and" | "or" | "not" }>;
type SubstringsFilter = Extract<Filter, { type: "substrings" }>;

export interface LeafContext {
  readonly schema: Schema;
  readonly indexes: IndexCatalog;
  readonly table: BytesTable;
  /** A longer list counts as all entries. */
  readonly idsMax: number;
}

export function planItem(context: LeafContext, item: ItemFilter): NamedSource | All {
  const leaf = new LeafPlanner(context, item);
  switch (item.type) {
    case "present":
      return leaf.presence();
    case "equality":
    case "approx":
      return leaf.equality(item.value);
    case "greaterOrEqual":
      return leaf.range({ from: item.value });
    case "lessOrEqual":
      return leaf.range({ to: item.value });
    case "substrings":
      return leaf.substrings(item);
    case "extensible":
      return leaf.extensible(item);
  }
}

/** Both bounds of a range in one read, for a type of at most one value: `(&(a>=x)(a<=y))`. */
export function planRange(
  context: LeafContext,
  item: ItemFilter,
  bounds: { readonly from: Buffer; readonly to: Buffer },
): NamedSource | All {
  return new LeafPlanner(context, item).range(bounds);
}

/** The type an item names, without options; undefined if the schema does not define it. */
export function findItemType(schema: Schema, item: ItemFilter): AttributeType | undefined {
  if (item.attribute === undefined) return undefined;
  const end = item.attribute.indexOf(";");
  const type = schema.attributeType(end < 0 ? item.attribute : item.attribute.slice(0, end));
  return type.defined ? type : undefined;
}

class LeafPlanner {
  readonly #context: LeafContext;
  readonly #type: AttributeType | undefined;
  readonly #name: string;

  constructor(context: LeafContext, item: ItemFilter) {
    this.#context = context;
    this.#type = findItemType(context.schema, item);
    this.#name = item.attribute ?? "";
  }

  presence(): NamedSource | All {
    return this.#overTypes("presence", undefined, (index) =>
      this.#list(keyPrefix(index.tag, "presence"), { exact: true }),
    );
  }

  equality(value: Buffer): NamedSource | All {
    const rule = this.#type && findEqualityRule(this.#type);
    const normal = rule?.normalize(value);
    if (rule === undefined || normal === undefined) return this.#undefined("eq");
    if (isUncut(normal)) {
      return this.#overTypes("equality", rule, (index) => this.#uncutList(index.tag, normal));
    }
    const { text, exact } = keyValue(normal);
    return this.#overTypes("equality", rule, (index) =>
      this.#list(keyPrefix(index.tag, "equality") + text, { exact }),
    );
  }

  range(bounds: { readonly from?: Buffer; readonly to?: Buffer }): NamedSource | All {
    const rule = this.#type && findOrderingRule(this.#type);
    const from = bounds.from && rule?.normalize(bounds.from);
    const to = bounds.to && rule?.normalize(bounds.to);
    const fits = (from === undefined) === (bounds.from === undefined);
    if (rule === undefined || !fits || (to === undefined) !== (bounds.to === undefined)) {
      return this.#undefined("range");
    }
    return this.#overTypes("ordering", rule, (index) => {
      const kind = isCoveredByEquality(index) ? "equality" : "ordering";
      const prefix = keyPrefix(index.tag, kind);
      const start = prefix + (from === undefined ? "" : cutValue(from));
      // Behind all that is equal to the bound or was cut to it; the bound itself unless it was cut.
      const end = to === undefined ? prefixEnd(prefix) : this.#behind(prefix, to);
      return this.#rangeOfKeys(start, end);
    });
  }

  substrings(item: SubstringsFilter): NamedSource | All {
    const rule = this.#type && findSubstringRule(this.#type);
    const pieces = rule && normalPieces(rule, item);
    if (rule === undefined || pieces === undefined) return this.#undefined("sub");
    const { table, indexes } = this.#context;
    const { sizes } = indexes;
    const late = indexes.late?.();
    return this.#overTypes("substring", rule, (index) => {
      const found = findBySubstrings({ table, index, sizes, late }, rule, pieces);
      if (found !== undefined) return found;
      // Two bytes begin a trigram wherever they stand, unless they end with the marker of the end.
      const short = pieces.find(
        (piece) => markedLength(piece) === TRIGRAM_BYTES - 1 && piece.position !== "final",
      );
      if (short === undefined) return ALL;
      const prefix = keyPrefix(index.tag, "substring");
      const bytes = markedText(short);
      const start = prefix + bytes;
      const listed = this.#rangeOfKeys(start, prefixEnd(start));
      const lately = late?.beginningWith(index.tag, bytes);
      if (listed === ALL || lately === undefined || lately.size === 0) return listed;
      return new UnionSource([listed, new ListSource(new ShortIds(lately), { exact: false })]);
    });
  }

  extensible(item: Extract<Filter, { type: "extensible" }>): NamedSource | All {
    const { schema } = this.#context;
    const rule = this.#type && findEqualityRule(this.#type);
    if (rule === undefined || item.dnAttributes) return ALL;
    if (item.rule !== undefined && schema.findMatchingRule(item.rule)?.oid !== rule.oid) return ALL;
    return this.equality(item.value);
  }

  /** The union over the type and its subtypes; ALL as soon as one of them cannot be narrowed down. */
  #overTypes(
    kind: IndexKind,
    rule: MatchingRule | undefined,
    find: (index: IndexDefinition) => Source | All,
  ): NamedSource | All {
    if (this.#type === undefined) return this.#undefined(KIND_TEXTS[kind]);
    const { schema, indexes, idsMax } = this.#context;
    const parts: Source[] = [];
    for (const type of schema.subtypes(this.#type)) {
      if (type.key !== this.#type.key && indexes.occurs?.(type) === false) continue;
      const index = indexes.find(type);
      if (index === undefined || !index.ready || !serves(index, kind, rule)) return ALL;
      const found = find(index);
      if (found === ALL || found.countMax > idsMax) return ALL;
      parts.push(found);
    }
    const source = parts.length === 1 ? parts[0]! : new UnionSource(parts);
    return new ItemSource(source, KIND_TEXTS[kind], this.#name);
  }

  #undefined(text: string): NamedSource {
    return nothing(`${text}(${this.#name})`);
  }

  #list(key: string, options: { readonly exact: boolean }): Source {
    const stored = readIds(this.#context.table, key);
    return stored === undefined ? NONE : new ListSource(stored, options);
  }

  /** Nearly every search comes here: the key is made in place. */
  #uncutList(tag: number, normal: Buffer): Source {
    const { table } = this.#context;
    const end = writeKey(scratchKey, tag, "equality", normal);
    const row = table.getAt(scratchKey, 0, end);
    if (row === undefined) return NONE;
    const stored = idsOfLentRow(table, scratchKey, end, row);
    return new ListSource(stored, EXACT);
  }

  #behind(prefix: string, to: Buffer): string | undefined {
    const { text, exact } = keyValue(to);
    return exact ? `${prefix}${text}\u0000` : prefixEnd(prefix + cutValue(to));
  }

  /** All lists with keys in [start, end). */
  #rangeOfKeys(start: string, end: string | undefined): Source | All {
    const { table, idsMax } = this.#context;
    const lists: Source[] = [];
    let count = 0;
    const rows = table.range({
      from: keyBytes(start),
      to: end === undefined ? undefined : keyBytes(end),
      limit: RANGE_KEYS_MAX + 1,
    });
    for (const { key, value } of rows) {
      const stored = idsOfRow(table, keyText(key), value);
      count += stored.countMax;
      if (lists.length === RANGE_KEYS_MAX || count > idsMax) return ALL;
      lists.push(new ListSource(stored, { exact: false }));
    }
    return new UnionSource(lists);
  }
}

const EXACT = { exact: true } as const;
const scratchKey = Buffer.alloc(KV_KEY_BYTES_MAX);

const KIND_TEXTS: Readonly<Record<IndexKind, string>> = {
  presence: "pres",
  equality: "eq",
  substring: "sub",
  ordering: "range",
};

/** Whether the index answers this kind of question under this rule. */
function serves(index: IndexDefinition, kind: IndexKind, rule: MatchingRule | undefined): boolean {
  if (kind === "ordering" && !index.kinds.has("ordering") && !isCoveredByEquality(index)) {
    return false;
  }
  if (kind !== "ordering" && !index.kinds.has(kind)) return false;
  return rule === undefined || kindRule(index.type, kind)?.oid === rule.oid;
}

/** undefined if a piece does not fit the rule: the item is Undefined. */
function normalPieces(rule: MatchingRule, item: SubstringsFilter): Piece[] | undefined {
  const pieces: Piece[] = [];
  const add = (piece: Buffer, position: SubstringPosition): boolean => {
    const form = rule.normalizePart(piece, position);
    if (form !== undefined) pieces.push({ form, position });
    return form !== undefined;
  };
  const fits =
    (item.initial === undefined || add(item.initial, "initial")) &&
    item.any.every((piece) => add(piece, "any")) &&
    (item.final === undefined || add(item.final, "final"));
  return fits ? pieces : undefined;
}
