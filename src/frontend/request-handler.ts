// What the front end and the rooms that serve requests know of each other. The front end decodes, keeps order and limits,
// and sends; the handler answers. Everything here happens on one thread and without promises.
//
// Requests of a connection are handed over in the order of their arrival, and several may be in progress. A Bind is handed
// over alone: after all requests before it have ended and before any behind it (RFC 4511 §4.2.1). Unbind, Abandon and
// StartTLS never reach the handler.
import type { BerWriter } from "../ber/index.ts";
import type {
  Control,
  noticeOfDisconnection,
  RequestMessage,
  Response,
} from "../protocol/index.ts";
import type { Output } from "./output.ts";
import type { PeerCredentials } from "./peer-credentials.ts";

export interface RequestHandler {
  /** Serves one request, now or later, through `reply`. An LdapError thrown here becomes the answer; anything else that is
   *  thrown stops the process. */
  handle(connection: Connection, message: RequestMessage, reply: Reply): void;
  /** The connection is gone; every reply that was not finished is abandoned already. Called once. */
  closed(connection: Connection): void;
  /** StartTLS succeeded: the identity has been reset to undefined (anonymous). */
  secured?(connection: Connection): void;
}

export type ListenerKind = "ldap" | "ldaps" | "ldapi";

/** Why a connection ended; the access log knows 389's code for each. */
export type CloseReason =
  | "unbind"
  | "clientClosed"
  | "connectionReset"
  | "protocolError"
  | "messageTooLarge"
  | "notLdap"
  | "requestIncomplete"
  | "idle"
  | "writeBlocked"
  | "handshakeFailed"
  | "refused"
  | "shutdown"
  | "closedByServer";

export interface TlsState {
  /** As OpenSSL names it: TLSv1.3 */
  readonly protocol: string;
  readonly cipher: string;
  /** Key bits of the cipher: the security strength factor of the connection. */
  readonly bits: number;
  /** DER of the client's certificate, only if it was verified against the configured authorities. */
  readonly clientCertificate: Buffer | undefined;
  /** tls-exporter channel binding (RFC 9266), 32 bytes. */
  channelBinding(): Buffer;
}

export interface Connection {
  /** Counts from 1 in the order of acceptance. */
  readonly id: number;
  readonly kind: ListenerKind;
  /** IP address, or "local" for ldapi. */
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly localAddress: string;
  /** File descriptor, or the id where there is none. */
  readonly descriptor: number;
  /** Milliseconds since 1970 UTC. */
  readonly openedAtMs: number;
  readonly tls: TlsState | undefined;
  /** Security strength factor: bits of the TLS cipher, the local factor for ldapi, otherwise 0. */
  readonly ssf: number;
  readonly isClosed: boolean;
  /** Where whole messages go that another process has encoded for this connection. */
  readonly output: Output;
  /** Requests received, and those that ended. */
  readonly requestCount: number;
  readonly finishedCount: number;
  /** Who is bound; undefined = anonymous. Only the handler gives it a meaning; setting it selects the size limit. */
  identity: unknown;
  /** Whatever else the handler keeps for this connection. */
  session: unknown;
  /** What the access log and cn=monitor show as the bound DN; "" = anonymous. */
  boundDn: string;
  /** A SASL bind waits for its next step: StartTLS is refused. */
  isBindInProgress: boolean;
  /** While true a request is handed over only after the one before it has ended. */
  serial: boolean;
  /** While true the idle timeout does not apply (persistent and synchronizing searches). */
  isIdleAllowed: boolean;
  /** The process at the other end of a UNIX socket; undefined for TCP and where it cannot be found out. Asked once. */
  peerCredentials(): Promise<PeerCredentials | undefined>;
  /** The replies that are not finished, oldest first. */
  outstanding(): Iterable<Reply>;
  /** Sends what was written, then ends the connection; with `notice`, a notice of disconnection of that code comes last. */
  close(reason: CloseReason, notice?: DisconnectNotice): void;
}

export interface DisconnectNotice {
  readonly code: Parameters<typeof noticeOfDisconnection>[0];
  readonly message: string;
}

/** What the handler may add for the access log. */
export interface ReplyFacts {
  /** SearchResultEntries sent; counted by `send`, to be counted by those who use `writer`. */
  entryCount: number;
  /** 389's notes: "U" partly unindexed, "A" not indexed, "P" paged, "F" unknown attribute; joined by commas. */
  notes: string;
  /** CSN of the update. */
  csn: string;
  /** DN that a bind ended up with. */
  boundDn: string;
}

export interface Reply {
  readonly message: RequestMessage;
  /** The bytes of the request. */
  readonly frame: Buffer;
  readonly facts: ReplyFacts;
  /** Nobody waits any more: abandoned, answered, or the connection is gone. Whatever is sent then is dropped. */
  readonly isAbandoned: boolean;
  /** Encodes a response. A final one (any but entry, reference, intermediate) ends the operation. */
  send(response: Response, controls?: readonly Control[]): void;
  /** The writer of the connection, for whole LDAPMessages that the caller encodes itself. Valid until control returns to
   *  the event loop; ask again afterwards. Not to be used when `isAbandoned`. */
  writer(): BerWriter;
  /** Ends an operation that has no final response, or one that was abandoned and has now stopped. Harmless when ended. */
  finish(): void;
  /** Ends an operation whose answer, with this result, another process has encoded and `writer` was given. */
  finishWith(resultCode: number, resultMessage: string): void;
  /** Whether more output may be produced in this turn. */
  ready(): boolean;
  /** Calls once when `ready` may be true again, or when nobody waits any more; never from within this call. */
  onDrain(callback: () => void): void;
  /** Calls once if the operation is abandoned or its connection ends before it is finished. */
  onAbandon(callback: () => void): void;
}
