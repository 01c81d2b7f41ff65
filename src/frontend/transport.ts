// The socket of a connection: plain or UNIX at first, wrapped in TLS later on the same connection.
//
// Plain sockets read through Node's `onread` into one buffer that all of them share, and what arrived is copied out of it
// into memory of its size: measured, this is about 12 us a request cheaper than the 'data' event, which allocates
// 64 KiB for each read. `onread` for an accepted socket needs its handle, which Node does not document; where that is
// not as expected, and on TLS sockets, the 'data' event serves.
import { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { READ_BUFFER_BYTES } from "./limits.ts";
import type { OutputSink } from "./output.ts";
import type { PeerCredentials } from "./peer-credentials.ts";
import { findPeerCredentials } from "./peer-credentials.ts";
import type { CloseReason, ListenerKind, TlsState } from "./request-handler.ts";
import type { TlsAcceptor } from "./tls-acceptor.ts";
import { tlsStateOf } from "./tls-acceptor.ts";

export interface TransportEvents {
  /** The chunk belongs to the receiver. */
  received(chunk: Buffer): void;
  inputEnded(): void;
  /** Everything that was written has been sent. */
  drained(): void;
  secured(tls: TlsState): void;
  handshakeFailed(failure: string): void;
  /** Once, and last. */
  socketClosed(reason: CloseReason): void;
}

/** What is used of Node's sockets beyond their documentation; each is checked before use. */
interface SocketInternals {
  _handle?: SocketHandle | null;
}
interface SocketHandle {
  readonly fd?: number;
  readonly writeQueueSize?: number;
  readonly useUserBuffer?: unknown;
}

const sharedReadBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);

export class Transport implements OutputSink {
  readonly kind: ListenerKind;
  readonly peerAddress: string;
  readonly peerPort: number;
  readonly localAddress: string;
  readonly descriptor: number | undefined;
  #socket: Socket;
  readonly #acceptor: TlsAcceptor | undefined;
  #events: TransportEvents | undefined;
  #isPaused = false;
  #isSharingReadBuffer = false;
  #failure: Error | undefined;

  /** @param accepted a socket that has not begun to read (`pauseOnConnect`)
   *  @param acceptor undefined when TLS is not configured */
  constructor(accepted: Socket, kind: ListenerKind, acceptor: TlsAcceptor | undefined) {
    this.kind = kind;
    this.peerAddress = kind === "ldapi" ? "local" : (accepted.remoteAddress ?? "");
    this.peerPort = accepted.remotePort ?? 0;
    this.localAddress = kind === "ldapi" ? "local" : (accepted.localAddress ?? "");
    this.descriptor = internalsOf(accepted)._handle?.fd;
    this.#acceptor = acceptor;
    this.#socket = accepted;
  }

  /** Whether plain reads go through the shared buffer (see the head of this file). */
  get isSharingReadBuffer(): boolean {
    return this.#isSharingReadBuffer;
  }

  get canSecure(): boolean {
    return this.#acceptor !== undefined;
  }

  get writableLength(): number {
    return this.#socket.writableLength;
  }

  /** Bytes of the connection so far, those of TLS included. */
  get traffic(): { readonly received: number; readonly sent: number } {
    return { received: this.#socket.bytesRead, sent: this.#socket.bytesWritten };
  }

  /** Received bytes that nobody has taken out of the socket yet. */
  get readableBytes(): number {
    return this.#socket.readableLength;
  }

  /** Changes as long as the peer takes something, also within one large write. */
  get unsentBytes(): number {
    const queued = internalsOf(this.#socket)._handle?.writeQueueSize ?? 0;
    return this.#socket.writableLength + queued;
  }

  /** Begins to read; nothing is lost before. A socket that awaits its TLS handshake reads when that is done. */
  start(events: TransportEvents): void {
    this.#events = events;
    if (this.kind === "ldaps") {
      this.#listenForEnd();
      return;
    }
    const accepted = this.#socket;
    this.#socket = readThroughSharedBuffer(accepted, (chunk) => this.#received(chunk));
    this.#isSharingReadBuffer = this.#socket !== accepted;
    this.#listenForEnd();
    this.#listenForInput();
  }

  write(bytes: Uint8Array, done?: () => void): boolean {
    if (this.#socket.destroyed || this.#socket.writableEnded) return false;
    return this.#socket.write(bytes, done === undefined ? undefined : (error) => error ?? done());
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#socket.resume();
  }

  /** Sends what was written and the end of the stream, then closes; input is not read any more. */
  end(): void {
    this.#socket.pause();
    this.#socket.destroySoon();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** The process at the other end of a UNIX socket. */
  async peerCredentials(): Promise<PeerCredentials | undefined> {
    if (this.kind !== "ldapi") return undefined;
    const credentials = await findPeerCredentials(this.#socket);
    // Node stops reading from a socket that it hands to a child.
    if (!this.#isPaused) this.#socket.resume();
    return credentials;
  }

  /** Begins the TLS handshake as the server. Plain input has been read no further than the StartTLS request. */
  secure(): void {
    const plain = this.#socket;
    if (this.#acceptor === undefined || plain.destroyed) {
      this.#events?.handshakeFailed("connection closed");
      return;
    }
    plain.removeAllListeners("data");
    plain.removeAllListeners("end");
    plain.removeAllListeners("drain");
    this.#acceptor.accept(plain, (socket, failure) => {
      if (socket === undefined) this.#events?.handshakeFailed(failure);
      else this.#secured(socket);
    });
  }

  #secured(socket: TLSSocket): void {
    const plain = this.#socket;
    plain.removeAllListeners("close");
    this.#socket = socket;
    this.#isPaused = false;
    this.#listenForEnd();
    socket.once("close", () => plain.destroy());
    this.#events?.secured(tlsStateOf(socket));
    this.#listenForInput();
    socket.on("data", (chunk: Buffer) => this.#received(chunk));
  }

  /** @returns whether to go on reading */
  #received(chunk: Buffer): boolean {
    this.#events?.received(chunk);
    return !this.#isPaused;
  }

  #listenForEnd(): void {
    const socket = this.#socket;
    socket.on("error", (error) => {
      this.#failure = error;
      socket.destroy();
    });
    socket.once("close", () =>
      this.#events?.socketClosed(this.#failure === undefined ? "clientClosed" : "connectionReset"),
    );
  }

  #listenForInput(): void {
    this.#socket.once("end", () => this.#events?.inputEnded());
    this.#socket.on("drain", () => this.#events?.drained());
  }
}

/** A socket that reads through the shared buffer, or the same socket with a 'data' listener where that cannot be. `received` gets
 *  chunks of its own and says whether to go on. */
export function readThroughSharedBuffer(
  accepted: Socket,
  received: (chunk: Buffer) => boolean,
): Socket {
  const internals = internalsOf(accepted);
  const handle = internals._handle;
  if (typeof handle?.useUserBuffer !== "function") {
    accepted.on("data", received);
    accepted.resume();
    return accepted;
  }
  const options = {
    handle,
    allowHalfOpen: true,
    onread: {
      buffer: sharedReadBuffer,
      // Copied at once: the next socket that reads overwrites the buffer.
      callback: (count: number) => received(firstBytes(count)),
    },
  };
  internals._handle = null;
  accepted.destroy();
  return new Socket(options);
}

function firstBytes(count: number): Buffer {
  const chunk = Buffer.allocUnsafe(count);
  chunk.set(new Uint8Array(sharedReadBuffer.buffer, sharedReadBuffer.byteOffset, count));
  return chunk;
}

function internalsOf(socket: Socket): SocketInternals {
  return socket as unknown as SocketInternals;
}
