// The outside world as interfaces: clock, timers, chance and log. Rooms below the rim receive them and never reach for
// `Date`, `Math.random` or `crypto` themselves, so that the simulator can run the shipped code from a seed.

export type Millis = number & { readonly brand: "Millis" };
export type Seconds = number & { readonly brand: "Seconds" };

export interface Clock {
  /** Milliseconds since 1970 UTC; may jump in either direction. */
  now(): Millis;
}

/** The event loop. */
export interface Timers {
  /** Milliseconds of a clock that nobody sets: only differences mean something. Waits are measured with it, because the clock
   *  on the wall may be set back by hours. */
  elapsedMs(): number;
  /** Calls `step` in a later turn, when the input that is there has been read; in the order of the calls. */
  later(step: () => void): void;
  /** Calls `step` after so long, whatever the clock does meanwhile. Gives what calls it off. */
  after(delayMs: number, step: () => void): () => void;
}

export interface Random {
  /** `count` unpredictable bytes. */
  bytes(count: number): Buffer;
}

export type LogFields = Readonly<Record<string, unknown>>;

/** One event: `room.noun.verb` in the past tense, then fields with units in their names. */
export interface Log {
  error(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  debug(event: string, fields?: LogFields): void;
}

export const SILENT_LOG: Log = { error() {}, warn() {}, info() {}, debug() {} };
