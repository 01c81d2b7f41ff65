// Which matching rule a filter item uses: the rules of the attribute type. Where a type names none, the schema implies those
// of its syntax, as 389 does: hundreds of types of its schema (all of cn=config) name no rule and are searched all the
// same. One implied rule is not used: the comparison of octets. Certificates and pictures without an EQUALITY rule stay
// Undefined, as RFC 4511 §4.5.1.7 says.
import type { AttributeType, MatchingRule } from "../schema/index.ts";

const OCTET_STRING_MATCH = "2.5.13.17";

function isWithoutRules(type: AttributeType): boolean {
  return type.equalityImplied && type.equality.oid === OCTET_STRING_MATCH;
}

/** The rule of `(type=value)`; undefined: such an item is Undefined. */
export function findEqualityRule(type: AttributeType): MatchingRule | undefined {
  return isWithoutRules(type) ? undefined : type.equality;
}

/** The rule of `(type>=value)` and `(type<=value)`; undefined: such an item is Undefined. */
export function findOrderingRule(type: AttributeType): MatchingRule | undefined {
  return isWithoutRules(type) && type.orderingImplied ? undefined : type.ordering;
}

/** The rule of `(type=a*b)`; undefined: such an item is Undefined. */
export function findSubstringRule(type: AttributeType): MatchingRule | undefined {
  return type.substring;
}

const SYNTAX_PREFIX = "1.3.6.1.4.1.1466.115.121.1.";

/** Syntaxes of characters: the rules of Directory String may be used with all of them (RFC 4517 §4.2). */
const STRING_SYNTAXES: ReadonlySet<string> = new Set(
  ["11", "15", "26", "36", "44", "50"].map((tail) => SYNTAX_PREFIX + tail),
);
const DIRECTORY_STRING = `${SYNTAX_PREFIX}15`;
const IA5_STRING = `${SYNTAX_PREFIX}26`;
const SUBSTRING_ASSERTION = `${SYNTAX_PREFIX}58`;

/** May the rule of an extensible match be applied to values of the type? */
export function isApplicable(rule: MatchingRule, type: AttributeType): boolean {
  if (rule.oid === type.equality.oid || rule.oid === type.ordering?.oid) return true;
  if (rule.oid === type.substring?.oid || rule.syntax === type.syntax.oid) return true;
  const isStringRule =
    rule.syntax === DIRECTORY_STRING ||
    rule.syntax === IA5_STRING ||
    rule.syntax === SUBSTRING_ASSERTION;
  return isStringRule && STRING_SYNTAXES.has(type.syntax.oid);
}
