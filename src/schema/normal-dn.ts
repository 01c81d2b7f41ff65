// Text form of normal DNs, apart from what needs the schema (schema.ts puts the parts together).
//
// A normal DN is `type=value` parts joined by `+` within an RDN (sorted) and by `,` between RDNs, leaf first. Types are keys of
// attribute types. Values are equality normal forms in which each of , + " \ < > ; = #, each control byte, a blank at either
// end, and every byte beyond ASCII of a value that is not UTF-8, is written `\xx`. So a raw `,`, `+` or `=` is a separator and
// ancestor tests are string tests.
import { isUtf8 } from "node:buffer";

const COMMA = 0x2c;
const EQUALS = 0x3d;

/** 1 for each ASCII byte that is written as a hex pair. */
const ESCAPED = new Uint8Array(128);
for (let byte = 0; byte < 0x20; byte += 1) ESCAPED[byte] = 1;
ESCAPED[0x7f] = 1;
for (const character of ',+"\\<>;=#') ESCAPED[character.charCodeAt(0)] = 1;

const hexPair = (byte: number): string => `\\${byte.toString(16).padStart(2, "0")}`;

/** Where a range of DN text that is one assertion in its simplest form has its `=`: a type and a value, neither empty, without
 *  blanks and without anything that a DN escapes or that separates. -1: it is something else. */
export function plainAssertion(text: string, end: number): number {
  let equals = -1;
  for (let i = 0; i < end; i += 1) {
    const code = text.charCodeAt(i);
    if (code === EQUALS && equals < 0) equals = i;
    else if (code <= 0x20 || ESCAPED[code] !== 0) return -1;
  }
  return equals > 0 && equals < end - 1 ? equals : -1;
}

/** The value part of a normal assertion. */
export function escapeNormalValue(form: Buffer): string {
  const last = form.length - 1;
  let plain = last < 0 || (form[0] !== 0x20 && form[last] !== 0x20);
  let ascii = true;
  for (let i = 0; i <= last; i += 1) {
    const byte = form[i]!;
    if (byte >= 0x80) ascii = false;
    else if (ESCAPED[byte] === 1) plain = false;
  }
  if (plain && ascii) return form.toString("latin1");
  const utf8 = ascii || isUtf8(form);
  if (plain && utf8) return form.toString("utf8");
  return utf8 ? escapeText(form.toString("utf8")) : escapeBytes(form);
}

function escapeText(text: string): string {
  let out = "";
  const last = text.length - 1;
  for (let i = 0; i <= last; i += 1) {
    const code = text.charCodeAt(i);
    const escaped =
      code < 0x80 && (ESCAPED[code] === 1 || (code === 0x20 && (i === 0 || i === last)));
    out += escaped ? hexPair(code) : text[i]!;
  }
  return out;
}

function escapeBytes(form: Buffer): string {
  let out = "";
  const last = form.length - 1;
  for (let i = 0; i <= last; i += 1) {
    const byte = form[i]!;
    const escaped =
      byte >= 0x80 || ESCAPED[byte] === 1 || (byte === 0x20 && (i === 0 || i === last));
    out += escaped ? hexPair(byte) : String.fromCharCode(byte);
  }
  return out;
}

/** The normal DN of the parent; the empty text for a DN of one RDN, undefined for the empty DN. */
export function normalParent(normalDn: string): string | undefined {
  if (normalDn === "") return undefined;
  const comma = normalDn.indexOf(",");
  return comma < 0 ? "" : normalDn.slice(comma + 1);
}

/** The normal RDN of the leaf; the empty text for the empty DN. */
export function rdnKey(normalDn: string): string {
  const comma = normalDn.indexOf(",");
  return comma < 0 ? normalDn : normalDn.slice(0, comma);
}

/** Whether `normalDn` lies strictly below `normalAncestor`; everything but itself lies below the empty DN. */
export function isBelow(normalDn: string, normalAncestor: string): boolean {
  const extra = normalDn.length - normalAncestor.length;
  if (normalAncestor === "") return extra > 0;
  return extra > 1 && normalDn.charCodeAt(extra - 1) === COMMA && normalDn.endsWith(normalAncestor);
}

/** Number of RDNs. */
export function normalDepth(normalDn: string): number {
  if (normalDn === "") return 0;
  let depth = 1;
  for (let i = 0; i < normalDn.length; i += 1) if (normalDn.charCodeAt(i) === COMMA) depth += 1;
  return depth;
}
