// Writes BER into one growing buffer that is used again after `reset`, `take` or `copy`.
//
// Lengths are minimal. A constructed element of unknown size is opened by `start` and closed by
// `end`: one length octet is reserved and the content moved up when it needs more, which is rare
// (content over 127 bytes) and one memmove. Where the size is known, `writeHeader` writes it at
// once. `startLong` reserves the form 84 xx xx xx xx, which 389 uses inside some control and
// extended values and which replication output reproduces byte for byte.
//
// Invariant: `open` holds the position of the first length octet of every open element, innermost
// last, negative for the long form (a position is never 0: the tag precedes it). A writer left
// half-written by a throw is cleaned by `rewind`.
import { assert } from "../base/index.ts";
import { COPY_LOOP_BYTES_MAX, WRITER_BYTES_MAX, WRITER_KEPT_BYTES_MAX } from "./limits.ts";
import {
  TAG_BOOLEAN,
  TAG_ENUMERATED,
  TAG_INTEGER,
  TAG_NULL,
  TAG_OCTET_STRING,
  TAG_SEQUENCE,
} from "./tags.ts";

const INITIAL_BYTES = 1024;
/** Tag and the longest length form. */
const HEADER_BYTES_MAX = 6;
const LONG_FORM = 0x84;

/** Octets of the identifier and the minimal length in front of `contentBytes` bytes. */
export function headerSize(contentBytes: number): number {
  if (contentBytes < 0x80) return 2;
  if (contentBytes < 0x100) return 3;
  if (contentBytes < 0x1_0000) return 4;
  return contentBytes < 0x100_0000 ? 5 : 6;
}

/** Octets of a whole element with `contentBytes` bytes of content. */
export const elementSize = (contentBytes: number): number =>
  headerSize(contentBytes) + contentBytes;

/** Octets of the content of a minimal INTEGER. */
export function integerSize(value: number): number {
  if (value >= -0x80 && value < 0x80) return 1;
  if (value >= -0x8000 && value < 0x8000) return 2;
  return value >= -0x80_0000 && value < 0x80_0000 ? 3 : 4;
}

export class BerWriter {
  private bytes: Buffer;
  private pos = 0;
  private readonly open: number[] = [];
  private readonly initialBytes: number;

  constructor(initialBytes: number = INITIAL_BYTES) {
    this.initialBytes = Math.max(initialBytes, HEADER_BYTES_MAX);
    this.bytes = Buffer.allocUnsafe(this.initialBytes);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.pos;
  }

  /** Forgets what was written. */
  reset(): void {
    this.pos = 0;
    this.open.length = 0;
    if (this.bytes.length > WRITER_KEPT_BYTES_MAX)
      this.bytes = Buffer.allocUnsafe(this.initialBytes);
  }

  /** Forgets everything behind `length`, open elements included: after a throw in the midst of a
   *  message. */
  rewind(length: number): void {
    assert(length >= 0 && length <= this.pos, "a writer is rewound, not wound on");
    this.pos = length;
    while (this.open.length > 0 && Math.abs(this.open.at(-1)!) >= length) this.open.pop();
  }

  /** What was written, as a view that is valid until the next call on this writer. */
  view(): Buffer {
    assert(this.open.length === 0, "all elements are closed");
    return this.bytes.subarray(0, this.pos);
  }

  /** What was written, as a buffer of its own; the writer is empty afterwards and keeps its memory.
   *  */
  copy(): Buffer {
    const result = Buffer.allocUnsafe(this.pos);
    this.view().copy(result);
    this.reset();
    return result;
  }

  /** What was written, handed over without copying; the writer is empty afterwards and starts a new
   *  buffer. */
  take(): Buffer {
    const result = this.view();
    this.bytes = Buffer.allocUnsafe(this.initialBytes);
    this.reset();
    return result;
  }

  /** Opens a constructed element whose length will be minimal. */
  start(tag: number = TAG_SEQUENCE): void {
    this.reserve(2);
    this.bytes[this.pos] = tag;
    this.open.push(this.pos + 1);
    this.pos += 2;
  }

  /** Opens a constructed element whose length will be `84` and four octets. */
  startLong(tag: number = TAG_SEQUENCE): void {
    this.reserve(HEADER_BYTES_MAX);
    this.bytes[this.pos] = tag;
    this.bytes[this.pos + 1] = LONG_FORM;
    this.open.push(-(this.pos + 1));
    this.pos += HEADER_BYTES_MAX;
  }

  /** Closes the element opened last. */
  end(): void {
    const at = this.open.pop();
    assert(at !== undefined, "every end has its start");
    if (at < 0) {
      this.bytes.writeUInt32BE(this.pos + at - 5, 1 - at);
      return;
    }
    const length = this.pos - at - 1;
    if (length < 0x80) {
      this.bytes[at] = length;
      return;
    }
    const more = headerSize(length) - 2;
    this.reserve(more);
    this.bytes.copyWithin(at + 1 + more, at + 1, this.pos);
    this.pos += more;
    this.putLength(at, length);
  }

  /** Identifier and minimal length octets of an element whose content the caller appends. */
  writeHeader(tag: number, contentBytes: number): void {
    this.reserve(HEADER_BYTES_MAX);
    this.bytes[this.pos] = tag;
    this.pos = this.putLength(this.pos + 1, contentBytes);
  }

  /** @param value fits signed 32 bits */
  writeInteger(value: number, tag: number = TAG_INTEGER): void {
    assert((value | 0) === value, "an LDAP integer fits 32 bits");
    const size = integerSize(value);
    this.reserve(2 + size);
    let pos = this.pos;
    this.bytes[pos] = tag;
    this.bytes[pos + 1] = size;
    pos += 2;
    for (let shift = 8 * (size - 1); shift >= 0; shift -= 8, pos += 1)
      this.bytes[pos] = value >> shift;
    this.pos = pos;
  }

  writeEnumerated(value: number): void {
    this.writeInteger(value, TAG_ENUMERATED);
  }

  writeBoolean(value: boolean, tag: number = TAG_BOOLEAN): void {
    this.reserve(3);
    this.bytes[this.pos] = tag;
    this.bytes[this.pos + 1] = 1;
    this.bytes[this.pos + 2] = value ? 0xff : 0;
    this.pos += 3;
  }

  writeNull(tag: number = TAG_NULL): void {
    this.writeHeader(tag, 0);
  }

  writeOctets(value: Uint8Array, tag: number = TAG_OCTET_STRING): void {
    this.writeHeader(tag, value.length);
    this.appendRange(value, 0, value.length);
  }

  writeText(text: string, tag: number = TAG_OCTET_STRING): void {
    const count = text.length;
    if (count < 0x80 && this.putShortAscii(text, tag)) return;
    const length = Buffer.byteLength(text);
    this.writeHeader(tag, length);
    this.reserve(length);
    this.pos += this.bytes.write(text, this.pos, "utf8");
  }

  /** Appends bytes that are BER already. */
  append(value: Uint8Array): void {
    this.appendRange(value, 0, value.length);
  }

  /** Appends `source[start, end)`. `source` may be a buffer lent by the store, of which only
   *  indexing and bounded slices are right. */
  appendRange(source: Uint8Array, start: number, end: number): void {
    const count = end - start;
    this.reserve(count);
    const bytes = this.bytes;
    let pos = this.pos;
    if (count <= COPY_LOOP_BYTES_MAX) {
      for (let i = start; i < end; i += 1, pos += 1) bytes[pos] = source[i]!;
      this.pos = pos;
      return;
    }
    // Not `subarray`: that of Buffer goes by `byteLength`, which is wrong on lent buffers, and that
    // of Uint8Array looks for a constructor first.
    bytes.set(new Uint8Array(source.buffer, source.byteOffset + start, count), pos);
    this.pos = pos + count;
  }

  /** Makes room for `count` bytes more: growth by half, at least to what is needed. */
  private reserve(count: number): void {
    const needed = this.pos + count;
    if (needed <= this.bytes.length) return;
    assert(needed <= WRITER_BYTES_MAX, "a message fits the writer");
    const grown = Buffer.allocUnsafe(Math.max(needed, Math.ceil(this.bytes.length * 1.5)));
    this.bytes.copy(grown, 0, 0, this.pos);
    this.bytes = grown;
  }

  /** Room is there. Returns the position behind the length octets. */
  private putLength(at: number, length: number): number {
    const bytes = this.bytes;
    if (length < 0x80) {
      bytes[at] = length;
      return at + 1;
    }
    const count = headerSize(length) - 2;
    bytes[at] = 0x80 | count;
    for (let i = count, rest = length; i > 0; i -= 1, rest >>>= 8) bytes[at + i] = rest;
    return at + 1 + count;
  }

  /** Writes a text of under 128 characters if all are ASCII; otherwise writes nothing that counts.
   *  */
  private putShortAscii(text: string, tag: number): boolean {
    const count = text.length;
    this.reserve(2 + count);
    const bytes = this.bytes;
    const start = this.pos + 2;
    for (let i = 0; i < count; i += 1) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[start + i] = code;
    }
    bytes[this.pos] = tag;
    bytes[this.pos + 1] = count;
    this.pos = start + count;
    return true;
  }
}

/** The bytes that `write` writes. */
export function encodeBer(write: (writer: BerWriter) => void, initialBytes = 128): Buffer {
  const writer = new BerWriter(initialBytes);
  write(writer);
  return writer.view();
}
