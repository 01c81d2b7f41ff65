// The data of an agreement thread in tests: changelog and RUV in LMDB, no entries.
import { openLmdb } from "../../src/kv/lmdb.ts";
import type { ReplicaData } from "../../src/replication/thread/index.ts";

export function openReplicaData(folder: string, backend: string): ReplicaData {
  const kv = openLmdb(folder, { readOnly: true });
  const tables = {
    changelog: kv.bytesTable(`${backend}/changelog`),
    window: kv.bytesTable(`${backend}/window`),
    meta: kv.bytesTable(`${backend}/meta`),
  };
  return {
    renew: () => kv.renew(),
    changelog: () => tables,
    cleanedIds: () => new Map(),
    openEntries: () => {
      throw new Error("there are no entries");
    },
    close: () => kv.close(),
  };
}
