// Nodes that come ready made, in a total initialization from another Concord (13.7): they are stored as they are, and what the tree
// shows follows. While entries arrive they are of different moments, so that two of them may claim one name: the later one is kept
// aside as a loser until the nodes of one moment are there.
import type { UniqueId } from "../change/index.ts";
import { type StructureRules, rdnKey, readRdn } from "./names.ts";
import type { StructureNode } from "./node.ts";
import { TREE_DEPTH_MAX } from "./places.ts";
import type { StateKey, StructureRecord } from "./record.ts";
import { settleShown } from "./settle.ts";
import type { StructureStore } from "./store.ts";
import {
  decodeNode,
  decodeRecord,
  encodeNode,
  encodeRecord,
  isPlainNodeForm,
} from "./stored-form.ts";
import { WorkingState } from "./working-state.ts";

export interface LoadedNodes {
  /** Derive these anew. */
  readonly reshown: readonly UniqueId[];
  /** Stored with conflict flag although they have none: another living entry holds their name. */
  readonly displaced: readonly UniqueId[];
}

/** Why nodes do not fit those that are there. */
export type NodeFault = "orphan" | "loop" | "childrenLeft";

type SlotKey = StateKey & { readonly kind: "slot" };

/** Sets nodes, those of no value removed, with names and counts; nothing is set when they do not fit. `lastOf`: who is noted as last
 *  holder of a name, also while somebody holds it. */
export function loadNodes(
  store: StructureStore,
  rules: StructureRules,
  nodes: ReadonlyMap<UniqueId, StructureNode | undefined>,
  lastOf: (parent: UniqueId, key: string) => UniqueId | undefined = () => undefined,
): LoadedNodes | NodeFault {
  const state = new WorkingState(store);
  const slotOf = ({ parent, rdn }: StructureNode): SlotKey => ({
    kind: "slot",
    parent,
    rdnKey: rdnKey(rules, readRdn(rdn)),
  });
  for (const [uniqueId, node] of nodes) {
    const old = state.node(uniqueId);
    if (old !== undefined && isHolder(old)) leave(state, slotOf(old), uniqueId, lastOf);
    state.setNode(uniqueId, node);
  }
  const displaced: UniqueId[] = [];
  for (const [uniqueId, node] of nodes) {
    if (node === undefined || !isHolder(node)) continue;
    const slot = slotOf(node);
    const { holder } = state.slot(slot.parent, slot.rdnKey);
    if (holder === undefined) state.setValue(slot, { holder: uniqueId, last: uniqueId });
    else {
      state.setNode(uniqueId, { ...node, conflict: true });
      displaced.push(uniqueId);
    }
  }
  const fault = findFault(state, rules, nodes.keys());
  if (fault !== undefined) return fault;
  const reshown = settleShown(state, rules, state.changedNodes());
  for (const [uniqueId, node] of nodes) {
    const { shown, tombstones, placeholders } = state.counts(uniqueId);
    if (node === undefined && shown + tombstones + placeholders > 0) return "childrenLeft";
  }
  state.flush();
  return { reshown, displaced };
}

const isHolder = ({ life, conflict }: StructureNode): boolean => life === "live" && !conflict;

function leave(
  state: WorkingState,
  slot: SlotKey,
  uniqueId: UniqueId,
  lastOf: (parent: UniqueId, key: string) => UniqueId | undefined,
): void {
  if (state.slot(slot.parent, slot.rdnKey).holder !== uniqueId) return;
  state.setValue(slot, { holder: undefined, last: lastOf(slot.parent, slot.rdnKey) });
}

/** Every node hangs together with the suffix entry. */
function findFault(
  state: WorkingState,
  rules: StructureRules,
  uniqueIds: Iterable<UniqueId>,
): NodeFault | undefined {
  const connected = new Set<UniqueId>([rules.suffixUniqueId]);
  for (const uniqueId of uniqueIds) {
    if (uniqueId === rules.suffixUniqueId) return "loop"; // it has no node
    const path = new Set<UniqueId>();
    let at = uniqueId;
    for (let node = state.node(at); node !== undefined && !connected.has(at); ) {
      if (path.has(at) || path.size >= TREE_DEPTH_MAX) return "loop";
      path.add(at);
      at = node.parent;
      node = state.node(at);
    }
    if (path.size > 0 && !connected.has(at)) return "orphan";
    for (const above of path) connected.add(above);
  }
  return undefined;
}

/** A node from the wire; undefined: the bytes are none. What a stored row must be, here is looked at. */
export function readNode(bytes: Buffer): StructureNode | undefined {
  const node = isPlainNodeForm(bytes)
    ? decodeNode(bytes)
    : readWhole(bytes, decodeNode, encodeNode);
  return node === undefined || readRdn(node.rdn).length === 0 ? undefined : node;
}

/** A record of the structure log from the wire; undefined: the bytes are none. */
export const readRecord = (bytes: Buffer): StructureRecord | undefined =>
  readWhole(bytes, decodeRecord, encodeRecord);

/** The decoders assert what they find in a row of ours; bytes of others may fail that, or say a thing in another way than ours. */
function readWhole<T>(
  bytes: Buffer,
  decode: (bytes: Buffer) => T,
  encode: (value: T) => Buffer,
): T | undefined {
  try {
    const value = decode(bytes);
    return encode(value).equals(bytes) ? value : undefined;
  } catch {
    return undefined;
  }
}
