// Parser of the string form of DNs: RFC 4514 §3, and of what older writers produce (RFC 2253 §4, RFC 1779): blanks around
// separators, `;` between RDNs, quoted values, the `OID.` prefix. An unescaped `=` inside a value is taken as written.
// One pass over UTF-16 units, no regular expression, no backtracking: the cost is linear in the length of the text.
import { type Ava, type Dn, DnSyntaxError, type Rdn } from "./dn.ts";
import { decodeBerValue } from "./hex-value.ts";
import { DN_RDNS_MAX, RDN_AVAS_MAX } from "./limits.ts";

const NUL = 0x00;
const SPACE = 0x20;
const QUOTE = 0x22;
const SHARP = 0x23;
const PLUS = 0x2b;
const COMMA = 0x2c;
const HYPHEN = 0x2d;
const DOT = 0x2e;
const SEMICOLON = 0x3b;
const LESS = 0x3c;
const EQUALS = 0x3d;
const GREATER = 0x3e;
const BACKSLASH = 0x5c;
/** What `charCodeAt` past the end is mapped to. */
const END = -1;

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
const isAlpha = (code: number): boolean => (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;

/** Value of a hex digit, or −1. */
function hexDigit(code: number): number {
  if (isDigit(code)) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** RFC 4514 §2.4: what a backslash may stand before, hex digits apart. */
function isEscapable(code: number): boolean {
  return (
    code === SPACE ||
    code === QUOTE ||
    code === SHARP ||
    code === PLUS ||
    code === COMMA ||
    code === SEMICOLON ||
    code === LESS ||
    code === EQUALS ||
    code === GREATER ||
    code === BACKSLASH
  );
}

const isSeparator = (code: number): boolean =>
  code === COMMA || code === PLUS || code === SEMICOLON || code === END;

class DnReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  readDn(): Dn {
    this.#skipSpaces();
    if (this.#peek() === END) return [];
    const rdns: Rdn[] = [];
    for (;;) {
      if (rdns.length === DN_RDNS_MAX) throw this.#error("DN has too many RDNs");
      rdns.push(this.#readRdn());
      if (this.#peek() === END) return rdns;
      this.#at += 1;
    }
  }

  readOnlyRdn(): Rdn {
    this.#skipSpaces();
    const rdn = this.#readRdn();
    if (this.#peek() !== END) throw this.#error("RDN has text after its end");
    return rdn;
  }

  /** Stands on `,`, `;` or the end afterwards. */
  #readRdn(): Rdn {
    const avas: Ava[] = [this.#readAva()];
    while (this.#peek() === PLUS) {
      if (avas.length === RDN_AVAS_MAX) throw this.#error("RDN has too many values");
      this.#at += 1;
      avas.push(this.#readAva());
    }
    return avas;
  }

  #readAva(): Ava {
    this.#skipSpaces();
    const type = this.#readType();
    this.#skipSpaces();
    if (this.#peek() !== EQUALS) throw this.#error("Attribute type is not followed by =");
    this.#at += 1;
    this.#skipSpaces();
    const value = this.#readValue();
    this.#skipSpaces();
    if (!isSeparator(this.#peek())) throw this.#error("Value is followed by other text");
    return { type, value };
  }

  #readType(): string {
    let start = this.#at;
    if (this.#text.slice(start, start + 4).toUpperCase() === "OID.") {
      start += 4;
      this.#at = start;
      if (!isDigit(this.#peek())) throw this.#error("OID is not numeric");
    }
    if (isAlpha(this.#peek())) {
      let code = this.#peek();
      while (isAlpha(code) || isDigit(code) || code === HYPHEN) {
        this.#at += 1;
        code = this.#peek();
      }
    } else {
      this.#skipNumericOid();
    }
    return this.#text.slice(start, this.#at);
  }

  #skipNumericOid(): void {
    for (;;) {
      const start = this.#at;
      while (isDigit(this.#peek())) this.#at += 1;
      if (this.#at === start) throw this.#error("Attribute type expected");
      const padded = this.#at - start > 1 && this.#text.charCodeAt(start) === 0x30;
      if (padded) throw this.#error("OID has a leading zero");
      if (this.#peek() !== DOT) return;
      this.#at += 1;
    }
  }

  #readValue(): Buffer {
    if (this.#peek() === SHARP) return this.#readHexValue();
    if (this.#peek() === QUOTE) return this.#readQuotedValue();
    return this.#readStringValue();
  }

  #readHexValue(): Buffer {
    const start = this.#at + 1;
    this.#at = start;
    while (hexDigit(this.#peek()) >= 0) this.#at += 1;
    const digits = this.#text.slice(start, this.#at);
    if (digits.length === 0 || digits.length % 2 !== 0)
      throw this.#error("Hex value is incomplete");
    const value = decodeBerValue(Buffer.from(digits, "hex"));
    if (value === undefined) throw this.#error("Hex value is not a BER encoding");
    return value;
  }

  #readQuotedValue(): Buffer {
    this.#at += 1;
    const parts: (string | number)[] = [];
    let start = this.#at;
    for (;;) {
      const code = this.#peek();
      if (code === END || code === NUL) throw this.#error("Quoted value does not end");
      if (code === QUOTE || code === BACKSLASH) {
        if (this.#at > start) parts.push(this.#text.slice(start, this.#at));
        if (code === QUOTE) break;
        parts.push(this.#readEscape());
        start = this.#at;
      } else {
        this.#at += 1;
      }
    }
    this.#at += 1;
    return joinParts(parts);
  }

  /** Ends before the separator; blanks before that are not part of the value unless escaped. */
  #readStringValue(): Buffer {
    const parts: (string | number)[] = [];
    let start = this.#at;
    let end = start;
    for (;;) {
      const code = this.#peek();
      if (isSeparator(code)) break;
      if (code === BACKSLASH) {
        if (this.#at > start) parts.push(this.#text.slice(start, this.#at));
        parts.push(this.#readEscape());
        start = this.#at;
        end = start;
        continue;
      }
      if (code === QUOTE || code === LESS || code === GREATER || code === NUL) {
        throw this.#error("Value has a character that must be escaped");
      }
      this.#at += 1;
      if (code !== SPACE) end = this.#at;
    }
    if (end > start) parts.push(this.#text.slice(start, end));
    return joinParts(parts);
  }

  /** Stands on the backslash; gives a byte (hex pair) or a one-character text. */
  #readEscape(): string | number {
    this.#at += 1;
    const code = this.#peek();
    const high = hexDigit(code);
    if (high >= 0) {
      this.#at += 1;
      const low = hexDigit(this.#peek());
      if (low < 0) throw this.#error("Escape needs two hex digits");
      this.#at += 1;
      return high * 16 + low;
    }
    if (!isEscapable(code)) throw this.#error("Escape of a character that needs none");
    this.#at += 1;
    return String.fromCharCode(code);
  }

  #peek(): number {
    return this.#at < this.#text.length ? this.#text.charCodeAt(this.#at) : END;
  }

  #skipSpaces(): void {
    while (this.#peek() === SPACE) this.#at += 1;
  }

  #error(message: string): DnSyntaxError {
    return new DnSyntaxError(message, this.#at);
  }
}

/** Texts as UTF-8, numbers as single bytes. */
function joinParts(parts: readonly (string | number)[]): Buffer {
  const only = parts[0];
  if (only === undefined) return Buffer.alloc(0);
  if (parts.length === 1 && typeof only === "string") return Buffer.from(only, "utf8");
  let bytes = 0;
  for (const part of parts) bytes += typeof part === "number" ? 1 : Buffer.byteLength(part);
  const value = Buffer.allocUnsafe(bytes);
  let at = 0;
  for (const part of parts) {
    if (typeof part === "number") {
      value[at] = part;
      at += 1;
    } else {
      at += value.write(part, at, "utf8");
    }
  }
  return value;
}

/** The DN that `text` stands for; blanks alone are the empty DN.
 *  @throws DnSyntaxError */
export function parseDn(text: string): Dn {
  return new DnReader(text).readDn();
}

/** The single RDN that `text` stands for.
 *  @throws DnSyntaxError */
export function parseRdn(text: string): Rdn {
  return new DnReader(text).readOnlyRdn();
}
