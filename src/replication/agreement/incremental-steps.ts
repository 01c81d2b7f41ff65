// Steps of an agreement while it replicates incrementally: the session that it owns, its status, its counters, and when a
// keep-alive is due.
import type { Csn, ReplicaId } from "../csn/index.ts";
import { csnReplicaId } from "../csn/index.ts";
import { type Ruv, hasChangesFor } from "../ruv/index.ts";
import {
  type ChangeResult,
  type SessionEvent,
  type SessionOutcome,
  SUCCEEDED,
  type SessionState,
  isFractional,
  judgeResult,
  notConnected,
  stepSession,
} from "../supplier/index.ts";
import {
  type AgreementAction,
  type AgreementState,
  type AgreementTransition,
  type PhaseOf,
  stay,
} from "./agreement-state.ts";
import { noteAnswers, noteIntroduction, settleDoubt } from "./doubt.ts";
import { enterAcquire, enterAfter, enterChangeWait, withActions, withResult } from "./phases.ts";
import type { Moment } from "./schedule.ts";
import { type AgreementStatus, countChanges } from "./status.ts";

/** `ruv` undefined: our own data is being replaced; what comes then is a change. */
export function stepChecked(
  state: AgreementState,
  { ruv, isSchemaDue = false }: { readonly ruv: Ruv | undefined; readonly isSchemaDue?: boolean },
  moment: Moment,
): AgreementTransition {
  const { consumer } = state;
  if (ruv === undefined) return enterChangeWait({ ...state, backoff: undefined }, moment);
  const isNews =
    isSchemaDue || consumer?.generation !== ruv.generation || hasChangesFor(ruv, consumer);
  if (isNews) return enterAcquire(state, ruv.generation, moment);
  return enterChangeWait({ ...state, backoff: undefined }, moment);
}

export function stepConnectFailed(
  state: AgreementState,
  ldapCode: number,
  moment: Moment,
): AgreementTransition {
  const outcome = notConnected(ldapCode);
  const status = withOutcome(state.status, outcome, moment);
  return enterAfter({ ...state, isConnected: false, status }, outcome, 0, moment);
}

export function stepInSession(
  state: AgreementState,
  phase: PhaseOf<"inSession">,
  event: SessionEvent,
  moment: Moment,
): AgreementTransition {
  const { now } = moment;
  const { session: settings } = state.times;
  const mayRest = state.mayRest && !state.isChanged;
  const context = { now, settings: mayRest ? settings : { ...settings, restMs: 0 } };
  const { state: session, actions } = stepSession(phase.session, event, context);
  const counted = count(state, phase.session, event, moment);
  const acquired = noteAcquired(counted, phase.session, event, moment);
  const next: AgreementState = { ...acquired.state, phase: { name: "inSession", session } };
  if (session.name !== "ended") {
    const shown = withRest(next, phase.session, session, moment);
    return withActions(acquired.actions, { state: shown, actions });
  }
  return withActions(
    acquired.actions,
    endSession(next, session.outcome, session.sentChanges, moment),
  );
}

/** A session that rests shows as one that has ended. */
function withRest(
  state: AgreementState,
  before: SessionState,
  session: SessionState,
  moment: Moment,
): AgreementState {
  if (session.name === "resting" && before.name !== "resting") {
    return { ...state, status: withOutcome(state.status, SUCCEEDED, moment) };
  }
  if (session.name !== "sending" || before.name !== "resting") return state;
  return { ...state, status: started(state.status, moment) };
}

const started = (status: AgreementStatus, { wall }: Moment): AgreementStatus => ({
  ...withResult(status, "Incremental update started", wall),
  updateStart: wall,
  isUpdating: true,
});

/** The consumer let us in (or sent its RUV at least). */
function noteAcquired(
  state: AgreementState,
  before: SessionState,
  event: SessionEvent,
  moment: Moment,
): AgreementTransition {
  const { now } = moment;
  if (before.name !== "acquiring" || event.type !== "startAnswered" || event.code !== 0) {
    return stay(state);
  }
  const status = started(state.status, moment);
  const { ruv } = event;
  if (ruv === undefined) return stay({ ...state, status });
  const { doubt: settled, isKeepAliveDue } = settleDoubt(state.doubt, ruv, now);
  const doubt = state.isIntroduced
    ? settled
    : noteIntroduction(settled, ruv, { replicaId: state.times.replicaId, now });
  const keep: AgreementAction = { type: "keepConsumerRuv", ruv };
  const write: AgreementAction = { type: "writeKeepAlive", reason: "update" };
  return {
    state: { ...state, status, consumer: ruv, doubt, isIntroduced: true },
    actions: isKeepAliveDue ? [keep, write] : [keep],
  };
}

/** Counters of the status, how many changes were skipped since the last one sent, and what the consumer may not count. */
function count(
  state: AgreementState,
  before: SessionState,
  event: SessionEvent,
  { now }: Moment,
): AgreementState {
  if (event.type === "chunkSent") {
    const changes = countChanges(state.status.changes, event.skipped, "skipped");
    const before = event.sentChanges > 0 ? 0 : state.skippedSinceSent;
    return {
      ...state,
      status: { ...state.status, changes },
      skippedSinceSent: before + event.skippedAtEnd,
      // What was announced before the end of the changelog was reached has been seen.
      isChangePending: event.rest !== "end" && state.isChangePending,
    };
  }
  if (event.type === "changesAnswered") {
    const { results } = event;
    const doubt = noteAnswers(state.doubt, results, now);
    return { ...state, status: countResults(state.status, results), doubt };
  }
  // What was sent when the consumer gave the replica to somebody else is sent again.
  const isSending = before.name === "sending" || before.name === "draining";
  const isCutShort = event.type === "restEnded" && isSending;
  const isPending = event.type === "changesAvailable" || isCutShort;
  return isPending ? { ...state, isChangePending: true } : state;
}

function countResults(status: AgreementStatus, results: readonly ChangeResult[]): AgreementStatus {
  const sent = new Map<ReplicaId, number>();
  const skipped = new Map<ReplicaId, number>();
  let { lastIgnored, ignoredChanges } = status;
  const add = (counts: Map<ReplicaId, number>, csn: Csn): void => {
    const replicaId = csnReplicaId(csn);
    counts.set(replicaId, (counts.get(replicaId) ?? 0) + 1);
  };
  for (const { csn, code } of results) {
    const verdict = judgeResult(code);
    if (verdict === "applied") add(sent, csn);
    if (verdict !== "ignored") continue;
    add(skipped, csn);
    lastIgnored = { csn, code };
    ignoredChanges += 1;
  }
  const changes = countChanges(countChanges(status.changes, sent, "sent"), skipped, "skipped");
  return { ...status, changes, lastIgnored, ignoredChanges };
}

function endSession(
  state: AgreementState,
  outcome: SessionOutcome,
  sentChanges: number,
  moment: Moment,
): AgreementTransition {
  const ended = withOutcome(state.status, outcome, moment);
  // What is kept over a restart is the last result that says something.
  const isKept = state.isShutDown && outcome.kind === "stopped";
  const status = isKept ? { ...ended, update: state.status.update } : ended;
  const kept = keepAlive({ ...state, status }, outcome);
  const noted: AgreementAction = { type: "noteSessionEnd", outcome };
  return withActions(
    [noted, ...kept.actions],
    enterAfter(kept.state, outcome, sentChanges, moment),
  );
}

/** The count starts anew when the keep-alive is asked for: should that, too, be filtered out, it does not go on for ever. */
function keepAlive(state: AgreementState, outcome: SessionOutcome): AgreementTransition {
  const { times, skippedSinceSent } = state;
  const isOver = outcome.kind === "succeeded" || outcome.kind === "yielded";
  if (!isOver || !isFractional(times.fractional) || skippedSinceSent <= times.keepAliveSkippedMax) {
    return stay(state);
  }
  const write: AgreementAction = { type: "writeKeepAlive", reason: "update" };
  return { state: { ...state, skippedSinceSent: 0 }, actions: [write] };
}

/** 389 takes back the time of the start when a session fails; here it stays true. */
function withOutcome(
  status: AgreementStatus,
  outcome: SessionOutcome,
  { wall }: Moment,
): AgreementStatus {
  const { ldapCode, replicationCode, message } = outcome;
  return {
    ...status,
    updateEnd: status.isUpdating ? wall : status.updateEnd,
    isUpdating: false,
    update: { ldapCode, replicationCode, message, at: wall },
  };
}
