// The index keys of an attribute's values.
//
// Substring keys are the trigrams of the substring rule's form of a value, between markers:
//
//   BEGIN  form  END        "Ann" under caseIgnoreSubstringsMatch: the form is " ann ", the keys
//                           BEGIN " " a · " " a n · a n n · n n " " · n " " END
//
// An asserted piece is cut likewise, with the marker of its side, so that even a piece of one letter at the beginning or end
// has a key. A marker may occur in a value too; that adds false candidates and loses none.

import type { AttributeType, SubstringPosition } from "../schema/index.ts";
import {
  equalityIsOrdered,
  type IndexDefinition,
  type IndexKind,
  keyPrefix,
  keyValue,
  kindRule,
} from "./index-key.ts";

const BEGIN_CODE = 2;
const END_CODE = 3;
export const TRIGRAM_BYTES = 3;
const TRIGRAM_MASK = 0xff_ffff;

/** Keys (without tag) for tests and checks: kind code and value of each, one character a byte, without duplicates. */
export function keysOf(
  type: AttributeType,
  kinds: ReadonlySet<IndexKind>,
  values: readonly Buffer[],
): Set<string> {
  const keys = new Set<string>();
  collectKeys({ type, tag: 0, kinds }, values, (key) => keys.add(key.slice(2)));
  return keys;
}

/** Calls `add` with the keys of all values, duplicates included. */
export function collectKeys(
  index: IndexDefinition,
  values: readonly Buffer[],
  add: (key: string) => void,
): void {
  collectPlainKeys(index, values, (prefix, value) => add(prefix + value));
  if (index.kinds.has("substring")) collectTrigrams(index, values, add);
}

/** All but the substring keys, each in its two parts: what is common to those of its kind, and the value. */
export function collectPlainKeys(
  index: IndexDefinition,
  values: readonly Buffer[],
  add: (prefix: string, value: string) => void,
): void {
  if (values.length === 0) return;
  for (const kind of index.kinds) {
    if (kind === "presence") add(keyPrefix(index.tag, kind), "");
    else if (kind === "substring") continue;
    else if (kind === "equality" || !isCoveredByEquality(index)) {
      collectForms(index, { kind, values, add });
    }
  }
}

/** Whether ranges are read from the equality keys, so that the ordering kind stores none. */
export function isCoveredByEquality(index: Pick<IndexDefinition, "type" | "kinds">): boolean {
  return index.kinds.has("equality") && equalityIsOrdered(index.type);
}

function collectForms(
  index: IndexDefinition,
  work: {
    readonly kind: IndexKind;
    readonly values: readonly Buffer[];
    readonly add: (prefix: string, value: string) => void;
  },
): void {
  const rule = kindRule(index.type, work.kind);
  if (rule === undefined) return;
  const prefix = keyPrefix(index.tag, work.kind);
  for (const value of work.values) {
    const normal = rule.normalize(value);
    if (normal !== undefined) work.add(prefix, keyValue(normal).text);
  }
}

function collectTrigrams(
  index: IndexDefinition,
  values: readonly Buffer[],
  add: (key: string) => void,
): void {
  const prefix = keyPrefix(index.tag, "substring");
  const keys = { add: (code: number) => add(prefix + trigramText(code)) };
  collectTrigramCodes(index.type, values, keys, 0);
}

/** The trigrams of all values of an entry as 24-bit numbers, duplicates included: what building in bulk is busiest with. */
export function collectTrigramCodes(
  type: AttributeType,
  values: readonly Buffer[],
  to: { add(code: number, id: number): unknown },
  id: number,
): void {
  const rule = kindRule(type, "substring");
  if (rule === undefined) return;
  for (const value of values) {
    const form = rule.normalize(value);
    if (form === undefined || form.length === 0) continue;
    let code = (BEGIN_CODE << 8) | form[0]!;
    for (let i = 1; i < form.length; i += 1) {
      code = ((code << 8) | form[i]!) & TRIGRAM_MASK;
      to.add(code, id);
    }
    to.add(((code << 8) | END_CODE) & TRIGRAM_MASK, id);
  }
}

export function trigramText(code: number): string {
  return String.fromCharCode(code >> 16, (code >> 8) & 0xff, code & 0xff);
}

/** What is looked for: the normal form of an asserted part, and where it stands. */
export interface Piece {
  readonly form: Buffer;
  readonly position: SubstringPosition;
}

/** Of the piece with the marker of its side. */
export function markedLength({ form, position }: Piece): number {
  return position === "any" ? form.length : form.length + 1;
}

function markedByte({ form, position }: Piece, at: number): number {
  if (position !== "initial") return at < form.length ? form[at]! : END_CODE;
  return at === 0 ? BEGIN_CODE : form[at - 1]!;
}

/** The trigram that begins at `at` of the marked piece. */
export function trigramAt(piece: Piece, at: number): number {
  return (
    (markedByte(piece, at) << 16) | (markedByte(piece, at + 1) << 8) | markedByte(piece, at + 2)
  );
}

/** The marked piece, one character a byte. */
export function markedText(piece: Piece): string {
  const codes = Array.from({ length: markedLength(piece) }, (_, at) => markedByte(piece, at));
  return String.fromCharCode(...codes);
}
