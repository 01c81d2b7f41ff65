// The connection of a client whose socket a front-end process has, as the main process sees it: handlers answer through it as
// through any other. What arrives has been put in order by the front end (binds alone, limits of outstanding requests), so
// nothing is held back here; answers go back as the bytes of their messages.
//
// What an operation leaves behind goes out in this order: who is bound now, its last output, its end. The front end hands over no
// request behind a bind before it has heard of all three.
import { assert } from "../base/index.ts";
import {
  type AcceptedFacts,
  type CloseReason,
  type Connection,
  type DisconnectNotice,
  type FrontendSettings,
  type ListenerKind,
  Operation,
  type OperationOwner,
  Output,
  type PeerCredentials,
  type Reply,
  type RequestHandler,
  type TlsState,
} from "../frontend/index.ts";
import { LdapError, decodeRequest } from "../protocol/index.ts";
import { ToFront, encodeEnding, formatJson, parseJson } from "./messages.ts";
import type { StoredTls } from "./messages.ts";
import type { Pipe } from "./pipe.ts";

/** What a remote connection needs of the main process. */
export interface RemoteOwner {
  readonly handler: RequestHandler;
  readonly settings: FrontendSettings;
}

export interface RemoteFacts extends AcceptedFacts {
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly localAddress: string;
}

export class RemoteConnection implements Connection, OperationOwner {
  readonly id: number;
  readonly kind: ListenerKind;
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly localAddress: string;
  readonly descriptor: number;
  readonly openedAtMs: number;
  readonly output: Output;
  session: unknown = undefined;
  isBindInProgress = false;
  serial = false;
  isIdleAllowed = false;
  tls: TlsState | undefined;
  isClosed = false;
  requestCount = 0;
  finishedCount = 0;
  readonly #owner: RemoteOwner;
  readonly #pipe: Pipe;
  readonly #operations = new Map<number, Operation>();
  #identity: unknown = undefined;
  #boundDn = "";
  #isIdentityTold = true;
  /** Output that the client has not taken yet. */
  #untakenBytes = 0;
  #credentials: PeerCredentials | undefined;
  #isGone = false;

  constructor(owner: RemoteOwner, pipe: Pipe, facts: RemoteFacts) {
    this.#owner = owner;
    this.#pipe = pipe;
    this.id = facts.id;
    this.kind = facts.kind;
    this.peerAddress = facts.peerAddress;
    this.peerPort = facts.peerPort;
    this.localAddress = facts.localAddress;
    this.descriptor = facts.id;
    this.openedAtMs = facts.openedAtMs;
    const untaken = (): number => this.#untakenBytes;
    this.output = new Output({
      copies: true,
      get writableLength() {
        return untaken();
      },
      write: (bytes, done) => {
        this.#untakenBytes += bytes.length;
        this.#pipe.send(ToFront.output, this.id, 0, bytes);
        done?.();
        return true;
      },
    });
  }

  get identity(): unknown {
    return this.#identity;
  }

  set identity(identity: unknown) {
    this.#identity = identity;
    this.#isIdentityTold = false;
  }

  get boundDn(): string {
    return this.#boundDn;
  }

  set boundDn(boundDn: string) {
    this.#boundDn = boundDn;
    this.#isIdentityTold = false;
  }

  get ssf(): number {
    return this.kind === "ldapi" ? this.#owner.settings.localSsf : (this.tls?.bits ?? 0);
  }

  peerCredentials(): Promise<PeerCredentials | undefined> {
    return Promise.resolve(this.#credentials);
  }

  outstanding(): Iterable<Reply> {
    return this.#operations.values();
  }

  close(reason: CloseReason, notice?: DisconnectNotice): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#abandonAll();
    this.output.flush();
    this.output.close();
    this.#pipe.send(ToFront.close, this.id, 0, formatJson({ reason, notice }));
  }

  /** A request that the front end has decoded, too: it cannot be undecodable. */
  request(number: number, frame: Buffer): void {
    if (this.isClosed) return;
    const { handler, settings } = this.#owner;
    const operation = new Operation(this, decodeRequest(frame, settings), number, frame);
    this.#operations.set(number, operation);
    try {
      handler.handle(this, operation.message, operation);
    } catch (error) {
      if (!(error instanceof LdapError)) throw error;
      operation.refuse(error);
    }
  }

  /** The client waits no more. */
  abandon(number: number): void {
    const operation = this.#operations.get(number);
    if (operation === undefined) return;
    operation.abandon();
    const { type } = operation.message.request;
    if (type === "search" || type === "compare") operation.finish();
  }

  secured(payload: Buffer): void {
    const { certificate, ...state } = parseJson(payload) as StoredTls;
    this.tls = {
      ...state,
      clientCertificate: certificate === undefined ? undefined : Buffer.from(certificate, "base64"),
      channelBinding: () => {
        assert(false, "mechanisms with channel binding are served where the socket is");
      },
    };
    this.unbound();
    this.#owner.handler.secured?.(this);
  }

  /** The front end knows already. */
  unbound(): void {
    this.#identity = undefined;
    this.#boundDn = "";
    this.#isIdentityTold = true;
  }

  useCredentials(payload: Buffer): void {
    this.#credentials = (parseJson(payload) as PeerCredentials | null) ?? undefined;
  }

  taken(bytes: number): void {
    this.#untakenBytes -= bytes;
    this.output.drained();
  }

  /** The socket, or the process that had it, is gone. */
  gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.isClosed = true;
    this.#abandonAll();
    this.output.close();
    this.#owner.handler.closed(this);
  }

  operationEnded(operation: Operation): void {
    this.#operations.delete(operation.number);
    if (this.isClosed) return;
    if (!this.#isIdentityTold) {
      this.#isIdentityTold = true;
      const told = { identity: this.#identity, boundDn: this.#boundDn };
      this.#pipe.send(ToFront.identity, this.id, 0, formatJson(told));
    }
    this.output.flush();
    const { resultCode: code, resultMessage: message, facts } = operation;
    const ending = encodeEnding({ code, message, facts });
    this.#pipe.send(ToFront.ended, this.id, operation.number, ending);
  }

  #abandonAll(): void {
    for (const operation of this.#operations.values()) operation.abandon();
  }
}
