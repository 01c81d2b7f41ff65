// Who makes the index keys of a load: this thread, or, from some thousand entries on, one beside it, so that whoever brings the
// entries, or is served meanwhile, need not wait for it. Work are ranges of IDs of committed entries, so nothing is copied, and
// entries that nobody has indexed yet take no memory.
//
// The other thread writes when the write queue lends it the place of the writer, and makes an end when somebody waits.
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { StorageError } from "../kv/index.ts";
import { LmdbKv } from "../kv/lmdb.ts";
import type { BulkIndexing, BulkLoad, IndexWork } from "../store/index.ts";
import type { Directory } from "./directory.ts";
import {
  type FromIndexThread,
  type IndexThreadStart,
  SIGNALS_BYTES,
  Signal,
  type StepTimes,
  type ToIndexThread,
} from "./index-messages.ts";
import { type IndexSteps, collectKeys, writeKeys } from "./index-steps.ts";

/** Entries from which on a thread is worth what it costs to start one: a tenth of a second. */
const THREAD_ENTRIES_MIN = 10_000;
/** Pieces of work that the thread may lie behind; then no more entries are taken until it follows. */
const AHEAD_PIECES_MAX = 60;

/** The compiled file, or the source when the sources are run. */
const ENTRY = new URL(
  import.meta.url.endsWith(".ts") ? "./index-thread.ts" : "./index-thread.js",
  import.meta.url,
);

export interface LoadIndexingOptions {
  readonly step: StepTimes;
  /** Infinity: never. */
  readonly threadEntriesMin?: number | undefined;
}

export class LoadIndexing {
  readonly #directory: Directory;
  readonly #load: BulkLoad;
  readonly #step: StepTimes;
  readonly #threadEntriesMin: number;
  /** Given to nobody yet, and how many entries that is. */
  #waiting: IndexWork[] = [];
  #waitingEntries = 0;
  #thread: IndexThread | undefined;
  #here: BulkIndexing | undefined;

  constructor(directory: Directory, load: BulkLoad, options: LoadIndexingOptions) {
    this.#directory = directory;
    this.#load = load;
    this.#step = options.step;
    const { threadEntriesMin = THREAD_ENTRIES_MIN } = options;
    // A database in memory belongs to one thread.
    const mayHaveThread = directory.kv instanceof LmdbKv && availableParallelism() > 1;
    this.#threadEntriesMin = mayHaveThread ? threadEntriesMin : Number.POSITIVE_INFINITY;
  }

  /** Entries that have been committed. Resolves when more may come. */
  async add(work: readonly IndexWork[]): Promise<void> {
    if (this.#threadEntriesMin === Number.POSITIVE_INFINITY) {
      await collectKeys(this.#indexingHere(), work, this.#stepsHere());
      return;
    }
    if (this.#thread !== undefined) {
      await this.#thread.add(work);
      return;
    }
    for (const piece of work) this.#waitingEntries += entriesIn(piece);
    this.#waiting = [...this.#waiting, ...work];
    if (this.#waitingEntries < this.#threadEntriesMin) return;
    this.#thread = new IndexThread(this.#directory, this.#load, this.#step);
    await this.#thread.add(this.#waiting);
    this.#waiting = [];
  }

  /** Writes all index keys; no more work comes. */
  async finish(): Promise<void> {
    if (this.#thread === undefined) {
      await collectKeys(this.#indexingHere(), this.#waiting, this.#stepsHere());
      await writeKeys(this.#indexingHere(), this.#stepsHere());
      this.#waiting = [];
    } else await this.#thread.finish();
    this.#directory.kv.renew();
  }

  /** Resolves when nothing is written any more. */
  async abandon(): Promise<void> {
    await this.#thread?.stop();
  }

  #indexingHere(): BulkIndexing {
    this.#here ??= this.#load.openIndexing();
    return this.#here;
  }

  #stepsHere(): IndexSteps {
    const { queue, timers } = this.#directory;
    const { msMax } = this.#step;
    return {
      isStopped: false,
      write: (write) =>
        queue.submit(() => {
          const until = timers.elapsedMs() + msMax;
          write(() => timers.elapsedMs() >= until);
        }),
      pause: () => new Promise((resolve) => timers.later(resolve)),
    };
  }
}

const entriesIn = (work: IndexWork): number =>
  work.type === "range" ? work.end - work.first : work.ids.length;

/** The thread, as the main thread sees it. */
class IndexThread {
  readonly #directory: Directory;
  readonly #worker: Worker;
  readonly #signals = new Int32Array(new SharedArrayBuffer(SIGNALS_BYTES));
  /** Pieces that it has not looked at. */
  #ahead = 0;
  readonly #ended: Promise<void>;
  /** Why it ended before its time. */
  #failure: Error | undefined;
  #isDone = false;
  #onCollected: () => void = () => {};
  #onWritten: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;

  constructor(directory: Directory, load: BulkLoad, step: StepTimes) {
    this.#directory = directory;
    const start: IndexThreadStart = {
      databaseFolder: directory.kv.folder,
      indexing: load.indexingStart,
      signals: this.#signals.buffer as SharedArrayBuffer,
      step,
    };
    this.#worker = new Worker(ENTRY, { workerData: start, name: "index" });
    this.#worker.on("message", (message: FromIndexThread) => this.#receive(message));
    this.#worker.on("error", (error) => {
      this.#failure ??= error;
    });
    this.#ended = new Promise((resolve) => {
      this.#worker.on("exit", () => {
        this.#end();
        resolve();
      });
    });
  }

  /** Resolves when it does not lie behind too far. */
  async add(work: readonly IndexWork[]): Promise<void> {
    this.#ahead += work.length;
    this.#post({ type: "work", work });
    while (this.#ahead > AHEAD_PIECES_MAX && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#onCollected = resolve;
      });
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  async finish(): Promise<void> {
    this.#post({ type: "end" });
    await this.#ended;
    if (this.#failure !== undefined) throw this.#failure;
  }

  async stop(): Promise<void> {
    Atomics.store(this.#signals, Signal.stopped, 1);
    this.#post({ type: "end" });
    await this.#ended;
  }

  #post(message: ToIndexThread): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromIndexThread): void {
    switch (message.type) {
      case "collected":
        this.#ahead -= 1;
        this.#onCollected();
        break;
      case "wantsWrite":
        void this.#lend();
        break;
      case "wrote":
        this.#onWritten?.resolve();
        this.#onWritten = undefined;
        break;
      case "done":
        this.#isDone = true;
        break;
      case "failed":
        this.#failure = message.isStorage
          ? new StorageError(message.reason)
          : new Error(message.reason);
        break;
    }
  }

  #lend(): Promise<void> {
    const { queue, kv } = this.#directory;
    return queue.lend(
      () =>
        new Promise((resolve, reject) => {
          this.#onWritten = {
            resolve: () => {
              kv.noteCommit();
              resolve();
            },
            reject,
          };
          Atomics.store(this.#signals, Signal.wanted, 0);
          this.#post({ type: "write" });
        }),
      () => Atomics.store(this.#signals, Signal.wanted, 1),
    );
  }

  #end(): void {
    if (!this.#isDone) this.#failure ??= new Error("The thread that makes index keys has ended");
    // Within a transaction: what it was to write may be missing, and the disk may have refused it.
    if (this.#failure !== undefined) this.#onWritten?.reject(this.#failure);
    this.#onCollected();
  }
}
