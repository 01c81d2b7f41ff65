// Total initialization, the side of the supplier (389: repl5_tot_protocol.c; replication-protocol 4.3). Pure, like the
// incremental session:
//
//   acquiring   Start is sent       ready → streaming, any other answer → ends
//   streaming   entries go out, at most `windowEntries` of them unanswered; a consumer that answers busy has taken the entry and
//               gets a pause                                     → draining
//   draining    waits for outstanding results                    → releasing
//   releasing   End is sent; the consumer finishes its import    → ends
//
// The data that is sent is that of one snapshot, not older than the RUV of Start: what changes meanwhile comes again
// incrementally. An entry that the consumer refuses ends it all: half of a suffix is worse than none.
import type { Millis } from "../../base/index.ts";
import { ReplicationResponseCode, ResultCode } from "../../protocol/index.ts";

/** Entries that are read and sent at a time. */
export const TOTAL_CHUNK_ENTRIES = 64;
/** First pause after a busy answer, and what is added each time it recurs. */
export const TOTAL_BUSY_PAUSE_MS = 5_000;
/** The longest pause after busy answers. */
export const TOTAL_BUSY_PAUSE_MS_MAX = 60_000;
/** How long the last results are awaited without any coming; then End is sent all the same. */
export const TOTAL_DRAIN_MS = 30_000;

export interface TotalSettings {
  /** The longest wait for an answer; 0 = no limit. */
  readonly timeoutMs: number;
  /** Entries that may be unanswered. */
  readonly windowEntries: number;
}

/** `retry`: another attempt may help. */
export type TotalOutcomeKind = "succeeded" | "retry" | "failed" | "stopped";

export interface TotalOutcome {
  readonly kind: TotalOutcomeKind;
  /** LDAP result, negative as in libldap; 0 = none. */
  readonly ldapCode: number;
  readonly replicationCode: number;
  /** 0 none, 1 operation failed, 2 not connected any more, 10 timeout (389: CONN_TIMEOUT). */
  readonly connectionCode: TotalConnectionCode;
  readonly message: string;
}

/** Why the connection could not be used: 0 it could. */
export type TotalConnectionCode = 0 | 1 | 2 | 10;

interface Progress {
  readonly sentEntries: number;
  readonly unanswered: number;
  readonly progressAt: Millis;
  readonly isReading: boolean;
}

export type TotalState =
  | { readonly name: "acquiring"; readonly progressAt: Millis }
  | (Progress & {
      readonly name: "streaming";
      readonly busyUntil: Millis | undefined;
      readonly busyPauseMs: number;
    })
  | (Progress & { readonly name: "draining" })
  | { readonly name: "releasing"; readonly progressAt: Millis; readonly sentEntries: number }
  | { readonly name: "ended"; readonly outcome: TotalOutcome };

export type TotalEvent =
  | { readonly type: "startAnswered"; readonly code: number }
  | {
      readonly type: "entriesSent";
      readonly sentEntries: number;
      readonly rest: "more" | "end" | "replaced";
    }
  /** Results of entries, in any number: their codes. */
  | { readonly type: "entriesAnswered"; readonly codes: readonly number[] }
  | { readonly type: "endAnswered"; readonly code: number }
  | { readonly type: "connectionLost" }
  | { readonly type: "stop" }
  | { readonly type: "timer" };

export type TotalAction =
  | { readonly type: "sendTotalStart" }
  /** Creates the keep-alive entry of this supplier if it is missing. Start waits for it: what the update vector in Start does
   *  not cover comes again as a change, which 389 refuses for an entry that it has got in the stream. */
  | { readonly type: "createKeepAlive" }
  | { readonly type: "openSource" }
  | { readonly type: "sendEntries"; readonly entriesMax: number }
  | { readonly type: "sendEnd" };

export interface TotalTransition {
  readonly state: TotalState;
  readonly actions: readonly TotalAction[];
}

export interface TotalContext {
  readonly now: Millis;
  readonly settings: TotalSettings;
}

const NOTHING: readonly TotalAction[] = [];
const stay = (state: TotalState): TotalTransition => ({ state, actions: NOTHING });

const outcome = (
  kind: TotalOutcomeKind,
  codes: {
    readonly ldap?: number;
    readonly replication?: number;
    readonly connection?: TotalConnectionCode;
  },
  message: string,
): TotalOutcome => ({
  kind,
  ldapCode: codes.ldap ?? 0,
  replicationCode: codes.replication ?? 0,
  connectionCode: codes.connection ?? 0,
  message,
});

export const TOTAL_SUCCEEDED = outcome("succeeded", {}, "Total update succeeded");
const ABORTED = "Total update aborted";
export const TOTAL_STOPPED = outcome("stopped", { connection: 1 }, ABORTED);
export const TOTAL_LOST = outcome("failed", { ldap: -1, connection: 2 }, ABORTED);
export const TOTAL_TIMED_OUT = outcome("failed", { ldap: -5, connection: 10 }, ABORTED);

/** There was no connection, or it was lost before anything was sent. */
export const totalNotConnected = (ldapCode: number): TotalOutcome =>
  outcome("retry", { ldap: ldapCode, replication: 16 }, "Problem connecting to replica");

const totalRefused = (code: number): TotalOutcome =>
  outcome(
    code === ReplicationResponseCode.permissionDenied || code === ReplicationResponseCode.backOff
      ? "retry"
      : "failed",
    { replication: code },
    "Unable to acquire replica",
  );

const entryRefused = (code: number): TotalOutcome =>
  outcome("failed", { ldap: code, connection: 1 }, ABORTED);

export const startTotal = (now: Millis): TotalTransition => ({
  state: { name: "acquiring", progressAt: now },
  actions: [{ type: "createKeepAlive" }, { type: "sendTotalStart" }],
});

/** When a `timer` event is due. */
export function totalWakeAt(state: TotalState, settings: TotalSettings): Millis | undefined {
  if (state.name === "ended") return undefined;
  const limitMs = waitMs(state, settings);
  const timeoutAt = limitMs === 0 ? undefined : ((state.progressAt + limitMs) as Millis);
  const busyUntil = state.name === "streaming" ? state.busyUntil : undefined;
  if (timeoutAt === undefined || (busyUntil !== undefined && busyUntil < timeoutAt)) {
    return busyUntil;
  }
  return timeoutAt;
}

/** 0 = no limit. */
function waitMs(state: Exclude<TotalState, { name: "ended" }>, settings: TotalSettings): number {
  if (state.name === "draining") return TOTAL_DRAIN_MS;
  if (state.name === "streaming" && state.unanswered === 0) return 0;
  return settings.timeoutMs;
}

export function stepTotal(
  state: TotalState,
  event: TotalEvent,
  context: TotalContext,
): TotalTransition {
  if (state.name === "ended") return stay(state);
  if (event.type === "stop") return end(TOTAL_STOPPED);
  if (event.type === "connectionLost") {
    return end(state.name === "acquiring" ? totalNotConnected(-1) : TOTAL_LOST);
  }
  if (event.type === "timer" && isTimedOut(state, context)) {
    return state.name === "draining" ? release(state, context.now) : end(timeoutOf(state));
  }
  switch (state.name) {
    case "acquiring":
      if (event.type !== "startAnswered") return stay(state);
      return event.code === ReplicationResponseCode.ready
        ? stream(context)
        : end(totalRefused(event.code));
    case "streaming":
      return stepStreaming(state, event, context);
    case "draining":
      return stepDraining(state, event, context.now);
    case "releasing":
      if (event.type !== "endAnswered") return stay(state);
      return end(
        event.code === ReplicationResponseCode.releaseSucceeded
          ? TOTAL_SUCCEEDED
          : outcome("failed", { replication: event.code }, ABORTED),
      );
  }
}

type StateOf<Name extends TotalState["name"]> = Extract<TotalState, { name: Name }>;

const chunkIn = (settings: TotalSettings): number =>
  Math.min(TOTAL_CHUNK_ENTRIES, Math.max(1, settings.windowEntries));

function stream({ now, settings }: TotalContext): TotalTransition {
  return {
    state: {
      name: "streaming",
      sentEntries: 0,
      unanswered: 0,
      progressAt: now,
      isReading: true,
      busyUntil: undefined,
      busyPauseMs: 0,
    },
    actions: [{ type: "openSource" }, { type: "sendEntries", entriesMax: chunkIn(settings) }],
  };
}

function stepStreaming(
  state: StateOf<"streaming">,
  event: TotalEvent,
  context: TotalContext,
): TotalTransition {
  switch (event.type) {
    case "entriesSent": {
      const next = countSent(state, event.sentEntries, context.now);
      if (event.rest === "more") return fillWindow(next, context);
      if (event.rest === "replaced") return end(TOTAL_STOPPED);
      return drained({ ...next, name: "draining" }, context.now);
    }
    case "entriesAnswered": {
      const failure = findFailure(event.codes);
      if (failure !== undefined) return end(entryRefused(failure));
      return fillWindow(
        heedBusy(countAnswers(state, event.codes, context.now), event, context),
        context,
      );
    }
    case "timer":
      return fillWindow(state, context);
    case "startAnswered":
    case "endAnswered":
    case "connectionLost":
    case "stop":
      return stay(state);
  }
}

/** A busy answer means that the entry was taken and that the next ones should wait. */
function heedBusy(
  state: StateOf<"streaming">,
  { codes }: Extract<TotalEvent, { type: "entriesAnswered" }>,
  { now }: TotalContext,
): StateOf<"streaming"> {
  if (!codes.includes(ResultCode.busy)) {
    // The whole window without a busy answer: the next one starts with a short pause again.
    return state.unanswered === 0 ? { ...state, busyPauseMs: 0 } : state;
  }
  const busyPauseMs = Math.min(state.busyPauseMs + TOTAL_BUSY_PAUSE_MS, TOTAL_BUSY_PAUSE_MS_MAX);
  return { ...state, busyPauseMs, busyUntil: (now + busyPauseMs) as Millis };
}

function fillWindow(state: StateOf<"streaming">, { now, settings }: TotalContext): TotalTransition {
  const isPausing = state.busyUntil !== undefined && now < state.busyUntil;
  const next = isPausing ? state : { ...state, busyUntil: undefined };
  const entriesMax = chunkIn(settings);
  const room = Math.max(1, settings.windowEntries) - state.unanswered;
  if (state.isReading || isPausing || room < entriesMax) return stay(next);
  return {
    state: { ...next, isReading: true },
    actions: [{ type: "sendEntries", entriesMax }],
  };
}

function stepDraining(state: StateOf<"draining">, event: TotalEvent, now: Millis): TotalTransition {
  if (event.type !== "entriesAnswered") return stay(state);
  const failure = findFailure(event.codes);
  if (failure !== undefined) return end(entryRefused(failure));
  return drained(countAnswers(state, event.codes, now), now);
}

const drained = (state: StateOf<"draining">, now: Millis): TotalTransition =>
  state.unanswered === 0 ? release(state, now) : stay(state);

function release(state: StateOf<"draining">, now: Millis): TotalTransition {
  return {
    state: { name: "releasing", progressAt: now, sentEntries: state.sentEntries },
    actions: [{ type: "sendEnd" }],
  };
}

function countSent<P extends Progress>(progress: P, sentEntries: number, now: Millis): P {
  return {
    ...progress,
    sentEntries: progress.sentEntries + sentEntries,
    unanswered: progress.unanswered + sentEntries,
    progressAt: progress.unanswered === 0 ? now : progress.progressAt,
    isReading: false,
  };
}

const countAnswers = <P extends Progress>(
  progress: P,
  codes: readonly number[],
  now: Millis,
): P => ({
  ...progress,
  unanswered: Math.max(0, progress.unanswered - codes.length),
  progressAt: now,
});

const findFailure = (codes: readonly number[]): number | undefined =>
  codes.find((code) => code !== ResultCode.success && code !== ResultCode.busy);

const end = (how: TotalOutcome): TotalTransition => stay({ name: "ended", outcome: how });

function isTimedOut(
  state: Exclude<TotalState, { name: "ended" }>,
  { now, settings }: TotalContext,
): boolean {
  const limitMs = waitMs(state, settings);
  return limitMs > 0 && now >= state.progressAt + limitMs;
}

const timeoutOf = (state: TotalState): TotalOutcome =>
  state.name === "acquiring" ? totalNotConnected(-5) : TOTAL_TIMED_OUT;
