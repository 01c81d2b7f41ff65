// What is shown of a node: as what, under which name, with which derived attributes (13.2 overlay, 13.3 derived data, 7.1,
// 7.3, 7.4). Everything here is computed from nodes, slots, counts and registers and stored nowhere but in the record of the
// entry, which is written anew for every unique ID that `applyStructural` names.
//
//   kind         node                        RDN shown             classes added           nsds5ReplConflict
//   live         live                        wanted                                        (Schema violation)
//   conflict     live, conflict flag         wanted + nsuniqueid   ldapsubentry            namingConflict (ADD|MODRDN) …
//   glue         dead, shown children        wanted, or conflict   glue extensibleObject   deletedEntryHasChildren
//   missing      placeholder, shown children wanted, or conflict   the same and top        missingEntry
//   tombstone    dead, no shown children     nsuniqueid=…,wanted   nsTombstone             (as conflict, with the flag)
//
// A conflict entry or tombstone with flag also has conflictCSN; a tombstone has nsTombstoneCSN, nsParentUniqueId,
// nscpEntryDN. The mark of a conflict entry and nscpEntryDN name the parent's DN, so they are out of date after an ancestor was
// renamed: the caller derives the entries below anew.
import { assert } from "../../base/index.ts";
import { formatRdn } from "../../dn/index.ts";
import type { UniqueId } from "../change/index.ts";
import { CSN_ZERO, type Csn, maxCsn } from "../csn/index.ts";
import { type StructureRules, conflictRdn, rdnKey, readDn, readRdn } from "./names.ts";
import type { StructureNode } from "./node.ts";
import { TREE_DEPTH_MAX } from "./places.ts";
import type { StructureStore } from "./store.ts";

export type FormKind = "live" | "conflict" | "glue" | "missing" | "tombstone";

export interface EntryForm {
  readonly kind: FormKind;
  readonly uniqueId: UniqueId;
  /** Of the suffix entry a made-up one, whose parent is the suffix itself. */
  readonly node: StructureNode;
  /** As shown; of a tombstone both parts: "nsuniqueid=…,<RDN>". */
  readonly rdn: string;
  /** Of a tombstone: the largest death CSN of itself and the tombstones below it; it is not reaped before them. */
  readonly tombstoneCsn: Csn | undefined;
}

/** Whether an entry with this node is shown. */
export function isShown(store: StructureStore, uniqueId: UniqueId, node: StructureNode): boolean {
  return node.life === "live" || store.getChildCounts(uniqueId).shown > 0;
}

function kindOf(node: StructureNode, shown: boolean): FormKind | undefined {
  switch (node.life) {
    case "live":
      return node.conflict ? "conflict" : "live";
    case "dead":
      return shown ? "glue" : "tombstone";
    case "placeholder":
      return shown ? "missing" : undefined;
  }
}

/** Glue has its plain name if the conflict flag is off, nobody holds the name, and of the glue that wants it it has the
 *  smallest (naming CSN, unique ID). */
function hasPlainName(
  store: StructureStore,
  rules: StructureRules,
  uniqueId: UniqueId,
  node: StructureNode,
): boolean {
  if (node.conflict) return false;
  const slot = store.getSlot(node.parent, rdnKey(rules, readRdn(node.rdn)));
  if (slot?.holder !== undefined) return false;
  return (slot?.glue ?? []).every((other) => {
    if (other === uniqueId) return true;
    const { naming } = store.getNode(other) ?? node;
    return naming === node.naming ? other > uniqueId : naming > node.naming;
  });
}

/** The CSN that a tombstone shows. */
function tombstoneCsn(
  store: StructureStore,
  uniqueId: UniqueId,
  node: StructureNode,
  depth = 0,
): Csn | undefined {
  assert(depth < TREE_DEPTH_MAX, "parents form no loop");
  const { tombstones, placeholders } = store.getChildCounts(uniqueId);
  let largest = node.death;
  if (tombstones + placeholders === 0) return largest;
  for (const child of store.children(uniqueId)) {
    const childNode = store.getNode(child);
    if (childNode === undefined) continue;
    largest = maxCsn(largest, tombstoneCsn(store, child, childNode, depth + 1));
  }
  return largest;
}

/** The form of the suffix entry, which has no node. */
export function suffixForm({ suffix, suffixUniqueId }: StructureRules): EntryForm {
  const leaf = readDn(suffix)[0];
  const node: StructureNode = {
    life: "live",
    parent: suffixUniqueId,
    rdn: leaf === undefined ? "" : formatRdn(leaf),
    naming: CSN_ZERO,
    how: "ADD",
    conflict: false,
    death: undefined,
    effects: [],
  };
  return { kind: "live", uniqueId: suffixUniqueId, node, rdn: suffix, tombstoneCsn: undefined };
}

/** What is shown of a unique ID; undefined when nothing is: no node, or a placeholder without shown children. For the
 *  suffix entry take suffixForm. Call it after the changes of the operation have been set. */
export function deriveForm(
  store: StructureStore,
  rules: StructureRules,
  uniqueId: UniqueId,
): EntryForm | undefined {
  const node = store.getNode(uniqueId);
  if (node === undefined) return undefined;
  const kind = kindOf(node, isShown(store, uniqueId, node));
  if (kind === undefined) return undefined;
  const isPlain =
    kind === "live" ||
    ((kind === "glue" || kind === "missing") && hasPlainName(store, rules, uniqueId, node)) ||
    (kind === "tombstone" && !node.conflict);
  const rdn = isPlain ? node.rdn : conflictRdn(node.rdn, uniqueId);
  const isTombstone = kind === "tombstone";
  return {
    kind,
    uniqueId,
    node,
    rdn: isTombstone ? `nsuniqueid=${uniqueId},${rdn}` : rdn,
    tombstoneCsn: isTombstone ? tombstoneCsn(store, uniqueId, node) : undefined,
  };
}
