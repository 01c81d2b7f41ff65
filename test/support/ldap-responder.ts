// A small LDAP server for tests of outgoing connections: real sockets, answers by a function.
import { readFileSync } from "node:fs";
import { type AddressInfo, type Server, type Socket, createServer } from "node:net";
import { TLSSocket, createSecureContext, createServer as createTlsServer } from "node:tls";
import { FrameSplitter, encodeBer } from "../../src/ber/index.ts";
import {
  type Control,
  NO_CONTROLS,
  type RequestMessage,
  type Response,
  START_TLS_OID,
  SUCCESS,
  decodeRequest,
  encodeResponse,
} from "../../src/protocol/index.ts";
import { dataPath } from "./trace-file.ts";

export type Send = (response: Response, controls?: readonly Control[]) => void;
export type Respond = (message: RequestMessage, send: Send, socket: Socket) => void;

const pem = (name: string): string => readFileSync(dataPath(`frontend/${name}`), "latin1");
const serverTls = () => ({ cert: pem("server.crt"), key: pem("server.key") });
export const CA = (): string => pem("ca.crt");

export class LdapResponder {
  readonly port: number;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.server = server;
    this.port = (server.address() as AddressInfo).port;
    server.on("connection", (socket: Socket) => {
      this.sockets.add(socket);
      socket.on("close", () => this.sockets.delete(socket));
      socket.on("error", () => {});
    });
  }

  static open(respond: Respond, kind: "ldap" | "ldaps" = "ldap"): Promise<LdapResponder> {
    const serve = (socket: Socket): void => listen(socket, respond);
    const server = kind === "ldaps" ? createTlsServer(serverTls(), serve) : createServer(serve);
    server.on("tlsClientError", () => {});
    return new Promise((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve(new LdapResponder(server)));
    });
  }

  close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}

function listen(socket: Socket, respond: Respond): void {
  const splitter = new FrameSplitter();
  const receive = (chunk: Buffer): void => {
    splitter.push(chunk);
    for (let frame = splitter.next(); frame !== undefined; frame = splitter.next()) {
      const message = decodeRequest(Buffer.from(frame));
      const { messageId, request } = message;
      const send: Send = (response, controls = NO_CONTROLS) => {
        socket.write(
          encodeBer((writer) => encodeResponse(writer, { messageId, response, controls })),
        );
      };
      if (request.type === "extended" && request.oid === START_TLS_OID) {
        send({ type: "extendedResponse", result: SUCCESS, oid: START_TLS_OID, value: undefined });
        socket.off("data", receive);
        const secureContext = createSecureContext(serverTls());
        const secured = new TLSSocket(socket, { isServer: true, secureContext });
        secured.on("error", () => {});
        listen(secured, respond);
        return;
      }
      respond(message, send, socket);
    }
  };
  socket.on("data", receive);
  socket.on("error", () => {});
}
