// Rows of the `state` table: structure node, registers and digest of one entry, apart from its content so that reads never touch
// them.
//
//   offset  bytes  content
//   0       2      length n of the node; 0 = no node (a unique ID known only by its registers, or the suffix entry)
//   2       n      node (replication/urp)
//   2+n            registers (replication/registers), empty when there are none
//
// Of an entry that the digest tree counts, or that has changed since its digest was made, or whose node is that long:
//
//   0       2      0xffff
//   2       2      flags: 0x8000 stale, 0x4000 not counted; else the bucket of the digest tree
//   4       16     digest (entry-digest.ts) that the tree counts, left out when it counts none
//   20 / 4  4      length n of the node
//   24 / 8  n      node
//   24+n           registers
//
// A stale entry has a mark in the table `stale` (digest-tree.ts).
//
// An operation changes node and registers of an entry in separate steps: rows are kept here and put once, at the end.
import type { EntryId } from "../entry/index.ts";
import type { IdTable } from "../kv/index.ts";
import { type StructureNode, decodeNode, encodeNode } from "../replication/urp/index.ts";
import type { EntryDigest } from "./digest-tree.ts";
import { ENTRY_DIGEST_BYTES } from "./entry-digest.ts";

/** What a row says. */
export interface StateContent {
  readonly node: StructureNode | undefined;
  /** Encoded. */
  readonly registers: Buffer;
  /** As the digest tree counts it; undefined: it does not. */
  readonly digest: EntryDigest | undefined;
  /** Whether the entry has changed since. */
  readonly isStale: boolean;
}

interface StateRow {
  node: StructureNode | undefined;
  registers: Buffer;
  digest: EntryDigest | undefined;
  isStale: boolean;
  changed: boolean;
}

const NO_BYTES = Buffer.alloc(0);
const LONG_HEAD = 0xffff;
const LONG_HEAD_BYTES = 8;
const STALE_FLAG = 0x8000;
const UNCOUNTED_FLAG = 0x4000;

export class StateRows {
  readonly #table: IdTable;
  readonly #rows = new Map<EntryId, StateRow>();
  /** Rows that were changed, or whose entry was. */
  readonly #touched = new Set<EntryId>();

  constructor(table: IdTable) {
    this.#table = table;
  }

  node(id: EntryId): StructureNode | undefined {
    return this.#row(id).node;
  }

  /** As it was when rows were put last. */
  storedNode(id: EntryId): StructureNode | undefined {
    return decodeStateRow(this.#table.getCopy(id)).node;
  }

  /** Encoded registers; empty when there are none. */
  registers(id: EntryId): Buffer {
    return this.#row(id).registers;
  }

  digest(id: EntryId): EntryDigest | undefined {
    return this.#row(id).digest;
  }

  isStale(id: EntryId): boolean {
    return this.#row(id).isStale;
  }

  setNode(id: EntryId, node: StructureNode | undefined): void {
    const row = this.#row(id);
    row.node = node;
    row.changed = true;
    this.#touched.add(id);
  }

  setRegisters(id: EntryId, registers: Buffer): void {
    const row = this.#row(id);
    if (row.registers.equals(registers)) return;
    row.registers = registers;
    row.changed = true;
    this.#touched.add(id);
  }

  markStale(id: EntryId): void {
    const row = this.#row(id);
    row.isStale = true;
    row.changed = true;
  }

  /** The digest of the entry as it is now. */
  setDigest(id: EntryId, digest: EntryDigest | undefined): void {
    const row = this.#row(id);
    row.digest = digest;
    row.isStale = false;
    row.changed = true;
  }

  /** The record of the entry changed. */
  touch(id: EntryId): void {
    this.#touched.add(id);
  }

  /** What was changed or touched since this was asked last. */
  takeTouched(): readonly EntryId[] {
    const touched = [...this.#touched];
    this.#touched.clear();
    return touched;
  }

  /** Puts what changed. */
  flush(): void {
    for (const [id, row] of this.#rows) {
      if (!row.changed) continue;
      row.changed = false;
      if (isEmptyState(row)) this.#table.delete(id);
      else this.#table.putOwned(id, encodeStateRow(row));
    }
  }

  #row(id: EntryId): StateRow {
    const known = this.#rows.get(id);
    if (known !== undefined) return known;
    // Spelled out: an object that is spread into another one costs V8 a microsecond.
    const { node, registers, digest, isStale } = decodeStateRow(this.#table.getCopy(id));
    const row: StateRow = { node, registers, digest, isStale, changed: false };
    this.#rows.set(id, row);
    return row;
  }
}

const isEmptyState = ({ node, registers, digest, isStale }: StateContent): boolean =>
  node === undefined && registers.length === 0 && digest === undefined && !isStale;

/** `nodeBytes`: the node encoded, if somebody has it so already. */
export function encodeStateRow(
  { node, registers, digest, isStale }: StateContent,
  nodeBytes = node === undefined ? NO_BYTES : encodeNode(node),
): Buffer {
  const isShort = digest === undefined && !isStale && nodeBytes.length < LONG_HEAD;
  const head = isShort ? 2 : LONG_HEAD_BYTES + (digest === undefined ? 0 : ENTRY_DIGEST_BYTES);
  const out = Buffer.allocUnsafe(head + nodeBytes.length + registers.length);
  if (isShort) out.writeUInt16BE(nodeBytes.length, 0);
  else {
    out.writeUInt16BE(LONG_HEAD, 0);
    out.writeUInt16BE((digest?.bucket ?? UNCOUNTED_FLAG) | (isStale ? STALE_FLAG : 0), 2);
    digest?.digest.copy(out, 4);
    out.writeUInt32BE(nodeBytes.length, head - 4);
  }
  nodeBytes.copy(out, head);
  registers.copy(out, head + nodeBytes.length);
  return out;
}

export function decodeStateRow(bytes: Buffer | undefined): StateContent {
  if (bytes === undefined) {
    return { node: undefined, registers: NO_BYTES, digest: undefined, isStale: false };
  }
  const first = bytes.readUInt16BE(0);
  if (first !== LONG_HEAD) {
    return {
      node: nodeIn(bytes, 2, first),
      registers: bytes.subarray(2 + first),
      digest: undefined,
      isStale: false,
    };
  }
  const flags = bytes.readUInt16BE(2);
  const isCounted = (flags & UNCOUNTED_FLAG) === 0;
  const start = LONG_HEAD_BYTES + (isCounted ? ENTRY_DIGEST_BYTES : 0);
  const bucket = flags & ~(STALE_FLAG | UNCOUNTED_FLAG);
  const length = bytes.readUInt32BE(start - 4);
  return {
    node: nodeIn(bytes, start, length),
    registers: bytes.subarray(start + length),
    digest: isCounted ? { bucket, digest: bytes.subarray(4, 4 + ENTRY_DIGEST_BYTES) } : undefined,
    isStale: (flags & STALE_FLAG) !== 0,
  };
}

/** The encoded node of a row, empty when there is none, without decoding the rest. */
export function nodeBytes(bytes: Buffer): Buffer {
  const first = bytes.readUInt16BE(0);
  if (first !== LONG_HEAD) return bytes.subarray(2, 2 + first);
  const isCounted = (bytes.readUInt16BE(2) & UNCOUNTED_FLAG) === 0;
  const start = LONG_HEAD_BYTES + (isCounted ? ENTRY_DIGEST_BYTES : 0);
  return bytes.subarray(start, start + bytes.readUInt32BE(start - 4));
}

/** The encoded registers of a row, without decoding the rest. */
export function registerBytes(bytes: Buffer): Buffer {
  const node = nodeBytes(bytes);
  return bytes.subarray(node.byteOffset - bytes.byteOffset + node.length);
}

const nodeIn = (bytes: Buffer, start: number, length: number): StructureNode | undefined =>
  length === 0 ? undefined : decodeNode(bytes, { start, end: start + length });
