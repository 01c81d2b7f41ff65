// What happened in a run, in order. Two runs of a seed have the same hash; the lines are kept only if somebody wants to read
// them.
import type { Log, LogFields } from "../../src/base/index.ts";
import type { EventQueue } from "./event-queue.ts";

const FNV_PRIME = 0x0100_0193;
const FNV_START = 0x811c_9dc5;

export class Trace {
  readonly #queue: EventQueue;
  readonly #lines: string[] | undefined;
  #hash = FNV_START;
  #other = 0;

  constructor(queue: EventQueue, options: { readonly keepsLines: boolean }) {
    this.#queue = queue;
    if (options.keepsLines) this.#lines = [];
  }

  note(who: string, what: string): void {
    const line = `${this.#queue.now.toFixed(3)} ${who} ${what}`;
    this.#lines?.push(line);
    for (let at = 0; at < line.length; at += 1) {
      this.#hash = Math.imul(this.#hash ^ line.charCodeAt(at), FNV_PRIME);
    }
    this.#other = (Math.imul(this.#other, 31) + this.#hash) | 0;
  }

  get hash(): string {
    const hex = (part: number): string => (part >>> 0).toString(16).padStart(8, "0");
    return hex(this.#hash) + hex(this.#other);
  }

  get lines(): readonly string[] {
    return this.#lines ?? [];
  }

  /** The event log of a server. */
  logOf(who: string): Log {
    const write =
      (level: string) =>
      (event: string, fields: LogFields = {}): void =>
        this.note(who, `${level} ${event} ${textOf(fields)}`);
    return {
      error: write("error"),
      warn: write("warn"),
      info: write("info"),
      debug: write("debug"),
    };
  }
}

const textOf = (fields: LogFields): string =>
  Object.entries(fields)
    .map(([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(" ");
