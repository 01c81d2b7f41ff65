// Bytes of stored state: a growing writer and a checked reader. Numbers are varints: seven bits a byte, low bits first, the
// high bit says that more follow. The reader only reads what this program wrote: a fault is a broken invariant.
import { assert } from "../../base/index.ts";
import { type UniqueId, decodeUniqueId, putUniqueId } from "../change/index.ts";
import { CSN_BYTES, type Csn, decodeCsn } from "../csn/index.ts";

const FIRST_BYTES = 128;
const UNIQUE_ID_BYTES = 16;
const CSN_PREFIX_BYTES = 8;
/** Characters whose number takes one byte; for so few a loop beats the native encoder. */
const SHORT_TEXT_MAX = 0x7f;
/** Values of hexadecimal digits by their codes: for so few bytes a loop beats the native decoder. */
const HEX_DIGITS = new Uint8Array(128);
for (let digit = 0; digit < 16; digit += 1) HEX_DIGITS[digit.toString(16).charCodeAt(0)] = digit;

export class PackedWriter {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length] = value;
    this.#length += 1;
  }

  varint(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length] = (rest & 0x7f) | 0x80;
      this.#length += 1;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length] = rest;
    this.#length += 1;
  }

  raw(value: Buffer): void {
    this.#reserve(value.length);
    this.#length += value.copy(this.#bytes, this.#length);
  }

  /** With its length. */
  bytes(value: Buffer): void {
    this.varint(value.length);
    this.raw(value);
  }

  /** UTF-8 with its length. */
  text(value: string): void {
    if (value.length > SHORT_TEXT_MAX || !this.#shortAscii(value)) {
      this.bytes(Buffer.from(value, "utf8"));
    }
  }

  csn(csn: Csn): void {
    this.#digits(csn, CSN_BYTES);
  }

  /** Seconds, sequence number and replica ID, without subsequence. */
  csnPrefix(csn: Csn): void {
    this.#digits(csn, CSN_PREFIX_BYTES);
  }

  uniqueId(id: UniqueId): void {
    this.#reserve(UNIQUE_ID_BYTES);
    this.#length = putUniqueId(id, this.#bytes, this.#length);
  }

  #digits(csn: Csn, count: number): void {
    this.#reserve(count);
    const bytes = this.#bytes;
    for (let i = 0; i < 2 * count; i += 2) {
      bytes[this.#length] =
        (HEX_DIGITS[csn.charCodeAt(i)]! << 4) | HEX_DIGITS[csn.charCodeAt(i + 1)]!;
      this.#length += 1;
    }
  }

  /** False, and nothing is written, if there is more than ASCII. */
  #shortAscii(value: string): boolean {
    this.#reserve(1 + value.length);
    const bytes = this.#bytes;
    const start = this.#length + 1;
    for (let i = 0; i < value.length; i += 1) {
      const code = value.charCodeAt(i);
      if (code >= 0x80) return false;
      bytes[start + i] = code;
    }
    bytes[start - 1] = value.length;
    this.#length = start + value.length;
    return true;
  }

  /** A copy of what was written. */
  finish(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return;
    const next = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, this.#length + count));
    this.#bytes.copy(next, 0, 0, this.#length);
    this.#bytes = next;
  }
}

export class PackedReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get position(): number {
    return this.#at;
  }

  hasMore(): boolean {
    return this.#at < this.#end;
  }

  byte(): number {
    return this.#bytes[this.#take(1)] as number;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
      assert(scale <= 2 ** 49, "a stored number fits 53 bits");
    }
  }

  /** A copy, so that it may outlive a borrowed row. */
  bytes(): Buffer {
    const length = this.varint();
    const start = this.#take(length);
    return Buffer.from(this.#bytes.toString("latin1", start, start + length), "latin1");
  }

  text(): string {
    const length = this.varint();
    const start = this.#take(length);
    return this.#bytes.toString("utf8", start, start + length);
  }

  csn(): Csn {
    return decodeCsn(this.#bytes, this.#take(CSN_BYTES));
  }

  /** The first 16 digits of a CSN. */
  csnPrefix(): string {
    const start = this.#take(CSN_PREFIX_BYTES);
    return this.#bytes.toString("hex", start, start + CSN_PREFIX_BYTES);
  }

  uniqueId(): UniqueId {
    return decodeUniqueId(this.#bytes, this.#take(UNIQUE_ID_BYTES));
  }

  #take(count: number): number {
    const start = this.#at;
    assert(count <= this.#end - start, "stored state does not end before its last field");
    this.#at = start + count;
    return start;
  }
}
