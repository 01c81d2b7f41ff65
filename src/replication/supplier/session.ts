// Incremental session of a supplier, from Start to End (389: repl5_inc_protocol.c; replication-protocol 5.3, 6.4–6.6). Pure:
// the driver performs the actions in their order and feeds back what came of them as events.
//
//   acquiring   Start is sent         answer ready → adjusting, any other → ends
//   adjusting   generator above the consumer's CSNs?             → sending
//   sending     changes go out, at most `windowChanges` of them unanswered; ends at the end of the changelog, when
//               the consumer asks for the replica, when it refuses a change, or when we are told to stop → draining
//   draining    waits for outstanding results                     → releasing
//   releasing   End is sent           any answer → ends
//
// A loss of the connection ends it in every state. Results come in the order of the changes, the driver matches them.
import type { Millis } from "../../base/index.ts";
import type { Csn, ReplicaId } from "../csn/index.ts";
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

/** Changes that are sent at a time; what is kept back between them does not count. */
export const SEND_CHUNK_CHANGES = 128;

/** libldap's LDAP_TIMEOUT, LDAP_SERVER_DOWN. */
export const LDAP_TIMEOUT = -5;
export const LDAP_SERVER_DOWN = -1;

export interface SessionSettings {
  /** nsds5ReplicaTimeout: the longest wait for an answer; 0 = no limit. */
  readonly timeoutMs: number;
  /** nsds5ReplicaFlowControlWindow: changes that may be unanswered. */
  readonly windowChanges: number;
  /** nsds5ReplicaReleaseTimeout of our own replica: how long we go on after the consumer asked for the replica; 0 = we do
   *  not heed it. */
  readonly releaseTimeoutMs: number;
}

interface Progress {
  /** Changes sent in this session. */
  readonly sentChanges: number;
  readonly unanswered: number;
  /** When something was last answered, or the wait began. */
  readonly progressAt: Millis;
  /** A chunk is being read and sent. */
  readonly isReading: boolean;
  /** When we let go of the replica, once the consumer has asked for it. */
  readonly yieldAt: Millis | undefined;
}

export type SessionState =
  | { readonly name: "acquiring"; readonly generation: string; readonly progressAt: Millis }
  | { readonly name: "adjusting"; readonly consumer: Ruv }
  | (Progress & { readonly name: "sending" })
  | (Progress & { readonly name: "draining"; readonly outcome: SessionOutcome })
  | {
      readonly name: "releasing";
      readonly outcome: SessionOutcome;
      readonly progressAt: Millis;
      readonly sentChanges: number;
    }
  | { readonly name: "ended"; readonly outcome: SessionOutcome; readonly sentChanges: number };

export interface ChangeResult {
  readonly csn: Csn;
  readonly code: number;
  /** The response carried the abort-session control. */
  readonly isReleaseAsked: boolean;
  /** Of our own changes: whether the consumer's RUV covers it for sure. undefined: another server's. */
  readonly own: "counted" | "doubtful" | undefined;
}

export type SessionEvent =
  | { readonly type: "startAnswered"; readonly code: number; readonly ruv: Ruv | undefined }
  | { readonly type: "adjusted"; readonly verdict: "moved" | "skew" }
  /** A chunk was read, filtered and sent. */
  | {
      readonly type: "chunkSent";
      readonly sentChanges: number;
      /** What the fractional filter kept back, by replica ID; of no concern to the session itself. */
      readonly skipped: ReadonlyMap<ReplicaId, number>;
      /** Of these, those after the last one sent. */
      readonly skippedAtEnd: number;
      readonly rest: "more" | "end" | "purged" | "replaced";
    }
  | { readonly type: "changesAnswered"; readonly results: readonly ChangeResult[] }
  | { readonly type: "changesAvailable" }
  | { readonly type: "endAnswered"; readonly code: number }
  | { readonly type: "connectionLost" }
  | { readonly type: "stop" }
  | { readonly type: "timer" };

export type SessionAction =
  | { readonly type: "sendStart" }
  | { readonly type: "adjustGenerator"; readonly csn: Csn }
  /** Opens the reader of the changelog. */
  | { readonly type: "openReader"; readonly consumer: Ruv }
  | { readonly type: "sendChunk"; readonly changesMax: number }
  | { readonly type: "sendEnd" };

export interface SessionTransition {
  readonly state: SessionState;
  readonly actions: readonly SessionAction[];
}

export interface SessionContext {
  readonly now: Millis;
  readonly settings: SessionSettings;
}

const NOTHING: readonly SessionAction[] = [];
const stay = (state: SessionState): SessionTransition => ({ state, actions: NOTHING });

export const startSession = (generation: string, now: Millis): SessionTransition => ({
  state: { name: "acquiring", generation, progressAt: now },
  actions: [{ type: "sendStart" }],
});

/** When a `timer` event is due; undefined: none. */
export function sessionWakeAt(state: SessionState, settings: SessionSettings): Millis | undefined {
  if (state.name === "adjusting" || state.name === "ended") return undefined;
  const yieldAt = state.name === "sending" ? state.yieldAt : undefined;
  const isWaiting = state.name === "sending" ? state.unanswered > 0 : true;
  if (!isWaiting || settings.timeoutMs === 0) return yieldAt;
  const timeoutAt = (state.progressAt + settings.timeoutMs) as Millis;
  return yieldAt === undefined || timeoutAt < yieldAt ? timeoutAt : yieldAt;
}

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
        ? drain(state, YIELDED, context.now)
        : stay(state);
    case "stop":
      return drain(state, STOPPED, context.now);
    case "startAnswered":
    case "adjusted":
    case "changesAvailable":
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
      return drain(next, SUCCEEDED, context.now);
    case "purged":
      return drain(next, PURGED, context.now);
    case "replaced":
      // Our own data is new: the next session starts from it.
      return drain(next, REFUSED, context.now);
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

function drain(state: StateOf<"sending">, outcome: SessionOutcome, now: Millis): SessionTransition {
  return drained({ ...state, name: "draining", outcome }, now);
}

function stepDraining(
  state: StateOf<"draining">,
  event: SessionEvent,
  { now, settings }: SessionContext,
): SessionTransition {
  switch (event.type) {
    case "chunkSent":
      // A chunk that was under way when the end was decided.
      return drained(countSent(state, event.sentChanges, now), now);
    case "changesAnswered": {
      const failure = findFailure(event.results);
      const next = countAnswers(state, event.results, now);
      return failure === undefined ? drained(next, now) : fail(next, failure);
    }
    case "changesAvailable":
      // A change that comes now spares a session of its own.
      if (state.outcome !== SUCCEEDED) return stay(state);
      return resume(state, settings);
    case "stop":
      return stay({ ...state, outcome: STOPPED });
    case "startAnswered":
    case "adjusted":
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

const drained = (state: StateOf<"draining">, now: Millis): SessionTransition =>
  state.unanswered === 0 && !state.isReading ? release(state, state.outcome, now) : stay(state);

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
  const mayReuse = state.outcome.mayReuse && event.code === ReplicationCode.releaseSucceeded;
  return end(state, { ...state.outcome, mayReuse });
}

const end = (state: SessionState, outcome: SessionOutcome): SessionTransition =>
  stay({ name: "ended", outcome, sentChanges: sentIn(state) });

const sentIn = (state: SessionState): number => ("sentChanges" in state ? state.sentChanges : 0);

function isTimedOut(state: SessionState, { now, settings }: SessionContext): boolean {
  if (settings.timeoutMs === 0 || !("progressAt" in state)) return false;
  if (state.name === "sending" && state.unanswered === 0) return false;
  return now >= state.progressAt + settings.timeoutMs;
}

/** What was achieved before End counts, whatever becomes of End. */
function lossOf(state: SessionState): SessionOutcome {
  if (state.name === "acquiring") return noStartResponse(LDAP_SERVER_DOWN);
  return state.name === "releasing" ? { ...state.outcome, mayReuse: false } : LOST;
}

function timeoutOf(state: SessionState): SessionOutcome {
  if (state.name === "acquiring") return noStartResponse(LDAP_TIMEOUT);
  return state.name === "releasing" ? { ...state.outcome, mayReuse: false } : TIMED_OUT;
}
