export type {
  AddChange,
  Change,
  DeleteChange,
  ModifyChange,
  ModifyDnChange,
  UniqueId,
} from "./change.ts";
export {
  RUV_UNIQUE_ID,
  decodeUniqueId,
  encodeUniqueId,
  parseUniqueId,
  putUniqueId,
} from "./change.ts";
