// What only the running server knows and entries of cn=config show: status of agreements and replicas, progress of tasks,
// counters. The server injects it; the tree asks on every read, so nothing here may be slow.
import type { TextAttribute } from "./config-entry.ts";

/** Times are generalized time; "19700101000000Z" for never. */
export interface AgreementStatus {
  readonly lastUpdateStart: string;
  readonly lastUpdateEnd: string;
  /** `Error (0) Replica acquired successfully: …` */
  readonly lastUpdateStatus: string;
  readonly lastUpdateStatusJson: string;
  readonly updateInProgress: boolean;
  /** `rid:sent/skipped …`, empty when nothing was sent. */
  readonly changesSent: string;
  readonly lastInitStart: string;
  readonly lastInitEnd: string;
  /** undefined until a total update ran. */
  readonly lastInitStatus: string | undefined;
  readonly lastInitStatusJson: string | undefined;
}

export interface ReplicaStatus {
  /** Values of nsds50ruv: generation and elements. */
  readonly ruv: readonly string[];
  /** Values of nsruvReplicaLastModified. */
  readonly ruvLastModified: readonly string[];
  /** Values of nsds5agmtmaxcsn, one per agreement. */
  readonly agreementMaxCsns: readonly string[];
  /** Changes in the changelog. */
  readonly changes: number;
  readonly isReaping: boolean;
  /** CSN generator in 389's 40-byte form. */
  readonly state: Buffer | undefined;
  /** nsds5Task while it runs. */
  readonly task: string | undefined;
}

export interface TaskStatus {
  readonly status: string;
  /** Lines joined by LF. */
  readonly log: string;
  readonly currentItem: number;
  readonly totalItems: number;
  /** Generalized time. */
  readonly created: string;
  readonly warning: number;
  /** undefined while the task runs. */
  readonly exitCode: number | undefined;
}

export interface LiveValues {
  findAgreementStatus(normalDn: string): AgreementStatus | undefined;
  findReplicaStatus(normalSuffix: string): ReplicaStatus | undefined;
  findTaskStatus(normalDn: string): TaskStatus | undefined;
  /** Attributes of cn=monitor,cn=BACKEND,cn=ldbm database,… beside its names and classes. */
  backendMonitor(backendName: string): readonly TextAttribute[];
  /** Attributes of cn=monitor,cn=ldbm database,… */
  databaseMonitor(): readonly TextAttribute[];
  /** Attributes of cn=database,cn=monitor,cn=ldbm database,… */
  databaseStatistics(): readonly TextAttribute[];
}

/** Before the server has started, and in tests. */
export const NO_LIVE_VALUES: LiveValues = {
  findAgreementStatus: () => undefined,
  findReplicaStatus: () => undefined,
  findTaskStatus: () => undefined,
  backendMonitor: () => [],
  databaseMonitor: () => [],
  databaseStatistics: () => [],
};
