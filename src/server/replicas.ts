// All replicas of this server: consumer sessions of connections on one side, agreements with their threads on the other.
import type {
  AgreementSettings,
  AgreementStatus as ShownStatus,
  ReplicaSettings,
} from "../config/index.ts";
import type { Connection, Reply } from "../frontend/index.ts";
import type { WriteEffects } from "../operation/index.ts";
import {
  CHECK_CLEAN_RUV_OID,
  CLEAN_RUV_FINISHED,
  CLEAN_RUV_NO_MAX_CSN,
  type ExtendedRequest,
  GET_MAX_CSN_OID,
  LdapError,
  type RequestMessage,
  SUCCESS,
  decodeGetMaxCsn,
  encodeCleanRuvResponse,
} from "../protocol/index.ts";
import {
  ReplicaConsumer,
  ReplicationRequests,
  type SupplierConnection,
} from "../replication/consumer/index.ts";
import type { Change } from "../replication/change/index.ts";
import { countChanges } from "../replication/changelog/index.ts";
import { type ReplicaId, encodeNsState } from "../replication/csn/index.ts";
import { formatLastModified, formatRuv, ruvMaxCsn } from "../replication/ruv/index.ts";
import type { Backend } from "../store/index.ts";
import type { ReplicaStatus } from "../config/index.ts";
import { AGREEMENT_TABLE, Agreement, type AgreementHooks } from "./agreement.ts";
import type { Directory } from "./directory.ts";
import { identityOf } from "./identity.ts";
import { Replica } from "./replica.ts";

interface Served {
  readonly replica: Replica;
  readonly consumer: ReplicaConsumer;
}

export interface ReplicasHooks {
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

  constructor(directory: Directory, hooks: ReplicasHooks, agreementHooks: AgreementHooks) {
    this.#directory = directory;
    this.#hooks = hooks;
    this.#agreementHooks = agreementHooks;
    directory.kv.bytesTable(AGREEMENT_TABLE);
    this.#requests = new ReplicationRequests({
      findReplica: (suffix) => this.#served.get(this.#normalSuffix(suffix))?.consumer,
    });
  }

  find(normalSuffix: string): Replica | undefined {
    return this.#served.get(normalSuffix)?.replica;
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
      changesCommitted: (changed, own) => {
        for (const agreement of this.#of(changed.suffix)) {
          if (own !== undefined) agreement.noteOwnChange(own);
          agreement.notify();
        }
      },
      afterWrite: (changed, effects) => this.#hooks.afterWrite(changed, effects),
      contentReplaced: (changed, reason) => {
        this.#hooks.contentReplaced(changed.backend);
        changed.closeGate(reason, this.#peersOf(changed));
        this.#notify(changed);
      },
      importEnded: (changed) => {
        for (const agreement of this.#of(changed.suffix)) agreement.importEnded();
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
    for (const agreement of this.#of(settings.normalSuffix)) agreement.reconfigure(served.replica);
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

  /** After a write by a client. */
  changed(backend: Backend, change: Change): void {
    const served = this.#served.get(backend.suffix);
    if (served === undefined) return;
    for (const agreement of this.#of(backend.suffix)) agreement.noteOwnChange(change);
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
      const enabled = [...this.#of(replica.suffix)].filter(({ settings }) => settings.enabled);
      const partners = enabled.map(({ consumer }) => consumer);
      replica.trim(partners);
      replica.purge(partners);
    }
  }

  async stop(): Promise<void> {
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
      agreementMaxCsns: [...this.#of(normalSuffix)].flatMap(
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
      if (request.oid === GET_MAX_CSN_OID) {
        this.#maxCsn(connection, request, reply);
        return true;
      }
      if (request.oid === CHECK_CLEAN_RUV_OID) {
        extended(reply, encodeCleanRuvResponse(CLEAN_RUV_FINISHED));
        return true;
      }
    }
    return this.#requests.handle(this.#caller(connection), message, (response, controls) =>
      reply.send(response, controls),
    );
  }

  connectionClosed(connection: Connection): void {
    this.#requests.closed(connection.id);
  }

  /** Only to those who may supply (389 tells everybody). */
  #maxCsn(connection: Connection, request: ExtendedRequest, reply: Reply): void {
    const { replicaId, suffix } = decodeGetMaxCsn(request.value);
    const replica = this.find(this.#normalSuffix(suffix));
    if (replica === undefined) throw new LdapError("operationsError", "There is no such replica");
    const identity = identityOf(connection);
    if (identity?.isRoot !== true && !replica.maySupply(identity?.normalDn ?? "")) {
      throw new LdapError("insufficientAccessRights", "");
    }
    const ruv = replica.ruv();
    const csn = ruv === undefined ? undefined : ruvMaxCsn(ruv, replicaId as ReplicaId);
    extended(reply, encodeCleanRuvResponse(csn ?? CLEAN_RUV_NO_MAX_CSN));
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

  /** Keys of the peers that may hold changes of ours: one for each enabled agreement. */
  #peersOf(replica: Replica): readonly string[] {
    const enabled = [...this.#of(replica.suffix)].filter(({ settings }) => settings.enabled);
    return enabled.map((agreement) => agreement.peer);
  }

  *#of(normalSuffix: string): Iterable<Agreement> {
    for (const agreement of this.#agreements.values()) {
      if (agreement.settings.normalSuffix === normalSuffix) yield agreement;
    }
  }

  #notify(replica: Replica): void {
    for (const agreement of this.#of(replica.suffix)) agreement.notify();
  }
}

function extended(reply: Reply, value: Buffer): void {
  reply.send({ type: "extendedResponse", result: SUCCESS, oid: undefined, value });
}
