// CSN generator as a value (389: csngen.c; replication-protocol 1.2): state in, CSN and new state out.
//
// Generator time G = sampledSeconds + localOffsetSeconds + remoteOffsetSeconds. Invariants: G never decreases, and
// (G, sequence) never repeats, whatever the clock does. The state is stored in the transaction of every change, so that
// a crash cannot take it back either. A clock that moves forward eats the local offset, one that moves backward grows
// it; the remote offset (another supplier is ahead of us) never shrinks. Each offset is limited to a day: a peer or a
// clock beyond that is refused, unless `ignoreTimeSkew` (nsslapd-ignore-time-skew) is on.
//
// nsState, the form in which administration tools read it, is 389's C structure on 64-bit hosts, little-endian:
//
//   0  2+6  replica ID        8  8  sampled seconds    16  8  local offset
//   24  8   remote offset    32 2+6 next sequence number                        (40 bytes)
import { assert } from "../../base/index.ts";
import { type Csn, type ReplicaId, csnReplicaId, csnSeconds, csnSequence, makeCsn } from "./csn.ts";

/** The furthest that the local clock may be set back, or that other suppliers may be ahead in sum. */
export const SKEW_SECONDS_MAX = 86_400;
/** Bytes of an nsState value. */
export const NS_STATE_BYTES = 40;

const SEQUENCE_MAX = 0xffff;
const SECONDS_MAX = 0xffff_ffff;

export interface CsnGenerator {
  readonly replicaId: ReplicaId;
  /** The clock when it was last looked at. */
  readonly sampledSeconds: number;
  readonly localOffsetSeconds: number;
  readonly remoteOffsetSeconds: number;
  /** Of the next CSN of this second. 0xffff is never issued. */
  readonly sequence: number;
}

export interface SkewOptions {
  /** nsslapd-ignore-time-skew. */
  readonly ignoreTimeSkew?: boolean;
}

/** The clock or the other supplier is too far off; nothing has changed. */
export interface SkewRefusal {
  readonly type: "skew";
  readonly cause: "local" | "remote";
  /** The offset that would have been needed. */
  readonly offsetSeconds: number;
}

export interface GeneratorMoved {
  readonly type: "moved";
  readonly generator: CsnGenerator;
}

export interface CsnIssued {
  readonly type: "issued";
  readonly generator: CsnGenerator;
  readonly csn: Csn;
}

/** A generator that has issued nothing yet. */
export function makeGenerator(replicaId: ReplicaId, nowSeconds: number): CsnGenerator {
  return {
    replicaId,
    sampledSeconds: nowSeconds,
    localOffsetSeconds: 0,
    remoteOffsetSeconds: 0,
    sequence: 0,
  };
}

/** Seconds that the next CSN would carry if the clock stood still. */
export const generatorSeconds = (generator: CsnGenerator): number =>
  generator.sampledSeconds + generator.localOffsetSeconds + generator.remoteOffsetSeconds;

/** The next CSN; above `above`, when given (the newest CSN of the entry that is going to be changed). */
export function nextCsn(
  generator: CsnGenerator,
  nowSeconds: number,
  options: SkewOptions & { readonly above?: Csn | undefined } = {},
): CsnIssued | SkewRefusal {
  const moved =
    options.above === undefined
      ? followClock(generator, nowSeconds, options)
      : adjustGenerator(generator, options.above, nowSeconds, options);
  if (moved.type === "skew") return moved;
  let next = moved.generator;
  if (next.sequence >= SEQUENCE_MAX) {
    next = { ...next, localOffsetSeconds: next.localOffsetSeconds + 1, sequence: 0 };
  }
  const seconds = generatorSeconds(next);
  const csn = makeCsn(seconds, next.sequence, next.replicaId);
  assert(options.above === undefined || csn > options.above, "a new CSN is above its base");
  return { type: "issued", generator: { ...next, sequence: next.sequence + 1 }, csn };
}

/** The generator moved so that its next CSN is above `csn`, which is known to exist elsewhere. */
export function adjustGenerator(
  generator: CsnGenerator,
  csn: Csn,
  nowSeconds: number,
  options: SkewOptions = {},
): GeneratorMoved | SkewRefusal {
  const before = generatorSeconds(generator);
  const moved = followClock(generator, nowSeconds, options);
  if (moved.type === "skew") return moved;
  let { localOffsetSeconds, remoteOffsetSeconds, sequence } = moved.generator;
  const ahead = csnSeconds(csn) - generatorSeconds(moved.generator);
  if (ahead > 0) {
    const wanted = remoteOffsetSeconds + ahead;
    if (options.ignoreTimeSkew !== true && wanted > SKEW_SECONDS_MAX) {
      return { type: "skew", cause: "remote", offsetSeconds: wanted };
    }
    // One of the seconds is booked as local, so that the next tick of our own clock eats it: two suppliers whose clocks
    // differ by a fraction of a second would otherwise push each other forward for ever.
    const edible = localOffsetSeconds === 0 ? 1 : 0;
    localOffsetSeconds += edible;
    remoteOffsetSeconds = wanted - edible;
  }
  let next = { ...moved.generator, localOffsetSeconds, remoteOffsetSeconds };
  if (generatorSeconds(next) > before) sequence = 0;
  if (generatorSeconds(next) === csnSeconds(csn) && csnSequence(csn) >= sequence) {
    sequence = csnSequence(csn) + 1;
    if (sequence > SEQUENCE_MAX) {
      next = { ...next, localOffsetSeconds: next.localOffsetSeconds + 1 };
      sequence = 0;
    }
  }
  return { type: "moved", generator: { ...next, sequence } };
}

/** A stored generator as it continues after a start. `lastCsn`, the newest CSN in the data, only matters when the data
 *  is newer than the generator (an import, a foreign database); it never refuses. */
export function resumeGenerator(
  stored: CsnGenerator,
  lastCsn: Csn | undefined,
  nowSeconds: number,
): CsnGenerator {
  const options = { ignoreTimeSkew: true };
  const moved =
    lastCsn === undefined
      ? followClock(stored, nowSeconds, options)
      : adjustGenerator(stored, lastCsn, nowSeconds, options);
  assert(moved.type === "moved", "a start is never refused for the clock");
  return moved.generator;
}

function followClock(
  generator: CsnGenerator,
  nowSeconds: number,
  options: SkewOptions,
): GeneratorMoved | SkewRefusal {
  assert(Number.isInteger(nowSeconds) && nowSeconds >= 0, "the clock gives whole seconds");
  const forward = nowSeconds - generator.sampledSeconds;
  if (forward === 0) return { type: "moved", generator };
  const offset = generator.localOffsetSeconds - forward;
  if (options.ignoreTimeSkew !== true && forward < 0 && offset > SKEW_SECONDS_MAX) {
    return { type: "skew", cause: "local", offsetSeconds: offset };
  }
  const next = {
    ...generator,
    sampledSeconds: nowSeconds,
    localOffsetSeconds: Math.max(0, offset),
  };
  const gained = generatorSeconds(next) - generatorSeconds(generator);
  assert(gained >= 0, "generator time never decreases");
  return { type: "moved", generator: gained > 0 ? { ...next, sequence: 0 } : next };
}

/** Whether `csn` could have been issued by this generator in the past: own replica ID and not ahead. */
export function hasIssued(generator: CsnGenerator, csn: Csn): boolean {
  if (csnReplicaId(csn) !== generator.replicaId) return false;
  const next = makeCsn(
    Math.min(generatorSeconds(generator), SECONDS_MAX),
    generator.sequence,
    generator.replicaId,
  );
  return csn < next;
}

/** The nsState value. */
export function encodeNsState(generator: CsnGenerator): Buffer {
  const bytes = Buffer.alloc(NS_STATE_BYTES);
  bytes.writeUInt16LE(generator.replicaId, 0);
  bytes.writeBigInt64LE(BigInt(generator.sampledSeconds), 8);
  bytes.writeBigInt64LE(BigInt(generator.localOffsetSeconds), 16);
  bytes.writeBigInt64LE(BigInt(generator.remoteOffsetSeconds), 24);
  bytes.writeUInt16LE(generator.sequence, 32);
  return bytes;
}

/** undefined unless `bytes` is an nsState value with times that fit a CSN. */
export function decodeNsState(bytes: Buffer): CsnGenerator | undefined {
  if (bytes.length !== NS_STATE_BYTES) return undefined;
  const generator: CsnGenerator = {
    replicaId: bytes.readUInt16LE(0) as ReplicaId,
    sampledSeconds: Number(bytes.readBigInt64LE(8)),
    localOffsetSeconds: Number(bytes.readBigInt64LE(16)),
    remoteOffsetSeconds: Number(bytes.readBigInt64LE(24)),
    sequence: bytes.readUInt16LE(32),
  };
  const { sampledSeconds, localOffsetSeconds, remoteOffsetSeconds } = generator;
  const fits = [sampledSeconds, localOffsetSeconds, remoteOffsetSeconds].every(
    (seconds) => seconds >= 0 && seconds <= SECONDS_MAX,
  );
  return fits && generatorSeconds(generator) <= SECONDS_MAX ? generator : undefined;
}
