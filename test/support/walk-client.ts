// A client of a server in memory: a real connection of the front end over a transport without socket. What it sends and gets
// takes a turn of the event loop each way, so that the order of a walk is always the same.
import { FrameSplitter, encodeBer } from "../../src/ber/index.ts";
import { type ConnectionOwner, LdapConnection } from "../../src/frontend/connection.ts";
import { FRONTEND_SETTINGS_DEFAULT } from "../../src/frontend/index.ts";
import type { Transport } from "../../src/frontend/transport.ts";
import {
  type Control,
  NO_CONTROLS,
  type Request,
  type ResponseMessage,
  decodeResponse,
  encodeRequest,
} from "../../src/protocol/index.ts";
import type { SupplierLink } from "../../src/replication/thread/index.ts";
import type { Identity } from "../../src/server/identity.ts";
import { describeRequest, describeResponse } from "./walk-messages.ts";
import type { WalkServer } from "./walk-server.ts";
import type { WalkTrace } from "./walk-trace.ts";

let connections = 0;

/** Also a link of a supplier. */
export class WalkClient implements SupplierLink {
  onLost: SupplierLink["onLost"] = () => {};
  readonly isWritable = true;
  readonly #trace: WalkTrace;
  readonly #connection: LdapConnection;
  readonly #splitter = new FrameSplitter();
  readonly #answers = new Map<number, (message: ResponseMessage) => void>();
  #messageId = 0;

  constructor(server: WalkServer, trace: WalkTrace, identity: Identity | undefined) {
    this.#trace = trace;
    connections += 1;
    const owner: ConnectionOwner = {
      handler: server.handler,
      settings: FRONTEND_SETTINGS_DEFAULT,
      log: server.log,
      accessLog: undefined,
      connectionClosed: () => {},
    };
    const times = { openedAtMs: 0, nowMs: 0 };
    this.#connection = new LdapConnection(owner, this.#transport(), connections, times);
    this.#connection.identity = identity;
    this.#connection.boundDn = identity?.dn ?? "";
  }

  #transport(): Transport {
    const transport = {
      kind: "ldap",
      peerAddress: "192.0.2.1",
      peerPort: 49_152,
      localAddress: "192.0.2.2",
      descriptor: 0,
      writableLength: 0,
      unsentBytes: 0,
      readableBytes: 0,
      canSecure: false,
      write: (bytes: Uint8Array): boolean => {
        const copy = Buffer.from(bytes);
        setImmediate(() => this.#received(copy));
        return true;
      },
      pause: () => {},
      resume: () => {},
      end: () => {},
      destroy: () => {},
    };
    return transport as unknown as Transport; // a class with sockets inside
  }

  send(
    request: Request,
    controls: readonly Control[],
    onAnswer: (message: ResponseMessage) => void,
  ): void {
    this.#messageId += 1;
    const messageId = this.#messageId;
    this.#answers.set(messageId, onAnswer);
    const bytes = encodeBer((writer) => encodeRequest(writer, { messageId, request, controls }));
    this.#trace.note("wire", `-> ${describeRequest(request)}`, {
      kind: "sent",
      number: messageId,
    });
    setImmediate(() => this.#connection.received(bytes));
  }

  /** Resolves with the final answer. */
  request(request: Request, controls = NO_CONTROLS): Promise<ResponseMessage> {
    return new Promise((resolve) => {
      this.send(request, controls, (message) => {
        if ("result" in message.response) resolve(message);
      });
    });
  }

  #received(bytes: Buffer): void {
    this.#splitter.push(bytes);
    for (let frame = this.#splitter.next(); frame !== undefined; frame = this.#splitter.next()) {
      const message = decodeResponse(frame);
      const { messageId, response } = message;
      this.#trace.note("wire", `<- ${describeResponse(response)}`, {
        kind: "received",
        number: messageId,
      });
      this.#answers.get(messageId)?.(message);
    }
  }

  whenWritable(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.#connection.close("unbind");
  }
}
