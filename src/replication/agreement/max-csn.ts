// nsds5agmtmaxcsn (replication-protocol 2.3): for each agreement the newest change of our own that concerns it. Tools compare it
// with the consumer's RUV: equal = in synchronization. Changes that the agreement filters out do not count.
import type { Change } from "../change/index.ts";
import { type ChangelogTables, decodeChange, readLogFloor } from "../changelog/index.ts";
import { type Csn, type ReplicaId, csnReplicaId, decodeCsn, encodeCsn } from "../csn/index.ts";
import { type Ruv, ruvMaxCsn } from "../ruv/index.ts";
import { type Fractional, filterChange, isFractional } from "../supplier/index.ts";

/** Records that are looked at when a server starts, newest first. */
const LOOKUPS_MAX = 10_000;

/** Whether the agreement sends anything of the change. */
export const concernsAgreement = (fractional: Fractional, change: Change): boolean =>
  filterChange(fractional, change) !== undefined;

/** What the value is when a server starts; undefined: nothing of our own concerns the agreement, as far as can be seen. */
export function findAgreementMaxCsn(
  tables: ChangelogTables,
  ruv: Ruv,
  ownReplicaId: ReplicaId,
  fractional: Fractional,
): Csn | undefined {
  const max = ruvMaxCsn(ruv, ownReplicaId);
  if (max === undefined || !isFractional(fractional)) return max;
  for (const { key, value } of tables.changelog.range({ reverse: true, limit: LOOKUPS_MAX })) {
    const csn = decodeCsn(Buffer.from(key));
    if (csnReplicaId(csn) !== ownReplicaId) continue;
    if (concernsAgreement(fractional, decodeChange(csn, value))) return csn;
  }
  return undefined;
}

/** Whether there is a change of the replica ID of `upTo` above `after` and not above `upTo` that the agreement sends. Where the
 *  changelog does not go back so far, only a session can tell: `hasAll`, whether the last one has found that the consumer lacks nothing. */
export function hasSendable(
  tables: ChangelogTables,
  fractional: Fractional,
  { after, upTo, hasAll }: { readonly after: Csn; readonly upTo: Csn; readonly hasAll: boolean },
): boolean {
  if (!isFractional(fractional)) return true;
  const floor = readLogFloor(tables.meta).get(csnReplicaId(upTo));
  if (floor !== undefined && floor > after && !hasAll) return true;
  let lookups = 0;
  for (const { key, value } of tables.changelog.range({ from: encodeCsn(after) })) {
    const csn = decodeCsn(Buffer.from(key));
    lookups += 1;
    if (csn > upTo) return false;
    if (lookups > LOOKUPS_MAX) return true;
    if (csn <= after || csnReplicaId(csn) !== csnReplicaId(upTo)) continue;
    if (concernsAgreement(fractional, decodeChange(csn, value))) return true;
  }
  return false;
}

/** `consumerReplicaId`: 65,535 for a read-only consumer, undefined as long as it is not known. */
export function formatAgreementMaxCsn(agreement: {
  readonly suffix: string;
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly consumerReplicaId: number | undefined;
  readonly csn: Csn;
}): string {
  const { suffix, name, host, port, consumerReplicaId, csn } = agreement;
  return [suffix, name, host, port, consumerReplicaId ?? "unavailable", csn].join(";");
}
