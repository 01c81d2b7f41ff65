// Goes through all entries of a backend that is written meanwhile, parents first, each once.
//
// No snapshot is held: an initialization of a large suffix takes long, and an old reader makes the database grow. Entries are
// read one by one from the newest commit; what changes meanwhile is sent again by the incremental session that follows,
// because the receiver's RUV is the one from before the first entry. One thing would be lost that way: an entry that moves from
// a part of the tree that has not been visited to one that has. Therefore all entries are gone through once more at the end,
// and those that were missed follow. An entry that has just moved below one that has not been visited comes after that one.
import type { EntryId } from "../entry/index.ts";

/** What is walked through. */
export interface WalkedEntries<T> {
  isTaken(id: EntryId): boolean;
  /** Reads an entry and counts it as taken, what `parentId` gave in any case; undefined: it is gone. */
  take(id: EntryId): T | undefined;
  /** 0 for the suffix entry; undefined: it is gone. */
  parentId(id: EntryId): EntryId | undefined;
  /** Shown children, then tombstones. */
  children(id: EntryId): readonly EntryId[];
  hasChildren(id: EntryId): boolean;
  /** Everything that there is; an array is of one moment. */
  all(): Iterable<readonly EntryId[]>;
}

/** Everything but the suffix entry, which has been taken. */
export function* walkEntries<T>(entries: WalkedEntries<T>, suffixId: EntryId): Iterable<T> {
  for (let level: EntryId[] = [suffixId]; level.length > 0; ) {
    const below: EntryId[] = [];
    for (const id of level) {
      for (const child of entries.children(id)) {
        yield* withAncestors(entries, child);
        if (entries.hasChildren(child)) below.push(child);
      }
    }
    level = below;
  }
  for (const ids of entries.all()) {
    for (const id of ids) yield* withAncestors(entries, id);
  }
}

/** The entry, unless it has been taken, after those above it. While these went out it may have moved: what is above it counts at the
 *  moment when it is taken. */
export function* withAncestors<T>(entries: WalkedEntries<T>, id: EntryId): Iterable<T> {
  while (!entries.isTaken(id)) {
    const parentId = entries.parentId(id);
    if (parentId !== undefined && parentId !== 0 && !entries.isTaken(parentId)) {
      yield* withAncestors(entries, parentId);
      continue;
    }
    const entry = entries.take(id);
    if (entry !== undefined) yield entry;
    return;
  }
}
