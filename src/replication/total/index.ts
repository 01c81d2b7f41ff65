export type { EntrySource, ReadItem, ReceivedItem, TotalEntry, TotalItem } from "./entry-source.ts";
export type { ImportAction, ImportEvent, ImportState, ImportTransition } from "./import-session.ts";
export {
  installedRuv,
  isDecodedAtOnce,
  newestCsn,
  startImport,
  stepImport,
} from "./import-session.ts";
export { filterEntry } from "./total-filter.ts";
export type {
  TotalAction,
  TotalConnectionCode,
  TotalContext,
  TotalEvent,
  TotalOutcome,
  TotalOutcomeKind,
  TotalSettings,
  TotalState,
  TotalTransition,
} from "./total-session.ts";
export {
  TOTAL_BUSY_PAUSE_MS,
  TOTAL_BUSY_PAUSE_MS_MAX,
  TOTAL_CHUNK_ENTRIES,
  TOTAL_DRAIN_MS,
  TOTAL_LOST,
  TOTAL_STOPPED,
  TOTAL_SUCCEEDED,
  TOTAL_TIMED_OUT,
  startTotal,
  stepTotal,
  totalNotConnected,
  totalWakeAt,
} from "./total-session.ts";
