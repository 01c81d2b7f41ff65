// Lines of a log as the bytes of its file, in one growing piece of memory: what is logged of every operation is written
// digit by digit and letter by letter to where it leaves from, without strings in between. ASCII takes a loop; what else
// there is takes the encoder of the runtime.
import { assert } from "../base/index.ts";

const BYTES_FIRST = 4_096;
const ZERO = 0x30;
const LINE_BREAK = 0x0a;
/** From this length on the call of the native encoder pays. */
const LOOP_CHARACTERS_MAX = 64;
/** Numbers up to here are taken apart without floating point. */
const SMALL_NUMBER_MAX = 0x7fff_ffff;
/** The first number with more than so many digits, as far as small numbers go. */
const POWERS_OF_TEN: readonly number[] = Array.from({ length: 10 }, (_, digits) => 10 ** digits);

/** Where lines of a log go. */
export interface LineSink {
  /** @param line without its line break; it contains none */
  append(line: string): void;
  /** Where to write the next line; `endLine` has to follow before anything else is called. undefined: the line is dropped. */
  startLine(): LineBuffer | undefined;
  endLine(): void;
}

export class LineBuffer {
  #bytes = Buffer.allocUnsafe(BYTES_FIRST);
  #length = 0;

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  text(text: string): this {
    const count = text.length;
    this.#reserve(count);
    if (count <= LOOP_CHARACTERS_MAX) {
      const bytes = this.#bytes;
      const start = this.#length;
      let at = 0;
      for (; at < count; at += 1) {
        const code = text.charCodeAt(at);
        if (code > 0x7f) break;
        bytes[start + at] = code;
      }
      if (at === count) {
        this.#length = start + count;
        return this;
      }
    }
    this.#reserve(3 * count);
    this.#length += this.#bytes.write(text, this.#length, "utf8");
    return this;
  }

  /** The text if it is short and of characters that `allowed` has a 1 for; false: it is not, and nothing is written. */
  characters(text: string, allowed: Uint8Array): boolean {
    const count = text.length;
    if (count > LOOP_CHARACTERS_MAX) return false;
    this.#reserve(count);
    const bytes = this.#bytes;
    const start = this.#length;
    for (let at = 0; at < count; at += 1) {
      const code = text.charCodeAt(at);
      if (allowed[code] !== 1) return false;
      bytes[start + at] = code;
    }
    this.#length = start + count;
    return true;
  }

  /** The same of bytes. */
  octets(value: Uint8Array, allowed: Uint8Array): boolean {
    const count = value.length;
    if (count > LOOP_CHARACTERS_MAX) return false;
    this.#reserve(count);
    const bytes = this.#bytes;
    const start = this.#length;
    for (let at = 0; at < count; at += 1) {
      const byte = value[at]!;
      if (allowed[byte] !== 1) return false;
      bytes[start + at] = byte;
    }
    this.#length = start + count;
    return true;
  }

  /** A few bytes as they are. */
  raw(value: Uint8Array): this {
    const count = value.length;
    this.#reserve(count);
    const bytes = this.#bytes;
    const start = this.#length;
    for (let at = 0; at < count; at += 1) bytes[start + at] = value[at]!;
    this.#length = start + count;
    return this;
  }

  /** A whole number that is not negative; zeros in front make it `digitsMin` long. */
  number(value: number, digitsMin = 1): this {
    if (value >= 0 && value <= SMALL_NUMBER_MAX && (value | 0) === value) {
      return this.#smallNumber(value | 0, digitsMin);
    }
    assert(Number.isSafeInteger(value) && value >= 0, "a whole number is logged");
    let digits = 1;
    for (let bound = 10; bound <= value; bound *= 10) digits += 1;
    if (digits < digitsMin) digits = digitsMin;
    this.#reserve(digits);
    const bytes = this.#bytes;
    const start = this.#length;
    let rest = value;
    for (let at = start + digits - 1; at >= start; at -= 1) {
      const next = Math.floor(rest / 10);
      bytes[at] = ZERO + (rest - 10 * next);
      rest = next;
    }
    this.#length = start + digits;
    return this;
  }

  #smallNumber(value: number, digitsMin: number): this {
    let digits = digitsMin;
    for (let bound = POWERS_OF_TEN[digits]; bound !== undefined && bound <= value; ) {
      digits += 1;
      bound = POWERS_OF_TEN[digits];
    }
    this.#reserve(digits);
    const bytes = this.#bytes;
    const start = this.#length;
    let rest = value;
    for (let at = start + digits - 1; at >= start; at -= 1) {
      const next = (rest / 10) | 0;
      bytes[at] = ZERO + (rest - 10 * next);
      rest = next;
    }
    this.#length = start + digits;
    return this;
  }

  /** Whole lines of another buffer. */
  lines(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Forgets what was written behind `length`. */
  rewind(length: number): void {
    assert(length <= this.#length, "a buffer is rewound, not wound on");
    this.#length = length;
  }

  endLine(): void {
    this.#reserve(1);
    this.#bytes[this.#length] = LINE_BREAK;
    this.#length += 1;
  }

  /** What was written, as a view that is valid until the buffer is written again. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Forgets what was written; memory beyond `bytesKept` is given back. */
  reset(bytesKept: number): void {
    this.#length = 0;
    if (this.#bytes.length > bytesKept) this.#bytes = Buffer.allocUnsafe(BYTES_FIRST);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
