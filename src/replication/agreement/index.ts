export { makeAgreement, stepAgreement } from "./agreement.ts";
export type {
  AgreementAction,
  AgreementEvent,
  AgreementState,
  AgreementTransition,
  Phase,
} from "./agreement-state.ts";
export { IDLE_MS, INIT_RETRIES_MAX, LINGER_MS, agreementWakeAt } from "./agreement-state.ts";
export type { Backoff } from "./backoff.ts";
export { nextBackoff } from "./backoff.ts";
export type { CloseGate, GateFacts, GateReason, GateState } from "./catch-up-gate.ts";
export {
  GATE_LIMIT_MS_DEFAULT,
  GATE_OPEN,
  closeGate,
  describeGate,
  forgetPeer,
  hearPeer,
  tickGate,
} from "./catch-up-gate.ts";
export type { StoredGate } from "./stored-gate.ts";
export { GATE_TABLE, decodeGate, encodeGate, gateKey } from "./stored-gate.ts";
export type { KeepAliveReason, KeepAliveTick, KeepAliveTimer } from "./keep-alive.ts";
export {
  KEEP_ALIVE_ATTRIBUTE,
  changeKeepAliveInterval,
  keepAliveAttributes,
  keepAliveDn,
  keepAliveMods,
  keepAliveName,
  keepAliveWrite,
  startKeepAliveTimer,
  tickKeepAlive,
} from "./keep-alive.ts";
export type { Moment, Schedule, ScheduleWindow } from "./schedule.ts";
export { isOpen, nextScheduleChange, parseSchedule } from "./schedule.ts";
export type { AgreementTimes } from "./settings.ts";
export { KEEP_ALIVE_SKIPPED_DEFAULT, agreementTimes } from "./settings.ts";
export type { AgreementStatus, ChangeCount, InitResult, StatusResult } from "./status.ts";
export { NEW_STATUS, countChanges, restoredStatus } from "./status.ts";
export { formatStoredStatus, parseStoredStatus } from "./stored-status.ts";
export type { StatusColor } from "./status-text.ts";
export {
  describeInit,
  describeUpdate,
  formatChangesSent,
  formatTime,
  ldapCodeText,
  longName,
  showStatus,
} from "./status-text.ts";
export {
  concernsAgreement,
  findAgreementMaxCsn,
  formatAgreementMaxCsn,
  hasSendable,
} from "./max-csn.ts";
