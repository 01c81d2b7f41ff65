// How far the purge may go (conflict-resolution 13.8). Operations up to the purge CSN must not be on their way any more: so it
// stays below the newest change that has arrived here of each of the others, who may hold operations as old as our last contact,
// and below what a partner is known to have while we have more.
//
// A partner that does not come back would hold it for ever: it is held for a limited time, and then goes on without that
// partner, which has to be initialized.
import { type Csn, type ReplicaId, csnSeconds, makeCsn } from "../csn/index.ts";
import { type Ruv, ruvMaxCsn } from "../ruv/index.ts";

/** How long, beyond the purge delay, a partner may hold the purge. */
export const PURGE_HOLD_SECONDS_DEFAULT = 30 * 86_400;

export interface PurgeInput {
  /** nsds5ReplicaPurgeDelay; ≤ 0 = never purge. */
  readonly delaySeconds: number;
  readonly nowSeconds: number;
  readonly ownReplicaId: ReplicaId;
  /** The RUV of the data. */
  readonly local: Ruv;
  /** For each enabled agreement the last known RUV of its consumer; undefined = never heard. One of another generation has
   *  nothing to do with this data. */
  readonly partners: readonly (Ruv | undefined)[];
  readonly previous: Csn | undefined;
  readonly holdSeconds?: number;
}

/** The purge CSN from now on; undefined: nothing may be purged. Never below `previous`. It has sequence number, replica ID and
 *  subsequence 0, so that an operation and all that it wrote are on one side of it. */
export function nextPurgeCsn(input: PurgeInput): Csn | undefined {
  const { delaySeconds, nowSeconds, previous, holdSeconds = PURGE_HOLD_SECONDS_DEFAULT } = input;
  if (delaySeconds <= 0) return previous;
  const latest = nowSeconds - delaySeconds;
  const seconds = Math.max(Math.min(latest, acknowledgedSeconds(input)), latest - holdSeconds);
  if (seconds <= 0) return previous;
  const next = makeCsn(seconds, 0, 0);
  return previous !== undefined && previous > next ? previous : next;
}

function acknowledgedSeconds({ local, partners, ownReplicaId }: PurgeInput): number {
  let seconds = Number.POSITIVE_INFINITY;
  for (const { replicaId, maxCsn } of local.elements) {
    if (replicaId !== ownReplicaId) {
      // One of whom nothing has arrived yet may have made its first change long ago.
      seconds = Math.min(seconds, maxCsn === undefined ? 0 : csnSeconds(maxCsn));
    }
    if (maxCsn === undefined) continue;
    for (const partner of partners) {
      if (partner !== undefined && partner.generation !== local.generation) continue;
      const theirs = partner && ruvMaxCsn(partner, replicaId);
      if (theirs !== undefined && theirs >= maxCsn) continue;
      seconds = Math.min(seconds, theirs === undefined ? 0 : csnSeconds(theirs));
    }
  }
  return seconds;
}
