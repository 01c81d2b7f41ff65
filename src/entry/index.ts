export type { DescriptionRow } from "./description.ts";
export { Descriptions, splitDescription } from "./description.ts";
export type { Attribute, AttributeDescription, EntryView } from "./entry-view.ts";
export type { DirectoryRow, EntryContent, EntryId, RangeTest } from "./record.ts";
export {
  DirectoryRows,
  RDN_START,
  RecordFlag,
  decodeRecord,
  encodeRecord,
  forEachStoredValue,
  readValues,
  recordFlags,
  recordParentId,
  recordRdn,
  recordRdnBytes,
  recordUniqueId,
  someStoredValue,
} from "./record.ts";
export type { EntryNames, EntrySurroundings, LargeAttributes } from "./stored-entry.ts";
export { COMPUTED_ATTRIBUTE_KEYS, StoredEntry, isOrDescends } from "./stored-entry.ts";
export { RopeAttribute, type RopePiece, StoredValues, ValueRope } from "./stored-values.ts";
