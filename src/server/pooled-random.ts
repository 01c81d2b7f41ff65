// Chance for work that needs a few bytes very often: one call of the operating system gives many portions.
import { randomBytes } from "node:crypto";
import type { Random } from "../base/index.ts";

const POOL_BYTES = 64 * 1024;

/** Each byte of `source` is handed out once. */
export function pooledRandom(source: Random): Random {
  let pool: Buffer = Buffer.alloc(0);
  let at = 0;
  return {
    bytes(count) {
      if (at + count > pool.length) {
        pool = source.bytes(Math.max(POOL_BYTES, count));
        at = 0;
      }
      at += count;
      return pool.subarray(at - count, at);
    },
  };
}

export const SYSTEM_RANDOM: Random = pooledRandom({ bytes: (count) => randomBytes(count) });
