// Connections between servers. Bytes of one direction arrive in order and take their time; two connections know nothing of each
// other. A path between two servers can be cut: then nothing arrives, new connections are not answered, and an end learns that
// the other is gone only when its kernel has probed it for a while, if ever. A connection can also be reset, or lost at one end
// alone.
import type { SeededRandom } from "../support/seeded-random.ts";
import type { EventQueue } from "./event-queue.ts";

/** How long TCP probes and retransmits before it gives a silent connection up. */
const SILENCE_MS = 135_000;

export interface EndEvents {
  received(bytes: Buffer): void;
  /** The other end has closed in an orderly way. */
  ended(): void;
  /** The connection was reset, or given up. */
  lost(): void;
}

/** One end of a connection. */
export class PipeEnd {
  readonly #pipe: Pipe;
  readonly #index: 0 | 1;
  events: EndEvents | undefined;
  isOpen = true;

  constructor(pipe: Pipe, index: 0 | 1) {
    this.#pipe = pipe;
    this.#index = index;
  }

  send(bytes: Buffer): void {
    if (this.isOpen) this.#pipe.carry(this.#index, { kind: "bytes", bytes });
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#pipe.carry(this.#index, { kind: "end" });
  }

  /** The process is gone: with it the kernel tells the other end, without power nobody does. */
  die(isTold: boolean): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    if (isTold) this.#pipe.carry(this.#index, { kind: "reset" });
    else this.#pipe.fallSilent();
  }

  /** At this end alone. */
  lose(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#pipe.fallSilent();
    this.events?.lost();
  }
}

type Segment =
  | { readonly kind: "bytes"; readonly bytes: Buffer }
  | { readonly kind: "end" }
  | { readonly kind: "reset" };

/** A connection from the first host to the second. */
export class Pipe {
  readonly hosts: readonly [string, string];
  readonly ends: readonly [PipeEnd, PipeEnd];
  readonly #network: FakeNetwork;
  readonly #held: { readonly from: 0 | 1; readonly segment: Segment }[] = [];
  readonly #arrivals: [number, number] = [0, 0];
  readonly #latencyMs: number;
  #callOffSilence: (() => void) | undefined;

  constructor(network: FakeNetwork, hosts: readonly [string, string], latencyMs: number) {
    this.#network = network;
    this.hosts = hosts;
    this.#latencyMs = latencyMs;
    this.ends = [new PipeEnd(this, 0), new PipeEnd(this, 1)];
  }

  get isOver(): boolean {
    return !this.ends[0].isOpen && !this.ends[1].isOpen;
  }

  carry(from: 0 | 1, segment: Segment): void {
    const { queue, random } = this.#network;
    if (this.#network.isCut(...this.hosts)) {
      this.#held.push({ from, segment });
      this.fallSilent();
      return;
    }
    const jitterMs = this.#latencyMs * random.next();
    const arrival = Math.max(this.#arrivals[from], queue.now + this.#latencyMs + jitterMs);
    this.#arrivals[from] = arrival;
    queue.schedule(arrival - queue.now, () => this.#arrive(from, segment));
  }

  #arrive(from: 0 | 1, segment: Segment): void {
    if (this.#network.isCut(...this.hosts)) {
      this.#held.push({ from, segment });
      this.fallSilent();
      return;
    }
    const to = this.ends[from === 0 ? 1 : 0];
    if (!to.isOpen) {
      // A host that does not know the connection answers with a reset.
      const isThere = this.#network.isListening(this.hosts[from === 0 ? 1 : 0]);
      if (segment.kind === "bytes" && isThere) this.#lose(from);
      return;
    }
    switch (segment.kind) {
      case "bytes":
        to.events?.received(segment.bytes);
        return;
      case "end":
        to.events?.ended();
        return;
      case "reset":
        this.#lose(from === 0 ? 1 : 0);
        return;
    }
  }

  #lose(index: 0 | 1): void {
    const end = this.ends[index];
    if (!end.isOpen) return;
    end.isOpen = false;
    end.events?.lost();
  }

  /** Who is still there is told by his own kernel, late. */
  fallSilent(): void {
    const { queue, random } = this.#network;
    this.#callOffSilence ??= queue.schedule(SILENCE_MS * (0.5 + random.next()), () => {
      this.#held.length = 0;
      this.#lose(0);
      this.#lose(1);
    });
  }

  /** The path is there again: what was held is sent again, unless one end has given up. */
  heal(): void {
    const held = this.#held.splice(0);
    if (this.ends[0].isOpen && this.ends[1].isOpen) {
      this.#callOffSilence?.();
      this.#callOffSilence = undefined;
    }
    for (const { from, segment } of held) this.carry(from, segment);
  }

  reset(): void {
    this.#lose(0);
    this.#lose(1);
  }
}

export interface Host {
  readonly name: string;
  /** undefined: nobody listens. */
  accept(end: PipeEnd, from: string): void;
  readonly isListening: boolean;
}

const CONNECT_MS = 2;

export class FakeNetwork {
  readonly queue: EventQueue;
  readonly random: SeededRandom;
  readonly #hosts = new Map<string, Host>();
  readonly #pipes = new Set<Pipe>();
  readonly #cuts = new Set<string>();
  readonly #latencyMs: number;

  constructor(queue: EventQueue, random: SeededRandom, latencyMs: number) {
    this.queue = queue;
    this.random = random;
    this.#latencyMs = latencyMs;
  }

  add(host: Host): void {
    this.#hosts.set(host.name, host);
  }

  /** `opened` gets the end of the caller, `refused` why there is none; neither is called while the path is cut. */
  connect(
    from: string,
    to: string,
    done: { opened(end: PipeEnd): void; refused(reason: string): void },
  ): void {
    const latencyMs = this.#latencyMs * (0.2 + this.random.next());
    this.queue.schedule(CONNECT_MS + 2 * latencyMs, () => {
      if (this.isCut(from, to)) return;
      const host = this.#hosts.get(to);
      if (host === undefined || !host.isListening) return done.refused("connection refused");
      const pipe = new Pipe(this, [from, to], latencyMs);
      for (const old of this.#pipes) if (old.isOver) this.#pipes.delete(old);
      this.#pipes.add(pipe);
      host.accept(pipe.ends[1], from);
      done.opened(pipe.ends[0]);
    });
  }

  isListening(name: string): boolean {
    return this.#hosts.get(name)?.isListening !== false;
  }

  isCut(one: string, other: string): boolean {
    return this.#cuts.has(pathOf(one, other));
  }

  cut(one: string, other: string): void {
    this.#cuts.add(pathOf(one, other));
  }

  heal(one: string, other: string): void {
    if (!this.#cuts.delete(pathOf(one, other))) return;
    for (const pipe of this.between(one, other)) pipe.heal();
  }

  healAll(): void {
    for (const path of [...this.#cuts]) this.heal(...(path.split(" ") as [string, string]));
  }

  between(one: string, other: string): Pipe[] {
    const path = pathOf(one, other);
    return [...this.#pipes].filter(({ hosts }) => pathOf(...hosts) === path);
  }
}

const pathOf = (one: string, other: string): string =>
  one < other ? `${one} ${other}` : `${other} ${one}`;
