// State, events and actions of a supplier's incremental session; the steps stand in session.ts.
import type { Millis } from "../../base/index.ts";
import type { Csn, ReplicaId } from "../csn/index.ts";
import type { Ruv } from "../ruv/index.ts";
import type { SessionOutcome } from "./outcome.ts";

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
  /** How long after its Start a session is kept when everything is sent; 0 = not at all. */
  readonly restMs: number;
}

export interface Progress {
  /** Changes sent in this session. */
  readonly sentChanges: number;
  readonly unanswered: number;
  /** When something was last answered, or the wait began. */
  readonly progressAt: Millis;
  /** A chunk is being read and sent. */
  readonly isReading: boolean;
  /** When we let go of the replica, once the consumer has asked for it. */
  readonly yieldAt: Millis | undefined;
  /** Until when the session may be kept without changes. */
  readonly restUntil: Millis;
  /** The consumer has been asked to keep it. */
  readonly isRestAsked: boolean;
}

export type SessionState =
  | { readonly name: "acquiring"; readonly generation: string; readonly progressAt: Millis }
  | { readonly name: "adjusting"; readonly consumer: Ruv }
  | (Progress & { readonly name: "sending" })
  | (Progress & { readonly name: "draining"; readonly outcome: SessionOutcome })
  | (Progress & { readonly name: "resting" })
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
  /** The consumer keeps the session no longer. */
  | { readonly type: "restEnded"; readonly code: number }
  /** A session that rests is to end. */
  | { readonly type: "conclude" }
  | { readonly type: "connectionLost" }
  | { readonly type: "stop" }
  | { readonly type: "timer" };

export type SessionAction =
  | { readonly type: "sendStart" }
  | { readonly type: "adjustGenerator"; readonly csn: Csn }
  /** Opens the reader of the changelog. */
  | { readonly type: "openReader"; readonly consumer: Ruv }
  | { readonly type: "sendChunk"; readonly changesMax: number }
  | { readonly type: "sendRest" }
  | { readonly type: "sendEnd" };

export interface SessionTransition {
  readonly state: SessionState;
  readonly actions: readonly SessionAction[];
}

export interface SessionContext {
  readonly now: Millis;
  readonly settings: SessionSettings;
}

/** When a `timer` event is due; undefined: none. */
export function sessionWakeAt(state: SessionState, settings: SessionSettings): Millis | undefined {
  if (state.name === "adjusting" || state.name === "ended") return undefined;
  if (state.name === "resting") return state.restUntil;
  const yieldAt = state.name === "sending" ? state.yieldAt : undefined;
  const isWaiting = state.name === "sending" ? state.unanswered > 0 : true;
  if (!isWaiting || settings.timeoutMs === 0) return yieldAt;
  const timeoutAt = (state.progressAt + settings.timeoutMs) as Millis;
  return yieldAt === undefined || timeoutAt < yieldAt ? timeoutAt : yieldAt;
}
