// All front-end processes of an instance: who gets the next connection, and what they have counted together.
import type { Socket } from "node:net";
import type { AcceptedFacts, Connection, SocketTaker } from "../frontend/index.ts";
import { type FrontCounters, NO_COUNTERS, addCounters } from "./counters.ts";
import { type FrontHost, FrontProcess } from "./front-process.ts";
import { READY_MS_MAX } from "./limits.ts";

export class FrontProcesses implements SocketTaker {
  readonly #host: FrontHost;
  readonly #processes: readonly FrontProcess[];

  constructor(host: FrontHost, count: number) {
    this.#host = host;
    this.#processes = Array.from({ length: count }, (_, i) => new FrontProcess(host, i + 1));
  }

  get connectionCount(): number {
    let count = 0;
    for (const one of this.#processes) count += one.connectionCount;
    return count;
  }

  /** Resolves when all are ready, or have had the time for it: who comes later serves later. */
  async start(): Promise<void> {
    if (this.#processes.length === 0) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(true), READY_MS_MAX);
    });
    const ready = Promise.all(this.#processes.map((one) => one.start())).then(() => false);
    if (await Promise.race([ready, late])) this.#host.log.warn("frontend.process.late");
    clearTimeout(timer);
  }

  /** The process with the fewest connections takes it. */
  take(socket: Socket, facts: AcceptedFacts): boolean {
    let best: FrontProcess | undefined;
    for (const one of this.#processes) {
      if (!one.isAvailable) continue;
      if (best === undefined || one.connectionCount < best.connectionCount) best = one;
    }
    best?.take(socket, facts);
    return best !== undefined;
  }

  *connections(): Iterable<Connection> {
    for (const one of this.#processes) yield* one.connections();
  }

  get counters(): FrontCounters {
    return this.#processes.reduce((sum, one) => addCounters(sum, one.counters), NO_COUNTERS);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#processes.map((one) => one.stop()));
  }
}
