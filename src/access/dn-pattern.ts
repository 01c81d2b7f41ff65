// DNs with asterisks, as targets and userdn use them: an asterisk stands for any text, also across RDNs
// (389: `uid=*,ou=t,dc=x` matches `uid=d,cn=inner,ou=t,dc=x`). A pattern without an asterisk is a DN.
//
// The text between asterisks is brought into the normal form of DNs piece by piece: where an RDN can be read, its values
// are normalized with a mark in the place of each asterisk; an RDN that cannot be read (`*`, `*uid=c*`) is only lowered.
import { DnSyntaxError, parseRdn } from "../dn/index.ts";
import type { Schema } from "../schema/index.ts";
import { normalParent } from "../schema/index.ts";

/** Takes the place of an asterisk while values are normalized: letters that all rules of text keep. */
const MARK = "qqasteriskqq";

export interface DnPattern {
  /** The normal text cut at its asterisks; one element: an exact DN. */
  readonly pieces: readonly string[];
}

export function isExact(pattern: DnPattern): boolean {
  return pattern.pieces.length === 1;
}

/** Splits at commas (or semicolons) that are not escaped and not within quotes. */
function splitRdns(text: string): string[] {
  const rdns: string[] = [];
  let start = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character === "\\") at += 1;
    else if (character === '"') isQuoted = !isQuoted;
    else if (!isQuoted && (character === "," || character === ";")) {
      rdns.push(text.slice(start, at));
      start = at + 1;
    }
  }
  rdns.push(text.slice(start));
  return rdns;
}

function normalizePatternRdn(text: string, schema: Schema): string {
  // An escaped asterisk (`\2a`) stands for itself and is no part of this text yet.
  const marked = text.replaceAll("*", MARK);
  try {
    return schema.normalizeRdn(parseRdn(marked)).replaceAll(MARK, "*");
  } catch (error) {
    if (!(error instanceof DnSyntaxError)) throw error;
    return text.trim().toLowerCase();
  }
}

/** The pattern that a text stands for.
 *  @throws DnSyntaxError if a text without asterisks is no DN */
export function parseDnPattern(text: string, schema: Schema): DnPattern {
  if (!text.includes("*")) return { pieces: [schema.normalizeDnText(text)] };
  const normal = splitRdns(text)
    .map((rdn) => normalizePatternRdn(rdn, schema))
    .join(",");
  return { pieces: normal.split("*") };
}

/** Is the text made of the pieces, in order, with any text between them? */
export function matchesPieces(text: string, pieces: readonly string[]): boolean {
  const first = pieces[0] ?? "";
  const last = pieces.at(-1) ?? "";
  if (pieces.length === 1) return text === first;
  const end = text.length - last.length;
  if (first.length > end || !text.startsWith(first) || !text.endsWith(last)) return false;
  let start = first.length;
  for (let i = 1; i < pieces.length - 1; i += 1) {
    const piece = pieces[i] ?? "";
    const found = text.indexOf(piece, start);
    if (found < 0 || found + piece.length > end) return false;
    start = found + piece.length;
  }
  return true;
}

/** Does the pattern match this DN? */
export function matchesDn(pattern: DnPattern, normalDn: string): boolean {
  return matchesPieces(normalDn, pattern.pieces);
}

/** Does the pattern match this DN or one of its ancestors? A target is an entry with all below it. */
export function matchesTree(pattern: DnPattern, normalDn: string): boolean {
  let dn: string | undefined = normalDn;
  for (; dn !== undefined; dn = normalParent(dn)) {
    if (matchesPieces(dn, pattern.pieces)) return true;
  }
  return false;
}
