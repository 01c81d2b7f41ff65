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
export { ABORT_SESSION_CONTROL, ABORT_SESSION_OID } from "./controls/abort-session.ts";
export { ASSERTION_OID, decodeAssertion, encodeAssertion } from "./controls/assertion.ts";
export { MANAGE_DSA_IT_CONTROL, MANAGE_DSA_IT_OID } from "./controls/manage-dsa-it.ts";
export type { PagedResults } from "./controls/paged-results.ts";
export {
  PAGED_RESULTS_OID,
  decodePagedResults,
  encodePagedResults,
  pagedResultsControl,
} from "./controls/paged-results.ts";
export {
  PROXIED_AUTHORIZATION_OID,
  decodeProxiedAuthorization,
} from "./controls/proxied-authorization.ts";
export type { ReadEntry } from "./controls/read-entry.ts";
export {
  POST_READ_OID,
  PRE_READ_OID,
  decodeReadEntryRequest,
  decodeReadEntryResponse,
  encodeReadEntryRequest,
  encodeReadEntryResponse,
} from "./controls/read-entry.ts";
export type { SubentriesVisibility } from "./controls/subentries.ts";
export { SUBENTRIES_OID, decodeSubentries, encodeSubentries } from "./controls/subentries.ts";
export type { UpdateInfo } from "./controls/update-info.ts";
export {
  UPDATE_INFO_OID,
  decodeUpdateInfo,
  encodeUpdateInfo,
  updateInfoControl,
} from "./controls/update-info.ts";
export type { DecodeLimits } from "./decode-request.ts";
export { DECODE_LIMITS_DEFAULT, decodeRequest } from "./decode-request.ts";
export { decodeResponse } from "./decode-response.ts";
export { encodeRequest } from "./encode-request.ts";
export { encodeResponse } from "./encode-response.ts";
export { CANCEL_OID, decodeCancel, encodeCancel } from "./extended/cancel.ts";
export type {
  AbortCleanRuvRequest,
  CheckCleanRuvRequest,
  CleanRuvRequest,
  GetMaxCsnRequest,
} from "./extended/clean-ruv.ts";
export {
  CLEAN_RUV_ACCEPTED,
  CLEAN_RUV_CLEANING,
  CLEAN_RUV_FINISHED,
  CLEAN_RUV_NO_MAX_CSN,
  decodeAbortCleanRuv,
  decodeCheckCleanRuv,
  decodeCleanRuv,
  decodeCleanRuvResponse,
  decodeGetMaxCsn,
  encodeAbortCleanRuv,
  encodeCheckCleanRuv,
  encodeCleanRuv,
  encodeCleanRuvResponse,
  encodeGetMaxCsn,
} from "./extended/clean-ruv.ts";
export type { EndReplicationRequest } from "./extended/end-replication.ts";
export { decodeEndReplication, encodeEndReplication } from "./extended/end-replication.ts";
export type { PasswordModifyRequest } from "./extended/password-modify.ts";
export {
  PASSWORD_MODIFY_OID,
  decodePasswordModifyRequest,
  decodePasswordModifyResponse,
  encodePasswordModifyRequest,
  encodePasswordModifyResponse,
} from "./extended/password-modify.ts";
export type {
  ReplicatedAttribute,
  ReplicatedValue,
  ReplicationEntry,
  ValueCsn,
  ValueCsnKind,
} from "./extended/replication-entry.ts";
export {
  decodeReplicationEntry,
  encodeReplicationEntry,
  writeReplicationEntry,
} from "./extended/replication-entry.ts";
export type {
  EntryState,
  EntryStateNode,
  EntryStateOperation,
  JoinedState,
} from "./extended/entry-state.ts";
export {
  JOIN_ENTRY_STATE_OID,
  READ_ENTRY_STATE_OID,
  decodeEntryState,
  decodeJoinEntryState,
  decodeJoinEntryStateResponse,
  decodeReadEntryState,
  decodeReadEntryStateResponse,
  encodeEntryState,
  encodeJoinEntryState,
  encodeJoinEntryStateResponse,
  encodeReadEntryState,
  encodeReadEntryStateResponse,
} from "./extended/entry-state.ts";
export type {
  TotalLast,
  TotalNodeChange,
  TotalState,
  TotalStructure,
} from "./extended/total-state.ts";
export { REST_SESSION_OID } from "./extended/rest-session.ts";
export type { TotalCleaned } from "./extended/total-cleaned.ts";
export {
  TOTAL_CLEANED_OID,
  decodeTotalCleaned,
  encodeTotalCleaned,
} from "./extended/total-cleaned.ts";
export {
  TOTAL_STATES_OID,
  TOTAL_STRUCTURE_OID,
  decodeTotalStates,
  decodeTotalStructure,
  encodeTotalState,
  encodeTotalStates,
  encodeTotalStructure,
} from "./extended/total-state.ts";
export type {
  DigestLevel,
  ReadDigestRequest,
  ReadDigestResponse,
} from "./extended/read-digest.ts";
export {
  READ_DIGEST_OID,
  decodeReadDigest,
  decodeReadDigestResponse,
  encodeReadDigest,
  encodeReadDigestResponse,
} from "./extended/read-digest.ts";
export {
  ABORT_CLEAN_RUV_OID,
  CHECK_CLEAN_RUV_OID,
  CLEAN_RUV_OID,
  END_REPLICATION_OID,
  GET_MAX_CSN_OID,
  INCREMENTAL_PROTOCOL_71_OID,
  INCREMENTAL_PROTOCOL_OID,
  REPLICATION_ENTRY_71_OID,
  REPLICATION_ENTRY_OID,
  REPLICATION_RESPONSE_50_OID,
  REPLICATION_RESPONSE_90_OID,
  START_REPLICATION_50_OID,
  START_REPLICATION_90_OID,
  TOTAL_PROTOCOL_71_OID,
  TOTAL_PROTOCOL_OID,
} from "./extended/replication-oids.ts";
export type {
  ReplicationResponse,
  ReplicationResponseCodeName,
} from "./extended/replication-response.ts";
export {
  ReplicationResponseCode,
  decodeReplicationResponse,
  encodeReplicationResponse,
} from "./extended/replication-response.ts";
export type { SessionData } from "./extended/session-data.ts";
export type { StartReplicationRequest } from "./extended/start-replication.ts";
export { decodeStartReplication, encodeStartReplication } from "./extended/start-replication.ts";
export { START_TLS_OID } from "./extended/start-tls.ts";
export { WHO_AM_I_OID, decodeWhoAmI, encodeWhoAmI } from "./extended/who-am-i.ts";
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
