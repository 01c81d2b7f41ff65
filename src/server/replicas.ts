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
  type Control,
  END_REPLICATION_OID,
  type ExtendedRequest,
  type FinalResponseType,
  GET_MAX_CSN_OID,
  LdapError,
  type LdapResult,
  NO_CONTROLS,
  ProtocolError,
  REPLICATION_ENTRY_71_OID,
  REPLICATION_ENTRY_OID,
  REPLICATION_RESPONSE_50_OID,
  REPLICATION_RESPONSE_90_OID,
  ReplicationResponseCode,
  type RequestMessage,
  START_REPLICATION_50_OID,
  START_REPLICATION_90_OID,
  SUCCESS,
  decodeEndReplication,
  decodeGetMaxCsn,
  decodeReplicationEntry,
  decodeStartReplication,
  encodeCleanRuvResponse,
  encodeReplicationResponse,
  finalResponse,
  finalResponseType,
} from "../protocol/index.ts";
import {
  ReplicaConsumer,
  type SessionAnswer,
  type SupplierConnection,
  receivedChange,
} from "../replication/consumer/index.ts";
import type { Change } from "../replication/change/index.ts";
import { countChanges } from "../replication/changelog/index.ts";
import { type ReplicaId, encodeNsState } from "../replication/csn/index.ts";
import { formatLastModified, formatRuv, ruvMaxCsn } from "../replication/ruv/index.ts";
import type { Backend } from "../store/index.ts";
import type { ReplicaStatus } from "../config/index.ts";
import { Agreement, type AgreementHooks } from "./agreement.ts";
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
  /** Connections on which a supplier has started a session. */
  readonly #sessions = new Map<number, ReplicaConsumer>();

  constructor(directory: Directory, hooks: ReplicasHooks, agreementHooks: AgreementHooks) {
    this.#directory = directory;
    this.#hooks = hooks;
    this.#agreementHooks = agreementHooks;
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
      contentReplaced: async (changed) => {
        this.#hooks.contentReplaced(changed.backend);
        this.#notify(changed);
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

  tick(): void {
    for (const { replica } of this.#served.values()) {
      replica.tick();
      const enabled = [...this.#of(replica.suffix)].filter(({ settings }) => settings.enabled);
      replica.trim(enabled.map(({ consumer }) => consumer));
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#agreements.values()].map((agreement) => agreement.stop()));
    for (const { consumer } of this.#served.values()) consumer.stop();
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
      isReaping: false,
      state: generator === undefined ? undefined : encodeNsState(generator),
      task: undefined,
    };
  }

  // ---- sessions of suppliers ----------------------------------------------------------------------------------------

  isSession(connection: Connection): boolean {
    return this.#sessions.has(connection.id);
  }

  /** Serves an update of a session; undefined: the request is served as any other. */
  serve(connection: Connection, message: RequestMessage, reply: Reply): Promise<void> | undefined {
    const consumer = this.#sessions.get(connection.id);
    const { request } = message;
    if (consumer === undefined) return undefined;
    if (
      request.type !== "add" &&
      request.type !== "delete" &&
      request.type !== "modify" &&
      request.type !== "modifyDn"
    ) {
      return undefined;
    }
    if (!consumer.isSession(connection.id)) return undefined;
    if (request.type === "modify" && request.dn.toLowerCase() === "cn=schema") return undefined;
    const change = receivedChange(request, message.controls);
    return new Promise((resolve) => {
      consumer.receive(connection.id, change, (result, controls) => {
        answer(reply, message, result, controls);
        resolve();
      });
    });
  }

  /** Serves the extended operations of replication; undefined: it is another operation. */
  serveExtended(
    connection: Connection,
    message: RequestMessage,
    request: ExtendedRequest,
    reply: Reply,
  ): Promise<void> | undefined {
    switch (request.oid) {
      case START_REPLICATION_50_OID:
      case START_REPLICATION_90_OID:
        this.#start(connection, request, reply);
        return Promise.resolve();
      case END_REPLICATION_OID:
        return this.#end(connection, request, reply);
      case REPLICATION_ENTRY_OID:
      case REPLICATION_ENTRY_71_OID:
        return this.#entry(connection, message, request, reply);
      case GET_MAX_CSN_OID:
        this.#maxCsn(connection, request, reply);
        return Promise.resolve();
      case CHECK_CLEAN_RUV_OID:
        extended(reply, undefined, encodeCleanRuvResponse(CLEAN_RUV_FINISHED));
        return Promise.resolve();
      default:
        return undefined;
    }
  }

  connectionClosed(connection: Connection): void {
    const consumer = this.#sessions.get(connection.id);
    this.#sessions.delete(connection.id);
    consumer?.closed(connection.id);
  }

  #start(connection: Connection, request: ExtendedRequest, reply: Reply): void {
    const responseOid =
      request.oid === START_REPLICATION_90_OID
        ? REPLICATION_RESPONSE_90_OID
        : REPLICATION_RESPONSE_50_OID;
    let start: ReturnType<typeof decodeStartReplication> | undefined;
    try {
      start = decodeStartReplication(request.value);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
    }
    const suffix = start === undefined ? "" : this.#normalSuffix(start.suffix);
    const served = this.#served.get(suffix);
    const caller = this.#caller(connection);
    this.#directory.kv.renew();
    const result: SessionAnswer =
      start === undefined
        ? { code: ReplicationResponseCode.decodingError, ruv: undefined }
        : served === undefined
          ? { code: ReplicationResponseCode.noSuchReplica, ruv: undefined }
          : served.consumer.start(caller, start);
    if (served !== undefined && result.code === ReplicationResponseCode.ready) {
      this.#sessions.set(connection.id, served.consumer);
    }
    sessionAnswer(reply, responseOid, result);
  }

  #end(connection: Connection, request: ExtendedRequest, reply: Reply): Promise<void> {
    let suffix: string;
    try {
      suffix = this.#normalSuffix(decodeEndReplication(request.value).suffix);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      sessionAnswer(reply, REPLICATION_RESPONSE_50_OID, {
        code: ReplicationResponseCode.decodingError,
        ruv: undefined,
      });
      return Promise.resolve();
    }
    const consumer = this.#sessions.get(connection.id) ?? this.#served.get(suffix)?.consumer;
    if (consumer === undefined) {
      sessionAnswer(reply, REPLICATION_RESPONSE_50_OID, {
        code: ReplicationResponseCode.releaseSucceeded,
        ruv: undefined,
      });
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      consumer.end(this.#caller(connection), (result) => {
        sessionAnswer(reply, REPLICATION_RESPONSE_50_OID, result);
        resolve();
      });
    });
  }

  #entry(
    connection: Connection,
    message: RequestMessage,
    request: ExtendedRequest,
    reply: Reply,
  ): Promise<void> {
    const consumer = this.#sessions.get(connection.id);
    if (consumer === undefined)
      throw new LdapError("operationsError", "There is no total initialization on this connection");
    let entry: ReturnType<typeof decodeReplicationEntry>;
    try {
      entry = decodeReplicationEntry(request.value);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      consumer.receiveBadEntry(connection.id);
      reply.finish();
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      consumer.receiveEntry(connection.id, entry, (code) => {
        answer(reply, message, { ...SUCCESS, code }, NO_CONTROLS);
        resolve();
      });
    });
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
    extended(reply, undefined, encodeCleanRuvResponse(csn ?? CLEAN_RUV_NO_MAX_CSN));
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

  *#of(normalSuffix: string): Iterable<Agreement> {
    for (const agreement of this.#agreements.values()) {
      if (agreement.settings.normalSuffix === normalSuffix) yield agreement;
    }
  }

  #notify(replica: Replica): void {
    for (const agreement of this.#of(replica.suffix)) agreement.notify();
  }
}

function answer(
  reply: Reply,
  message: RequestMessage,
  result: LdapResult,
  controls: readonly Control[],
): void {
  const type = finalResponseType(message.request.type) as FinalResponseType;
  reply.send(finalResponse(type, result), controls);
}

function extended(reply: Reply, oid: string | undefined, value: Buffer): void {
  reply.send({ type: "extendedResponse", result: SUCCESS, oid, value });
}

function sessionAnswer(reply: Reply, oid: string, { code, ruv }: SessionAnswer): void {
  extended(reply, oid, encodeReplicationResponse({ code, ruv, sessionData: undefined }));
}
