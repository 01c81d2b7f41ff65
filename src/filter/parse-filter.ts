// The string form of search filters (RFC 4515, with the absolute filters of RFC 4526), read in one pass without
// backtracking. Beyond the grammar it takes what administrators write: blanks around the parentheses of a list, a bare
// item without parentheses, `_` in attribute names (389 defines such types).
//
//   filter     "(" ( "&" list / "|" list / "!" filter / item ) ")"
//   item       attr "=" value · attr "=*" · attr "=" [value] "*" *( value "*" ) [value]
//              attr "~=" value · attr ">=" value · attr "<=" value
//              attr [":dn"] [":" rule] ":=" value · [":dn"] ":" rule ":=" value
//   value      any character but `( ) * \` NUL, or `\` and two hex digits for one byte
import type { Filter } from "../protocol/index.ts";
import { FILTER_DEPTH_MAX, FILTER_TEXT_MAX } from "./limits.ts";

/** The text is no filter. `offset` counts UTF-16 units from its start. */
export class FilterSyntaxError extends Error {
  override readonly name = "FilterSyntaxError";
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

export interface FilterTextOptions {
  /** How deep AND, OR and NOT may nest. */
  readonly depthMax?: number;
}

const END = -1;
const BACKSLASH = 0x5c;
const OPEN = 0x28;
const CLOSE = 0x29;
const ASTERISK = 0x2a;
const COLON = 0x3a;
const EQUALS = 0x3d;

function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

/** Letters, digits and `. - _ ;`: what attribute descriptions and rule names consist of. */
function isNameCode(code: number): boolean {
  const isDigit = code >= 0x30 && code <= 0x39;
  const lower = code | 0x20;
  const isLetter = lower >= 0x61 && lower <= 0x7a;
  return isDigit || isLetter || code === 0x2e || code === 0x2d || code === 0x5f || code === 0x3b;
}

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** A descriptor or numeric OID, for attributes with options. */
const NAME = /^(?:[A-Za-z][A-Za-z0-9_-]*|[0-9]+(?:\.[0-9]+)*)$/;
const OPTION = /^[A-Za-z0-9_-]+$/;

class FilterReader {
  readonly #text: string;
  readonly #depthMax: number;
  #at = 0;

  constructor(text: string, depthMax: number) {
    this.#text = text;
    this.#depthMax = depthMax;
  }

  readWhole(): Filter {
    this.#skipBlanks();
    const filter = this.#peek() === OPEN ? this.#readFilter(0) : this.#readItem();
    this.#skipBlanks();
    if (this.#peek() !== END) throw this.#error("expected the end of the filter");
    return filter;
  }

  /** Stands on the opening parenthesis. `depth` counts the enclosing AND, OR and NOT. */
  #readFilter(depth: number): Filter {
    this.#expect(OPEN, "(");
    this.#skipBlanks();
    const operator = this.#text.charAt(this.#at);
    if (operator !== "&" && operator !== "|" && operator !== "!") {
      const item = this.#readItem();
      this.#expect(CLOSE, ")");
      return item;
    }
    if (depth >= this.#depthMax) throw this.#error("the filter nests too deep");
    this.#at += 1;
    this.#skipBlanks();
    if (operator === "!") {
      const filter = this.#readFilter(depth + 1);
      this.#skipBlanks();
      this.#expect(CLOSE, ")");
      return { type: "not", filter };
    }
    const filters: Filter[] = [];
    while (this.#peek() === OPEN) {
      filters.push(this.#readFilter(depth + 1));
      this.#skipBlanks();
    }
    this.#expect(CLOSE, ")");
    return { type: operator === "&" ? "and" : "or", filters };
  }

  #readItem(): Filter {
    const start = this.#at;
    while (isNameCode(this.#peek())) this.#at += 1;
    const attribute = this.#text.slice(start, this.#at);
    if (this.#peek() === COLON) return this.#readExtensible(attribute, start);
    this.#checkDescription(attribute, start);
    const operator = this.#text.charAt(this.#at);
    if (operator === "=") {
      this.#at += 1;
      return this.#readEqualsSign(attribute);
    }
    const type =
      operator === "~"
        ? "approx"
        : operator === ">"
          ? "greaterOrEqual"
          : operator === "<"
            ? "lessOrEqual"
            : undefined;
    if (type === undefined) throw this.#error("expected =, ~=, >=, <= or :=");
    this.#at += 1;
    this.#expect(EQUALS, "=");
    return { type, attribute, value: this.#readWholeValue() };
  }

  /** Behind the `=`: equality, presence or substrings, depending on the asterisks. */
  #readEqualsSign(attribute: string): Filter {
    const start = this.#at;
    const first = this.#readValue();
    if (this.#peek() !== ASTERISK) return { type: "equality", attribute, value: first };
    const any: Buffer[] = [];
    let last: Buffer | undefined;
    while (this.#peek() === ASTERISK) {
      this.#at += 1;
      const pieceStart = this.#at;
      last = this.#readValue();
      if (this.#peek() !== ASTERISK) break;
      if (last.length === 0) throw this.#error("empty piece between two asterisks", pieceStart);
      any.push(last);
    }
    const initial = first.length > 0 ? first : undefined;
    const final = last !== undefined && last.length > 0 ? last : undefined;
    if (initial === undefined && final === undefined && any.length === 0) {
      return this.#at === start + 1
        ? { type: "present", attribute }
        : this.#fail("empty substring filter", start);
    }
    return { type: "substrings", attribute, initial, any, final };
  }

  #readExtensible(attribute: string, start: number): Filter {
    if (attribute !== "") this.#checkDescription(attribute, start);
    let dnAttributes = false;
    let rule: string | undefined;
    for (;;) {
      this.#expect(COLON, ":");
      if (this.#peek() === EQUALS) break;
      const nameStart = this.#at;
      while (isNameCode(this.#peek())) this.#at += 1;
      const name = this.#text.slice(nameStart, this.#at);
      if (name.toLowerCase() === "dn" && !dnAttributes && rule === undefined) dnAttributes = true;
      else if (rule === undefined && NAME.test(name)) rule = name;
      else throw this.#error("expected dn, a matching rule or :=", nameStart);
    }
    if (attribute === "" && rule === undefined) {
      throw this.#error("an extensible match needs an attribute or a matching rule", start);
    }
    this.#at += 1;
    const value = this.#readWholeValue();
    return {
      type: "extensible",
      rule,
      attribute: attribute === "" ? undefined : attribute,
      value,
      dnAttributes,
    };
  }

  #checkDescription(text: string, start: number): void {
    const [name = "", ...options] = text.split(";");
    if (text === "") throw this.#error("expected an attribute", start);
    if (!NAME.test(name)) throw this.#error("not an attribute name", start);
    if (!options.every((option) => OPTION.test(option))) {
      throw this.#error("not an attribute option", start);
    }
  }

  #readWholeValue(): Buffer {
    const value = this.#readValue();
    if (this.#peek() === ASTERISK) throw this.#error("* stands for itself only as \\2a");
    return value;
  }

  /** Ends before `)`, `*` or the end of the text. */
  #readValue(): Buffer {
    const parts: Buffer[] = [];
    let start = this.#at;
    for (;;) {
      const code = this.#peek();
      if (code === END || code === CLOSE || code === ASTERISK) break;
      if (code === OPEN) throw this.#error("( stands for itself only as \\28");
      if (code === 0) throw this.#error("NUL stands for itself only as \\00");
      if (code !== BACKSLASH) {
        this.#at += 1;
        continue;
      }
      if (this.#at > start) parts.push(Buffer.from(this.#text.slice(start, this.#at), "utf8"));
      parts.push(this.#readEscapes());
      start = this.#at;
    }
    if (this.#at > start) parts.push(Buffer.from(this.#text.slice(start, this.#at), "utf8"));
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
  }

  /** One or more `\hh` in a row. */
  #readEscapes(): Buffer {
    const bytes: number[] = [];
    while (this.#peek() === BACKSLASH) {
      const high = hexDigit(this.#text.charCodeAt(this.#at + 1));
      const low = hexDigit(this.#text.charCodeAt(this.#at + 2));
      if (high < 0 || low < 0) throw this.#error("expected two hexadecimal digits after \\");
      bytes.push(high * 16 + low);
      this.#at += 3;
    }
    return Buffer.from(bytes);
  }

  #peek(): number {
    return this.#at < this.#text.length ? this.#text.charCodeAt(this.#at) : END;
  }

  #skipBlanks(): void {
    while (isBlank(this.#peek())) this.#at += 1;
  }

  #expect(code: number, shown: string): void {
    if (this.#peek() !== code) throw this.#error(`expected ${shown}`);
    this.#at += 1;
  }

  #error(message: string, offset = this.#at): FilterSyntaxError {
    return new FilterSyntaxError(message, offset);
  }

  #fail(message: string, offset: number): never {
    throw this.#error(message, offset);
  }
}

/** The filter that a text of RFC 4515 stands for.
 *  @throws FilterSyntaxError */
export function parseFilter(text: string, options: FilterTextOptions = {}): Filter {
  if (text.length > FILTER_TEXT_MAX) throw new FilterSyntaxError("the filter is too long", 0);
  return new FilterReader(text, options.depthMax ?? FILTER_DEPTH_MAX).readWhole();
}
