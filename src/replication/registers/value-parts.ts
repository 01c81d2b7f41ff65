// The values of an attribute in the order of the record as parts of one state each, for the stored form (stored-form.ts).
import type { Attribute } from "../../entry/index.ts";
import type { Csn } from "../csn/index.ts";
import type { AttributeState, ValueCsns } from "./attribute-state.ts";
import { isRun } from "./value-runs.ts";

/** An attribute whose values are exactly those of the record, all with one vu. */
export interface Uniform {
  readonly vu: Csn;
  readonly replaced: boolean;
  /** Position of the one value that has md. */
  readonly named: number | undefined;
  readonly md: Csn | undefined;
}

/** `length` > 0: a run from `position`; else one value, at `position` of the record or, −1, nowhere in it. */
export interface Part {
  readonly state: ValueCsns;
  /** Of the one value that the record does not have. */
  readonly value: Buffer;
  readonly position: number;
  length: number;
}

const NO_VALUE = Buffer.alloc(0);

/** As `partsOf`, when the record shows what the runs have: where they stand in it follows from their order. */
export function runParts(state: AttributeState, attribute: Attribute): Part[] | undefined {
  const { runs } = state;
  if (runs === undefined || attribute.rope !== state.shownRope()) return undefined;
  const parts: Part[] = [];
  let next = 0;
  for (const item of runs.items) {
    const length = isRun(item) ? item.length : 1;
    if (state.survives(item)) {
      addPart(parts, { state: item, value: NO_VALUE, position: next, length });
      next += length;
    } else {
      for (let i = 0; i < length; i += 1) {
        const value = isRun(item) ? runs.source.value(item.position + i) : item.value;
        addPart(parts, { state: item, value, position: -1, length: 1 });
      }
    }
  }
  return parts;
}

/** Appends it, its length 0 unless it is a run, or makes the run before it longer. */
function addPart(parts: Part[], part: Part): void {
  const { position, length } = part;
  const { vu, vd, md } = part.state;
  if (position < 0 || vu === undefined || vd !== undefined || md !== undefined) {
    parts.push({ ...part, length: 0 });
    return;
  }
  const run = parts.at(-1);
  if (run !== undefined && run.length > 0) {
    if (run.state.vu === vu && position === run.position + run.length) {
      run.length += length;
      return;
    }
  }
  parts.push(part);
}

/** As `findUniform`, of values in parts. */
export function findUniformParts(
  parts: readonly Part[],
  ad: Csn | undefined,
  { rope }: Attribute,
): Uniform | undefined {
  let vu: Csn | undefined;
  let named: Part | undefined;
  let next = 0;
  for (const part of parts) {
    vu ??= part.state.vu;
    if (part.position !== next || part.state.vu !== vu || part.state.vd !== undefined)
      return undefined;
    if (part.state.md !== undefined) {
      if (named !== undefined) return undefined;
      named = part;
    }
    next += Math.max(part.length, 1);
  }
  if (vu === undefined || next !== rope?.count) return undefined;
  if (ad !== undefined && (ad !== vu || named !== undefined)) return undefined;
  return { vu, replaced: ad !== undefined, named: named?.position, md: named?.state.md };
}

export function partsOf(state: AttributeState, values: readonly Buffer[]): Part[] {
  const parts: Part[] = [];
  const find = positionFinder(values);
  for (const value of state.list()) {
    addPart(parts, { state: value, value: value.value, position: find(value.value), length: 1 });
  }
  return parts;
}

/** Positions of values in the record. Values mostly stand in the record's order: the next one is tried first. */
function positionFinder(values: readonly Buffer[]): (value: Buffer) => number {
  let next = 0;
  let positions: Map<string, number> | undefined;
  return (value) => {
    const expected = values[next];
    if (expected !== undefined && (expected === value || expected.equals(value))) {
      next += 1;
      return next - 1;
    }
    positions ??= new Map(values.map((each, index) => [each.toString("latin1"), index]));
    const found = positions.get(value.toString("latin1"));
    if (found === undefined) return -1;
    next = found + 1;
    return found;
  };
}
