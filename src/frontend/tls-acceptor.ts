// Server side of TLS: wraps accepted plain sockets, for ldaps at once and for StartTLS later, and swaps certificates and
// options without touching the connections that are there.
//
// A tls.Server that never listens does the handshakes: it alone computes whether a client certificate is authorized, and
// it takes sockets from outside through its "connection" event. The secure socket it gives back is matched with the
// plain one by the address and port of the peer, which are unique among live TCP connections to one local address.
import type { Socket } from "node:net";
import type { SecureVersion, TLSSocket, Server as TlsServer } from "node:tls";
import { createServer } from "node:tls";
import { HANDSHAKE_MS_MAX } from "./limits.ts";
import type { TlsState } from "./request-handler.ts";

export interface TlsSettings {
  /** PEM: the server's certificate, followed by intermediate ones. */
  readonly certificate: string;
  /** PEM */
  readonly key: string;
  /** PEM: whom client certificates are verified against; undefined = the authorities that Node knows. */
  readonly authorities: string | undefined;
  readonly versionMin: SecureVersion;
  readonly versionMax: SecureVersion;
  /** OpenSSL cipher list; undefined = Node's. */
  readonly ciphers: string | undefined;
  /** 389: nsSSLClientAuth */
  readonly clientCertificates: "off" | "allowed" | "required";
}

export type SecuredCallback = (socket: TLSSocket | undefined, failure: string) => void;

const CHANNEL_BINDING_BYTES = 32;
const CHANNEL_BINDING_LABEL = "EXPORTER-Channel-Binding";

export class TlsAcceptor {
  #server: TlsServer;
  readonly #pending = new Map<string, SecuredCallback>();

  /** @throws Error of OpenSSL if certificate or key cannot be used */
  constructor(settings: TlsSettings) {
    this.#server = this.#createServer(settings);
  }

  /** New handshakes use these settings. @throws Error as the constructor; the old ones then stay in force */
  reload(settings: TlsSettings): void {
    this.#server = this.#createServer(settings);
  }

  /** Begins the handshake; `done` is called once, with undefined when it failed (the socket is then destroyed). */
  accept(plain: Socket, done: SecuredCallback): void {
    const key = keyOf(plain);
    if (key === undefined) {
      plain.destroy();
      done(undefined, "peer is gone");
      return;
    }
    this.#pending.set(key, done);
    plain.once("close", () => this.#settle(key, undefined, "connection closed"));
    this.#server.emit("connection", plain);
  }

  #createServer(settings: TlsSettings): TlsServer {
    const server = createServer({
      cert: settings.certificate,
      key: settings.key,
      minVersion: settings.versionMin,
      maxVersion: settings.versionMax,
      requestCert: settings.clientCertificates !== "off",
      rejectUnauthorized: settings.clientCertificates === "required",
      handshakeTimeout: HANDSHAKE_MS_MAX,
      allowHalfOpen: true,
      ...(settings.authorities === undefined ? {} : { ca: settings.authorities }),
      ...(settings.ciphers === undefined ? {} : { ciphers: settings.ciphers }),
    });
    server.on("secureConnection", (socket) => {
      const key = keyOf(socket);
      if (key === undefined || !this.#settle(key, socket, "")) socket.destroy();
    });
    server.on("tlsClientError", (error, socket) => {
      const key = keyOf(socket);
      socket.destroy();
      if (key !== undefined) this.#settle(key, undefined, error.message);
    });
    return server;
  }

  #settle(key: string, socket: TLSSocket | undefined, failure: string): boolean {
    const done = this.#pending.get(key);
    this.#pending.delete(key);
    done?.(socket, failure);
    return done !== undefined;
  }
}

export function tlsStateOf(socket: TLSSocket): TlsState {
  const cipher = socket.getCipher();
  const certificate = socket.authorized ? socket.getPeerX509Certificate() : undefined;
  return {
    protocol: socket.getProtocol() ?? "",
    cipher: cipher.name,
    bits: cipherBits(cipher.name),
    clientCertificate: certificate?.raw,
    channelBinding: () =>
      socket.exportKeyingMaterial(CHANNEL_BINDING_BYTES, CHANNEL_BINDING_LABEL, Buffer.alloc(0)),
  };
}

/** Key bits by the name that OpenSSL gives a cipher suite: TLS_AES_256_GCM_SHA384, ECDHE-RSA-CHACHA20-POLY1305 … */
function cipherBits(name: string): number {
  if (name.includes("CHACHA20")) return 256;
  const bits = /(?:AES|CAMELLIA|ARIA)[-_]?(128|192|256)/.exec(name)?.[1];
  return bits === undefined ? 112 : Number(bits);
}

function keyOf(socket: Socket): string | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}
