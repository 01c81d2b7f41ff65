// Questions about a filter that need no entry: which attributes it looks at, and whether it asks for a kind of entry that
// ordinary searches do not see. 389 shows subentries to a filter that names ldapSubEntry and tombstones to one that names
// nsTombstone, wherever in the filter the item stands.
import type { Filter } from "../protocol/index.ts";

/** objectClass by name and by OID, lower case. */
const OBJECT_CLASS_NAMES: ReadonlySet<string> = new Set(["objectclass", "2.5.4.0"]);

/** Does an equality item anywhere in the filter name this object class? Compared without regard to case. */
export function namesObjectClass(filter: Filter, className: string): boolean {
  switch (filter.type) {
    case "and":
    case "or":
      return filter.filters.some((part) => namesObjectClass(part, className));
    case "not":
      return namesObjectClass(filter.filter, className);
    case "equality":
      return (
        filter.value.length === className.length &&
        OBJECT_CLASS_NAMES.has(filter.attribute.toLowerCase()) &&
        filter.value.toString("latin1").toLowerCase() === className.toLowerCase()
      );
    case "greaterOrEqual":
    case "lessOrEqual":
    case "approx":
    case "substrings":
    case "present":
    case "extensible":
      return false;
  }
}

/** The attribute descriptions that the filter names, in lower case, each once. Items without an attribute (an extensible
 *  match by rule alone) add nothing. */
export function filterAttributes(filter: Filter): ReadonlySet<string> {
  const found = new Set<string>();
  collectAttributes(filter, found);
  return found;
}

function collectAttributes(filter: Filter, found: Set<string>): void {
  switch (filter.type) {
    case "and":
    case "or":
      for (const part of filter.filters) collectAttributes(part, found);
      return;
    case "not":
      collectAttributes(filter.filter, found);
      return;
    case "equality":
    case "greaterOrEqual":
    case "lessOrEqual":
    case "approx":
    case "substrings":
    case "present":
      found.add(filter.attribute.toLowerCase());
      return;
    case "extensible":
      if (filter.attribute !== undefined) found.add(filter.attribute.toLowerCase());
      return;
  }
}
