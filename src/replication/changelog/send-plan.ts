// What a consumer lacks, decided from three version vectors before anything is read (replication-protocol 8.4;
// conflict-resolution 13.8): for each replica ID the range of CSNs (after, upTo].
//
// 389 looks for the anchor records themselves. We keep the floor of the changelog instead, which says exactly up to where
// records are gone: a consumer whose max is at or above the floor of every replica ID can be served without a gap, any
// other has to be initialized.
import { CSN_ZERO, type Csn, type ReplicaId } from "../csn/index.ts";
import type { Ruv } from "../ruv/index.ts";
import type { LogFloor } from "./tables.ts";

export interface SendRange {
  /** Exclusive; CSN_ZERO: from the first on. */
  readonly after: Csn;
  /** Inclusive: the max of the RUV in the same snapshot. Never past a gap, as no change below it is outstanding. */
  readonly upTo: Csn;
}

export type SendPlan =
  | { readonly type: "nothing" }
  /** The consumer lacks changes that are gone here. */
  | {
      readonly type: "purged";
      readonly replicaId: ReplicaId;
      readonly consumerCsn: Csn | undefined;
      readonly floorCsn: Csn;
    }
  | {
      readonly type: "send";
      /** Where reading starts, inclusive. */
      readonly from: Csn;
      /** Where it ends, inclusive. */
      readonly upTo: Csn;
      readonly ranges: ReadonlyMap<ReplicaId, SendRange>;
    };

export interface SendPlanInput {
  readonly local: Ruv;
  readonly floor: LogFloor;
  /** The max of the consumer for each replica ID, moved forward by what the session has sent or skipped. */
  readonly reached: ReadonlyMap<ReplicaId, Csn>;
  /** Replica IDs that are being cleaned: their changes are not sent. */
  readonly cleaned?: ReadonlySet<ReplicaId>;
  /** Serve from the oldest record that is left (nsds5ReplicaIgnoreMissingChange). */
  readonly ignoreMissing?: boolean;
}

export function planSending(input: SendPlanInput): SendPlan {
  const { local, floor, reached, cleaned } = input;
  const ranges = new Map<ReplicaId, SendRange>();
  let from: Csn | undefined;
  let upTo = CSN_ZERO;
  for (const { replicaId, minCsn, maxCsn } of local.elements) {
    if (minCsn === undefined || maxCsn === undefined || cleaned?.has(replicaId) === true) continue;
    const consumerCsn = reached.get(replicaId);
    if (consumerCsn !== undefined && consumerCsn >= maxCsn) continue;
    const floorCsn = floor.get(replicaId);
    const isPurged = floorCsn !== undefined && (consumerCsn ?? CSN_ZERO) < floorCsn;
    if (isPurged && input.ignoreMissing !== true) {
      return { type: "purged", replicaId, consumerCsn, floorCsn };
    }
    ranges.set(replicaId, { after: consumerCsn ?? CSN_ZERO, upTo: maxCsn });
    const start = consumerCsn ?? minCsn;
    if (from === undefined || start < from) from = start;
    if (maxCsn > upTo) upTo = maxCsn;
  }
  return from === undefined ? { type: "nothing" } : { type: "send", from, upTo, ranges };
}
