// One filter item on an entry: which values it looks at, and what it may not look at.
//
// An item looks at the values of the named type and of its subtypes, in all option forms that have at least the options
// of the item (RFC 4512 §2.5). Where the caller may not search, the item is Undefined: neither `(a=x)` nor `(!(a=x))`
// tells anything. That holds for each subtype too: values of a subtype that may not be searched are passed over, and
// what would be FALSE without them is Undefined.
import type { AttributeDescription, EntryView } from "../entry/index.ts";
import type { AttributeType } from "../schema/index.ts";
import type { Matcher, Truth } from "./matcher.ts";
import type { ValueTest } from "./value-test.ts";

/** May the filter look at this attribute of the entry? */
export type MaySearch = (entry: EntryView, type: AttributeType) => boolean;

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

/** An item on a type without options: all its values lie ready in the entry. */
export class TypeMatcher implements Matcher {
  readonly #type: AttributeType;
  readonly #test: ValueTest;
  readonly #maySearch: MaySearch | undefined;

  constructor(type: AttributeType, test: ValueTest, maySearch: MaySearch | undefined) {
    this.#type = type;
    this.#test = test;
    this.#maySearch = maySearch;
  }

  matches(entry: EntryView): Truth {
    if (this.#maySearch !== undefined && !this.#maySearch(entry, this.#type)) return undefined;
    return this.#test.matchesAny(entry.values(this.#type));
  }
}

/** An item with options, or on a type whose subtypes have rights of their own. */
export class DescriptionMatcher implements Matcher {
  readonly #named: NamedAttribute;
  readonly #test: ValueTest;
  readonly #maySearch: MaySearch | undefined;

  constructor(named: NamedAttribute, test: ValueTest, maySearch: MaySearch | undefined) {
    this.#named = named;
    this.#test = test;
    this.#maySearch = maySearch;
  }

  matches(entry: EntryView): Truth {
    const maySearch = this.#maySearch;
    if (maySearch !== undefined && !maySearch(entry, this.#named.type)) return undefined;
    let truth: Truth = false;
    for (const { description, values } of entry.attributes()) {
      if (!isCovered(description, this.#named)) continue;
      const isHidden = maySearch !== undefined && !maySearch(entry, description.type);
      if (isHidden) truth = undefined;
      else if (this.#test.matchesAny(values)) return true;
    }
    return truth;
  }
}
