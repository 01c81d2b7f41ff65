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
export type {
  CsnGenerator,
  CsnIssued,
  GeneratorMoved,
  SkewOptions,
  SkewRefusal,
} from "./csn-generator.ts";
export {
  NS_STATE_BYTES,
  SKEW_SECONDS_MAX,
  adjustGenerator,
  decodeNsState,
  encodeNsState,
  generatorSeconds,
  hasIssued,
  makeGenerator,
  nextCsn,
  resumeGenerator,
} from "./csn-generator.ts";
