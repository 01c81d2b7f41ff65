// One value for the live content of a backend: equal on replicas that have converged. It is the root of the digest tree
// (digest-tree.ts), made from the digests of all live entries (entry-digest.ts). A running server keeps the tree; here it is made
// anew from records and states, so that the one proves the other, and so that parts can be left out.
import type { EntryId } from "../entry/index.ts";
import { encodeUniqueId } from "../replication/change/index.ts";
import type { Backend } from "./backend.ts";
import { BackendTxn } from "./backend-txn.ts";
import { DigestLeaves, type EntryDigest, bucketMembers, putMember } from "./digest-tree.ts";
import { type DigestOptions, EntryDigester } from "./entry-digest.ts";
import { decodeStateRow, encodeStateRow } from "./state-rows.ts";

export interface DigestRunOptions extends DigestOptions {
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Digest {
  /** 64 hex digits. */
  readonly digest: string;
  /** Live entries, conflict entries and glue included. */
  readonly entries: number;
}

const PROGRESS_ENTRIES = 10_000;
/** Entries in one transaction of a rebuild. */
const REBUILD_ENTRIES = 10_000;

/** `backend`: as `openSnapshot` gives it. */
export function digestBackend(backend: Backend, options: DigestRunOptions = {}): Digest {
  const digester = new EntryDigester(backend.schema, options);
  const leaves = new DigestLeaves();
  const total = backend.tables.entry.count();
  let done = 0;
  for (const id of backend.tables.entry.keys()) {
    leaves.change(undefined, computeDigest(backend, id as EntryId, digester));
    done += 1;
    if (done % PROGRESS_ENTRIES === 0) options.onProgress?.(done, total);
  }
  return { digest: leaves.root().toString("hex"), entries: leaves.entries };
}

/** The digest of what is stored under an ID, from its record and its state. */
export function computeDigest(
  backend: Backend,
  id: EntryId,
  digester: EntryDigester = backend.digester,
): EntryDigest | undefined {
  return new BackendTxn(backend, backend.tables, backend.descriptions).entryDigest(id, digester);
}

/** The entries of a bucket as the tree has them: nsUniqueId and digest, 16 bytes each. */
export function readBucket({ tables }: Backend, bucket: number): Buffer {
  const parts: Buffer[] = [];
  for (const { id, uniqueId } of [...bucketMembers(tables.digest, bucket)]) {
    const { digest } = decodeStateRow(tables.state.getCopy(id));
    if (digest !== undefined) parts.push(encodeUniqueId(uniqueId), digest.digest);
  }
  return Buffer.concat(parts);
}

/** Gives digests to data that has none, or wrong ones. Nothing else writes meanwhile, and no transaction is in flight. What a
 *  rebuild that was cut off leaves has no rows of groups, so that the next open begins again. */
export function rebuildDigest(backend: Backend): void {
  const { kv, tables } = backend;
  const leaves = new DigestLeaves();
  kv.transactSync(() => tables.digest.clear());
  for (let from = 0; ; ) {
    kv.renew();
    const ids = [...tables.state.keys({ from, limit: REBUILD_ENTRIES })] as EntryId[];
    if (ids.length === 0) break;
    kv.transactSync(() => {
      for (const id of ids) rebuildOne(backend, id, leaves);
    });
    from = (ids.at(-1) ?? 0) + 1;
  }
  kv.transactSync(() => leaves.addTo(tables.digest));
  kv.renew();
  backend.keepsDigest = true;
}

function rebuildOne(backend: Backend, id: EntryId, leaves: DigestLeaves): void {
  const { tables } = backend;
  const row = decodeStateRow(tables.state.getCopy(id));
  const digest = computeDigest(backend, id);
  tables.state.put(id, encodeStateRow({ ...row, digest }));
  if (digest === undefined) return;
  const { uniqueId } = backend.reader.getEntry(id);
  leaves.change(undefined, digest);
  putMember(tables.digest, digest.bucket, { id, uniqueId });
}
