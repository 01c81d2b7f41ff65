// The two tables of indexes as a backend has them, in memory: lists, and late changes that are merged into them when a test says so.
import {
  type IndexDefinition,
  type IsOver,
  LateLists,
  LateMerge,
  type LatePart,
  encodeLateRow,
  lateKey,
  updateIndex,
} from "../../src/index/index.ts";
import { type BytesTable, openMemory } from "../../src/kv/index.ts";

export interface IndexUpdate {
  readonly index: IndexDefinition;
  readonly before: readonly Buffer[] | undefined;
  readonly after: readonly Buffer[] | undefined;
}

const NEVER: IsOver = () => false;

export class IndexTables {
  readonly kv = openMemory();
  readonly index: BytesTable = this.kv.bytesTable("index");
  readonly late: BytesTable = this.kv.bytesTable("late");
  readonly #lists = new LateLists(this.late);
  #last = 0;
  #snapshot = 0;

  /** One operation on one entry. */
  update(id: number, updates: readonly IndexUpdate[]): void {
    this.kv.transactSync(() => {
      const parts: LatePart[] = [];
      for (const { index, before, after } of updates) {
        const part = updateIndex(this.index, index, id, before, after);
        if (part !== undefined) parts.push(part);
      }
      if (parts.length === 0) return;
      this.#last += 1;
      this.late.put(lateKey(this.#last), encodeLateRow(id, parts));
    });
  }

  /** What a search asks. */
  lateLists(): LateLists {
    this.#snapshot += 1;
    this.#lists.follow(this.#snapshot);
    return this.#lists;
  }

  /** All that there is, or as many slices as are given, each in a transaction of its own: whoever merges is cut off then. */
  merge({ isOver = NEVER, slices = Number.POSITIVE_INFINITY } = {}): void {
    const merge = new LateMerge(this.late, () => true);
    const steps = [
      () => merge.readSome(this.late, isOver),
      () => merge.mergeSome(this.index, isOver),
      () => merge.forgetSome(this.late, isOver),
    ];
    let left = slices;
    for (const step of steps) {
      for (let more = true; more; left -= 1) {
        if (left === 0) return;
        this.kv.transactSync(() => {
          more = step();
        });
      }
    }
  }
}
