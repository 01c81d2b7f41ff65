// A front end on a free port with a handler whose every step the test decides.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Clock, Millis } from "../../../src/base/index.ts";
import { SILENT_LOG } from "../../../src/base/index.ts";
import type { FrontendOptions } from "../../../src/frontend/index.ts";
import {
  type Connection,
  Frontend,
  type Reply,
  type RequestHandler,
  type TlsSettings,
} from "../../../src/frontend/index.ts";
import type { RequestMessage } from "../../../src/protocol/index.ts";
import { finalResponse, finalResponseType, SUCCESS } from "../../../src/protocol/index.ts";
import { RawClient } from "./raw-client.ts";

export interface Handled {
  readonly connection: Connection;
  readonly message: RequestMessage;
  readonly reply: Reply;
}

/** Keeps what it is handed; answers at once with success unless `serve` says otherwise. */
export class FakeHandler implements RequestHandler {
  readonly handled: Handled[] = [];
  readonly closedConnections: Connection[] = [];
  serve: (handled: Handled) => void = ({ reply }) => succeed(reply);
  readonly #waiting: { readonly isMet: () => boolean; readonly resolve: () => void }[] = [];

  handle(connection: Connection, message: RequestMessage, reply: Reply): void {
    const handled = { connection, message, reply };
    this.handled.push(handled);
    this.serve(handled);
    this.notify();
  }

  closed(connection: Connection): void {
    this.closedConnections.push(connection);
    this.notify();
  }

  /** What was handed over, as "type id type id". */
  get trace(): string {
    return this.handled
      .map(({ message }) => `${message.request.type} ${message.messageId}`)
      .join(" ");
  }

  at(index: number): Handled {
    const handled = this.handled.at(index);
    if (handled === undefined) throw new Error(`only ${this.handled.length} requests came`);
    return handled;
  }

  async handledCount(count: number): Promise<void> {
    await this.until(() => this.handled.length >= count);
  }

  async closedCount(count: number): Promise<void> {
    await this.until(() => this.closedConnections.length >= count);
  }

  async until(isMet: () => boolean): Promise<void> {
    if (isMet()) return;
    await new Promise<void>((resolve) => {
      this.#waiting.push({ isMet, resolve });
    });
  }

  notify(): void {
    for (const { isMet, resolve } of this.#waiting) if (isMet()) resolve();
  }
}

export function succeed(reply: Reply): void {
  const type = finalResponseType(reply.message.request.type);
  if (type !== undefined) reply.send(finalResponse(type, SUCCESS));
}

const REAL_CLOCK: Clock = { now: () => Date.now() as Millis };

export class Fixture {
  readonly handler = new FakeHandler();
  readonly frontend: Frontend;
  readonly #clients: RawClient[] = [];

  constructor(options: Partial<FrontendOptions> = {}) {
    const { handler } = this;
    this.frontend = new Frontend({ handler, log: SILENT_LOG, clock: REAL_CLOCK, ...options });
  }

  async listen(kind: "ldap" | "ldaps" = "ldap"): Promise<number> {
    return (await this.frontend.listen({ kind, host: "127.0.0.1", port: 0 })).port;
  }

  async client(): Promise<RawClient> {
    const port = this.frontend.listeners()[0]?.port ?? (await this.listen());
    const client = await RawClient.open({ port });
    this.#clients.push(client);
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.frontend.stop();
  }
}

export function pem(name: string): string {
  return readFileSync(join(projectRoot(), "test/data/frontend", name), "utf8");
}

export function tlsSettings(name = "server"): TlsSettings {
  return {
    certificate: pem(`${name}.crt`),
    key: pem(`${name}.key`),
    authorities: pem("ca.crt"),
    versionMin: "TLSv1.2",
    versionMax: "TLSv1.3",
    ciphers: undefined,
    clientCertificates: "allowed",
  };
}

function projectRoot(): string {
  let folder = import.meta.dirname;
  for (;;) {
    try {
      readFileSync(join(folder, "package.json"));
      return folder;
    } catch {
      folder = dirname(folder);
    }
  }
}
