// Delete (RFC 4511 §4.8): the entry becomes a tombstone that keeps its unique ID (389: nsTombstone).
import type { EntryView } from "../entry/index.ts";
import { LdapError, type DeleteRequest } from "../protocol/index.ts";
import { type WriteContext, getTarget, insufficient } from "./write-context.ts";

/** Deletes a leaf entry.
 *  @throws LdapError noSuchObject, insufficientAccessRights, notAllowedOnNonLeaf, unwillingToPerform */
export function deleteEntry(context: WriteContext, request: DeleteRequest): void {
  const findRefusal = (target: EntryView): LdapError | undefined =>
    context.access.mayEntry(target, "delete")
      ? undefined
      : insufficient("delete", `to delete the entry '${target.normalDn}'`);
  const entry = getTarget(context, context.schema.normalizeDnText(request.dn), findRefusal);
  const refusal = findRefusal(entry);
  if (refusal !== undefined) throw refusal;
  if (entry.isRuvEntry) {
    throw new LdapError("unwillingToPerform", "The entry of the update vector cannot be deleted");
  }
  if (entry.childCount > 0) throw new LdapError("notAllowedOnNonLeaf", "The entry has children");
  const reason = context.refusal(entry, "delete");
  if (reason !== undefined) throw new LdapError("unwillingToPerform", reason);
  context.apply({ type: "delete", csn: context.nextCsn(), uniqueId: entry.uniqueId, dn: entry.dn });
}
