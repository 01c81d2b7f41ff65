// What a caller may learn about a name that no entry has. "There is no such entry" tells something only where entries that are
// there may be hidden: then the answer has to be the one for a hidden entry (389: findentry.c).
import type { EntryView } from "../entry/index.ts";
import type { Access } from "./access-port.ts";
import { candidateEntry } from "./candidate-entry.ts";

const CLASS_VALUES = [Buffer.from("top", "latin1")];

/** Whether the caller sees the nearest ancestor and would see an entry of no particular class under the absent name. */
export function mayKnowAbsence(access: Access, nearest: EntryView, normalDn: string): boolean {
  return access.mayReturn(nearest) && access.mayReturn(unseenEntry(nearest, normalDn));
}

/** An entry of no particular class under a name that no entry has: what a hidden one might be. */
export function unseenEntry(nearest: EntryView, normalDn: string): EntryView {
  for (const { description } of nearest.attributes()) {
    if (description.type.key !== "objectclass") continue;
    return candidateEntry(normalDn, normalDn, [{ description, values: CLASS_VALUES }]);
  }
  return candidateEntry(normalDn, normalDn, []);
}
