// Copying out of borrowed views. lmdb-js lends one shared buffer whose `length` is set per read while its true size stays
// 16 MiB, so that most methods of Buffer read too far or throw; only those used here are safe.
import type { Bytes } from "./kv.ts";

/** Below this many bytes a loop beats the call into native `set`. */
const LOOP_BYTES_MAX = 32;

/** A copy of `bytes[start, end)` that the caller owns. */
export function copyBytes(bytes: Bytes | Buffer, start = 0, end: number = bytes.length): Buffer {
  const copy = Buffer.allocUnsafe(end - start);
  copyInto(copy, 0, bytes, start, end);
  return copy;
}

/** Writes `bytes[start, end)` to `target` at `offset` and returns the offset behind it. */
export function copyInto(
  target: Uint8Array,
  offset: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  if (end - start <= LOOP_BYTES_MAX) {
    for (let i = start, to = offset; i < end; i += 1, to += 1) target[to] = bytes[i]!;
  } else {
    target.set(new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start), offset);
  }
  return offset + end - start;
}

/** Whether a borrowed view has the bytes of `other`. */
export function sameBytes(bytes: Bytes, other: Buffer): boolean {
  if (bytes.length !== other.length) return false;
  return other.equals(Uint8Array.prototype.subarray.call(bytes, 0, bytes.length));
}

/** The four bytes at `at` as a number, big-endian. Of a borrowed view: its methods are found anew at each call, because its own
 *  `length` makes another shape of it. */
export function uint32At(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
  );
}
