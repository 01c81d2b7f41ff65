// What the tree shows, kept up with the nodes: child counts, who is glue, and whose shown form must be derived anew (13.3,
// derived data).
//
// An entry is shown iff it is live or has a shown child: a dead entry or placeholder with shown children is glue. So a change
// of one node may make glue of its dead ancestors, or end it, level by level.
//
// First every changed node is taken out of the counts of its old parent, as it was; then put into those of its new one, as
// it is. A parent that is not live and whose number of shown children leaves or reaches zero changes its own place among the
// children of its parent, unless it is itself a changed node that is not counted at that moment.
import { assert } from "../../base/index.ts";
import type { UniqueId } from "../change/index.ts";
import { type StructureRules, rdnKey, readRdn } from "./names.ts";
import type { ChildCounts, StructureNode } from "./node.ts";
import { TREE_DEPTH_MAX } from "./places.ts";
import type { WorkingState } from "./working-state.ts";

type Place = keyof ChildCounts;

class Settling {
  readonly #state: WorkingState;
  readonly #rules: StructureRules;
  readonly reshown = new Set<UniqueId>();
  /** Changed nodes that are in no count at the moment. */
  readonly #uncounted = new Set<UniqueId>();
  #phase: "old" | "new" = "old";

  constructor(state: WorkingState, rules: StructureRules) {
    this.#state = state;
    this.#rules = rules;
  }

  run(changed: readonly UniqueId[]): void {
    for (const uniqueId of changed) {
      this.reshown.add(uniqueId);
      const node = this.#state.oldNode(uniqueId);
      this.#uncounted.add(uniqueId);
      if (node === undefined) continue;
      const place = this.#place(uniqueId, node);
      this.#setGlue(uniqueId, node, place, undefined);
      this.#move(node.parent, place, undefined);
    }
    this.#phase = "new";
    for (const uniqueId of changed) {
      const node = this.#state.node(uniqueId);
      this.#uncounted.delete(uniqueId);
      if (node === undefined) continue;
      const place = this.#place(uniqueId, node);
      this.#setGlue(uniqueId, node, undefined, place);
      this.#move(node.parent, undefined, place);
    }
    for (const uniqueId of changed) this.#reshowTombstonesAbove(uniqueId);
    for (const uniqueId of this.#state.glueOfChangedSlots()) this.reshown.add(uniqueId);
  }

  #place(uniqueId: UniqueId, node: StructureNode): Place {
    if (node.life === "live" || this.#state.counts(uniqueId).shown > 0) return "shown";
    return node.life === "dead" ? "tombstones" : "placeholders";
  }

  /** One child of `parent` changes its place. */
  #move(parent: UniqueId, from: Place | undefined, to: Place | undefined): void {
    let at = parent;
    let left = from;
    let entered = to;
    for (let depth = 0; left !== entered; depth += 1) {
      assert(depth < TREE_DEPTH_MAX, "parents form no loop");
      const node = this.#nodeOf(at);
      const was = node && this.#place(at, node);
      const counts = { ...this.#state.counts(at) };
      if (left !== undefined) counts[left] -= 1;
      if (entered !== undefined) counts[entered] += 1;
      assert(left === undefined || counts[left] >= 0, "children are counted once");
      this.#state.setCounts(at, counts);
      if (node === undefined) return;
      const is = this.#place(at, node);
      if (was === is) return;
      this.reshown.add(at);
      if (this.#uncounted.has(at)) return;
      this.#setGlue(at, node, was, is);
      left = was;
      entered = is;
      at = node.parent;
    }
  }

  #nodeOf(uniqueId: UniqueId): StructureNode | undefined {
    if (uniqueId === this.#rules.suffixUniqueId) return undefined;
    return this.#phase === "old" ? this.#state.oldNode(uniqueId) : this.#state.node(uniqueId);
  }

  /** Keeps the list of glue that wants a plain name. */
  #setGlue(
    uniqueId: UniqueId,
    node: StructureNode,
    from: Place | undefined,
    to: Place | undefined,
  ): void {
    if (node.life === "live" || node.conflict || (from !== "shown" && to !== "shown")) return;
    const key = rdnKey(this.#rules, readRdn(node.rdn));
    const others = this.#state.slot(node.parent, key).glue.filter((id) => id !== uniqueId);
    this.#state.setGlue(node.parent, key, to === "shown" ? [...others, uniqueId] : others);
  }

  /** A tombstone shows the largest CSN of the tombstones below it. */
  #reshowTombstonesAbove(uniqueId: UniqueId): void {
    const starts = [this.#state.oldNode(uniqueId), this.#state.node(uniqueId)];
    for (const start of starts) {
      if (start?.life !== "dead") continue;
      let at = start.parent;
      for (let depth = 0; at !== this.#rules.suffixUniqueId; depth += 1) {
        assert(depth < TREE_DEPTH_MAX, "parents form no loop");
        const node = this.#state.node(at);
        if (node === undefined || this.#place(at, node) === "shown") break;
        this.reshown.add(at);
        at = node.parent;
      }
    }
  }
}

/** Brings child counts and glue lists up to the nodes; the unique IDs whose shown form may have changed. */
export function settleShown(
  state: WorkingState,
  rules: StructureRules,
  changed: readonly UniqueId[],
): UniqueId[] {
  const settling = new Settling(state, rules);
  settling.run(changed);
  return [...settling.reshown];
}
