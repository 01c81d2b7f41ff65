// A Bind that was read and waits for the operations before it (RFC 4511 §4.2.1): nothing behind it is read meanwhile, and after
// a while it stops waiting for those that only read.
import { BIND_WAIT_MS_MAX } from "./limits.ts";
import type { Operation } from "./operation.ts";

export class WaitingBind {
  readonly #onLate: () => void;
  #operation: Operation | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** `onLate` is called when it has waited for long enough. */
  constructor(onLate: () => void) {
    this.#onLate = onLate;
  }

  get isThere(): boolean {
    return this.#operation !== undefined;
  }

  hold(operation: Operation): void {
    this.#operation = operation;
    this.#timer = setTimeout(this.#onLate, BIND_WAIT_MS_MAX);
  }

  /** It waits no longer; undefined: there was none. */
  release(): Operation | undefined {
    clearTimeout(this.#timer);
    const operation = this.#operation;
    this.#operation = undefined;
    return operation;
  }
}
