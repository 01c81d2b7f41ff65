// How an agreement enters its phases (389: repl5_inc_protocol.c, the states START to STOP_FATAL_ERROR; replication-protocol
// 6.2). Each function gives the transition; nothing here looks at events.
import type { Millis } from "../../base/index.ts";
import { type SessionOutcome, startSession } from "../supplier/index.ts";
import {
  type AgreementAction,
  type AgreementState,
  type AgreementTransition,
  IDLE_MS,
  LINGER_MS,
} from "./agreement-state.ts";
import { nextBackoff } from "./backoff.ts";
import { type Moment, isOpen } from "./schedule.ts";
import type { AgreementStatus } from "./status.ts";

export function withActions(
  actions: readonly AgreementAction[],
  next: AgreementTransition,
): AgreementTransition {
  return { state: next.state, actions: [...actions, ...next.actions] };
}

/** Closes the connection if there is one, or one is being made. */
export function disconnect(state: AgreementState): AgreementTransition {
  const isUsed = state.isConnected || isConnecting(state);
  return {
    state: { ...state, isConnected: false, lingerUntil: undefined },
    actions: isUsed ? [{ type: "disconnect" }] : [],
  };
}

const isConnecting = ({ phase }: AgreementState): boolean =>
  phase.name === "connecting" || phase.name === "initConnecting";

/** START: everything anew, with the settings as they are now. */
export function enterStart(state: AgreementState, moment: Moment): AgreementTransition {
  const left = disconnect({ ...state, isChanged: false, stopping: undefined });
  const closed: AgreementTransition = {
    state: { ...left.state, phase: { name: "disabled" } },
    actions: left.actions,
  };
  if (state.isShutDown) return withActions(closed.actions, enterEnded(closed.state));
  if (!state.times.isEnabled)
    return withActions(closed.actions, enterDisabled(closed.state, moment));
  if (state.isRefreshWanted) return withActions(closed.actions, enterInit(closed.state, 0, moment));
  if (!isOpen(state.times.schedule, moment)) {
    return withActions(closed.actions, enterWindowWait(closed.state));
  }
  return withActions(closed.actions, enterCheck(closed.state));
}

const enterEnded = (state: AgreementState): AgreementTransition => ({
  state: { ...state, phase: { name: "ended" } },
  actions: [{ type: "ended" }],
});

export function enterDisabled(state: AgreementState, moment: Moment): AgreementTransition {
  const status = withResult(state.status, "agreement disabled", moment.wall);
  const next: AgreementState = {
    ...state,
    phase: { name: "disabled" },
    status,
    backoff: undefined,
  };
  if (!state.isRefreshWanted) return { state: next, actions: [] };
  return {
    state: { ...next, isRefreshWanted: false, status: disabledInit(status, moment.wall) },
    actions: [{ type: "refreshDone" }],
  };
}

/** 389: a disabled agreement does not initialize its consumer, and says so. */
function disabledInit(status: AgreementStatus, at: Millis): AgreementStatus {
  return {
    ...status,
    initStart: at,
    initEnd: at,
    init: {
      ldapCode: 0,
      replicationCode: 12,
      connectionCode: 0,
      message: "Total update aborted: the agreement is disabled",
      at,
    },
  };
}

/** A result without error. */
export const withResult = (
  status: AgreementStatus,
  message: string,
  at: Millis,
): AgreementStatus => ({
  ...status,
  isUpdating: false,
  update: { ldapCode: 0, replicationCode: 0, message, at },
});

/** The window has closed: the connection goes with it. */
export function enterWindowWait(state: AgreementState): AgreementTransition {
  const closed = disconnect({ ...state, backoff: undefined });
  return withActions(closed.actions, {
    state: { ...closed.state, phase: { name: "waitingForWindow" } },
    actions: [],
  });
}

/** READY_TO_ACQUIRE, first half: is there anything for the consumer? */
export const enterCheck = (state: AgreementState): AgreementTransition => ({
  state: { ...state, phase: { name: "checking" }, isChangePending: false },
  actions: [{ type: "readLocalRuv" }],
});

/** READY_TO_ACQUIRE, second half. */
export function enterAcquire(
  state: AgreementState,
  generation: string,
  moment: Moment,
): AgreementTransition {
  if (state.isConnected) return enterSession(state, generation, moment);
  return {
    state: { ...state, phase: { name: "connecting", generation } },
    actions: [{ type: "connect" }],
  };
}

export function enterSession(
  state: AgreementState,
  generation: string,
  { now }: Moment,
): AgreementTransition {
  const { state: session, actions } = startSession(generation, now);
  return {
    state: {
      ...state,
      phase: { name: "inSession", session },
      isConnected: true,
      lingerUntil: undefined,
    },
    actions,
  };
}

export function enterChangeWait(state: AgreementState, moment: Moment): AgreementTransition {
  if (!isOpen(state.times.schedule, moment)) return enterWindowWait(state);
  if (state.isChangePending) return enterCheck(state);
  const idleUntil = (moment.now + IDLE_MS) as Millis;
  return { state: { ...state, phase: { name: "waitingForChanges", idleUntil } }, actions: [] };
}

export function enterBackoff(
  state: AgreementState,
  kind: "busy" | "error",
  moment: Moment,
): AgreementTransition {
  if (!isOpen(state.times.schedule, moment)) return enterWindowWait(state);
  const backoff = nextBackoff(state.backoff, kind, state.times, moment.now);
  return { state: { ...state, phase: { name: "backingOff" }, backoff }, actions: [] };
}

/** After a session or an attempt at one: what its outcome asks for. */
export function enterAfter(
  state: AgreementState,
  outcome: SessionOutcome,
  sentChanges: number,
  moment: Moment,
): AgreementTransition {
  const left = outcome.mayReuse ? linger(state, moment.now) : disconnect(state);
  const ending = state.stopping !== undefined || state.isShutDown || !state.times.isEnabled;
  if (ending || state.isChanged || state.isRefreshWanted) {
    return withActions(left.actions, enterStart(left.state, moment));
  }
  return withActions(left.actions, enterByKind(left.state, outcome, sentChanges, moment));
}

function linger(state: AgreementState, now: Millis): AgreementTransition {
  const lingerUntil = state.isConnected ? ((now + LINGER_MS) as Millis) : undefined;
  return { state: { ...state, lingerUntil }, actions: [] };
}

function enterByKind(
  state: AgreementState,
  outcome: SessionOutcome,
  sentChanges: number,
  moment: Moment,
): AgreementTransition {
  switch (outcome.kind) {
    case "succeeded": {
      const done = { ...state, backoff: undefined };
      if (sentChanges === 0 || state.times.sessionPauseMs === 0)
        return enterChangeWait(done, moment);
      const until = (moment.now + state.times.sessionPauseMs) as Millis;
      return { state: { ...done, phase: { name: "pausing", until } }, actions: [] };
    }
    case "yielded":
      return enterBackoff({ ...state, backoff: undefined }, "busy", moment);
    case "busy":
      return enterBackoff(state, "busy", moment);
    case "failed":
      return enterBackoff(state, "error", moment);
    case "fatal":
      return { state: { ...state, phase: { name: "stoppedByError" } }, actions: [] };
    case "stopped":
      return enterStart(state, moment);
  }
}

/** A total initialization, attempt 0 being the first. */
export function enterInit(
  state: AgreementState,
  attempt: number,
  { wall }: Moment,
): AgreementTransition {
  const { status } = state;
  const init = {
    ldapCode: 0,
    replicationCode: 0,
    connectionCode: 0 as const,
    message: "Total update in progress",
    at: wall,
  };
  const initStart = attempt === 0 ? wall : status.initStart;
  return {
    state: {
      ...state,
      phase: { name: "initConnecting", attempt },
      backoff: undefined,
      isRefreshWanted: true,
      status: { ...status, initStart, initEnd: undefined, init, isUpdating: true },
    },
    actions: [{ type: "connect" }],
  };
}
