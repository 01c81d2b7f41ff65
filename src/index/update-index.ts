// Keeping an index while entries change: only the difference between the values before and after is written.

import { assert } from "../base/index.ts";
import type { BytesTable } from "../kv/index.ts";
import { addId, removeId } from "./id-table.ts";
import {
  type IndexDefinition,
  type IndexKind,
  keyBytes,
  keyPrefix,
  prefixEnd,
} from "./index-key.ts";
import { collectKeys } from "./index-keys.ts";

/** Brings the index of one type from the values that entry `id` had to those it has; undefined and none are the same. The
 *  values are those of the type in all option forms, in any order. */
export function updateIndex(
  table: BytesTable,
  index: IndexDefinition,
  id: number,
  before: readonly Buffer[] | undefined,
  after: readonly Buffer[] | undefined,
): void {
  const { added, removed, kept } = compareValues(before ?? [], after ?? []);
  if (added.length === 0 && removed.length === 0) return;
  const addedKeys = new Set<string>();
  collectKeys(index, added, (key) => addedKeys.add(key));
  const removedKeys = new Set<string>();
  collectKeys(index, removed, (key) => removedKeys.add(key));
  // What was there and stays is not written.
  for (const key of addedKeys) if (removedKeys.delete(key)) addedKeys.delete(key);
  // Other values may have the same keys: options of one value, trigrams of another, presence.
  if (removedKeys.size > 0) collectKeys(index, kept, (key) => removedKeys.delete(key));
  if (kept.length > 0) addedKeys.delete(keyPrefix(index.tag, "presence"));
  for (const key of removedKeys) removeId(table, key, id);
  for (const key of addedKeys) addId(table, key, id);
}

interface ValueChanges {
  readonly added: readonly Buffer[];
  readonly removed: readonly Buffer[];
  readonly kept: readonly Buffer[];
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
  return {
    added: now.filter((value) => !oldSet.has(value.toString("latin1"))),
    removed: old.filter((value) => !nowSet.has(value.toString("latin1"))),
    kept: [
      ...after.slice(0, start),
      ...now.filter((value) => oldSet.has(value.toString("latin1"))),
      ...after.slice(after.length - tail),
    ],
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
