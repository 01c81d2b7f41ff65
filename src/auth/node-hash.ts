// Slow hashes on Node: PBKDF2 in libuv's thread pool, crypt formats on this thread in slices. All of them go through one
// fair queue per server, so that binds cannot take the pool away from everything else.
import { pbkdf2 } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { promisify } from "node:util";
import type { FairQueueLimits } from "./fair-queue.ts";
import { FairQueue } from "./fair-queue.ts";
import {
  SLOW_HASH_PARALLEL_MAX,
  SLOW_HASH_WAITING_MAX,
  SLOW_HASH_WAITING_PER_ORIGIN_MAX,
} from "./limits.ts";
import type { SlowHash } from "./slow-hash.ts";

const pbkdf2Async = promisify(pbkdf2);

const LIMITS: FairQueueLimits = {
  parallelMax: SLOW_HASH_PARALLEL_MAX,
  waitingMax: SLOW_HASH_WAITING_MAX,
  waitingPerOriginMax: SLOW_HASH_WAITING_PER_ORIGIN_MAX,
};

/** The slow hashes of one server process. */
export interface NodeHash {
  /** The same queue seen from one origin (a connection, say): origins are served in turn. */
  forOrigin(origin: string): SlowHash;
}

/** Opens the queue; nothing has to be closed. */
export function createNodeHash(limits: FairQueueLimits = LIMITS): NodeHash {
  const queue = new FairQueue(limits);
  return {
    forOrigin: (origin) => ({
      pbkdf2: ({ password, salt, rounds, keyBytes, digest }) =>
        queue.run(origin, () => pbkdf2Async(password, salt, rounds, keyBytes, digest)),
      run: (slices) => queue.run(origin, () => runSlices(slices)),
    }),
  };
}

async function runSlices<T>(slices: Generator<undefined, T>): Promise<T> {
  for (;;) {
    const step = slices.next();
    if (step.done === true) return step.value;
    await setImmediate();
  }
}
