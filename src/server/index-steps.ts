// Making the index keys of a load in steps, whoever does it: the main thread among other work, or a thread beside it.
import type { IsOver } from "../index/index.ts";
import type { BulkIndexing, IndexWork } from "../store/index.ts";

export interface IndexSteps {
  /** Calls `write` in a transaction, once. */
  write(write: (isOver: IsOver) => void): Promise<void>;
  /** Between two pieces of work. */
  pause(): Promise<void>;
  readonly isStopped: boolean;
}

export async function collectKeys(
  indexing: BulkIndexing,
  work: Iterable<IndexWork>,
  steps: IndexSteps,
): Promise<void> {
  for (const piece of work) {
    if (steps.isStopped) return;
    indexing.collect(piece);
    if (indexing.isFull) await writeKeys(indexing, steps);
    await steps.pause();
  }
}

/** Writes what is collected. */
export async function writeKeys(indexing: BulkIndexing, steps: IndexSteps): Promise<void> {
  for (let more = !indexing.isEmpty; more && !steps.isStopped; ) {
    await steps.write((isOver) => {
      more = indexing.write(isOver);
    });
  }
}
