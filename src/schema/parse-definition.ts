// Parser of attribute type and object class descriptions (RFC 4512 §4.1.1, §4.1.2). Lenient where other servers' files need it:
// keywords in any case and order, blanks left out next to parentheses and quotes, quotes around OIDs, names as OIDs.
// Error numbers are those of libldap, which 389 shows in its texts.
import { type AttributeTypeDefinition, type ObjectClassDefinition } from "./definition.ts";
import { DEFINITION_CHARACTERS_MAX } from "./limits.ts";
import type { AttributeUsage, ObjectClassKind } from "./types.ts";

/** `code` is libldap's LDAP_SCHERR number. */
export class DefinitionSyntaxError extends Error {
  override readonly name = "DefinitionSyntaxError";
  readonly code: number;
  readonly offset: number;

  constructor(code: number, reason: string, offset: number) {
    super(reason);
    this.code = code;
    this.offset = offset;
  }
}

const UNEXPECTED_TOKEN = 2;
const NO_LEFT_PARENTHESIS = 3;
const NO_RIGHT_PARENTHESIS = 4;
const NO_DIGIT = 5;
const BAD_NAME = 6;
const DUPLICATE_OPTION = 9;
const EMPTY = 10;

interface Token {
  readonly kind: "word" | "quoted" | "(" | ")" | "$" | "end";
  readonly text: string;
  readonly offset: number;
}

/** Blanks, then a sign, a quoted text (whose end may be missing) or a word. One call for a token: a start reads some fifteen thousand,
 *  with code that has not been compiled yet. */
const TOKEN = /[ \t\n\r]*(?:([()$])|'([^']*)('?)|([^ \t\n\r()$']+))/y;

class Tokens {
  readonly #text: string;
  #at = 0;
  #next: Token;

  constructor(text: string) {
    if (text.length > DEFINITION_CHARACTERS_MAX) {
      throw new DefinitionSyntaxError(UNEXPECTED_TOKEN, "Definition too long", 0);
    }
    this.#text = text;
    this.#next = this.#scan();
  }

  peek(): Token {
    return this.#next;
  }

  take(): Token {
    const token = this.#next;
    this.#next = this.#scan();
    return token;
  }

  #scan(): Token {
    TOKEN.lastIndex = this.#at;
    const found = TOKEN.exec(this.#text);
    if (found === null) return { kind: "end", text: "", offset: this.#text.length };
    this.#at = TOKEN.lastIndex;
    const [, sign, quoted, quote, word] = found;
    if (word !== undefined) return { kind: "word", text: word, offset: this.#at - word.length };
    if (sign !== undefined) {
      return { kind: sign as "(" | ")" | "$", text: sign, offset: this.#at - 1 };
    }
    const text = quoted ?? "";
    if (quote === "'") return { kind: "quoted", text, offset: this.#at - text.length - 2 };
    const offset = this.#at - text.length - 1;
    throw new DefinitionSyntaxError(UNEXPECTED_TOKEN, "Unexpected token", offset);
  }
}

/** RFC 4512 §4.1: `\27` and `\5C` stand for quote and backslash; other backslashes for themselves. */
const unescapeDescription = (text: string): string =>
  text.includes("\\")
    ? text.replace(/\\(27|5[Cc])/g, (pair) => (pair === "\\27" ? "'" : "\\"))
    : text;

const fail = (code: number, reason: string, token: Token): never => {
  throw new DefinitionSyntaxError(code, reason, token.offset);
};

/** A word or a quoted text. */
function takeText(tokens: Tokens): string {
  const token = tokens.take();
  if (token.kind !== "word" && token.kind !== "quoted")
    fail(UNEXPECTED_TOKEN, "Unexpected token", token);
  return token.text;
}

/** One text or `( text text … )`; `$` may stand between. */
function takeList(tokens: Tokens): string[] {
  if (tokens.peek().kind !== "(") return [takeText(tokens)];
  tokens.take();
  const texts: string[] = [];
  while (tokens.peek().kind !== ")") {
    if (tokens.peek().kind === "$") tokens.take();
    else texts.push(takeText(tokens));
  }
  tokens.take();
  return texts;
}

function takeNames(tokens: Tokens): string[] {
  const start = tokens.peek();
  const names = takeList(tokens);
  if (names.length === 0 || names.includes("")) fail(BAD_NAME, "Expecting a name", start);
  return names;
}

/** `oid` or `oid{length}`. */
function takeSyntax(tokens: Tokens): { syntax: string; lengthMax: number | undefined } {
  const token = tokens.take();
  const parts = /^(\d[\d.]*|[A-Za-z][\w-]*)(?:\{(\d{1,9})\})?$/.exec(token.text);
  if (parts === null || (token.kind !== "word" && token.kind !== "quoted")) {
    return fail(NO_DIGIT, "Expecting digit", token);
  }
  return { syntax: parts[1]!, lengthMax: parts[2] === undefined ? undefined : Number(parts[2]) };
}

const USAGES: ReadonlyMap<string, AttributeUsage> = new Map([
  ["userapplications", "userApplications"],
  ["directoryoperation", "directoryOperation"],
  ["distributedoperation", "distributedOperation"],
  ["dsaoperation", "dSAOperation"],
]);

function takeUsage(tokens: Tokens): AttributeUsage {
  const token = tokens.take();
  return USAGES.get(token.text.toLowerCase()) ?? fail(UNEXPECTED_TOKEN, "Unexpected token", token);
}

/** What both kinds of description share, while it is being read. */
interface Common {
  oid: string;
  names: string[];
  description: string;
  obsolete: boolean;
  extensions: Map<string, readonly string[]>;
}

/** Takes a shared keyword; false when it is none. */
function takeCommon(tokens: Tokens, keyword: string, common: Common): boolean {
  switch (keyword) {
    case "NAME":
      common.names = takeNames(tokens);
      return true;
    case "DESC":
      common.description = unescapeDescription(takeText(tokens));
      return true;
    case "OBSOLETE":
      common.obsolete = true;
      return true;
    default:
      if (!keyword.startsWith("X-")) return false;
      common.extensions.set(keyword, takeList(tokens).map(unescapeDescription));
      return true;
  }
}

/** Reads `( oid keyword … )`; `takeOwn` takes the keywords of the kind and says whether it knew one. */
function readDescription(
  text: string,
  takeOwn: (tokens: Tokens, keyword: string) => boolean,
): Common {
  const tokens = new Tokens(text);
  if (tokens.peek().kind === "end") fail(EMPTY, "Empty definition", tokens.peek());
  if (tokens.peek().kind !== "(")
    fail(NO_LEFT_PARENTHESIS, "Missing opening parenthesis", tokens.peek());
  tokens.take();
  const common: Common = {
    oid: takeText(tokens),
    names: [],
    description: "",
    obsolete: false,
    extensions: new Map(),
  };
  const seen = new Set<string>();
  for (;;) {
    const token = tokens.take();
    if (token.kind === ")") break;
    if (token.kind === "end") fail(NO_RIGHT_PARENTHESIS, "Missing closing parenthesis", token);
    if (token.kind !== "word") fail(UNEXPECTED_TOKEN, "Unexpected token", token);
    const keyword = token.text.toUpperCase();
    if (seen.has(keyword)) fail(DUPLICATE_OPTION, "Duplicate option", token);
    seen.add(keyword);
    if (!takeCommon(tokens, keyword, common) && !takeOwn(tokens, keyword)) {
      fail(UNEXPECTED_TOKEN, "Unexpected token", token);
    }
  }
  if (tokens.peek().kind !== "end") fail(UNEXPECTED_TOKEN, "Unexpected token", tokens.peek());
  return common;
}

/** @throws DefinitionSyntaxError */
export function parseAttributeType(text: string): AttributeTypeDefinition {
  let sup: string | undefined;
  let equality: string | undefined;
  let ordering: string | undefined;
  let substring: string | undefined;
  let syntax: string | undefined;
  let lengthMax: number | undefined;
  let usage: AttributeUsage | undefined;
  const flags = { singleValue: false, collective: false, noUserModification: false };
  const takeOwn = (tokens: Tokens, keyword: string): boolean => {
    if (keyword === "SUP") sup = takeText(tokens);
    else if (keyword === "EQUALITY") equality = takeText(tokens);
    else if (keyword === "ORDERING") ordering = takeText(tokens);
    else if (keyword === "SUBSTR") substring = takeText(tokens);
    else if (keyword === "SYNTAX") ({ syntax, lengthMax } = takeSyntax(tokens));
    else if (keyword === "SINGLE-VALUE") flags.singleValue = true;
    else if (keyword === "COLLECTIVE") flags.collective = true;
    else if (keyword === "NO-USER-MODIFICATION") flags.noUserModification = true;
    else if (keyword === "USAGE") usage = takeUsage(tokens);
    else return false;
    return true;
  };
  const common = readDescription(text, takeOwn);
  return { ...common, sup, equality, ordering, substring, syntax, lengthMax, ...flags, usage };
}

const KINDS: ReadonlySet<string> = new Set(["ABSTRACT", "STRUCTURAL", "AUXILIARY"]);

/** @throws DefinitionSyntaxError */
export function parseObjectClass(text: string): ObjectClassDefinition {
  let sup: string[] = [];
  let kind: ObjectClassKind = "STRUCTURAL";
  let must: string[] = [];
  let may: string[] = [];
  const takeOwn = (tokens: Tokens, keyword: string): boolean => {
    if (keyword === "SUP") sup = takeList(tokens);
    else if (keyword === "MUST") must = takeList(tokens);
    else if (keyword === "MAY") may = takeList(tokens);
    else if (KINDS.has(keyword)) kind = keyword as ObjectClassKind;
    else return false;
    return true;
  };
  const common = readDescription(text, takeOwn);
  return { ...common, sup, kind, must, may };
}
