// String form of DNs (RFC 4514 §2), always the character form, also for numeric OIDs: every reader of DNs takes it, and 389
// does not decode the `#` form. Bytes that are not UTF-8 are written as hex pairs.
import { isUtf8 } from "node:buffer";
import type { Ava, Dn, Rdn } from "./dn.ts";

const hexPair = (byte: number): string => `\\${byte.toString(16).padStart(2, "0")}`;

/** `" + , ; < > \` are escaped by a backslash, control bytes as hex pairs so that the text stays on one line. */
function needsEscape(code: number): boolean {
  return (
    code < 0x20 ||
    code === 0x22 ||
    code === 0x2b ||
    code === 0x2c ||
    code === 0x3b ||
    code === 0x3c ||
    code === 0x3e ||
    code === 0x5c ||
    code === 0x7f
  );
}

/** Whether the value stands as it is: plain ASCII without anything to escape. */
function isPlain(value: Buffer): boolean {
  const last = value.length - 1;
  for (let i = 0; i <= last; i += 1) {
    const byte = value[i]!;
    if (byte >= 0x7f || needsEscape(byte)) return false;
    if (byte === 0x20 && (i === 0 || i === last)) return false;
    if (byte === 0x23 && i === 0) return false;
  }
  return true;
}

function formatText(text: string): string {
  let out = "";
  const last = text.length - 1;
  for (let i = 0; i <= last; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) out += hexPair(code);
    else if (needsEscape(code) || (code === 0x20 && (i === 0 || i === last)))
      out += `\\${text[i]!}`;
    else if (code === 0x23 && i === 0) out += "\\#";
    else out += text[i]!;
  }
  return out;
}

function formatBytes(value: Buffer): string {
  let out = "";
  const last = value.length - 1;
  for (let i = 0; i <= last; i += 1) {
    const byte = value[i]!;
    if (byte >= 0x80) out += hexPair(byte);
    else if (byte === 0x20 && i !== 0 && i !== last) out += " ";
    else if (byte === 0x20) out += "\\ ";
    else out += formatText(String.fromCharCode(byte));
  }
  return out;
}

/** The value part of an assertion, escaped. */
export function formatAvaValue(value: Buffer): string {
  if (isPlain(value)) return value.toString("latin1");
  return isUtf8(value) ? formatText(value.toString("utf8")) : formatBytes(value);
}

export const formatAva = (ava: Ava): string => `${ava.type}=${formatAvaValue(ava.value)}`;

export function formatRdn(rdn: Rdn): string {
  return rdn.map(formatAva).join("+");
}

/** No blanks after separators; the empty text for the empty DN. */
export function formatDn(dn: Dn): string {
  return dn.map(formatRdn).join(",");
}
