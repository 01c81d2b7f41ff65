// The structure rules (replication/urp) on the tables of a backend.
//
// A name is held by the live entry without conflict flag that is shown under it, so the row of the tree says who the holder
// is. The table `last` has a row only for what the tree cannot tell: who held a free name last, and glue that wants a name.
//
//   row of `last`     u8 1 if a last holder follows · [16 bytes nsUniqueId] · glue: 16 bytes each
//   row of `children` u32 shown, u32 tombstones, u32 placeholders
import { type EntryId, RecordFlag, recordFlags, recordUniqueId } from "../entry/index.ts";
import { decodeUniqueId, encodeUniqueId } from "../replication/change/index.ts";
import type { UniqueId } from "../replication/change/index.ts";
import { type Csn, decodeCsn, encodeCsn } from "../replication/csn/index.ts";
import {
  type ChildCounts,
  EMPTY_SLOT,
  type Slot,
  type StructureNode,
  type StructureRecord,
  type StructureStore,
  decodeRecord,
  encodeRecord,
  isEmptySlot,
} from "../replication/urp/index.ts";
import type { BackendWriter } from "./backend-writer.ts";
import type { StateRows } from "./state-rows.ts";
import { childRange, hiddenUniqueId, lastKey, lastRange } from "./tables.ts";

const NO_CHILDREN: ChildCounts = { shown: 0, tombstones: 0, placeholders: 0 };
const UNIQUE_ID_BYTES = 16;

export class StructureTables implements StructureStore {
  readonly #writer: BackendWriter;
  readonly #rows: StateRows;
  /** Slots that were set: the tree follows only when what is shown has been derived. */
  #slots: Map<string, Slot | undefined> | undefined;
  /** Nodes that were set, for the same reason. */
  #nodes: Map<UniqueId, StructureNode | undefined> | undefined;

  constructor(writer: BackendWriter, rows: StateRows) {
    this.#writer = writer;
    this.#rows = rows;
  }

  getNode(uniqueId: UniqueId): StructureNode | undefined {
    const id = this.#writer.idOfUniqueId(uniqueId);
    return id === undefined ? undefined : this.#rows.node(id);
  }

  setNode(uniqueId: UniqueId, node: StructureNode | undefined): void {
    this.#nodes ??= new Map();
    this.#nodes.set(uniqueId, node);
    this.#rows.setNode(this.#writer.internUniqueId(uniqueId), node);
  }

  getSlot(parent: UniqueId, rdnKey: string): Slot | undefined {
    const known = `${parent}/${rdnKey}`;
    if (this.#slots?.has(known) === true) return this.#slots.get(known);
    const parentId = this.#writer.idOfUniqueId(parent);
    if (parentId === undefined) return undefined;
    const row = this.#writer.tables.last.getCopy(lastKey(parent, rdnKey));
    const stored = row === undefined ? EMPTY_SLOT : decodeSlotRow(row);
    const holder = this.#holder(parentId, rdnKey);
    const slot = holder === undefined ? stored : { ...stored, holder, last: holder };
    return isEmptySlot(slot) ? undefined : slot;
  }

  setSlot(parent: UniqueId, rdnKey: string, slot: Slot | undefined): void {
    this.#slots ??= new Map();
    this.#slots.set(`${parent}/${rdnKey}`, slot);
    const key = lastKey(parent, rdnKey);
    const last = slot?.holder === undefined ? slot?.last : undefined;
    const glue = slot?.glue ?? [];
    if (last === undefined && glue.length === 0) this.#writer.tables.last.delete(key);
    else this.#writer.tables.last.put(key, encodeSlotRow(last, glue));
  }

  getChildCounts(uniqueId: UniqueId): ChildCounts {
    const id = this.#writer.idOfUniqueId(uniqueId);
    const row = id === undefined ? undefined : this.#writer.tables.children.getCopy(id);
    if (row === undefined) return NO_CHILDREN;
    return {
      shown: row.readUInt32BE(0),
      tombstones: row.readUInt32BE(4),
      placeholders: row.readUInt32BE(8),
    };
  }

  setChildCounts(uniqueId: UniqueId, counts: ChildCounts): void {
    const id = this.#writer.internUniqueId(uniqueId);
    const { shown, tombstones, placeholders } = counts;
    if (shown === 0 && tombstones === 0 && placeholders === 0) {
      this.#writer.tables.children.delete(id);
      return;
    }
    const row = Buffer.allocUnsafe(12);
    row.writeUInt32BE(shown, 0);
    row.writeUInt32BE(tombstones, 4);
    row.writeUInt32BE(placeholders, 8);
    this.#writer.tables.children.put(id, row);
  }

  *children(uniqueId: UniqueId): Iterable<UniqueId> {
    const id = this.#writer.idOfUniqueId(uniqueId);
    if (id === undefined) return;
    const bounds = { from: childRange(id, "tombstones").from, to: childRange(id, "shown").to };
    for (const { key, value } of [...this.#writer.tables.tree.range(bounds)]) {
      const record = this.#writer.tables.entry.getCopy(value.readUInt32BE(0));
      // Without a record: known and not shown.
      const child = record === undefined ? hiddenUniqueId(key) : recordUniqueId(record);
      if (this.#nodes?.has(child) !== true) yield child;
    }
    for (const [child, node] of this.#nodes ?? []) if (node?.parent === uniqueId) yield child;
  }

  *lastHolders(parent: UniqueId): Iterable<UniqueId> {
    const rows = this.#writer.tables.last.range(lastRange(parent));
    for (const row of [...rows].map(({ value }) => decodeSlotRow(Buffer.from(value)))) {
      if (row.last !== undefined) yield row.last;
    }
  }

  newestRecordCsn(): Csn | undefined {
    for (const key of this.#writer.tables.structure.keys({ reverse: true, limit: 1 })) {
      return decodeCsn(Buffer.from(key));
    }
    return undefined;
  }

  getRecord(csn: Csn): StructureRecord | undefined {
    const row = this.#writer.tables.structure.getCopy(encodeCsn(csn));
    return row === undefined ? undefined : decodeRecord(row);
  }

  setRecord(csn: Csn, record: StructureRecord | undefined): void {
    if (record === undefined) this.#writer.tables.structure.delete(encodeCsn(csn));
    else this.#writer.tables.structure.put(encodeCsn(csn), encodeRecord(record));
  }

  *records(after: Csn | undefined): Iterable<StructureRecord> {
    const from =
      after === undefined ? {} : { from: Buffer.concat([encodeCsn(after), Buffer.of(0)]) };
    for (const row of this.#writer.tables.structure.range(from)) yield decodeRecord(row.value);
  }

  #holder(parentId: EntryId, rdnKey: string): UniqueId | undefined {
    const id = this.#writer.childByName(parentId, rdnKey);
    const record = id === undefined ? undefined : this.#writer.tables.entry.getCopy(id);
    if (record === undefined) return undefined;
    const isHolder = (recordFlags(record) & (RecordFlag.conflict | RecordFlag.glue)) === 0;
    return isHolder ? recordUniqueId(record) : undefined;
  }
}

function encodeSlotRow(last: UniqueId | undefined, glue: readonly UniqueId[]): Buffer {
  const ids = last === undefined ? glue : [last, ...glue];
  return Buffer.concat([Buffer.of(last === undefined ? 0 : 1), ...ids.map(encodeUniqueId)]);
}

function decodeSlotRow(row: Buffer): Slot {
  const ids: UniqueId[] = [];
  for (let at = 1; at < row.length; at += UNIQUE_ID_BYTES) ids.push(decodeUniqueId(row, at));
  return row[0] === 1
    ? { holder: undefined, last: ids[0], glue: ids.slice(1) }
    : { holder: undefined, last: undefined, glue: ids };
}
