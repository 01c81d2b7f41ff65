// Execution of one structural operation on the tree as it was at the operation's place in CSN order (13.3, 13.4).
//
// Everything is read and written through StructureState, so that the replay knows what an operation depends on. Reading a
// key that was written gives what was written.
import { type Rdn, formatRdn } from "../../dn/index.ts";
import type { UniqueId } from "../change/index.ts";
import type { Csn } from "../csn/index.ts";
import type { RenameEffect } from "../registers/index.ts";
import { type StructureRules, plainRdn, rdnKey, readDn, readRdn, relativeDn } from "./names.ts";
import type { StructureNode } from "./node.ts";
import type { StructuralOperation } from "./operation.ts";
import { Places, type StructureState, leafOf } from "./places.ts";

type Named<K> = StructuralOperation & { readonly kind: K };

class Executor {
  readonly #rules: StructureRules;
  readonly #state: StructureState;
  readonly #csn: Csn;
  readonly #places: Places;

  constructor(rules: StructureRules, state: StructureState, csn: Csn) {
    this.#rules = rules;
    this.#state = state;
    this.#csn = csn;
    this.#places = new Places(rules, state, csn);
  }

  execute(operation: StructuralOperation): void {
    switch (operation.kind) {
      case "add":
        this.#add(operation);
        break;
      case "delete":
        this.#delete(operation);
        break;
      case "modrdn":
        this.#modrdn(operation);
        break;
      case "revive":
        this.#revive(operation);
        break;
    }
  }

  #add(operation: Named<"add">): void {
    const { uniqueId, parent: parentId } = operation;
    const known = this.#state.node(uniqueId);
    if (known !== undefined && known.life !== "placeholder") return;
    const dn = relativeDn(this.#rules, operation.dn);
    const above = dn.slice(1);
    let parent = this.#places.below(
      parentId === undefined ? this.#places.byDn(above) : this.#places.known(parentId, above),
    );
    // Looking for the parent may have made a placeholder of this very entry.
    const old = this.#state.node(uniqueId);
    if (old !== undefined && this.#places.isWithin(parent, uniqueId)) parent = old.parent;
    this.#take(uniqueId, {
      life: "live",
      parent,
      rdn: leafOf(dn, uniqueId),
      naming: this.#csn,
      how: "ADD",
      conflict: false,
      death: undefined,
      effects: [],
    });
  }

  #delete(operation: Named<"delete">): void {
    const { uniqueId } = operation;
    const node = this.#state.node(uniqueId);
    if (node?.life !== "live") return;
    const leaf = readDn(operation.dn)[0];
    if (this.#rules.keepRenamed && leaf !== undefined) {
      // Renamed before, by an operation that the origin of the delete had not seen.
      if (rdnKey(this.#rules, leaf) !== this.#places.keyOf(node)) return;
    }
    this.#leave(uniqueId, node);
    this.#state.putNode(uniqueId, { ...node, life: "dead", death: this.#csn });
  }

  #modrdn(operation: Named<"modrdn">): void {
    const { uniqueId } = operation;
    const node = this.#state.node(uniqueId);
    // The second condition is met only on a base state that came without its operations (13.7).
    if (node?.life !== "live" || this.#csn < node.naming) return;
    const newRdn = plainRdn(readRdn(operation.newRdn));
    if (newRdn.length === 0) return;
    const parent = this.#newParent(operation) ?? node.parent;
    const oldRdn = operation.deleteOldRdn ? readRdn(node.rdn) : [];
    this.#leave(uniqueId, node);
    this.#take(uniqueId, {
      ...node,
      parent,
      rdn: formatRdn(newRdn),
      naming: this.#csn,
      how: "MODRDN",
      effects: [...node.effects, ...this.#renameEffects(newRdn, oldRdn)],
    });
  }

  #revive({ uniqueId }: Named<"revive">): void {
    const node = this.#state.node(uniqueId);
    if (node?.life === "dead") this.#take(uniqueId, { ...node, life: "live", death: undefined });
  }

  /** Undefined: the parent stays, because no other was asked for or the move would make a loop. */
  #newParent(operation: Named<"modrdn">): UniqueId | undefined {
    const { newSuperior, newSuperiorUniqueId, uniqueId } = operation;
    if (newSuperior === undefined && newSuperiorUniqueId === undefined) return undefined;
    const dn = newSuperior === undefined ? [] : relativeDn(this.#rules, newSuperior);
    const superior = this.#places.below(
      newSuperiorUniqueId === undefined
        ? this.#places.byDn(dn)
        : this.#places.known(newSuperiorUniqueId, dn),
    );
    return this.#places.isWithin(superior, uniqueId) ? undefined : superior;
  }

  #renameEffects(newRdn: Rdn, oldRdn: Rdn): RenameEffect[] {
    const csn = this.#csn;
    const form = (ava: Rdn[number]): string => this.#rules.normalizeRdn([ava]);
    const kept = new Set(newRdn.map(form));
    const added = newRdn.map(({ type, value }) => ({ csn, kind: "vu" as const, type, value }));
    const removed = plainRdn(oldRdn)
      .filter((ava) => !kept.has(form(ava)))
      .map(({ type, value }) => ({ csn, kind: "vd" as const, type, value }));
    return [...added, ...removed];
  }

  /** Stores `node` under its wanted name, or as a conflict entry when a living entry holds that name. */
  #take(uniqueId: UniqueId, node: StructureNode): void {
    const key = this.#places.keyOf(node);
    const holder = this.#state.slot(node.parent, key)?.holder;
    const holderNode = holder === undefined ? undefined : this.#state.node(holder);
    if (holder !== undefined && holderNode !== undefined && this.#csn >= holderNode.naming) {
      this.#state.putNode(uniqueId, { ...node, conflict: true });
      return;
    }
    if (holder !== undefined && holderNode !== undefined) {
      // Only on a base state that came without its operations: the older taker gets the name (13.7).
      this.#state.putNode(holder, { ...holderNode, conflict: true });
    }
    this.#state.putNode(uniqueId, { ...node, conflict: false });
    this.#state.putSlot(node.parent, key, { holder: uniqueId, last: uniqueId });
  }

  /** Nobody is promoted. */
  #leave(uniqueId: UniqueId, node: StructureNode): void {
    const key = this.#places.keyOf(node);
    const slot = this.#state.slot(node.parent, key);
    if (slot?.holder !== uniqueId) return;
    this.#state.putSlot(node.parent, key, { holder: undefined, last: slot.last });
  }
}

/** Executes one operation on `state`; it may have no effect, it never fails. */
export function executeStructural(
  rules: StructureRules,
  state: StructureState,
  operation: StructuralOperation,
): void {
  new Executor(rules, state, operation.csn).execute(operation);
}
