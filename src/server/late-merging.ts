// Merges late changes into the substring lists (see the index room, late-merge.ts) in slices among the operations of clients: one
// slice is one operation of the write queue. Begun when a backend has so many late changes that searches would feel them, and
// ended when there are none; what operations leave meanwhile is for the next time.
import { type IsOver, LateMerge } from "../index/index.ts";
import type { WriteSet } from "../kv/index.ts";
import type { Backend } from "../store/index.ts";
import type { Directory } from "./directory.ts";

/** How long a slice keeps operations waiting. */
const SLICE_MS = 5;

type Step = (writes: WriteSet, isOver: IsOver) => boolean;

export class LateMerging {
  readonly #directory: Directory;
  /** What merges a backend, and waits for that: an older merge that went on beside a newer one would undo it. */
  readonly #running = new Map<Backend, Promise<unknown>>();
  #isStopped = false;

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  /** Merges what there is, unless that is being done. May be called within an operation. */
  start(backend: Backend): void {
    if (this.#running.has(backend) || this.#isStopped) return;
    const { timers } = this.#directory;
    void this.#inTurn(backend, async () => {
      await new Promise<void>((resolve) => timers.later(resolve));
      while (backend.lateRows.isFull && this.#goesOn(backend)) await this.#merge(backend);
    });
  }

  /** Merges everything that operations have left by now; false when the server stops or the backend is removed before. */
  merge(backend: Backend): Promise<boolean> {
    return this.#inTurn(backend, async () => {
      while (this.#goesOn(backend)) if (await this.#merge(backend)) return true;
      return false;
    });
  }

  /** Resolves when nothing is merged any more. What is left stays for the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#running.values());
  }

  /** Does the work when what merges the backend now, or waits for that, has ended. */
  async #inTurn<Result>(backend: Backend, work: () => Promise<Result>): Promise<Result> {
    const before = this.#running.get(backend);
    const result = before === undefined ? work() : before.then(work);
    this.#running.set(backend, result);
    try {
      return await result;
    } finally {
      if (this.#running.get(backend) === result) this.#running.delete(backend);
    }
  }

  #goesOn(backend: Backend): boolean {
    return !this.#isStopped && this.#directory.backends.get(backend.name) === backend;
  }

  /** Whether it has come to an end. */
  async #merge(backend: Backend): Promise<boolean> {
    const { queue, timers } = this.#directory;
    const { tables, lateRows } = backend;
    const { merge, codes } = await queue.submitInBackground((writes) => ({
      merge: new LateMerge(writes.table(tables.late), substringTagsOf(backend)),
      codes: lateRows.codes,
    }));
    const steps: readonly Step[] = [
      (writes, isOver) => merge.readSome(writes.table(tables.late), isOver),
      (writes, isOver) => merge.mergeSome(writes.table(tables.index), isOver),
      (writes, isOver) => merge.forgetSome(writes.table(tables.late), isOver),
    ];
    for (const step of steps) {
      for (let more = true; more; ) {
        // The content may be replaced or the backend removed meanwhile.
        if (backend.tables !== tables || !this.#goesOn(backend)) return false;
        more = await queue.submitInBackground((writes) => {
          if (backend.tables !== tables) return false; // seen above
          const until = timers.elapsedMs() + SLICE_MS;
          return step(writes, () => timers.elapsedMs() >= until);
        });
      }
    }
    lateRows.noteMerged(codes);
    return backend.tables === tables;
  }
}

/** Of indexes that are kept: what rows say of others is dropped. */
function substringTagsOf({ indexes }: Backend): (tag: number) => boolean {
  const tags = new Set(
    indexes.all.filter(({ kinds }) => kinds.has("substring")).map(({ tag }) => tag),
  );
  return (tag) => tags.has(tag);
}
