// The machine of one agreement (389: repl5_inc_protocol.c, repl5_tot_protocol.c; replication-protocol 6). Pure: the driver
// (replication/thread) performs the actions in their order and feeds back what came of them; it decides nothing. One
// `timer` event is due at `agreementWakeAt`.
//
//   disabled ─ configured on ─► START: window open? ─ no ─► waitingForWindow
//                                │ yes
//                                ▼
//   waitingForChanges ─ change ► checking ─ nothing for the consumer ─► waitingForChanges
//        ▲                       │ something
//        │ success               ▼
//        └────────── inSession ◄ connecting          busy, yielded, failed ─► backingOff ─ expired ─► checking
//                                                    fatal ─► stoppedByError ─ configured ─► START
//   A refresh takes any phase to initConnecting → initializing → START (initWaiting between attempts).
//   New settings: START, after the session if there is one. Disabling and shutdown end a session properly, and cut it off
//   after the protocol timeout.
import type { Millis } from "../../base/index.ts";
import type { Csn } from "../csn/index.ts";
import { type Ruv, withKnown } from "../ruv/index.ts";
import { STOPPED } from "../supplier/index.ts";
import { TOTAL_STOPPED } from "../total/index.ts";
import {
  type AgreementEvent,
  type AgreementState,
  type AgreementTransition,
  type PhaseOf,
  stay,
} from "./agreement-state.ts";
import { stepChecked, stepConnectFailed, stepInSession } from "./incremental-steps.ts";
import {
  disconnect,
  enterAfter,
  enterChangeWait,
  enterCheck,
  enterInit,
  enterSession,
  enterStart,
  enterWindowWait,
  withActions,
} from "./phases.ts";
import { type Moment, isOpen } from "./schedule.ts";
import type { AgreementTimes } from "./settings.ts";
import { type AgreementStatus, NEW_STATUS } from "./status.ts";
import {
  endInit,
  stepInitConnectFailed,
  stepInitConnected,
  stepInitializing,
} from "./total-steps.ts";

/** The state before the first `configured` event. `status` and `consumer` are those of before a restart. */
export function makeAgreement(
  times: AgreementTimes,
  kept: { readonly status?: AgreementStatus; readonly consumer?: Ruv | undefined } = {},
): AgreementState {
  return {
    phase: { name: "disabled" },
    times: { ...times, isEnabled: false },
    status: kept.status ?? NEW_STATUS,
    backoff: undefined,
    consumer: kept.consumer,
    isConnected: false,
    mayRest: false,
    lingerUntil: undefined,
    isChangePending: true,
    isChanged: false,
    isRefreshWanted: false,
    stopping: undefined,
    isShutDown: false,
    skippedSinceSent: 0,
    isIntroduced: false,
    doubt: undefined,
  };
}

export function stepAgreement(
  state: AgreementState,
  event: AgreementEvent,
  moment: Moment,
): AgreementTransition {
  if (state.phase.name === "ended") return stay(state);
  switch (event.type) {
    case "configured":
      return stepConfigured(state, event.times, moment);
    case "shutdown":
      return stop({ ...state, isShutDown: true }, moment);
    case "refreshAsked":
      return stepRefreshAsked(state, moment);
    case "refreshStopped":
      return stepRefreshStopped(state, moment);
    case "timer":
      return stepTimer(state, moment);
    case "consumerChanged":
      return stepPhase({ ...state, consumer: event.ruv }, { type: "replicateNow" }, moment);
    case "changesAvailable":
      return stepPhase(withKnownChanges(state, event.known ?? []), event, moment);
    case "adjusted":
    case "changesAnswered":
    case "chunkSent":
    case "connectFailed":
    case "connected":
    case "connectionLost":
    case "endAnswered":
    case "entriesAnswered":
    case "entriesSent":
    case "localRuv":
    case "replicateNow":
    case "restEnded":
    case "startAnswered":
      return stepPhase(state, event, moment);
  }
}

const withKnownChanges = (state: AgreementState, known: readonly Csn[]): AgreementState =>
  state.consumer === undefined || known.length === 0
    ? state
    : { ...state, consumer: withKnown(state.consumer, known) };

type PhaseEvent = Exclude<
  AgreementEvent,
  {
    type:
      | "configured"
      | "consumerChanged"
      | "refreshAsked"
      | "refreshStopped"
      | "shutdown"
      | "timer";
  }
>;

function stepPhase(state: AgreementState, event: PhaseEvent, moment: Moment): AgreementTransition {
  const { phase } = state;
  switch (phase.name) {
    case "inSession":
      return stepSessionPhase(state, phase, event, moment);
    case "initializing":
      return stepTotalPhase(state, phase, event, moment);
    case "checking":
      return event.type === "localRuv"
        ? stepChecked(state, event, moment)
        : noteChange(state, event);
    case "connecting":
      if (event.type === "connected") {
        const { mayRest = false } = event;
        return enterSession({ ...state, mayRest }, phase.generation, moment);
      }
      return event.type === "connectFailed"
        ? stepConnectFailed(state, event.ldapCode, moment)
        : noteChange(state, event);
    case "initConnecting":
      if (event.type === "connected") return stepInitConnected(state, phase, moment);
      return event.type === "connectFailed"
        ? stepInitConnectFailed(state, phase, event.ldapCode, moment)
        : noteChange(state, event);
    case "waitingForChanges":
      return stepChangeWait(state, event);
    case "backingOff":
      return stepBackingOff(state, event, moment);
    case "pausing":
    case "waitingForWindow":
      return event.type === "replicateNow" ? enterCheck(state) : noteIdle(state, event);
    case "disabled":
    case "stoppedByError":
    case "initWaiting":
    case "ended":
      return noteIdle(state, event);
  }
}

/** A connection that nobody uses may get lost. */
function noteIdle(state: AgreementState, event: PhaseEvent): AgreementTransition {
  return event.type === "connectionLost" ? disconnect(state) : noteChange(state, event);
}

const noteChange = (state: AgreementState, event: PhaseEvent): AgreementTransition =>
  stay(event.type === "changesAvailable" ? { ...state, isChangePending: true } : state);

function stepChangeWait(state: AgreementState, event: PhaseEvent): AgreementTransition {
  const isWoken = event.type === "changesAvailable" || event.type === "replicateNow";
  return isWoken ? enterCheck(state) : noteIdle(state, event);
}

/** A change does not cut the wait short; but should the timer have been missed, it ends it. */
function stepBackingOff(
  state: AgreementState,
  event: PhaseEvent,
  moment: Moment,
): AgreementTransition {
  const isOverdue =
    event.type === "changesAvailable" && moment.now >= (state.backoff?.until ?? moment.now);
  const isWoken = event.type === "replicateNow" || isOverdue;
  return isWoken ? enterCheck(state) : noteIdle(state, event);
}

function stepSessionPhase(
  state: AgreementState,
  phase: PhaseOf<"inSession">,
  event: PhaseEvent,
  moment: Moment,
): AgreementTransition {
  switch (event.type) {
    case "localRuv":
    case "connected":
    case "connectFailed":
    case "entriesSent":
    case "entriesAnswered":
      return stay(state);
    case "replicateNow":
      return conclude(state, phase, moment);
    case "adjusted":
    case "changesAnswered":
    case "changesAvailable":
    case "chunkSent":
    case "connectionLost":
    case "endAnswered":
    case "restEnded":
    case "startAnswered":
      return stepInSession(state, phase, event, moment);
  }
}

/** A session that only waits for changes gives way to one that asks the consumer anew. */
function conclude(
  state: AgreementState,
  phase: PhaseOf<"inSession">,
  moment: Moment,
): AgreementTransition {
  if (phase.session.name !== "resting") return stay(state);
  const next = { ...state, isChangePending: true };
  return stepInSession(next, phase, { type: "conclude" }, moment);
}

function stepTotalPhase(
  state: AgreementState,
  phase: PhaseOf<"initializing">,
  event: PhaseEvent,
  moment: Moment,
): AgreementTransition {
  switch (event.type) {
    case "startAnswered":
    case "entriesSent":
    case "entriesAnswered":
    case "endAnswered":
    case "connectionLost":
      return stepInitializing(state, phase, event, moment);
    case "adjusted":
    case "changesAnswered":
    case "changesAvailable":
    case "chunkSent":
    case "connectFailed":
    case "connected":
    case "localRuv":
    case "replicateNow":
    case "restEnded":
      return noteChange(state, event);
  }
}

function stepConfigured(
  state: AgreementState,
  times: AgreementTimes,
  moment: Moment,
): AgreementTransition {
  const next = { ...state, times };
  if (!times.isEnabled) return stop(next, moment);
  const { phase } = state;
  switch (phase.name) {
    case "inSession":
      return conclude({ ...next, isChanged: true }, phase, moment);
    case "initializing":
      return stay({ ...next, isChanged: true });
    case "initConnecting":
    case "initWaiting":
      return stay(next);
    case "disabled":
      return enterStart(withoutConsumer({ ...next, backoff: undefined }), moment);
    case "backingOff":
    case "checking":
    case "connecting":
    case "ended":
    case "pausing":
    case "stoppedByError":
    case "waitingForChanges":
    case "waitingForWindow":
      return enterStart({ ...next, backoff: undefined }, moment);
  }
}

/** The consumer is asked what it has, although it was heard to have everything: it may have been restored from a backup. */
const withoutConsumer = (state: AgreementState): AgreementState => ({
  ...state,
  consumer: undefined,
});

/** Ends what is going on, properly if it can be; `enterStart` decides what follows. */
function stop(state: AgreementState, moment: Moment): AgreementTransition {
  const by = (moment.now + state.times.protocolTimeoutMs) as Millis;
  const { phase } = state;
  if (phase.name === "inSession") {
    const stopping = state.stopping ?? { by };
    return stepInSession({ ...state, stopping }, phase, { type: "stop" }, moment);
  }
  if (phase.name === "initializing") {
    return stepInitializing(state, phase, { type: "stop" }, moment);
  }
  if (phase.name === "initConnecting" || phase.name === "initWaiting") {
    const stopping = { by };
    return endInit({ ...state, stopping }, phase.attempt, TOTAL_STOPPED, moment);
  }
  return enterStart(state, moment);
}

function stepRefreshAsked(state: AgreementState, moment: Moment): AgreementTransition {
  const { phase } = state;
  switch (phase.name) {
    case "initializing":
    case "initConnecting":
    case "initWaiting":
      return stay(state);
    case "inSession":
      return stop({ ...state, isRefreshWanted: true }, moment);
    case "backingOff":
    case "checking":
    case "connecting":
    case "disabled":
    case "ended":
    case "pausing":
    case "stoppedByError":
    case "waitingForChanges":
    case "waitingForWindow":
      return enterStart({ ...state, isRefreshWanted: true }, moment);
  }
}

function stepRefreshStopped(state: AgreementState, moment: Moment): AgreementTransition {
  const { phase } = state;
  const next = { ...state, isRefreshWanted: false };
  if (phase.name === "initializing") {
    return stepInitializing(next, phase, { type: "stop" }, moment);
  }
  if (phase.name === "initConnecting" || phase.name === "initWaiting") {
    return endInit({ ...next, stopping: { by: moment.now } }, phase.attempt, TOTAL_STOPPED, moment);
  }
  return stay(next);
}

function stepTimer(state: AgreementState, moment: Moment): AgreementTransition {
  const { phase, stopping } = state;
  const { now } = moment;
  if (phase.name === "inSession") {
    // The session did not end in time: it is cut off.
    const isOverdue = stopping !== undefined && now >= stopping.by;
    if (isOverdue) return enterAfter(state, STOPPED, 0, moment);
    return stepInSession(state, phase, { type: "timer" }, moment);
  }
  if (phase.name === "initializing") {
    return stepInitializing(state, phase, { type: "timer" }, moment);
  }
  const isLingeredOut = state.lingerUntil !== undefined && now >= state.lingerUntil;
  const left = isLingeredOut ? disconnect(state) : stay(state);
  return withActions(left.actions, stepWaitingTimer(left.state, moment));
}

function stepWaitingTimer(state: AgreementState, moment: Moment): AgreementTransition {
  const { phase, times } = state;
  const { now } = moment;
  switch (phase.name) {
    case "waitingForWindow":
      return isOpen(times.schedule, moment) ? enterCheck(state) : stay(state);
    case "waitingForChanges":
      if (!isOpen(times.schedule, moment)) return enterWindowWait(state);
      if (now >= phase.idleUntil) return enterStart(withoutConsumer(state), moment);
      return now >= (state.doubt?.checkAt ?? phase.idleUntil)
        ? enterCheck(withoutConsumer(state))
        : stay(state);
    case "backingOff":
      if (!isOpen(times.schedule, moment)) return enterWindowWait(state);
      return now >= (state.backoff?.until ?? now) ? enterCheck(state) : stay(state);
    case "pausing":
      return now >= phase.until ? enterChangeWait(state, moment) : stay(state);
    case "initWaiting":
      return now >= phase.until ? enterInit(state, phase.attempt, moment) : stay(state);
    case "checking":
    case "connecting":
    case "disabled":
    case "ended":
    case "inSession":
    case "initConnecting":
    case "initializing":
    case "stoppedByError":
      return stay(state);
  }
}
