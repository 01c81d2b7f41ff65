// What of an entry a total initialization sends (replication-protocol 4.1, 7.2): attributes of the exclude list stay away,
// present ones and deleted ones with their state.
import type { Fractional } from "../supplier/index.ts";
import { isSentInTotal } from "../supplier/index.ts";
import type { TotalEntry } from "./entry-source.ts";

export function filterEntry(fractional: Fractional, entry: TotalEntry): TotalEntry {
  if (fractional.excludedTotal.size === 0) return entry;
  const attributes = entry.attributes.filter(({ type }) => isSentInTotal(fractional, type));
  return { ...entry, attributes };
}
