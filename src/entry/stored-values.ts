// The values of an attribute that has very many, without a Buffer for each: where they lie in a record, and what is made of them by
// an operation that adds or removes a few (a rope of ranges of the record and values of its own). What an operation costs then
// depends on what it changes, apart from the copies of bytes.
//
// Values lie in a record as TLVs (record.ts); positions count values from 0. The values of one attribute have pairwise different
// normal forms.
import { assert } from "../base/index.ts";
import { copyInto } from "../kv/index.ts";
import type { AttributeType } from "../schema/index.ts";
import type { Attribute, AttributeDescription } from "./entry-view.ts";
import { skipHeader, tlvBytes, writeHeader } from "./record.ts";
import { ValueForms } from "./value-forms.ts";

/** One mark for so many values says where they begin. */
const MARK_VALUES = 64;
const OCTET_STRING = 0x04;
const COMMA = 0x2c;

/** What has been found out about the values of a record; the same object for all who look at them. */
interface Known {
  count: number | undefined;
  forms: ValueForms | undefined;
  marks: Marks | undefined;
}

interface Marks {
  readonly count: number;
  /** Offset of every MARK_VALUES-th value. */
  readonly offsets: readonly number[];
}

/** Values as they lie in a record, which is not changed. */
export class StoredValues {
  readonly #record: Buffer;
  readonly #tlv: number;
  readonly #start: number;
  readonly #end: number;
  readonly #known: Known;
  #list: readonly Buffer[] | undefined;

  /** `start`: of the TLV of the attribute. `known`: of these very values. */
  constructor(
    record: Buffer,
    start: number,
    known: Known = { count: undefined, forms: undefined, marks: undefined },
  ) {
    const type = skipHeader(record, skipHeader(record, start).body);
    const set = skipHeader(record, type.body + type.length);
    this.#record = record;
    this.#tlv = start;
    this.#start = set.body;
    this.#end = set.body + set.length;
    this.#known = known;
  }

  /** The same values without the Buffers that have been made of them. */
  again(): StoredValues {
    return new StoredValues(this.#record, this.#tlv, this.#known);
  }

  get count(): number {
    this.#known.count ??= this.#marked().count;
    return this.#known.count;
  }
  get byteLength(): number {
    return this.#end - this.#start;
  }
  get forms(): ValueForms | undefined {
    return this.#known.forms;
  }

  /** All values as views onto the record; the same ones at each call. */
  list(): readonly Buffer[] {
    if (this.#list === undefined) {
      const list: Buffer[] = [];
      for (let at = this.#start; at < this.#end; ) {
        const { body, length } = skipHeader(this.#record, at);
        at = body + length;
        list.push(this.#record.subarray(body, at));
      }
      this.#list = list;
    }
    return this.#list;
  }

  value(position: number): Buffer {
    if (this.#list !== undefined) return this.#list[position] as Buffer;
    const { body, length } = skipHeader(this.#record, this.#offset(position));
    return this.#record.subarray(body, body + length);
  }

  /** Position of the value with the normal form of `value` under the rule of `type`, which is that of the attribute. */
  locate(type: AttributeType, value: Buffer): number | undefined {
    const known = this.#known;
    if (known.forms?.type !== type) known.forms = ValueForms.of(type, this.list());
    const form = type.normalize(value);
    if (!known.forms.mayHave(form)) return undefined;
    const same = this.#locateBytes(value);
    if (same !== undefined) return same;
    const position = this.list().findIndex((each) => type.normalize(each).equals(form));
    return position < 0 ? undefined : position;
  }

  /** Whether one of the values has these very bytes. */
  hasBytes(value: Buffer): boolean {
    return this.#locateBytes(value) !== undefined;
  }

  /** Bytes of the values from `position` on. */
  rangeBytes(position: number, length: number): number {
    return this.#offset(position + length) - this.#offset(position);
  }

  /** Writes the values from `position` on, as they are stored; gives the offset behind them. */
  writeRange(out: Buffer, at: number, range: ValueRange): number {
    const start = this.#offset(range.position);
    return copyInto(out, at, this.#record, start, this.#offset(range.position + range.length));
  }

  /** Finds the very bytes. (A search for bytes wherever they are is slower: names of one tree end alike.) */
  #locateBytes(value: Buffer): number | undefined {
    const record = this.#record;
    const { length } = value;
    const header = tlvBytes(length) - length;
    const comma = value.indexOf(COMMA);
    // Names of one kind begin alike, too: where the first RDN ends they differ most.
    const telling = Math.max(comma < 0 ? length - 1 : comma - 1, 0);
    let position = 0;
    for (let at = this.#start; at < this.#end; position += 1) {
      const next = this.#next(at);
      const from = at + header;
      if (next === from + length && (length === 0 || record[from + telling] === value[telling])) {
        let i = 0;
        while (i < length && record[from + i] === value[i]) i += 1;
        if (i === length) return position;
      }
      at = next;
    }
    return undefined;
  }

  #offset(position: number): number {
    if (position === 0) return this.#start;
    if (position === this.count) return this.#end;
    assert(position > 0 && position < this.count, "a position is one of a value");
    const { offsets } = this.#marked();
    let at = offsets[Math.floor(position / MARK_VALUES)]!;
    for (let left = position % MARK_VALUES; left > 0; left -= 1) at = this.#next(at);
    return at;
  }

  #next(at: number): number {
    const first = this.#record[at + 1]!;
    if (first < 0x80) return at + 2 + first;
    const { body, length } = skipHeader(this.#record, at);
    return body + length;
  }

  #marked(): Marks {
    if (this.#known.marks === undefined) {
      const offsets: number[] = [];
      let count = 0;
      for (let at = this.#start; at < this.#end; at = this.#next(at)) {
        if (count % MARK_VALUES === 0) offsets.push(at);
        count += 1;
      }
      this.#known.marks = { count, offsets };
    }
    return this.#known.marks;
  }
}

export interface ValueRange {
  readonly position: number;
  readonly length: number;
}

/** A range of stored values, or one value of its own. */
export type RopePiece = ValueRange | { readonly value: Buffer };

/** Values that come from those of a record by a few changes. */
export class ValueRope {
  readonly source: StoredValues;
  readonly count: number;
  readonly byteLength: number;
  readonly #pieces: readonly RopePiece[];
  #list: readonly Buffer[] | undefined;

  constructor(source: StoredValues, pieces: readonly RopePiece[]) {
    this.source = source;
    this.#pieces = pieces;
    let count = 0;
    let bytes = 0;
    for (const piece of pieces) {
      count += "value" in piece ? 1 : piece.length;
      bytes +=
        "value" in piece
          ? tlvBytes(piece.value.length)
          : source.rangeBytes(piece.position, piece.length);
    }
    this.count = count;
    this.byteLength = bytes;
  }

  list(): readonly Buffer[] {
    if (this.#list === undefined) {
      const list: Buffer[] = [];
      for (const piece of this.#pieces) {
        if ("value" in piece) list.push(piece.value);
        else {
          const all = this.source.list();
          const end = piece.position + piece.length;
          for (let i = piece.position; i < end; i += 1) list.push(all[i] as Buffer);
        }
      }
      this.#list = list;
    }
    return this.#list;
  }

  /** Appends the TLVs of the values; gives the offset behind them. */
  writeTo(out: Buffer, start: number): number {
    let at = start;
    for (const piece of this.#pieces) {
      if ("value" in piece) {
        at = writeHeader(out, at, OCTET_STRING, piece.value.length);
        at = copyInto(out, at, piece.value, 0, piece.value.length);
      } else {
        at = this.source.writeRange(out, at, piece);
      }
    }
    return at;
  }

  /** Values that are not of the source. */
  added(): Buffer[] {
    return this.#pieces.flatMap((piece) => ("value" in piece ? [piece.value] : []));
  }

  /** Values of the source that are not among them. */
  removed(): Buffer[] {
    const ranges = this.#pieces.flatMap((piece) => ("value" in piece ? [] : [piece]));
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

  /** These values in the record that they were written to; `start`: of the TLV of the attribute. */
  stored(record: Buffer, start: number): StoredValues {
    const { source, count } = this;
    const isSmall = this.#pieces.length * 2 + Math.abs(source.count - count) < count;
    const forms = isSmall ? source.forms?.edited(this.added(), this.removed()) : undefined;
    return new StoredValues(record, start, { count, forms, marks: undefined });
  }
}

/** An attribute that an operation leaves with very many values. */
export class RopeAttribute implements Attribute {
  readonly description: AttributeDescription;
  readonly rope: ValueRope;

  constructor(description: AttributeDescription, rope: ValueRope) {
    this.description = description;
    this.rope = rope;
  }

  get values(): readonly Buffer[] {
    return this.rope.list();
  }
}
