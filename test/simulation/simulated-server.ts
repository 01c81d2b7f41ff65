// One server of the simulation: what is on its disk and outlives a crash (the database, cn=config), its clock, and the process,
// if one runs. The process is put together as server/server.ts does it, of the shipped rooms; in the place of sockets, threads,
// timers and LMDB stand the fake network, the event queue and the memory store.
import { AciStore } from "../../src/access/index.ts";
import { createNodeHash } from "../../src/auth/index.ts";
import type { Log, LogFields, Random } from "../../src/base/index.ts";
import type { ConfigTree } from "../../src/config/index.ts";
import { Descriptions } from "../../src/entry/index.ts";
import type { ConnectionOwner } from "../../src/frontend/connection.ts";
import { FRONTEND_SETTINGS_DEFAULT } from "../../src/frontend/index.ts";
import { DnSyntaxError } from "../../src/dn/index.ts";
import { MemoryKv, WriteQueue } from "../../src/kv/index.ts";
import type { LmdbKv } from "../../src/kv/lmdb.ts";
import { newConnectionCounters, newOperationCounters } from "../../src/monitor/index.ts";
import {
  type Control,
  LdapError,
  type Request,
  type ResponseMessage,
} from "../../src/protocol/index.ts";
import { AccessGate } from "../../src/server/access-gate.ts";
import { BackendKeeper } from "../../src/server/backend-keeper.ts";
import { ConfigKeeper } from "../../src/server/config-handler.ts";
import { Directory } from "../../src/server/directory.ts";
import { Dispatcher } from "../../src/server/dispatcher.ts";
import type { Identity } from "../../src/server/identity.ts";
import { instancePaths } from "../../src/server/instance-paths.ts";
import type { Replica } from "../../src/server/replica.ts";
import type { SchemaKeeper } from "../../src/server/schema-keeper.ts";
import { ServerActions, type ServerActionsParts } from "../../src/server/server-actions.ts";
import type { Service } from "../../src/server/service.ts";
import type { Change } from "../../src/replication/change/index.ts";
import { type Backend, readDescriptions } from "../../src/store/index.ts";
import { shippedSchema } from "../support/config-tree.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import type { EventQueue, Life } from "./event-queue.ts";
import type { FakeClock } from "./fake-clock.ts";
import { type FakeNetwork, type Host, Pipe, type PipeEnd } from "./fake-network.ts";
import { ThreadRunner } from "./fake-thread.ts";
import { FakeLink, serveEnd } from "./ldap-ends.ts";
import type { Trace } from "./trace.ts";

export const BACKEND = "userroot";
export const SUPPLIER_DN = "cn=supplier,cn=config";
const ROOT_DN = "cn=directory manager";
/** As server/server.ts. */
const TICK_MS = 10_000;
/** Between a process and those on its own machine. */
const LOCAL_LATENCY_MS = 0.1;

export interface ServerWatcher {
  /** A change is on the disk of a server. */
  committed(server: SimulatedServer, change: Change): void;
  /** A change by a client of this server is on disk and will be answered: in the order of the answers. */
  written(server: SimulatedServer, change: Change): void;
  /** A supplier begins to initialize a server. */
  initializationStarted(server: SimulatedServer, supplier: string): void;
  /** The structure log of a supplier was not taken, or none came. */
  structureDropped(server: SimulatedServer, reason: string): void;
  contentReplaced(server: SimulatedServer): void;
  /** The catch-up gate has opened without having heard everybody, and says so. */
  gateGaveUp(server: SimulatedServer): void;
  /** The consumer of an agreement lacks changes of a cleaned ID that nobody can send any more. */
  consumerBehind(server: SimulatedServer, agreement: string): void;
  defect(server: SimulatedServer, error: unknown): void;
}

export interface SimulatedServerParts {
  /** Whether its agreements take their consumers for servers of 389 now. */
  readonly speaksAs389: () => boolean;
  readonly name: string;
  readonly seed: number;
  readonly queue: EventQueue;
  readonly network: FakeNetwork;
  readonly trace: Trace;
  readonly clock: FakeClock;
  readonly watcher: ServerWatcher;
  readonly config: ConfigTree;
  /** How long a step of a transaction may take. */
  readonly diskMs: number;
  /** As the write queue's option. */
  readonly quietMs: number;
}

/** How the last session of an agreement ended. */
export interface SessionEnd {
  readonly kind: string;
  readonly replicationCode: number;
  readonly at: number;
}

interface Process {
  readonly life: Life;
  readonly directory: Directory;
  readonly actions: ServerActions;
  readonly dispatcher: Dispatcher;
  readonly threads: ThreadRunner;
  readonly ends: Set<PipeEnd>;
  client: FakeLink | undefined;
}

export class SimulatedServer implements Host {
  readonly name: string;
  readonly clock: FakeClock;
  kv: MemoryKv;
  config: ConfigTree;
  isListening = false;
  /** Of its agreements, by name. */
  readonly sessionEnds = new Map<string, SessionEnd>();
  readonly #suppliers = new Map<string, string>();
  readonly #parts: SimulatedServerParts;
  #process: Process | undefined;
  #starts = 0;
  #connections = 0;

  constructor(parts: SimulatedServerParts) {
    this.#parts = parts;
    this.name = parts.name;
    this.clock = parts.clock;
    this.config = parts.config;
    this.kv = this.#newKv();
    parts.network.add(this);
  }

  /** Whether the process runs and serves. */
  get isUp(): boolean {
    return this.#process !== undefined && this.isListening;
  }

  get hasProcess(): boolean {
    return this.#process !== undefined;
  }

  get directory(): Directory {
    return this.#running.directory;
  }

  get backend(): Backend {
    const backend = this.directory.backends.get(BACKEND);
    if (backend === undefined) throw new Error(`${this.name} has no backend`);
    return backend;
  }

  get replica(): Replica {
    const [replica] = this.#running.actions.replicas.all();
    if (replica === undefined) throw new Error(`${this.name} has no replica`);
    return replica;
  }

  get actions(): ServerActions {
    return this.#running.actions;
  }

  get #running(): Process {
    if (this.#process === undefined) throw new Error(`${this.name} does not run`);
    return this.#process;
  }

  #newKv(): MemoryKv {
    const { queue, diskMs, seed, name } = this.#parts;
    const random = new SeededRandom(seedOf(`${seed} ${name} disk`));
    return new MemoryKv({
      // The disk works for a process; a crashed Kv drops what comes late.
      schedule: (step) => void queue.schedule(random.next() * diskMs, step),
    });
  }

  /** Starts the process; resolves when it serves. */
  async start(): Promise<void> {
    this.#starts += 1;
    const life: Life = { isOver: false };
    const process = this.#assemble(life);
    this.#process = process;
    const { directory, actions } = process;
    const { queue, trace } = this.#parts;
    trace.note(this.name, "starts");
    for (const settings of directory.config.snapshot.backends) {
      await this.#keeperOf(process).open(settings);
    }
    this.#watchBackend();
    await actions.startReplication();
    this.isListening = true;
    this.#openClient(process);
    const tick = (): void => {
      actions.tick();
      queue.schedule(TICK_MS, tick, life);
    };
    queue.schedule(TICK_MS, tick, life);
    trace.note(this.name, "serves");
  }

  /** The process ends at once: killed (the kernel closes its connections), or without power. What was not flushed is lost. */
  crash(how: "killed" | "powerless"): void {
    this.#parts.trace.note(this.name, `crashes ${how}`);
    this.#end(how === "killed");
  }

  /** An orderly stop; resolves when the process has ended. */
  async stop(): Promise<void> {
    const { actions, directory, life } = this.#running;
    this.isListening = false;
    await actions.stop();
    await directory.queue.whenIdle();
    if (life.isOver) return;
    this.#parts.trace.note(this.name, "stops");
    this.#end(true);
  }

  #end(isTold: boolean): void {
    const { life, threads, ends } = this.#running;
    life.isOver = true;
    threads.endAll(isTold);
    for (const end of ends) end.die(isTold);
    this.kv = this.kv.crash();
    this.#process = undefined;
    this.isListening = false;
  }

  /** The administrator at this machine, or a client: `answered` is not called when the answer gets lost. */
  request(
    request: Request,
    controls: readonly Control[],
    answered: (message: ResponseMessage) => void,
  ): void {
    this.#process?.client?.ask(request, controls, answered);
  }

  accept(end: PipeEnd, from: string): void {
    this.#suppliers.set(`conn=${this.#connections + 1}`, from);
    const normalDn = SUPPLIER_DN;
    this.#serve(end, { dn: normalDn, normalDn, isRoot: false, method: "simple" });
  }

  #serve(end: PipeEnd, identity: Identity): void {
    const process = this.#running;
    this.#connections += 1;
    process.ends.add(end);
    const owner: ConnectionOwner = {
      handler: process.dispatcher,
      settings: FRONTEND_SETTINGS_DEFAULT,
      log: process.directory.log,
      accessLog: undefined,
      connectionClosed: () => process.ends.delete(end),
    };
    const { life } = process;
    serveEnd(end, { owner, id: this.#connections, identity, queue: this.#parts.queue, life });
  }

  #openClient(process: Process): void {
    const { network } = this.#parts;
    const pipe = new Pipe(network, [`client of ${this.name}`, this.name], LOCAL_LATENCY_MS);
    this.#serve(pipe.ends[1], { dn: ROOT_DN, normalDn: ROOT_DN, isRoot: true, method: "simple" });
    process.client = new FakeLink(pipe.ends[0], this.#parts.queue.timersOf(process.life));
  }

  readonly #keepers = new WeakMap<Process, BackendKeeper>();
  #keeperOf(process: Process): BackendKeeper {
    return this.#keepers.get(process) as BackendKeeper;
  }

  #assemble(life: Life): Process {
    const { queue, network, watcher, name, seed } = this.#parts;
    const defect = (error: unknown): void => watcher.defect(this, error);
    const random = new SeededRandom(seedOf(`${seed} ${name} ${this.#starts}`));
    const directory = this.#newDirectory(life, random, defect);
    const acis = new AciStore(directory.schema);
    const keeper = new BackendKeeper(directory, acis);
    const configKeeper = new ConfigKeeper(directory, Buffer.alloc(32), async (tree) => {
      this.config = tree;
    });
    const ends = new Set<PipeEnd>();
    const threads = new ThreadRunner({
      queue,
      network,
      clock: this.clock,
      host: name,
      openKv: () => this.kv.openReader(),
      speaksAs389: this.#parts.speaksAs389,
    });
    const parts: Partial<ServerActionsParts> = {
      directory,
      keeper,
      configKeeper,
      logs: { check: () => {}, use: () => {} } as unknown as ServerActionsParts["logs"],
      schemaKeeper: { stamp: {} } as unknown as SchemaKeeper, // the schema is nobody's own
      openThread: threads.open,
      openPeerLink: (settings) => threads.openLink(settings, life, ends),
      onDefect: defect,
    };
    const actions = new ServerActions(parts as ServerActionsParts);
    const dispatcher = new Dispatcher(this.#newService(directory, acis, actions), {
      configKeeper,
      schemaKeeper: parts.schemaKeeper as SchemaKeeper,
      actions,
      keeper,
      onDefect: defect,
    });
    const process: Process = {
      life,
      directory,
      actions,
      dispatcher,
      threads,
      ends,
      client: undefined,
    };
    this.#keepers.set(process, keeper);
    return process;
  }

  #newDirectory(life: Life, random: Random, defect: (error: unknown) => void): Directory {
    const { queue, quietMs } = this.#parts;
    const timers = queue.timersOf(life);
    const writes = new WriteQueue(this.kv, this.clock, {
      isRefusal: (error) => error instanceof LdapError || error instanceof DnSyntaxError,
      busyError: () => new LdapError("busy", "Too many writes are waiting"),
      onFatal: defect,
      quietMs,
      schedule: (step) => timers.later(step),
    });
    writes.noteRequest();
    return new Directory(
      {
        kv: this.kv as unknown as LmdbKv, // which adds statistics, and nobody asks for them
        queue: writes,
        clock: this.clock,
        timers,
        random,
        log: this.#log(),
        paths: instancePaths("/nowhere"),
      },
      new Descriptions(shippedSchema(), () => readDescriptions(this.kv)),
      this.config,
    );
  }

  /** What servers tell their administrators is watched too. */
  #log(): Log {
    const { trace, name, watcher, queue } = this.#parts;
    const log = trace.logOf(name);
    const watched =
      (level: keyof Log) =>
      (event: string, fields: LogFields = {}): void => {
        log[level](event, fields);
        if (event === "agreement.session.ended") {
          const { agreement, kind, replicationCode } = fields as unknown as SessionEnd & {
            readonly agreement: string;
          };
          this.sessionEnds.set(agreement, { kind, replicationCode, at: queue.now });
        }
        if (event === "clean.consumer.behind") {
          watcher.consumerBehind(this, String(fields["agreement"]));
        }
        if (event === "replica.gate.opened" && level === "warn") watcher.gateGaveUp(this);
        if (event === "consumer.session.started" && fields["kind"] === "total") {
          const supplier = this.#suppliers.get(String(fields["connection"])) ?? "";
          watcher.initializationStarted(this, supplier);
        }
        if (event === "replica.initialization.structure.dropped") {
          watcher.structureDropped(this, String(fields["reason"]));
        }
      };
    return {
      error: watched("error"),
      warn: watched("warn"),
      info: watched("info"),
      debug: watched("debug"),
    };
  }

  #newService(directory: Directory, acis: AciStore, actions: ServerActions): Service {
    const gate = new AccessGate(directory, acis);
    const used: Partial<Service> = {
      directory,
      hash: createNodeHash(),
      operations: newOperationCounters(),
      connections: newConnectionCounters(),
      accessFor: (subject, reader) => gate.accessFor(subject, reader),
      maySupply: (normalDn, identity) =>
        identity !== undefined && actions.replicas.maySupply(normalDn, identity.normalDn),
      afterWrite: (backend, effects) => {
        if (effects.change !== undefined) this.#parts.watcher.written(this, effects.change);
        actions.afterWrite(backend, effects);
      },
    };
    // What else there is (audit log, made entries) is not asked for.
    return new Proxy(used, {
      get: (parts, name) => Reflect.get(parts, name) ?? (() => undefined),
    }) as Service;
  }

  /** Everything that is counted passes `logChange`; everything that replaces content, `reload`. */
  #watchBackend(): void {
    const { backend } = this;
    const { watcher } = this.#parts;
    const logChange = backend.logChange.bind(backend);
    backend.logChange = (writes, change, nowSeconds) => {
      logChange(writes, change, nowSeconds);
      writes.afterCommit(() => watcher.committed(this, change));
    };
    const reload = backend.reload.bind(backend);
    backend.reload = () => {
      reload();
      watcher.contentReplaced(this);
    };
  }
}

/** A number of 32 bits for a text. */
export function seedOf(text: string): number {
  let hash = 0x811c_9dc5;
  for (let at = 0; at < text.length; at += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x0100_0193);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b_3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
