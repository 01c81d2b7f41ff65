// The access log as JSON lines: `time`, `event`, `connection`, then the fields of the event; times in milliseconds.
import type { Clock } from "../base/index.ts";
import { formatFilter } from "../filter/index.ts";
import type { LineSink } from "../log/index.ts";
import type { Request } from "../protocol/index.ts";
import type { AccessLog } from "./access-log.ts";
import { shortenText } from "./access-log.ts";
import type { Operation } from "./operation.ts";
import type { CloseReason, Connection } from "./request-handler.ts";

type Fields = Readonly<Record<string, unknown>>;

export class JsonAccessLog implements AccessLog {
  readonly #file: LineSink;
  readonly #clock: Clock;

  constructor(file: LineSink, clock: Clock) {
    this.#file = file;
    this.#clock = clock;
  }

  opened(connection: Connection): void {
    const { kind, descriptor, peerAddress: peer, peerPort, localAddress: local } = connection;
    this.#line("frontend.connection.opened", connection, {
      kind,
      descriptor,
      peer,
      peerPort,
      local,
    });
  }

  secured(connection: Connection): void {
    const { tls } = connection;
    const fields = { protocol: tls?.protocol, cipher: tls?.cipher, ssf: connection.ssf };
    this.#line("frontend.connection.secured", connection, fields);
  }

  request(connection: Connection, operation: Operation): void {
    const { request, controls } = operation.message;
    this.#line("frontend.request.received", connection, {
      operation: operation.number,
      type: request.type,
      ...describeRequest(request),
      ...(controls.length === 0 ? {} : { controls: controls.map(({ oid }) => oid) }),
    });
  }

  abandon(connection: Connection, operation: Operation, target: Operation | undefined): void {
    const fields = { operation: operation.number, target: target?.number };
    this.#line("frontend.operation.abandoned", connection, fields);
  }

  result(connection: Connection, operation: Operation): void {
    const { facts, message, resultCode, resultMessage } = operation;
    const endedAtMs = performance.now();
    this.#line("frontend.operation.finished", connection, {
      operation: operation.number,
      type: message.request.type,
      code: resultCode < 0 ? undefined : resultCode,
      message: resultMessage === "" ? undefined : resultMessage,
      entries: message.request.type === "search" ? facts.entryCount : undefined,
      waitMs: roundMs(operation.startedAtMs - operation.receivedAtMs),
      runMs: roundMs(endedAtMs - operation.startedAtMs),
      notes: facts.notes === "" ? undefined : facts.notes.split(","),
      csn: facts.csn === "" ? undefined : facts.csn,
      boundDn: message.request.type === "bind" ? facts.boundDn : undefined,
    });
  }

  closed(connection: Connection & { readonly closeReason: CloseReason }): void {
    const { closeReason: reason, requestCount: requests } = connection;
    this.#line("frontend.connection.closed", connection, { reason, requests });
  }

  #line(event: string, connection: Connection, fields: Fields): void {
    const time = new Date(this.#clock.now()).toISOString();
    this.#file.append(JSON.stringify({ time, event, connection: connection.id, ...fields }));
  }
}

/** What is safe to keep: no passwords, no values of updates. */
function describeRequest(request: Request): Fields {
  switch (request.type) {
    case "bind": {
      const { method } = request.authentication;
      const mechanism = method === "sasl" ? request.authentication.mechanism : undefined;
      return { dn: request.name, version: request.version, method, mechanism };
    }
    case "search": {
      const { base, scope, attributes, sizeLimit, timeLimit } = request;
      return {
        base,
        scope,
        filter: shortenText(formatFilter(request.filter)),
        attributes,
        sizeLimit,
        timeLimit,
      };
    }
    case "modify":
      return { dn: request.dn, mods: request.mods.map(({ operation, type }) => [operation, type]) };
    case "add":
    case "delete":
      return { dn: request.dn };
    case "modifyDn": {
      const { dn, newRdn, newSuperior, deleteOldRdn } = request;
      return { dn, newRdn, newSuperior, deleteOldRdn };
    }
    case "compare":
      return { dn: request.dn, attribute: request.attribute };
    case "extended":
      return { oid: request.oid };
    case "unbind":
    case "abandon":
      return {};
  }
}

function roundMs(ms: number): number {
  return Math.round(Math.max(0, ms) * 1000) / 1000;
}
