// A bounded queue that serves its origins in turn, so that one client with many binds cannot starve the others.
//
// Invariants: at most `parallelMax` jobs run; an origin is in `turns` exactly when it has waiting jobs and stands there
// once; `waiting` counts all waiting jobs. Past a limit a job is refused with `busy` at once instead of waiting.
import { assert } from "../base/index.ts";
import { LdapError } from "../protocol/index.ts";

export interface FairQueueLimits {
  readonly parallelMax: number;
  readonly waitingMax: number;
  readonly waitingPerOriginMax: number;
}

export class FairQueue {
  readonly #limits: FairQueueLimits;
  readonly #jobs = new Map<string, (() => void)[]>();
  /** Origins with waiting jobs in the order of their turns. */
  readonly #turns: string[] = [];
  #running = 0;
  #waiting = 0;

  constructor(limits: FairQueueLimits) {
    assert(limits.parallelMax > 0, "a queue runs at least one job");
    this.#limits = limits;
  }

  get waitingCount(): number {
    return this.#waiting;
  }

  /** Runs the job when it is the origin's turn.
   *  @throws LdapError busy when the queue, or the origin's part of it, is full */
  async run<T>(origin: string, job: () => Promise<T>): Promise<T> {
    if (this.#running < this.#limits.parallelMax) this.#running += 1;
    else await this.#wait(origin);
    try {
      return await job();
    } finally {
      this.#release();
    }
  }

  #wait(origin: string): Promise<void> {
    const own = this.#jobs.get(origin);
    if (
      this.#waiting >= this.#limits.waitingMax ||
      (own?.length ?? 0) >= this.#limits.waitingPerOriginMax
    ) {
      throw new LdapError("busy", "Too many password checks are waiting");
    }
    this.#waiting += 1;
    return new Promise((resolve) => {
      if (own === undefined) {
        this.#jobs.set(origin, [resolve]);
        this.#turns.push(origin);
      } else {
        own.push(resolve);
      }
    });
  }

  /** Hands the place of a finished job to the next origin, or gives it back. */
  #release(): void {
    const origin = this.#turns.shift();
    if (origin === undefined) {
      this.#running -= 1;
      return;
    }
    const own = this.#jobs.get(origin);
    const start = own?.shift();
    assert(own !== undefined && start !== undefined, "an origin with a turn has waiting jobs");
    if (own.length > 0) this.#turns.push(origin);
    else this.#jobs.delete(origin);
    this.#waiting -= 1;
    start();
  }
}
