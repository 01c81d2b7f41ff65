// What one filter item asks of the values of an attribute, with the assertion already in normal form. A test knows
// nothing of entries or rights; whether it is TRUE, FALSE or Undefined for an entry is decided in item-matcher.ts.
// A stored value that does not fit the rule (normal form undefined) matches nothing.
import type { RangeTest } from "../entry/index.ts";
import { copyBytes } from "../kv/index.ts";
import type { MatchingRule } from "../schema/index.ts";

export interface ValuesTest {
  matchesAny(values: readonly Buffer[]): boolean;
}

/** The same of one value that lies in the bytes of a record, which may be lent. */
export interface ValueTest extends ValuesTest, RangeTest {
  /** Where comparing in place is not the whole test: what is asked of all values first, because it costs nearly nothing. */
  readonly asSpelled?: RangeTest | undefined;
}

export const PRESENT: ValueTest = {
  matchesAny: (values) => values.length > 0,
  matchesAt: () => true,
};

/** One asserted value. Most stored values are spelled as asserted or have another length, so the bytes are compared
 *  before anything is normalized. */
export class EqualityTest implements ValueTest {
  readonly #rule: MatchingRule;
  readonly #asserted: Buffer;
  readonly #normal: Buffer;
  readonly asSpelled: RangeTest | undefined;

  constructor(rule: MatchingRule, asserted: Buffer, normal: Buffer) {
    this.#rule = rule;
    this.#asserted = asserted;
    this.#normal = normal;
    this.asSpelled = rule.equalsAt === undefined ? new SpellingTest(asserted) : undefined;
  }

  matchesAny(values: readonly Buffer[]): boolean {
    for (const value of values) {
      if (value.equals(this.#asserted)) return true;
    }
    for (const value of values) {
      if (this.#rule.normalize(value)?.equals(this.#normal) === true) return true;
    }
    return false;
  }

  matchesAt(bytes: Buffer, start: number, end: number): boolean {
    const told = this.#rule.equalsAt?.(bytes, start, end, this.#normal);
    if (told !== undefined) return told;
    return this.#rule.normalize(copyBytes(bytes, start, end))?.equals(this.#normal) === true;
  }
}

/** The very bytes. */
class SpellingTest implements RangeTest {
  readonly #value: Buffer;

  constructor(value: Buffer) {
    this.#value = value;
  }

  matchesAt(bytes: Buffer, start: number, end: number): boolean {
    const value = this.#value;
    if (end - start !== value.length) return false;
    return hasAt(bytes, start, value);
  }
}

/** Any of many asserted values: what an OR of equality items on one attribute becomes. */
export class MembershipTest implements ValueTest {
  readonly #rule: MatchingRule;
  /** Normal forms, one character a byte. */
  readonly #normals: ReadonlySet<string>;

  constructor(rule: MatchingRule, normals: Iterable<Buffer>) {
    this.#rule = rule;
    this.#normals = new Set(Array.from(normals, (normal) => normal.toString("latin1")));
  }

  matchesAny(values: readonly Buffer[]): boolean {
    for (const value of values) {
      const normal = this.#rule.normalize(value);
      if (normal !== undefined && this.#normals.has(normal.toString("latin1"))) return true;
    }
    return false;
  }

  matchesAt(bytes: Buffer, start: number, end: number): boolean {
    return this.matchesAny([copyBytes(bytes, start, end)]);
  }
}

/** Where the stored value stands to the asserted one. */
export type Relation = "atLeast" | "atMost" | "below";

export class OrderingTest implements ValueTest {
  readonly #rule: MatchingRule;
  readonly #normal: Buffer;
  readonly #relation: Relation;

  constructor(rule: MatchingRule, normal: Buffer, relation: Relation) {
    this.#rule = rule;
    this.#normal = normal;
    this.#relation = relation;
  }

  matchesAny(values: readonly Buffer[]): boolean {
    for (const value of values) {
      const normal = this.#rule.normalize(value);
      if (normal !== undefined && this.#holds(Buffer.compare(normal, this.#normal))) return true;
    }
    return false;
  }

  matchesAt(bytes: Buffer, start: number, end: number): boolean {
    return this.matchesAny([copyBytes(bytes, start, end)]);
  }

  #holds(order: number): boolean {
    switch (this.#relation) {
      case "atLeast":
        return order >= 0;
      case "atMost":
        return order <= 0;
      case "below":
        return order < 0;
    }
  }
}

/** The pieces of a substring assertion in normal form. */
export interface Pieces {
  readonly initial: Buffer | undefined;
  readonly any: readonly Buffer[];
  readonly final: Buffer | undefined;
}

/** Normal forms of the pieces under the rule; undefined if a piece does not fit it. */
export function normalizePieces(rule: MatchingRule, pieces: Pieces): Pieces | undefined {
  const { initial, final } = pieces;
  const normalInitial = initial && rule.normalizePart(initial, "initial");
  const normalFinal = final && rule.normalizePart(final, "final");
  if (initial !== undefined && normalInitial === undefined) return undefined;
  if (final !== undefined && normalFinal === undefined) return undefined;
  const any: Buffer[] = [];
  for (const piece of pieces.any) {
    const normal = rule.normalizePart(piece, "any");
    if (normal === undefined) return undefined;
    any.push(normal);
  }
  return { initial: normalInitial, any, final: normalFinal };
}

/** Pieces in their order, without overlap: the first place that fits each one is enough, nothing is tried twice. */
export class SubstringTest implements ValueTest {
  readonly #rule: MatchingRule;
  readonly #pieces: Pieces;

  constructor(rule: MatchingRule, pieces: Pieces) {
    this.#rule = rule;
    this.#pieces = pieces;
  }

  matchesAny(values: readonly Buffer[]): boolean {
    for (const value of values) {
      const normal = this.#rule.normalize(value);
      if (normal !== undefined && this.#matches(normal)) return true;
    }
    return false;
  }

  matchesAt(bytes: Buffer, start: number, end: number): boolean {
    return this.matchesAny([copyBytes(bytes, start, end)]);
  }

  #matches(value: Buffer): boolean {
    const { initial, any, final } = this.#pieces;
    let start = 0;
    let end = value.length;
    if (initial !== undefined) {
      start = initial.length;
      if (start > end || !hasAt(value, 0, initial)) return false;
    }
    if (final !== undefined) {
      end -= final.length;
      if (end < start || !hasAt(value, end, final)) return false;
    }
    for (const piece of any) {
      const found = value.indexOf(piece, start);
      if (found < 0 || found + piece.length > end) return false;
      start = found + piece.length;
    }
    return true;
  }
}

/** Whether `value`, which is long enough, has these bytes at `start`. `equals` would need a view of it first. */
function hasAt(value: Buffer, start: number, bytes: Buffer): boolean {
  for (let i = 0; i < bytes.length; i += 1) if (value[start + i] !== bytes[i]) return false;
  return true;
}
