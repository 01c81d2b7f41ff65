// Cuts a byte stream into LDAPMessages (RFC 4511 §5.1): push what the socket gave, then call `next`
// until it gives undefined.
//
// A frame that lies whole in one chunk is a view onto that chunk; only a frame that spans chunks is
// copied, into a buffer that grows with what has really arrived, never with what was declared. The
// size limit is checked as soon as the length octets are there. After an error the stream has no
// frame boundaries any more: every further call throws it again.
import { FrameError } from "./ber-error.ts";
import { BER_BYTES_MAX_DEFAULT, LENGTH_OCTETS_MAX } from "./limits.ts";
import { TAG_SEQUENCE } from "./tags.ts";

const EMPTY = Buffer.alloc(0);
/** Capacity of the first buffer of a frame that spans chunks. */
const PARTIAL_BYTES_MIN = 1024;
const TLS_HANDSHAKE = 0x16;

export class FrameSplitter {
  /** Bytes a frame may have, header included; may be changed at any time (lower before
   *  authentication). */
  maxBerBytes: number;
  private chunk: Buffer = EMPTY;
  private pos = 0;
  /** The first `partialBytes` bytes hold the beginning of a frame that spans chunks; empty unless
   *  partialBytes > 0. */
  private partial: Buffer = EMPTY;
  private partialBytes = 0;
  private failure: FrameError | undefined;

  constructor(maxBerBytes: number = BER_BYTES_MAX_DEFAULT) {
    this.maxBerBytes = maxBerBytes;
  }

  /** Bytes that were pushed and not yet given out: after `next` gave undefined, those of an
   *  incomplete frame. */
  get bufferedBytes(): number {
    return this.partialBytes + this.chunk.length - this.pos;
  }

  /** Adds what was received; the chunk is kept and must not be changed afterwards. */
  push(chunk: Buffer): void {
    if (this.pos < this.chunk.length) {
      this.chunk = Buffer.concat([this.chunk.subarray(this.pos), chunk]);
    } else {
      this.chunk = chunk;
    }
    this.pos = 0;
  }

  /** The next whole LDAPMessage, or undefined until more is pushed. @throws FrameError */
  next(): Buffer | undefined {
    if (this.failure !== undefined) throw this.failure;
    try {
      return this.partialBytes > 0 ? this.completePartial() : this.cut();
    } catch (error) {
      if (error instanceof FrameError) this.failure = error;
      throw error;
    }
  }

  /** Forgets what is buffered (StartTLS: nothing received in the clear may be read behind the
   *  handshake). */
  clear(): void {
    this.chunk = EMPTY;
    this.pos = 0;
    this.partial = EMPTY;
    this.partialBytes = 0;
  }

  private cut(): Buffer | undefined {
    const { chunk, pos } = this;
    if (pos >= chunk.length) return undefined;
    const size = frameSize(chunk, pos, chunk.length, this.maxBerBytes);
    if (size > 0 && size <= chunk.length - pos) {
      this.pos = pos + size;
      return chunk.subarray(pos, pos + size);
    }
    this.take(chunk.length - pos);
    return undefined;
  }

  private completePartial(): Buffer | undefined {
    let size = frameSize(this.partial, 0, this.partialBytes, this.maxBerBytes);
    while (size === 0 && this.pos < this.chunk.length) {
      this.take(1);
      size = frameSize(this.partial, 0, this.partialBytes, this.maxBerBytes);
    }
    if (size === 0) return undefined;
    this.take(Math.min(size - this.partialBytes, this.chunk.length - this.pos));
    if (this.partialBytes < size) return undefined;
    const frame = this.partial.subarray(0, size);
    this.partial = EMPTY;
    this.partialBytes = 0;
    return frame;
  }

  /** Moves `count` bytes of the chunk to the partial frame. */
  private take(count: number): void {
    const needed = this.partialBytes + count;
    if (needed > this.partial.length) {
      const grown = Buffer.allocUnsafe(
        Math.max(needed, 2 * this.partial.length, PARTIAL_BYTES_MIN),
      );
      this.partial.copy(grown, 0, 0, this.partialBytes);
      this.partial = grown;
    }
    this.chunk.copy(this.partial, this.partialBytes, this.pos, this.pos + count);
    this.partialBytes = needed;
    this.pos += count;
    if (this.pos === this.chunk.length) {
      this.chunk = EMPTY;
      this.pos = 0;
    }
  }
}

/** Bytes of the frame that begins at `start`, or 0 while its length octets are incomplete. Offsets
 *  in errors count from the start of the frame. */
function frameSize(bytes: Buffer, start: number, end: number, maxBytes: number): number {
  const tag = bytes[start]!;
  if (tag !== TAG_SEQUENCE) {
    const hint = tag === TLS_HANDSHAKE ? " (a TLS client on a plain port?)" : "";
    throw new FrameError("notLdap", `first octet is 0x${tag.toString(16)}, not 0x30${hint}`, 0);
  }
  if (end - start < 2) return 0;
  const first = bytes[start + 1]!;
  let header = 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0) throw new FrameError("badLength", "indefinite length", 1);
    if (count > LENGTH_OCTETS_MAX)
      throw new FrameError("badLength", `length of ${count} octets`, 1);
    header = 2 + count;
    if (end - start < header) return 0;
    length = 0;
    for (let i = 2; i < header; i += 1) length = length * 256 + bytes[start + i]!;
  }
  const size = header + length;
  if (size > maxBytes)
    throw new FrameError("tooLarge", `message of ${size} bytes, allowed are ${maxBytes}`, 1);
  return size;
}
