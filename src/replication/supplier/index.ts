export type { ChangeRequest } from "./change-request.ts";
export { requestOfChange } from "./change-request.ts";
export type { Fractional } from "./fractional.ts";
export {
  NOT_FRACTIONAL,
  changeFilter,
  filterChange,
  isFractional,
  isSentInTotal,
  makeFractional,
} from "./fractional.ts";
export type { OutcomeKind, SessionOutcome } from "./outcome.ts";
export {
  LOST,
  NOT_INITIALIZED,
  OTHER_GENERATION,
  PURGED,
  REFUSED,
  STOPPED,
  SUCCEEDED,
  TIMED_OUT,
  TOO_MUCH_SKEW,
  YIELDED,
  noStartResponse,
  notConnected,
  startRefused,
} from "./outcome.ts";
export type { ResultVerdict } from "./result-codes.ts";
export {
  ReplicationCode,
  findReplicationCodeText,
  judgeResult,
  mayContinueAfter,
} from "./result-codes.ts";
export type {
  ChangeResult,
  SessionAction,
  SessionContext,
  SessionEvent,
  SessionSettings,
  SessionState,
  SessionTransition,
} from "./session-state.ts";
export {
  LDAP_SERVER_DOWN,
  LDAP_TIMEOUT,
  SEND_CHUNK_CHANGES,
  sessionWakeAt,
} from "./session-state.ts";
export { startSession, stepSession } from "./session.ts";
export type { SkipMemory } from "./skip-memory.ts";
export { NO_SKIP_MEMORY, rememberSkips, startOf } from "./skip-memory.ts";
