// The outside world as interfaces: clock, chance and log. Rooms below the rim receive them and never reach for
// `Date`, `Math.random` or `crypto` themselves, so that the simulator can run the shipped code from a seed.

export type Millis = number & { readonly brand: "Millis" };
export type Seconds = number & { readonly brand: "Seconds" };

export interface Clock {
  /** Milliseconds since 1970 UTC; may jump in either direction. */
  now(): Millis;
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
