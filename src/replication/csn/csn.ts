// Change sequence number (389: csn.c). A value is its 20-character lower-case hex text, so that string order is CSN order:
//
//   chars  0-7   seconds since 1970 UTC (32 bit)      chars 12-15  replica ID (16 bit)
//   chars  8-11  sequence number in the second        chars 16-19  subsequence: number of the mod in its operation
//
// Stored form: the same 80 bits as 10 bytes, big-endian, so that byte order is CSN order too.
import { assert } from "../../base/index.ts";

export type Csn = string & { readonly brand: "Csn" };
export type ReplicaId = number & { readonly brand: "ReplicaId" };

/** Bytes of the stored form. */
export const CSN_BYTES = 10;
/** The replica ID of every read-only replica (hub or consumer). */
export const READ_ONLY_REPLICA_ID = 65_535 as ReplicaId;
/** Sorts below every CSN that is ever issued. */
export const CSN_ZERO = "00000000000000000000" as Csn;

const CSN_TEXT = /^[0-9a-fA-F]{20}/;

/** The CSN at the start of `text` (389 ignores what follows the 20 digits), or undefined. */
export function parseCsn(text: string): Csn | undefined {
  return CSN_TEXT.test(text) ? (text.slice(0, 20).toLowerCase() as Csn) : undefined;
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");

/** Seconds are unsigned 32 bit, the other fields unsigned 16 bit. */
export function makeCsn(
  seconds: number,
  sequence: number,
  replicaId: number,
  subsequence = 0,
): Csn {
  assert(seconds >= 0 && seconds <= 0xffff_ffff, "CSN seconds fit 32 bits");
  assert(sequence >= 0 && sequence <= 0xffff, "CSN sequence number fits 16 bits");
  return (hex(seconds, 8) + hex(sequence, 4) + hex(replicaId, 4) + hex(subsequence, 4)) as Csn;
}

export const csnSeconds = (csn: Csn): number => Number.parseInt(csn.slice(0, 8), 16);
export const csnSequence = (csn: Csn): number => Number.parseInt(csn.slice(8, 12), 16);
export const csnReplicaId = (csn: Csn): ReplicaId =>
  Number.parseInt(csn.slice(12, 16), 16) as ReplicaId;
export const csnSubsequence = (csn: Csn): number => Number.parseInt(csn.slice(16, 20), 16);

/** The CSN of mod number `subsequence` of the operation. */
export function withSubsequence(csn: Csn, subsequence: number): Csn {
  assert(subsequence <= 0xffff, "an operation has at most 65,536 mods");
  return (csn.slice(0, 16) + hex(subsequence, 4)) as Csn;
}

/** −1, 0 or 1. */
export function compareCsn(a: Csn, b: Csn): -1 | 0 | 1 {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

export function maxCsn(a: Csn | undefined, b: Csn | undefined): Csn | undefined {
  if (a === undefined) return b;
  return b === undefined || a >= b ? a : b;
}

/** The stored form, 10 bytes. */
export const encodeCsn = (csn: Csn): Buffer => Buffer.from(csn, "hex");

/** Reads the stored form at `offset`. */
export const decodeCsn = (bytes: Buffer, offset = 0): Csn =>
  bytes.toString("hex", offset, offset + CSN_BYTES) as Csn;
