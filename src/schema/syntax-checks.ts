// Tests of values against the syntaxes of RFC 4517 §3.3 on bytes. The table of syntaxes is in syntaxes.ts.
import { isUtf8 } from "node:buffer";
import { parseDn, DnSyntaxError } from "../dn/index.ts";

const HYPHEN = 0x2d;
const DOT = 0x2e;
const SHARP = 0x23;
const APOSTROPHE = 0x27;

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
const isAlpha = (byte: number): boolean => (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;

/** 1 for each PrintableCharacter (RFC 4517 §3.2): letters, digits, blank and `'()+,-./:=?`. */
const PRINTABLE = new Uint8Array(256);
for (const character of "'()+,-./:=? ") PRINTABLE[character.charCodeAt(0)] = 1;
for (let byte = 0; byte < 128; byte += 1) if (isDigit(byte) || isAlpha(byte)) PRINTABLE[byte] = 1;

export function isPrintable(value: Buffer): boolean {
  for (let i = 0; i < value.length; i += 1) if (PRINTABLE[value[i]!] !== 1) return false;
  return value.length > 0;
}

export function isIa5(value: Buffer): boolean {
  for (let i = 0; i < value.length; i += 1) if (value[i]! >= 0x80) return false;
  return true;
}

export const isDirectoryString = (value: Buffer): boolean => value.length > 0 && isUtf8(value);

export function isNumericString(value: Buffer): boolean {
  for (let i = 0; i < value.length; i += 1) {
    if (!isDigit(value[i]!) && value[i] !== 0x20) return false;
  }
  return value.length > 0;
}

export function isBoolean(value: Buffer): boolean {
  const text = value.length <= 5 ? value.toString("latin1") : "";
  return text === "TRUE" || text === "FALSE";
}

/** `'0101'B` */
export function isBitString(value: Buffer): boolean {
  const end = value.length - 2;
  if (end < 1 || value[0] !== APOSTROPHE || value[end] !== APOSTROPHE) return false;
  if (value[end + 1] !== 0x42) return false;
  for (let i = 1; i < end; i += 1) if (value[i] !== 0x30 && value[i] !== 0x31) return false;
  return true;
}

/** 8-4-4-4-12 hex digits (RFC 4530 §2.1). */
export function isUuid(value: Buffer): boolean {
  if (value.length !== 36) return false;
  for (let i = 0; i < 36; i += 1) {
    const byte = value[i]!;
    const wantsHyphen = i === 8 || i === 13 || i === 18 || i === 23;
    const isHex = isDigit(byte) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x66);
    if (wantsHyphen ? byte !== HYPHEN : !isHex) return false;
  }
  return true;
}

/** A descriptor: a letter, then letters, digits and hyphens (RFC 4512 §1.4). */
export function isDescriptor(value: Buffer): boolean {
  if (value.length === 0 || !isAlpha(value[0]!)) return false;
  for (let i = 1; i < value.length; i += 1) {
    const byte = value[i]!;
    if (!isAlpha(byte) && !isDigit(byte) && byte !== HYPHEN) return false;
  }
  return true;
}

/** Numbers joined by dots, without leading zeros; at least two (RFC 4512 §1.4). */
export function isNumericOid(value: Buffer): boolean {
  let start = 0;
  let dots = 0;
  for (let i = 0; i <= value.length; i += 1) {
    if (i < value.length && isDigit(value[i]!)) continue;
    if (i < value.length && value[i] !== DOT) return false;
    if (i === start || (i - start > 1 && value[start] === 0x30)) return false;
    if (i < value.length) dots += 1;
    start = i + 1;
  }
  return dots > 0;
}

export const isOid = (value: Buffer): boolean => isDescriptor(value) || isNumericOid(value);

export function isDn(value: Buffer): boolean {
  if (!isUtf8(value)) return false;
  try {
    parseDn(value.toString("utf8"));
    return true;
  } catch (error) {
    if (error instanceof DnSyntaxError) return false;
    throw error;
  }
}

/** Cuts `#'0101'B` off a Name And Optional UID (RFC 4517 §3.3.21). */
export function splitOptionalUid(value: Buffer): { dn: Buffer; uid: Buffer | undefined } {
  const sharp = value.lastIndexOf(SHARP);
  if (sharp >= 0) {
    const uid = value.subarray(sharp + 1);
    if (isBitString(uid)) return { dn: value.subarray(0, sharp), uid };
  }
  return { dn: value, uid: undefined };
}

/** Whether every part between `separator`s (blanks around them apart) passes `test`. */
export function everyPart(
  value: Buffer,
  separator: string,
  test: (part: Buffer) => boolean,
): boolean {
  return value
    .toString("latin1")
    .split(separator)
    .every((part) => test(Buffer.from(part.trim(), "latin1")));
}

const DELIVERY_METHODS: ReadonlySet<string> = new Set([
  "any",
  "mhs",
  "physical",
  "telex",
  "teletex",
  "g3fax",
  "g4fax",
  "ia5",
  "videotex",
  "telephone",
]);

export const isDeliveryMethod = (value: Buffer): boolean =>
  everyPart(value, "$", (part) => DELIVERY_METHODS.has(part.toString("latin1")));

const FAX_PARAMETERS: ReadonlySet<string> = new Set([
  "twodimensional",
  "fineresolution",
  "unlimitedlength",
  "b4length",
  "a3width",
  "b4width",
  "uncompressed",
]);

/** A telephone number and parameters behind `$` (RFC 4517 §3.3.11). */
export function isFacsimileNumber(value: Buffer): boolean {
  const [number, ...parameters] = value.toString("latin1").split("$");
  return (
    isPrintable(Buffer.from(number!, "latin1")) &&
    parameters.every((parameter) => FAX_PARAMETERS.has(parameter.trim().toLowerCase()))
  );
}

/** Terminal and key:value parameters behind `$` (RFC 4517 §3.3.32). */
export function isTeletexTerminal(value: Buffer): boolean {
  const end = value.indexOf(0x24);
  if (!isPrintable(end < 0 ? value : value.subarray(0, end))) return false;
  if (end < 0) return true;
  return /^(\$(graphic|control|misc|page|private):(?:[^$\\]|\\24|\\5[cC])*)+$/s.test(
    value.toString("latin1", end),
  );
}

/** Three printable parts joined by `$` (RFC 4517 §3.3.33). */
export function isTelexNumber(value: Buffer): boolean {
  const parts = value.toString("latin1").split("$");
  return parts.length === 3 && parts.every((part) => isPrintable(Buffer.from(part, "latin1")));
}

/** Lines of UTF-8 joined by `$`, whose backslashes start `\24` or `\5C`; empty lines are taken as 389 takes them. */
export function isPostalAddress(value: Buffer): boolean {
  if (value.length === 0 || !isUtf8(value)) return false;
  return !/\\(?!24|5[cC])/.test(value.toString("utf8"));
}

/** A mailbox type and an IA5 string joined by `$` (RFC 2252 §6.22). */
export function isOtherMailbox(value: Buffer): boolean {
  const dollar = value.indexOf(0x24);
  return dollar > 0 && isPrintable(value.subarray(0, dollar)) && isIa5(value);
}

const UTC_TIME =
  /^\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])[0-5]\d([0-5]\d)?(Z|[-+]\d{4})?$/;
export const isUtcTime = (value: Buffer): boolean =>
  value.length <= 17 && UTC_TIME.test(value.toString("latin1"));

/** `(host,user,domain)` (RFC 2307 §2.4). */
export const isNetgroupTriple = (value: Buffer): boolean =>
  isIa5(value) && /^\([^,()]*,[^,()]*,[^,()]*\)$/.test(value.toString("latin1"));

/** `key=server:path` (RFC 2307 §2.4). */
export const isBootParameter = (value: Buffer): boolean =>
  isIa5(value) && /^[^=:]+=[^:]*:.*$/s.test(value.toString("latin1"));

/** The outermost element of a DER value is a SEQUENCE. */
export const isSequence = (value: Buffer): boolean => value[0] === 0x30;

/** Parts between `*`, as in a filter (RFC 4517 §3.3.30). */
export const isSubstringAssertion = (value: Buffer): boolean =>
  isUtf8(value) && value.includes(0x2a);

/** Scheme, information and value joined by `$` (RFC 3112 §3.1). */
export function isAuthPassword(value: Buffer): boolean {
  const parts = value.toString("latin1").split("$");
  return parts.length === 3 && /^\s*[A-Z0-9\-./_]+\s*$/.test(parts[0]!) && isIa5(value);
}
