// The one way to a durable write. All operations that wait run in one transaction of the Kv, each on a write set of its own;
// their promises settle once that transaction is on disk.
//
// - A refused operation (an LdapError, told by `isRefusal`) rejects and leaves no trace; its siblings commit. It, too, is
//   answered after the commit, because it may have seen what its siblings wrote.
// - Any other throw is a defect and a rejected transaction a storage fault: `onFatal` is called once, nothing is answered
//   any more, and the caller ends the process. Never retried: a later flush can succeed without the lost pages.
// - Nothing but the promise of the transaction tells that it is on disk.
// - At most BATCHES_IN_FLIGHT_MAX asynchronous transactions; a batch takes what waits when it runs, not when it was asked for.
// - A synchronous commit, which saves the hand-over between threads but blocks the event loop for the flush, only when
//   exactly one operation waits, somebody waits for that, nothing is in flight, and no other request was served for a while.

import { assert, type Clock, type Millis } from "../base/index.ts";
import type { Kv } from "./kv.ts";
import { WriteSet } from "./write-set.ts";

/** More bring nothing: LMDB holds its lock through the flush. */
const BATCHES_IN_FLIGHT_MAX = 2;
/** Operations in one transaction; at about 50 us each the event loop is held for some 10 ms. */
const BATCH_OPERATIONS_MAX = 256;
/** Operations that may wait when one of a client comes. */
const QUEUE_OPERATIONS_MAX = 10_000;
/** How long no other request must have been served before a commit may block the event loop. */
const QUIET_MS = 20;

export interface WriteQueueOptions {
  /** Whether what an operation threw is an answer to its client. */
  readonly isRefusal: (error: unknown) => boolean;
  /** What `submitForClient` rejects with when the queue is full. */
  readonly busyError: () => Error;
  /** A defect or a storage fault: end the process. */
  readonly onFatal: (error: unknown) => void;
  readonly operationsMax?: number;
  readonly batchOperationsMax?: number;
  readonly quietMs?: number;
  /** Calls `step` once the input that is there has been read. Default: setImmediate. */
  readonly schedule?: (step: () => void) => void;
  /** Called before the operations of a transaction run, which may take as long as all of a batch do. */
  readonly onBatch?: () => void;
}

interface PendingWrite {
  /** Somebody waits for it. */
  readonly isUrgent: boolean;
  readonly run: (writeSet: WriteSet) => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  outcome: { readonly value: unknown } | { readonly refusal: unknown } | undefined;
}

/** The operations of one transaction. */
interface Batch {
  readonly writes: PendingWrite[];
  afterCommit: readonly (() => void)[];
}

export interface WriteQueueStatistics {
  readonly waiting: number;
  readonly batches: number;
  readonly batchesSync: number;
  readonly operations: number;
  readonly refused: number;
}

export class WriteQueue {
  readonly #kv: Kv;
  readonly #clock: Clock;
  readonly #options: WriteQueueOptions;
  readonly #waiting: PendingWrite[] = [];
  readonly #alone: (() => void)[] = [];
  #inFlight = 0;
  /** Another thread commits; called when something waits meanwhile. */
  #lent: (() => void) | undefined;
  /** Asked for and not yet run: it will take what waits. */
  #batchAsked = false;
  #stepScheduled = false;
  #failed = false;
  #lastRequestMs: Millis | undefined;
  #idleWaiters: (() => void)[] = [];
  #counts = { batches: 0, batchesSync: 0, operations: 0, refused: 0 };

  constructor(kv: Kv, clock: Clock, options: WriteQueueOptions) {
    this.#kv = kv;
    this.#clock = clock;
    this.#options = options;
  }

  /** `submit` for what clients ask for: rejects with `busyError` when too many wait. */
  submitForClient<T>(run: (writeSet: WriteSet) => T): Promise<T> {
    return this.#waiting.length >= (this.#options.operationsMax ?? QUEUE_OPERATIONS_MAX)
      ? Promise.reject(this.#options.busyError())
      : this.submit(run);
  }

  /** Runs `run` in order of the calls; resolves with what it returned when that is on disk, rejects with its refusal.
   *  `run` is synchronous and writes through its write set alone. After a failure of the queue the promise never settles.
   *  It takes whatever comes: from the server itself, or from the one supplier that has a session, within its window. */
  submit<T>(run: (writeSet: WriteSet) => T): Promise<T> {
    return this.#submit(run, true);
  }

  /** `submit` for work of the server's own that nobody waits for: it alone never blocks the event loop for a flush. */
  submitInBackground<T>(run: (writeSet: WriteSet) => T): Promise<T> {
    return this.#submit(run, false);
  }

  #submit<T>(run: (writeSet: WriteSet) => T, isUrgent: boolean): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({
        isUrgent,
        run,
        resolve: resolve as (value: unknown) => void,
        reject,
        outcome: undefined,
      });
      this.#advance();
    });
  }

  /** Runs `run` while no transaction is in flight, before further operations: to open or drop tables. */
  runAlone<T>(run: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#alone.push(() => {
        try {
          resolve(run());
        } catch (error) {
          reject(error);
        }
      });
      this.#advance();
    });
  }

  /** Lets another thread of the process commit: `run` ends when it has. Operations go on beside it, LMDB has them wait for one
   *  another; `onWanted` is called when one comes, so that the other thread can make an end. What `run` throws is a storage fault or
   *  a defect. */
  lend(run: () => Promise<void>, onWanted: () => void): Promise<void> {
    return new Promise((resolve) => {
      this.#alone.push(() => {
        this.#lent = onWanted;
        run().then(
          () => {
            this.#lent = undefined;
            resolve();
            this.#advance();
          },
          (error: unknown) => this.#fail(error),
        );
      });
      this.#advance();
    });
  }

  /** Told of each request that was served and is not itself a submitted write. */
  noteRequest(): void {
    this.#lastRequestMs = this.#clock.now();
  }

  /** Resolves when nothing waits and nothing is in flight. */
  whenIdle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  statistics(): WriteQueueStatistics {
    return { waiting: this.#waiting.length, ...this.#counts };
  }

  #isIdle(): boolean {
    return this.#waiting.length === 0 && this.#alone.length === 0 && this.#hasAll;
  }

  /** No transaction is in flight. */
  get #hasAll(): boolean {
    return this.#inFlight === 0 && this.#lent === undefined;
  }

  #advance(): void {
    if (this.#failed) return;
    if (this.#alone.length > 0 || this.#waiting.length > 0) this.#lent?.();
    if (this.#alone.length > 0) {
      if (this.#hasAll) this.#runAllAlone();
      return; // what is in flight comes back here
    }
    if (this.#waiting.length === 0) {
      if (this.#isIdle()) for (const resolve of this.#idleWaiters.splice(0)) resolve();
      return;
    }
    if (this.#batchAsked || this.#inFlight >= BATCHES_IN_FLIGHT_MAX) return;
    if (this.#hasAll && this.#isQuiet()) this.#scheduleStep();
    else this.#startBatch();
  }

  #runAllAlone(): void {
    while (this.#alone.length > 0 && this.#hasAll) this.#alone.shift()?.();
    this.#advance();
  }

  /** Waits for what else has arrived before it chooses the kind of commit. */
  #scheduleStep(): void {
    if (this.#stepScheduled) return;
    this.#stepScheduled = true;
    (this.#options.schedule ?? setImmediate)(() => {
      this.#stepScheduled = false;
      if (this.#failed || this.#waiting.length === 0) return;
      if (this.#alone.length > 0 || this.#batchAsked || !this.#hasAll) return;
      const isUrgent = this.#waiting[0]?.isUrgent === true;
      if (isUrgent && this.#waiting.length === 1 && this.#isQuiet()) this.#commitSync();
      else this.#startBatch();
    });
  }

  #isQuiet(): boolean {
    if (this.#lastRequestMs === undefined) return true;
    const now = this.#clock.now();
    if (now < this.#lastRequestMs) this.#lastRequestMs = now; // the clock was set back
    return now - this.#lastRequestMs >= (this.#options.quietMs ?? QUIET_MS);
  }

  #commitSync(): void {
    const batch: Batch = { writes: [], afterCommit: [] };
    try {
      this.#kv.transactSync(() => this.#runBatch(batch));
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#counts.batchesSync += 1;
    this.#settle(batch);
  }

  #startBatch(): void {
    const batch: Batch = { writes: [], afterCommit: [] };
    this.#inFlight += 1;
    this.#batchAsked = true;
    const whenOnDisk = this.#kv.transact(() => {
      this.#batchAsked = false;
      this.#runBatch(batch);
      queueMicrotask(() => this.#advance()); // transactions do not nest
    });
    whenOnDisk.then(
      () => {
        this.#inFlight -= 1;
        this.#settle(batch);
      },
      (error: unknown) => this.#fail(error),
    );
  }

  #runBatch(batch: Batch): void {
    assert(!this.#failed, "nothing commits after a failure");
    this.#options.onBatch?.();
    const countMax = this.#options.batchOperationsMax ?? BATCH_OPERATIONS_MAX;
    batch.writes.push(...this.#waiting.splice(0, countMax));
    // One row that many operations change, as the lists of common index keys are, is written once.
    const all = new WriteSet();
    for (const write of batch.writes) {
      const writeSet = all.child();
      try {
        const value = write.run(writeSet);
        assert(!isThenable(value), "a write runs synchronously");
        write.outcome = { value };
      } catch (error) {
        if (!this.#options.isRefusal(error)) {
          this.#fail(error); // at once, so that no later batch commits
          throw error;
        }
        writeSet.discard();
        write.outcome = { refusal: error };
        continue;
      }
      writeSet.apply();
    }
    batch.afterCommit = all.apply();
  }

  #settle({ writes, afterCommit }: Batch): void {
    this.#counts.batches += 1;
    this.#counts.operations += writes.length;
    try {
      for (const callback of afterCommit) callback();
    } catch (error) {
      this.#fail(error);
      return;
    }
    for (const { outcome, resolve, reject } of writes) {
      assert(outcome !== undefined, "every operation of a batch has run");
      if ("refusal" in outcome) {
        this.#counts.refused += 1;
        reject(outcome.refusal);
      } else resolve(outcome.value);
    }
    this.#advance();
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#options.onFatal(error);
  }
}

function isThenable(value: unknown): boolean {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}
