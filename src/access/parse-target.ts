// The targets of an access rule: `(keyword = value)` and `(keyword != value)` before the version. Each may stand once;
// all that stand must hold. Macros (`($dn)`, `[$dn]`) are recognized and refused: they are not evaluated yet, and a rule
// that silently matched nothing would be worse than none.
import { DnSyntaxError } from "../dn/index.ts";
import type { Matcher } from "../filter/index.ts";
import {
  compileFilter,
  FilterSyntaxError,
  filterAttributes,
  parseFilter,
} from "../filter/index.ts";
import type { Filter } from "../protocol/index.ts";
import type { Schema } from "../schema/index.ts";
import type { AciScope, Negatable, TargetAttributes, ValueFilter } from "./aci.ts";
import type { Piece } from "./aci-reader.ts";
import { AciSyntaxError, splitPiece, subPiece } from "./aci-reader.ts";
import type { DnPattern } from "./dn-pattern.ts";
import { parseDnPattern } from "./dn-pattern.ts";
import { decodePercent, LOCAL_URL_PREFIX } from "./entry-selector.ts";

export interface ParseContext {
  readonly schema: Schema;
  /** What happens to attribute names that the schema does not define. */
  readonly unknownAttributes: "refuse" | "accept";
}

const MACRO = /\(\$|\[\$|\$dn/i;

export function refuseMacros(piece: Piece): void {
  const found = MACRO.exec(piece.text);
  if (found === null) return;
  throw new AciSyntaxError(
    "expected a value without macros: they are not supported",
    piece.offset + found.index,
  );
}

/** The text behind `ldap:///`. */
export function stripUrlPrefix(piece: Piece): Piece {
  const head = piece.text.slice(0, LOCAL_URL_PREFIX.length);
  if (head.toLowerCase() !== LOCAL_URL_PREFIX) {
    throw new AciSyntaxError(`expected "${LOCAL_URL_PREFIX}"`, piece.offset);
  }
  return subPiece(piece, LOCAL_URL_PREFIX.length);
}

/** A DN, perhaps with asterisks, behind `ldap:///`. */
export function parseDnUrl(piece: Piece, schema: Schema): DnPattern {
  refuseMacros(piece);
  const dn = stripUrlPrefix(piece);
  try {
    return parseDnPattern(decodePercent(dn.text), schema);
  } catch (error) {
    if (!(error instanceof DnSyntaxError)) throw error;
    throw new AciSyntaxError(`expected a DN: ${error.message}`, dn.offset + error.offset);
  }
}

function readFilter(piece: Piece): Filter {
  refuseMacros(piece);
  try {
    return parseFilter(piece.text);
  } catch (error) {
    if (!(error instanceof FilterSyntaxError)) throw error;
    throw new AciSyntaxError(`expected a filter: ${error.message}`, piece.offset + error.offset);
  }
}

export function parseTargetFilter(
  piece: Piece,
  negated: boolean,
  schema: Schema,
): Negatable<Matcher> {
  return { negated, value: compileFilter(readFilter(piece), schema) };
}

const SCOPES: ReadonlyMap<string, AciScope> = new Map([
  ["base", "base"],
  ["onelevel", "onelevel"],
  ["subtree", "subtree"],
  ["subordinate", "subordinate"],
]);

export function parseScope(piece: Piece): AciScope {
  const scope = SCOPES.get(piece.text.toLowerCase());
  if (scope !== undefined) return scope;
  throw new AciSyntaxError("expected base, onelevel, subtree or subordinate", piece.offset);
}

function unknownAttribute(name: string, offset: number): AciSyntaxError {
  const preface =
    `targetattr "${name}" does not exist in schema. ` +
    `Please add attributeTypes "${name}" to schema if necessary. `;
  return new AciSyntaxError("expected an attribute type of the schema", offset, { preface });
}

/** The list of targetattr. */
export function parseTargetAttributes(
  piece: Piece,
  negated: boolean,
  context: ParseContext,
): TargetAttributes {
  let all = false;
  let operational = false;
  const named = new Map<string, (readonly string[])[]>();
  const patterns: string[][] = [];
  const names = piece.text.trim() === "" ? [] : splitPiece(piece, "||");
  for (const name of names) {
    if (name.text === "*") all = true;
    else if (name.text === "+") operational = true;
    else if (name.text.includes("*")) patterns.push(name.text.toLowerCase().split("*"));
    else {
      const [typeName = "", ...options] = name.text.split(";");
      const type = context.schema.attributeType(typeName);
      if (!type.defined && context.unknownAttributes === "refuse") {
        throw unknownAttribute(name.text, name.offset);
      }
      const lowered = options.map((option) => option.toLowerCase());
      const known = named.get(type.key);
      if (known === undefined) named.set(type.key, [lowered]);
      else known.push(lowered);
    }
  }
  return { negated, all, operational, named, patterns };
}

/** The lists of targattrfilters: `add=a:(f) && b:(f), del=a:(f)`. */
export interface ValueFilters {
  readonly add: readonly ValueFilter[];
  readonly delete: readonly ValueFilter[];
}

const OPERATION = /^(add|del|delete)\s*=/i;

export function parseValueFilters(piece: Piece, context: ParseContext): ValueFilters {
  const lists = { add: [] as ValueFilter[], delete: [] as ValueFilter[] };
  let rest = subPiece(piece, 0);
  for (;;) {
    const operation = OPERATION.exec(rest.text);
    if (operation === null) throw new AciSyntaxError('expected "add=" or "del="', rest.offset);
    const kind = operation[1]?.toLowerCase() === "add" ? "add" : "delete";
    rest = subPiece(rest, operation[0].length);
    for (;;) {
      const end = readValueFilter(rest, context, lists[kind]);
      rest = subPiece(rest, end);
      if (!rest.text.startsWith("&&")) break;
      rest = subPiece(rest, 2);
    }
    if (rest.text === "") return lists;
    if (!/^[,;]/.test(rest.text)) {
      throw new AciSyntaxError('expected "&&", a comma or the end', rest.offset);
    }
    rest = subPiece(rest, 1);
  }
}

/** Reads one `attribute:(filter)`; gives the place behind it. */
function readValueFilter(piece: Piece, context: ParseContext, into: ValueFilter[]): number {
  const colon = piece.text.indexOf(":");
  const open = piece.text.indexOf("(");
  if (colon < 0 || open < colon) {
    throw new AciSyntaxError("expected an attribute, a colon and a filter", piece.offset);
  }
  const name = subPiece(piece, 0, colon);
  const type = context.schema.attributeType(name.text);
  if (!type.defined && context.unknownAttributes === "refuse") {
    throw unknownAttribute(name.text, name.offset);
  }
  const end = findClosing(piece, open);
  const filterPiece = subPiece(piece, open, end);
  const filter = readFilter(filterPiece);
  // The filter sees the values of one attribute: it must be about that attribute.
  for (const description of filterAttributes(filter)) {
    const named = context.schema.attributeType(description.split(";", 1)[0] ?? "");
    if (named.key !== type.key) {
      throw new AciSyntaxError(`expected a filter on ${type.name} alone`, filterPiece.offset);
    }
  }
  into.push({ type, matcher: compileFilter(filter, context.schema) });
  return end;
}

/** The place behind the parenthesis that closes the one at `open`. */
function findClosing(piece: Piece, open: number): number {
  let depth = 0;
  for (let at = open; at < piece.text.length; at += 1) {
    const character = piece.text.charAt(at);
    if (character === "(") depth += 1;
    if (character === ")") depth -= 1;
    if (depth === 0) return at + 1;
  }
  throw new AciSyntaxError("expected a closing parenthesis", piece.offset + piece.text.length);
}
