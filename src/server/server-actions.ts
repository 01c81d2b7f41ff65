// What the running server does when its configuration changes, when something was written, and as time passes.
import type { ConfigEntry, ConfigEvent, ConfigTree, LiveValues } from "../config/index.ts";
import type { Frontend } from "../frontend/index.ts";
import {
  backendMonitorAttributes,
  databaseMonitorAttributes,
  databaseStatisticsAttributes,
} from "../monitor/index.ts";
import { type WriteEffects, formatTime } from "../operation/index.ts";
import type { OpenAgreementThread } from "../replication/thread/index.ts";
import type { Schema } from "../schema/index.ts";
import type { Backend } from "../store/index.ts";
import { type TaskOrder, TaskRunner, parseTask } from "../tasks/index.ts";
import type { BackendKeeper } from "./backend-keeper.ts";
import type { OpenPeerLink } from "./clean-peer.ts";
import type { ConfigActions, ConfigKeeper } from "./config-handler.ts";
import { DigestSettling } from "./digest-settling.ts";
import type { Directory } from "./directory.ts";
import { frontendSettings } from "./frontend-settings.ts";
import { Replicas } from "./replicas.ts";
import type { SchemaKeeper } from "./schema-keeper.ts";
import { SchemaReplication } from "./schema-replication.ts";
import type { ServerLogs } from "./server-logs.ts";
import { taskWorks } from "./task-works.ts";
import { tellFollowers } from "./tell-followers.ts";

export interface ServerActionsParts {
  readonly directory: Directory;
  readonly keeper: BackendKeeper;
  readonly configKeeper: ConfigKeeper;
  readonly logs: ServerLogs;
  readonly schemaKeeper: SchemaKeeper;
  readonly openThread: OpenAgreementThread;
  readonly openPeerLink: OpenPeerLink;
  readonly onDefect: (error: unknown) => void;
}

export class ServerActions implements ConfigActions {
  readonly replicas: Replicas;
  readonly digests: DigestSettling;
  readonly schemas: SchemaReplication;
  readonly tasks: TaskRunner;
  /** Set once the front end exists. */
  frontend: Frontend | undefined;
  readonly #parts: ServerActionsParts;
  /** Orders that `check` has parsed, until `act` runs them. */
  readonly #orders = new Map<string, TaskOrder>();

  constructor(parts: ServerActionsParts) {
    this.#parts = parts;
    const { directory, schemaKeeper, configKeeper } = parts;
    this.schemas = new SchemaReplication({
      directory,
      schemaKeeper,
      configKeeper,
      useSchema: (schema) => this.useSchema(schema),
    });
    this.replicas = new Replicas(
      directory,
      configKeeper,
      {
        afterWrite: (backend, effects) => this.followWrite(backend, effects),
        contentReplaced: (backend) => parts.keeper.acis.load(backend),
        openPeerLink: parts.openPeerLink,
        onDefect: parts.onDefect,
      },
      {
        sealKey: parts.configKeeper.sealKey,
        refreshDone: (settings) =>
          this.#clearSetting(settings.normalDn, "nsds5BeginReplicaRefresh"),
        missingIgnored: (settings) =>
          this.#clearSetting(settings.normalDn, "nsds5ReplicaIgnoreMissingChange"),
        schemaFacts: () => this.schemas.facts(),
        learnSchema: (texts) => this.schemas.learn(texts),
        openThread: parts.openThread,
        onDefect: parts.onDefect,
      },
    );
    this.digests = new DigestSettling(directory, {
      isBusy: () => this.replicas.isInitializing,
      onDefect: parts.onDefect,
    });
    directory.checkGate = (normalSuffix) => this.replicas.find(normalSuffix)?.checkGate();
    directory.findReferrals = (normalSuffix) => this.replicas.find(normalSuffix)?.referrals ?? [];
    this.tasks = new TaskRunner({
      works: taskWorks(directory, parts.keeper, () => this.useSchema(schemaKeeper.reload()), {
        replaceContent: (backend) => this.replicas.find(backend.suffix)?.expectContent("import"),
        keepContent: (backend) => this.replicas.find(backend.suffix)?.gate.cancel(),
        contentReplaced: (backend) => {
          const replica = this.replicas.find(backend.suffix);
          if (replica === undefined) parts.keeper.acis.load(backend);
          else replica.noteImport();
        },
        afterWrite: (backend, effects) => this.afterWrite(backend, effects),
        clean: this.replicas.clean,
      }),
      clock: directory.clock,
      log: directory.log,
      formatTime: (now) => formatTime(now as Parameters<typeof formatTime>[0]),
    });
  }

  check(events: readonly ConfigEvent[], next: ConfigTree): void {
    for (const event of events) {
      if (event.type === "serverChanged") {
        this.#parts.logs.check(next.snapshot.server, this.#parts.directory.config.snapshot.server);
      }
      if (event.type === "replicaTaskRequested") this.replicas.checkTask(event.replica, event.task);
      if (event.type !== "taskRequested") continue;
      const order = parseTask(event.kind, event.entry, {
        snapshot: next.snapshot,
        findNormalDn: (text) => this.#findNormalDn(text),
        isCleaning: (suffix, id) => this.replicas.clean.isCleaning(suffix, id),
      });
      this.tasks.checkSupported(order);
      this.#orders.set(event.entry.normalDn, order);
    }
  }

  async act(events: readonly ConfigEvent[]): Promise<void> {
    for (const event of events) await this.#act(event);
  }

  /** After a write by a client is on disk. */
  afterWrite(backend: Backend, effects: WriteEffects): void {
    this.followWrite(backend, effects);
    if (effects.change !== undefined) this.replicas.changed(backend, effects.change);
  }

  /** After any write is on disk: names and access rules follow. */
  followWrite(backend: Backend, effects: WriteEffects): void {
    const { acis } = this.#parts.keeper;
    if (effects.namesChanged) {
      backend.reader.forgetNames();
      acis.followNames(backend);
    }
    acis.follow(backend, effects.aciChanges);
  }

  /** After a change of an entry of cn=config: its access rules follow. */
  followEntry(before: ConfigEntry | undefined, after: ConfigEntry | undefined): void {
    const normalDn = (after ?? before)?.normalDn;
    const rules = after?.texts("aci") ?? [];
    if (normalDn === undefined || rules.join("\n") === (before?.texts("aci") ?? []).join("\n"))
      return;
    this.#parts.keeper.acis.set(
      normalDn,
      rules.map((text) => Buffer.from(text, "utf8")),
    );
  }

  /** Makes `schema` the one in force everywhere. */
  async useSchema(schema: Schema): Promise<void> {
    const { directory } = this.#parts;
    const descriptions = directory.descriptions.withSchema(schema);
    directory.descriptions = descriptions;
    directory.config = directory.config.withSchema(schema);
    for (const backend of directory.backends.values()) backend.useDescriptions(descriptions);
    this.#parts.keeper.acis.useSchema(schema);
    this.replicas.schemaChanged();
    await tellFollowers(directory, "schema");
  }

  async startReplication(): Promise<void> {
    const { replicas, agreements } = this.#parts.directory.config.snapshot;
    for (const replica of replicas) await this.replicas.addReplica(replica);
    for (const agreement of agreements) this.replicas.addAgreement(agreement);
    this.replicas.resume();
  }

  /** Called every few seconds. */
  tick(): void {
    const expired = this.tasks.takeExpired();
    if (expired.length > 0) this.#dropTasks(expired);
    this.replicas.tick();
    this.digests.tick();
  }

  async stop(): Promise<void> {
    this.tasks.cancelAll();
    await this.replicas.stop();
    await this.digests.stop();
  }

  /** What entries of cn=config show of the running server. */
  liveValues(): LiveValues {
    const { directory } = this.#parts;
    const storage = (): Parameters<typeof databaseMonitorAttributes>[0] => {
      const { pageBytes, pages, mapBytes } = directory.kv.statistics(directory.clock.now());
      const { batches } = directory.queue.statistics();
      return {
        pageBytes,
        pagesUsed: pages,
        mapBytes,
        commits: batches,
        cacheHits: 0,
        cacheTries: 0,
      };
    };
    return {
      findAgreementStatus: (normalDn) => this.replicas.findAgreementStatus(normalDn),
      findReplicaStatus: (normalSuffix) => this.replicas.findReplicaStatus(normalSuffix),
      findTaskStatus: (normalDn) => this.tasks.findStatus(normalDn),
      backendMonitor: (name) => {
        const backend = directory.backends.get(name.toLowerCase());
        if (backend === undefined) return [];
        const settings = directory.config.snapshot.backends.find((one) => one.name === name);
        return backendMonitorAttributes(name, {
          isReadOnly: settings?.readOnly === true,
          entries: backend.tables.entry.count(),
          entryBytes: 0,
          cacheHits: 0,
          cacheTries: 0,
          indexes: backend.indexes.all.map((index) => index.type.name),
        });
      },
      databaseMonitor: () => databaseMonitorAttributes(storage()),
      databaseStatistics: () => databaseStatisticsAttributes(storage()),
    };
  }

  async #act(event: ConfigEvent): Promise<void> {
    const { keeper, directory, logs } = this.#parts;
    switch (event.type) {
      case "backendAdded":
        return keeper.open(event.backend);
      case "backendRemoved":
        return keeper.remove(event.backend);
      case "indexAdded":
      case "indexChanged": {
        const backend = directory.backends.get(event.backend.name.toLowerCase());
        const isEmpty = backend?.reader.idsFrom(1, 1).length === 0;
        return keeper.changeIndex(event.backend, event.index, isEmpty ? "ready" : "asStored");
      }
      case "indexRemoved":
        return keeper.removeIndex(event.backend, event.index);
      case "serverChanged":
        this.frontend?.changeSettings(frontendSettings(directory));
        logs.use(directory.config.snapshot.server);
        return undefined;
      case "replicaAdded":
        return this.replicas.addReplica(event.replica);
      case "replicaChanged":
        return this.replicas.changeReplica(event.replica);
      case "replicaRemoved":
        return this.replicas.removeReplica(event.replica);
      case "replicaTaskRequested":
        return this.replicas.runTask(event.replica, event.task);
      case "agreementAdded":
        return this.replicas.addAgreement(event.agreement);
      case "agreementChanged":
        return this.replicas.changeAgreement(event.agreement);
      case "agreementRemoved":
        return this.replicas.removeAgreement(event.agreement);
      case "refreshRequested":
        return this.replicas.refresh(event.agreement);
      case "refreshAborted":
        return this.replicas.abortRefresh(event.agreement);
      case "taskRequested":
        this.#startTask(event.entry);
        return undefined;
      case "taskChanged":
        this.tasks.change(event.entry);
        return undefined;
      // Read from the snapshot whenever they are needed.
      case "backendChanged":
      case "changelogChanged":
      case "databaseChanged":
      case "managerChanged":
      case "passwordPolicyChanged":
      case "pluginChanged":
      case "suffixAdded":
      case "suffixChanged":
      case "suffixRemoved":
        return undefined;
    }
  }

  /** Only the memory holds them. */
  #dropTasks(normalDns: readonly string[]): void {
    const { configKeeper, directory, onDefect } = this.#parts;
    configKeeper
      .exclusively(async () => {
        let { config } = directory;
        for (const normalDn of normalDns) config = config.withoutTask(normalDn);
        configKeeper.swap(config);
      })
      .catch(onDefect);
  }

  /** Takes a value away that asked the server for something that is done now. */
  #clearSetting(normalDn: string, attribute: string): void {
    const { configKeeper, directory, onDefect } = this.#parts;
    configKeeper
      .exclusively(async () => {
        const timestamp = formatTime(directory.clock.now());
        await configKeeper.store(directory.config.updated(normalDn, [[attribute]], { timestamp }));
      })
      .catch(onDefect);
  }

  #startTask(entry: Extract<ConfigEvent, { type: "taskRequested" }>["entry"]): void {
    const order = this.#orders.get(entry.normalDn);
    this.#orders.delete(entry.normalDn);
    if (order !== undefined) this.tasks.run(order, entry).catch(this.#parts.onDefect);
  }

  #findNormalDn(text: string): string | undefined {
    try {
      return this.#parts.directory.schema.normalizeDnText(text);
    } catch {
      return undefined;
    }
  }
}
