// Extensible match (RFC 4511 §4.5.1.7.7): a matching rule chosen by the filter, on one attribute or on all that the rule
// suits, and with dnAttributes also on the names that the DN of the entry is made of.
//
// An ordering rule matches values below the asserted one; a substring rule takes `initial*any*final` as its assertion
// (RFC 4517 §3.3.30), where `\2a` and `\5c` stand for an asterisk and a backslash.
import { parseDn } from "../dn/index.ts";
import type { EntryView } from "../entry/index.ts";
import type { AttributeType, MatchingRule, Schema } from "../schema/index.ts";
import type { MaySearch } from "./item-matcher.ts";
import type { Matcher, Truth } from "./matcher.ts";
import { isApplicable } from "./matching-rules.ts";
import { isCovered, isSubtypeOf, type NamedAttribute } from "./named-attribute.ts";
import { type RecordTest, UNTOLD } from "./record-test.ts";
import type { Pieces, ValuesTest } from "./value-test.ts";
import { EqualityTest, normalizePieces, OrderingTest, SubstringTest } from "./value-test.ts";

/** A rule with its assertion: the test, and the types that it may be applied to. */
export interface RuleTest {
  readonly test: ValuesTest;
  suits(type: AttributeType): boolean;
}

/** The test of a rule of the schema; undefined if the asserted value does not fit the rule. */
export function makeRuleTest(rule: MatchingRule, value: Buffer): RuleTest | undefined {
  const test = makeValueTest(rule, value);
  return test === undefined ? undefined : { test, suits: (type) => isApplicable(rule, type) };
}

function makeValueTest(rule: MatchingRule, value: Buffer): ValuesTest | undefined {
  const { matches } = rule;
  if (matches !== undefined) {
    // Undefined for every value means that the assertion does not fit; any value will do to find out.
    if (matches(value, value) === undefined) return undefined;
    return { matchesAny: (values) => values.some((stored) => matches(stored, value) === true) };
  }
  if (rule.kind === "substring") {
    const pieces = parseSubstringAssertion(value);
    const normal = pieces && normalizePieces(rule, pieces);
    return normal && new SubstringTest(rule, normal);
  }
  const normal = rule.normalize(value);
  if (normal === undefined) return undefined;
  return rule.kind === "ordering"
    ? new OrderingTest(rule, normal, "below")
    : new EqualityTest(rule, value, normal);
}

function parseSubstringAssertion(value: Buffer): Pieces | undefined {
  const unescape = (text: string): Buffer =>
    Buffer.from(
      text.replaceAll(/\\(2[Aa]|5[Cc])/g, (_, hex: string) => (hex[0] === "2" ? "*" : "\\")),
      "latin1",
    );
  const pieces = value.toString("latin1").split("*").map(unescape);
  const [initial, final] = [pieces[0], pieces.at(-1)];
  if (pieces.length < 2 || initial === undefined || final === undefined) return undefined;
  const any = pieces.slice(1, -1);
  if (any.some((piece) => piece.length === 0)) return undefined;
  if (any.length === 0 && initial.length === 0 && final.length === 0) return undefined;
  return {
    initial: initial.length > 0 ? initial : undefined,
    any,
    final: final.length > 0 ? final : undefined,
  };
}

export interface ExtensibleOptions {
  /** undefined: every attribute that the rule suits. */
  readonly named: NamedAttribute | undefined;
  readonly dnAttributes: boolean;
  readonly schema: Schema;
  readonly maySearch: MaySearch | undefined;
}

export class ExtensibleMatcher implements Matcher {
  readonly #rule: RuleTest;
  readonly #options: ExtensibleOptions;

  constructor(rule: RuleTest, options: ExtensibleOptions) {
    this.#rule = rule;
    this.#options = options;
  }

  matches(entry: EntryView): Truth {
    const { named, maySearch } = this.#options;
    if (named !== undefined && maySearch !== undefined && !maySearch(entry, named.type)) {
      return undefined;
    }
    let truth: Truth = false;
    for (const { description, values } of entry.attributes()) {
      if (named !== undefined && !isCovered(description, named)) continue;
      if (!this.#rule.suits(description.type)) continue;
      if (maySearch !== undefined && !maySearch(entry, description.type)) truth = undefined;
      else if (this.#rule.test.matchesAny(values)) return true;
    }
    if (!this.#options.dnAttributes) return truth;
    const ofDn = this.#matchesDn(entry);
    return ofDn === false ? truth : ofDn;
  }

  onRecords(): RecordTest {
    return UNTOLD;
  }

  #matchesDn(entry: EntryView): Truth {
    const { named, schema, maySearch } = this.#options;
    if (named !== undefined && named.options.length > 0) return false;
    let truth: Truth = false;
    for (const rdn of parseDn(entry.dn)) {
      for (const ava of rdn) {
        const type = schema.attributeType(ava.type);
        if (named !== undefined && !isSubtypeOf(type, named.type)) continue;
        if (!this.#rule.suits(type)) continue;
        if (maySearch !== undefined && !maySearch(entry, type)) truth = undefined;
        else if (this.#rule.test.matchesAny([ava.value])) return true;
      }
    }
    return truth;
  }
}
