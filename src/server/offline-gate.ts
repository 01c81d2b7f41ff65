// Closes the catch-up gates of a stopped instance whose data is replaced: the rows are written by those who replace it, and the
// server finds them when it starts (replica-gate.ts). Only suppliers have one.
import type { ConfigTree, ReplicaSettings } from "../config/index.ts";
import type { Kv } from "../kv/index.ts";
import {
  GATE_TABLE,
  type GateReason,
  encodeGate,
  gateKey,
} from "../replication/agreement/index.ts";
import { readRuv } from "../replication/changelog/index.ts";
import type { Csn, ReplicaId } from "../replication/csn/index.ts";
import { ruvMaxCsn } from "../replication/ruv/index.ts";
import { currentTables } from "../store/index.ts";

/** The newest change of its own that each supplier has in this database, by normal suffix. */
export function findLastIssued(kv: Kv, config: ConfigTree): ReadonlyMap<string, Csn> {
  const issued = new Map<string, Csn>();
  for (const { normalSuffix, replicaId } of suppliersOf(config)) {
    const backend = config.snapshot.backends.find((one) => one.normalSuffix === normalSuffix);
    if (backend === undefined) continue;
    const ruv = readRuv(currentTables(kv, backend.name.toLowerCase()).meta);
    const csn = ruv && ruvMaxCsn(ruv, replicaId as ReplicaId);
    if (csn !== undefined) issued.set(normalSuffix, csn);
  }
  return issued;
}

/** What closes them, the data of all suppliers or of the one with this suffix being replaced: to be called in the transaction that
 *  does so, or in one before. */
export function gateCloser(
  kv: Kv,
  config: ConfigTree,
  how: {
    readonly reason: GateReason;
    readonly lastIssued: ReadonlyMap<string, Csn>;
    readonly normalSuffix?: string;
  },
): () => void {
  const table = kv.bytesTable(GATE_TABLE); // tables are not opened inside a transaction
  return () => {
    for (const { normalSuffix } of suppliersOf(config)) {
      if (how.normalSuffix !== undefined && how.normalSuffix !== normalSuffix) continue;
      const lastIssued = how.lastIssued.get(normalSuffix);
      table.put(gateKey(normalSuffix), encodeGate({ reason: how.reason, lastIssued }));
    }
  };
}

const suppliersOf = (config: ConfigTree): readonly ReplicaSettings[] =>
  config.snapshot.replicas.filter(({ role }) => role === "supplier");
