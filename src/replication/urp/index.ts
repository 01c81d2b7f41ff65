// Conflict resolution of the tree (conflict-resolution 13.3 to 13.8). How the pieces are meant to be called; `store` is the
// StructureStore of the write transaction, `base` the registers as stored (decodeRegisters, or new Registers).
//
// 1. Local operation: `checkLocal…` (refusals.ts) besides the usual checks on shown entries; then the operation gets its
//    CSN and becomes a Change; from here on it is a replicated one.
//
// 2. A Change, local or replicated (not yet covered by the RUV):
//      registers  add: base.applyAdd; modify and modifyDn: base.applyMods; see registers.ts. Also for unknown unique IDs.
//      structure  op = structuralOperation(change)
//                 outcome = op && applyStructural(replay, op)          // several at once: applyStructuralBatch
//      shown      for each uid of outcome.reshown, and for change.uniqueId: deriveForm(store, rules, uid) gives the form:
//                   form === undefined        no entry is shown or kept: take its record away, if any
//                   form.kind "tombstone"     RDN in form.rdn ("nsuniqueid=…,<rdn>")
//                   else                      shown under form.rdn below form.parent
//                 Its attributes: shownAttributes(form, base, names), or shownValues(form, base, key, names) for
//                 each touched key after a modify; renames and life changes touch everything that is derived: take
//                 shownAttributes for all of outcome.reshown.
//    numSubordinates and tombstoneNumSubordinates are the ChildCounts that applyStructural sets.
//
// 3. Total initialization from 389: one BaseImport per initialization; for each entry, parents first,
//    baseImport.addEntry(parent, payload) gives its unique ID and registers; after the last one baseImport.finish(), then
//    derive the forms of all nodes. From LDIF with state: the same, payload by StateCollector. From LDIF without state:
//    baseImport.addPlain(parent, uniqueId, dn).
//
// 4. Total initialization to 389 and nscpEntryWSI: entryState(form, base, names) gives the payload that protocol encodes and
//    formatEntryState prints.
//
// 5. Purge: purgeStructure(store, rules, purgeCsn, limits) in slices until it says that it is done; it names the unique IDs
//    whose nodes are gone (drop their rows) and those whose effects join their registers (base.joinEffects, store).
export type { ChildCounts, Life, Slot, StructureNode } from "./node.ts";
export { EMPTY_SLOT, isEmptySlot } from "./node.ts";
export type { StructuralOperation } from "./operation.ts";
export { structuralOperation } from "./operation.ts";
export type { SlotValue, StateChange, StateKey, StructureRecord } from "./record.ts";
export type { StructureRules } from "./names.ts";
export type { StructureStore } from "./store.ts";
export { decodeNode, decodeRecord, encodeNode, encodeRecord } from "./stored-form.ts";
