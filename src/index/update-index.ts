// Keeping an index while entries change: only the difference between the values before and after is written. Trigrams, of which
// an entry has some hundred, are left for later (late-row.ts).

import { assert } from "../base/index.ts";
import type { BytesTable } from "../kv/index.ts";
import { addId, removeId } from "./id-table.ts";
import {
  type IndexDefinition,
  type IndexKind,
  keyBytes,
  keyPrefix,
  keyValue,
  kindRule,
  prefixEnd,
} from "./index-key.ts";
import { collectPlainKeys, collectTrigramCodes, isCoveredByEquality } from "./index-keys.ts";
import type { LatePart } from "./late-row.ts";

/** Brings the index of one type from the values that entry `id` had to those it has; undefined and none are the same. The
 *  values are those of the type in all option forms, in any order. Returns what the substring lists have to learn. */
export function updateIndex(
  table: BytesTable,
  index: IndexDefinition,
  id: number,
  before: readonly Buffer[] | undefined,
  after: readonly Buffer[] | undefined,
): LatePart | undefined {
  return updateIndexBy(table, index, id, compareValues(before ?? [], after ?? []));
}

/** What became of the values of a type. */
export interface ValueChanges {
  readonly added: readonly Buffer[];
  readonly removed: readonly Buffer[];
  /** How many values are there before and after. */
  readonly keptCount: number;
  /** These, or all that are there after. */
  readonly kept: () => readonly Buffer[];
  /** Whether the normal forms of the values before, and of those after, are pairwise different. */
  readonly areDistinct: boolean;
}

/** As `updateIndex`, by the difference. */
export function updateIndexBy(
  table: BytesTable,
  index: IndexDefinition,
  id: number,
  changes: ValueChanges,
): LatePart | undefined {
  const { added, removed, keptCount } = changes;
  if (added.length === 0 && removed.length === 0) return undefined;
  const addedKeys = plainKeys(index, added);
  const removedKeys = plainKeys(index, removed);
  keepCommon(addedKeys, removedKeys);
  if (keptCount > 0) {
    const presence = keyPrefix(index.tag, "presence");
    addedKeys.delete(presence);
    removedKeys.delete(presence);
  }
  // Other values may have the same keys: options of one value.
  if (removedKeys.size > 0 && !(changes.areDistinct && haveOwnKeys(index, removed))) {
    collectPlainKeys(index, changes.kept(), (prefix, value) => removedKeys.delete(prefix + value));
  }
  for (const key of removedKeys) removeId(table, key, id);
  for (const key of addedKeys) addId(table, key, id);
  return index.kinds.has("substring") ? compareTrigrams(index, changes) : undefined;
}

function plainKeys(index: IndexDefinition, values: readonly Buffer[]): Set<string> {
  const keys = new Set<string>();
  collectPlainKeys(index, values, (prefix, value) => keys.add(prefix + value));
  return keys;
}

function compareTrigrams(
  { tag, type }: IndexDefinition,
  changes: ValueChanges,
): LatePart | undefined {
  const added = new Set<number>();
  collectTrigramCodes(type, changes.added, added, 0);
  const removed = new Set<number>();
  collectTrigramCodes(type, changes.removed, removed, 0);
  keepCommon(added, removed);
  if (removed.size > 0 && changes.keptCount > 0) {
    const keep = { add: (code: number) => removed.delete(code) };
    collectTrigramCodes(type, changes.kept(), keep, 0);
  }
  return added.size + removed.size === 0 ? undefined : { tag, added, removed };
}

/** What was there and stays is not written. */
function keepCommon<K>(added: Set<K>, removed: Set<K>): void {
  if (removed.size === 0) return;
  for (const key of added) if (removed.delete(key)) added.delete(key);
}

/** Whether no value with another normal form has a key of one of these, apart from presence. */
function haveOwnKeys(index: IndexDefinition, values: readonly Buffer[]): boolean {
  const { type, kinds } = index;
  if (kinds.has("ordering") && !isCoveredByEquality(index)) return false;
  const normalize = kindRule(type, "equality")?.normalize;
  if (normalize !== type.equality.normalize) return false;
  return values.every((value) => {
    const normal = normalize(value);
    return normal === undefined || keyValue(normal).exact;
  });
}

/** Most changes add or remove a few values of many, at one place: what is alike at both ends is not looked at again. */
function compareValues(before: readonly Buffer[], after: readonly Buffer[]): ValueChanges {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start]!.equals(after[start]!)) start += 1;
  let tail = 0;
  while (tail < shorter - start && before.at(-1 - tail)!.equals(after.at(-1 - tail)!)) tail += 1;
  const old = before.slice(start, before.length - tail);
  const now = after.slice(start, after.length - tail);
  const oldSet = new Set(old.map((value) => value.toString("latin1")));
  const nowSet = new Set(now.map((value) => value.toString("latin1")));
  const added = now.filter((value) => !oldSet.has(value.toString("latin1")));
  return {
    added,
    removed: old.filter((value) => !nowSet.has(value.toString("latin1"))),
    keptCount: after.length - added.length,
    kept: () => after,
    areDistinct: false,
  };
}

/** Deletes rows of an index (of one kind of it, if given), at most `rowsMax`; whether there are more. */
export function clearIndex(
  table: BytesTable,
  tag: number,
  options: { readonly rowsMax: number; readonly kind?: IndexKind },
): boolean {
  assert(options.rowsMax > 0, "some rows are deleted");
  let left = options.rowsMax;
  for (const prefix of clearedPrefixes(tag, options.kind)) {
    const from = keyBytes(prefix);
    const end = prefixEnd(prefix);
    const to = end === undefined ? undefined : keyBytes(end);
    const keys = [...table.keys({ from, to, limit: left })];
    for (const key of keys) table.delete(key);
    left -= keys.length;
    if (left === 0) return true;
  }
  return false;
}

/** Lists of the kind, and blocks. */
function clearedPrefixes(tag: number, kind: IndexKind | undefined): string[] {
  const prefix = kind === undefined ? undefined : keyPrefix(tag, kind);
  if (prefix === undefined) return [keyPrefix(tag, "presence").slice(0, 2)];
  return [prefix, prefix.slice(0, 2) + String.fromCharCode(prefix.charCodeAt(2) | 0x80)];
}
