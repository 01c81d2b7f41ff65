// The digest tree of a backend: fixed, three levels. A write marks the entries that it changes, in its transaction; their digests
// are made and counted later (settle-digest.ts), at the latest when somebody asks.
//
//   leaf    one of 4096 buckets: sum of the digests of its entries modulo 2^128, and their number
//   group   64 buckets: the first 16 bytes of SHA-256 over their leaves
//   root    SHA-256 over the 64 groups
//
// An entry is in the bucket that a mix of its unique ID gives: unique IDs contain the time, so that those of one import have the
// same first bytes. Sums do not depend on order, and one more or other digest changes the row of 16 buckets; groups and root are
// computed when somebody asks.
//
// Table `digest`:
//
//   u8 0, u8 number                    leaves of 16 buckets: u32 number of entries, 16 bytes sum
//   u8 1, u16 bucket, u32 entry ID     nsUniqueId, 16 bytes: the entries of a bucket. Put when an entry is counted first
//   u8 2                               empty: marking everything is under way
//
// Table `stale`, apart because it is written often and a number is the cheapest key:
//
//   entry ID                           empty: the entry has changed since it was counted
//
// The digest of an entry, as counted, stands in its row of the table `state`, with a flag when it is stale. A set of tables with
// entries and without any row here was written by a version without digests.
import { hash } from "node:crypto";
import type { EntryId } from "../entry/index.ts";
import type { BytesTable, IdTable } from "../kv/index.ts";
import { type UniqueId, decodeUniqueId, encodeUniqueId } from "../replication/change/index.ts";
import { ENTRY_DIGEST_BYTES } from "./entry-digest.ts";

export const DIGEST_GROUPS = 64;
const GROUP_BUCKETS = 64;
export const DIGEST_BUCKETS = DIGEST_GROUPS * GROUP_BUCKETS;
const LEAF_BYTES = 4 + ENTRY_DIGEST_BYTES;
const GROUP_BYTES = GROUP_BUCKETS * LEAF_BYTES;
/** Buckets in one row. */
const ROW_BUCKETS = 16;
const ROWS = DIGEST_BUCKETS / ROW_BUCKETS;
const ROW_BYTES = ROW_BUCKETS * LEAF_BYTES;
const LEAVES_ROW = 0;
const MEMBER_ROW = 1;
const MARKING_KEY = Buffer.of(2);
const NO_BYTES = Buffer.alloc(0);

interface DigestTables {
  readonly digest: BytesTable;
  readonly stale: IdTable;
}

/** The digest of an entry and the bucket in which it is counted. */
export interface EntryDigest {
  readonly bucket: number;
  readonly digest: Buffer;
}

export const sameDigest = (a: EntryDigest | undefined, b: EntryDigest | undefined): boolean =>
  a === undefined || b === undefined ? a === b : a.bucket === b.bucket && a.digest.equals(b.digest);

export function bucketOf(uniqueId: UniqueId): number {
  let mixed = 0;
  for (let at = 0; at < uniqueId.length; at += 9) {
    mixed = Math.imul(mixed ^ Number.parseInt(uniqueId.slice(at, at + 8), 16), 0x9e3779b1);
    mixed ^= mixed >>> 15;
  }
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return (mixed ^ (mixed >>> 16)) & (DIGEST_BUCKETS - 1);
}

/** All leaves in memory. */
export class DigestLeaves {
  readonly #bytes = Buffer.alloc(DIGEST_BUCKETS * LEAF_BYTES);

  static read(table: BytesTable): DigestLeaves {
    const leaves = new DigestLeaves();
    for (let row = 0; row < ROWS; row += 1) {
      table.getCopy(rowKey(row))?.copy(leaves.#bytes, row * ROW_BYTES);
    }
    return leaves;
  }

  change(before: EntryDigest | undefined, after: EntryDigest | undefined): void {
    if (before !== undefined) changeLeaf(this.#bytes, before.bucket * LEAF_BYTES, before, -1);
    if (after !== undefined) changeLeaf(this.#bytes, after.bucket * LEAF_BYTES, after, 1);
  }

  /** Adds them to what the table has. */
  addTo(table: BytesTable): void {
    const sum = DigestLeaves.read(table).#bytes;
    for (let at = 0; at < sum.length; at += LEAF_BYTES) {
      sum.writeUInt32BE((sum.readUInt32BE(at) + this.#bytes.readUInt32BE(at)) >>> 0, at);
      addSum(sum, at + 4, { bytes: this.#bytes, at: at + 4, sign: 1 });
    }
    for (let row = 0; row < ROWS; row += 1) {
      table.put(rowKey(row), sum.subarray(row * ROW_BYTES, (row + 1) * ROW_BYTES));
    }
  }

  /** Number of entries, without tombstones. */
  get entries(): number {
    let entries = 0;
    for (let at = 0; at < this.#bytes.length; at += LEAF_BYTES) {
      entries += this.#bytes.readUInt32BE(at);
    }
    return entries;
  }

  /** The leaves of a group: number and sum of each bucket. */
  group(group: number): Buffer {
    return this.#bytes.subarray(group * GROUP_BYTES, (group + 1) * GROUP_BYTES);
  }

  /** The digests of all groups, 16 bytes each. */
  groups(): Buffer {
    const digests: Buffer[] = [];
    for (let group = 0; group < DIGEST_GROUPS; group += 1) {
      digests.push(sha256(this.group(group)).subarray(0, ENTRY_DIGEST_BYTES));
    }
    return Buffer.concat(digests);
  }

  root(): Buffer {
    return sha256(this.groups());
  }
}

/** What became of one entry. */
export interface DigestChange {
  readonly id: EntryId;
  /** Known when there is an `after`. */
  readonly uniqueId: UniqueId | undefined;
  readonly before: EntryDigest | undefined;
  readonly after: EntryDigest | undefined;
}

/** Counts changes of entries, inside a write. */
export class DigestCounter {
  readonly #table: BytesTable;
  /** Rows of leaves, by number. */
  readonly #rows = new Map<number, Buffer>();

  constructor(table: BytesTable) {
    this.#table = table;
  }

  count({ id, uniqueId, before, after }: DigestChange): void {
    if (before?.bucket !== after?.bucket) {
      if (before !== undefined) this.#table.delete(memberKey(before.bucket, id));
      if (after !== undefined && uniqueId !== undefined) {
        putMember(this.#table, after.bucket, { id, uniqueId });
      }
    }
    if (before !== undefined) this.#change(before, -1);
    if (after !== undefined) this.#change(after, 1);
  }

  /** Puts the leaves. */
  flush(): void {
    for (const [number, row] of this.#rows) this.#table.put(rowKey(number), row);
  }

  #change(digest: EntryDigest, sign: 1 | -1): void {
    const number = Math.floor(digest.bucket / ROW_BUCKETS);
    const known = this.#rows.get(number);
    const row = known ?? this.#table.getCopy(rowKey(number)) ?? Buffer.alloc(ROW_BYTES);
    if (known === undefined) this.#rows.set(number, row);
    changeLeaf(row, (digest.bucket % ROW_BUCKETS) * LEAF_BYTES, digest, sign);
  }
}

export function putMember(
  table: Pick<BytesTable, "put">,
  bucket: number,
  member: DigestMember,
): void {
  table.put(memberKey(bucket, member.id), encodeUniqueId(member.uniqueId));
}

interface DigestMember {
  readonly id: EntryId;
  readonly uniqueId: UniqueId;
}

/** The entries of a bucket. */
export function* bucketMembers(table: BytesTable, bucket: number): Iterable<DigestMember> {
  const range = { from: memberKey(bucket, 0), to: memberKey(bucket + 1, 0) };
  for (const { key, value } of table.range(range)) yield memberOf(key, value);
}

/** The members of all buckets. */
export function* allMembers(
  table: BytesTable,
): Iterable<DigestMember & { readonly bucket: number }> {
  const range = { from: Buffer.of(MEMBER_ROW), to: MARKING_KEY };
  for (const { key, value } of table.range(range)) {
    yield { ...memberOf(key, value), bucket: Buffer.from(key).readUInt16BE(1) };
  }
}

export function putStale({ stale }: { stale: Pick<IdTable, "put"> }, id: EntryId): void {
  stale.put(id, NO_BYTES);
}

/** Whether all entries are counted or marked. */
export function hasTree({ digest, stale }: DigestTables): boolean {
  if (digest.has(MARKING_KEY)) return false;
  for (const _ of digest.keys({ limit: 1 })) return true;
  for (const _ of stale.keys({ limit: 1 })) return true;
  return false;
}

export function beginMarking({ digest, stale }: DigestTables): void {
  digest.clear();
  stale.clear();
  digest.put(MARKING_KEY, NO_BYTES);
}

export function endMarking({ digest }: DigestTables): void {
  digest.delete(MARKING_KEY);
}

function memberOf(key: Uint8Array, value: Buffer): DigestMember {
  return { id: Buffer.from(key).readUInt32BE(3) as EntryId, uniqueId: decodeUniqueId(value) };
}

function changeLeaf(leaves: Buffer, at: number, { digest }: EntryDigest, sign: 1 | -1): void {
  leaves.writeUInt32BE((leaves.readUInt32BE(at) + sign) >>> 0, at);
  addSum(leaves, at + 4, { bytes: digest, at: 0, sign });
}

/** Adds or subtracts 16 bytes modulo 2^128. */
function addSum(
  to: Buffer,
  toAt: number,
  { bytes, at, sign }: { readonly bytes: Buffer; readonly at: number; readonly sign: 1 | -1 },
): void {
  let carry = 0;
  for (let offset = ENTRY_DIGEST_BYTES - 4; offset >= 0; offset -= 4) {
    const sum = to.readUInt32BE(toAt + offset) + sign * bytes.readUInt32BE(at + offset) + carry;
    carry = Math.floor(sum / 2 ** 32);
    to.writeUInt32BE(sum >>> 0, toAt + offset);
  }
}

const sha256 = (bytes: Buffer): Buffer => hash("sha256", bytes, "buffer");
const rowKey = (row: number): Buffer => Buffer.of(LEAVES_ROW, row);

function memberKey(bucket: number, id: number): Buffer {
  const key = Buffer.allocUnsafe(7);
  key[0] = MEMBER_ROW;
  key.writeUInt16BE(bucket, 1);
  key.writeUInt32BE(id, 3);
  return key;
}
