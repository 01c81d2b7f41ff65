// The matching rules: RFC 4517 §4.2, RFC 4530, RFC 4523 (as far as bytes decide), 389's own, and the bitwise rules.
// A rule is a normal form (types.ts); what a form needs of the schema comes through `RuleContext`.
import { BITWISE_DIGITS_MAX, CANONICAL_FORMS_MAX } from "./limits.ts";
import { isInteger, normalInteger } from "./normal-integer.ts";
import { normalTime } from "./normal-time.ts";
import { postalLines } from "./postal-address.ts";
import { type TextPreparer, textPreparer } from "./prepare-text.ts";
import { SYNTAX } from "./syntax-oids.ts";
import { isAuthPassword, isBitString, isUuid, splitOptionalUid } from "./syntax-checks.ts";
import type {
  EqualsAt,
  KeepsText,
  MatchingRule,
  MatchingRuleKind,
  RulePrefix,
  SubstringPosition,
} from "./types.ts";

/** What rules need of the schema that they belong to. */
export interface RuleContext {
  /** The normal form of a DN value; undefined when it is no DN. */
  normalizeDnValue(value: Buffer): Buffer | undefined;
  /** The identity of the schema element with this name or OID: the key of an object class or attribute type; a numeric OID
   *  that the schema does not know stands for itself, an unknown name gives undefined. */
  findCanonicalOid(text: string): string | undefined;
}

/** 389 has the comparison of its space-insensitive strings in the syntax, without a rule: this one is not published. */
export const SPACE_INSENSITIVE_RULE: string = SYNTAX.spaceInsensitiveString;

type Normalize = (value: Buffer) => Buffer | undefined;
type NormalizePart = (part: Buffer, position: SubstringPosition) => Buffer | undefined;

interface RuleShape {
  readonly oid: string;
  readonly name: string;
  readonly syntax: string;
  readonly kind: MatchingRuleKind;
  readonly normalize: Normalize;
  readonly normalizePart?: NormalizePart;
  readonly equalsAt?: EqualsAt;
  readonly keepsText?: KeepsText;
  readonly prefix?: RulePrefix;
  readonly matches?: (value: Buffer, assertion: Buffer) => boolean | undefined;
}

const none = (): undefined => undefined;
const itself: Normalize = (value) => value;
const makeRule = (shape: RuleShape): MatchingRule => ({ normalizePart: none, ...shape });

const CASE_IGNORE = textPreparer({ fold: true, removal: "none" });
const CASE_EXACT = textPreparer({ fold: false, removal: "none" });
const NUMERIC = textPreparer({ fold: false, removal: "spaces" });
const SPACELESS = textPreparer({ fold: true, removal: "spaces" });
const TELEPHONE = textPreparer({ fold: true, removal: "spacesAndHyphens" });
/** Between the lines of a list; never part of a prepared line. */
const LINE_END = Buffer.of(0);

function upperAscii(value: Buffer): Buffer | undefined {
  const text = value.toString("latin1").toUpperCase();
  return text === "TRUE" || text === "FALSE" ? Buffer.from(text, "latin1") : undefined;
}

function normalList(
  value: Buffer,
  prepare: (line: Buffer) => Buffer | undefined,
): Buffer | undefined {
  const parts: Buffer[] = [];
  for (const line of postalLines(value)) {
    const form = prepare(line);
    if (form === undefined) return undefined;
    if (parts.length > 0) parts.push(LINE_END);
    parts.push(form);
  }
  return Buffer.concat(parts);
}

const normalUuid: Normalize = (value) =>
  isUuid(value) ? Buffer.from(value.toString("latin1").toLowerCase(), "latin1") : undefined;

/** Scheme, information and value (RFC 3112 §4.1) without the blanks around them. */
function normalAuthPassword(value: Buffer): Buffer | undefined {
  if (!isAuthPassword(value)) return undefined;
  const parts = value.toString("latin1").split("$");
  return Buffer.from(parts.map((part) => part.trim()).join("$"), "latin1");
}

const normalBits: Normalize = (value) => (isBitString(value) ? value : undefined);

/** The first component of `( first …`: a value of a schema attribute; an assertion is that component alone. */
function firstComponent(value: Buffer): string {
  const text = value.toString("utf8").trim();
  if (!text.startsWith("(")) return text;
  return /^\(\s*'?([^\s')]*)/.exec(text)?.[1] ?? "";
}

function normalOptionalUid(context: RuleContext): Normalize {
  return (value) => {
    const { dn, uid } = splitOptionalUid(value);
    const form = context.normalizeDnValue(dn);
    if (form === undefined || uid === undefined) return form;
    return Buffer.concat([form, Buffer.from("#"), uid]);
  };
}

/** Operands of the bitwise rules; two's complement of unbounded width. */
function bitwise(test: (value: bigint, mask: bigint) => boolean): RuleShape["matches"] {
  return (value, assertion) => {
    if (!isInteger(assertion) || assertion.length > BITWISE_DIGITS_MAX) return undefined;
    if (!isInteger(value) || value.length > BITWISE_DIGITS_MAX) return false;
    return test(BigInt(value.toString("latin1")), BigInt(assertion.toString("latin1")));
  };
}

function hasWord(value: Buffer, assertion: Buffer): boolean | undefined {
  const wanted = CASE_IGNORE.prepareValue(assertion)?.toString("utf8");
  const form = CASE_IGNORE.prepareValue(value)?.toString("utf8");
  if (wanted === undefined) return undefined;
  return form !== undefined && form.split(/[^\p{L}\p{N}\p{M}]+/u).includes(wanted);
}

function textRules(): RuleShape[] {
  const equality = (
    oid: string,
    name: string,
    syntax: string,
    preparer: TextPreparer,
  ): RuleShape => ({
    oid,
    name,
    syntax,
    kind: "equality",
    normalize: preparer.prepareValue,
    equalsAt: preparer.equalsAt,
    keepsText: preparer.keepsText,
  });
  const ordering = (
    oid: string,
    name: string,
    syntax: string,
    preparer: TextPreparer,
  ): RuleShape => ({
    ...equality(oid, name, syntax, preparer),
    kind: "ordering",
  });
  const substring = (oid: string, name: string, preparer: TextPreparer): RuleShape => ({
    oid,
    name,
    syntax: SYNTAX.substringAssertion,
    kind: "substring",
    normalize: preparer.prepareTarget,
    normalizePart: preparer.preparePart,
    prefix: { normalize: preparer.prepareValue, of: preparer.valuePrefix },
  });
  const { directoryString, ia5String, numericString, telephoneNumber, presentationAddress } =
    SYNTAX;
  return [
    equality("2.5.13.2", "caseIgnoreMatch", directoryString, CASE_IGNORE),
    ordering("2.5.13.3", "caseIgnoreOrderingMatch", directoryString, CASE_IGNORE),
    substring("2.5.13.4", "caseIgnoreSubstringsMatch", CASE_IGNORE),
    equality("2.5.13.5", "caseExactMatch", directoryString, CASE_EXACT),
    ordering("2.5.13.6", "caseExactOrderingMatch", directoryString, CASE_EXACT),
    substring("2.5.13.7", "caseExactSubstringsMatch", CASE_EXACT),
    equality("2.5.13.8", "numericStringMatch", numericString, NUMERIC),
    ordering("2.5.13.9", "numericStringOrderingMatch", numericString, NUMERIC),
    substring("2.5.13.10", "numericStringSubstringsMatch", NUMERIC),
    equality("2.5.13.20", "telephoneNumberMatch", telephoneNumber, TELEPHONE),
    substring("2.5.13.21", "telephoneNumberSubstringsMatch", TELEPHONE),
    equality("2.5.13.22", "presentationAddressMatch", presentationAddress, CASE_IGNORE),
    equality("1.3.6.1.4.1.1466.109.114.1", "caseExactIA5Match", ia5String, CASE_EXACT),
    equality("1.3.6.1.4.1.1466.109.114.2", "caseIgnoreIA5Match", ia5String, CASE_IGNORE),
    substring("1.3.6.1.4.1.1466.109.114.3", "caseIgnoreIA5SubstringsMatch", CASE_IGNORE),
    substring("2.16.840.1.113730.3.3.1", "caseExactIA5SubstringsMatch", CASE_EXACT),
    equality(SPACE_INSENSITIVE_RULE, "spaceInsensitiveMatch", SYNTAX.directoryString, SPACELESS),
  ];
}

function listRules(): RuleShape[] {
  return [
    {
      oid: "2.5.13.11",
      name: "caseIgnoreListMatch",
      syntax: SYNTAX.postalAddress,
      kind: "equality",
      normalize: (value) => normalList(value, CASE_IGNORE.prepareValue),
    },
    {
      oid: "2.5.13.12",
      name: "caseIgnoreListSubstringsMatch",
      syntax: SYNTAX.substringAssertion,
      kind: "substring",
      normalize: (value) => normalList(value, CASE_IGNORE.prepareTarget),
      normalizePart: CASE_IGNORE.preparePart,
    },
  ];
}

function plainRules(): RuleShape[] {
  const rule = (
    oid: string,
    name: string,
    syntax: string,
    kind: MatchingRuleKind,
    normalize: Normalize,
  ): RuleShape => ({ oid, name, syntax, kind, normalize });
  return [
    rule("2.5.13.13", "booleanMatch", SYNTAX.boolean, "equality", upperAscii),
    rule("2.5.13.14", "integerMatch", SYNTAX.integer, "equality", normalInteger),
    rule("2.5.13.15", "integerOrderingMatch", SYNTAX.integer, "ordering", normalInteger),
    rule("2.5.13.16", "bitStringMatch", SYNTAX.bitString, "equality", normalBits),
    rule("2.5.13.17", "octetStringMatch", SYNTAX.octetString, "equality", itself),
    rule("2.5.13.18", "octetStringOrderingMatch", SYNTAX.octetString, "ordering", itself),
    {
      ...rule("2.5.13.19", "octetStringSubstringsMatch", SYNTAX.octetString, "substring", itself),
      normalizePart: itself,
      prefix: { normalize: itself, of: (initial) => initial },
    },
    rule("2.5.13.27", "generalizedTimeMatch", SYNTAX.generalizedTime, "equality", normalTime),
    rule(
      "2.5.13.28",
      "generalizedTimeOrderingMatch",
      SYNTAX.generalizedTime,
      "ordering",
      normalTime,
    ),
    rule("1.3.6.1.1.16.2", "UUIDMatch", SYNTAX.uuid, "equality", normalUuid),
    rule("1.3.6.1.1.16.3", "UUIDOrderingMatch", SYNTAX.uuid, "ordering", normalUuid),
    rule(
      "1.3.6.1.4.1.4203.1.2.2",
      "authPasswordExactMatch",
      SYNTAX.authPassword,
      "equality",
      normalAuthPassword,
    ),
    // RFC 4523 gives these an assertion syntax of their own; a whole certificate or list as assertion is what is served.
    rule("2.5.13.34", "certificateExactMatch", SYNTAX.certificate, "equality", itself),
    rule("2.5.13.36", "certificatePairExactMatch", SYNTAX.certificatePair, "equality", itself),
    rule("2.5.13.38", "certificateListExactMatch", SYNTAX.certificateList, "equality", itself),
    rule("2.5.13.40", "algorithmIdentifierMatch", SYNTAX.supportedAlgorithm, "equality", itself),
  ];
}

function assertionRules(): RuleShape[] {
  const rule = (
    oid: string,
    name: string,
    syntax: string,
    matches: RuleShape["matches"],
  ): RuleShape => ({
    oid,
    name,
    syntax,
    kind: "equality",
    normalize: none,
    ...(matches === undefined ? {} : { matches }),
  });
  return [
    rule("2.5.13.32", "wordMatch", SYNTAX.directoryString, hasWord),
    rule("2.5.13.33", "keywordMatch", SYNTAX.directoryString, hasWord),
    rule(
      "1.2.840.113556.1.4.803",
      "integerBitAndMatch",
      SYNTAX.integer,
      bitwise((value, mask) => (value & mask) === mask),
    ),
    rule(
      "1.2.840.113556.1.4.804",
      "integerBitOrMatch",
      SYNTAX.integer,
      bitwise((value, mask) => (value & mask) !== 0n),
    ),
  ];
}

function schemaRules(context: RuleContext): RuleShape[] {
  // Object classes are what is normalized most often, and they are few.
  const forms = new Map<string, Buffer>();
  const canonical = (text: string): Buffer | undefined => {
    const known = forms.get(text);
    if (known !== undefined) return known;
    const key = context.findCanonicalOid(text);
    if (key === undefined) return undefined;
    const form = Buffer.from(key, "utf8");
    if (forms.size < CANONICAL_FORMS_MAX) forms.set(text, form);
    return form;
  };
  return [
    {
      oid: "2.5.13.0",
      name: "objectIdentifierMatch",
      syntax: SYNTAX.oid,
      kind: "equality",
      normalize: (value) => canonical(value.toString("utf8").trim()),
    },
    {
      oid: "2.5.13.1",
      name: "distinguishedNameMatch",
      syntax: SYNTAX.dn,
      kind: "equality",
      normalize: (value) => context.normalizeDnValue(value),
    },
    {
      oid: "2.5.13.23",
      name: "uniqueMemberMatch",
      syntax: SYNTAX.nameAndOptionalUid,
      kind: "equality",
      normalize: normalOptionalUid(context),
    },
    {
      oid: "2.5.13.29",
      name: "integerFirstComponentMatch",
      syntax: SYNTAX.integer,
      kind: "equality",
      normalize: (value) => normalInteger(Buffer.from(firstComponent(value), "utf8")),
    },
    {
      oid: "2.5.13.30",
      name: "objectIdentifierFirstComponentMatch",
      syntax: SYNTAX.oid,
      kind: "equality",
      normalize: (value) => canonical(firstComponent(value)),
    },
    {
      oid: "2.5.13.31",
      name: "directoryStringFirstComponentMatch",
      syntax: SYNTAX.directoryString,
      kind: "equality",
      normalize: (value) => CASE_IGNORE.prepareValue(Buffer.from(firstComponent(value), "utf8")),
    },
  ];
}

/** What belongs to an equality rule in types whose definition names no ordering or substring rule. */
export const IMPLIED_RULES: ReadonlyMap<string, { ordering?: string; substring?: string }> =
  new Map([
    [
      "caseIgnoreMatch",
      { ordering: "caseIgnoreOrderingMatch", substring: "caseIgnoreSubstringsMatch" },
    ],
    [
      "caseExactMatch",
      { ordering: "caseExactOrderingMatch", substring: "caseExactSubstringsMatch" },
    ],
    [
      "caseIgnoreIA5Match",
      { ordering: "caseIgnoreOrderingMatch", substring: "caseIgnoreIA5SubstringsMatch" },
    ],
    [
      "caseExactIA5Match",
      { ordering: "caseExactOrderingMatch", substring: "caseExactIA5SubstringsMatch" },
    ],
    [
      "numericStringMatch",
      { ordering: "numericStringOrderingMatch", substring: "numericStringSubstringsMatch" },
    ],
    [
      "telephoneNumberMatch",
      { ordering: "caseIgnoreOrderingMatch", substring: "telephoneNumberSubstringsMatch" },
    ],
    ["caseIgnoreListMatch", { substring: "caseIgnoreListSubstringsMatch" }],
    ["spaceInsensitiveMatch", { ordering: "caseIgnoreOrderingMatch" }],
    ["integerMatch", { ordering: "integerOrderingMatch" }],
    ["generalizedTimeMatch", { ordering: "generalizedTimeOrderingMatch" }],
    ["UUIDMatch", { ordering: "UUIDOrderingMatch" }],
    ["octetStringMatch", { ordering: "octetStringOrderingMatch" }],
  ]);

/** All rules, bound to one schema. */
export function makeMatchingRules(context: RuleContext): readonly MatchingRule[] {
  return [
    ...schemaRules(context),
    ...textRules(),
    ...listRules(),
    ...plainRules(),
    ...assertionRules(),
  ].map(makeRule);
}

/** Stands for a rule that a definition names and this server does not have (389 takes such definitions too). */
export function makeUnknownRule(nameOrOid: string, kind: MatchingRuleKind): MatchingRule {
  return makeRule({
    oid: nameOrOid,
    name: nameOrOid,
    syntax: SYNTAX.octetString,
    kind,
    normalize: itself,
    normalizePart: itself,
  });
}
