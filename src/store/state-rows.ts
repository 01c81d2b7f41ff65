// Rows of the `state` table: structure node and registers of one entry, apart from its content so that reads never touch
// them.
//
//   offset  bytes  content
//   0       2      length n of the node; 0 = no node (a unique ID known only by its registers, or the suffix entry)
//   2       n      node (replication/urp)
//   2+n            registers (replication/registers), empty when there are none
//
// An operation changes node and registers of an entry in separate steps: rows are kept here and put once, at the end.
import type { EntryId } from "../entry/index.ts";
import type { IdTable } from "../kv/index.ts";
import { type StructureNode, decodeNode, encodeNode } from "../replication/urp/index.ts";

interface StateRow {
  node: StructureNode | undefined;
  /** Encoded. */
  registers: Buffer;
  changed: boolean;
}

const NO_BYTES = Buffer.alloc(0);

export class StateRows {
  readonly #table: IdTable;
  readonly #rows = new Map<EntryId, StateRow>();

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

  setNode(id: EntryId, node: StructureNode | undefined): void {
    const row = this.#row(id);
    row.node = node;
    row.changed = true;
  }

  setRegisters(id: EntryId, registers: Buffer): void {
    const row = this.#row(id);
    if (row.registers.equals(registers)) return;
    row.registers = registers;
    row.changed = true;
  }

  /** Puts what changed. */
  flush(): void {
    for (const [id, row] of this.#rows) {
      if (!row.changed) continue;
      row.changed = false;
      if (row.node === undefined && row.registers.length === 0) this.#table.delete(id);
      else this.#table.put(id, encodeStateRow(row.node, row.registers));
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

export function encodeStateRow(node: StructureNode | undefined, registers: Buffer): Buffer {
  const nodeBytes = node === undefined ? NO_BYTES : encodeNode(node);
  const out = Buffer.allocUnsafe(2 + nodeBytes.length + registers.length);
  out.writeUInt16BE(nodeBytes.length, 0);
  nodeBytes.copy(out, 2);
  registers.copy(out, 2 + nodeBytes.length);
  return out;
}

export function decodeStateRow(bytes: Buffer | undefined): {
  node: StructureNode | undefined;
  registers: Buffer;
} {
  if (bytes === undefined) return { node: undefined, registers: NO_BYTES };
  const length = bytes.readUInt16BE(0);
  return {
    node: length === 0 ? undefined : decodeNode(bytes.subarray(2, 2 + length)),
    registers: bytes.subarray(2 + length),
  };
}
