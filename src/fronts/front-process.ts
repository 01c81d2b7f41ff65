// One front-end process, as the main process sees it: a child that is started again when it ends, the pipe to it, and the
// connections that it has.
//
// The child gets accepted sockets through Node's channel for handles, everything else goes through the pipe (its descriptor 4).
// When the main process ends, however it ends, the pipe and the channel close, and the child ends.
import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { type Log, assert } from "../base/index.ts";
import type { AcceptedFacts } from "../frontend/index.ts";
import { type FrontCounters, NO_COUNTERS, addCounters } from "./counters.ts";
import type { Frame } from "./frame.ts";
import {
  RESTART_MS_FIRST,
  RESTART_MS_MAX,
  SOCKETS_UNDER_WAY_MAX,
  STABLE_MS,
  STOP_MS_MAX,
} from "./limits.ts";
import { FromFront, ToFront, parseJson } from "./messages.ts";
import { Pipe } from "./pipe.ts";
import { RemoteConnection, type RemoteOwner } from "./remote-connection.ts";

/** The descriptor of the pipe in the child. */
export const PIPE_DESCRIPTOR = 4;

/** What front-end processes need of the main process. */
export interface FrontHost extends RemoteOwner {
  readonly log: Log;
  /** Program and arguments behind that of Node. */
  readonly command: readonly string[];
  /** Whole lines for the access log. */
  accessLines(lines: Buffer): void;
  /** A process that may have been reading the database has died. */
  readerDied(): void;
}

/** An event as the child sends it. */
export interface SentEvent {
  readonly level: keyof Log;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

interface Held {
  readonly connection: RemoteConnection;
  /** Until the child has it. */
  socket: Socket | undefined;
}

interface Running {
  readonly child: ChildProcess;
  readonly pipe: Pipe;
  readonly startedAtMs: number;
  isReady: boolean;
}

export class FrontProcess {
  readonly #host: FrontHost;
  readonly #number: number;
  readonly #held = new Map<number, Held>();
  #running: Running | undefined;
  #socketsUnderWay = 0;
  #counters: FrontCounters = NO_COUNTERS;
  /** Of its predecessors. */
  #pastCounters: FrontCounters = NO_COUNTERS;
  #restartMs = RESTART_MS_FIRST;
  #restartTimer: NodeJS.Timeout | undefined;
  #isStopping = false;
  #onReady: (() => void) | undefined;
  #onEnded: (() => void) | undefined;

  /** @param number from 1, for the log */
  constructor(host: FrontHost, number: number) {
    this.#host = host;
    this.#number = number;
  }

  get connectionCount(): number {
    return this.#held.size;
  }

  get pid(): number | undefined {
    return this.#running?.child.pid;
  }

  /** Whether a socket may be handed over now. */
  get isAvailable(): boolean {
    const running = this.#running;
    if (running === undefined || !running.isReady || !running.child.connected) return false;
    return this.#socketsUnderWay < SOCKETS_UNDER_WAY_MAX;
  }

  get counters(): FrontCounters {
    return addCounters(this.#pastCounters, this.#counters);
  }

  *connections(): Iterable<RemoteConnection> {
    for (const { connection } of this.#held.values()) yield connection;
  }

  /** Resolves when the child is ready. */
  start(): Promise<void> {
    return new Promise((resolve) => {
      this.#onReady = resolve;
      this.#spawn();
    });
  }

  take(socket: Socket, facts: AcceptedFacts): void {
    const running = this.#running;
    assert(running !== undefined, "sockets go to processes that run");
    const isLocal = facts.kind === "ldapi";
    const connection = new RemoteConnection(this.#host, running.pipe, {
      ...facts,
      peerAddress: isLocal ? "local" : (socket.remoteAddress ?? ""),
      peerPort: socket.remotePort ?? 0,
      localAddress: isLocal ? "local" : (socket.localAddress ?? ""),
    });
    this.#held.set(facts.id, { connection, socket });
    this.#socketsUnderWay += 1;
    running.child.send(facts, socket, { keepOpen: false }, (error) => {
      if (error !== null) this.#lost(facts.id);
    });
  }

  /** Resolves when the process has ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#restartTimer);
    const running = this.#running;
    if (running === undefined) return;
    const timer = setTimeout(() => running.child.kill("SIGKILL"), STOP_MS_MAX);
    await new Promise<void>((resolve) => {
      this.#onEnded = resolve;
      running.pipe.send(ToFront.stop, 0, 0);
    });
    clearTimeout(timer);
  }

  #spawn(): void {
    const child = spawn(process.execPath, [...nodeArguments(), ...this.#host.command], {
      stdio: ["ignore", "inherit", "inherit", "ipc", "pipe"],
    });
    const exited = new Promise<string>((resolve) => {
      child.once("error", (error) => resolve(error.message));
      child.once("exit", (code, signal) => resolve(signal ?? String(code)));
    });
    if (child.pid === undefined) {
      void exited.then((how) => this.#ended(child, how));
      return;
    }
    // It has ended when it is gone and all that it has said has been heard.
    const silent = new Promise<void>((resolve) => {
      const pipe = new Pipe(child.stdio[PIPE_DESCRIPTOR] as Socket, {
        frame: (frame) => this.#receive(frame),
        closed: () => {
          child.kill("SIGKILL");
          resolve();
        },
      });
      this.#running = { child, pipe, startedAtMs: performance.now(), isReady: false };
    });
    void Promise.all([exited, silent]).then(([how]) => this.#ended(child, how));
  }

  #ended(child: ChildProcess, how: string): void {
    const running = this.#running;
    this.#running = undefined;
    const connections = this.#held.size;
    for (const { connection, socket } of this.#held.values()) {
      socket?.destroy();
      connection.gone();
    }
    this.#held.clear();
    this.#socketsUnderWay = 0;
    this.#pastCounters = addCounters(this.#pastCounters, this.#counters);
    this.#counters = NO_COUNTERS;
    this.#onEnded?.();
    if (this.#isStopping) return;
    this.#host.readerDied();
    const livedMs = running === undefined ? 0 : performance.now() - running.startedAtMs;
    if (livedMs >= STABLE_MS) this.#restartMs = RESTART_MS_FIRST;
    this.#host.log.error("frontend.process.ended", {
      process: this.#number,
      pid: child.pid,
      how,
      connections,
      restartMs: this.#restartMs,
    });
    this.#restartTimer = setTimeout(() => this.#spawn(), this.#restartMs);
    this.#restartMs = Math.min(2 * this.#restartMs, RESTART_MS_MAX);
  }

  #receive(frame: Frame): void {
    const { kind, connection: id, operation, payload } = frame;
    switch (kind) {
      case FromFront.ready:
        this.#ready();
        return;
      case FromFront.counters:
        this.#count(parseJson(payload) as FrontCounters);
        return;
      case FromFront.lines:
        this.#host.accessLines(payload);
        return;
      case FromFront.event: {
        const { level, event, fields } = parseJson(payload) as SentEvent;
        this.#host.log[level](event, { ...fields, process: this.#number });
        return;
      }
    }
    const held = this.#held.get(id);
    if (held === undefined) return;
    const { connection } = held;
    switch (kind) {
      case FromFront.opened:
        this.#arrived(held);
        break;
      case FromFront.request:
        connection.request(operation, payload);
        break;
      case FromFront.abandoned:
        connection.abandon(operation);
        break;
      case FromFront.secured:
        connection.secured(payload);
        break;
      case FromFront.unbound:
        connection.unbound();
        break;
      case FromFront.credentials:
        connection.useCredentials(payload);
        break;
      case FromFront.taken:
        connection.taken(operation);
        break;
      case FromFront.closed:
        this.#arrived(held);
        this.#held.delete(id);
        connection.gone();
        break;
      default:
        assert(false, `a front end sends no frame of kind ${kind}`);
    }
  }

  #ready(): void {
    if (this.#running === undefined) return;
    this.#running.isReady = true;
    this.#host.log.info("frontend.process.ready", { process: this.#number, pid: this.pid });
    this.#onReady?.();
  }

  #arrived(held: Held): void {
    if (held.socket === undefined) return;
    held.socket = undefined;
    this.#socketsUnderWay -= 1;
  }

  /** A socket could not be handed over. */
  #lost(id: number): void {
    const held = this.#held.get(id);
    if (held === undefined) return;
    held.socket?.destroy();
    this.#arrived(held);
    this.#held.delete(id);
    held.connection.gone();
  }

  #count(counters: FrontCounters): void {
    this.#counters = counters;
    for (const [id, requests, finished] of counters.connections) {
      const connection = this.#held.get(id)?.connection;
      if (connection === undefined) continue;
      connection.requestCount = requests;
      connection.finishedCount = finished;
    }
  }
}

/** As this process was started, but nobody debugs two on one port, and a snapshot is for the Node that this process was started
 *  with: who has replaced that since must not be without front-end processes. */
function nodeArguments(): readonly string[] {
  if (process.execArgv.includes("--snapshot-blob")) return [];
  return process.execArgv.filter((argument) => !argument.startsWith("--inspect"));
}
