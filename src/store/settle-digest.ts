// Makes the digests that writes have left for later: an entry that a write changed is stale until its digest has been made anew
// and is counted in the leaves (digest-tree.ts). Until then leaves and state row agree on the digest that it had before.
//
//   stale          a flag in the state row, and a mark in the table `stale`, both in the transaction of the write
//   not counted    an entry that has come since; its state row has no digest. Goes it before it is settled, so does its mark
//   gone           an entry that was counted and is deleted: the digest in its state row says what the leaves lose. Of one that
//                  was removed altogether the row has nothing but that, and goes when it is settled
//
// Nothing of this is known in memory alone: after a kill or in a backup the marks say what is left to do.
import type { EntryId } from "../entry/index.ts";
import type { Backend } from "./backend.ts";
import { type BackendTxn, isCounted } from "./backend-txn.ts";
import { digestOf } from "./digest.ts";
import { DigestCounter, beginMarking, endMarking, putStale, sameDigest } from "./digest-tree.ts";
import { decodeStateRow, encodeStateRow } from "./state-rows.ts";
import type { BackendTables } from "./tables.ts";

/** Entries between two looks at the clock. */
const SETTLE_ENTRIES = 16;
/** Entries in one transaction that marks everything. */
const MARK_ENTRIES = 10_000;

export interface SettleBounds {
  /** The ID to begin at. */
  readonly from: number;
  /** Whether the slice has taken long enough. */
  readonly isOver: () => boolean;
}

/** Settles stale entries in order of their IDs, as many as there is time for, and at least some. Returns where to go on;
 *  undefined: no entry from there on is stale. */
export function settleDigests(
  backend: Backend,
  txn: BackendTxn,
  { from, isOver }: SettleBounds,
): number | undefined {
  const { digest, stale } = txn.writer.tables;
  const counter = new DigestCounter(digest);
  let next: number | undefined = from;
  while (next !== undefined) {
    const ids = [...stale.keys({ from: next, limit: SETTLE_ENTRIES })] as EntryId[];
    for (const id of ids) {
      const before = txn.rows.digest(id);
      const after = digestOf(txn, id, backend.digester);
      if (!sameDigest(before, after)) {
        counter.count({ id, uniqueId: txn.writer.entry(id)?.uniqueId, before, after });
      }
      txn.rows.setDigest(id, after);
      stale.delete(id);
    }
    next = ids.length < SETTLE_ENTRIES ? undefined : (ids.at(-1) ?? 0) + 1;
    if (isOver()) break;
  }
  counter.flush();
  txn.rows.flush();
  return next;
}

/** Whether anything is to be settled. */
export function hasStaleDigests({ stale }: Pick<BackendTables, "stale">): boolean {
  for (const _ of stale.keys({ limit: 1 })) return true;
  return false;
}

/** For data that has no digests, or wrong ones: all entries become stale. Nothing else writes meanwhile, and no transaction is in
 *  flight. When it is cut off, the next open begins again. */
export function rebuildDigest(backend: Backend): void {
  const { kv, tables } = backend;
  kv.transactSync(() => beginMarking(tables));
  for (let from = 0; ; ) {
    kv.renew();
    const ids = [...tables.state.keys({ from, limit: MARK_ENTRIES })] as EntryId[];
    if (ids.length === 0) break;
    kv.transactSync(() => {
      for (const id of ids) markAnew(backend, id);
    });
    from = (ids.at(-1) ?? 0) + 1;
  }
  kv.transactSync(() => endMarking(tables));
  kv.renew();
  backend.keepsDigest = true;
}

function markAnew({ tables, reader }: Backend, id: EntryId): void {
  const row = decodeStateRow(tables.state.getCopy(id));
  const isStale = isCounted(reader.entry(id));
  if (isStale) putStale(tables, id);
  else if (row.digest === undefined && !row.isStale) return;
  tables.state.put(id, encodeStateRow({ ...row, digest: undefined, isStale }));
}
