// The join of two states of one entry: every register takes the maximum, as if each side had had the operations of the other
// (13.2). The result does not depend on who joins what first, and joining again changes nothing.
//
// One thing a join cannot see is what was purged. A value that only they know, added up to our purge CSN, may have been deleted
// here by an operation that is forgotten: it is held back, and taken by nobody without being asked for.
import type { Csn } from "../csn/index.ts";
import { AttributeState, type ValueState } from "./attribute-state.ts";
import type { Registers } from "./registers.ts";

export interface JoinedRegisters {
  readonly registers: Registers;
  /** Descriptions of the attributes of which values were held back that would have appeared. */
  readonly heldBack: readonly string[];
}

/** `purgeCsn`: ours; undefined when nothing of this entry can have been purged here. */
export function joinRegisters(
  ours: Registers,
  theirs: Registers,
  purgeCsn: Csn | undefined,
): JoinedRegisters {
  const registers = ours.copy();
  const heldBack: string[] = [];
  for (const [key, state] of theirs.attributes) {
    const joined = registers.find(key) ?? new AttributeState(state.description);
    const held: ValueState[] = [];
    const known = new Set(joined.values.keys());
    if (state.ad !== undefined) joined.deleteAll(state.ad);
    for (const [form, value] of state.values) {
      const isOld = purgeCsn !== undefined && value.vu !== undefined && value.vu <= purgeCsn;
      if (isOld && !known.has(form)) held.push(value);
      else joinValue(joined, value);
    }
    if (held.some((value) => wouldAppear(joined, value))) heldBack.push(state.description.text);
    registers.set(joined);
  }
  registers.collectGarbage();
  return { registers, heldBack };
}

function joinValue(state: AttributeState, { value, vu, vd, md }: ValueState): void {
  if (vu !== undefined) state.add(value, vu, md);
  if (vd !== undefined) state.deleteValue(value, vd);
}

function wouldAppear(state: AttributeState, value: ValueState): boolean {
  const tried = state.copy();
  joinValue(tried, value);
  return tried.has(value.value);
}
