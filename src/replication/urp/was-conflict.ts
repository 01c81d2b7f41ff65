// Whether a rename resolved a naming conflict. The node of an entry does not say what it was; the record of the operation that
// named it does, until it is purged.
import type { UniqueId } from "../change/index.ts";
import type { StructureStore } from "./store.ts";

/** Whether the entry was a conflict entry until its last rename, as far as the structure log goes back. */
export function wasConflict(store: StructureStore, uniqueId: UniqueId): boolean {
  const node = store.getNode(uniqueId);
  if (node === undefined || node.life !== "live" || node.conflict) return false;
  const writes = store.getRecord(node.naming)?.writes ?? [];
  return writes.some(
    ({ key, before }) =>
      key.kind === "node" &&
      key.uniqueId === uniqueId &&
      before !== undefined &&
      "conflict" in before &&
      before.conflict,
  );
}
