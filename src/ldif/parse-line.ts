// One unfolded LDIF line (RFC 2849): `name: text`, `name:: base64`, `name:< url`.
import { isUtf8 } from "node:buffer";
import { LdifError } from "./record.ts";

const SPACE = 0x20;
const COLON = 0x3a;
const LESS = 0x3c;
const EQUALS = 0x3d;

/** A line after unfolding, without its line end: bytes[start, end). */
export interface LdifLine {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** Number of its first physical line, counted from 1. */
  readonly line: number;
}

/** Reads what a `file:` URL of a `name:< url` line refers to. */
export type ReadUrl = (url: string) => Buffer;

/** The name of an attribute or of a field. */
interface Name {
  /** As written. */
  readonly text: string;
  readonly lowerCase: string;
}

export interface NamedValue {
  readonly name: Name;
  /** May share memory with the line. */
  readonly value: Buffer;
}

/** 1 for each character of the base64 alphabet (RFC 4648 §4). */
const BASE64 = new Uint8Array(256);
for (const character of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
  BASE64[character.charCodeAt(0)] = 1;
}

function decodeBase64({ bytes, line, ...range }: LdifLine, start: number): Buffer {
  let { end } = range;
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
export function parseValue(line: LdifLine, start: number, readUrl: ReadUrl | undefined): Buffer {
  const { bytes, end } = line;
  const kind = start < end ? bytes[start] : undefined;
  let at = kind === COLON || kind === LESS ? start + 1 : start;
  while (at < end && bytes[at] === SPACE) at += 1;
  if (kind === COLON) return decodeBase64(line, at);
  if (kind !== LESS) return bytes.subarray(at, end);
  if (readUrl === undefined) throw new LdifError("Values from URLs are not read here", line.line);
  return readUrl(bytes.toString("utf8", at, end));
}

/** Names seen last, by a number made of their bytes: a file has few. */
const NAMES: (Name | undefined)[] = Array.from({ length: 256 }, () => undefined);

function nameAt(bytes: Buffer, start: number, end: number): Name {
  const length = end - start;
  const slot = (length * 37 + bytes[start]! * 5 + bytes[end - 1]!) & 0xff;
  const known = NAMES[slot];
  if (known !== undefined && isText(bytes, start, end, known.text)) return known;
  const text = bytes.toString("latin1", start, end);
  const name = { text, lowerCase: text.toLowerCase() };
  if (length <= NAME_BYTES_MAX) NAMES[slot] = name;
  return name;
}

/** Of names that are remembered. */
const NAME_BYTES_MAX = 64;

function isText(bytes: Buffer, start: number, end: number, text: string): boolean {
  if (text.length !== end - start) return false;
  for (let i = start; i < end; i += 1) if (text.charCodeAt(i - start) !== bytes[i]) return false;
  return true;
}

/** @throws LdifError */
export function parseLine(line: LdifLine, readUrl: ReadUrl | undefined): NamedValue {
  const { bytes, start, end } = line;
  let colon = start;
  let isName = true;
  for (; colon < end && bytes[colon] !== COLON; colon += 1) {
    const byte = bytes[colon]!;
    if (byte <= SPACE || byte >= 0x7f) isName = false;
  }
  if (colon === start || colon === end)
    throw new LdifError("Line has no attribute name and colon", line.line);
  if (!isName) throw new LdifError("Attribute name has a wrong character", line.line);
  return { name: nameAt(bytes, start, colon), value: parseValue(line, colon + 1, readUrl) };
}

/** The value as text.
 *  @throws LdifError unless it is UTF-8 */
export function textOf(value: Buffer, line: number): string {
  if (!isUtf8(value)) throw new LdifError("Text is not UTF-8", line);
  return value.toString("utf8");
}
