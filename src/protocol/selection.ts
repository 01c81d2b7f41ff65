// The attribute selection of a search: SEQUENCE OF LDAPString (RFC 4511 §4.5.1.8).
//
// Clients ask for the same few lists again and again, and decoding names costs more than selecting
// by them. So lists are remembered by their bytes: equal lists give the identical frozen array, by
// which the search may remember its own conclusions. This is a cache only: bounded, emptied when
// full, and without it the same values come out.
import type { BerReader } from "../ber/index.ts";
import { SELECTIONS_CACHED_MAX, SELECTION_CACHED_BYTES_MAX } from "./limits.ts";

const NONE: readonly string[] = Object.freeze([]);
const cached = new Map<string, readonly string[]>();

export function readSelection(reader: BerReader): readonly string[] {
  reader.enter();
  if (!reader.hasMore()) {
    reader.leave();
    return NONE;
  }
  const key = reader.restBytes <= SELECTION_CACHED_BYTES_MAX ? reader.restAsLatin1() : undefined;
  const known = key === undefined ? undefined : cached.get(key);
  if (known !== undefined) {
    reader.leaveSkipping();
    return known;
  }
  const names: string[] = [];
  while (reader.hasMore()) names.push(reader.readText());
  reader.leave();
  Object.freeze(names);
  if (key !== undefined) {
    if (cached.size >= SELECTIONS_CACHED_MAX) cached.clear();
    cached.set(key, names);
  }
  return names;
}
