// The newest values of nodes, slots and child counts during one call: read from the store at most once, changed here, and
// set at the end.
import type { UniqueId } from "../change/index.ts";
import {
  type ChildCounts,
  EMPTY_SLOT,
  type Slot,
  type StructureNode,
  isEmptySlot,
} from "./node.ts";
import type { SlotValue, StateKey } from "./record.ts";
import type { StructureStore } from "./store.ts";

interface NodeCell {
  readonly old: StructureNode | undefined;
  now: StructureNode | undefined;
}
interface SlotCell {
  readonly parent: UniqueId;
  readonly rdnKey: string;
  readonly old: Slot;
  now: Slot;
}
interface CountsCell {
  readonly old: ChildCounts;
  now: ChildCounts;
}

const isSameSlot = (a: Slot, b: Slot): boolean =>
  a.holder === b.holder && a.last === b.last && a.glue === b.glue;

export class WorkingState {
  readonly #store: StructureStore;
  readonly #nodes = new Map<UniqueId, NodeCell>();
  readonly #slots = new Map<string, SlotCell>();
  readonly #counts = new Map<UniqueId, CountsCell>();

  constructor(store: StructureStore) {
    this.#store = store;
  }

  value(key: StateKey): StructureNode | SlotValue | undefined {
    if (key.kind === "node") return this.node(key.uniqueId);
    const { holder, last } = this.slot(key.parent, key.rdnKey);
    return holder === undefined && last === undefined ? undefined : { holder, last };
  }

  setValue(key: StateKey, value: StructureNode | SlotValue | undefined): void {
    if (key.kind === "node") {
      this.setNode(key.uniqueId, value as StructureNode | undefined);
      return;
    }
    const { holder, last } = (value as SlotValue | undefined) ?? EMPTY_SLOT;
    const cell = this.#slot(key.parent, key.rdnKey);
    cell.now = { holder, last, glue: cell.now.glue };
  }

  node(uniqueId: UniqueId): StructureNode | undefined {
    return this.#node(uniqueId).now;
  }

  /** As it was when the call began. */
  oldNode(uniqueId: UniqueId): StructureNode | undefined {
    return this.#node(uniqueId).old;
  }

  setNode(uniqueId: UniqueId, node: StructureNode | undefined): void {
    this.#node(uniqueId).now = node;
  }

  slot(parent: UniqueId, rdnKey: string): Slot {
    return this.#slot(parent, rdnKey).now;
  }

  setGlue(parent: UniqueId, rdnKey: string, glue: readonly UniqueId[]): void {
    const cell = this.#slot(parent, rdnKey);
    cell.now = { ...cell.now, glue };
  }

  counts(uniqueId: UniqueId): ChildCounts {
    return this.#countsOf(uniqueId).now;
  }

  setCounts(uniqueId: UniqueId, counts: ChildCounts): void {
    this.#countsOf(uniqueId).now = counts;
  }

  changedNodes(): UniqueId[] {
    const changed: UniqueId[] = [];
    for (const [uniqueId, cell] of this.#nodes) if (cell.old !== cell.now) changed.push(uniqueId);
    return changed;
  }

  /** Glue that was and may still be in the slots that changed: its name depends on the slot. */
  *glueOfChangedSlots(): Iterable<UniqueId> {
    for (const { old, now } of this.#slots.values()) if (!isSameSlot(old, now)) yield* old.glue;
  }

  /** Sets what changed. */
  flush(): void {
    for (const [uniqueId, { old, now }] of this.#nodes) {
      if (old !== now) this.#store.setNode(uniqueId, now);
    }
    for (const { parent, rdnKey, old, now } of this.#slots.values()) {
      if (isSameSlot(old, now)) continue;
      this.#store.setSlot(parent, rdnKey, isEmptySlot(now) ? undefined : now);
    }
    for (const [uniqueId, { old, now }] of this.#counts) {
      const { shown, tombstones, placeholders } = now;
      const same =
        shown === old.shown && tombstones === old.tombstones && placeholders === old.placeholders;
      if (!same) this.#store.setChildCounts(uniqueId, now);
    }
  }

  #node(uniqueId: UniqueId): NodeCell {
    let cell = this.#nodes.get(uniqueId);
    if (cell === undefined) {
      const node = this.#store.getNode(uniqueId);
      cell = { old: node, now: node };
      this.#nodes.set(uniqueId, cell);
    }
    return cell;
  }

  #slot(parent: UniqueId, rdnKey: string): SlotCell {
    const text = `${parent}/${rdnKey}`;
    let cell = this.#slots.get(text);
    if (cell === undefined) {
      const slot = this.#store.getSlot(parent, rdnKey) ?? EMPTY_SLOT;
      cell = { parent, rdnKey, old: slot, now: slot };
      this.#slots.set(text, cell);
    }
    return cell;
  }

  #countsOf(uniqueId: UniqueId): CountsCell {
    let cell = this.#counts.get(uniqueId);
    if (cell === undefined) {
      const counts = this.#store.getChildCounts(uniqueId);
      cell = { old: counts, now: counts };
      this.#counts.set(uniqueId, cell);
    }
    return cell;
  }
}
