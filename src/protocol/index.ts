export {
  encodePartialAttribute,
  partialAttributeSize,
  readAttribute,
  readAttributes,
  readMods,
  writeAttribute,
  writeAttributes,
  writeMods,
} from "./attributes.ts";
export { NO_CONTROLS, encodeControls, findControl } from "./controls.ts";
export type { DecodeLimits } from "./decode-request.ts";
export { DECODE_LIMITS_DEFAULT, decodeRequest } from "./decode-request.ts";
export { decodeResponse } from "./decode-response.ts";
export { encodeRequest } from "./encode-request.ts";
export { encodeResponse } from "./encode-response.ts";
export { UNDEFINED_FILTER, readFilter, writeFilter } from "./filter.ts";
export type { FinalResponseType } from "./final-response.ts";
export {
  NOTICE_OF_DISCONNECTION_OID,
  finalResponse,
  finalResponseMessage,
  finalResponseType,
  noticeOfDisconnection,
} from "./final-response.ts";
export { FILTER_DEPTH_CEILING, FILTER_DEPTH_MAX_DEFAULT } from "./limits.ts";
export type {
  AbandonRequest,
  AddRequest,
  AttributeValues,
  BindRequest,
  CompareRequest,
  Control,
  DeleteRequest,
  ExtendedRequest,
  Filter,
  LdapResult,
  Mod,
  ModOperation,
  ModifyDnRequest,
  ModifyRequest,
  Request,
  RequestMessage,
  Response,
  ResponseMessage,
  ResponseType,
  Scope,
  SearchRequest,
  UnbindRequest,
} from "./messages.ts";
export { decodeValue } from "./payload.ts";
export { ProtocolError } from "./protocol-error.ts";
export type { ResultCodeName } from "./result.ts";
export { LdapError, ResultCode, SUCCESS } from "./result.ts";
export type { SearchEntrySizes } from "./search-entry.ts";
export {
  writeAttributesHeader,
  writeSearchEntryHeader,
  writeSearchEntryStart,
} from "./search-entry.ts";
