// An LDAP client for tests of the front end: sends bytes from the naive encoder, waits for messages or for the end.
import { connect, type Socket } from "node:net";
import { connect as connectTls, type ConnectionOptions, type TLSSocket } from "node:tls";
import { FrameSplitter } from "../../../src/ber/index.ts";
import type { Control, Request, ResponseMessage } from "../../../src/protocol/index.ts";
import { decodeResponse } from "../../../src/protocol/index.ts";
import { naiveRequest } from "../../support/naive-messages.ts";

export const SEARCH: Request = {
  type: "search",
  base: "dc=example",
  scope: "sub",
  derefAliases: 0,
  sizeLimit: 0,
  timeLimit: 0,
  typesOnly: false,
  filter: { type: "present", attribute: "objectClass" },
  attributes: ["cn"],
};

export const BIND: Request = {
  type: "bind",
  version: 3,
  name: "cn=ann",
  authentication: { method: "simple", password: Buffer.from("secret") },
};

export const START_TLS: Request = {
  type: "extended",
  oid: "1.3.6.1.4.1.1466.20037",
  value: undefined,
};

export const UNBIND: Request = { type: "unbind" };

export function deleteRequest(dn: string): Request {
  return { type: "delete", dn };
}

export function bytesOf(
  messageId: number,
  request: Request,
  controls: readonly Control[] = [],
): Buffer {
  return naiveRequest({ messageId, request, controls });
}

export class RawClient {
  socket: Socket;
  /** Everything received, in order. */
  readonly received: Buffer[] = [];
  isEnded = false;
  readonly #messages: ResponseMessage[] = [];
  readonly #splitter = new FrameSplitter(1 << 26);
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.socket = socket;
    this.#listen();
  }

  static async open(target: { port: number } | { path: string }): Promise<RawClient> {
    const socket =
      "port" in target ? connect(target.port, "127.0.0.1") : connect({ path: target.path });
    socket.setNoDelay(true);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new RawClient(socket);
  }

  static async openTls(port: number, options: ConnectionOptions): Promise<RawClient> {
    const socket = connectTls({ port, host: "127.0.0.1", ...options });
    await secured(socket);
    return new RawClient(socket);
  }

  /** The client's side of StartTLS, after the response has arrived. */
  async startTls(options: ConnectionOptions): Promise<TLSSocket> {
    this.socket.removeAllListeners();
    const socket = connectTls({ socket: this.socket, host: "127.0.0.1", ...options });
    await secured(socket);
    this.socket = socket;
    this.#listen();
    return socket;
  }

  send(...bytes: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(bytes));
  }

  /** The next message, or undefined when the server has ended the connection before. */
  async next(): Promise<ResponseMessage | undefined> {
    while (this.#messages.length === 0 && !this.isEnded) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#messages.shift();
  }

  async request(messageId: number, request: Request): Promise<ResponseMessage | undefined> {
    this.send(bytesOf(messageId, request));
    return this.next();
  }

  /** Waits for the end of the connection; gives the messages that came before it. */
  async ended(): Promise<readonly ResponseMessage[]> {
    const messages: ResponseMessage[] = [];
    for (let message = await this.next(); message !== undefined; message = await this.next())
      messages.push(message);
    return messages;
  }

  close(): void {
    this.socket.destroy();
  }

  #listen(): void {
    this.socket.on("data", (chunk: Buffer) => {
      this.received.push(chunk);
      this.#splitter.push(chunk);
      for (let frame = this.#splitter.next(); frame !== undefined; frame = this.#splitter.next())
        this.#messages.push(decodeResponse(frame));
      this.#wake?.();
    });
    this.socket.on("error", () => {});
    this.socket.on("close", () => this.#end());
    this.socket.on("end", () => this.#end());
  }

  #end(): void {
    this.isEnded = true;
    this.#wake?.();
  }
}

async function secured(socket: TLSSocket): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("closed during the handshake")));
  });
}
