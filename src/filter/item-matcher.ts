// One filter item on an entry: which values it looks at, and what it may not look at.
//
// An item looks at the values of the named type and of its subtypes, in all option forms that have at least the options
// of the item (RFC 4512 §2.5). Where the caller may not search, the item is Undefined: neither `(a=x)` nor `(!(a=x))`
// tells anything. That holds for each subtype too: values of a subtype that may not be searched are passed over, and
// what would be FALSE without them is Undefined.
import {
  COMPUTED_ATTRIBUTE_KEYS,
  type Descriptions,
  type EntryView,
  StoredEntry,
  hasApart,
  namesApart,
} from "../entry/index.ts";
import type { AttributeType } from "../schema/index.ts";
import type { Matcher, Truth } from "./matcher.ts";
import { isCovered, isSubtypeOf, type NamedAttribute } from "./named-attribute.ts";
import {
  CoveredNumbers,
  ItemRecordTest,
  type RecordTest,
  someValuePasses,
  UNTOLD,
} from "./record-test.ts";
import type { ValueTest } from "./value-test.ts";

/** May the filter look at this attribute of the entry? */
export type MaySearch = (entry: EntryView, type: AttributeType) => boolean;

/** An item on a type without options: all its values lie ready in the entry. */
export class TypeMatcher implements Matcher {
  readonly #type: AttributeType;
  readonly #test: ValueTest;
  readonly #maySearch: MaySearch | undefined;
  readonly #isStored: boolean;

  constructor(type: AttributeType, test: ValueTest, maySearch: MaySearch | undefined) {
    this.#type = type;
    this.#test = test;
    this.#maySearch = maySearch;
    this.#isStored = !COMPUTED_ATTRIBUTE_KEYS.has(type.key);
  }

  matches(entry: EntryView): Truth {
    if (this.#maySearch !== undefined && !this.#maySearch(entry, this.#type)) return undefined;
    if (!this.#isStored || !(entry instanceof StoredEntry)) {
      return this.#test.matchesAny(entry.values(this.#type));
    }
    const numbers = CoveredNumbers.of(this.#type, entry.descriptions);
    const { record } = entry;
    const isApart = hasApart(record) && namesApart(record, numbers);
    return someValuePasses(isApart ? entry.whole().record : record, numbers, this.#test);
  }

  onRecords(descriptions: Descriptions): RecordTest {
    if (!this.#isStored) return UNTOLD;
    return new ItemRecordTest(CoveredNumbers.of(this.#type, descriptions), this.#test);
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
  onRecords(descriptions: Descriptions): RecordTest {
    const { schema } = descriptions;
    for (const key of COMPUTED_ATTRIBUTE_KEYS) {
      if (isSubtypeOf(schema.attributeType(key), this.#named.type)) return UNTOLD;
    }
    return new ItemRecordTest(new CoveredNumbers(this.#named, descriptions), this.#test);
  }
}
