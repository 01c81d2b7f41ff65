// One agreement as the main thread sees it: the thread that runs it, what it told last, and what is kept of that over a restart
// (table `agreement`: normal DN → JSON).
import { openCredential } from "../auth/index.ts";
import type { AgreementSettings, AgreementStatus as ShownStatus } from "../config/index.ts";
import type { LinkIdentity, LinkSettings } from "../link/index.ts";
import {
  type AgreementStatus,
  NEW_STATUS,
  agreementTimes,
  concernsAgreement,
  findAgreementMaxCsn,
  hasSendable,
  formatAgreementMaxCsn,
  formatStoredStatus,
  longName,
  parseStoredStatus,
  showStatus,
} from "../replication/agreement/index.ts";
import { type Change } from "../replication/change/index.ts";
import type { Csn, ReplicaId } from "../replication/csn/index.ts";
import {
  type Ruv,
  decodeRuv,
  encodeRuv,
  hasChangesFor,
  withKnown,
  withoutReplica,
} from "../replication/ruv/index.ts";
import { type Fractional, makeFractional } from "../replication/supplier/index.ts";
import {
  type AgreementConfig,
  AgreementHost,
  type OpenAgreementThread,
  type SchemaFacts,
} from "../replication/thread/index.ts";
import type { DefinitionTexts } from "../schema/index.ts";
import { mappingTreeDn } from "../config/index.ts";
import type { Directory } from "./directory.ts";
import type { Replica } from "./replica.ts";

/** What of an agreement is stored at most this often while it runs. */
const STORE_INTERVAL_MS = 30_000;
/** Opened before the first write: a table that is not there yet is made while no transaction is in flight. */
export const AGREEMENT_TABLE = "agreement";
/** How long the end of the server waits for a session to end. */
const STOP_MS_MAX = 3_000;

export interface AgreementHooks {
  readonly sealKey: Buffer;
  /** Removes nsds5BeginReplicaRefresh from the entry. */
  refreshDone(settings: AgreementSettings): void;
  /** Resets nsds5ReplicaIgnoreMissingChange. */
  missingIgnored(settings: AgreementSettings): void;
  schemaFacts(): SchemaFacts;
  learnSchema(texts: DefinitionTexts): Promise<SchemaFacts>;
  readonly openThread: OpenAgreementThread;
  /** The consumer has told what it has. */
  consumerHeard(agreement: Agreement, ruv: Ruv): void;
  onDefect(error: unknown): void;
}

interface Stored {
  readonly status: string;
  readonly consumerRuv: string | undefined;
  readonly consumerId: number | undefined;
  /** Up to which CSN of our schema the consumer had ours. */
  readonly settledSchemaCsn?: string | undefined;
}

export class Agreement {
  settings: AgreementSettings;
  #replica: Replica;
  readonly #directory: Directory;
  readonly #hooks: AgreementHooks;
  readonly #startedAt: number;
  #host: AgreementHost | undefined;
  #status: AgreementStatus = NEW_STATUS;
  #consumer: Ruv | undefined;
  #consumerId: number | undefined;
  /** The consumer when it is another Concord, and there is a connection to it. */
  #kinId: number | undefined;
  #maxCsn: Csn | undefined;
  #settledSchemaCsn: string | undefined;
  #isRefreshWaiting = false;
  #filtered: { readonly settings: AgreementSettings; readonly fractional: Fractional } | undefined;
  #storedAt = Number.NEGATIVE_INFINITY;

  constructor(
    directory: Directory,
    replica: Replica,
    settings: AgreementSettings,
    hooks: AgreementHooks,
  ) {
    this.#directory = directory;
    this.#replica = replica;
    this.settings = settings;
    this.#hooks = hooks;
    this.#startedAt = directory.clock.now();
    this.#restore();
    this.#maxCsn = this.#findMaxCsn();
  }

  /** The consumer, for the catch-up gate. */
  get peer(): string {
    return `ldap://${this.settings.host}:${this.settings.port}`;
  }

  /** The RUV of the consumer as it was heard last. */
  get consumer(): Ruv | undefined {
    return this.#consumer;
  }

  /** undefined: not heard yet. */
  get consumerReplicaId(): number | undefined {
    return this.#consumerId;
  }

  /** How it is named in log lines. */
  get label(): string {
    return longName(this.settings);
  }

  /** Our data was replaced: what the consumer has of it is asked for at once, not when there are changes. */
  askConsumer(): void {
    this.#host?.consumerChanged(undefined);
  }

  /** The consumer, as a supplier of ours, has told what it has. After a restore that is less than we believe. */
  hearConsumer(ruv: Ruv): void {
    const believed = this.#consumer;
    if (believed?.generation !== ruv.generation || !hasChangesFor(believed, ruv)) return;
    this.#consumer = ruv;
    this.#host?.consumerChanged(ruv);
  }

  /** A replica ID was cleaned: the consumer is not remembered with it. */
  forgetReplica(replicaId: ReplicaId): void {
    this.#consumer = this.#consumer && withoutReplica(this.#consumer, replicaId);
  }

  start(): void {
    const replica = this.#replica;
    const { paths } = this.#directory;
    this.#host = new AgreementHost(
      {
        config: this.#config(),
        dataModuleUrl: new URL("./replica-data.js", import.meta.url).href,
        databaseFolder: paths.database,
        backend: replica.backend.name,
        status: this.#status,
        consumer: this.#consumer,
        schema: this.#hooks.schemaFacts(),
        settledSchemaCsn: this.#settledSchemaCsn,
      },
      {
        issueCsn: () => replica.sessionCsn(),
        adjustGenerator: (csn) => replica.adjustGenerator(csn),
        writeKeepAlive: (reason) => replica.keepAlive.write(reason),
        keepConsumerRuv: (ruv) => {
          this.#consumer = ruv;
          replica.gate.hear(this.peer, ruv);
          this.#hooks.consumerHeard(this, ruv);
        },
        noteConsumerReplicaId: (id) => {
          this.#consumerId = id;
        },
        noteKin: (id) => {
          this.#kinId = id;
        },
        learnSchema: (texts) => this.#hooks.learnSchema(texts),
        keepSettledSchema: (csn) => {
          this.#settledSchemaCsn = csn;
        },
        statusChanged: (status) => this.#statusChanged(status),
        refreshDone: () => {
          this.#replica.import.noteSending(this.settings.normalDn, false);
          this.#hooks.refreshDone(this.settings);
        },
        missingIgnored: () => this.#hooks.missingIgnored(this.settings),
        ended: () => this.#replica.import.noteSending(this.settings.normalDn, false),
        onFatal: this.#hooks.onDefect,
      },
      {
        log: this.#directory.log,
        timers: this.#directory.timers,
        openThread: this.#hooks.openThread,
      },
    );
    if (this.settings.refreshRequested) this.refresh();
  }

  change(settings: AgreementSettings, replica: Replica): void {
    this.settings = settings;
    this.reconfigure(replica);
    this.#maxCsn = this.#findMaxCsn();
  }

  reconfigure(replica: Replica): void {
    this.#replica = replica;
    this.#host?.configure(this.#config());
  }

  /** Changes are on disk. */
  notify(): void {
    this.#host?.notify();
  }

  /** A change has come from a server: whether that is the consumer, which need not be told of it. Only of another Concord to which
   *  there is a connection is that believed: it is the one that it was when its update vector was heard. */
  noteReceived(csn: Csn, supplierId: ReplicaId | undefined): boolean {
    if (supplierId === undefined || this.#kinId !== supplierId) return false;
    this.#consumer = this.#consumer && withKnown(this.#consumer, [csn]);
    this.#host?.noteKnown(csn);
    return true;
  }

  /** The schema of this server is another one. */
  schemaChanged(): void {
    this.#host?.schemaChanged(this.#hooks.schemaFacts());
  }

  /** A change of this server has been logged: does it concern this agreement? */
  noteOwnChange(change: Change): void {
    if (concernsAgreement(this.#fractional, change)) this.#maxCsn = change.csn;
  }

  /** Initializes the consumer; while this replica is itself being initialized, after that. */
  refresh(): void {
    this.#isRefreshWaiting = this.#replica.import.isActive;
    if (this.#isRefreshWaiting) return;
    this.#replica.import.noteSending(this.settings.normalDn, true);
    this.#host?.refresh();
  }

  /** The replica is not being initialized any more. */
  importEnded(): void {
    if (this.#isRefreshWaiting) this.refresh();
  }

  /** The agreement is removed: its consumer is not waited for. */
  forget(): void {
    this.#replica.gate.forget(this.peer);
  }

  abortRefresh(): void {
    this.#isRefreshWaiting = false;
    this.#host?.stopRefresh();
  }

  async stop(): Promise<void> {
    await this.#host?.stop(STOP_MS_MAX);
    this.#host = undefined;
    await this.#store();
  }

  shownStatus(): ShownStatus {
    return showStatus(this.#status, longName(this.settings), this.#startedAt);
  }

  /** Value of nsds5agmtmaxcsn (replication-protocol 2.3); undefined: there is no change yet. */
  maxCsnValue(): string | undefined {
    if (this.#maxCsn === undefined) return undefined;
    return formatAgreementMaxCsn({
      ...this.settings,
      suffix: this.#replica.backend.suffixDn,
      consumerReplicaId: this.#consumerId,
      csn: this.#maxCsn,
    });
  }

  /** Whether a change of one replica ID above `after` and not above `upTo` is sent over this agreement. */
  hasUnsent(after: Csn, upTo: Csn): boolean {
    const { update } = this.#status;
    const hasAll = update !== undefined && update.ldapCode === 0 && update.replicationCode === 0;
    return hasSendable(this.#replica.backend.tables, this.#fractional, { after, upTo, hasAll });
  }

  /** Made once for settings: each change of a client is looked at. */
  get #fractional(): Fractional {
    const { settings } = this;
    if (this.#filtered?.settings !== settings) {
      const fractional = makeFractional({
        excluded: settings.excludedAttributes,
        excludedTotal: settings.excludedAttributesTotal,
        stripped: settings.strippedAttributes,
      });
      this.#filtered = { settings, fractional };
    }
    return this.#filtered.fractional;
  }

  #config(): AgreementConfig {
    const { settings } = this;
    const replica = this.#replica;
    return {
      name: settings.name,
      suffix: replica.suffix,
      replicaId: replica.replicaId,
      purl: replica.purl,
      consumerReplicaDn: `cn=replica,${mappingTreeDn(replica.backend.suffixDn)}`,
      times: {
        ...agreementTimes(settings, replica.settings),
        // A consumer has no changelog to send from.
        isEnabled: settings.enabled && replica.settings.keepsChangelog,
      },
      link: this.link,
      ignoreMissing: settings.ignoreMissingChange,
    };
  }

  /** Where and as whom to connect. */
  get link(): LinkSettings {
    const { settings } = this;
    const { server } = this.#directory.config.snapshot;
    const identity: LinkIdentity = {
      transport: settings.transport,
      bindMethod: settings.bindMethod,
      bindDn: settings.bindDn ?? "",
      password: this.#open(settings.credentials),
    };
    const hasBootstrap = (settings.bootstrapBindDn ?? "") !== "";
    return {
      host: settings.host,
      port: settings.port,
      identity,
      bootstrap: hasBootstrap
        ? {
            transport: settings.bootstrapTransport,
            bindMethod: settings.bootstrapBindMethod,
            bindDn: settings.bootstrapBindDn ?? "",
            password: this.#open(settings.bootstrapCredentials),
          }
        : undefined,
      tls: {
        rejectUnauthorized: server.checkPeerHostName,
        ...this.#directory.clientTls(settings.host),
      },
      timeoutMs: settings.timeoutSec * 1000,
    };
  }

  #open(sealed: string | undefined): string {
    if (sealed === undefined || sealed === "") return "";
    return openCredential(Buffer.from(sealed, "utf8"), this.#hooks.sealKey)?.toString("utf8") ?? "";
  }

  #statusChanged(status: AgreementStatus): void {
    const wasUpdating = this.#status.isUpdating;
    this.#status = status;
    const now = this.#directory.timers.elapsedMs();
    if (wasUpdating && !status.isUpdating && now - this.#storedAt >= STORE_INTERVAL_MS) {
      this.#store().catch(this.#hooks.onDefect);
    }
  }

  async #store(): Promise<void> {
    this.#storedAt = this.#directory.timers.elapsedMs();
    const stored: Stored = {
      status: formatStoredStatus(this.#status),
      consumerRuv: this.#consumer && encodeRuv(this.#consumer).toString("utf8"),
      consumerId: this.#consumerId,
      settledSchemaCsn: this.#settledSchemaCsn,
    };
    const { kv, queue } = this.#directory;
    const key = Buffer.from(this.settings.normalDn, "utf8");
    await queue.submit((writes) => {
      writes
        .table(kv.bytesTable(AGREEMENT_TABLE))
        .put(key, Buffer.from(JSON.stringify(stored), "utf8"));
    });
  }

  #restore(): void {
    const { kv } = this.#directory;
    kv.renew();
    const row = kv.bytesTable(AGREEMENT_TABLE).getCopy(Buffer.from(this.settings.normalDn, "utf8"));
    if (row === undefined) return;
    const stored = JSON.parse(row.toString("utf8")) as Stored;
    this.#status = parseStoredStatus(stored.status);
    this.#consumerId = stored.consumerId;
    this.#settledSchemaCsn = stored.settledSchemaCsn;
    if (stored.consumerRuv === undefined) return;
    const consumer = decodeRuv(Buffer.from(stored.consumerRuv, "utf8"));
    // It may have been initialized since this was stored: until it is heard of, it needs what its last update vector does not show.
    if (consumer?.generation === this.#replica.ruv()?.generation) this.#consumer = consumer;
  }

  /** The newest change of this server that is sent over this agreement. */
  #findMaxCsn(): Csn | undefined {
    const { backend, replicaId } = this.#replica;
    const ruv = this.#replica.ruv();
    return ruv && findAgreementMaxCsn(backend.tables, ruv, replicaId, this.#fractional);
  }
}
