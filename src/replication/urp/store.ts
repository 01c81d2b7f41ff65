// What the structure rules need of the store. Everything is synchronous and belongs to one write transaction: all that is
// set during an operation is kept or discarded together with its entries, changelog record and RUV.
//
// `applyStructural` reads every node and slot at most once, computes, and sets at the end; it never reads what it has set.
// Cost of an operation with the newest CSN (nearly all local ones):
//
//              reads                                     writes
//   add        node, parent's node, slot, counts         node, slot, record, counts of the parent
//   delete     node, slot, counts                        node, slot, record, counts of the parent
//   modrdn     node, old slot, new slot (superior)       node, both slots, record (counts of both parents)
//   revive     node, slot, counts                        node, slot, record, counts
//
// Records behind an operation are read only when it arrives late, and only those that touch what it touches (see recent-keys.ts).
//
// Notes for tables that keep names in a tree of their own: `holder` may be found through the row of the shown plain name,
// if that entry is live and without conflict flag; `last` then only needs a row where there is no holder. A slot with empty
// `holder`, `last` and `glue` is set as undefined.
import type { UniqueId } from "../change/index.ts";
import type { Csn } from "../csn/index.ts";
import type { ChildCounts, Slot, StructureNode } from "./node.ts";
import type { StructureRecord } from "./record.ts";

export interface StructureStore {
  getNode(uniqueId: UniqueId): StructureNode | undefined;
  /** Encode with `encodeNode`. undefined removes it; the registers of that unique ID stay (they may be all there is). */
  setNode(uniqueId: UniqueId, node: StructureNode | undefined): void;

  /** `rdnKey` is the normal form given by `NameForms.rdnKey`; "" for an RDN that is only an nsuniqueid assertion. */
  getSlot(parent: UniqueId, rdnKey: string): Slot | undefined;
  /** From then on getSlot gives what was set, also before the shown entries have followed: deriveForm asks for it. */
  setSlot(parent: UniqueId, rdnKey: string, slot: Slot | undefined): void;

  /** Zeros when nothing is stored. Also for the suffix entry. */
  getChildCounts(uniqueId: UniqueId): ChildCounts;
  setChildCounts(uniqueId: UniqueId, counts: ChildCounts): void;
  /** Unique IDs of all nodes with this parent, shown or not, in any order. Called only for parents that are not live and
   *  whose counts say that there are any (CSN of tombstones, purge). */
  children(uniqueId: UniqueId): Iterable<UniqueId>;
  /** Who held names below it last that nobody holds now, in any order. Called only by the purge. */
  lastHolders(parent: UniqueId): Iterable<UniqueId>;

  /** CSN of the newest record of the structure log. */
  newestRecordCsn(): Csn | undefined;
  getRecord(csn: Csn): StructureRecord | undefined;
  /** Adds, replaces (a later operation was executed again) or, with undefined, removes (purge). Encode with
   *  `encodeRecord`. */
  setRecord(csn: Csn, record: StructureRecord | undefined): void;
  /** Records in CSN order: above `after`, all when it is undefined. Not written to while it is read. */
  records(after: Csn | undefined): Iterable<StructureRecord>;
}
