// What of its configuration an agreement works with: times in milliseconds, lists parsed. Made anew from each snapshot of
// cn=config and handed to the machine, which takes it over while it runs.
import type { AgreementSettings, ReplicaSettings } from "../../config/index.ts";
import type { ReplicaId } from "../csn/index.ts";
import { type Fractional, type SessionSettings, makeFractional } from "../supplier/index.ts";
import { type Schedule, parseSchedule } from "./schedule.ts";

/** Skipped changes after which a keep-alive is due; more than so many, not as many. */
export const KEEP_ALIVE_SKIPPED_DEFAULT = 100;
/** How long after its Start a session to another Concord is kept for changes that may come. What a Start checks and tells (who may
 *  supply, update vectors) is never older than that. */
const REST_MS = 10_000;
/** 389: PROTOCOL_DEFAULT_PROTOCOL_TIMEOUT. */
const PROTOCOL_TIMEOUT_SEC_DEFAULT = 120;

export interface AgreementTimes {
  readonly isEnabled: boolean;
  /** Of this server. */
  readonly replicaId: ReplicaId;
  readonly schedule: Schedule;
  readonly session: SessionSettings;
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** After a busy answer, and after a session that yielded. */
  readonly busyWaitMs: number;
  /** After a session that sent something; 0 = none. */
  readonly sessionPauseMs: number;
  /** How long a session may take to end when the agreement is stopped. */
  readonly protocolTimeoutMs: number;
  readonly fractional: Fractional;
  /** A keep-alive is due when more changes than this were skipped since the last one sent. */
  readonly keepAliveSkippedMax: number;
}

export function agreementTimes(
  agreement: AgreementSettings,
  replica: ReplicaSettings,
  options: { readonly keepAliveSkippedMax?: number } = {},
): AgreementTimes {
  const { busySec, pauseSec } = relateBusyAndPause(agreement, replica.backoffMinSec);
  const schedule = parseSchedule(agreement.schedule);
  const protocolTimeoutSec =
    agreement.protocolTimeoutSec || replica.protocolTimeoutSec || PROTOCOL_TIMEOUT_SEC_DEFAULT;
  return {
    isEnabled: agreement.enabled,
    replicaId: replica.replicaId as ReplicaId,
    schedule,
    session: {
      timeoutMs: 1000 * agreement.timeoutSec,
      windowChanges: Math.max(1, agreement.flowControlWindowChanges),
      releaseTimeoutMs: 1000 * replica.releaseTimeoutSec,
      restMs: pauseSec === 0 && schedule === undefined ? REST_MS : 0,
    },
    backoffMinMs: 1000 * replica.backoffMinSec,
    backoffMaxMs: 1000 * Math.max(replica.backoffMinSec, replica.backoffMaxSec),
    busyWaitMs: 1000 * busySec,
    sessionPauseMs: 1000 * pauseSec,
    protocolTimeoutMs: 1000 * protocolTimeoutSec,
    fractional: makeFractional({
      excluded: agreement.excludedAttributes,
      excludedTotal: agreement.excludedAttributesTotal,
      stripped: agreement.strippedAttributes,
    }),
    keepAliveSkippedMax: options.keepAliveSkippedMax ?? KEEP_ALIVE_SKIPPED_DEFAULT,
  };
}

/** A supplier that has just been served waits longer than one that was turned away, so that they alternate (389). */
function relateBusyAndPause(
  agreement: Pick<AgreementSettings, "busyWaitSec" | "sessionPauseSec">,
  backoffMinSec: number,
): { busySec: number; pauseSec: number } {
  const { busyWaitSec, sessionPauseSec } = agreement;
  if (busyWaitSec === 0 && sessionPauseSec === 0) return { busySec: backoffMinSec, pauseSec: 0 };
  if (busyWaitSec === 0) {
    const pauseSec = Math.max(2, sessionPauseSec);
    return { busySec: pauseSec - 1, pauseSec };
  }
  return { busySec: busyWaitSec, pauseSec: Math.max(sessionPauseSec, busyWaitSec + 1) };
}
