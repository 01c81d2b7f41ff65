// A StructureStore in memory. Nodes and records are kept in their stored form, so that every test that runs on it also tests
// the codecs.
import type { UniqueId } from "../../src/replication/change/index.ts";
import type { Csn } from "../../src/replication/csn/index.ts";
import {
  type ChildCounts,
  type Slot,
  type StructureNode,
  type StructureRecord,
  type StructureStore,
  decodeNode,
  decodeRecord,
  encodeNode,
  encodeRecord,
} from "../../src/replication/urp/index.ts";

const NO_CHILDREN: ChildCounts = { shown: 0, tombstones: 0, placeholders: 0 };

export class MemoryStructure implements StructureStore {
  readonly nodes = new Map<UniqueId, Buffer>();
  readonly slots = new Map<string, Slot>();
  readonly counts = new Map<UniqueId, ChildCounts>();
  readonly #records = new Map<Csn, Buffer>();
  reads = 0;
  writes = 0;

  getNode(uniqueId: UniqueId): StructureNode | undefined {
    this.reads += 1;
    const bytes = this.nodes.get(uniqueId);
    return bytes && decodeNode(bytes);
  }

  setNode(uniqueId: UniqueId, node: StructureNode | undefined): void {
    this.writes += 1;
    if (node === undefined) this.nodes.delete(uniqueId);
    else this.nodes.set(uniqueId, encodeNode(node));
  }

  getSlot(parent: UniqueId, rdnKey: string): Slot | undefined {
    this.reads += 1;
    return this.slots.get(`${parent}/${rdnKey}`);
  }

  setSlot(parent: UniqueId, rdnKey: string, slot: Slot | undefined): void {
    this.writes += 1;
    if (slot === undefined) this.slots.delete(`${parent}/${rdnKey}`);
    else this.slots.set(`${parent}/${rdnKey}`, slot);
  }

  getChildCounts(uniqueId: UniqueId): ChildCounts {
    this.reads += 1;
    return this.counts.get(uniqueId) ?? NO_CHILDREN;
  }

  setChildCounts(uniqueId: UniqueId, counts: ChildCounts): void {
    this.writes += 1;
    const { shown, tombstones, placeholders } = counts;
    if (shown + tombstones + placeholders === 0) this.counts.delete(uniqueId);
    else this.counts.set(uniqueId, counts);
  }

  *children(uniqueId: UniqueId): Iterable<UniqueId> {
    for (const [child, bytes] of this.nodes) {
      if (decodeNode(bytes).parent === uniqueId) yield child;
    }
  }

  *lastHolders(parent: UniqueId): Iterable<UniqueId> {
    for (const [key, { holder, last }] of this.slots) {
      if (key.startsWith(`${parent}/`) && holder === undefined && last !== undefined) yield last;
    }
  }

  newestRecordCsn(): Csn | undefined {
    return [...this.#records.keys()].sort().at(-1);
  }

  getRecord(csn: Csn): StructureRecord | undefined {
    const bytes = this.#records.get(csn);
    return bytes && decodeRecord(bytes);
  }

  setRecord(csn: Csn, record: StructureRecord | undefined): void {
    this.writes += 1;
    if (record === undefined) this.#records.delete(csn);
    else this.#records.set(csn, encodeRecord(record));
  }

  *records(after: Csn | undefined): Iterable<StructureRecord> {
    for (const csn of [...this.#records.keys()].sort()) {
      if (after === undefined || csn > after) yield decodeRecord(this.#records.get(csn) as Buffer);
    }
  }

  allNodes(): Map<UniqueId, StructureNode> {
    return new Map([...this.nodes].map(([uniqueId, bytes]) => [uniqueId, decodeNode(bytes)]));
  }

  recordBytes(csn: Csn): number | undefined {
    return this.#records.get(csn)?.length;
  }
}
