// Filters as they travel (RFC 4511 §4.5.1.7); (&) and (|) are legal (RFC 4526).
//
// Attribute descriptions and rules are taken as they come, bad UTF-8 included: what no schema knows
// is Undefined when the filter is evaluated, not an error. The same holds for a choice this server
// does not know.
import type { BerReader, BerWriter } from "../ber/index.ts";
import { BerError, TAG_SEQUENCE } from "../ber/index.ts";
import type { Filter } from "./messages.ts";
import { ProtocolError } from "./protocol-error.ts";
import {
  TAG_EXTENSIBLE_DN_ATTRIBUTES,
  TAG_EXTENSIBLE_RULE,
  TAG_EXTENSIBLE_TYPE,
  TAG_EXTENSIBLE_VALUE,
  TAG_FILTER_AND,
  TAG_FILTER_APPROX,
  TAG_FILTER_EQUALITY,
  TAG_FILTER_EXTENSIBLE,
  TAG_FILTER_GREATER_OR_EQUAL,
  TAG_FILTER_LESS_OR_EQUAL,
  TAG_FILTER_NOT,
  TAG_FILTER_OR,
  TAG_FILTER_PRESENT,
  TAG_FILTER_SUBSTRINGS,
  TAG_SUBSTRING_ANY,
  TAG_SUBSTRING_FINAL,
  TAG_SUBSTRING_INITIAL,
} from "./tags.ts";

/** What an unrecognised filter choice becomes: a match by a rule that nobody has, which is
 *  Undefined for every entry. */
export const UNDEFINED_FILTER: Filter = {
  type: "extensible",
  rule: "",
  attribute: undefined,
  value: Buffer.alloc(0),
  dnAttributes: false,
};

const ASSERTION_TAGS = {
  equality: TAG_FILTER_EQUALITY,
  greaterOrEqual: TAG_FILTER_GREATER_OR_EQUAL,
  lessOrEqual: TAG_FILTER_LESS_OR_EQUAL,
  approx: TAG_FILTER_APPROX,
} as const;

/** Reads a filter with at most `depthMax` nested and, or, not.
 *  @throws BerError · ProtocolError unwillingToPerform if it is nested deeper */
export function readFilter(reader: BerReader, depthMax: number): Filter {
  const tag = reader.peekTag();
  switch (tag) {
    case TAG_FILTER_AND:
      return { type: "and", filters: readFilterSet(reader, tag, depthMax) };
    case TAG_FILTER_OR:
      return { type: "or", filters: readFilterSet(reader, tag, depthMax) };
    case TAG_FILTER_NOT: {
      checkDepth(reader, depthMax);
      reader.enter(TAG_FILTER_NOT);
      const filter = readFilter(reader, depthMax - 1);
      reader.leave();
      return { type: "not", filter };
    }
    case TAG_FILTER_EQUALITY:
      return readAssertion(reader, tag, "equality");
    case TAG_FILTER_GREATER_OR_EQUAL:
      return readAssertion(reader, tag, "greaterOrEqual");
    case TAG_FILTER_LESS_OR_EQUAL:
      return readAssertion(reader, tag, "lessOrEqual");
    case TAG_FILTER_APPROX:
      return readAssertion(reader, tag, "approx");
    case TAG_FILTER_SUBSTRINGS:
      return readSubstrings(reader);
    case TAG_FILTER_PRESENT:
      return { type: "present", attribute: reader.readText(TAG_FILTER_PRESENT) };
    case TAG_FILTER_EXTENSIBLE:
      return readExtensible(reader);
    default:
      if ((tag & 0xc0) !== 0x80) throw new BerError("filter expected", reader.position);
      reader.skip();
      return UNDEFINED_FILTER;
  }
}

function checkDepth(reader: BerReader, depthMax: number): void {
  if (depthMax > 0) return;
  throw new ProtocolError("Filter is nested too deeply", {
    code: "unwillingToPerform",
    offset: reader.position,
  });
}

function readFilterSet(reader: BerReader, tag: number, depthMax: number): Filter[] {
  checkDepth(reader, depthMax);
  const filters: Filter[] = [];
  reader.enter(tag);
  while (reader.hasMore()) filters.push(readFilter(reader, depthMax - 1));
  reader.leave();
  return filters;
}

function readAssertion(reader: BerReader, tag: number, type: keyof typeof ASSERTION_TAGS): Filter {
  reader.enter(tag);
  const attribute = reader.readText();
  const value = reader.readOctets();
  reader.leave();
  return { type, attribute, value };
}

/** Initial only first, final only last, no empty piece, at least one piece. */
function readSubstrings(reader: BerReader): Filter {
  reader.enter(TAG_FILTER_SUBSTRINGS);
  const attribute = reader.readText();
  let initial: Buffer | undefined;
  let final: Buffer | undefined;
  const any: Buffer[] = [];
  reader.enter(TAG_SEQUENCE);
  const start = reader.position;
  if (!reader.hasMore()) throw new BerError("substrings without a piece", start);
  while (reader.hasMore()) {
    const tag = reader.peekTag();
    const at = reader.position;
    if (final !== undefined) throw new BerError("substring behind the final one", at);
    if (tag === TAG_SUBSTRING_INITIAL && at !== start) {
      throw new BerError("initial substring is not the first", at);
    }
    if (tag < TAG_SUBSTRING_INITIAL || tag > TAG_SUBSTRING_FINAL) {
      throw new BerError("substring expected", at);
    }
    const piece = reader.readOctets(tag);
    if (piece.length === 0) throw new BerError("empty substring", at);
    if (tag === TAG_SUBSTRING_INITIAL) initial = piece;
    else if (tag === TAG_SUBSTRING_ANY) any.push(piece);
    else final = piece;
  }
  reader.leave();
  reader.leave();
  return { type: "substrings", attribute, initial, any, final };
}

function readExtensible(reader: BerReader): Filter {
  reader.enter(TAG_FILTER_EXTENSIBLE);
  const start = reader.position;
  const rule =
    reader.peekTag() === TAG_EXTENSIBLE_RULE ? reader.readText(TAG_EXTENSIBLE_RULE) : undefined;
  const attribute =
    reader.peekTag() === TAG_EXTENSIBLE_TYPE ? reader.readText(TAG_EXTENSIBLE_TYPE) : undefined;
  const value = reader.readOctets(TAG_EXTENSIBLE_VALUE);
  const dnAttributes =
    reader.peekTag() === TAG_EXTENSIBLE_DN_ATTRIBUTES
      ? reader.readBoolean(TAG_EXTENSIBLE_DN_ATTRIBUTES)
      : false;
  reader.leave();
  if (rule === undefined && attribute === undefined) {
    throw new BerError("extensible match without rule and attribute", start);
  }
  return { type: "extensible", rule, attribute, value, dnAttributes };
}

export function writeFilter(writer: BerWriter, filter: Filter): void {
  switch (filter.type) {
    case "and":
    case "or":
      writer.start(filter.type === "and" ? TAG_FILTER_AND : TAG_FILTER_OR);
      for (const part of filter.filters) writeFilter(writer, part);
      writer.end();
      return;
    case "not":
      writer.start(TAG_FILTER_NOT);
      writeFilter(writer, filter.filter);
      writer.end();
      return;
    case "equality":
    case "greaterOrEqual":
    case "lessOrEqual":
    case "approx":
      writer.start(ASSERTION_TAGS[filter.type]);
      writer.writeText(filter.attribute);
      writer.writeOctets(filter.value);
      writer.end();
      return;
    case "substrings":
      writeSubstrings(writer, filter);
      return;
    case "present":
      writer.writeText(filter.attribute, TAG_FILTER_PRESENT);
      return;
    case "extensible":
      writer.start(TAG_FILTER_EXTENSIBLE);
      if (filter.rule !== undefined) writer.writeText(filter.rule, TAG_EXTENSIBLE_RULE);
      if (filter.attribute !== undefined) writer.writeText(filter.attribute, TAG_EXTENSIBLE_TYPE);
      writer.writeOctets(filter.value, TAG_EXTENSIBLE_VALUE);
      if (filter.dnAttributes) writer.writeBoolean(true, TAG_EXTENSIBLE_DN_ATTRIBUTES);
      writer.end();
      return;
  }
}

function writeSubstrings(writer: BerWriter, filter: Extract<Filter, { type: "substrings" }>): void {
  writer.start(TAG_FILTER_SUBSTRINGS);
  writer.writeText(filter.attribute);
  writer.start();
  if (filter.initial !== undefined) writer.writeOctets(filter.initial, TAG_SUBSTRING_INITIAL);
  for (const piece of filter.any) writer.writeOctets(piece, TAG_SUBSTRING_ANY);
  if (filter.final !== undefined) writer.writeOctets(filter.final, TAG_SUBSTRING_FINAL);
  writer.end();
  writer.end();
}
