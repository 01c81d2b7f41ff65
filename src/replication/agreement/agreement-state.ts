// State, events and actions of an agreement (replication-protocol 6). The steps stand in agreement.ts, phases.ts,
// incremental-steps.ts and total-steps.ts.
import type { Millis } from "../../base/index.ts";
import type { Csn } from "../csn/index.ts";
import type { Ruv } from "../ruv/index.ts";
import {
  type SessionAction,
  type SessionEvent,
  type SessionOutcome,
  type SessionState,
  sessionWakeAt,
} from "../supplier/index.ts";
import {
  type TotalAction,
  type TotalEvent,
  type TotalSettings,
  type TotalState,
  totalWakeAt,
} from "../total/index.ts";
import type { Backoff } from "./backoff.ts";
import type { Doubt } from "./doubt.ts";
import type { KeepAliveReason } from "./keep-alive.ts";
import { type Moment, nextScheduleChange } from "./schedule.ts";
import type { AgreementTimes } from "./settings.ts";
import type { AgreementStatus } from "./status.ts";

/** A connection without a session is kept for so long. */
export const LINGER_MS = 60_000;
/** Without any change for so long everything starts anew: the consumer's RUV is asked for again. */
export const IDLE_MS = 300_000;
/** Attempts at a total initialization after the first, if it could not begin. */
export const INIT_RETRIES_MAX = 5;

export type Phase =
  | { readonly name: "disabled" }
  | { readonly name: "waitingForWindow" }
  /** Waits for our own RUV: is there anything to send? */
  | { readonly name: "checking" }
  | { readonly name: "connecting"; readonly generation: string }
  | { readonly name: "inSession"; readonly session: SessionState }
  | { readonly name: "pausing"; readonly until: Millis }
  | { readonly name: "waitingForChanges"; readonly idleUntil: Millis }
  | { readonly name: "backingOff" }
  /** Until an administrator changes something. */
  | { readonly name: "stoppedByError" }
  | { readonly name: "initConnecting"; readonly attempt: number }
  | { readonly name: "initWaiting"; readonly attempt: number; readonly until: Millis }
  | { readonly name: "initializing"; readonly attempt: number; readonly total: TotalState }
  /** After `shutdown`. */
  | { readonly name: "ended" };

export interface AgreementState {
  readonly phase: Phase;
  readonly times: AgreementTimes;
  readonly status: AgreementStatus;
  /** The last one, kept until a session has succeeded. */
  readonly backoff: Backoff | undefined;
  /** The consumer's RUV of the last Start response. */
  readonly consumer: Ruv | undefined;
  readonly isConnected: boolean;
  /** The consumer at the other end of the connection keeps sessions: another Concord. */
  readonly mayRest: boolean;
  /** When an unused connection is closed. */
  readonly lingerUntil: Millis | undefined;
  /** Changes came that no session has looked at. */
  readonly isChangePending: boolean;
  /** The settings are others since the session began: connect anew after it. */
  readonly isChanged: boolean;
  readonly isRefreshWanted: boolean;
  /** The session is told to end. */
  readonly stopping: { readonly by: Millis } | undefined;
  /** `shutdown` came. */
  readonly isShutDown: boolean;
  /** Changes that the fractional filter kept back since the last one sent, over all sessions. */
  readonly skippedSinceSent: number;
  /** The consumer has answered a Start of ours since the agreement began to run. */
  readonly isIntroduced: boolean;
  /** Our last change may be missing in the consumer's RUV. */
  readonly doubt: Doubt | undefined;
}

type FromSession = Exclude<SessionEvent, { type: "stop" | "conclude" }>;
type FromTotal = Extract<TotalEvent, { type: "entriesSent" | "entriesAnswered" }>;

export type AgreementEvent =
  | Exclude<FromSession, { type: "changesAvailable" }>
  /** `known`: changes that the consumer has by itself, the newest of each replica ID. */
  | { readonly type: "changesAvailable"; readonly known?: readonly Csn[] }
  | FromTotal
  /** At the start, and whenever the configuration of agreement or replica has changed. */
  | { readonly type: "configured"; readonly times: AgreementTimes }
  /** `isSchemaDue`: the consumer should get our schema, whatever it lacks of the data. */
  | { readonly type: "localRuv"; readonly ruv: Ruv | undefined; readonly isSchemaDue?: boolean }
  | { readonly type: "connected"; readonly mayRest?: boolean }
  /** `ldapCode`: of the bind, or negative as in libldap. */
  | { readonly type: "connectFailed"; readonly ldapCode: number }
  | { readonly type: "replicateNow" }
  /** What we believe of the consumer is not true any more: its data, or ours, was replaced by older one. `ruv`: what it has now;
   *  undefined: it has to be asked. */
  | { readonly type: "consumerChanged"; readonly ruv: Ruv | undefined }
  | { readonly type: "refreshAsked" }
  | { readonly type: "refreshStopped" }
  | { readonly type: "shutdown" };

export type AgreementAction =
  | SessionAction
  | TotalAction
  | { readonly type: "readLocalRuv" }
  /** Connect, TLS, bind, capabilities. */
  | { readonly type: "connect" }
  | { readonly type: "disconnect" }
  /** For the changelog's trimming, the catch-up gate, the restart. */
  | { readonly type: "keepConsumerRuv"; readonly ruv: Ruv }
  | { readonly type: "writeKeepAlive"; readonly reason: KeepAliveReason }
  /** For the log, and for what need not be read again. */
  | { readonly type: "noteSessionEnd"; readonly outcome: SessionOutcome }
  /** Removes nsds5BeginReplicaRefresh from the agreement. */
  | { readonly type: "refreshDone" }
  /** After `shutdown`: nothing more will come. */
  | { readonly type: "ended" };

export interface AgreementTransition {
  readonly state: AgreementState;
  readonly actions: readonly AgreementAction[];
}

export type PhaseOf<Name extends Phase["name"]> = Extract<Phase, { name: Name }>;

export const stay = (state: AgreementState): AgreementTransition => ({ state, actions: [] });

export const totalSettings = ({ session }: AgreementTimes): TotalSettings => ({
  timeoutMs: session.timeoutMs,
  windowEntries: session.windowChanges,
});

/** When the next `timer` event is due; undefined: none. */
export function agreementWakeAt(state: AgreementState, moment: Moment): Millis | undefined {
  const { phase, times } = state;
  const times_: (Millis | undefined)[] = [state.stopping?.by];
  switch (phase.name) {
    case "inSession":
      times_.push(sessionWakeAt(phase.session, times.session));
      break;
    case "initializing":
      times_.push(totalWakeAt(phase.total, totalSettings(times)));
      break;
    case "pausing":
    case "initWaiting":
      times_.push(phase.until, state.lingerUntil);
      break;
    case "waitingForChanges":
      times_.push(phase.idleUntil, state.doubt?.checkAt, state.lingerUntil);
      times_.push(nextScheduleChange(times.schedule, moment));
      break;
    case "backingOff":
      times_.push(state.backoff?.until, state.lingerUntil);
      times_.push(nextScheduleChange(times.schedule, moment));
      break;
    case "waitingForWindow":
      times_.push(nextScheduleChange(times.schedule, moment));
      break;
    case "stoppedByError":
      times_.push(state.lingerUntil);
      break;
    case "disabled":
    case "checking":
    case "connecting":
    case "initConnecting":
    case "ended":
      break;
  }
  const due = times_.filter((time) => time !== undefined);
  return due.length === 0 ? undefined : (Math.min(...due) as Millis);
}
