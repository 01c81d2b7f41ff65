// One unfolded LDIF line (RFC 2849): `name: text`, `name:: base64`, `name:< url`.
import { isUtf8 } from "node:buffer";
import { LdifError } from "./record.ts";

const SPACE = 0x20;
const COLON = 0x3a;
const LESS = 0x3c;
const EQUALS = 0x3d;

/** A line after unfolding, without its line end. */
export interface LdifLine {
  readonly bytes: Buffer;
  /** Number of its first physical line, counted from 1. */
  readonly line: number;
}

/** Reads what a `file:` URL of a `name:< url` line refers to. */
export type ReadUrl = (url: string) => Buffer;

export interface NamedValue {
  /** As written. */
  readonly name: string;
  /** May share memory with the line. */
  readonly value: Buffer;
}

/** 1 for each character of the base64 alphabet (RFC 4648 §4). */
const BASE64 = new Uint8Array(256);
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
  BASE64[character.charCodeAt(0)] = 1;
}

function decodeBase64(bytes: Buffer, start: number, line: number): Buffer {
  let end = bytes.length;
  while (end > start && bytes[end - 1] === SPACE) end -= 1;
  let padding = 0;
  while (end - padding > start && padding < 2 && bytes[end - padding - 1] === EQUALS) padding += 1;
  if ((end - start) % 4 !== 0) throw new LdifError("Base64 text has a wrong length", line);
  for (let i = start; i < end - padding; i += 1) {
    if (BASE64[bytes[i]!] !== 1) throw new LdifError("Base64 text has a wrong character", line);
  }
  return Buffer.from(bytes.toString("latin1", start, end), "base64");
}

/** The value whose kind is told by the byte at `start`, right behind the first colon. */
export function parseValue(
  { bytes, line }: LdifLine,
  start: number,
  readUrl: ReadUrl | undefined,
): Buffer {
  const kind = bytes[start];
  let at = kind === COLON || kind === LESS ? start + 1 : start;
  while (at < bytes.length && bytes[at] === SPACE) at += 1;
  if (kind === COLON) return decodeBase64(bytes, at, line);
  if (kind !== LESS) return bytes.subarray(at);
  if (readUrl === undefined) throw new LdifError("Values from URLs are not read here", line);
  return readUrl(bytes.toString("utf8", at));
}

/** @throws LdifError */
export function parseLine(line: LdifLine, readUrl: ReadUrl | undefined): NamedValue {
  const colon = line.bytes.indexOf(COLON);
  if (colon < 1) throw new LdifError("Line has no attribute name and colon", line.line);
  for (let i = 0; i < colon; i += 1) {
    const byte = line.bytes[i]!;
    if (byte <= SPACE || byte >= 0x7f)
      throw new LdifError("Attribute name has a wrong character", line.line);
  }
  return {
    name: line.bytes.toString("latin1", 0, colon),
    value: parseValue(line, colon + 1, readUrl),
  };
}

/** The value as text.
 *  @throws LdifError unless it is UTF-8 */
export function textOf(value: Buffer, line: number): string {
  if (!isUtf8(value)) throw new LdifError("Text is not UTF-8", line);
  return value.toString("utf8");
}
