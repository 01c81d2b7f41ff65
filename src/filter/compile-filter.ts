// From a filter and a schema to a matcher. All that does not depend on the entry happens here, once per search: types
// and rules are looked up, assertions are brought into normal form, and what can only be Undefined becomes a constant
// (RFC 4511 §4.5.1.7): unknown type, no rule of that kind, a value that does not fit the rule.
//
// Deviations from the letter, both supersets that 389's clients rely on: types without an ORDERING rule are ordered by
// the rule that belongs to their EQUALITY rule, and types without any rule by their syntax. Approximate match is equality.
import type { Filter } from "../protocol/index.ts";
import type { Schema } from "../schema/index.ts";
import type { RuleTest } from "./extensible-matcher.ts";
import { ExtensibleMatcher, makeRuleTest } from "./extensible-matcher.ts";
import type { MaySearch } from "./item-matcher.ts";
import { DescriptionMatcher, TypeMatcher } from "./item-matcher.ts";
import type { Matcher } from "./matcher.ts";
import {
  ALWAYS_FALSE,
  ALWAYS_TRUE,
  ALWAYS_UNDEFINED,
  AndMatcher,
  NotMatcher,
  OrMatcher,
} from "./matcher.ts";
import { findEqualityRule, findOrderingRule, findSubstringRule } from "./matching-rules.ts";
import type { NamedAttribute } from "./named-attribute.ts";
import type { Relation, ValueTest } from "./value-test.ts";
import {
  EqualityTest,
  MembershipTest,
  normalizePieces,
  OrderingTest,
  PRESENT,
  SubstringTest,
} from "./value-test.ts";

export interface FilterOptions {
  /** Rights of the caller: items on attributes that may not be searched are Undefined. Without it everything may. */
  readonly maySearch?: MaySearch | undefined;
  /** What items on types that the schema does not define amount to: Undefined (RFC 4511), or, for entries of the server's own
   *  that hold such types, the directory string as which their values are treated. */
  readonly undefinedTypes?: "undefined" | "directoryString";
}

type SubstringsFilter = Extract<Filter, { readonly type: "substrings" }>;
type ExtensibleFilter = Extract<Filter, { readonly type: "extensible" }>;

/** What the items of one attribute and one value have in common. */
interface Assertion {
  readonly attribute: string;
  readonly value: Buffer;
}

const NO_OPTIONS: readonly string[] = [];

/** From this many equality items on one attribute an OR looks values up in a set instead of asking item by item. */
const MEMBERSHIP_ITEMS_MIN = 4;

/** Compiles a filter whose nesting has been limited where it was read. The matcher belongs to this schema and these
 *  rights; it keeps no state between entries. */
export function compileFilter(
  filter: Filter,
  schema: Schema,
  options: FilterOptions = {},
): Matcher {
  return new FilterCompiler(schema, options).compile(filter);
}

class FilterCompiler {
  readonly #schema: Schema;
  readonly #maySearch: MaySearch | undefined;
  readonly #takesUndefinedTypes: boolean;

  constructor(schema: Schema, options: FilterOptions) {
    this.#schema = schema;
    this.#maySearch = options.maySearch;
    this.#takesUndefinedTypes = options.undefinedTypes === "directoryString";
  }

  compile(filter: Filter): Matcher {
    switch (filter.type) {
      case "and":
        if (filter.filters.length === 0) return ALWAYS_TRUE;
        return new AndMatcher(filter.filters.map((part) => this.compile(part)));
      case "or":
        if (filter.filters.length === 0) return ALWAYS_FALSE;
        return new OrMatcher(this.#compileOr(filter.filters));
      case "not":
        return new NotMatcher(this.compile(filter.filter));
      case "equality":
      case "approx":
        return this.#compileEquality(filter);
      case "greaterOrEqual":
        return this.#compileOrdering(filter, "atLeast");
      case "lessOrEqual":
        return this.#compileOrdering(filter, "atMost");
      case "substrings":
        return this.#compileSubstrings(filter);
      case "present":
        return this.#compilePresent(filter.attribute);
      case "extensible":
        return this.#compileExtensible(filter);
    }
  }

  /** Gathers equality items on the same attribute. */
  #compileOr(filters: readonly Filter[]): Matcher[] {
    const groups = new Map<string, Assertion[]>();
    for (const filter of filters) {
      if (filter.type !== "equality") continue;
      const group = groups.get(filter.attribute);
      if (group === undefined) groups.set(filter.attribute, [filter]);
      else group.push(filter);
    }
    const parts: Matcher[] = [];
    for (const filter of filters) {
      const group = filter.type === "equality" ? groups.get(filter.attribute) : undefined;
      if (group === undefined || group.length < MEMBERSHIP_ITEMS_MIN) {
        parts.push(this.compile(filter));
      } else if (group[0] === filter) {
        parts.push(...this.#compileMembership(group));
      }
    }
    return parts;
  }

  /** One matcher for all values that fit the rule, and Undefined beside it if some do not. */
  #compileMembership(group: readonly Assertion[]): Matcher[] {
    const named = this.#findAttribute(group[0]?.attribute ?? "");
    const rule = named && findEqualityRule(named.type);
    if (named === undefined || rule === undefined) return [ALWAYS_UNDEFINED];
    const normals = group
      .map(({ value }) => rule.normalize(value))
      .filter((normal) => normal !== undefined);
    const parts: Matcher[] = [];
    if (normals.length > 0) parts.push(this.#onAttribute(named, new MembershipTest(rule, normals)));
    if (normals.length < group.length) parts.push(ALWAYS_UNDEFINED);
    return parts;
  }

  #compileEquality(filter: Assertion): Matcher {
    const named = this.#findAttribute(filter.attribute);
    const rule = named && findEqualityRule(named.type);
    const normal = rule?.normalize(filter.value);
    if (named === undefined || rule === undefined || normal === undefined) return ALWAYS_UNDEFINED;
    return this.#onAttribute(named, new EqualityTest(rule, filter.value, normal));
  }

  #compileOrdering(filter: Assertion, relation: Relation): Matcher {
    const named = this.#findAttribute(filter.attribute);
    const rule = named && findOrderingRule(named.type);
    const normal = rule?.normalize(filter.value);
    if (named === undefined || rule === undefined || normal === undefined) return ALWAYS_UNDEFINED;
    return this.#onAttribute(named, new OrderingTest(rule, normal, relation));
  }

  #compileSubstrings(filter: SubstringsFilter): Matcher {
    const named = this.#findAttribute(filter.attribute);
    const rule = named && findSubstringRule(named.type);
    const pieces = rule && normalizePieces(rule, filter);
    if (named === undefined || rule === undefined || pieces === undefined) return ALWAYS_UNDEFINED;
    return this.#onAttribute(named, new SubstringTest(rule, pieces));
  }

  #compilePresent(attribute: string): Matcher {
    const named = this.#findAttribute(attribute);
    return named === undefined ? ALWAYS_UNDEFINED : this.#onAttribute(named, PRESENT);
  }

  #compileExtensible(filter: ExtensibleFilter): Matcher {
    const named =
      filter.attribute === undefined ? undefined : this.#findAttribute(filter.attribute);
    if (filter.attribute !== undefined && named === undefined) return ALWAYS_UNDEFINED;
    const rule = this.#findRuleTest(filter, named);
    if (rule === undefined || (named !== undefined && !rule.suits(named.type))) {
      return ALWAYS_UNDEFINED;
    }
    return new ExtensibleMatcher(rule, {
      named,
      dnAttributes: filter.dnAttributes,
      schema: this.#schema,
      maySearch: this.#maySearch,
    });
  }

  #findRuleTest(filter: ExtensibleFilter, named: NamedAttribute | undefined): RuleTest | undefined {
    if (filter.rule === undefined) {
      const rule = named && findEqualityRule(named.type);
      // Subtypes may be of another syntax; the rule of the named type is meant for all of them.
      const made = rule && makeRuleTest(rule, filter.value);
      return made && { test: made.test, suits: () => true };
    }
    const rule = this.#schema.findMatchingRule(filter.rule);
    return rule && makeRuleTest(rule, filter.value);
  }

  /** The attribute that a text names; undefined if the schema does not define the type and the filter takes no such. */
  #findAttribute(text: string): NamedAttribute | undefined {
    const end = text.indexOf(";");
    const type = this.#schema.attributeType(end < 0 ? text : text.slice(0, end));
    if (!type.defined && !this.#takesUndefinedTypes) return undefined;
    if (end < 0) return { type, options: NO_OPTIONS };
    return {
      type,
      options: text
        .slice(end + 1)
        .toLowerCase()
        .split(";"),
    };
  }

  #onAttribute(named: NamedAttribute, test: ValueTest): Matcher {
    const { type, options } = named;
    const maySearch = this.#maySearch;
    const hasOwnSubtypes =
      maySearch !== undefined && this.#schema.subtypes(type).some((sub) => sub.key !== type.key);
    return options.length > 0 || hasOwnSubtypes
      ? new DescriptionMatcher(named, test, maySearch)
      : new TypeMatcher(type, test, maySearch);
  }
}
