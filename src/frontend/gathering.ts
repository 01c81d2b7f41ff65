// Answers to chunks that have come on several connections leave together, when all that had come with this turn of the event loop has
// been worked on. The first chunk that ends GATHER_MS_MAX after an answer has begun to wait makes all of them leave. Who wakes a
// sleeping peer for each answer pays for each; a peer that is answered on many connections is woken once.
import { GATHERED_OUTPUTS_MAX, GATHER_MS_MAX } from "./limits.ts";

export interface GatheredOutput {
  /** Sends what was written, if it has not been sent meanwhile. */
  flush(): void;
}

/** The outputs of one thread. */
export class Gathering {
  readonly #outputs: (GatheredOutput | undefined)[] = [];
  #count = 0;
  #sinceMs = 0;
  #isEndScheduled = false;

  add(output: GatheredOutput): void {
    const now = performance.now();
    if (this.#count === 0) this.#sinceMs = now;
    this.#outputs[this.#count] = output;
    this.#count += 1;
    if (this.#count === GATHERED_OUTPUTS_MAX || now - this.#sinceMs >= GATHER_MS_MAX) {
      this.flush();
    } else if (!this.#isEndScheduled) {
      this.#isEndScheduled = true;
      setImmediate(this.#end);
    }
  }

  readonly #end = (): void => {
    this.#isEndScheduled = false;
    this.flush();
  };

  /** All leave now. To be called before anything that takes long. */
  flush(): void {
    const count = this.#count;
    this.#count = 0;
    for (let i = 0; i < count; i += 1) {
      const output = this.#outputs[i];
      this.#outputs[i] = undefined;
      output?.flush();
    }
  }
}
