// Bind rules: whom an access rule is about.
//
//   rule    factor { ("and" / "or") factor }       "and" binds stronger than "or" (seen on 389 2.3.1)
//   factor  "not" factor / "(" rule ")" / term
//   term    keyword comparison value                the value in quotes, or one word
//
// A value that can never be met (an address that is none, a day that does not exist) is refused; 389 stores it and lets
// it fail at every evaluation.
import type { AttributeType } from "../schema/index.ts";
import type {
  AuthMethodTest,
  BindRule,
  Comparison,
  GroupSubject,
  Subject,
  UserAttribute,
} from "./aci.ts";
import type { AciReader, Piece } from "./aci-reader.ts";
import { AciSyntaxError, splitPiece, subPiece } from "./aci-reader.ts";
import { isExact } from "./dn-pattern.ts";
import { parseEntrySelector } from "./entry-selector.ts";
import { parseIpRange } from "./ip-range.ts";
import { BIND_RULE_DEPTH_MAX, PARENT_LEVEL_MAX } from "./limits.ts";
import type { ParseContext } from "./parse-target.ts";
import { parseDnUrl, refuseMacros, stripUrlPrefix } from "./parse-target.ts";

/** Longer ones first, so that `<=` is not read as `<`. */
const COMPARISONS: readonly Comparison[] = ["!=", "<=", ">=", "<", ">", "="];

/** Reads a rule up to what cannot belong to it: a semicolon or the closing parenthesis of the whole. */
export function parseBindRule(reader: AciReader, context: ParseContext): BindRule {
  return new BindRuleParser(reader, context).parseRule(0);
}

class BindRuleParser {
  readonly #reader: AciReader;
  readonly #context: ParseContext;

  constructor(reader: AciReader, context: ParseContext) {
    this.#reader = reader;
    this.#context = context;
  }

  parseRule(depth: number): BindRule {
    const parts = [this.#parseConjunction(depth)];
    while (this.#takeWord("or")) parts.push(this.#parseConjunction(depth));
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { type: "or", parts };
  }

  #parseConjunction(depth: number): BindRule {
    const parts = [this.#parseFactor(depth)];
    while (this.#takeWord("and")) parts.push(this.#parseFactor(depth));
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { type: "and", parts };
  }

  #parseFactor(depth: number): BindRule {
    if (depth >= BIND_RULE_DEPTH_MAX) throw this.#reader.expected("a bind rule less deep");
    if (this.#takeWord("not")) return { type: "not", part: this.#parseFactor(depth + 1) };
    if (!this.#reader.take("(")) return this.#parseTerm();
    const rule = this.parseRule(depth + 1);
    this.#reader.expect(")", '"and", "or" or ")"');
    return rule;
  }

  #takeWord(word: string): boolean {
    if (this.#reader.peekWord() !== word) return false;
    this.#reader.readWord();
    return true;
  }

  #parseTerm(): BindRule {
    const keyword = this.#reader.readWord();
    const parse = TERMS.get(keyword.text.toLowerCase());
    if (parse === undefined) {
      throw new AciSyntaxError(`expected a bind rule (${KEYWORDS})`, keyword.offset);
    }
    this.#reader.skipBlanks();
    const comparisonOffset = this.#reader.offset;
    const comparison = COMPARISONS.find((text) => this.#reader.take(text));
    if (comparison === undefined) throw this.#reader.expected("= or !=");
    const value = this.#reader.isNext('"')
      ? this.#reader.readQuoted()
      : this.#reader.readUnquoted(" ;");
    refuseMacros(value);
    return parse({ value, comparison, comparisonOffset, context: this.#context });
  }
}

interface Term {
  readonly value: Piece;
  readonly comparison: Comparison;
  readonly comparisonOffset: number;
  readonly context: ParseContext;
}

/** For keywords that know only `=` and `!=`. */
function isNegated(term: Term): boolean {
  if (term.comparison === "=" || term.comparison === "!=") return term.comparison === "!=";
  throw new AciSyntaxError("expected = or !=", term.comparisonOffset);
}

const TERMS: ReadonlyMap<string, (term: Term) => BindRule> = new Map([
  ["userdn", parseUserDn],
  ["groupdn", parseGroupDn],
  ["roledn", parseRoleDn],
  ["userattr", parseUserAttr],
  ["userdnattr", parseUserDnAttr],
  ["groupdnattr", parseGroupDnAttr],
  ["ip", parseIp],
  ["dns", parseDns],
  ["timeofday", parseTimeOfDay],
  ["dayofweek", parseDayOfWeek],
  ["authmethod", parseAuthMethod],
  ["ssf", parseSsf],
]);
const KEYWORDS = [...TERMS.keys()].join(", ");

function parseUserDn(term: Term): BindRule {
  const subjects = splitPiece(term.value, "||").map((piece) => parseSubject(piece, term.context));
  return { type: "userDn", negated: isNegated(term), subjects };
}

function parseSubject(piece: Piece, context: ParseContext): Subject {
  const name = stripUrlPrefix(piece).text.toLowerCase();
  switch (name) {
    case "anyone":
    case "all":
    case "self":
    case "parent":
      return { type: name };
  }
  const group = parseGroupSubject(piece, context);
  if (group.type === "selector") return group;
  const pattern = parseDnUrl(piece, context.schema);
  return isExact(pattern) ? group : { type: "pattern", pattern };
}

/** A DN, or a URL with scope and filter. */
function parseGroupSubject(piece: Piece, { schema }: ParseContext): GroupSubject {
  if (!piece.text.includes("?")) {
    const pattern = parseDnUrl(piece, schema);
    return { type: "dn", normalDn: pattern.pieces.join("*") };
  }
  const selector = parseEntrySelector(piece.text, schema);
  if (typeof selector === "string") throw new AciSyntaxError(`expected ${selector}`, piece.offset);
  return { type: "selector", selector };
}

function parseGroupDn(term: Term): BindRule {
  const groups = splitPiece(term.value, "||").map((piece) =>
    parseGroupSubject(piece, term.context),
  );
  return { type: "groupDn", negated: isNegated(term), groups };
}

function parseRoleDn(term: Term): BindRule {
  for (const piece of splitPiece(term.value, "||")) parseDnUrl(piece, term.context.schema);
  return { type: "roleDn", negated: isNegated(term) };
}

const USER_ATTRIBUTE_TYPES: ReadonlyMap<string, Exclude<UserAttribute["type"], "value">> = new Map([
  ["USERDN", "userDn"],
  ["GROUPDN", "groupDn"],
  ["ROLEDN", "roleDn"],
  ["SELFDN", "selfDn"],
  ["LDAPURL", "ldapUrl"],
]);

function parseAttribute(piece: Piece, context: ParseContext): AttributeType {
  const type = context.schema.attributeType(piece.text);
  if (type.defined || context.unknownAttributes === "accept") return type;
  throw new AciSyntaxError("expected an attribute type of the schema", piece.offset);
}

const PARENT = /^parent\s*\[([^\]]*)\]\s*\./i;

/** Cuts `parent[0,1].` off; without it the level is 0. */
function readLevels(piece: Piece): { readonly levels: readonly number[]; readonly rest: Piece } {
  const found = PARENT.exec(piece.text);
  if (found === null) return { levels: [0], rest: piece };
  const levels = (found[1] ?? "").split(",").map((text) => text.trim());
  if (!levels.every((text) => /^[0-9]$/.test(text) && Number(text) <= PARENT_LEVEL_MAX)) {
    throw new AciSyntaxError(`expected levels from 0 to ${PARENT_LEVEL_MAX}`, piece.offset);
  }
  return { levels: levels.map(Number), rest: subPiece(piece, found[0].length) };
}

function parseUserAttr(term: Term): BindRule {
  const negated = isNegated(term);
  const { levels, rest } = readLevels(subPiece(term.value, 0));
  const hash = rest.text.indexOf("#");
  if (hash < 0) {
    const end = rest.offset + rest.text.length;
    throw new AciSyntaxError('expected "#" and USERDN, GROUPDN, LDAPURL or a value', end);
  }
  const attribute = parseAttribute(subPiece(rest, 0, hash), term.context);
  const text = rest.text.slice(hash + 1);
  const type = USER_ATTRIBUTE_TYPES.get(text.toUpperCase());
  return {
    type: "userAttribute",
    negated,
    attribute:
      type === undefined
        ? { type: "value", attribute, value: Buffer.from(text, "utf8") }
        : { type, attribute, levels },
  };
}

function parseUserDnAttr(term: Term): BindRule {
  return parseOldAttribute(term, "userDn");
}

function parseGroupDnAttr(term: Term): BindRule {
  return parseOldAttribute(term, "groupDn");
}

/** The forms before userattr: an attribute (or several) of the target entry. */
function parseOldAttribute(term: Term, type: "userDn" | "groupDn"): BindRule {
  const negated = isNegated(term);
  const { levels, rest } = readLevels(subPiece(term.value, 0));
  const parts = splitPiece(rest, ",").map((piece): BindRule => {
    const attribute = parseAttribute(piece, term.context);
    return { type: "userAttribute", negated: false, attribute: { type, attribute, levels } };
  });
  const rule: BindRule =
    parts.length === 1 && parts[0] !== undefined ? parts[0] : { type: "or", parts };
  return negated ? { type: "not", part: rule } : rule;
}

/** Parts between commas or blanks. */
function splitWords(piece: Piece): Piece[] {
  return Array.from(piece.text.matchAll(/[^,\s]+/g), (found) => ({
    text: found[0],
    offset: piece.offset + found.index,
  }));
}

function parseIp(term: Term): BindRule {
  const ranges = splitWords(term.value).map((piece) => {
    const range = parseIpRange(piece.text);
    if (range !== undefined) return range;
    throw new AciSyntaxError("expected an IP address, prefix or mask", piece.offset);
  });
  return { type: "ip", negated: isNegated(term), ranges };
}

function parseDns(term: Term): BindRule {
  const names = splitWords(term.value).map((piece) => piece.text.toLowerCase());
  return { type: "dns", negated: isNegated(term), names };
}

function parseTimeOfDay(term: Term): BindRule {
  const found = /^([0-9]{2})([0-9]{2})$/.exec(term.value.text.trim());
  const [hour, minute] = [Number(found?.[1]), Number(found?.[2])];
  // 2400 is the end of the day in rules like timeofday < "2400".
  const isTime = found !== null && minute < 60 && (hour < 24 || (hour === 24 && minute === 0));
  if (!isTime) throw new AciSyntaxError("expected a time as HHMM", term.value.offset);
  return { type: "timeOfDay", comparison: term.comparison, minute: 60 * hour + minute };
}

const DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

function parseDayOfWeek(term: Term): BindRule {
  const days = splitWords(term.value).map((piece) => {
    const day = DAYS.indexOf(piece.text.slice(0, 3).toLowerCase());
    if (day >= 0) return day;
    throw new AciSyntaxError(`expected a day (${DAYS.join(", ")})`, piece.offset);
  });
  return { type: "dayOfWeek", negated: isNegated(term), days };
}

function parseAuthMethod(term: Term): BindRule {
  const [name = "", mechanism] = term.value.text.trim().toLowerCase().split(/\s+/);
  const negated = isNegated(term);
  return { type: "authMethod", negated, method: parseMethod(name, mechanism, term.value) };
}

function parseMethod(name: string, mechanism: string | undefined, piece: Piece): AuthMethodTest {
  switch (name) {
    case "none":
    case "simple":
    case "ssl":
    case "ldapi":
      return { type: name };
    case "sasl":
      return { type: "sasl", mechanism };
  }
  throw new AciSyntaxError("expected none, simple, ssl, ldapi or sasl", piece.offset);
}

function parseSsf(term: Term): BindRule {
  const text = term.value.text.trim();
  if (!/^[0-9]{1,5}$/.test(text)) {
    throw new AciSyntaxError("expected a number of bits", term.value.offset);
  }
  return { type: "ssf", comparison: term.comparison, bits: Number(text) };
}
