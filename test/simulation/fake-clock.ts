// The clock on the wall of one server: it runs a little too fast or too slow, and somebody sets it now and then.
import type { Clock, Millis } from "../../src/base/index.ts";
import type { EventQueue } from "./event-queue.ts";

/** 2026-01-01T00:00:00Z */
export const EPOCH_MS = Date.UTC(2026, 0, 1);

export class FakeClock implements Clock {
  readonly #queue: EventQueue;
  readonly #drift: number;
  #offsetMs: number;

  /** `drift`: seconds gained in a second. */
  constructor(queue: EventQueue, { drift, offsetMs }: { drift: number; offsetMs: number }) {
    this.#queue = queue;
    this.#drift = drift;
    this.#offsetMs = offsetMs;
  }

  now(): Millis {
    const { now } = this.#queue;
    return Math.floor(EPOCH_MS + now * (1 + this.#drift) + this.#offsetMs) as Millis;
  }

  jump(byMs: number): void {
    this.#offsetMs += byMs;
  }

  /** As a time service does, at last. */
  setRight(): void {
    this.#offsetMs = -this.#queue.now * this.#drift;
  }
}
