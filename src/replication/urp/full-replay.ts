// The oracle: the structure of a set of operations by executing all of them in CSN order on the empty tree (13.3, 13.9).
// Tests and the simulator compare what applyStructural has reached with it.
import type { UniqueId } from "../change/index.ts";
import { executeStructural } from "./executor.ts";
import type { StructureRules } from "./names.ts";
import type { StructureNode } from "./node.ts";
import type { StructuralOperation } from "./operation.ts";
import { type SlotValue, keyText } from "./record.ts";

export interface FullReplay {
  readonly nodes: ReadonlyMap<UniqueId, StructureNode>;
  /** By `keyText`: parent's unique ID, "/", normal RDN. */
  readonly slots: ReadonlyMap<string, SlotValue>;
}

/** Operations in any order; repetitions and operations on the suffix entry are passed over. */
export function fullReplay(
  operations: readonly StructuralOperation[],
  rules: StructureRules,
): FullReplay {
  const nodes = new Map<UniqueId, StructureNode>();
  const slots = new Map<string, SlotValue>();
  const slotText = (parent: UniqueId, rdnKey: string): string =>
    keyText({ kind: "slot", parent, rdnKey });
  const state = {
    node: (uniqueId: UniqueId) => nodes.get(uniqueId),
    putNode: (uniqueId: UniqueId, node: StructureNode) => void nodes.set(uniqueId, node),
    slot: (parent: UniqueId, key: string) => slots.get(slotText(parent, key)),
    putSlot: (parent: UniqueId, key: string, slot: SlotValue) =>
      void slots.set(slotText(parent, key), slot),
  };
  const byCsn = new Map(operations.map((operation) => [operation.csn, operation]));
  for (const csn of [...byCsn.keys()].sort()) {
    const operation = byCsn.get(csn);
    if (operation === undefined || operation.uniqueId === rules.suffixUniqueId) continue;
    executeStructural(rules, state, operation);
  }
  return { nodes, slots };
}
