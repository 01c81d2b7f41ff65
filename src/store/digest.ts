// One value for the live content of a backend: equal on replicas that have converged. It is the root of the digest tree
// (digest-tree.ts), made from the digests of all live entries (entry-digest.ts). A running server keeps the tree; here it is made
// anew from records and states, so that the one proves the other, and so that parts can be left out.
import type { EntryId } from "../entry/index.ts";
import { encodeUniqueId } from "../replication/change/index.ts";
import type { Backend } from "./backend.ts";
import { BackendTxn, isCounted } from "./backend-txn.ts";
import { DigestLeaves, type EntryDigest, bucketMembers, bucketOf } from "./digest-tree.ts";
import { type DigestOptions, EntryDigester } from "./entry-digest.ts";
import { decodeStateRow } from "./state-rows.ts";
import type { BackendTables } from "./tables.ts";

export interface DigestRunOptions extends DigestOptions {
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Digest {
  /** 64 hex digits. */
  readonly digest: string;
  /** Live entries, conflict entries and glue included. */
  readonly entries: number;
}

type DigestTables = Pick<BackendTables, "digest" | "state">;

const PROGRESS_ENTRIES = 10_000;

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
  return digestOf(new BackendTxn(backend, backend.tables, backend.descriptions), id, digester);
}

/** The same as an operation sees it; undefined: nothing that is counted. */
export function digestOf(
  txn: BackendTxn,
  id: EntryId,
  digester: EntryDigester,
): EntryDigest | undefined {
  const entry = txn.writer.entry(id);
  if (!isCounted(entry)) return undefined;
  const digest = digester.digest({
    uniqueId: entry.uniqueId,
    flags: entry.flags,
    node: txn.rows.node(id),
    attributes: entry.stored(),
    registers: txn.registersOf(entry),
  });
  return { bucket: bucketOf(entry.uniqueId), digest };
}

/** The entries of a bucket as the tree has them: nsUniqueId and digest, 16 bytes each. */
export function readBucket({ digest: table, state }: DigestTables, bucket: number): Buffer {
  const parts: Buffer[] = [];
  for (const { id, uniqueId } of [...bucketMembers(table, bucket)]) {
    const { digest } = decodeStateRow(state.getCopy(id));
    if (digest !== undefined) parts.push(encodeUniqueId(uniqueId), digest.digest);
  }
  return Buffer.concat(parts);
}
