// The flags of a record (RecordFlag): what searches must know of an entry before they look at its attributes.
import { type Attribute, RecordFlag } from "../entry/index.ts";
import type { EntryForm } from "../replication/urp/index.ts";

/** Of the names of the classes that are looked for. */
const FLAG_LENGTHS: ReadonlySet<number> = new Set(
  ["ldapsubentry", "subentry", "referral"].map(({ length }) => length),
);

export function recordFlagsOf(
  form: Pick<EntryForm, "kind">,
  attributes: readonly Attribute[],
): number {
  let flags = 0;
  if (form.kind === "tombstone") flags |= RecordFlag.tombstone;
  if (form.kind === "conflict") flags |= RecordFlag.conflict;
  if (form.kind === "glue" || form.kind === "missing") flags |= RecordFlag.glue;
  for (const attribute of attributes) {
    if (attribute.description.key !== "objectclass") continue;
    for (const value of attribute.values) {
      if (!FLAG_LENGTHS.has(value.length)) continue;
      const name = value.toString("latin1").toLowerCase();
      if (name === "ldapsubentry" || name === "subentry") flags |= RecordFlag.subentry;
      if (name === "referral") flags |= RecordFlag.referral;
    }
  }
  return flags;
}
