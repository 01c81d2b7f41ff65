// What a filter item names, and which attributes that covers (RFC 4512 §2.5).
import type { AttributeDescription } from "../entry/index.ts";
import type { AttributeType } from "../schema/index.ts";

/** What an item names: a type, and options in lower case. */
export interface NamedAttribute {
  readonly type: AttributeType;
  readonly options: readonly string[];
}

/** The type itself or one derived from it? */
export function isSubtypeOf(type: AttributeType, ancestor: AttributeType): boolean {
  for (let at: AttributeType | undefined = type; at !== undefined; at = at.sup) {
    if (at === ancestor || at.key === ancestor.key) return true;
  }
  return false;
}

/** Is the description the named attribute, or a subtype of it (RFC 4512 §2.5.2)? */
export function isCovered(description: AttributeDescription, named: NamedAttribute): boolean {
  return (
    isSubtypeOf(description.type, named.type) &&
    named.options.every((option) => description.options.includes(option))
  );
}
