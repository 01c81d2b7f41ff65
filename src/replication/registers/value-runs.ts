// The registers of the values of an attribute that has very many: runs of values that lie side by side in the entry's record and
// have the same CSNs, and values of their own. An operation splits the run of the value that it names; all others are not looked
// at. Nothing is decided here: the rules are those of attribute-state.ts.
import {
  type AttributeDescription,
  type RopePart,
  type StoredValues,
  ValueRope,
} from "../../entry/index.ts";
import type { ValueCsns, ValueState } from "./attribute-state.ts";

/** Values of the record with the same registers, from `position` on. A run of more than one value has vu alone. */
export interface ValueRun extends ValueCsns {
  readonly position: number;
  readonly length: number;
}

export type RunItem = ValueRun | ValueState;

/** Values of the record that one operation may name: for more it is cheaper to have them all by their normal forms. */
const NAMED_MAX = 64;

export const isRun = (item: RunItem): item is ValueRun => "length" in item;

export class ValueRuns {
  readonly #description: AttributeDescription;
  readonly source: StoredValues;
  readonly #items: RunItem[];
  /** The items that are no runs, by normal form. */
  #own: Map<string, ValueState> | undefined;
  #named = 0;
  #rope: ValueRope | undefined;

  /** `items`: in the order in which the values are known; their normal forms are pairwise different. */
  constructor(description: AttributeDescription, source: StoredValues, items: readonly RunItem[]) {
    this.#description = description;
    this.source = source;
    this.#items = [...items];
  }

  copy(): ValueRuns {
    return new ValueRuns(this.#description, this.source, this.#items);
  }

  get items(): readonly RunItem[] {
    return this.#items;
  }

  get size(): number {
    let size = 0;
    for (const item of this.#items) size += isRun(item) ? item.length : 1;
    return size;
  }

  /** So many values have been named that this form does not pay any more. */
  get isWorn(): boolean {
    return this.#named > NAMED_MAX;
  }

  *list(): Iterable<ValueState> {
    for (const item of this.#items) {
      if (!isRun(item)) yield item;
      else {
        const { position, length, vu, vd, md } = item;
        const values = this.source.list();
        for (let i = position; i < position + length; i += 1) {
          yield { value: values[i] as Buffer, vu, vd, md };
        }
      }
    }
  }

  /** Replaces the state of one value, which is put at the end when it is new. */
  update(value: Buffer, change: (old: ValueState | undefined) => ValueState): void {
    this.#rope = undefined;
    const { type } = this.#description;
    const own = this.#ownByForm();
    const form = type.normalize(value).toString("latin1");
    const known = own.get(form);
    if (known !== undefined) {
      const next = change(known);
      this.#items[this.#items.indexOf(known)] = next;
      own.set(form, next);
      return;
    }
    const position = this.source.locate(type, value);
    const index = position === undefined ? -1 : this.#isolate(position);
    if (index < 0) {
      const next = change(undefined);
      this.#items.push(next);
      own.set(form, next);
      return;
    }
    const run = this.#items[index] as ValueRun;
    const { vu, vd, md } = run;
    const next = change({ value: this.source.value(run.position), vu, vd, md });
    this.#items[index] = next;
    own.set(form, next);
    this.#named += 1;
  }

  /** Replaces the state of all values, which are left out when the change says so. */
  rewrite(change: <S extends ValueCsns>(state: S) => S | undefined): void {
    let kept = 0;
    let isSame = true;
    for (const item of this.#items) {
      const next = change(item);
      isSame &&= next === item;
      if (next === undefined) continue;
      this.#items[kept] = next;
      kept += 1;
    }
    if (isSame) return;
    this.#items.length = kept;
    this.#own = undefined;
    this.#rope = undefined;
  }

  /** The values that survive; the same rope until something changes. */
  rope(survives: (state: ValueCsns) => boolean): ValueRope {
    if (this.#rope === undefined) {
      const parts: RopePart[] = [];
      let last: { readonly position: number; length: number } | undefined;
      for (const item of this.#items) {
        if (!survives(item)) continue;
        if (!isRun(item)) {
          parts.push({ value: item.value });
          last = undefined;
        } else if (last !== undefined && last.position + last.length === item.position) {
          last.length += item.length;
        } else {
          last = { position: item.position, length: item.length };
          parts.push(last);
        }
      }
      this.#rope = new ValueRope(this.source, parts);
    }
    return this.#rope;
  }

  #ownByForm(): Map<string, ValueState> {
    if (this.#own === undefined) {
      this.#own = new Map();
      for (const item of this.#items) {
        if (isRun(item)) continue;
        this.#own.set(this.#description.type.normalize(item.value).toString("latin1"), item);
      }
    }
    return this.#own;
  }

  /** Makes a run of its own of the value at `position`; its index, −1 when no run has it. */
  #isolate(position: number): number {
    const index = this.#items.findIndex(
      (item) => isRun(item) && item.position <= position && position < item.position + item.length,
    );
    if (index < 0) return -1;
    const run = this.#items[index] as ValueRun;
    const before = position - run.position;
    const after = run.length - before - 1;
    const parts: ValueRun[] = [{ ...run, position, length: 1 }];
    if (before > 0) parts.unshift({ ...run, length: before });
    if (after > 0) parts.push({ ...run, position: position + 1, length: after });
    this.#items.splice(index, 1, ...parts);
    return index + (before > 0 ? 1 : 0);
  }
}
