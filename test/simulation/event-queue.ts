// Simulated time: what is to happen, in order. One event after the other; before the next one comes, all promises that the last
// one settled have been followed to their end, as between two turns of Node's event loop. Events of the same moment run in the
// order in which they were asked for, so that a run is a function of its seed.
import type { Timers } from "../../src/base/index.ts";

/** Somebody whose events are dropped once he is gone: a process that was killed. */
export interface Life {
  isOver: boolean;
}

interface SimulatedEvent {
  readonly at: number;
  readonly order: number;
  readonly life: Life | undefined;
  readonly step: () => void;
  isCalledOff: boolean;
}

/** After so many events the real event loop gets a turn, which reports promises that were rejected. */
const REAL_TURN_EVENTS = 500;

export class EventQueue {
  /** Milliseconds since the beginning of the run. */
  now = 0;
  /** Events so far. */
  count = 0;
  readonly #heap: SimulatedEvent[] = [];
  #order = 0;

  get length(): number {
    return this.#heap.length;
  }

  /** Gives what calls it off. */
  schedule(delayMs: number, step: () => void, life?: Life): () => void {
    const event = {
      at: this.now + Math.max(0, delayMs),
      order: this.#order,
      life,
      step,
      isCalledOff: false,
    };
    this.#order += 1;
    this.#push(event);
    return () => {
      event.isCalledOff = true;
    };
  }

  /** The event loop of a process. */
  timersOf(life: Life): Timers {
    return {
      elapsedMs: () => this.now,
      later: (step) => void this.schedule(0, step, life),
      after: (delayMs, step) => this.schedule(delayMs, step, life),
    };
  }

  /** Runs until `until`, or until `isDone` after an event. */
  async run(until: number, isDone: () => boolean = () => false): Promise<void> {
    await settled();
    for (let next = this.#heap[0]; next !== undefined && next.at <= until; next = this.#heap[0]) {
      this.#pop();
      if (next.isCalledOff || next.life?.isOver === true) continue;
      this.now = next.at;
      this.count += 1;
      next.step();
      await (this.count % REAL_TURN_EVENTS === 0 ? realTurn() : settled());
      if (isDone()) return;
    }
    await realTurn();
    this.now = Math.max(this.now, until);
  }

  #push(event: SimulatedEvent): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(event, heap[parent] as SimulatedEvent)) break;
      heap[at] = heap[parent] as SimulatedEvent;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      const right = child + 1;
      if (
        right < heap.length &&
        isBefore(heap[right] as SimulatedEvent, heap[child] as SimulatedEvent)
      ) {
        child = right;
      }
      if (!isBefore(heap[child] as SimulatedEvent, last)) break;
      heap[at] = heap[child] as SimulatedEvent;
      at = child;
    }
    heap[at] = last;
  }
}

const isBefore = (one: SimulatedEvent, other: SimulatedEvent): boolean =>
  one.at < other.at || (one.at === other.at && one.order < other.order);

/** Node empties the queue of microtasks before it calls what `nextTick` was given from one of them. */
const settled = (): Promise<void> =>
  new Promise((resolve) => queueMicrotask(() => process.nextTick(resolve)));

const realTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
