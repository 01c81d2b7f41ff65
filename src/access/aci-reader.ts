// Reading position in an access rule, and the error that points at it. Keywords are read without regard to case, blanks
// may stand between any two parts. 389 is stricter about case in some places; nothing that it accepts is refused for it.
import { LdapError } from "../protocol/index.ts";

/** Why a text is no access rule; `offset` counts UTF-16 units from the start of the whole rule. */
export class AciSyntaxError extends Error {
  override readonly name = "AciSyntaxError";
  readonly offset: number;
  /** The number that 389 shows: -5 syntax, -8 target out of scope, -11 version. */
  readonly number: -5 | -8 | -11;
  /** Text that 389 puts before its error, for the cases where it has one. */
  readonly preface: string;

  constructor(
    message: string,
    offset: number,
    details: { readonly number?: -5 | -8 | -11; readonly preface?: string } = {},
  ) {
    super(message);
    this.offset = offset;
    this.number = details.number ?? -5;
    this.preface = details.preface ?? "";
  }

  /** As the client sees it: 389's words first, then the place. */
  toLdapError(text: string): LdapError {
    const place = `${this.message} at character ${this.offset + 1}`;
    const kind = this.number === -8 ? "ACL Invalid Target Error" : "ACL Syntax Error";
    return new LdapError(
      "invalidAttributeSyntax",
      `${this.preface}${kind}(${this.number}):${text}: ${place}`,
    );
  }
}

/** A piece of the rule with its place, so that what is wrong inside it can be pointed at. */
export interface Piece {
  readonly text: string;
  readonly offset: number;
}

/** The part of a piece from `start` to `end`, without blanks around it. */
export function subPiece(piece: Piece, start: number, end = piece.text.length): Piece {
  const raw = piece.text.slice(start, end);
  const trimmed = raw.trimStart();
  return {
    text: trimmed.trimEnd(),
    offset: piece.offset + start + (raw.length - trimmed.length),
  };
}

/** The parts between separators, without blanks around them. */
export function splitPiece(piece: Piece, separator: string): Piece[] {
  const parts: Piece[] = [];
  let start = 0;
  for (;;) {
    const end = piece.text.indexOf(separator, start);
    if (end < 0) break;
    parts.push(subPiece(piece, start, end));
    start = end + separator.length;
  }
  parts.push(subPiece(piece, start));
  return parts;
}

function isBlank(character: string): boolean {
  return character === " " || character === "\t" || character === "\n" || character === "\r";
}

function isWordCharacter(character: string): boolean {
  return /^[A-Za-z0-9_.-]$/.test(character);
}

export class AciReader {
  readonly text: string;
  #at = 0;

  constructor(text: string) {
    this.text = text;
  }

  get offset(): number {
    return this.#at;
  }

  isAtEnd(): boolean {
    this.skipBlanks();
    return this.#at >= this.text.length;
  }

  skipBlanks(): void {
    while (isBlank(this.text.charAt(this.#at))) this.#at += 1;
  }

  /** Does this text come next, behind blanks? It is not read. */
  isNext(token: string): boolean {
    this.skipBlanks();
    return this.text.startsWith(token, this.#at);
  }

  /** Reads the token if it comes next. */
  take(token: string): boolean {
    if (!this.isNext(token)) return false;
    this.#at += token.length;
    return true;
  }

  expect(token: string, shown = `"${token}"`): void {
    if (!this.take(token)) throw this.expected(shown);
  }

  /** Reads letters, digits and `_ - .` behind blanks; empty if something else comes. */
  readWord(): Piece {
    this.skipBlanks();
    const offset = this.#at;
    while (isWordCharacter(this.text.charAt(this.#at))) this.#at += 1;
    return { text: this.text.slice(offset, this.#at), offset };
  }

  /** The next word in lower case, without reading it. */
  peekWord(): string {
    const start = this.#at;
    const { text } = this.readWord();
    this.#at = start;
    return text.toLowerCase();
  }

  /** Reads a text between double quotes; there is no escape for a quote. */
  readQuoted(): Piece {
    this.expect('"', "a double quote");
    const offset = this.#at;
    const end = this.text.indexOf('"', offset);
    if (end < 0) throw this.expected("a closing double quote", this.text.length);
    this.#at = end + 1;
    return { text: this.text.slice(offset, end), offset };
  }

  /** Reads up to, and not with, the parenthesis that closes the one before this place, or a character of `stops` outside
   *  of inner parentheses. */
  readUnquoted(stops: string): Piece {
    this.skipBlanks();
    const start = this.#at;
    let depth = 0;
    for (; this.#at < this.text.length; this.#at += 1) {
      const character = this.text.charAt(this.#at);
      if (depth === 0 && (character === ")" || stops.includes(character))) break;
      if (character === "(") depth += 1;
      if (character === ")") depth -= 1;
    }
    return subPiece({ text: this.text.slice(start, this.#at), offset: start }, 0);
  }

  expected(what: string, offset?: number): AciSyntaxError {
    if (offset === undefined) this.skipBlanks();
    return new AciSyntaxError(`expected ${what}`, offset ?? this.#at);
  }
}
