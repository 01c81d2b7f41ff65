// Suppliers that were away for too long. A change that is not above the purge CSN and has not arrived before can no longer be put in
// its place: the tombstone or the deleted value that it would lose against may have been purged, and what was deleted would come
// back. Its supplier has to be initialized; until then it is turned away, at Start (code 7, as 389 has it in its protocol) when
// its update vector shows such changes, else when the first of them arrives.
import { ResultCode, SUCCESS, type LdapResult } from "../../protocol/index.ts";
import { type Csn, csnReplicaId } from "../csn/index.ts";
import { type Ruv, coversCsn, ruvMaxCsn } from "../ruv/index.ts";

/** The result of a change that came too late. */
export const STALE_RESULT: LdapResult = {
  ...SUCCESS,
  code: ResultCode.unwillingToPerform,
  message:
    "The change is older than what has been purged here: its supplier was away for too long and has to be initialized",
};

export const isBelowPurge = (csn: Csn, purgeCsn: Csn | undefined): boolean =>
  purgeCsn !== undefined && csn <= purgeCsn;

/** Whether the supplier has changes that we lack and have purged beyond. `refused`: one that has been turned away. Of replica IDs
 *  that we know nothing of (they may have been cleaned here) nothing is said before a change comes. */
export function isStale(
  supplier: Ruv,
  local: Ruv | undefined,
  purgeCsn: Csn | undefined,
  refused: Csn | undefined,
): boolean {
  if (local === undefined || local.generation !== supplier.generation) return false;
  if (refused !== undefined && hasChange(supplier, refused) && !coversCsn(local, refused)) {
    return true;
  }
  return supplier.elements.some(({ replicaId, maxCsn }) => {
    const ours = ruvMaxCsn(local, replicaId);
    return (
      maxCsn !== undefined && ours !== undefined && ours < maxCsn && isBelowPurge(maxCsn, purgeCsn)
    );
  });
}

const hasChange = (ruv: Ruv, csn: Csn): boolean => {
  const max = ruvMaxCsn(ruv, csnReplicaId(csn));
  return max !== undefined && max >= csn;
};
