// One LDAP connection: cuts what arrives into requests, hands them to the handler in order, keeps barriers and limits,
// and ends in an orderly way. RFC 4511 §4.1.1, 4.2.1, 4.3, 4.4, 4.11, 4.14.
//
// Reading stops (and TCP holds the client back) while one of these is so: a Bind or StartTLS is waiting or running; too
// many requests are outstanding; a `serial` connection has one; output waits for a slow reader. `#mayTake` is the only
// judge; `#take` runs until it says no, and is called again whenever an operation ends or the socket has drained.
//
// States: open → handshaking → open (TLS), → closing (last bytes on their way) → closed. Nothing is taken outside "open".
import type { Log } from "../base/index.ts";
import { FrameError, FrameSplitter } from "../ber/index.ts";
import type { ExtendedRequest, RequestMessage } from "../protocol/index.ts";
import {
  decodeRequest,
  encodeResponse,
  LdapError,
  noticeOfDisconnection,
  ProtocolError,
} from "../protocol/index.ts";
import type { AccessLog } from "./access-log.ts";
import type { Gathering } from "./gathering.ts";
import { UNSENT_BYTES_MAX } from "./limits.ts";
import type { OperationOwner } from "./operation.ts";
import { Operation } from "./operation.ts";
import { Output } from "./output.ts";
import { Outstanding } from "./outstanding.ts";
import type { PeerCredentials } from "./peer-credentials.ts";
import { judgeRefusal } from "./refusal.ts";
import type {
  CloseReason,
  Connection,
  DisconnectNotice,
  ListenerKind,
  Reply,
  RequestHandler,
  TlsState,
} from "./request-handler.ts";
import type { FrontendSettings } from "./settings.ts";
import { judgeStartTls, sendStartTls, START_TLS_OID } from "./start-tls.ts";
import type { Transport } from "./transport.ts";
import { WaitingBind } from "./waiting-bind.ts";
import { ConnectionWatch } from "./watch.ts";

/** What a connection needs of the front end it belongs to. */
export interface ConnectionOwner {
  readonly handler: RequestHandler;
  readonly settings: FrontendSettings;
  readonly log: Log;
  readonly accessLog: AccessLog | undefined;
  /** With it answers on several connections leave together. */
  readonly gathering?: Gathering;
  connectionClosed(connection: LdapConnection): void;
}

type State = "open" | "handshaking" | "closing" | "closed";

export class LdapConnection implements Connection, OperationOwner {
  readonly id: number;
  readonly kind: ListenerKind;
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly localAddress: string;
  readonly descriptor: number;
  readonly openedAtMs: number;
  readonly output: Output;
  session: unknown = undefined;
  boundDn = "";
  isBindInProgress = false;
  serial = false;
  isIdleAllowed = false;
  tls: TlsState | undefined;
  requestCount = 0;
  finishedCount = 0;
  closeReason: CloseReason = "clientClosed";

  readonly #owner: ConnectionOwner;
  readonly #transport: Transport;
  readonly #splitter: FrameSplitter;
  readonly #outstanding = new Outstanding();
  readonly #watch: ConnectionWatch;
  #identity: unknown = undefined;
  #state: State = "open";
  #isInputEnded = false;
  #isStopping = false;
  #isTaking = false;
  #isReadingHeld = false;
  #isRoomAwaited = false;
  readonly #waitingBind = new WaitingBind(() => this.#outstanding.abandonReads());
  /** The Bind or StartTLS that is running: nothing behind it is read. */
  #exclusive: Operation | undefined;
  #chunkReceivedAtMs = 0;
  #peerCredentials: Promise<PeerCredentials | undefined> | undefined;

  constructor(
    owner: ConnectionOwner,
    transport: Transport,
    id: number,
    times: { readonly openedAtMs: number; readonly nowMs: number },
  ) {
    this.#owner = owner;
    this.#transport = transport;
    this.id = id;
    this.kind = transport.kind;
    this.peerAddress = transport.peerAddress;
    this.peerPort = transport.peerPort;
    this.localAddress = transport.localAddress;
    this.descriptor = transport.descriptor ?? id;
    this.openedAtMs = times.openedAtMs;
    this.output = new Output(transport);
    this.#watch = new ConnectionWatch(times.nowMs);
    this.#splitter = new FrameSplitter();
    this.selectMessageLimit();
  }

  get identity(): unknown {
    return this.#identity;
  }

  set identity(identity: unknown) {
    this.#identity = identity;
    this.selectMessageLimit();
  }

  get ssf(): number {
    if (this.kind === "ldapi") return this.#owner.settings.localSsf;
    return this.tls?.bits ?? 0;
  }

  get traffic(): { readonly received: number; readonly sent: number } {
    return this.#transport.traffic;
  }

  get isClosed(): boolean {
    return this.#state === "closed" || this.#state === "closing";
  }

  peerCredentials(): Promise<PeerCredentials | undefined> {
    this.#peerCredentials ??= this.#transport.peerCredentials();
    return this.#peerCredentials;
  }

  outstanding(): Iterable<Reply> {
    return this.#outstanding;
  }

  /** Bytes from the socket; they belong to this connection from now on. */
  received(chunk: Buffer): void {
    if (this.isClosed) return;
    if (this.#owner.accessLog !== undefined) this.#chunkReceivedAtMs = performance.now();
    this.#splitter.push(chunk);
    this.output.hold();
    this.#take();
    this.output.release(this.#owner.gathering);
  }

  /** The peer has sent its FIN: what it asked before is still answered. */
  inputEnded(): void {
    this.#isInputEnded = true;
    this.#continue();
  }

  drained(): void {
    this.output.drained();
  }

  /** The socket is gone, whoever has closed it. */
  socketClosed(reason: CloseReason): void {
    if (this.#state === "closed") return;
    if (this.#state !== "closing") this.closeReason = reason;
    this.#state = "closed";
    this.#abandonAll();
    this.output.close();
    this.#owner.accessLog?.closed(this);
    this.#owner.connectionClosed(this);
    this.#owner.handler.closed(this);
  }

  close(reason: CloseReason, notice?: DisconnectNotice): void {
    if (this.isClosed) return;
    const mayWrite = this.#state === "open";
    this.#state = "closing";
    this.closeReason = reason;
    this.#abandonAll();
    if (notice !== undefined && mayWrite)
      encodeResponse(this.output.writer(), noticeOfDisconnection(notice.code, notice.message));
    this.output.flush();
    this.output.close();
    this.#transport.end();
  }

  /** Takes no more requests, ends when the updates in progress have ended. */
  shutDown(): void {
    this.#isStopping = true;
    this.#waitingBind.release();
    this.#outstanding.abandonReads();
    if (this.#state === "handshaking") this.destroy();
    else this.#continue();
  }

  /** Ends without waiting for anything. */
  destroy(): void {
    this.#transport.destroy();
  }

  /** One look at the time limits. */
  sweep(nowMs: number): void {
    if (this.#state === "closed") return;
    const isHalfClosed = this.#isInputEnded && this.#state === "open";
    const view = {
      state: isHalfClosed ? ("halfClosed" as const) : this.#state,
      requestCount: this.requestCount,
      finishedCount: this.finishedCount,
      outstandingCount: this.#outstanding.count,
      isIdleAllowed: this.isIdleAllowed,
      incompleteBytes: this.#isReadingHeld ? 0 : this.#splitter.bufferedBytes,
      unsentBytes: this.#transport.unsentBytes,
    };
    const reason = this.#watch.check(view, nowMs, this.#owner.settings);
    if (reason === undefined) return;
    if (reason === "closingTooLong" || reason === "writeBlocked" || reason === "handshakeFailed") {
      if (reason !== "closingTooLong") this.closeReason = reason;
      this.#state = "closing";
      this.destroy();
    } else if (reason === "idle") {
      this.close(reason, { code: "unavailable", message: "Idle timeout exceeded" });
    } else {
      this.close(reason);
    }
  }

  operationEnded(operation: Operation): void {
    this.#outstanding.delete(operation);
    this.finishedCount += 1;
    if (!operation.wasAbandoned) this.#owner.accessLog?.result(this, operation);
    if (operation === this.#exclusive) this.#exclusive = undefined;
    const isWaitedFor =
      this.#isReadingHeld || this.#waitingBind.isThere || this.#isInputEnded || this.#isStopping;
    // Not at once: whoever ends an operation is not to be called with the next request from within.
    if (isWaitedFor) queueMicrotask(() => this.#continue());
  }

  /** Goes on after something that held this connection back may have ended. */
  #continue(): void {
    if (this.#state !== "open") return;
    if (this.#outstanding.count === 0) {
      const bind = this.#waitingBind.release();
      if (bind !== undefined) this.#runBind(bind);
    }
    if (this.#isReadingHeld) this.#take();
    if (this.#outstanding.count > 0 || this.#waitingBind.isThere) return;
    if (this.#isStopping)
      this.close("shutdown", { code: "unavailable", message: "The server is shutting down" });
    else if (this.#isInputEnded && !this.#isReadingHeld) this.close("clientClosed");
  }

  /** Also called when the settings have changed. */
  selectMessageLimit(): void {
    const { messageBytesMax, messageBytesMaxAnonymous } = this.#owner.settings;
    this.#splitter.maxBerBytes =
      this.#identity === undefined
        ? Math.min(messageBytesMax, messageBytesMaxAnonymous)
        : messageBytesMax;
  }

  #mayTake(): boolean {
    const outstandingMax = this.serial ? 1 : this.#owner.settings.outstandingMax;
    return (
      this.#state === "open" &&
      !this.#isStopping &&
      !this.#waitingBind.isThere &&
      this.#exclusive === undefined &&
      this.#outstanding.count < outstandingMax &&
      this.output.unsentBytes <= UNSENT_BYTES_MAX
    );
  }

  /** Takes requests as long as that is allowed; holds reading back when it is not. */
  #take(): void {
    if (this.#isTaking) return;
    this.#isTaking = true;
    let frame: Buffer | undefined;
    while (this.#mayTake()) {
      try {
        frame = this.#splitter.next();
      } catch (error) {
        if (!(error instanceof FrameError)) throw error;
        this.#refuse(error);
        break;
      }
      if (frame === undefined) break;
      this.#takeFrame(frame);
    }
    this.#isTaking = false;
    const mayTake = this.#mayTake();
    if (mayTake === this.#isReadingHeld && !this.isClosed) {
      this.#isReadingHeld = !mayTake;
      if (mayTake) this.#transport.resume();
      else this.#transport.pause();
    }
    if (!mayTake && !this.#isRoomAwaited && this.output.unsentBytes > UNSENT_BYTES_MAX) {
      this.#isRoomAwaited = true;
      this.output.onReady(() => {
        this.#isRoomAwaited = false;
        this.#continue();
      });
    }
  }

  #takeFrame(frame: Buffer): void {
    let message: RequestMessage;
    try {
      message = decodeRequest(frame, this.#owner.settings);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#refuse(error);
      return;
    }
    const operation = new Operation(this, message, this.requestCount, frame);
    this.requestCount += 1;
    const { accessLog } = this.#owner;
    if (accessLog !== undefined) {
      operation.receivedAtMs = this.#chunkReceivedAtMs;
      if (message.request.type !== "abandon") accessLog.request(this, operation);
    }
    const { request } = message;
    switch (request.type) {
      case "unbind":
        this.finishedCount += 1;
        this.close("unbind");
        break;
      case "abandon":
        this.#takeAbandon(operation, request.messageId);
        break;
      case "bind":
        this.#takeBind(operation);
        break;
      case "extended":
        if (request.oid === START_TLS_OID) this.#startTls(operation, request);
        else this.#run(operation);
        break;
      case "search":
      case "compare":
      case "add":
      case "modify":
      case "delete":
      case "modifyDn":
        this.#run(operation);
        break;
    }
  }

  #run(operation: Operation): void {
    const { handler, accessLog } = this.#owner;
    if (accessLog !== undefined) operation.startedAtMs = performance.now();
    this.#outstanding.add(operation);
    try {
      handler.handle(this, operation.message, operation);
    } catch (error) {
      if (!(error instanceof LdapError)) throw error;
      operation.refuse(error);
    }
  }

  /** RFC 4511 §4.11: no answer, whatever the id is. A Bind that runs holds all reading back, so it is never meant. */
  #takeAbandon(operation: Operation, messageId: number): void {
    const target = this.#outstanding.find(messageId);
    this.#owner.accessLog?.abandon(this, operation, target);
    this.finishedCount += 1;
    if (target !== undefined) this.#outstanding.abandon(target);
  }

  #takeBind(operation: Operation): void {
    if (this.#outstanding.count === 0) this.#runBind(operation);
    else this.#waitingBind.hold(operation);
  }

  #runBind(operation: Operation): void {
    this.#exclusive = operation;
    this.#run(operation);
  }

  #abandonAll(): void {
    this.#waitingBind.release();
    this.#outstanding.abandonAll();
  }

  /** RFC 4511 §4.14. */
  #startTls(operation: Operation, request: ExtendedRequest): void {
    const verdict = judgeStartTls({
      isConfigured: this.#transport.canSecure,
      isProtected: this.tls !== undefined || this.kind === "ldapi",
      isBusy: this.#outstanding.count > 0 || this.isBindInProgress,
      hasValue: request.value !== undefined,
      isFollowed: this.#splitter.bufferedBytes > 0 || this.#transport.readableBytes > 0,
    });
    this.#exclusive = operation;
    this.#outstanding.add(operation);
    if (verdict.code === "success") this.#state = "handshaking";
    sendStartTls(operation, verdict);
    if (verdict.code === "success") this.output.flush(() => this.#transport.secure());
    else if (verdict.isFatal === true) this.close("protocolError");
  }

  /** The handshake (of ldaps or StartTLS) is done. */
  secured(tls: TlsState): void {
    if (this.#state !== "handshaking") return;
    this.tls = tls;
    this.#state = "open";
    this.identity = undefined;
    this.boundDn = "";
    this.#splitter.clear();
    this.#isReadingHeld = false;
    this.#owner.accessLog?.secured(this);
    this.#owner.handler.secured?.(this);
  }

  /** An ldaps connection begins with its handshake. */
  beginSecure(): void {
    this.#state = "handshaking";
    this.#isReadingHeld = true;
    this.#transport.secure();
  }

  handshakeFailed(failure: string): void {
    this.#owner.log.info("frontend.handshake.failed", { connection: this.id, failure });
    this.closeReason = "handshakeFailed";
    this.#state = this.#state === "closed" ? "closed" : "closing";
    this.destroy();
  }

  #refuse(error: FrameError | ProtocolError): void {
    const { id: connection, peerAddress: peer } = this;
    const { message: reason, offset } = error;
    this.#owner.log.info("frontend.message.refused", { connection, peer, reason, offset });
    const refusal = judgeRefusal(error);
    if (refusal.type === "close") {
      this.close(refusal.reason, refusal.notice);
      return;
    }
    const { messageId, response } = refusal;
    // A failed bind leaves the connection anonymous, however it failed (RFC 4511 §4.2.1).
    if (response.type === "bindResponse") {
      this.identity = undefined;
      this.boundDn = "";
    }
    this.requestCount += 1;
    this.finishedCount += 1;
    encodeResponse(this.output.writer(), { messageId, response, controls: [] });
  }
}
