// The thread that makes the index keys of a large load: it reads the committed entries by its own read transactions, and writes the
// lists by its own write transactions, one each time the main thread says so (see `WriteQueue.lend`). It never ends within one:
// it is not terminated but asked to stop.
import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../base/index.ts";
import { StorageError } from "../kv/index.ts";
import { type LmdbKv, openLmdb } from "../kv/lmdb.ts";
import { BulkIndexing, type IndexWork } from "../store/index.ts";
import {
  type FromIndexThread,
  type IndexThreadStart,
  Signal,
  type StepTimes,
  type ToIndexThread,
} from "./index-messages.ts";
import { type IndexSteps, collectKeys, writeKeys } from "./index-steps.ts";

function tell(message: FromIndexThread): void {
  parentPort?.postMessage(message);
}

class IndexThread implements IndexSteps {
  readonly #kv: LmdbKv;
  readonly #indexing: BulkIndexing;
  readonly #signals: Int32Array;
  readonly #step: StepTimes;
  readonly #work: IndexWork[] = [];
  #isEnded = false;
  #onWork: () => void = () => {};
  #onWrite: () => void = () => {};

  constructor(start: IndexThreadStart) {
    this.#kv = openLmdb(start.databaseFolder);
    this.#indexing = BulkIndexing.open(this.#kv, start.indexing);
    this.#signals = new Int32Array(start.signals);
    this.#step = start.step;
  }

  get isStopped(): boolean {
    return Atomics.load(this.#signals, Signal.stopped) === 1;
  }

  receive(message: ToIndexThread): void {
    switch (message.type) {
      case "work":
        for (const piece of message.work) this.#work.push(piece);
        this.#onWork();
        break;
      case "write":
        this.#onWrite();
        break;
      case "end":
        this.#isEnded = true;
        this.#onWork();
        break;
    }
  }

  async run(): Promise<void> {
    while (!this.isStopped) {
      this.#kv.noteCommit();
      this.#kv.renew();
      await collectKeys(this.#indexing, this.#takePieces(), this);
      if (this.#isEnded) break;
      await new Promise<void>((resolve) => {
        this.#onWork = resolve;
      });
    }
    await writeKeys(this.#indexing, this);
  }

  async write(write: Parameters<IndexSteps["write"]>[0]): Promise<void> {
    const mayWrite = new Promise<void>((resolve) => {
      this.#onWrite = resolve;
    });
    tell({ type: "wantsWrite" });
    await mayWrite;
    const began = performance.now();
    this.#kv.transactSync(() => write(() => this.#isOver(performance.now() - began)));
    tell({ type: "wrote" });
  }

  async pause(): Promise<void> {
    tell({ type: "collected" });
    this.#kv.noteCommit();
    this.#kv.renew();
  }

  async close(): Promise<void> {
    await this.#kv.close();
  }

  #isOver(elapsedMs: number): boolean {
    if (elapsedMs >= this.#step.msMax || this.isStopped) return true;
    return elapsedMs >= this.#step.msMin && Atomics.load(this.#signals, Signal.wanted) === 1;
  }

  *#takePieces(): Iterable<IndexWork> {
    for (let piece = this.#work.shift(); piece !== undefined; piece = this.#work.shift())
      yield piece;
  }
}

async function run(start: IndexThreadStart): Promise<void> {
  try {
    const thread = new IndexThread(start);
    parentPort?.on("message", (message: ToIndexThread) => thread.receive(message));
    await thread.run();
    await thread.close();
    tell({ type: "done" });
  } catch (error) {
    const { stack, cause } = error as Error;
    const isStorage = error instanceof StorageError;
    const why = isStorage && cause instanceof Error ? cause.message : stack;
    tell({ type: "failed", isStorage, reason: why ?? String(error) });
  }
  parentPort?.close();
}

assert(parentPort !== null, "this file is the entry of a thread");
await run(workerData as IndexThreadStart);
