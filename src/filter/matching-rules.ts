// Which matching rule a filter item uses. First the rules that the attribute type names; where it names none, the rules
// that 389 derives from the syntax: hundreds of types of its schema (all of cn=config) name no rule and are searched all
// the same. Syntaxes of octets have no such fallback: certificates and pictures without an EQUALITY rule stay Undefined,
// as RFC 4511 §4.5.1.7 says. Indexes ask here too, so that an index and a scan agree.
import type { AttributeType, MatchingRule, Schema } from "../schema/index.ts";

interface RuleNames {
  readonly equality: string;
  readonly ordering?: string;
  readonly substring?: string;
}

const CASE_IGNORE: RuleNames = {
  equality: "caseIgnoreMatch",
  ordering: "caseIgnoreOrderingMatch",
  substring: "caseIgnoreSubstringsMatch",
};
const CASE_EXACT: RuleNames = {
  equality: "caseExactMatch",
  ordering: "caseExactOrderingMatch",
  substring: "caseExactSubstringsMatch",
};
const INTEGER: RuleNames = { equality: "integerMatch", ordering: "integerOrderingMatch" };
const TIME: RuleNames = {
  equality: "generalizedTimeMatch",
  ordering: "generalizedTimeOrderingMatch",
};
const NUMERIC: RuleNames = {
  equality: "numericStringMatch",
  ordering: "numericStringOrderingMatch",
  substring: "numericStringSubstringsMatch",
};
const TELEPHONE: RuleNames = {
  equality: "telephoneNumberMatch",
  substring: "telephoneNumberSubstringsMatch",
};

const SYNTAX_PREFIX = "1.3.6.1.4.1.1466.115.121.1.";

/** Rules by the last number of the syntax. */
const BY_SYNTAX: ReadonlyMap<string, RuleNames> = new Map([
  ["7", { equality: "booleanMatch" }],
  ["11", CASE_IGNORE],
  ["12", { equality: "distinguishedNameMatch" }],
  ["15", CASE_IGNORE],
  ["24", TIME],
  // 389: plugins/syntaxes/ces.c, where IA5 strings without a rule are compared exactly.
  ["26", CASE_EXACT],
  ["27", INTEGER],
  ["34", { equality: "uniqueMemberMatch" }],
  ["36", NUMERIC],
  ["38", { equality: "objectIdentifierMatch" }],
  ["41", { equality: "caseIgnoreListMatch", substring: "caseIgnoreListSubstringsMatch" }],
  ["44", CASE_EXACT],
  ["50", TELEPHONE],
]);

/** The ordering that belongs to an equality rule, for types that name only the latter (cn, sn, uid: 389 orders them). */
const ORDERING_BY_EQUALITY: ReadonlyMap<string, string> = new Map([
  ["caseIgnoreMatch", "caseIgnoreOrderingMatch"],
  ["caseIgnoreIA5Match", "caseIgnoreOrderingMatch"],
  ["caseExactMatch", "caseExactOrderingMatch"],
  ["caseExactIA5Match", "caseExactOrderingMatch"],
  ["integerMatch", "integerOrderingMatch"],
  ["numericStringMatch", "numericStringOrderingMatch"],
  ["generalizedTimeMatch", "generalizedTimeOrderingMatch"],
]);

function bySyntax(type: AttributeType): RuleNames | undefined {
  const oid = type.syntax.oid;
  return oid.startsWith(SYNTAX_PREFIX) ? BY_SYNTAX.get(oid.slice(SYNTAX_PREFIX.length)) : undefined;
}

function findRule(schema: Schema, name: string | undefined): MatchingRule | undefined {
  return name === undefined ? undefined : schema.findMatchingRule(name);
}

/** The rule of `(type=value)`; undefined: such an item is Undefined. */
export function findEqualityRule(type: AttributeType, schema: Schema): MatchingRule | undefined {
  return type.equality ?? findRule(schema, bySyntax(type)?.equality);
}

/** The rule of `(type>=value)` and `(type<=value)`; undefined: such an item is Undefined. */
export function findOrderingRule(type: AttributeType, schema: Schema): MatchingRule | undefined {
  if (type.ordering !== undefined) return type.ordering;
  if (type.equality === undefined) return findRule(schema, bySyntax(type)?.ordering);
  return findRule(schema, ORDERING_BY_EQUALITY.get(type.equality.name));
}

/** The rule of `(type=a*b)`; undefined: such an item is Undefined. A type with an EQUALITY rule says itself whether it has
 *  substrings. */
export function findSubstringRule(type: AttributeType, schema: Schema): MatchingRule | undefined {
  if (type.substring !== undefined || type.equality !== undefined) return type.substring;
  return findRule(schema, bySyntax(type)?.substring);
}

/** Syntaxes of characters: the rules of Directory String may be used with all of them (RFC 4517 §4.2). */
const STRING_SYNTAXES: ReadonlySet<string> = new Set(
  ["11", "15", "26", "36", "44", "50"].map((tail) => SYNTAX_PREFIX + tail),
);
const DIRECTORY_STRING = `${SYNTAX_PREFIX}15`;
const IA5_STRING = `${SYNTAX_PREFIX}26`;
const SUBSTRING_ASSERTION = `${SYNTAX_PREFIX}58`;

/** May the rule of an extensible match be applied to values of the type? */
export function isApplicable(rule: MatchingRule, type: AttributeType): boolean {
  if (rule.oid === type.equality?.oid || rule.oid === type.ordering?.oid) return true;
  if (rule.oid === type.substring?.oid || rule.syntax === type.syntax.oid) return true;
  const isStringRule =
    rule.syntax === DIRECTORY_STRING ||
    rule.syntax === IA5_STRING ||
    rule.syntax === SUBSTRING_ASSERTION;
  return isStringRule && STRING_SYNTAXES.has(type.syntax.oid);
}
