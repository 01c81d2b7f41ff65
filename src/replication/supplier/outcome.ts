// How a session of a supplier ended, and what its agreement makes of it (replication-protocol 3.4, 6.2, 6.5, 8.4). The
// texts are 389's: administrators and tools search for them.
import type { Csn } from "../csn/index.ts";
import { ReplicationCode } from "./result-codes.ts";

/** What the agreement does next. `upToDate` and `succeeded`: waits for changes; `busy` and `yielded`: tries again after the
 *  busy time; `failed`: after the error backoff; `fatal`: when an administrator has changed something; `stopped`: nothing. */
export type OutcomeKind = "succeeded" | "yielded" | "stopped" | "busy" | "failed" | "fatal";

export interface SessionOutcome {
  readonly kind: OutcomeKind;
  /** LDAP result, or negative as in libldap: −1 server down, −5 timeout. 0 = none. */
  readonly ldapCode: number;
  /** ReplicationCode. */
  readonly replicationCode: number;
  readonly message: string;
  /** Whether the connection can be used again. */
  readonly mayReuse: boolean;
  /** The change that the consumer refused. */
  readonly refused?: { readonly csn: Csn; readonly code: number };
}

const outcome = (
  kind: OutcomeKind,
  replicationCode: number,
  message: string,
  details: { readonly ldapCode?: number; readonly mayReuse?: boolean } = {},
): SessionOutcome => ({
  kind,
  ldapCode: details.ldapCode ?? 0,
  replicationCode,
  message,
  mayReuse: details.mayReuse ?? true,
});

const { changelogError, connectionError, connectionTimeout, transientError, ruvError } =
  ReplicationCode;
const RETRY = "Backing off, will retry update later.";

export const SUCCEEDED = outcome("succeeded", 0, "Incremental update succeeded");
export const YIELDED = outcome("yielded", 0, "Incremental update succeeded and yielded");
export const STOPPED = outcome("stopped", 0, "Protocol stopped", { mayReuse: false });

export const NOT_INITIALIZED = outcome("failed", ruvError, "Replica is not initialized");
export const OTHER_GENERATION = outcome(
  "failed",
  ruvError,
  "Replica has different database generation ID, remote replica may need to be initialized",
);
export const PURGED = outcome(
  "failed",
  changelogError,
  "Data required to update replica has been purged from the changelog. " +
    "If the error persists the replica must be reinitialized.",
);
export const TOO_MUCH_SKEW = outcome(
  "fatal",
  ReplicationCode.excessiveClockSkew,
  "fatal error - too much time skew between replicas",
);
/** 389 gives the same to every result after which a session cannot go on. */
export const REFUSED = outcome(
  "failed",
  transientError,
  `Incremental update transient warning.  ${RETRY}`,
  { mayReuse: false },
);
export const LOST = outcome(
  "failed",
  connectionError,
  `Incremental update connection error.  ${RETRY}`,
  { mayReuse: false },
);
export const TIMED_OUT = outcome(
  "failed",
  connectionTimeout,
  `Incremental update timeout error.  ${RETRY}`,
  { mayReuse: false },
);

/** The answer to Start got lost. `ldapCode` is negative as in libldap. */
export const noStartResponse = (ldapCode: number): SessionOutcome =>
  outcome(
    "failed",
    connectionError,
    "Unable to receive the response for a startReplication extended operation to consumer. " +
      "Will retry later.",
    { ldapCode, mayReuse: false },
  );

/** There is no connection: connect, TLS or bind failed. */
export const notConnected = (ldapCode: number): SessionOutcome =>
  outcome("failed", connectionError, "Problem connecting to replica", {
    ldapCode,
    mayReuse: false,
  });

const UNABLE = "Unable to acquire replica";

const REFUSALS: ReadonlyMap<number, SessionOutcome> = new Map([
  [
    ReplicationCode.busy,
    outcome(
      "busy",
      ReplicationCode.busy,
      `${UNABLE}: the replica is currently being updated by another supplier.`,
    ),
  ],
  [
    ReplicationCode.excessiveClockSkew,
    outcome(
      "fatal",
      ReplicationCode.excessiveClockSkew,
      `${UNABLE}: excessive clock skew between the supplier and the consumer. ` +
        "Replication is aborting.",
    ),
  ],
  [
    ReplicationCode.permissionDenied,
    outcome(
      "failed",
      ReplicationCode.permissionDenied,
      `${UNABLE}: permission denied. The bind dn does not have permission to supply ` +
        "replication updates to the replica. Will retry later.",
    ),
  ],
  [
    ReplicationCode.noSuchReplica,
    outcome(
      "fatal",
      ReplicationCode.noSuchReplica,
      `${UNABLE}: there is no replicated area on the consumer server. Replication is aborting.`,
    ),
  ],
  [
    ReplicationCode.belowPurgePoint,
    outcome(
      "failed",
      ReplicationCode.belowPurgePoint,
      `${UNABLE}: this server has changes that are older than what the replica has purged. ` +
        "It was away for too long and must be reinitialized.",
    ),
  ],
  [
    ReplicationCode.internalError,
    outcome(
      "fatal",
      ReplicationCode.internalError,
      "Failed to acquire replica: Internal error occurred on the remote replica",
    ),
  ],
  [
    ReplicationCode.duplicateReplicaId,
    outcome(
      "fatal",
      ReplicationCode.duplicateReplicaId,
      `${UNABLE}: the replica has the same Replica ID as this one. Replication is aborting.`,
    ),
  ],
  [ReplicationCode.backOff, outcome("failed", ReplicationCode.backOff, UNABLE)],
]);

/** The consumer answered Start with another code than ready. */
export const startRefused = (code: number): SessionOutcome =>
  REFUSALS.get(code) ?? outcome("fatal", code, UNABLE);
