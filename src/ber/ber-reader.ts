// Reads BER (X.690) as LDAP restricts it (RFC 4511 §5.1): definite lengths only, primitive octet
// strings, one-octet tags.
//
// The reader walks one buffer. `enter` steps into a constructed element and narrows the readable
// range to its content; `leave` goes back and demands that the content was consumed,
// `leaveSkipping` ignores what is left (extensible sequences, RFC 4511 §4). Invariant: 0 <= pos <=
// end <= length of the buffer, and every end is within that of the element around it, so no read
// can leave its container.
//
// Lengths in non-minimal long form (81 05, 84 00 00 00 05) are legal and taken, up to 4 length
// octets.
import { isUtf8 } from "node:buffer";
import { assert } from "../base/index.ts";
import { BerError } from "./ber-error.ts";
import { BER_DEPTH_MAX, INTEGER_OCTETS_MAX, LENGTH_OCTETS_MAX } from "./limits.ts";
import {
  CONSTRUCTED,
  TAG_BOOLEAN,
  TAG_ENUMERATED,
  TAG_INTEGER,
  TAG_NULL,
  TAG_OCTET_STRING,
  TAG_SEQUENCE,
} from "./tags.ts";
import type { TextCache } from "./text-cache.ts";

export interface BerReaderOptions {
  readonly start?: number;
  readonly end?: number;
  readonly depthMax?: number;
}

/** What `peekTag` answers at the end of the current element. */
export const NO_TAG = -1;

/** What the runtime puts in place of bytes that are not UTF-8; it may also be meant. */
const REPLACEMENT = "\ufffd";

const hexTag = (tag: number): string => `0x${tag.toString(16).padStart(2, "0")}`;

export class BerReader {
  private readonly bytes: Buffer;
  private readonly depthMax: number;
  /** Ends of the elements around the current one, outermost first. */
  private readonly outerEnds: number[] = [];
  private pos: number;
  private end: number;

  constructor(bytes: Buffer, options: BerReaderOptions = {}) {
    this.bytes = bytes;
    this.pos = options.start ?? 0;
    this.end = options.end ?? bytes.length;
    this.depthMax = options.depthMax ?? BER_DEPTH_MAX;
    assert(0 <= this.pos && this.pos <= this.end && this.end <= bytes.length, "range is in buffer");
  }

  /** Offset of the next octet in the buffer. */
  get position(): number {
    return this.pos;
  }

  /** Whether the current element has content left. */
  hasMore(): boolean {
    return this.pos < this.end;
  }

  /** The next identifier octet, or NO_TAG at the end of the current element. */
  peekTag(): number {
    return this.pos < this.end ? this.bytes[this.pos]! : NO_TAG;
  }

  /** Steps into the constructed element that comes next. @throws BerError unless it has this tag
   *  and lies in its container */
  enter(tag: number = TAG_SEQUENCE): void {
    const start = this.pos;
    assert((tag & CONSTRUCTED) !== 0, "only constructed elements are entered");
    const length = this.readHeader(tag);
    if (this.outerEnds.length >= this.depthMax) throw new BerError("nested too deeply", start);
    this.outerEnds.push(this.end);
    this.end = this.pos + length;
  }

  /** Steps out of the element entered last. @throws BerError if some of its content was not read */
  leave(): void {
    if (this.pos !== this.end)
      throw new BerError("unexpected bytes at the end of an element", this.pos);
    this.leaveSkipping();
  }

  /** Steps out of the element entered last, whatever is left of it. */
  leaveSkipping(): void {
    const outer = this.outerEnds.pop();
    assert(outer !== undefined, "every leave has its enter");
    this.pos = this.end;
    this.end = outer;
  }

  /** Skips the next element, whatever its type. */
  skip(): void {
    const tag = this.peekTag();
    if (tag === NO_TAG) throw new BerError("element missing", this.pos);
    const length = this.readHeader(tag);
    this.pos += length;
  }

  /** An INTEGER that fits signed 32 bits, as all LDAP integers do (RFC 4511 §4.1.1 maxInt);
   *  redundant leading octets are taken. @throws BerError if it is missing, empty or larger */
  readInteger(tag: number = TAG_INTEGER): number {
    const start = this.pos;
    const length = this.readHeader(tag);
    if (length < 1 || length > INTEGER_OCTETS_MAX)
      throw new BerError(`integer of ${length} octets`, start);
    const first = this.bytes[this.pos]!;
    let value = first >= 0x80 ? -1 : 0;
    for (let i = 0; i < length; i += 1) {
      const next = value * 256 + this.bytes[this.pos + i]!;
      if (next > 0x7fff_ffff || next < -0x8000_0000)
        throw new BerError("integer over 32 bits", start);
      value = next;
    }
    this.pos += length;
    return value;
  }

  readEnumerated(): number {
    return this.readInteger(TAG_ENUMERATED);
  }

  /** Any octet but zero is TRUE (X.690 §8.2; old clients send 01). */
  readBoolean(tag: number = TAG_BOOLEAN): boolean {
    const start = this.pos;
    if (this.readHeader(tag) !== 1) throw new BerError("boolean is not one octet", start);
    this.pos += 1;
    return this.bytes[this.pos - 1] !== 0;
  }

  readNull(tag: number = TAG_NULL): void {
    const start = this.pos;
    if (this.readHeader(tag) !== 0) throw new BerError("null with content", start);
  }

  /** The content of a primitive element, as a view onto the buffer. */
  readOctets(tag: number = TAG_OCTET_STRING): Buffer {
    const length = this.readHeader(tag);
    this.pos += length;
    return this.bytes.subarray(this.pos - length, this.pos);
  }

  /** Text. Bytes that are not UTF-8 become U+FFFD, which no name contains: use `readUtf8` where it
   *  matters. */
  readText(tag: number = TAG_OCTET_STRING): string {
    const length = this.readHeader(tag);
    this.pos += length;
    return this.bytes.toString("utf8", this.pos - length, this.pos);
  }

  /** As `readText`, for texts that come again and again. */
  readRepeatedText(cache: TextCache, tag: number = TAG_OCTET_STRING): string {
    const length = this.readHeader(tag);
    const start = this.pos;
    this.pos += length;
    const known = cache.find(this.bytes, start, this.pos);
    if (known !== undefined) return known;
    const text = this.bytes.toString("utf8", start, this.pos);
    if (text.length === length) cache.keep(this.bytes, start, this.pos, text);
    return text;
  }

  /** Text, or undefined if the bytes are not UTF-8. */
  readUtf8(tag: number = TAG_OCTET_STRING): string | undefined {
    const length = this.readHeader(tag);
    const start = this.pos;
    this.pos += length;
    const text = this.bytes.toString("utf8", start, this.pos);
    if (!text.includes(REPLACEMENT) || isUtf8(this.bytes.subarray(start, this.pos))) return text;
    return undefined;
  }

  /** What is left of the current element as one character per byte: a key for caches of decoded
   *  lists. Reads nothing. */
  restAsLatin1(): string {
    return this.bytes.toString("latin1", this.pos, this.end);
  }

  /** Bytes that are left of the current element. */
  get restBytes(): number {
    return this.end - this.pos;
  }

  /** Reads identifier and length octets; the content is known to lie in the current element. */
  private readHeader(tag: number): number {
    const start = this.pos;
    if (start >= this.end) throw new BerError(`expected tag ${hexTag(tag)}, found the end`, start);
    const found = this.bytes[start]!;
    if (found !== tag)
      throw new BerError(`expected tag ${hexTag(tag)}, found ${hexTag(found)}`, start);
    if ((found & 0x1f) === 0x1f) throw new BerError("tag of more than one octet", start);
    this.pos = start + 1;
    const length = this.readLength(start);
    if (length > this.end - this.pos) throw new BerError("element runs past its container", start);
    return length;
  }

  private readLength(start: number): number {
    if (this.pos >= this.end) throw new BerError("length missing", start);
    const first = this.bytes[this.pos]!;
    this.pos += 1;
    if (first < 0x80) return first;
    const count = first & 0x7f;
    if (count === 0) throw new BerError("indefinite length", start);
    if (count > LENGTH_OCTETS_MAX) throw new BerError(`length of ${count} octets`, start);
    if (count > this.end - this.pos) throw new BerError("length is cut off", start);
    let length = 0;
    for (let i = 0; i < count; i += 1) length = length * 256 + this.bytes[this.pos + i]!;
    this.pos += count;
    return length;
  }
}
