export type { Csn, ReplicaId } from "./csn.ts";
export {
  CSN_BYTES,
  CSN_ZERO,
  READ_ONLY_REPLICA_ID,
  compareCsn,
  csnReplicaId,
  csnSeconds,
  csnSequence,
  csnSubsequence,
  decodeCsn,
  encodeCsn,
  makeCsn,
  maxCsn,
  parseCsn,
  withSubsequence,
} from "./csn.ts";
