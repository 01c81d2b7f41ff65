export type { DescriptionRow } from "./description.ts";
export { Descriptions, splitDescription } from "./description.ts";
export type { Attribute, AttributeDescription, EntryView } from "./entry-view.ts";
export { type CutRope, type PieceNumbers, cutRope, liesApart } from "./cut-rope.ts";
export { joinRecord } from "./joined-record.ts";
export type { DirectoryRow, EntryContent, EntryId, PiecesApart, RangeTest } from "./record.ts";
export {
  DirectoryRows,
  RDN_START,
  RecordFlag,
  decodeRecord,
  encodeRecord,
  hasApart,
  namesApart,
  readPieces,
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
export { type KnownValues, StoredValues } from "./stored-values.ts";
export { RopeAttribute, type RopePart, ValueRope } from "./value-rope.ts";
export { type ValuePiece, listValues } from "./value-piece.ts";
