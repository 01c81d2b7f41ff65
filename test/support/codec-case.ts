// Every codec case is run three times: whole, byte by byte through the FrameSplitter, and cut off
// at every length, also with the length of the message mended so that the cut is seen inside.
import { assert } from "chai";
import { BerError, FrameSplitter } from "../../src/ber/index.ts";
import { ProtocolError } from "../../src/protocol/index.ts";
import { element } from "./naive-ber.ts";

/** Bytes written as hex with spaces and line breaks; `;` begins a comment. */
export function hex(text: string): Buffer {
  const digits = text.replaceAll(/;[^\n]*/g, "").replaceAll(/\s/g, "");
  assert.match(digits, /^([0-9a-fA-F]{2})*$/, "hex digits in pairs");
  return Buffer.from(digits, "hex");
}

/** Feeds `bytes` one by one; gives the frames that came out, each with the number of bytes fed by
 *  then. */
export function splitByteByByte(bytes: Buffer): { frame: Buffer; at: number }[] {
  const splitter = new FrameSplitter();
  const frames: { frame: Buffer; at: number }[] = [];
  for (let i = 0; i < bytes.length; i += 1) {
    splitter.push(Buffer.from(bytes.subarray(i, i + 1)));
    for (let frame = splitter.next(); frame !== undefined; frame = splitter.next()) {
      frames.push({ frame, at: i + 1 });
    }
  }
  return frames;
}

/** `decode` gives a value or one of the two errors that bytes may cause. */
export function checkOnlyKnownErrors(decode: () => unknown): void {
  try {
    decode();
  } catch (error) {
    if (error instanceof BerError || error instanceof ProtocolError) return;
    throw error;
  }
}

/** Messages above this are not cut at every length but at about so many: the cost grows with its
 *  square. */
const CUTS_MAX = 1200;

/** Lengths from 0 to below `bytes`, all of them for all but large messages. */
function cutLengths(bytes: number): number[] {
  const step = Math.max(1, Math.ceil(bytes / CUTS_MAX));
  return Array.from({ length: Math.ceil(bytes / step) }, (_, i) => i * step);
}

/** The message decodes to `wanted` in whichever way it arrives, and no part of it decodes to
 *  anything. */
export function checkMessageCase<T>(
  message: Buffer,
  decode: (frame: Buffer) => T,
  wanted: T,
): void {
  assert.deepEqual(decode(message), wanted);
  const frames = splitByteByByte(message);
  assert.lengthOf(frames, 1);
  assert.equal(frames[0]!.at, message.length);
  assert.deepEqual(decode(frames[0]!.frame), wanted);
  for (const length of cutLengths(message.length)) {
    const cut = message.subarray(0, length);
    assert.throws(() => decode(cut), ProtocolError);
  }
  const content = message.subarray(2 + (message[1]! < 0x80 ? 0 : message[1]! & 0x7f));
  for (const length of cutLengths(content.length)) {
    checkOnlyKnownErrors(() => decode(element(0x30, content.subarray(0, length))));
  }
}

/** The value of a control or an extended operation decodes to `wanted`, and no part of it to
 *  anything. */
export function checkValueCase<T>(value: Buffer, decode: (value: Buffer) => T, wanted: T): void {
  assert.deepEqual(decode(value), wanted);
  for (const length of cutLengths(value.length)) {
    assert.throws(() => decode(value.subarray(0, length)), ProtocolError);
  }
}
