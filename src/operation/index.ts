export { mayKnowAbsence } from "./absence.ts";
export type { Access } from "./access-port.ts";
export { FULL_ACCESS } from "./access-port.ts";
export { addEntry } from "./add.ts";
export { BackendSource } from "./backend-source.ts";
export { candidateEntry } from "./candidate-entry.ts";
export { checkAcis } from "./check-aci.ts";
export { compareEntry } from "./compare.ts";
export { deleteEntry } from "./delete.ts";
export { modifyEntry } from "./modify.ts";
export { modifyDn } from "./modify-dn.ts";
export type {
  Candidates,
  SearchLimits,
  SearchOutcome,
  SearchSettings,
  SearchSink,
  SearchSource,
  Visibility,
} from "./search.ts";
export { SEARCH_SLICE_MS, Search } from "./search.ts";
export type { EntryAnswer } from "./search-entry.ts";
export { selectAttributes, writeEntry } from "./search-entry.ts";
export { Selection } from "./selection.ts";
export type { Actor, WriteContext, WriteSettings } from "./write-context.ts";
export { formatTime, newEntryUuid, newUniqueId } from "./write-context.ts";
export type { WriteEffects, WriteRunOptions } from "./write-run.ts";
export { applyAndLog, guarded, runWrite, takeEffects } from "./write-run.ts";
