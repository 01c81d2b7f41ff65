// Entries whose attributes name the DN of their parent: a conflict entry in nsds5ReplConflict, a tombstone in nscpEntryDN. They
// are out of date when an entry above them gets another name, and are found here to be derived anew. There are few of the
// former and perhaps many of the latter, but both only matter when an entry with something below it is renamed. The index of
// objectClass names them; without it (while a load fills tables) what stands below is walked.
import { type EntryId, RecordFlag, type StoredEntry } from "../entry/index.ts";
import { planCandidates } from "../index/index.ts";
import type { Filter } from "../protocol/index.ts";
import type { BackendIndexes } from "./backend-indexes.ts";
import type { BackendReader } from "./backend-reader.ts";

const hasClass = (name: string): Filter => ({
  type: "equality",
  attribute: "objectClass",
  value: Buffer.from(name),
});
const MARKED: Filter = {
  type: "or",
  filters: [hasClass("ldapsubentry"), hasClass("nsTombstone")],
};

/** The marked entries below `top`, tombstones below tombstones too. */
export function markedBelow(
  reader: BackendReader,
  indexes: BackendIndexes,
  top: EntryId,
): StoredEntry[] {
  const { schema } = reader.descriptions;
  const plan = planCandidates(MARKED, schema, indexes, reader.tables.index);
  const found: StoredEntry[] = [];
  for (const id of plan.scan ? idsBelow(reader, top) : plan.ids) {
    const entry = reader.entry(id as EntryId);
    if (entry === undefined || !isMarked(entry) || entry.id === top) continue;
    if (plan.scan || reader.isAncestor(top, entry.parentId)) found.push(entry);
  }
  return found;
}

const isMarked = ({ flags }: StoredEntry): boolean =>
  (flags & (RecordFlag.conflict | RecordFlag.tombstone)) !== 0;

function* idsBelow(reader: BackendReader, top: EntryId): Iterable<EntryId> {
  const open = [top];
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const which of ["shown", "tombstones"] as const) {
      for (const child of reader.childIds(id, which)) {
        yield child;
        open.push(child);
      }
    }
  }
}
