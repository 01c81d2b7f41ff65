// Finding places in the tree: where children of an entry are put, what a DN means that came without a unique ID, and the
// placeholders that stand for entries not yet seen (13.3).
import { assert } from "../../base/index.ts";
import type { Dn, Rdn } from "../../dn/index.ts";
import type { UniqueId } from "../change/index.ts";
import type { Csn } from "../csn/index.ts";
import {
  type StructureRules,
  derivedUniqueId,
  rdnKey,
  rdnUniqueId,
  readRdn,
  wantedRdn,
} from "./names.ts";
import type { StructureNode } from "./node.ts";
import type { SlotValue } from "./record.ts";

/** Nodes and slots as rules read and write them; reading a key that was written gives what was written. */
export interface StructureState {
  node(uniqueId: UniqueId): StructureNode | undefined;
  putNode(uniqueId: UniqueId, node: StructureNode): void;
  slot(parent: UniqueId, key: string): SlotValue | undefined;
  putSlot(parent: UniqueId, key: string, value: SlotValue): void;
}

/** Levels of a tree; parents never form a loop, so that only a defect gets there. */
export const TREE_DEPTH_MAX = 100_000;

export class Places {
  readonly #rules: StructureRules;
  readonly #state: StructureState;
  /** Naming CSN of the placeholders made. */
  readonly #csn: Csn;

  constructor(rules: StructureRules, state: StructureState, csn: Csn) {
    this.#rules = rules;
    this.#state = state;
    this.#csn = csn;
  }

  keyOf(node: StructureNode): string {
    return rdnKey(this.#rules, readRdn(node.rdn));
  }

  /** Whether `uniqueId` is equal to or below `top`; dead entries and placeholders count as parents like living ones. */
  isWithin(uniqueId: UniqueId, top: UniqueId): boolean {
    let at = uniqueId;
    for (let depth = 0; depth < TREE_DEPTH_MAX; depth += 1) {
      if (at === top) return true;
      if (at === this.#rules.suffixUniqueId) return false;
      const node = this.#state.node(at);
      if (node === undefined) return false;
      at = node.parent;
    }
    assert(false, "parents form no loop");
  }

  /** The entry under which children of `uniqueId` are put: when it is a loser, dead or a placeholder and a living entry
   *  holds its name, that entry. One step is enough: a holder is live and has no conflict flag. */
  below(uniqueId: UniqueId): UniqueId {
    if (uniqueId === this.#rules.suffixUniqueId) return uniqueId;
    const node = this.#state.node(uniqueId);
    if (node === undefined || (node.life === "live" && !node.conflict)) return uniqueId;
    return this.#state.slot(node.parent, this.keyOf(node))?.holder ?? uniqueId;
  }

  /** Makes sure that `uniqueId` has a node; an unknown one becomes a placeholder named by `dn`. */
  known(uniqueId: UniqueId, dn: Dn): UniqueId {
    if (uniqueId === this.#rules.suffixUniqueId || this.#state.node(uniqueId) !== undefined) {
      return uniqueId;
    }
    const parent = this.below(this.byDn(dn.slice(1)));
    if (this.#state.node(uniqueId) === undefined) {
      this.#putPlaceholder(uniqueId, parent, leafOf(dn, uniqueId));
    }
    return uniqueId;
  }

  /** The entry that a DN means which came without a unique ID: level by level from the suffix the unique ID in the RDN, else
   *  the holder of the name, else its last holder, else a placeholder. */
  byDn(dn: Dn): UniqueId {
    let at = this.#rules.suffixUniqueId;
    for (let i = dn.length - 1; i >= 0; i -= 1) {
      const rdn = dn[i] as Rdn;
      const found =
        rdnUniqueId(rdn) ?? this.#byName(at, rdn) ?? derivedUniqueId(this.#rules, dn.slice(i));
      if (found !== this.#rules.suffixUniqueId && this.#state.node(found) === undefined) {
        this.#putPlaceholder(found, at, wantedRdn(rdn));
      }
      at = found;
    }
    return at;
  }

  #byName(parent: UniqueId, rdn: Rdn): UniqueId | undefined {
    const slot = this.#state.slot(parent, rdnKey(this.#rules, rdn));
    return slot?.holder ?? slot?.last;
  }

  #putPlaceholder(uniqueId: UniqueId, parent: UniqueId, rdn: string): void {
    this.#state.putNode(uniqueId, {
      life: "placeholder",
      parent,
      rdn,
      naming: this.#csn,
      how: "ADD",
      conflict: false,
      death: undefined,
      effects: [],
    });
  }
}

/** The wanted RDN in a DN that may be unusable. */
export function leafOf(dn: Dn, uniqueId: UniqueId): string {
  const leaf = dn[0];
  return leaf === undefined ? `nsuniqueid=${uniqueId}` : wantedRdn(leaf);
}
