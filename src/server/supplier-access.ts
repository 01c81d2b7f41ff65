// What a supplier may read of the replica entry: before the first session on a connection it asks for nsDS5ReplicaID, so that
// it does not send changes back to where they came from (replication-protocol 5.3). Everything else below cn=config stays with
// the administrators.
import type { Access } from "../operation/index.ts";

const READABLE_KEYS: ReadonlySet<string> = new Set([
  "objectclass",
  "cn",
  "nsds5replicaid",
  "nsds5replicaroot",
  "nsds5replicatype",
  "nsds5flags",
]);

const NO_RULES = { rules: [] };

export const SUPPLIER_ACCESS: Access = {
  mayAttribute: (_entry, right, type) => right !== "write" && READABLE_KEYS.has(type.key),
  rulesOf: () => NO_RULES,
  decisionUnder: (_rules, right, { type }) => right !== "write" && READABLE_KEYS.has(type.key),
  mayChange: () => false,
  mayEntry: () => false,
  mayMove: () => false,
  mayReturn: () => true,
};
