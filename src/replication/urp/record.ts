// A record of the structure log: the operation, what its execution read, and the old values of what it wrote. Together the
// records hold every version of every node and slot since the purge CSN, so that an operation that arrives late can be
// executed in its place and later ones executed again where they read what it changed (13.3, selective replay).
import type { UniqueId } from "../change/index.ts";
import type { StructureNode } from "./node.ts";
import type { StructuralOperation } from "./operation.ts";

/** What structure execution reads and writes: a node or a slot. */
export type StateKey =
  | { readonly kind: "node"; readonly uniqueId: UniqueId }
  | { readonly kind: "slot"; readonly parent: UniqueId; readonly rdnKey: string };

/** The structure part of a slot. */
export interface SlotValue {
  readonly holder: UniqueId | undefined;
  readonly last: UniqueId | undefined;
}

/** A key that was written, with the value that it had before; undefined: it was absent. */
export type StateChange =
  | { readonly key: StateKey & { kind: "node" }; readonly before: StructureNode | undefined }
  | { readonly key: StateKey & { kind: "slot" }; readonly before: SlotValue | undefined };

export interface StructureRecord {
  readonly operation: StructuralOperation;
  /** Keys that were read, including those found absent. */
  readonly reads: readonly StateKey[];
  readonly writes: readonly StateChange[];
}

/** Identity of a key: the unique ID, for slots followed by "/" and the normal RDN. */
export const keyText = (key: StateKey): string =>
  key.kind === "node" ? key.uniqueId : `${key.parent}/${key.rdnKey}`;
