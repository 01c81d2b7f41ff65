// Registers as they are stored. Values that stand in the entry's record are not repeated but named by their position there,
// so state and record of an entry are always written together. Numbers are varints (packed.ts).
//
//   version       1 byte, 1
//   CSN table     count, then per CSN: 2 × subsequence + (1 if the first 16 digits are those of the CSN before, else 0
//                 and these digits follow, 8 bytes). Number 0 is the vu that most attributes share.
//   count of exceptions, then per exception
//     head        8 × reference + form; reference 0: an attribute that is not in the record, its description number
//                 follows; else position in the record + 1
//     form 0      the attribute has no registers
//     form 1      vu                 all values of the record, in its order, with this vu
//     form 2                         as 1 with CSN 0, and the first value has md = CSN 0
//     form 3      vu md position     as 1, and the value there has md
//     form 4      vu                 as 1, and ad = vu: replaced
//     form 5      1 + ad, or 0; count of parts; per part
//                   8 × reference + bits (1 vu, 2 vd, 4 md); reference 0: length and bytes of the value follow, else
//                   position of the value + 1; then the CSNs that the bits announce
//                   8 × length + 0, first position, vu: a run of values of the record with this vu
//
// An attribute of the record that is no exception has form 1 with CSN 0, unless its type carries no state.
import { assert } from "../../base/index.ts";
import type { Attribute, AttributeDescription, StoredValues } from "../../entry/index.ts";
import { type Csn, csnSubsequence } from "../csn/index.ts";
import { AttributeState, type ValueState } from "./attribute-state.ts";
import { PackedReader, PackedWriter } from "./packed.ts";
import { Registers, type ResolveDescription } from "./registers.ts";
import { isStateless } from "./stateless.ts";
import { type Part, type Uniform, findUniformParts, partsOf, runParts } from "./value-parts.ts";
import { type RunItem, type ValueRun, ValueRuns, isRun } from "./value-runs.ts";

const VERSION = 1;
const FORM_NONE = 0;
const FORM_UNIFORM = 1;
const FORM_NAMED_PLAIN = 2;
const FORM_NAMED = 3;
const FORM_REPLACED = 4;
const FORM_PARTS = 5;
const BIT_VU = 1;
const BIT_VD = 2;
const BIT_MD = 4;

/** Where descriptions come from: `Descriptions` of the entry room. */
export interface DescriptionSource {
  readonly resolve: ResolveDescription;
  /** By number; asserts that it is known. */
  get(id: number): AttributeDescription;
}

function findUniform(state: AttributeState, values: readonly Buffer[]): Uniform | undefined {
  if (state.size !== values.length || values.length === 0) return undefined;
  let vu: Csn | undefined;
  let named: number | undefined;
  let md: Csn | undefined;
  let index = 0;
  for (const value of state.list()) {
    vu ??= value.vu;
    const recorded = values[index] as Buffer;
    if (value.vu === undefined || value.vu !== vu || value.vd !== undefined) return undefined;
    if (value.value !== recorded && !value.value.equals(recorded)) return undefined;
    if (value.md !== undefined) {
      if (named !== undefined) return undefined;
      named = index;
      md = value.md;
    }
    index += 1;
  }
  if (vu === undefined || (state.ad !== undefined && (state.ad !== vu || named !== undefined))) {
    return undefined;
  }
  return { vu, replaced: state.ad !== undefined, named, md };
}

/** What is known of an attribute that nobody has touched. */
function uniformIn({ uniform, ad }: AttributeState, attribute: Attribute): Uniform | undefined {
  if (uniform?.attribute !== attribute) return undefined;
  const { vu, named } = uniform;
  if (ad !== undefined && (ad !== vu || named !== undefined)) return undefined;
  return { vu, replaced: ad !== undefined, named: named?.position, md: named?.md };
}

class CsnTable {
  readonly #numbers = new Map<Csn, number>();

  number(csn: Csn): number {
    const known = this.#numbers.get(csn);
    if (known !== undefined) return known;
    const next = this.#numbers.size;
    this.#numbers.set(csn, next);
    return next;
  }

  write(out: PackedWriter): void {
    out.varint(this.#numbers.size);
    let before = "";
    for (const csn of this.#numbers.keys()) {
      const same = csn.slice(0, 16) === before;
      out.varint(2 * csnSubsequence(csn) + (same ? 1 : 0));
      if (!same) out.csnPrefix(csn);
      before = csn.slice(0, 16);
    }
  }
}

/** The vu that most uniform attributes have. */
function mainCsn(recorded: readonly { readonly uniform: Uniform | undefined }[]): Csn | undefined {
  const counts = new Map<Csn, number>();
  let main: Csn | undefined;
  for (const { uniform } of recorded) {
    if (uniform === undefined || uniform.replaced) continue;
    const count = (counts.get(uniform.vu) ?? 0) + 1;
    counts.set(uniform.vu, count);
    if (main === undefined || count > (counts.get(main) ?? 0)) main = uniform.vu;
  }
  return main;
}

class RegistersEncoder {
  readonly #csns = new CsnTable();
  readonly #body = new PackedWriter();
  #exceptions = 0;

  encode(registers: Registers, recordAttributes: readonly Attribute[]): Buffer {
    const recorded = recordAttributes.map((attribute) => {
      const state = registers.find(attribute.description.key);
      const parts = state && runParts(state, attribute);
      const uniform =
        parts === undefined
          ? state && (uniformIn(state, attribute) ?? findUniform(state, attribute.values))
          : findUniformParts(parts, state?.ad, attribute);
      return { state, parts, uniform };
    });
    const main = mainCsn(recorded);
    if (main !== undefined) this.#csns.number(main);
    let others = registers.attributes.size;
    recordAttributes.forEach((attribute, index) => {
      const { state, parts, uniform } = recorded[index] as (typeof recorded)[number];
      if (state !== undefined) others -= 1;
      if (isStateless(attribute.description.type.key)) return;
      if (state === undefined) this.#head(index + 1, FORM_NONE);
      else if (uniform !== undefined) this.#uniform(index + 1, uniform);
      else {
        this.#head(index + 1, FORM_PARTS);
        this.#parts(state, parts ?? partsOf(state, attribute.values));
      }
    });
    if (others > 0) this.#others(registers, recordAttributes);
    const out = new PackedWriter();
    out.byte(VERSION);
    this.#csns.write(out);
    out.varint(this.#exceptions);
    out.raw(this.#body.finish());
    return out.finish();
  }

  /** Attributes without values in the record. */
  #others(registers: Registers, recordAttributes: readonly Attribute[]): void {
    const inRecord = new Set(recordAttributes.map(({ description }) => description.key));
    for (const state of registers.attributes.values()) {
      if (inRecord.has(state.description.key)) continue;
      this.#head(0, FORM_PARTS);
      this.#body.varint(state.description.id);
      this.#parts(state, partsOf(state, []));
    }
  }

  #head(reference: number, form: number): void {
    this.#exceptions += 1;
    this.#body.varint(8 * reference + form);
  }

  #uniform(reference: number, { vu, replaced, named, md }: Uniform): void {
    const number = this.#csns.number(vu);
    if (replaced) {
      this.#head(reference, FORM_REPLACED);
      this.#body.varint(number);
    } else if (named === undefined || md === undefined) {
      if (number === 0) return;
      this.#head(reference, FORM_UNIFORM);
      this.#body.varint(number);
    } else if (number === 0 && named === 0 && md === vu) {
      this.#head(reference, FORM_NAMED_PLAIN);
    } else {
      this.#head(reference, FORM_NAMED);
      this.#body.varint(number);
      this.#body.varint(this.#csns.number(md));
      this.#body.varint(named);
    }
  }

  #parts(state: AttributeState, parts: readonly Part[]): void {
    this.#body.varint(state.ad === undefined ? 0 : 1 + this.#csns.number(state.ad));
    this.#body.varint(parts.length);
    for (const part of parts) {
      if (part.length > 0) {
        this.#body.varint(8 * part.length);
        this.#body.varint(part.position);
        this.#body.varint(this.#csns.number(part.state.vu as Csn));
        continue;
      }
      const { vu, vd, md } = part.state;
      const bits =
        (vu === undefined ? 0 : BIT_VU) |
        (vd === undefined ? 0 : BIT_VD) |
        (md === undefined ? 0 : BIT_MD);
      this.#body.varint(8 * (part.position + 1) + bits);
      if (part.position < 0) this.#body.bytes(part.value);
      for (const csn of [vu, vd, md]) {
        if (csn !== undefined) this.#body.varint(this.#csns.number(csn));
      }
    }
  }
}

/** The stored form. `recordAttributes`: the attributes of the entry's record, in its order. About 13 bytes for an entry
 *  that was added and not changed since. */
export function encodeRegisters(
  registers: Registers,
  recordAttributes: readonly Attribute[],
): Buffer {
  return new RegistersEncoder().encode(registers, recordAttributes);
}

const ZERO_REGISTERS = Buffer.concat([Buffer.of(VERSION, 1, 0), Buffer.alloc(8), Buffer.of(0)]);
const NO_REGISTERS = Buffer.alloc(0);

/** As `encodeRegisters` for values that all came without a CSN: each has vu = CSN_ZERO and nothing else. Shared: not to be
 *  changed. */
export function encodeZeroRegisters(recordAttributes: readonly Attribute[]): Buffer {
  return recordAttributes.every(({ description }) => isStateless(description.type.key))
    ? NO_REGISTERS
    : ZERO_REGISTERS;
}

const hex4 = (number: number): string => number.toString(16).padStart(4, "0");
/** Those of operations with few mods. */
const SUBSEQUENCES: readonly string[] = Array.from({ length: 16 }, (_, number) => hex4(number));
const subsequenceText = (number: number): string => SUBSEQUENCES[number] ?? hex4(number);

class RegistersDecoder {
  readonly #reader: PackedReader;
  readonly #csns: Csn[] = [];
  readonly #source: DescriptionSource;

  constructor(reader: PackedReader, source: DescriptionSource) {
    this.#reader = reader;
    this.#source = source;
  }

  decode(recordAttributes: readonly Attribute[]): Registers {
    const reader = this.#reader;
    assert(reader.byte() === VERSION, "stored registers have a known version");
    this.#readCsns();
    const registers = new Registers(this.#source.resolve);
    const recorded = new Map<number, AttributeState | undefined>();
    const others: AttributeState[] = [];
    for (let count = reader.varint(); count > 0; count -= 1) {
      const head = reader.varint();
      const reference = Math.floor(head / 8);
      if (reference === 0) {
        const description = this.#source.get(reader.varint());
        others.push(this.#readParts(description, []));
      } else {
        const attribute = recordAttributes[reference - 1];
        assert(attribute !== undefined, "stored registers belong to the record beside them");
        recorded.set(reference - 1, this.#readForm(head % 8, attribute));
      }
    }
    recordAttributes.forEach((attribute, index) => {
      if (isStateless(attribute.description.type.key)) return;
      const state = recorded.has(index)
        ? recorded.get(index)
        : this.#uniform(attribute, this.#csn(0));
      if (state !== undefined) registers.set(state);
    });
    for (const state of others) registers.set(state);
    return registers;
  }

  #readCsns(): void {
    let prefix = "";
    for (let count = this.#reader.varint(); count > 0; count -= 1) {
      const head = this.#reader.varint();
      if (head % 2 === 0) prefix = this.#reader.csnPrefix();
      this.#csns.push((prefix + subsequenceText(Math.floor(head / 2))) as Csn);
    }
  }

  #csn(number: number): Csn {
    const csn = this.#csns[number];
    assert(csn !== undefined, "a stored CSN number stands in the CSN table");
    return csn;
  }

  #nextCsn(): Csn {
    return this.#csn(this.#reader.varint());
  }

  #readForm(form: number, attribute: Attribute): AttributeState | undefined {
    switch (form) {
      case FORM_NONE:
        return undefined;
      case FORM_UNIFORM:
        return this.#uniform(attribute, this.#nextCsn());
      case FORM_NAMED_PLAIN:
        return this.#uniform(attribute, this.#csn(0), { position: 0, md: this.#csn(0) });
      case FORM_NAMED: {
        const vu = this.#nextCsn();
        const md = this.#nextCsn();
        return this.#uniform(attribute, vu, { position: this.#reader.varint(), md });
      }
      case FORM_REPLACED: {
        const vu = this.#nextCsn();
        if (attribute.large !== undefined) return wholeRun(attribute, { vu, ad: vu });
        return AttributeState.ofUniform({ attribute, vu, named: undefined }, vu);
      }
      default:
        assert(form === FORM_PARTS, "stored registers have a known form");
        return attribute.large === undefined
          ? this.#readParts(attribute.description, attribute.values)
          : this.#readRuns(attribute.description, attribute.large);
    }
  }

  #uniform(
    attribute: Attribute,
    vu: Csn,
    named?: { readonly position: number; readonly md: Csn },
  ): AttributeState {
    if (attribute.large !== undefined) return wholeRun(attribute, { vu, named });
    return AttributeState.ofUniform({ attribute, vu, named });
  }

  #readParts(description: AttributeDescription, values: readonly Buffer[]): AttributeState {
    const states: ValueState[] = [];
    const ad = this.#readItems((item) => {
      if (!isRun(item)) {
        states.push(item);
        return;
      }
      const { position, length, vu, vd, md } = item;
      for (let i = position; i < position + length; i += 1) {
        states.push({ value: valueAt(values, i), vu, vd, md });
      }
    });
    return new AttributeState(description, ad, states);
  }

  #readRuns(description: AttributeDescription, source: StoredValues): AttributeState {
    const items: RunItem[] = [];
    const ad = this.#readItems((item) => {
      const isInside = !isRun(item) || item.position + item.length <= source.count;
      assert(isInside, "stored registers belong to the record beside them");
      items.push(item);
    });
    return AttributeState.ofRuns(description, ad, new ValueRuns(description, source, items));
  }

  /** Reads form 5, the parts in their order; gives ad. */
  #readItems(add: (item: RunItem) => void): Csn | undefined {
    const reader = this.#reader;
    const ad = reader.varint();
    for (let count = reader.varint(); count > 0; count -= 1) {
      const head = reader.varint();
      const bits = head % 8;
      const reference = Math.floor(head / 8);
      if (bits === 0) {
        const position = reader.varint();
        add({ position, length: reference, vu: this.#nextCsn(), vd: undefined, md: undefined });
        continue;
      }
      const value = reference === 0 ? reader.bytes() : undefined;
      const vu = (bits & BIT_VU) === 0 ? undefined : this.#nextCsn();
      const vd = (bits & BIT_VD) === 0 ? undefined : this.#nextCsn();
      const md = (bits & BIT_MD) === 0 ? undefined : this.#nextCsn();
      if (value === undefined) add({ position: reference - 1, length: 1, vu, vd, md });
      else add({ value, vu, vd, md });
    }
    return ad === 0 ? undefined : this.#csn(ad - 1);
  }
}

/** All values of a large attribute with one vu, perhaps one of them with md. */
function wholeRun(
  { description, large }: Attribute,
  csns: {
    readonly vu: Csn;
    readonly ad?: Csn;
    readonly named?: { readonly position: number; readonly md: Csn } | undefined;
  },
): AttributeState {
  assert(large !== undefined, "a large attribute");
  const { vu, ad, named } = csns;
  const run = (position: number, length: number, md?: Csn): ValueRun[] =>
    length === 0 ? [] : [{ position, length, vu, vd: undefined, md }];
  const at = named?.position ?? large.count;
  const items = [
    ...run(0, at),
    ...(named === undefined ? [] : run(at, 1, named.md)),
    ...run(at + 1, Math.max(0, large.count - at - 1)),
  ];
  return AttributeState.ofRuns(description, ad, new ValueRuns(description, large, items));
}

function valueAt(values: readonly Buffer[], position: number): Buffer {
  const value = values[position];
  assert(value !== undefined, "stored registers belong to the record beside them");
  return value;
}

/** Reads what `encodeRegisters` wrote beside the same record. The values are those of `recordAttributes` (not copied).
 *  `start` and `end` bound the registers when they are part of a longer row. */
export function decodeRegisters(
  bytes: Buffer,
  recordAttributes: readonly Attribute[],
  source: DescriptionSource,
  { start = 0, end = bytes.length }: { readonly start?: number; readonly end?: number } = {},
): Registers {
  return new RegistersDecoder(new PackedReader(bytes, start, end), source).decode(recordAttributes);
}
