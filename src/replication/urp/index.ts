// Conflict resolution of the tree (conflict-resolution 13.3 to 13.8). How the pieces are meant to be called; `store` is the
// StructureStore of the write transaction, `base` the registers as stored (decodeRegisters, or new Registers).
//
// 1. Local operation: `findRefusal` besides the usual checks on shown entries; then the operation gets its
//    CSN and becomes a Change; from here on it is a replicated one.
//
// 2. A Change, local or replicated (not yet covered by the RUV):
//      registers  add: base.applyAdd; modify and modifyDn: base.applyMods; see registers.ts. Also for unknown unique IDs.
//      structure  op = structuralOperation(change)
//                 outcome = op && applyStructural(replay, store, rules, op)       // several: applyStructuralBatch
//                 `replay`, a StructureReplay, is the backend's: one object as long as it is open. An operation on the
//                 suffix entry has no structural part; its node does not exist.
//      shown      for each uid of outcome.reshown, and for change.uniqueId: deriveForm(store, rules, uid) gives the form:
//                   form === undefined        no entry is shown or kept: take its record away, if any
//                   form.kind "tombstone"     RDN in form.rdn ("nsuniqueid=…,<rdn>")
//                   else                      shown under form.rdn below form.node.parent
//                 Its attributes: shownAttributes(form, base, surroundings), or shownValues(form, base, description,
//                 surroundings) for each touched key after a modify without structural part; for all of
//                 outcome.reshown take shownAttributes. Entries of one outcome may have swapped names: take all old
//                 names out of the tree before the new ones are put in.
//    numSubordinates and tombstoneNumSubordinates are the ChildCounts that applyStructural sets.
//
// 3. Total initialization from 389, LDIF import: one BaseImport into empty tables, with rules that name the unique ID of the
//    suffix entry. addEntry(entry) sets node, names and counts and gives the registers to be stored, and which forms to
//    derive. `entry` is a ReplicationEntry: from the wire; from replica LDIF by StateCollector; from plain LDIF with
//    values without CSNs and a unique ID made by the caller. It is no operation: nothing goes into the structure log.
//
//    From another Concord: loadNodes for each node as it comes, and once for all that have changed meanwhile.
//
// 4. Total initialization to 389 and nscpEntryWSI: entryState(form, base, dn, surroundings) gives the ReplicationEntry that
//    protocol encodes and formatEntryState (registers room) prints.
//
// 5. Purge: store the new purge CSN, then purgeStructure(store, rules) in slices until isDone. For `joined`: join the effects
//    into the stored registers (base.joinEffects, base.purge). For `removed`: drop record and registers. For `reshown`:
//    derive. Registers of any entry may be purged whenever they are stored anyway: base.purge(purgeCsn).
//
// 6. Repair: joinStructure(replay, store, rules, theirs) takes what another replica knows of one entry. No change is counted.
export type { ImportedEntry } from "./base-import.ts";
export { BaseImport } from "./base-import.ts";
export { entryState } from "./entry-state.ts";
export type { EntryForm, FormKind } from "./form.ts";
export { deriveForm, isShown, suffixForm } from "./form.ts";
export type { FullReplay } from "./full-replay.ts";
export { fullReplay } from "./full-replay.ts";
export type { OtherStructure, StructureJoin, StructureObstacle } from "./join-structure.ts";
export { joinStructure } from "./join-structure.ts";
export type { LoadedNodes, NodeFault } from "./load-nodes.ts";
export { loadNodes, readNode, readRecord } from "./load-nodes.ts";
export type { StructureRules } from "./names.ts";
export { plainRdn, rdnKey } from "./names.ts";
export type { ChildCounts, Life, Slot, StructureNode } from "./node.ts";
export { EMPTY_SLOT, isEmptySlot } from "./node.ts";
export type { StructuralOperation } from "./operation.ts";
export { structuralOperation } from "./operation.ts";
export type { PurgeInput } from "./purge-csn.ts";
export { PURGE_HOLD_SECONDS_DEFAULT, nextPurgeCsn } from "./purge-csn.ts";
export type { PurgeOutcome } from "./purge.ts";
export { PURGE_RECORDS_MAX, purgeStructure } from "./purge.ts";
export type { SlotValue, StateChange, StateKey, StructureRecord } from "./record.ts";
export type { RefusedAction } from "./refusals.ts";
export { findRefusal } from "./refusals.ts";
export type { StructuralOutcome } from "./replay.ts";
export { StructureReplay, applyStructural, applyStructuralBatch } from "./replay.ts";
export type { Surroundings } from "./shown.ts";
export { derivedClasses, shownAttributes, shownValues } from "./shown.ts";
export type { StructureStore } from "./store.ts";
export {
  decodeNode,
  decodeRecord,
  encodeNode,
  encodeRecord,
  nodeParent,
  recordOwner,
} from "./stored-form.ts";
export { wasConflict } from "./was-conflict.ts";
