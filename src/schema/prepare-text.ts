// String preparation for matching (RFC 4518), as normal forms of bytes.
//
//   value form      words separated by one blank, none at the ends; a value of blanks alone is one blank
//   target form     what substring parts are looked for in: one blank at each end, two between words (RFC 4518 §2.6.1)
//   part form       RFC 4518 §2.6.1 for initial, any and final parts
//
// ASCII takes a path over bytes (tables below); everything else goes through strings. Differences from the RFC, on purpose:
// code points assigned after Unicode 3.2 are allowed, and bidirectional text is not checked.
import { isUtf8 } from "node:buffer";
import type { EqualsAt, KeepsText, SubstringPosition } from "./types.ts";

const SPACE = 0x20;
const HYPHEN = 0x2d;
/** Table entry: the byte is mapped to nothing. No ASCII byte, so that no byte can be mistaken for mapped to itself. */
const DROPPED = 0xff;

/** Which insignificant characters leave the string altogether (RFC 4518 §2.6.2, §2.6.3); "none": blanks are squeezed. */
export type Removal = "none" | "spaces" | "spacesAndHyphens";

export interface Preparation {
  readonly fold: boolean;
  readonly removal: Removal;
}

function asciiTable(preparation: Preparation): Uint8Array {
  const table = new Uint8Array(128);
  for (let byte = 0; byte < 128; byte += 1) {
    let mapped = byte;
    if (byte >= 0x09 && byte <= 0x0d) mapped = SPACE;
    else if (byte < SPACE || byte === 0x7f) mapped = DROPPED;
    else if (preparation.fold && byte >= 0x41 && byte <= 0x5a) mapped = byte + 0x20;
    if (preparation.removal !== "none" && mapped === SPACE) mapped = DROPPED;
    if (preparation.removal === "spacesAndHyphens" && mapped === HYPHEN) mapped = DROPPED;
    table[byte] = mapped;
  }
  return table;
}

const TO_NOTHING =
  /[\u0000-\u0008\u000e-\u001f\u007f-\u0084\u0086-\u009f\u00ad\u034f\u06dd\u070f\u1806\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2063\u206a-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffc\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]/gu;
const TO_SPACE = /[\u0009-\u000d\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/gu;
/** Unassigned, private use, surrogates, replacement character (RFC 4518 §2.4). */
const PROHIBITED = /[\p{Cn}\p{Co}\p{Cs}\ufffd]/u;
/** A blank that carries a combining mark is no insignificant space. */
const SPACE_WITH_MARK = / (?=\p{M})/gu;
/** Stands in for such a blank while spaces are squeezed; it cannot occur otherwise, being mapped to nothing. */
const MARK_CARRIER = "\u0000";
const HYPHENS = /[-\u058a\u2010\u2011\u2212\ufe63\uff0d]/gu;
/** Folding may undo normalization and the reverse; three rounds suffice for all of Unicode, one more proves it. */
const FOLD_ROUNDS_MAX = 4;

/** Full case folding (RFC 3454 B.2) by way of both case mappings: upper case merges what folding merges (ß and ss, σ and ς),
 *  save that dotless ı must stay apart from i. */
function foldCase(text: string): string {
  if (text.includes("ı")) return text.split("ı").map(foldCase).join("ı");
  return text.toLowerCase().toUpperCase().toLowerCase().replaceAll("ς", "σ");
}

/** Steps 1 to 4 of RFC 4518 for text beyond ASCII. */
function mapText(value: Buffer, preparation: Preparation): string | undefined {
  if (!isUtf8(value)) return undefined;
  let text = value.toString("utf8").replace(TO_SPACE, " ").replace(TO_NOTHING, "");
  if (preparation.fold) {
    for (let round = 0; round < FOLD_ROUNDS_MAX; round += 1) {
      const next = foldCase(text).normalize("NFKC");
      if (next === text) break;
      text = next;
    }
  } else {
    text = text.normalize("NFKC");
  }
  if (PROHIBITED.test(text)) return undefined;
  if (preparation.removal === "spacesAndHyphens") text = text.replace(HYPHENS, "");
  return preparation.removal === "none" ? text : text.replaceAll(" ", "");
}

/** Writes `value` through `table` with blanks squeezed to one between words. */
function squeezeAscii(value: Buffer, table: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(value.length === 0 ? 1 : value.length);
  let at = 0;
  let blank = false;
  for (let i = 0; i < value.length; i += 1) {
    const mapped = table[value[i]!]!;
    if (mapped === DROPPED) continue;
    if (mapped === SPACE) {
      blank = true;
      continue;
    }
    if (blank && at > 0) {
      out[at] = SPACE;
      at += 1;
    }
    blank = false;
    out[at] = mapped;
    at += 1;
  }
  if (at === 0) {
    out[0] = SPACE;
    return out.subarray(0, 1);
  }
  return out.subarray(0, at);
}

/** Whether the value is its own value form; decides most values of a directory without a copy. −1 when not ASCII. */
function isNormalAscii(value: Buffer, table: Uint8Array): 1 | 0 | -1 {
  let blank = true;
  let normal: 1 | 0 = value.length > 0 ? 1 : 0;
  for (let i = 0; i < value.length; i += 1) {
    const byte = value[i]!;
    if (byte >= 0x80) return -1;
    if (byte === SPACE) {
      if (blank) normal = 0;
      blank = true;
    } else {
      blank = false;
    }
    if (table[byte] !== byte) normal = 0;
  }
  return blank ? 0 : normal;
}

function squeezeText(text: string): string {
  const marked = text.replace(SPACE_WITH_MARK, MARK_CARRIER);
  const words = marked.split(" ").filter((word) => word !== "");
  return words.join(" ");
}

const restoreMarks = (text: string): string => text.replaceAll(MARK_CARRIER, " ");

/** What the difference in the ASCII character at `at` tells: that the forms differ, unless the character next to it may combine
 *  with it (beyond ASCII, perhaps behind what is dropped). */
function differsAt(
  bytes: Uint8Array,
  at: number,
  end: number,
  table: Uint8Array,
): false | undefined {
  let next = at + 1;
  while (next < end && bytes[next]! < 0x80 && table[bytes[next]!] === DROPPED) next += 1;
  return next < end && bytes[next]! >= 0x80 ? undefined : false;
}

const BOTH_ENDS = { leads: true, trails: true };

/** The three normal forms for one kind of preparation. */
export interface TextPreparer {
  /** undefined: not UTF-8, or with prohibited characters. May share memory with `value`. */
  prepareValue(value: Buffer): Buffer | undefined;
  prepareTarget(value: Buffer): Buffer | undefined;
  preparePart(part: Buffer, position: SubstringPosition): Buffer | undefined;
  /** Whether `bytes[start, end)` has this value form; undefined: it is not ASCII, and has to be prepared to know. */
  equalsAt: EqualsAt;
  /** Whether each character of a range of a text is ASCII and stands for itself wherever it is; blanks do not. */
  keepsText: KeepsText;
  /** What the value form begins with if the target form begins with this form of an initial part. */
  valuePrefix(part: Buffer): Buffer;
}

export function textPreparer(preparation: Preparation): TextPreparer {
  const table = asciiTable(preparation);

  const prepareValue = (value: Buffer): Buffer | undefined => {
    const normal = isNormalAscii(value, table);
    if (normal === 1) return value;
    if (normal === 0) return squeezeAscii(value, table);
    const text = mapText(value, preparation);
    if (text === undefined) return undefined;
    const squeezed = restoreMarks(squeezeText(text));
    return Buffer.from(squeezed === "" ? " " : squeezed, "utf8");
  };

  const equalsAt: EqualsAt = (bytes, start, end, form) => {
    let at = 0;
    let blank = false;
    for (let i = start; i < end; i += 1) {
      const byte = bytes[i]!;
      if (byte >= 0x80) return undefined;
      const mapped = table[byte]!;
      if (mapped === DROPPED) continue;
      if (mapped === SPACE) {
        blank = true;
        continue;
      }
      if (blank && at > 0) {
        if (form[at] !== SPACE) return differsAt(bytes, i, end, table);
        at += 1;
      }
      blank = false;
      if (form[at] !== mapped) return differsAt(bytes, i, end, table);
      at += 1;
    }
    if (at === 0) return form.length === 1 && form[0] === SPACE;
    return at === form.length;
  };

  const keepsText: KeepsText = (text, start, end) => {
    for (let i = start; i < end; i += 1) {
      const code = text.charCodeAt(i);
      if (code === SPACE || table[code] !== code) return false;
    }
    return true;
  };

  if (preparation.removal !== "none") {
    return {
      equalsAt,
      keepsText,
      prepareValue,
      prepareTarget: prepareValue,
      preparePart: (part) => prepareValue(part),
      valuePrefix: (part) => part,
    };
  }

  const prepareTarget = (value: Buffer): Buffer | undefined => {
    const form = wideAscii(value, table, BOTH_ENDS);
    if (form !== undefined) return form.length === 1 ? Buffer.from("  ") : form;
    const text = mapText(value, preparation);
    if (text === undefined) return undefined;
    const words = squeezeText(text).split(" ");
    return Buffer.from(restoreMarks(` ${words.join("  ")} `), "utf8");
  };

  const preparePart = (part: Buffer, position: SubstringPosition): Buffer | undefined => {
    const form = wideAscii(part, table, {
      leads: position === "initial",
      trails: position === "final",
    });
    if (form !== undefined) return form;
    const mapped = mapText(part, preparation);
    return mapped === undefined ? undefined : Buffer.from(partForm(mapped, position), "utf8");
  };

  return { prepareValue, prepareTarget, preparePart, equalsAt, keepsText, valuePrefix: narrow };
}

/** ASCII with two blanks between words, and one at an end that has some or where `ends` asks for one; undefined if it is not ASCII.
 *  Nothing but blanks is one blank. */
function wideAscii(
  text: Buffer,
  table: Uint8Array,
  ends: { readonly leads: boolean; readonly trails: boolean },
): Buffer | undefined {
  const out = Buffer.allocUnsafe(2 * text.length + 2);
  let at = 0;
  let blank = ends.leads;
  for (let i = 0; i < text.length; i += 1) {
    const byte = text[i]!;
    if (byte >= 0x80) return undefined;
    const mapped = table[byte]!;
    if (mapped === DROPPED) continue;
    if (mapped === SPACE) {
      blank = true;
      continue;
    }
    if (blank && at > 0) {
      out[at] = SPACE;
      at += 1;
    }
    if (blank) {
      out[at] = SPACE;
      at += 1;
    }
    blank = false;
    out[at] = mapped;
    at += 1;
  }
  if (at === 0 || blank || ends.trails) {
    out[at] = SPACE;
    at += 1;
  }
  return out.subarray(0, at);
}

/** The value form that a target form with this beginning begins with. A blank at its end may be one of two, or the last of all. */
function narrow(part: Buffer): Buffer {
  const out = Buffer.allocUnsafe(part.length);
  let length = 0;
  let wordEnd = 0;
  for (let i = 1; i < part.length; i += 1) {
    const byte = part[i]!;
    out[length] = byte;
    length += 1;
    if (byte !== SPACE) wordEnd = length;
    else if (part[i + 1] === SPACE) i += 1;
  }
  return out.subarray(0, wordEnd);
}

function partForm(mapped: string, position: SubstringPosition): string {
  const marked = mapped.replace(SPACE_WITH_MARK, MARK_CARRIER);
  const words = squeezeText(marked).split(" ");
  if (words.length === 1 && words[0] === "") return " ";
  const leads = position === "initial" || marked.startsWith(" ");
  const trails = position === "final" || marked.endsWith(" ");
  return restoreMarks(`${leads ? " " : ""}${words.join("  ")}${trails ? " " : ""}`);
}
