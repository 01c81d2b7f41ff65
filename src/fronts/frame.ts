// What goes through the pipe between the main process and a front-end process: frames, one behind the other.
//
//   0   4  bytes behind this field
//   4   1  kind
//   5   8  connection (IEEE double; 0: none)
//   13  4  operation, or a number that the kind gives a meaning
//   17     payload
import { assert } from "../base/index.ts";

const LENGTH_BYTES = 4;
const HEADER_BYTES = 17;
const BUFFER_BYTES_FIRST = 65_536;
/** Memory that is kept when a batch has gone. */
const BUFFER_BYTES_KEPT = 1_048_576;
const FRAME_BYTES_MAX = 0x7fff_ffff;

const NO_BYTES = Buffer.alloc(0);

export interface Frame {
  readonly kind: number;
  readonly connection: number;
  readonly operation: number;
  /** Part of the chunk that it came with. */
  readonly payload: Buffer;
}

/** Gathers frames in one piece of memory. */
export class FrameWriter {
  #bytes = Buffer.allocUnsafeSlow(BUFFER_BYTES_FIRST);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  put(kind: number, connection: number, operation: number, payload: Uint8Array = NO_BYTES): void {
    const size = HEADER_BYTES + payload.length;
    assert(size <= FRAME_BYTES_MAX, "the length of a frame fits its field");
    this.#reserve(size);
    const bytes = this.#bytes;
    const at = this.#length;
    bytes.writeUInt32BE(size - LENGTH_BYTES, at);
    bytes[at + 4] = kind;
    bytes.writeDoubleBE(connection, at + 5);
    bytes.writeUInt32BE(operation, at + 13);
    bytes.set(payload, at + HEADER_BYTES);
    this.#length = at + size;
  }

  /** What was put; the memory is used again after `reset`, and not after `giveAway`. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  reset(): void {
    this.#length = 0;
    if (this.#bytes.length > BUFFER_BYTES_KEPT) {
      this.#bytes = Buffer.allocUnsafeSlow(BUFFER_BYTES_FIRST);
    }
  }

  /** Somebody else keeps what `view` has given. */
  giveAway(): void {
    this.#length = 0;
    this.#bytes = Buffer.allocUnsafeSlow(BUFFER_BYTES_FIRST);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

/** Cuts chunks of a stream into frames. */
export class FrameReader {
  #parts: Buffer[] = [];
  #bytes = 0;
  /** Nothing can be cut before there are so many. */
  #needed = HEADER_BYTES;

  /** The frames that `chunk` completes. The chunk belongs to them from now on. */
  push(chunk: Buffer): readonly Frame[] {
    this.#parts.push(chunk);
    this.#bytes += chunk.length;
    if (this.#bytes < this.#needed) return [];
    const bytes = this.#parts.length === 1 ? chunk : Buffer.concat(this.#parts);
    const frames: Frame[] = [];
    let at = 0;
    for (;;) {
      const rest = bytes.length - at;
      this.#needed = HEADER_BYTES;
      if (rest < HEADER_BYTES) break;
      this.#needed = LENGTH_BYTES + bytes.readUInt32BE(at);
      if (rest < this.#needed) break;
      frames.push({
        kind: bytes[at + 4] as number,
        connection: bytes.readDoubleBE(at + 5),
        operation: bytes.readUInt32BE(at + 13),
        payload: bytes.subarray(at + HEADER_BYTES, at + this.#needed),
      });
      at += this.#needed;
    }
    this.#bytes = bytes.length - at;
    this.#parts = this.#bytes === 0 ? [] : [bytes.subarray(at)];
    return frames;
  }
}
