// Incremental session of a supplier, from Start to End (389: repl5_inc_protocol.c; replication-protocol 5.3, 6.4–6.6). Pure:
// the driver performs the actions in their order and feeds back what came of them as events.
//
//   acquiring   Start is sent         answer ready → adjusting, any other → ends
//   adjusting   generator above the consumer's CSNs?             → sending
//   sending     changes go out, at most `windowChanges` of them unanswered; ends at the end of the changelog, when
//               the consumer asks for the replica, when it refuses a change, or when we are told to stop → draining
//   draining    waits for outstanding results                     → releasing, or resting
//   resting     everything is sent and answered, and the consumer keeps the session for us until somebody else wants it
//               (a Concord)           a change → sending, the time is up → releasing, it is wanted → ends
//   releasing   End is sent           any answer → ends
//
// A loss of the connection ends it in every state. Results come in the order of the changes, the driver matches them.
import type { Millis } from "../../base/index.ts";
import { type Ruv, ruvMaxCsn } from "../ruv/index.ts";
import {
  LOST,
  NOT_INITIALIZED,
  OTHER_GENERATION,
  PURGED,
  REFUSED,
  STOPPED,
  SUCCEEDED,
  type SessionOutcome,
  TIMED_OUT,
  TOO_MUCH_SKEW,
  YIELDED,
  noStartResponse,
  startRefused,
} from "./outcome.ts";
import { ReplicationCode, judgeResult } from "./result-codes.ts";
import {
  type ChangeResult,
  LDAP_SERVER_DOWN,
  LDAP_TIMEOUT,
  type Progress,
  SEND_CHUNK_CHANGES,
  type SessionAction,
  type SessionContext,
  type SessionEvent,
  type SessionSettings,
  type SessionState,
  type SessionTransition,
} from "./session-state.ts";

const NOTHING: readonly SessionAction[] = [];
const stay = (state: SessionState): SessionTransition => ({ state, actions: NOTHING });

export const startSession = (generation: string, now: Millis): SessionTransition => ({
  state: { name: "acquiring", generation, progressAt: now },
  actions: [{ type: "sendStart" }],
});

export function stepSession(
  state: SessionState,
  event: SessionEvent,
  context: SessionContext,
): SessionTransition {
  if (state.name === "ended") return stay(state);
  if (event.type === "connectionLost") return end(state, lossOf(state));
  if (event.type === "timer" && isTimedOut(state, context)) return end(state, timeoutOf(state));
  switch (state.name) {
    case "acquiring":
      return stepAcquiring(state, event, context);
    case "adjusting":
      return stepAdjusting(state, event, context);
    case "sending":
      return stepSending(state, event, context);
    case "draining":
      return stepDraining(state, event, context);
    case "resting":
      return stepResting(state, event, context);
    case "releasing":
      return stepReleasing(state, event);
  }
}

type StateOf<Name extends SessionState["name"]> = Extract<SessionState, { name: Name }>;

function stepAcquiring(
  state: StateOf<"acquiring">,
  event: SessionEvent,
  context: SessionContext,
): SessionTransition {
  if (event.type === "stop") return end(state, STOPPED);
  if (event.type !== "startAnswered") return stay(state);
  if (event.code !== ReplicationCode.ready) return end(state, startRefused(event.code));
  if (event.ruv === undefined) return release(state, NOT_INITIALIZED, context.now);
  if (event.ruv.generation !== state.generation) {
    return release(state, OTHER_GENERATION, context.now);
  }
  const csn = ruvMaxCsn(event.ruv);
  const adjusting: SessionState = { name: "adjusting", consumer: event.ruv };
  if (csn !== undefined) return { state: adjusting, actions: [{ type: "adjustGenerator", csn }] };
  return send(event.ruv, context);
}

function stepAdjusting(
  state: StateOf<"adjusting">,
  event: SessionEvent,
  context: SessionContext,
): SessionTransition {
  if (event.type === "stop") return release(state, STOPPED, context.now);
  if (event.type !== "adjusted") return stay(state);
  return event.verdict === "skew"
    ? release(state, TOO_MUCH_SKEW, context.now)
    : send(state.consumer, context);
}

const chunkIn = (settings: SessionSettings): number =>
  Math.min(SEND_CHUNK_CHANGES, Math.max(1, settings.windowChanges));

function send(consumer: Ruv, { now, settings }: SessionContext): SessionTransition {
  return {
    state: {
      name: "sending",
      sentChanges: 0,
      unanswered: 0,
      progressAt: now,
      isReading: true,
      yieldAt: undefined,
      restUntil: (now + settings.restMs) as Millis,
      isRestAsked: false,
    },
    actions: [
      { type: "openReader", consumer },
      { type: "sendChunk", changesMax: chunkIn(settings) },
    ],
  };
}

function stepSending(
  state: StateOf<"sending">,
  event: SessionEvent,
  context: SessionContext,
): SessionTransition {
  switch (event.type) {
    case "chunkSent":
      return afterChunk(state, event, context);
    case "changesAnswered":
      return afterResults(state, event.results, context);
    case "timer":
      return state.yieldAt !== undefined && context.now >= state.yieldAt
        ? drain(state, YIELDED, context)
        : stay(state);
    case "stop":
      return drain(state, STOPPED, context);
    case "restEnded":
      return end(state, { ...SUCCEEDED, mayReuse: isReleased(event) });
    case "startAnswered":
    case "adjusted":
    case "changesAvailable":
    case "conclude":
    case "endAnswered":
    case "connectionLost":
      return stay(state);
  }
}

function afterChunk(
  state: StateOf<"sending">,
  event: Extract<SessionEvent, { type: "chunkSent" }>,
  context: SessionContext,
): SessionTransition {
  const next = countSent(state, event.sentChanges, context.now);
  switch (event.rest) {
    case "more":
      return fillWindow(next, context.settings);
    case "end":
      return drain(next, SUCCEEDED, context);
    case "purged":
      return drain(next, PURGED, context);
    case "replaced":
      // Our own data is new: the next session starts from it.
      return drain(next, REFUSED, context);
  }
}

/** A wait begins when the first change goes out. */
function countSent<P extends Progress>(progress: P, sentChanges: number, now: Millis): P {
  return {
    ...progress,
    sentChanges: progress.sentChanges + sentChanges,
    unanswered: progress.unanswered + sentChanges,
    progressAt: progress.unanswered === 0 ? now : progress.progressAt,
    isReading: false,
  };
}

/** Reads on as soon as a whole chunk fits into the window. */
function fillWindow(state: StateOf<"sending">, settings: SessionSettings): SessionTransition {
  const changesMax = chunkIn(settings);
  const room = Math.max(1, settings.windowChanges) - state.unanswered;
  if (state.isReading || room < changesMax) return stay(state);
  return { state: { ...state, isReading: true }, actions: [{ type: "sendChunk", changesMax }] };
}

function afterResults(
  state: StateOf<"sending">,
  results: readonly ChangeResult[],
  { now, settings }: SessionContext,
): SessionTransition {
  const failure = findFailure(results);
  const next = countAnswers(state, results, now);
  if (failure !== undefined) return fail(next, failure);
  const isAsked = results.some((result) => result.isReleaseAsked);
  if (!isAsked || settings.releaseTimeoutMs === 0) return fillWindow(next, settings);
  const yieldAt = next.yieldAt ?? ((now + settings.releaseTimeoutMs) as Millis);
  return fillWindow({ ...next, yieldAt }, settings);
}

function countAnswers<P extends Progress>(
  progress: P,
  results: readonly ChangeResult[],
  now: Millis,
): P {
  return {
    ...progress,
    unanswered: Math.max(0, progress.unanswered - results.length),
    progressAt: now,
  };
}

const findFailure = (results: readonly ChangeResult[]): ChangeResult | undefined =>
  results.find(({ code }) => {
    const verdict = judgeResult(code);
    return verdict === "stop" || verdict === "connectionLost";
  });

/** The consumer refused a change: it releases the replica and closes the connection by itself, no need for End. */
function fail(state: SessionState, failure: ChangeResult): SessionTransition {
  const base = judgeResult(failure.code) === "connectionLost" ? LOST : REFUSED;
  return end(state, { ...base, refused: { csn: failure.csn, code: failure.code } });
}

function drain(
  state: StateOf<"sending">,
  outcome: SessionOutcome,
  context: SessionContext,
): SessionTransition {
  return drained({ ...state, name: "draining", outcome }, context);
}

function stepDraining(
  state: StateOf<"draining">,
  event: SessionEvent,
  context: SessionContext,
): SessionTransition {
  const { now, settings } = context;
  switch (event.type) {
    case "chunkSent":
      // A chunk that was under way when the end was decided.
      return drained(countSent(state, event.sentChanges, now), context);
    case "changesAnswered": {
      const failure = findFailure(event.results);
      const next = countAnswers(state, event.results, now);
      return failure === undefined ? drained(next, context) : fail(next, failure);
    }
    case "changesAvailable":
      // A change that comes now spares a session of its own.
      if (state.outcome !== SUCCEEDED) return stay(state);
      return resume(state, settings);
    case "stop":
      return stay({ ...state, outcome: STOPPED });
    case "restEnded":
      return end(state, {
        ...state.outcome,
        mayReuse: state.outcome.mayReuse && isReleased(event),
      });
    case "startAnswered":
    case "adjusted":
    case "conclude":
    case "endAnswered":
    case "connectionLost":
    case "timer":
      return stay(state);
  }
}

function resume(state: StateOf<"draining">, settings: SessionSettings): SessionTransition {
  const { outcome: _, ...progress } = state;
  return fillWindow({ ...progress, name: "sending" }, settings);
}

function drained(state: StateOf<"draining">, { now, settings }: SessionContext): SessionTransition {
  if (state.unanswered > 0 || state.isReading) return stay(state);
  // A session that had nothing to send leaves the replica to those who have.
  const isWorthWhile = state.outcome === SUCCEEDED && state.sentChanges > 0;
  const mayRest = isWorthWhile && settings.restMs > 0 && now < state.restUntil;
  return mayRest ? rest(state) : release(state, state.outcome, now);
}

function rest(state: StateOf<"draining">): SessionTransition {
  const { outcome: _, ...progress } = state;
  return {
    state: { ...progress, name: "resting", isRestAsked: true },
    actions: progress.isRestAsked ? NOTHING : [{ type: "sendRest" }],
  };
}

function stepResting(
  state: StateOf<"resting">,
  event: SessionEvent,
  { now, settings }: SessionContext,
): SessionTransition {
  switch (event.type) {
    case "changesAvailable":
      return fillWindow({ ...state, name: "sending" }, settings);
    case "conclude":
      return release(state, SUCCEEDED, now);
    case "stop":
      return release(state, STOPPED, now);
    case "timer":
      return now >= state.restUntil ? release(state, SUCCEEDED, now) : stay(state);
    case "restEnded":
      return end(state, { ...SUCCEEDED, mayReuse: isReleased(event) });
    case "startAnswered":
    case "adjusted":
    case "changesAnswered":
    case "chunkSent":
    case "endAnswered":
    case "connectionLost":
      return stay(state);
  }
}

const isReleased = ({ code }: { readonly code: number }): boolean =>
  code === ReplicationCode.releaseSucceeded;

function release(state: SessionState, outcome: SessionOutcome, now: Millis): SessionTransition {
  return {
    state: { name: "releasing", outcome, progressAt: now, sentChanges: sentIn(state) },
    actions: [{ type: "sendEnd" }],
  };
}

function stepReleasing(state: StateOf<"releasing">, event: SessionEvent): SessionTransition {
  if (event.type === "stop") return stay({ ...state, outcome: STOPPED });
  if (event.type !== "endAnswered") return stay(state);
  // 389 closes the connection when the replica was not released as it should; the session counts all the same.
  const mayReuse = state.outcome.mayReuse && isReleased(event);
  return end(state, { ...state.outcome, mayReuse });
}

const end = (state: SessionState, outcome: SessionOutcome): SessionTransition =>
  stay({ name: "ended", outcome, sentChanges: sentIn(state) });

const sentIn = (state: SessionState): number => ("sentChanges" in state ? state.sentChanges : 0);

function isTimedOut(state: SessionState, { now, settings }: SessionContext): boolean {
  if (settings.timeoutMs === 0 || !("progressAt" in state)) return false;
  if (state.name === "resting") return false;
  if (state.name === "sending" && state.unanswered === 0) return false;
  return now >= state.progressAt + settings.timeoutMs;
}

/** What was achieved before End counts, whatever becomes of End. */
function lossOf(state: SessionState): SessionOutcome {
  if (state.name === "acquiring") return noStartResponse(LDAP_SERVER_DOWN);
  if (state.name === "resting") return { ...SUCCEEDED, mayReuse: false };
  return state.name === "releasing" ? { ...state.outcome, mayReuse: false } : LOST;
}

function timeoutOf(state: SessionState): SessionOutcome {
  if (state.name === "acquiring") return noStartResponse(LDAP_TIMEOUT);
  return state.name === "releasing" ? { ...state.outcome, mayReuse: false } : TIMED_OUT;
}
