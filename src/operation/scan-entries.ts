// All entries of a backend in order of their IDs, without those that a gate refuses: what a search without index looks at. Rows
// are lent in batches, an entry is made of what passes. No snapshot is held from batch to batch, and what has passed is read
// again if something was committed before its turn came.
import { type EntryId, StoredEntry, recordParentId } from "../entry/index.ts";
import { copyBytes } from "../kv/index.ts";
import type { Backend } from "../store/index.ts";
import type { RecordGate } from "./record-gate.ts";

/** Rows read at a time. */
const BATCH_ROWS = 256;
/** Of which at most so many are kept. */
const BATCH_ENTRIES = 64;

/** Which entries are meant. Verdicts hold within a batch. */
export interface ScanScope {
  /** Forgets what it knows. */
  renew(): void;
  /** undefined: other rows have to be read to know. */
  tell(id: EntryId, parentId: EntryId): boolean | undefined;
  find(id: EntryId, parentId: EntryId): boolean;
}

interface Batch {
  /** Entries, and between them numbers of those that were refused. */
  readonly items: (StoredEntry | number)[];
  /** Where the next one begins; undefined: there is none. */
  readonly next: number | undefined;
}

export function* scanEntries(
  backend: Backend,
  scope: ScanScope,
  gate: RecordGate,
): Iterable<StoredEntry | number> {
  for (let from: number | undefined = 1; from !== undefined; ) {
    const batch: Batch = readBatch(backend, scope, gate, from);
    const { snapshot } = backend.kv;
    for (const item of batch.items) {
      if (typeof item === "number" || backend.kv.snapshot === snapshot) {
        yield item;
        continue;
      }
      const entry = backend.reader.entry(item.id);
      if (entry !== undefined && scope.find(entry.id, entry.parentId)) yield entry;
    }
    from = batch.next;
  }
}

function readBatch(
  { reader, tables }: Backend,
  scope: ScanScope,
  gate: RecordGate,
  from: number,
): Batch {
  const items: (StoredEntry | number)[] = [];
  let entries = 0;
  let rows = 0;
  let last = 0;
  scope.renew();
  const add = (entry: StoredEntry): void => {
    const refused = gate.takeRefused();
    if (refused > 0) items.push(refused);
    items.push(entry);
    entries += 1;
  };
  tables.entry.visit({ from }, (key, row) => {
    const id = key as EntryId;
    last = id;
    rows += 1;
    let record: Buffer = row;
    const parentId = recordParentId(record);
    let isMeant = scope.tell(id, parentId);
    if (isMeant === undefined) {
      record = copyBytes(row);
      isMeant = scope.find(id, parentId);
    }
    const passes = isMeant && gate.passes(record);
    if (passes === undefined) add(reader.getEntry(id));
    else if (passes) add(new StoredEntry(id, record === row ? copyBytes(row) : record, reader));
    return rows < BATCH_ROWS && entries < BATCH_ENTRIES;
  });
  const refused = gate.takeRefused();
  if (refused > 0) items.push(refused);
  const isLast = rows < BATCH_ROWS && entries < BATCH_ENTRIES;
  return { items, next: isLast ? undefined : last + 1 };
}
