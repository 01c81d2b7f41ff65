// Fractional replication (389: repl5_agmt.c; replication-protocol 7): attributes that an agreement does not send.
//
// Incremental updates: every mod of an excluded attribute goes (options do not matter: `mail;lang-x` goes with `mail`); if
// all mods that remain are in the strip list, they go too; if nothing remains the change is skipped. modifyDn and delete
// are never filtered. Nothing is stripped from a change of which something else remains.
import type { AttributeValues } from "../../protocol/index.ts";
import type { Change } from "../change/index.ts";
import { type ChangeFilter, baseName } from "../changelog/index.ts";

/** Names are base names in lower case. */
export interface Fractional {
  readonly excluded: ReadonlySet<string>;
  /** Excluded from a total initialization. */
  readonly excludedTotal: ReadonlySet<string>;
  readonly stripped: ReadonlySet<string>;
}

/** Sends everything. */
export const NOT_FRACTIONAL: Fractional = {
  excluded: new Set(),
  excludedTotal: new Set(),
  stripped: new Set(),
};

/** The lists of an agreement; without a list for incremental updates the other two have no effect (389). */
export function makeFractional(lists: {
  readonly excluded: readonly string[];
  readonly excludedTotal: readonly string[];
  readonly stripped: readonly string[];
}): Fractional {
  if (lists.excluded.length === 0) return NOT_FRACTIONAL;
  return {
    excluded: new Set(lists.excluded.map(baseName)),
    excludedTotal: new Set(lists.excludedTotal.map(baseName)),
    stripped: new Set(lists.stripped.map(baseName)),
  };
}

export const isFractional = (fractional: Fractional): boolean => fractional.excluded.size > 0;

/** What a reader of the changelog keeps back; undefined: nothing. */
export function changeFilter(fractional: Fractional): ChangeFilter | undefined {
  if (!isFractional(fractional)) return undefined;
  return {
    skipped: new Set([...fractional.excluded, ...fractional.stripped]),
    apply: (change) => filterChange(fractional, change),
  };
}

/** What is sent of the change; undefined: nothing, it is skipped. */
export function filterChange(fractional: Fractional, change: Change): Change | undefined {
  const { excluded, stripped } = fractional;
  if (excluded.size === 0) return change;
  const isSent = ({ type }: Pick<AttributeValues, "type">): boolean =>
    !excluded.has(baseName(type));
  if (change.type === "add") return { ...change, attributes: change.attributes.filter(isSent) };
  if (change.type !== "modify") return change;
  const mods = change.mods.filter(isSent);
  if (mods.every(({ type }) => stripped.has(baseName(type)))) return undefined;
  return { ...change, mods };
}

/** The attributes of an entry that a total initialization sends. */
export const isSentInTotal = (fractional: Fractional, type: string): boolean =>
  fractional.excludedTotal.size === 0 || !fractional.excludedTotal.has(baseName(type));
