// What an agreement tells about itself (replication-protocol 9.3): a value that the machine renews and the main thread keeps,
// shows, and stores over a restart. Texts: status-text.ts.
import type { Millis } from "../../base/index.ts";
import type { Csn, ReplicaId } from "../csn/index.ts";
import type { TotalConnectionCode } from "../total/index.ts";

export interface StatusResult {
  /** LDAP result, negative as in libldap; 0 = none. */
  readonly ldapCode: number;
  readonly replicationCode: number;
  readonly message: string;
  readonly at: Millis;
}

export interface InitResult extends StatusResult {
  readonly connectionCode: TotalConnectionCode;
}

export interface ChangeCount {
  readonly sent: number;
  readonly skipped: number;
}

export interface AgreementStatus {
  /** Of the last session that acquired the consumer. */
  readonly updateStart: Millis | undefined;
  readonly updateEnd: Millis | undefined;
  readonly isUpdating: boolean;
  /** undefined: no session yet. */
  readonly update: StatusResult | undefined;
  readonly initStart: Millis | undefined;
  readonly initEnd: Millis | undefined;
  readonly init: InitResult | undefined;
  /** Since the start of the server, by origin. */
  readonly changes: ReadonlyMap<ReplicaId, ChangeCount>;
  /** Changes that the consumer refused for good while the session went on, the newest of them. */
  readonly lastIgnored: { readonly csn: Csn; readonly code: number } | undefined;
  readonly ignoredChanges: number;
}

export const NEW_STATUS: AgreementStatus = {
  updateStart: undefined,
  updateEnd: undefined,
  isUpdating: false,
  update: undefined,
  initStart: undefined,
  initEnd: undefined,
  init: undefined,
  changes: new Map(),
  lastIgnored: undefined,
  ignoredChanges: 0,
};

/** What of a status outlives the server: everything but the counters and what was in progress. */
export function restoredStatus(status: AgreementStatus): AgreementStatus {
  return {
    ...NEW_STATUS,
    updateStart: status.updateStart,
    updateEnd: status.updateEnd,
    update: status.update,
    initStart: status.initStart,
    initEnd: status.initEnd,
    init: status.initEnd === undefined ? undefined : status.init,
  };
}

export function countChanges(
  changes: ReadonlyMap<ReplicaId, ChangeCount>,
  added: ReadonlyMap<ReplicaId, number>,
  kind: keyof ChangeCount,
): ReadonlyMap<ReplicaId, ChangeCount> {
  if (added.size === 0) return changes;
  const sum = new Map(changes);
  for (const [replicaId, count] of added) {
    const old = sum.get(replicaId) ?? { sent: 0, skipped: 0 };
    sum.set(replicaId, { ...old, [kind]: old[kind] + count });
  }
  return sum;
}
