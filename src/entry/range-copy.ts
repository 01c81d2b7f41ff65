// Attributes that a new record takes from an old one as they lie there. Those that lie one behind the other in both are copied at
// once: a modification changes two or three attributes, often the last ones.
import { copyInto } from "../kv/index.ts";
import type { RecordRange } from "./entry-view.ts";

export class RangeCopy {
  readonly #out: Buffer;
  #record: Buffer | undefined;
  #start = 0;
  #end = 0;
  #to = 0;

  constructor(out: Buffer) {
    this.#out = out;
  }

  /** Copies the range to `to`, at `flush` at the latest. Returns the offset behind it. */
  add({ record, start, end }: RecordRange, to: number): number {
    if (record === this.#record && start === this.#end && to - this.#to === start - this.#start) {
      this.#end = end;
    } else {
      this.flush();
      this.#record = record;
      this.#start = start;
      this.#end = end;
      this.#to = to;
    }
    return to + end - start;
  }

  flush(): void {
    if (this.#record === undefined) return;
    copyInto(this.#out, this.#to, this.#record, this.#start, this.#end);
    this.#record = undefined;
  }
}
