// The front end of a server: its listeners and connections, the settings they share, and the look at their time limits.
import type { Socket } from "node:net";
import type { Clock, Log } from "../base/index.ts";
import type { AccessLog } from "./access-log.ts";
import type { ConnectionOwner } from "./connection.ts";
import { LdapConnection } from "./connection.ts";
import { Gathering } from "./gathering.ts";
import { STOP_MS_MAX, SWEEP_INTERVAL_MS } from "./limits.ts";
import type { ListenAddress, Listener } from "./listener.ts";
import { listen } from "./listener.ts";
import type { Connection, ListenerKind, RequestHandler } from "./request-handler.ts";
import type { FrontendSettings } from "./settings.ts";
import { FRONTEND_SETTINGS_DEFAULT } from "./settings.ts";
import type { TlsSettings } from "./tls-acceptor.ts";
import { TlsAcceptor } from "./tls-acceptor.ts";
import { Transport } from "./transport.ts";

/** What is known of a connection when it is accepted. */
export interface AcceptedFacts {
  readonly id: number;
  readonly kind: ListenerKind;
  readonly openedAtMs: number;
}

/** Other processes that serve connections. */
export interface SocketTaker {
  /** Connections that they have. */
  readonly connectionCount: number;
  /** false: none of them can take it now. */
  take(socket: Socket, facts: AcceptedFacts): boolean;
}

export interface FrontendOptions {
  readonly handler: RequestHandler;
  readonly log: Log;
  readonly clock: Clock;
  readonly settings?: Partial<FrontendSettings>;
  /** undefined = no access log */
  readonly accessLog?: AccessLog;
  /** undefined = neither ldaps nor StartTLS. @throws Error of OpenSSL from the constructor when it cannot be used */
  readonly tls?: TlsSettings;
  /** Who serves what is accepted here; undefined = this front end. */
  readonly taker?: SocketTaker;
  /** Shared with those who have answers sent before they take the thread for long; undefined = one of its own. */
  readonly gathering?: Gathering;
}

export class Frontend implements ConnectionOwner {
  readonly handler: RequestHandler;
  readonly log: Log;
  readonly gathering: Gathering;
  settings: FrontendSettings;
  accessLog: AccessLog | undefined;
  /** Connections accepted since the start. */
  acceptedCount = 0;
  /** Requests received and ended on connections that are closed by now. */
  #closedRequestCount = 0;
  #closedFinishedCount = 0;
  #closedReceivedBytes = 0;
  #closedSentBytes = 0;
  readonly #clock: Clock;
  readonly #taker: SocketTaker | undefined;
  #acceptor: TlsAcceptor | undefined;
  readonly #listeners: Listener[] = [];
  readonly #connections = new Set<LdapConnection>();
  #sweepTimer: NodeJS.Timeout | undefined;
  #stopped: (() => void) | undefined;

  constructor(options: FrontendOptions) {
    this.handler = options.handler;
    this.log = options.log;
    this.#clock = options.clock;
    this.settings = { ...FRONTEND_SETTINGS_DEFAULT, ...options.settings };
    this.accessLog = options.accessLog;
    this.#taker = options.taker;
    this.gathering = options.gathering ?? new Gathering();
    this.#acceptor = options.tls === undefined ? undefined : new TlsAcceptor(options.tls);
  }

  /** Open connections, oldest first. */
  connections(): Iterable<Connection> {
    return this.#connections;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  listeners(): readonly Listener[] {
    return this.#listeners;
  }

  /** Requests received and ended since the start. */
  requestCounts(): { readonly received: number; readonly finished: number } {
    let received = this.#closedRequestCount;
    let finished = this.#closedFinishedCount;
    for (const connection of this.#connections) {
      received += connection.requestCount;
      finished += connection.finishedCount;
    }
    return { received, finished };
  }

  /** Bytes since the start. */
  traffic(): { readonly receivedBytes: number; readonly sentBytes: number } {
    let receivedBytes = this.#closedReceivedBytes;
    let sentBytes = this.#closedSentBytes;
    for (const { traffic } of this.#connections) {
      receivedBytes += traffic.received;
      sentBytes += traffic.sent;
    }
    return { receivedBytes, sentBytes };
  }

  /** @throws Error of the system: address in use, permission denied */
  async listen(address: ListenAddress): Promise<Listener> {
    const listener = await listen(address, (socket) => this.#accept(socket, address.kind));
    this.#listeners.push(listener);
    this.#startSweeping();
    this.log.info("frontend.listener.opened", { url: listener.url });
    return listener;
  }

  /** Applies to open connections as well. */
  changeSettings(settings: Partial<FrontendSettings>): void {
    this.settings = { ...this.settings, ...settings };
    for (const connection of this.#connections) connection.selectMessageLimit();
  }

  /** New handshakes use these certificates and options. @throws Error of OpenSSL; the old ones then stay in force */
  changeTls(settings: TlsSettings): void {
    if (this.#acceptor === undefined) this.#acceptor = new TlsAcceptor(settings);
    else this.#acceptor.reload(settings);
  }

  changeAccessLog(accessLog: AccessLog | undefined): void {
    this.accessLog = accessLog;
  }

  /** Closes what exceeds a time limit; called every second with the milliseconds of a monotonic clock. */
  sweep(nowMs: number): void {
    for (const connection of this.#connections) connection.sweep(nowMs);
  }

  /** Accepts no more, lets updates in progress end (at most STOP_MS_MAX), tells all clients and closes. */
  async stop(): Promise<void> {
    for (const listener of this.#listeners.splice(0)) listener.close();
    clearInterval(this.#sweepTimer);
    this.#sweepTimer = undefined;
    if (this.#connections.size > 0) {
      const allClosed = new Promise<void>((resolve) => {
        this.#stopped = resolve;
      });
      const timer = setTimeout(() => {
        for (const connection of this.#connections) connection.destroy();
      }, STOP_MS_MAX);
      for (const connection of this.#connections) connection.shutDown();
      await allClosed;
      clearTimeout(timer);
    }
    this.log.info("frontend.stopped");
  }

  connectionClosed(connection: LdapConnection): void {
    this.#connections.delete(connection);
    this.#closedRequestCount += connection.requestCount;
    this.#closedFinishedCount += connection.finishedCount;
    const { received, sent } = connection.traffic;
    this.#closedReceivedBytes += received;
    this.#closedSentBytes += sent;
    if (this.#connections.size === 0) this.#stopped?.();
  }

  /** Serves a socket that another process has accepted. It has not begun to read. */
  adopt(socket: Socket, facts: AcceptedFacts): Connection {
    this.#startSweeping();
    return this.#open(socket, facts, this.#connections.size);
  }

  #startSweeping(): void {
    this.#sweepTimer ??= setInterval(() => this.sweep(performance.now()), SWEEP_INTERVAL_MS);
  }

  #accept(socket: Socket, kind: ListenerKind): void {
    this.acceptedCount += 1;
    const facts = { id: this.acceptedCount, kind, openedAtMs: this.#clock.now() };
    const count = this.#connections.size + (this.#taker?.connectionCount ?? 0);
    if (count < this.settings.connectionsMax && this.#taker?.take(socket, facts) === true) return;
    this.#open(socket, facts, count);
  }

  /** `count`: connections that there are besides. */
  #open(socket: Socket, { id, kind, openedAtMs }: AcceptedFacts, count: number): Connection {
    const transport = new Transport(socket, kind, this.#acceptor);
    const connection = new LdapConnection(this, transport, id, {
      openedAtMs,
      nowMs: performance.now(),
    });
    this.#connections.add(connection);
    this.accessLog?.opened(connection);
    transport.start(connection);
    if (count >= this.settings.connectionsMax) {
      this.log.warn("frontend.connection.refused", {
        peer: connection.peerAddress,
        connection: id,
      });
      connection.close("refused", { code: "busy", message: "Too many connections" });
    } else if (kind === "ldaps") {
      connection.beginSecure();
    }
    return connection;
  }
}
