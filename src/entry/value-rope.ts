// What an operation that adds or removes a few makes of very many values: a rope of ranges of the stored ones and values of its own.
import { copyInto } from "../kv/index.ts";
import type { Attribute, AttributeDescription } from "./entry-view.ts";
import type { KnownValues, StoredValues, ValueRange } from "./stored-values.ts";
import { tlvBytes, writeHeader } from "./tlv.ts";
import { type SeenForms, hashForm } from "./value-forms.ts";
import { IN_RECORD, ValuePiece } from "./value-piece.ts";

const OCTET_STRING = 0x04;
/** When so many times as many normal forms have been seen as there are values, it is begun anew. */
const SEEN_MAX = 2;

/** A range of stored values, or one value of its own. */
export type RopePart = ValueRange | { readonly value: Buffer };

/** Values that come from stored ones by a few changes. */
export class ValueRope {
  readonly source: StoredValues;
  readonly count: number;
  readonly byteLength: number;
  readonly parts: readonly RopePart[];
  #list: readonly Buffer[] | undefined;

  constructor(source: StoredValues, parts: readonly RopePart[]) {
    this.source = source;
    this.parts = parts;
    let count = 0;
    let bytes = 0;
    for (const part of parts) {
      count += "value" in part ? 1 : part.length;
      bytes += "value" in part ? tlvBytes(part.value.length) : source.rangeBytes(part);
    }
    this.count = count;
    this.byteLength = bytes;
  }

  list(): readonly Buffer[] {
    if (this.#list === undefined) {
      const list: Buffer[] = [];
      for (const part of this.parts) {
        if ("value" in part) list.push(part.value);
        else {
          const all = this.source.list();
          const end = part.position + part.length;
          for (let i = part.position; i < end; i += 1) list.push(all[i] as Buffer);
        }
      }
      this.#list = list;
    }
    return this.#list;
  }

  /** Appends the TLVs of the values; gives the offset behind them. */
  writeTo(out: Buffer, start: number): number {
    let at = start;
    for (const part of this.parts) {
      at =
        "value" in part ? writeValue(out, at, part.value) : this.source.writeRange(out, at, part);
    }
    return at;
  }

  /** Values that are not of the source. */
  added(): Buffer[] {
    return this.parts.flatMap((part) => ("value" in part ? [part.value] : []));
  }

  /** Values of the source that are not among them. */
  removed(): Buffer[] {
    const ranges = this.parts.flatMap((part) => ("value" in part ? [] : [part]));
    const removed: Buffer[] = [];
    let next = 0;
    const skipTo = (position: number): void => {
      for (; next < position; next += 1) removed.push(this.source.value(next));
    };
    for (const { position, length } of ranges.sort((a, b) => a.position - b.position)) {
      skipTo(position);
      next = position + length;
    }
    skipTo(this.source.count);
    return removed;
  }

  /** What is known of these values when they lie in one record. */
  inRecord(): KnownValues {
    const { source, count } = this;
    const isSmall = this.parts.length * 2 + Math.abs(source.count - count) < count;
    const forms = source.pieces.length === 1 ? source.pieces[0]?.knownForms : undefined;
    const known = isSmall ? forms?.edited(this.added(), this.removed()) : undefined;
    const piece = new ValuePiece(IN_RECORD, this.byteLength, count, known);
    return { pieces: [piece], seen: undefined };
  }

  /** What has been seen of the source, with the values that come; undefined when more has gone than is there. */
  seen(): SeenForms | undefined {
    const { seen } = this.source.known;
    if (seen === undefined || seen.count > SEEN_MAX * this.count) return undefined;
    for (const value of this.added()) seen.add(hashForm(seen.type.normalize(value)));
    return seen;
  }
}

export function writeValue(out: Buffer, start: number, value: Buffer): number {
  const at = writeHeader(out, start, OCTET_STRING, value.length);
  return copyInto(out, at, value, 0, value.length);
}

/** An attribute that an operation leaves with very many values. */
export class RopeAttribute implements Attribute {
  readonly description: AttributeDescription;
  readonly rope: ValueRope;

  constructor(description: AttributeDescription, rope: ValueRope) {
    this.description = description;
    this.rope = rope;
  }

  get count(): number {
    return this.rope.count;
  }
  get values(): readonly Buffer[] {
    return this.rope.list();
  }
}
