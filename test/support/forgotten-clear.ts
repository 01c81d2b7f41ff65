// A flaw of 389 2.3.1, seen live on a server of its own: when a client of it replaces an attribute that was deleted before, it
// keeps the old CSN of the deletion, and the replacement clears nothing that comes later with an older CSN. Whoever gets the
// replacement by replication, another 389 too, notes its CSN and drops those values.
//
//   delete: title            title;adcsn-…0002…;deletedattribute;deleted:
//   replace: title  → d      title;adcsn-…0002…;vucsn-…0003…: d          (replicas: adcsn-…0003…)
import type { EntryState } from "./entry-state.ts";

const REPLICA_ID = { start: 12, end: 16 };

/** Whether `fact` of the 389 server with this replica ID is a value that its own later replacement, known to `other`, has
 *  cleared everywhere else. */
export function isForgottenClear(
  fact: string,
  {
    at,
    other,
    replicaId,
  }: { readonly at: EntryState; readonly other: EntryState; readonly replicaId: number },
): boolean {
  const [, name, vu] = /^([^: ]+): .* vu=([0-9a-f]{20})/s.exec(fact) ?? [];
  if (name === undefined || vu === undefined) return false;
  const cleared = other.attributes.get(name)?.ad;
  if (cleared === undefined) return false;
  const { start, end } = REPLICA_ID;
  const isOwn = Number.parseInt(cleared.slice(start, end), 16) === replicaId;
  return isOwn && (at.attributes.get(name)?.ad ?? "") < cleared && vu < cleared;
}
