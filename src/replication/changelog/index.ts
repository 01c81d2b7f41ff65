export type { CleanSlice, LogBounds } from "./changelog.ts";
export {
  SLICE_LOOKUPS_MAX,
  SLICE_REMOVALS_MAX,
  appendChange,
  cleanReplicaSlice,
  countChanges,
  findChange,
  hasChange,
  reachesRuv,
  readLogBounds,
  resetChangelog,
} from "./changelog.ts";
export type { ChangeFilter, ChangeReaderOptions, ReadSlice } from "./change-reader.ts";
export { ChangeReader, READ_LOOKUPS_MAX } from "./change-reader.ts";
export type { RecordHead } from "./record.ts";
export { baseName, decodeChange, decodeHead, encodeRecord } from "./record.ts";
export { findWindowFaults } from "./window-faults.ts";
export type { SendPlan, SendPlanInput, SendRange } from "./send-plan.ts";
export { planSending } from "./send-plan.ts";
export type { ChangelogTables, LogFloor } from "./tables.ts";
export {
  META_GENERATOR_KEY,
  META_LOG_FLOOR_KEY,
  META_RUV_KEY,
  readGenerator,
  readLogFloor,
  readRuv,
  writeGenerator,
  writeLogFloor,
  writeRuv,
} from "./tables.ts";
export type { TrimCursor, TrimInput, TrimPolicy, TrimSlice } from "./trim.ts";
export { TRIM_CAP_SECONDS_DEFAULT, trimSlice } from "./trim.ts";
