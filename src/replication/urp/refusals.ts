// What a local operation is refused with unwillingToPerform (53), so that no client is told of a success that the rules ignore
// (13.1). Everything else about a local operation is checked on the shown entries like on any server. Replicated operations
// are never refused.
import type { UniqueId } from "../change/index.ts";
import { type StructureRules, rdnKey, readRdn } from "./names.ts";
import type { StructureStore } from "./store.ts";

/** `parent`: adding or moving an entry below it. `modify`: any modify. `replaceClasses`: a replace or a delete of all values of
 *  objectClass. Moves of an entry below itself are for the caller: the parents of shown entries are those of the nodes. */
export type RefusedAction = "parent" | "rename" | "modify" | "replaceClasses";

/** Why `action` on a shown entry is refused; undefined: it is not. The text is for the client and names the way out. */
export function findRefusal(
  store: StructureStore,
  rules: StructureRules,
  uniqueId: UniqueId,
  action: RefusedAction,
): string | undefined {
  if (uniqueId === rules.suffixUniqueId) return undefined;
  const node = store.getNode(uniqueId);
  if (node === undefined) return undefined;
  switch (action) {
    case "parent": {
      if (node.life === "live" && !node.conflict) return undefined;
      const slot = store.getSlot(node.parent, rdnKey(rules, readRdn(node.rdn)));
      return slot?.holder === undefined || slot.holder === uniqueId
        ? undefined
        : "Conflict entry: another entry has its name, use that one as parent";
    }
    case "rename":
      return node.life === "live"
        ? undefined
        : "Glue entry: delete the value glue of objectClass before renaming it";
    case "modify":
      return node.life === "placeholder"
        ? "Glue for a missing entry: move its children away, then it vanishes"
        : undefined;
    case "replaceClasses":
      return node.life === "dead"
        ? "Glue entry: delete the value glue of objectClass to make it a normal entry"
        : undefined;
  }
}
