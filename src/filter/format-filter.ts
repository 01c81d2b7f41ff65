// The string form of a filter (RFC 4515): for logs, LDAP URLs and configuration. parseFilter reads it back to an equal
// filter, whatever bytes the values hold.
import { isUtf8 } from "node:buffer";
import type { Filter } from "../protocol/index.ts";

/** Bytes that may not stand for themselves: NUL ( ) * \ by the grammar, other control bytes so that a log line stays one
 *  line. */
function needsEscape(byte: number): boolean {
  return (
    byte < 0x20 || byte === 0x28 || byte === 0x29 || byte === 0x2a || byte === 0x5c || byte === 0x7f
  );
}

/** Nothing but ASCII that stands for itself, as nearly all values are. */
function isPlain(value: Buffer): boolean {
  for (let at = 0; at < value.length; at += 1) {
    const byte = value[at]!;
    if (byte >= 0x80 || needsEscape(byte)) return false;
  }
  return true;
}

function hexPair(byte: number): string {
  return `\\${byte.toString(16).padStart(2, "0")}`;
}

/** An assertion value as it stands in a filter text. */
export function formatFilterValue(value: Buffer): string {
  if (isPlain(value)) return value.toString("latin1");
  const keepsHighBytes = isUtf8(value);
  let text = "";
  let start = 0;
  for (let at = 0; at < value.length; at += 1) {
    const byte = value.readUInt8(at);
    if (!needsEscape(byte) && (byte < 0x80 || keepsHighBytes)) continue;
    text += value.toString("utf8", start, at) + hexPair(byte);
    start = at + 1;
  }
  return text + value.toString("utf8", start);
}

/** The text of a filter.*/
export function formatFilter(filter: Filter): string {
  switch (filter.type) {
    case "and":
      return `(&${filter.filters.map(formatFilter).join("")})`;
    case "or":
      return `(|${filter.filters.map(formatFilter).join("")})`;
    case "not":
      return `(!${formatFilter(filter.filter)})`;
    case "equality":
      return `(${filter.attribute}=${formatFilterValue(filter.value)})`;
    case "greaterOrEqual":
      return `(${filter.attribute}>=${formatFilterValue(filter.value)})`;
    case "lessOrEqual":
      return `(${filter.attribute}<=${formatFilterValue(filter.value)})`;
    case "approx":
      return `(${filter.attribute}~=${formatFilterValue(filter.value)})`;
    case "present":
      return `(${filter.attribute}=*)`;
    case "substrings": {
      const initial = filter.initial === undefined ? "" : formatFilterValue(filter.initial);
      const final = filter.final === undefined ? "" : formatFilterValue(filter.final);
      const pieces = [initial, ...filter.any.map(formatFilterValue), final];
      return `(${filter.attribute}=${pieces.join("*")})`;
    }
    case "extensible": {
      const dn = filter.dnAttributes ? ":dn" : "";
      const rule = filter.rule === undefined ? "" : `:${filter.rule}`;
      return `(${filter.attribute ?? ""}${dn}${rule}:=${formatFilterValue(filter.value)})`;
    }
  }
}
