// The composition root: from an instance folder to a running server. Opens schema, database and configuration, wires the rooms,
// starts the listeners, and takes all of it down again in the reverse order.
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { AciStore } from "../access/index.ts";
import { createNodeHash, SEAL_KEY_BYTES } from "../auth/index.ts";
import type { Clock, Millis } from "../base/index.ts";
import { formatDse } from "../config/index.ts";
import { DnSyntaxError } from "../dn/index.ts";
import { Descriptions } from "../entry/index.ts";
import { Frontend, Gathering, type Listener } from "../frontend/index.ts";
import { FrontProcesses } from "../fronts/index.ts";
import { WriteQueue } from "../kv/index.ts";
import { openLmdb } from "../kv/lmdb.ts";
import { openLink } from "../link/index.ts";
import { MADE_RULES, newConnectionCounters, newOperationCounters } from "../monitor/index.ts";
import { LdapError } from "../protocol/index.ts";
import { NODE_TIMERS, openWorker } from "../replication/thread/index.ts";
import { generationTable, readDescriptions } from "../store/index.ts";
import { AccessGate } from "./access-gate.ts";
import { BackendKeeper } from "./backend-keeper.ts";
import { ConfigKeeper } from "./config-handler.ts";
import { Directory } from "./directory.ts";
import { Dispatcher } from "./dispatcher.ts";
import { replaceFile, replaceFileMeanwhile, replacePassingFile } from "./durable-file.ts";
import { findStorageFault, storageFaultText } from "./storage-fault.ts";
import { instancePaths } from "./instance-paths.ts";
import { frontendSettings } from "./frontend-settings.ts";
import { LiveFacts } from "./live-facts.ts";
import { loadConfig } from "./load-config.ts";
import { SYSTEM_RANDOM } from "./pooled-random.ts";
import { ServerActions } from "./server-actions.ts";
import { ServerLogs } from "./server-logs.ts";
import { type SchemaKeeper, openSchemaKeeper } from "./schema-keeper.ts";
import type { Service } from "./service.ts";
import { loadTls } from "./tls-files.ts";

const SYSTEM_CLOCK: Clock = { now: () => Date.now() as Millis };
/** What a supervisor sees after a storage fault or a broken invariant (sysexits: EX_SOFTWARE). */
const EXIT_DEFECT = 70;
/** Threads of agreements, and connections to ask other servers. */
const OUTSIDE = { openThread: openWorker, openPeerLink: openLink };
const TRIM_INTERVAL_MS = 10_000;
/** The command that serves as a front-end process (see `serveFront`). */
const FRONT_COMMAND = "front-end";

export interface RunningServer {
  readonly listeners: readonly Listener[];
  stop(): Promise<void>;
}

/** Starts the server of an instance folder; resolves when every listener accepts.
 *  @throws Error saying what is in the way */
export async function startServer(folder: string): Promise<RunningServer> {
  const paths = instancePaths(folder);
  if (!existsSync(paths.dse))
    throw new Error(`${paths.root} is no instance: ${paths.dse} is missing`);
  mkdirSync(paths.logs, { recursive: true });
  mkdirSync(dirname(paths.pid), { recursive: true });
  const logs = new ServerLogs(`${paths.logs}/errors`, SYSTEM_CLOCK);
  const log = logs.events;
  const stopWithDefect = (error: unknown): void => {
    const fault = findStorageFault(error, paths.database);
    if (fault === undefined) {
      log.error("server.defect.found", {
        error: error instanceof Error ? error.stack : String(error),
      });
    } else {
      log.error("server.storage.failed", { ...fault });
      // The log may lie on the same full disk.
      process.stderr.write(`concord: ${storageFaultText(fault)}\n`);
    }
    process.exit(EXIT_DEFECT);
  };
  const schemaKeeper = openSchemaKeeper(paths.userSchema);
  const config = loadConfig(paths, schemaKeeper.schema, (fault) =>
    log.error("config.entry.unreadable", { fault }),
  );
  const { frontEndProcesses } = config.snapshot.server;
  const kv = openLmdb(paths.database, { sharing: frontEndProcesses > 0 ? "followed" : "alone" });
  if (kv.sharing === "followed") generationTable(kv);
  const gathering = new Gathering();
  const queue = new WriteQueue(kv, SYSTEM_CLOCK, {
    isRefusal: (error) => error instanceof LdapError || error instanceof DnSyntaxError,
    busyError: () => new LdapError("busy", "Too many writes are waiting"),
    onFatal: stopWithDefect,
    onBatch: () => gathering.flush(),
  });
  const descriptions = new Descriptions(schemaKeeper.schema, () => readDescriptions(kv));
  logs.use(config.snapshot.server);
  const parts = {
    kv,
    queue,
    clock: SYSTEM_CLOCK,
    timers: NODE_TIMERS,
    random: SYSTEM_RANDOM,
    log,
    paths,
  };
  const directory = new Directory(parts, descriptions, config);
  const server = new ServerParts(directory, { schemaKeeper, logs, gathering }, stopWithDefect);
  await server.start();
  return server;
}

/** The key that seals agreement credentials; made at the first start. */
export function loadSealKey(path: string): Buffer {
  if (!existsSync(path)) replaceFile(path, randomBytes(SEAL_KEY_BYTES), { mode: 0o600 });
  return readFileSync(path);
}

/** What is made before the directory. */
interface FirstParts {
  readonly schemaKeeper: SchemaKeeper;
  readonly logs: ServerLogs;
  readonly gathering: Gathering;
}

class ServerParts implements RunningServer {
  readonly #directory: Directory;
  readonly #frontend: Frontend;
  readonly #fronts: FrontProcesses;
  readonly #actions: ServerActions;
  readonly #keeper: BackendKeeper;
  readonly #logs: ServerLogs;
  readonly #gathering: Gathering;
  #timer: NodeJS.Timeout | undefined;
  #listeners: Listener[] = [];

  constructor(
    directory: Directory,
    { schemaKeeper, logs, gathering }: FirstParts,
    onDefect: (error: unknown) => void,
  ) {
    this.#directory = directory;
    this.#logs = logs;
    this.#gathering = gathering;
    const { paths } = directory;
    const acis = new AciStore(directory.schema);
    const gate = new AccessGate(directory, acis);
    this.#keeper = new BackendKeeper(directory, acis);
    const configKeeper = new ConfigKeeper(directory, loadSealKey(paths.sealKey), (tree) =>
      replaceFileMeanwhile(paths.dse, formatDse(tree), { previous: paths.dseBackup }),
    );
    const live = new LiveFacts(directory, schemaKeeper);
    this.#actions = new ServerActions({
      directory,
      keeper: this.#keeper,
      configKeeper,
      logs,
      schemaKeeper,
      ...OUTSIDE,
      onDefect,
    });
    const service: Service = {
      directory,
      hash: createNodeHash(),
      hashesUnderWay: new Set(),
      operations: newOperationCounters(),
      connections: newConnectionCounters(),
      readAccessFor: (subject) => gate.readAccessFor(subject),
      accessFor: (subject, reader) => gate.accessFor(subject, reader),
      maySupply: (normalDn, identity) =>
        identity !== undefined && this.#actions.replicas.maySupply(normalDn, identity.normalDn),
      audit: (request, identity) =>
        logs.audit?.record(request, {
          normalDn: identity?.normalDn ?? "",
          now: directory.clock.now(),
        }),
      afterWrite: (backend, effects) => this.#actions.afterWrite(backend, effects),
      rootDse: () => live.rootDse(),
      monitorTree: () =>
        live.monitorTree(service, { frontend: this.#frontend, fronts: this.#fronts }),
      schemaEntry: () => live.schemaEntry(),
      schemaEntryFor389: () => live.schemaEntryFor389(),
      findRuvEntry: (suffix) => live.findRuvEntry(suffix),
    };
    const dispatcher = new Dispatcher(service, {
      configKeeper,
      schemaKeeper,
      actions: this.#actions,
      keeper: this.#keeper,
      onDefect,
    });
    this.#fronts = this.#makeFronts(dispatcher);
    this.#frontend = this.#makeFrontend(dispatcher);
    this.#actions.frontend = this.#frontend;
    logs.onAccessLog = (accessLog) => this.#frontend.changeAccessLog(accessLog);
    directory.config = directory.config.withLiveValues(this.#actions.liveValues());
    const keeper = this.#keeper.acis;
    for (const [normalDn, rule] of MADE_RULES) keeper.set(normalDn, [Buffer.from(rule, "utf8")]);
    const type = directory.schema.attributeType("aci");
    for (const entry of directory.config.storedEntries()) {
      const rules = entry.values(type);
      if (rules.length > 0) keeper.set(entry.normalDn, rules);
    }
  }

  get listeners(): readonly Listener[] {
    return this.#listeners;
  }

  async start(): Promise<void> {
    const { config, paths, log } = this.#directory;
    for (const backend of config.snapshot.backends) await this.#keeper.open(backend);
    await this.#actions.startReplication();
    await this.#fronts.start();
    const { server } = config.snapshot;
    const host = server.listenHost === "" ? "0.0.0.0" : server.listenHost;
    if (server.port > 0) await this.#listen({ kind: "ldap", host, port: server.port });
    if (server.tlsEnabled && server.securePort > 0) {
      const secureHost = server.secureListenHost === "" ? host : server.secureListenHost;
      await this.#listen({ kind: "ldaps", host: secureHost, port: server.securePort });
    }
    if (server.socketEnabled) await this.#listen({ kind: "ldapi", path: server.socketFile });
    replacePassingFile(paths.pid, `${process.pid}\n`, { mode: 0o644 });
    this.#timer = setInterval(() => this.#actions.tick(), TRIM_INTERVAL_MS);
    log.info("server.process.ready", { urls: this.#listeners.map((one) => one.url) });
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#actions.replicas.endRests();
    await Promise.all([this.#frontend.stop(), this.#fronts.stop()]);
    await this.#actions.stop();
    await this.#directory.whenLoaded();
    await this.#keeper.stop();
    await this.#directory.queue.whenIdle();
    await this.#logs.close();
    await this.#directory.kv.close();
    rmSync(this.#directory.paths.pid, { force: true });
    this.#directory.log.info("server.process.stopped");
  }

  #makeFrontend(handler: Dispatcher): Frontend {
    const directory = this.#directory;
    const { access } = this.#logs;
    const tls = loadTls(directory);
    return new Frontend({
      handler,
      log: directory.log,
      clock: directory.clock,
      settings: frontendSettings(directory),
      taker: this.#fronts,
      gathering: this.#gathering,
      ...(access === undefined ? {} : { accessLog: access }),
      ...(tls === undefined ? {} : { tls }),
    });
  }

  #makeFronts(handler: Dispatcher): FrontProcesses {
    const { config, kv, log, paths } = this.#directory;
    const frontend = (): Frontend => this.#frontend;
    return new FrontProcesses(
      {
        handler,
        log,
        command: [process.argv[1] ?? "", FRONT_COMMAND, "--dir", paths.root],
        get settings() {
          return frontend().settings;
        },
        accessLines: (lines) => this.#logs.appendAccessLines(lines),
        readerDied: () => kv.dropDeadReaders(),
      },
      config.snapshot.server.frontEndProcesses,
    );
  }

  async #listen(address: Parameters<Frontend["listen"]>[0]): Promise<void> {
    try {
      this.#listeners.push(await this.#frontend.listen(address));
    } catch (error) {
      const where = address.kind === "ldapi" ? address.path : `${address.host}:${address.port}`;
      throw new Error(`Cannot listen on ${address.kind} ${where}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }
}
