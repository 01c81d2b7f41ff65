export type { AbortAction, AbortEvent, AbortFacts, AbortOrder, AbortTask } from "./abort-task.ts";
export { makeAbortTask, stepAbort } from "./abort-task.ts";
export type { AbortMarker, CleanMarker } from "./clean-marker.ts";
export {
  checkFilter,
  formatAbortMarker,
  formatCleanMarker,
  parseAbortMarker,
  parseCheckFilter,
  parseCleanMarker,
} from "./clean-marker.ts";
export type {
  CleanAction,
  CleanEvent,
  CleanFacts,
  CleanOrder,
  CleanTask,
  PeerAnswer,
} from "./clean-task.ts";
export { cleanProgress, makeCleanTask, stepClean } from "./clean-task.ts";
export type { CleanedId, CleanedIds } from "./cleaned-ids.ts";
export {
  CLEANED_TABLE,
  cleanedKey,
  encodeCleanedId,
  findLeftOver,
  isDropped,
  isGivenUp,
  mayLearn,
  readCleanedIds,
  wasCleaned,
  withoutCleaned,
} from "./cleaned-ids.ts";
export type { SuppliedContent, SuppliedId } from "./supplied-ids.ts";
export { readSupplied, takeSupplied, toSupplied } from "./supplied-ids.ts";
