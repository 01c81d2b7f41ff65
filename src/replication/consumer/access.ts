// Exclusive access to a replica (replication-protocol 3.6): at most one session, incremental or total, holds it. In memory only:
// a connection that goes takes its access along, and so
// does a new session of the same supplier, whose old connection may be lost without a word. Values; each function gives a new one.
import type { ReplicaId } from "../csn/index.ts";
import type { Ruv } from "../ruv/index.ts";

export type Access =
  | { readonly name: "free" }
  | {
      readonly name: "incremental";
      readonly connectionId: number;
      /** For logs. */
      readonly label: string;
      readonly supplier: Ruv;
      /** undefined: it is read-only. */
      readonly supplierId: ReplicaId | undefined;
      /** Another supplier waits: `asked` until the running one has been told. */
      readonly release: "none" | "asked" | "told";
    }
  | {
      readonly name: "total";
      readonly connectionId: number;
      readonly label: string;
      readonly supplier: Ruv;
    };

export const FREE: Access = { name: "free" };

export const holds = (access: Access, connectionId: number): boolean =>
  access.name !== "free" && access.connectionId === connectionId;

/** A supplier was turned away: the running session should make room, if the replica offers that. */
export const askRelease = (access: Access): Access =>
  access.name === "incremental" && access.release === "none"
    ? { ...access, release: "asked" }
    : access;

export const releaseTold = (access: Access): Access =>
  access.name === "incremental" ? { ...access, release: "told" } : access;
