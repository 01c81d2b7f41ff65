// A whole server in memory for the traces of the walks: the rooms of a running one, wired as server/server.ts wires them, on the
// memory store, with a clock that stands still and counted chance. Clients reach its connections without sockets.
import { assert } from "chai";
import { AciStore } from "../../src/access/index.ts";
import { createNodeHash } from "../../src/auth/index.ts";
import type { Clock, Log, LogFields, Millis, Random } from "../../src/base/index.ts";
import { Descriptions } from "../../src/entry/index.ts";
import type { RequestHandler } from "../../src/frontend/index.ts";
import { MemoryKv, WriteQueue } from "../../src/kv/index.ts";
import type { LmdbKv } from "../../src/kv/lmdb.ts";
import { newConnectionCounters, newOperationCounters } from "../../src/monitor/index.ts";
import { LdapError } from "../../src/protocol/index.ts";
import { makeRuv } from "../../src/replication/ruv/index.ts";
import { NODE_TIMERS } from "../../src/replication/thread/index.ts";
import { AccessGate } from "../../src/server/access-gate.ts";
import { BackendKeeper } from "../../src/server/backend-keeper.ts";
import { ConfigKeeper } from "../../src/server/config-handler.ts";
import { Directory } from "../../src/server/directory.ts";
import { Dispatcher } from "../../src/server/dispatcher.ts";
import type { Identity } from "../../src/server/identity.ts";
import { instancePaths } from "../../src/server/instance-paths.ts";
import type { SchemaKeeper } from "../../src/server/schema-keeper.ts";
import { ServerActions, type ServerActionsParts } from "../../src/server/server-actions.ts";
import type { Service } from "../../src/server/service.ts";
import { type Backend, readDescriptions } from "../../src/store/index.ts";
import { ConfigSession, type Texts, shippedSchema } from "./config-tree.ts";
import { watchKv } from "./walk-tables.ts";
import { WalkClient } from "./walk-client.ts";
import {
  watchAccess,
  watchBackend,
  watchHandler,
  watchReplica,
  watchServer,
} from "./walk-rooms.ts";
import type { WalkTrace } from "./walk-trace.ts";

export const SUFFIX = "dc=example,dc=com";
/** 2026-01-01T00:00:00Z */
export const NOW_MS = Date.UTC(2026, 0, 1) as Millis;

const ROOT: Identity = { ...identity("cn=directory manager"), isRoot: true };

/** Somebody who has bound. */
export function identity(normalDn: string): Identity {
  return { dn: normalDn, normalDn, isRoot: false, method: "simple" };
}

export class WalkServer {
  readonly kv = new MemoryKv();
  readonly clock: Clock = { now: () => NOW_MS };
  readonly random: Random = countedRandom();
  readonly log: Log;
  readonly directory: Directory;
  readonly actions: ServerActions;
  readonly handler: RequestHandler;
  readonly #trace: WalkTrace;
  readonly #config = new ConfigSession();
  readonly #keeper: BackendKeeper;

  constructor(trace: WalkTrace) {
    this.#trace = trace;
    this.log = noteEvents(trace);
    watchKv(this.kv, trace, () => this.directory.backends.get("userroot"));
    this.#config.addBackend("userRoot", SUFFIX);
    this.directory = this.#newDirectory();
    const acis = new AciStore(this.directory.schema);
    this.#keeper = new BackendKeeper(this.directory, acis);
    const configKeeper = new ConfigKeeper(this.directory, Buffer.alloc(32), async () => {});
    const parts: Partial<ServerActionsParts> = {
      directory: this.directory,
      keeper: this.#keeper,
      configKeeper,
      onDefect: fail,
    };
    this.actions = new ServerActions(parts as ServerActionsParts);
    watchServer(this.directory, this.actions, trace);
    this.handler = new Dispatcher(this.#newService(acis), {
      configKeeper,
      schemaKeeper: undefined as unknown as SchemaKeeper, // no walk changes the schema
      actions: this.actions,
      keeper: this.#keeper,
      onDefect: fail,
    });
    watchHandler(this.handler, trace);
  }

  #newDirectory(): Directory {
    const queue = new WriteQueue(this.kv, this.clock, {
      isRefusal: (error) => error instanceof LdapError,
      busyError: () => new LdapError("busy", ""),
      onFatal: fail,
      quietMs: Number.POSITIVE_INFINITY,
    });
    return new Directory(
      {
        kv: this.kv as unknown as LmdbKv, // which adds statistics, and no walk asks for them
        queue,
        clock: this.clock,
        timers: NODE_TIMERS,
        random: this.random,
        log: this.log,
        paths: instancePaths("/nowhere"),
      },
      new Descriptions(shippedSchema(), () => readDescriptions(this.kv)),
      this.#config.tree,
    );
  }

  #newService(acis: AciStore): Service {
    const gate = new AccessGate(this.directory, acis);
    const used: Partial<Service> = {
      directory: this.directory,
      hash: createNodeHash(),
      operations: newOperationCounters(),
      connections: newConnectionCounters(),
      readAccessFor: (subject) => watchAccess(gate.readAccessFor(subject), this.#trace),
      accessFor: (subject, reader) => watchAccess(gate.accessFor(subject, reader), this.#trace),
      afterWrite: (backend, effects) => this.actions.afterWrite(backend, effects),
    };
    // What else there is (audit log, made entries) says nothing on these walks.
    return new Proxy(used, {
      get: (parts, name) => Reflect.get(parts, name) ?? (() => undefined),
    }) as Service;
  }

  get backend(): Backend {
    const backend = this.directory.backends.get("userroot");
    if (backend === undefined) throw new Error("the backend is not open");
    return backend;
  }

  /** Opens the backend and puts entries into it, parents first. */
  async open(entries: readonly (readonly [dn: string, attributes: Texts])[]): Promise<void> {
    for (const settings of this.directory.config.snapshot.backends) {
      await this.#keeper.open(settings);
    }
    const client = new WalkClient(this, this.#trace, ROOT);
    for (const [dn, texts] of entries) {
      const attributes = Object.entries(texts).map(([type, values]) => ({
        type,
        values: [values].flat().map((value) => Buffer.from(value)),
      }));
      const { response } = await client.request({ type: "add", dn, attributes });
      assert.include(response, { type: "addResponse" });
      assert.nestedPropertyVal(response, "result.code", 0, dn);
    }
    watchBackend(this.backend, this.#trace);
    this.directory.queue.noteRequest(); // others are served too: a commit must not block the event loop
  }

  /** Makes the suffix a replica that this DN may supply; of `generation` when its data came from another one. */
  async replicate(replicaId: number, bindDn: string, generation?: string): Promise<void> {
    const { queue } = this.directory;
    this.#config.addReplica(SUFFIX, {
      nsDS5ReplicaId: String(replicaId),
      nsDS5ReplicaType: "3",
      nsDS5Flags: "1",
      nsDS5ReplicaBindDN: bindDn,
    });
    this.directory.config = this.#config.tree;
    if (generation !== undefined) {
      const facts = { ruv: makeRuv(generation), generator: undefined };
      await queue.submit((writes) => this.backend.putFacts(writes, facts));
    }
    for (const settings of this.directory.config.snapshot.replicas) {
      await this.actions.replicas.addReplica(settings);
    }
    for (const replica of this.actions.replicas.all()) watchReplica(replica, this.#trace);
  }

  get generation(): string {
    const { ruv } = this.backend.committed;
    if (ruv === undefined) throw new Error("the backend is a replica");
    return ruv.generation;
  }
}

/** Where no promise would hear of it. */
function fail(error: unknown): void {
  setImmediate(() => {
    throw error;
  });
}

function countedRandom(): Random {
  let count = 0;
  return {
    bytes(length) {
      count += 1;
      const bytes = Buffer.alloc(length);
      bytes.writeUInt8(count % 256, length - 1);
      return bytes;
    },
  };
}

function noteEvents(trace: WalkTrace): Log {
  const at = (event: string, fields?: LogFields): void => {
    const texts = Object.entries(fields ?? {}).map(([name, value]) => `${name}=${String(value)}`);
    trace.note("log", [event, ...texts].join(" "));
  };
  return { error: at, warn: at, info: at, debug: at };
}
