// Rows of the `state` table: structure node, registers and digest of one entry, apart from its content so that reads never touch
// them.
//
//   offset  bytes  content
//   0       2      length n of the node; 0 = no node (a unique ID known only by its registers, or the suffix entry)
//   2       n      node (replication/urp)
//   2+n            registers (replication/registers), empty when there are none
//
// Of an entry that is counted in the digest tree:
//
//   0       2      0xffff
//   2       2      bucket of the digest tree
//   4       16     digest (entry-digest.ts)
//   20      4      length n of the node
//   24      n      node
//   24+n           registers
//
// An operation changes node and registers of an entry in separate steps: rows are kept here and put once, at the end.
import type { EntryId } from "../entry/index.ts";
import type { IdTable } from "../kv/index.ts";
import { type StructureNode, decodeNode, encodeNode } from "../replication/urp/index.ts";
import { type EntryDigest, sameDigest } from "./digest-tree.ts";
import { ENTRY_DIGEST_BYTES } from "./entry-digest.ts";

/** What a row says. */
export interface StateContent {
  readonly node: StructureNode | undefined;
  /** Encoded. */
  readonly registers: Buffer;
  /** undefined: it is not counted in the digest tree. */
  readonly digest: EntryDigest | undefined;
}

interface StateRow {
  node: StructureNode | undefined;
  registers: Buffer;
  digest: EntryDigest | undefined;
  changed: boolean;
}

const NO_BYTES = Buffer.alloc(0);
const DIGESTED = 0xffff;
const DIGESTED_HEAD_BYTES = 8 + ENTRY_DIGEST_BYTES;

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

  setDigest(id: EntryId, digest: EntryDigest | undefined): void {
    const row = this.#row(id);
    if (sameDigest(row.digest, digest)) return;
    row.digest = digest;
    row.changed = true;
  }

  /** The record of the entry changed: its digest has to be looked at. */
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
      else this.#table.put(id, encodeStateRow(row));
    }
  }

  #row(id: EntryId): StateRow {
    const known = this.#rows.get(id);
    if (known !== undefined) return known;
    const bytes = this.#table.getCopy(id);
    const row: StateRow = { ...decodeStateRow(bytes), changed: false };
    this.#rows.set(id, row);
    return row;
  }
}

const isEmptyState = ({ node, registers, digest }: StateContent): boolean =>
  node === undefined && registers.length === 0 && digest === undefined;

export function encodeStateRow({ node, registers, digest }: StateContent): Buffer {
  const nodeBytes = node === undefined ? NO_BYTES : encodeNode(node);
  const head = digest === undefined ? 2 : DIGESTED_HEAD_BYTES;
  const out = Buffer.allocUnsafe(head + nodeBytes.length + registers.length);
  if (digest === undefined) out.writeUInt16BE(nodeBytes.length, 0);
  else {
    out.writeUInt16BE(DIGESTED, 0);
    out.writeUInt16BE(digest.bucket, 2);
    digest.digest.copy(out, 4);
    out.writeUInt32BE(nodeBytes.length, 4 + ENTRY_DIGEST_BYTES);
  }
  nodeBytes.copy(out, head);
  registers.copy(out, head + nodeBytes.length);
  return out;
}

export function decodeStateRow(bytes: Buffer | undefined): StateContent {
  if (bytes === undefined) return { node: undefined, registers: NO_BYTES, digest: undefined };
  const first = bytes.readUInt16BE(0);
  const isDigested = first === DIGESTED;
  const start = isDigested ? DIGESTED_HEAD_BYTES : 2;
  const length = isDigested ? bytes.readUInt32BE(4 + ENTRY_DIGEST_BYTES) : first;
  return {
    node: length === 0 ? undefined : decodeNode(bytes.subarray(start, start + length)),
    registers: bytes.subarray(start + length),
    digest: isDigested
      ? { bucket: bytes.readUInt16BE(2), digest: bytes.subarray(4, 4 + ENTRY_DIGEST_BYTES) }
      : undefined,
  };
}
