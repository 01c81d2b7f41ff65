// Extensible match (RFC 4511 §4.5.1.7.7): a matching rule chosen by the filter, on one attribute or on all that the rule
// suits, and with dnAttributes also on the names that the DN of the entry is made of.
//
// An ordering rule matches values below the asserted one; a substring rule takes `initial*any*final` as its assertion
// (RFC 4517 §3.3.30), where `\2a` and `\5c` stand for an asterisk and a backslash.
import { parseDn } from "../dn/index.ts";
import type { EntryView } from "../entry/index.ts";
import type { AttributeType, MatchingRule, Schema } from "../schema/index.ts";
import type { MaySearch, NamedAttribute } from "./item-matcher.ts";
import { isCovered, isSubtypeOf } from "./item-matcher.ts";
import type { Matcher, Truth } from "./matcher.ts";
import { isApplicable } from "./matching-rules.ts";
import type { Pieces, ValueTest } from "./value-test.ts";
import {
  BitTest,
  EqualityTest,
  normalizePieces,
  OrderingTest,
  parseBits,
  SubstringTest,
} from "./value-test.ts";

const BIT_AND_NAMES: ReadonlySet<string> = new Set([
  "1.2.840.113556.1.4.803",
  "integerbitandmatch",
]);
const BIT_OR_NAMES: ReadonlySet<string> = new Set(["1.2.840.113556.1.4.804", "integerbitormatch"]);
const INTEGER_SYNTAX = "1.3.6.1.4.1.1466.115.121.1.27";

/** A rule with its assertion: the test, and the types that it may be applied to. */
export interface RuleTest {
  readonly test: ValueTest;
  suits(type: AttributeType): boolean;
}

/** The bitwise rules of Active Directory, which clients of 389 use; undefined if the name is none of them or the asserted
 *  value is no number. They are no normal forms, so the schema room does not have them. */
export function findBitTest(name: string, value: Buffer): RuleTest | undefined {
  const key = name.toLowerCase();
  const wanted = BIT_AND_NAMES.has(key) ? "all" : BIT_OR_NAMES.has(key) ? "any" : undefined;
  const bits = wanted === undefined ? undefined : parseBits(value);
  if (wanted === undefined || bits === undefined) return undefined;
  const suits = (type: AttributeType): boolean => type.syntax.oid === INTEGER_SYNTAX;
  return { test: new BitTest(bits, wanted), suits };
}

/** The test of a rule of the schema; undefined if the asserted value does not fit the rule. */
export function makeRuleTest(rule: MatchingRule, value: Buffer): RuleTest | undefined {
  const test = makeValueTest(rule, value);
  return test === undefined ? undefined : { test, suits: (type) => isApplicable(rule, type) };
}

function makeValueTest(rule: MatchingRule, value: Buffer): ValueTest | undefined {
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
