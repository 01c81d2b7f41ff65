// All replicas of this server: consumer sessions of connections on one side, agreements with their threads on the other.
import type {
  AgreementSettings,
  AgreementStatus as ShownStatus,
  ReplicaSettings,
} from "../config/index.ts";
import type { Connection, Reply } from "../frontend/index.ts";
import type { WriteEffects } from "../operation/index.ts";
import type { RequestMessage } from "../protocol/index.ts";
import {
  ReplicaConsumer,
  ReplicationRequests,
  type SupplierConnection,
} from "../replication/consumer/index.ts";
import type { Change } from "../replication/change/index.ts";
import { countChanges } from "../replication/changelog/index.ts";
import { GATE_TABLE } from "../replication/agreement/index.ts";
import { CLEANED_TABLE } from "../replication/clean-ruv/index.ts";
import { type ReplicaId, encodeNsState } from "../replication/csn/index.ts";
import { formatLastModified, formatRuv } from "../replication/ruv/index.ts";
import type { Backend } from "../store/index.ts";
import type { ReplicaStatus, ReplicaTask } from "../config/index.ts";
import { AGREEMENT_TABLE, Agreement, type AgreementHooks } from "./agreement.ts";
import { type OpenPeerLink, PeerQuestions } from "./clean-peer.ts";
import { CleanRequests } from "./clean-requests.ts";
import { CleanTasks } from "./clean-tasks.ts";
import type { ConfigKeeper } from "./config-handler.ts";
import type { Directory } from "./directory.ts";
import { EntryRepair } from "./entry-repair.ts";
import { identityOf } from "./identity.ts";
import { Replica } from "./replica.ts";

interface Served {
  readonly replica: Replica;
  readonly consumer: ReplicaConsumer;
}

export interface ReplicasHooks {
  readonly openPeerLink: OpenPeerLink;
  afterWrite(backend: Backend, effects: WriteEffects): void;
  /** The content of a backend has been replaced. */
  contentReplaced(backend: Backend): void;
  onDefect(error: unknown): void;
}

export class Replicas {
  readonly #directory: Directory;
  readonly #hooks: ReplicasHooks;
  readonly #agreementHooks: AgreementHooks;
  /** By normal suffix. */
  readonly #served = new Map<string, Served>();
  /** By normal DN of the entry. */
  readonly #agreements = new Map<string, Agreement>();
  readonly #requests: ReplicationRequests;
  /** What is asked of the servers at the other ends of agreements. */
  readonly questions: PeerQuestions;
  /** CleanAllRUV. */
  readonly clean: CleanTasks;
  readonly #cleanRequests: CleanRequests;
  readonly #entryRepair: EntryRepair;

  constructor(
    directory: Directory,
    configKeeper: ConfigKeeper,
    hooks: ReplicasHooks,
    agreementHooks: Omit<AgreementHooks, "consumerHeard">,
  ) {
    this.#directory = directory;
    this.#hooks = hooks;
    this.questions = new PeerQuestions(hooks.openPeerLink);
    this.clean = new CleanTasks(directory, this, configKeeper, hooks.onDefect);
    this.#cleanRequests = new CleanRequests({
      tasks: this.clean,
      findReplica: (suffix) => this.findByName(suffix),
      onDefect: hooks.onDefect,
    });
    this.#entryRepair = new EntryRepair({
      directory,
      findReplica: (suffix) => this.findByName(suffix),
      onDefect: hooks.onDefect,
    });
    this.#agreementHooks = {
      ...agreementHooks,
      consumerHeard: (agreement, ruv) => this.clean.heard(agreement, ruv),
    };
    directory.kv.bytesTable(AGREEMENT_TABLE);
    directory.kv.bytesTable(CLEANED_TABLE);
    directory.kv.bytesTable(GATE_TABLE);
    this.#requests = new ReplicationRequests({
      findReplica: (suffix) => this.#served.get(this.#normalSuffix(suffix))?.consumer,
    });
  }

  /** A total initialization goes out or comes in. */
  get isInitializing(): boolean {
    for (const { replica } of this.#served.values()) {
      if (replica.import.isActive || replica.import.isSending) return true;
    }
    return false;
  }

  find(normalSuffix: string): Replica | undefined {
    return this.#served.get(normalSuffix)?.replica;
  }

  /** By the DN of the suffix, as somebody wrote it. */
  findByName(suffix: string): Replica | undefined {
    return this.find(this.#normalSuffix(suffix));
  }

  all(): Iterable<Replica> {
    return [...this.#served.values()].map(({ replica }) => replica);
  }

  // ---- configuration ------------------------------------------------------------------------------------------------

  async addReplica(settings: ReplicaSettings): Promise<void> {
    const backend = this.#directory.findBackend(settings.normalSuffix);
    if (backend === undefined) {
      this.#directory.log.warn("replica.backend.missing", { suffix: settings.normalSuffix });
      return;
    }
    const replica = new Replica(this.#directory, backend, settings, {
      changeCommitted: (changed, own) => {
        for (const agreement of this.agreementsOf(changed.suffix)) {
          agreement.noteOwnChange(own);
          agreement.notify();
        }
      },
      changeReceived: (changed, csn, supplierId) => {
        for (const agreement of this.agreementsOf(changed.suffix)) {
          if (!agreement.noteReceived(csn, supplierId)) agreement.notify();
        }
      },
      afterWrite: (changed, effects) => this.#hooks.afterWrite(changed, effects),
      contentReplaced: (changed) => {
        this.#hooks.contentReplaced(changed.backend);
        this.#served.get(changed.suffix)?.consumer.dropSession();
        this.#closeGate(changed);
        this.#notify(changed);
      },
      supplierHeard: (changed, supplierId, ruv) => {
        for (const agreement of this.agreementsOf(changed.suffix)) {
          if (agreement.consumerReplicaId === supplierId) {
            agreement.hearConsumer(ruv);
            this.clean.heard(agreement, ruv);
          }
        }
      },
      importEnded: (changed) => {
        for (const agreement of this.agreementsOf(changed.suffix)) agreement.importEnded();
      },
      onDefect: this.#hooks.onDefect,
    });
    await replica.start();
    this.#served.set(settings.normalSuffix, {
      replica,
      consumer: new ReplicaConsumer(replica, this.#directory.log),
    });
  }

  async changeReplica(settings: ReplicaSettings): Promise<void> {
    const served = this.#served.get(settings.normalSuffix);
    if (served === undefined) return this.addReplica(settings);
    await served.replica.change(settings);
    for (const agreement of this.agreementsOf(settings.normalSuffix))
      agreement.reconfigure(served.replica);
  }

  removeReplica(settings: ReplicaSettings): void {
    const served = this.#served.get(settings.normalSuffix);
    if (served === undefined) return;
    served.consumer.stop();
    served.replica.stop();
    this.#served.delete(settings.normalSuffix);
  }

  addAgreement(settings: AgreementSettings): void {
    const replica = this.find(settings.normalSuffix);
    if (replica === undefined) return;
    const agreement = new Agreement(this.#directory, replica, settings, this.#agreementHooks);
    this.#agreements.set(settings.normalDn, agreement);
    agreement.start();
  }

  changeAgreement(settings: AgreementSettings): void {
    const agreement = this.#agreements.get(settings.normalDn);
    const replica = this.find(settings.normalSuffix);
    if (agreement === undefined || replica === undefined) this.addAgreement(settings);
    else agreement.change(settings, replica);
  }

  async removeAgreement(settings: AgreementSettings): Promise<void> {
    const agreement = this.#agreements.get(settings.normalDn);
    this.#agreements.delete(settings.normalDn);
    agreement?.forget();
    await agreement?.stop();
  }

  refresh(settings: AgreementSettings): void {
    this.#agreements.get(settings.normalDn)?.refresh();
  }

  abortRefresh(settings: AgreementSettings): void {
    this.#agreements.get(settings.normalDn)?.abortRefresh();
  }

  /** After the start, when the agreements are known: what was done to the data before, or was waited for, closes gates. */
  resume(): void {
    for (const replica of this.all()) {
      if (replica.isUpdatable) this.#closeGate(replica);
    }
    this.clean.resume();
  }

  /** Refuses what `runTask` could not do. @throws LdapError */
  checkTask(settings: ReplicaSettings, task: ReplicaTask): void {
    if (task.kind === "cleanRuv" || task.kind === "cleanAllRuv") {
      this.clean.checkStart(settings.normalSuffix, task.replicaId as ReplicaId);
    }
  }

  /** nsds5Task: CLEANRUV<id> cleans this server alone, CLEANALLRUV<id> all of them, without a task entry. */
  async runTask(settings: ReplicaSettings, task: ReplicaTask): Promise<void> {
    if (task.kind !== "cleanRuv" && task.kind !== "cleanAllRuv") return;
    const replicaId = task.replicaId as ReplicaId;
    if (task.kind === "cleanRuv") {
      const cleaned = this.find(settings.normalSuffix)?.cleaned;
      await cleaned?.clean(replicaId, { maxCsn: undefined, everything: false });
      await cleaned?.finish(replicaId);
      return;
    }
    const order = { replicaId, force: false, isOriginal: true, maxCsn: undefined };
    this.clean.clean(settings.normalSuffix, order).catch(this.#hooks.onDefect);
  }

  /** After a write by a client. */
  changed(backend: Backend, change: Change): void {
    const served = this.#served.get(backend.suffix);
    if (served === undefined) return;
    for (const agreement of this.agreementsOf(backend.suffix)) agreement.noteOwnChange(change);
    this.#notify(served.replica);
  }

  /** The schema of this server is another one. */
  schemaChanged(): void {
    for (const agreement of this.#agreements.values()) agreement.schemaChanged();
  }

  /** Whether a supplier that may change this server's data works over this connection. */
  isSession(connection: Connection): boolean {
    return this.#requests.isSession(connection.id);
  }

  tick(): void {
    for (const { replica } of this.#served.values()) {
      replica.tick();
      const enabled = [...this.agreementsOf(replica.suffix)].filter(
        ({ settings }) => settings.enabled,
      );
      const partners = enabled.map(({ consumer }) => consumer);
      replica.trim(partners);
      replica.purge(partners);
    }
  }

  /** Requests that suppliers have left open are answered. */
  endRests(): void {
    for (const { consumer } of this.#served.values()) consumer.refuseRest();
  }

  async stop(): Promise<void> {
    this.clean.stop();
    await Promise.all([...this.#agreements.values()].map((agreement) => agreement.stop()));
    for (const { consumer } of this.#served.values()) consumer.stop();
    await Promise.all([...this.all()].map((replica) => replica.endPurge()));
  }

  // ---- what others are shown ----------------------------------------------------------------------------------------

  findAgreementStatus(normalDn: string): ShownStatus | undefined {
    return this.#agreements.get(normalDn)?.shownStatus();
  }

  findReplicaStatus(normalSuffix: string): ReplicaStatus | undefined {
    const served = this.#served.get(normalSuffix);
    const ruv = served?.replica.ruv();
    if (served === undefined || ruv === undefined) return undefined;
    const { backend } = served.replica;
    const generator = backend.newest.generator;
    return {
      ruv: formatRuv(ruv).filter(
        (value) => /^\{replica \d+ /.test(value) || value.startsWith("{replicagen"),
      ),
      ruvLastModified: formatLastModified(ruv),
      agreementMaxCsns: [...this.agreementsOf(normalSuffix)].flatMap(
        (agreement) => agreement.maxCsnValue() ?? [],
      ),
      changes: countChanges(backend.tables),
      isReaping: served.replica.isPurging,
      state: generator === undefined ? undefined : encodeNsState(generator),
      task: undefined,
    };
  }

  // ---- sessions of suppliers ----------------------------------------------------------------------------------------

  /** Whether `bindDn` may supply the replica whose entry has this DN. */
  maySupply(normalDn: string, bindDn: string): boolean {
    for (const { replica } of this.#served.values()) {
      if (replica.settings.normalDn === normalDn) return replica.maySupply(bindDn);
    }
    return false;
  }

  /** Serves a request of replication; false: it is one of a client. */
  handle(connection: Connection, message: RequestMessage, reply: Reply): boolean {
    const { request } = message;
    if (request.type === "extended") {
      this.#directory.kv.renew();
      const identity = identityOf(connection);
      const answer = this.#cleanRequests.handle(identity, request);
      if (answer !== undefined) {
        reply.send(answer);
        return true;
      }
      if (this.#entryRepair.handle(identity, request, reply)) return true;
    }
    if (!this.#requests.mayConcern(connection.id, request)) return false;
    return this.#requests.handle(this.#caller(connection), message, (response, controls) =>
      reply.send(response, controls),
    );
  }

  connectionClosed(connection: Connection): void {
    this.#requests.closed(connection.id);
  }

  #caller(connection: Connection): SupplierConnection {
    return {
      id: connection.id,
      boundDn: identityOf(connection)?.normalDn ?? "",
      label: `conn=${connection.id}`,
      close: () => connection.close("closedByServer"),
    };
  }

  #normalSuffix(text: string): string {
    try {
      return this.#directory.schema.normalizeDnText(text);
    } catch {
      return "";
    }
  }

  #closeGate(replica: Replica): void {
    replica.gate.close(this.#peersOf(replica));
    if (replica.gate.isOpen) return;
    for (const agreement of this.agreementsOf(replica.suffix)) agreement.askConsumer();
  }

  /** Keys of the peers that may hold changes of ours: one for each agreement. One that is switched off may have sent some before, and
   *  its peer be heard as our supplier. */
  #peersOf(replica: Replica): readonly string[] {
    return [...this.agreementsOf(replica.suffix)].map((agreement) => agreement.peer);
  }

  *agreementsOf(normalSuffix: string): Iterable<Agreement> {
    for (const agreement of this.#agreements.values()) {
      if (agreement.settings.normalSuffix === normalSuffix) yield agreement;
    }
  }

  #notify(replica: Replica): void {
    for (const agreement of this.agreementsOf(replica.suffix)) agreement.notify();
  }
}
