// The LDAP side of a consumer: Start, End and Entry requests, and updates with update information, as messages in and out
// (replication-protocol 3, 4.1, 5.4). The server offers each request to `handle` before it serves it as one of a client.
import {
  type Control,
  END_REPLICATION_OID,
  type ExtendedRequest,
  LdapError,
  type LdapResult,
  NO_CONTROLS,
  ProtocolError,
  REPLICATION_ENTRY_71_OID,
  REPLICATION_ENTRY_OID,
  REPLICATION_RESPONSE_50_OID,
  REPLICATION_RESPONSE_90_OID,
  REST_SESSION_OID,
  ReplicationResponseCode,
  type Request,
  type RequestMessage,
  type Response,
  ResultCode,
  START_REPLICATION_50_OID,
  START_REPLICATION_90_OID,
  SUCCESS,
  type StartReplicationRequest,
  TOTAL_CLEANED_OID,
  TOTAL_STATES_OID,
  TOTAL_STRUCTURE_OID,
  UPDATE_INFO_OID,
  decodeEndReplication,
  decodeReplicationEntry,
  decodeStartReplication,
  decodeTotalCleaned,
  decodeTotalStates,
  decodeTotalStructure,
  encodeReplicationResponse,
  finalResponse,
  finalResponseType,
  findControl,
} from "../../protocol/index.ts";
import { readSupplied } from "../clean-ruv/index.ts";
import { parseRuv } from "../ruv/index.ts";
import type { ReceivedItem } from "../total/index.ts";
import { type UpdateRequest, receivedChange } from "./received-change.ts";
import type { ReplicaConsumer, SessionAnswer } from "./replica-consumer.ts";
import type { SupplierConnection } from "./replica-port.ts";
import { checkStart } from "./start-check.ts";

export interface ReplicaFinder {
  /** The consumer side of the replica whose suffix this DN is, in any spelling. */
  findReplica(suffix: string): ReplicaConsumer | undefined;
}

export type SendResponse = (response: Response, controls: readonly Control[]) => void;

const RESPONSE_TYPES = {
  add: "addResponse",
  modify: "modifyResponse",
  delete: "deleteResponse",
  modifyDn: "modifyDnResponse",
} as const;

/** Its modify pushes the schema and has no update information. */
const SCHEMA_DN = "cn=schema";

export class ReplicationRequests {
  private readonly finder: ReplicaFinder;
  /** The replica of each session connection, also after the session, for a late End. */
  private readonly replicas = new Map<number, ReplicaConsumer>();

  constructor(finder: ReplicaFinder) {
    this.finder = finder;
  }

  /** Whether a supplier has the replica through this connection: its requests are run in order, one after the other. */
  isSession(connectionId: number): boolean {
    return this.replicas.get(connectionId)?.isSession(connectionId) === true;
  }

  /** false: `handle` leaves the request to others, whatever is in it. */
  mayConcern(connectionId: number, request: Request): boolean {
    return request.type === "extended" || isUpdate(request) || this.replicas.has(connectionId);
  }

  /** Whether the request is one of replication; then `send` gets the answer, now or later (or never, if the connection is
   *  closed instead). */
  handle(connection: SupplierConnection, message: RequestMessage, send: SendResponse): boolean {
    const { request } = message;
    if (request.type === "extended") return this.handleExtended(connection, request, send);
    if (this.isRefusedWhileImporting(connection.id, request)) {
      const type = finalResponseType(request.type);
      if (type !== undefined) {
        send(finalResponse(type, { ...SUCCESS, code: ResultCode.operationsError }), NO_CONTROLS);
      }
      return true;
    }
    if (!isUpdate(request)) return false;
    const hasInfo = findControl(message.controls, UPDATE_INFO_OID) !== undefined;
    const isSchema = request.dn.toLowerCase() === SCHEMA_DN;
    if (!hasInfo && (isSchema || !this.isSession(connection.id))) return false;
    this.update(connection, { request, controls: message.controls }, send);
    return true;
  }

  /** A connection that brings a total initialization brings nothing else (replication-protocol 4.4), but for the schema that
   *  goes ahead of the entries (389 refuses that too, and gets it with the first incremental session). */
  private isRefusedWhileImporting(connectionId: number, request: Request): boolean {
    if (this.replicas.get(connectionId)?.isImporting(connectionId) !== true) return false;
    switch (request.type) {
      case "abandon":
      case "extended":
      case "unbind":
        return false;
      case "search":
        return request.base.toLowerCase() !== SCHEMA_DN;
      case "modify":
        return request.dn.toLowerCase() !== SCHEMA_DN;
      case "add":
      case "bind":
      case "compare":
      case "delete":
      case "modifyDn":
        return true;
    }
  }

  /** The connection is gone. */
  closed(connectionId: number): void {
    this.replicas.get(connectionId)?.closed(connectionId);
    this.replicas.delete(connectionId);
  }

  private handleExtended(
    connection: SupplierConnection,
    { oid, value }: ExtendedRequest,
    send: SendResponse,
  ): boolean {
    switch (oid) {
      case START_REPLICATION_50_OID:
        this.start(connection, value, (answer) =>
          send(sessionResponse(answer, REPLICATION_RESPONSE_50_OID), NO_CONTROLS),
        );
        return true;
      case START_REPLICATION_90_OID:
        this.start(connection, value, (answer) =>
          send(sessionResponse(answer, REPLICATION_RESPONSE_90_OID), NO_CONTROLS),
        );
        return true;
      case END_REPLICATION_OID:
        this.end("end", { connection, value }, (answer) =>
          send(sessionResponse(answer, REPLICATION_RESPONSE_50_OID), NO_CONTROLS),
        );
        return true;
      case REST_SESSION_OID:
        this.end("keep", { connection, value }, (answer) =>
          send(sessionResponse(answer, REPLICATION_RESPONSE_50_OID), NO_CONTROLS),
        );
        return true;
      case REPLICATION_ENTRY_OID:
      case REPLICATION_ENTRY_71_OID:
        this.item(connection, send, value, () => ({
          type: "entry",
          entry: decodeReplicationEntry(value),
        }));
        return true;
      case TOTAL_STATES_OID:
        this.item(connection, send, value, () => ({
          type: "states",
          states: decodeTotalStates(value),
        }));
        return true;
      case TOTAL_STRUCTURE_OID:
        this.item(connection, send, value, () => ({
          type: "structure",
          part: decodeTotalStructure(value),
        }));
        return true;
      case TOTAL_CLEANED_OID:
        this.item(connection, send, value, () => {
          const ids = readSupplied(decodeTotalCleaned(value));
          return ids && { type: "cleaned", ids };
        });
        return true;
      default:
        return false;
    }
  }

  private start(
    connection: SupplierConnection,
    value: Buffer | undefined,
    answer: (answer: SessionAnswer) => void,
  ): void {
    const request = tryDecode<StartReplicationRequest>(() => decodeStartReplication(value));
    const held = this.replicas.get(connection.id);
    const replica =
      request === undefined ? held : (this.finder.findReplica(request.suffix) ?? undefined);
    if (replica === undefined) {
      const verdict = checkStart({ connection, request, replica: undefined });
      const code =
        verdict.type === "refused" ? verdict.code : ReplicationResponseCode.internalError;
      answer({ code, ruv: undefined });
      return;
    }
    // A connection serves one replica at a time.
    if (held !== undefined && held !== replica) held.closed(connection.id);
    this.replicas.set(connection.id, replica);
    answer(replica.start(connection, request));
  }

  /** `keep`: when somebody else wants the session. */
  private end(
    how: "end" | "keep",
    {
      connection,
      value,
    }: { readonly connection: SupplierConnection; readonly value: Buffer | undefined },
    answer: (answer: SessionAnswer) => void,
  ): void {
    const request = tryDecode(() => decodeEndReplication(value));
    if (request === undefined) {
      answer({ code: ReplicationResponseCode.decodingError, ruv: undefined });
      return;
    }
    const replica = this.replicas.get(connection.id);
    if (replica === undefined) {
      answer({ code: ReplicationResponseCode.releaseSucceeded, ruv: undefined });
      return;
    }
    replica[how](connection, parseRuv(request.ruv), answer);
  }

  private item(
    connection: SupplierConnection,
    send: SendResponse,
    value: Buffer | undefined,
    decode: () => ReceivedItem | undefined,
  ): void {
    const replica = this.replicas.get(connection.id);
    const answer = (code: number): void =>
      send(
        {
          type: "extendedResponse",
          result: { ...SUCCESS, code },
          oid: undefined,
          value: undefined,
        },
        NO_CONTROLS,
      );
    if (replica === undefined) answer(ResultCode.operationsError);
    else {
      const item = { read: () => tryDecode(decode), bytes: value?.length ?? 0 };
      replica.receiveEntry(connection.id, item, answer);
    }
  }

  private update(
    connection: SupplierConnection,
    { request, controls }: { request: UpdateRequest; controls: readonly Control[] },
    send: SendResponse,
  ): void {
    const type = RESPONSE_TYPES[request.type];
    const answer = (result: LdapResult, attached: readonly Control[]): void =>
      send(finalResponse(type, result), attached);
    const change = tryDecode(() => receivedChange(request, controls));
    const replica = this.replicas.get(connection.id);
    if (replica === undefined) {
      const message = "There is no replication session on this connection";
      answer(new LdapError("unwillingToPerform", message).result(), NO_CONTROLS);
      return;
    }
    replica.receive(connection.id, change, answer);
  }
}

const isUpdate = (request: Request): request is UpdateRequest =>
  request.type === "add" ||
  request.type === "modify" ||
  request.type === "delete" ||
  request.type === "modifyDn";

function tryDecode<T>(decode: () => T): T | undefined {
  try {
    return decode();
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

const sessionResponse = ({ code, ruv }: SessionAnswer, oid: string): Response => ({
  type: "extendedResponse",
  result: SUCCESS,
  oid,
  value: encodeReplicationResponse({ code, ruv, sessionData: undefined }),
});
