// A listening socket: ldap://, ldaps:// or ldapi:// (UNIX). Accepted sockets come paused, without Nagle's delay, and stay
// open for writing when the client has sent its FIN.
import { chmodSync, existsSync, lstatSync, unlinkSync } from "node:fs";
import type { AddressInfo, Socket } from "node:net";
import { connect, createServer } from "node:net";
import type { ListenerKind } from "./request-handler.ts";

export type ListenAddress =
  | { readonly kind: "ldap" | "ldaps"; readonly host: string; readonly port: number }
  | {
      readonly kind: "ldapi";
      readonly path: string;
      /** Who may connect, as permissions of the socket file; 0600 (the server's user and root) unless given. */
      readonly mode?: number;
    };

export interface Listener {
  readonly kind: ListenerKind;
  /** The port that was given by the system when 0 was asked for; 0 for ldapi. */
  readonly port: number;
  /** ldap://host:port, ldaps://host:port or ldapi://%2Fpath */
  readonly url: string;
  /** Accepts no more; connections that exist stay. */
  close(): void;
}

const BACKLOG = 511;
const KEEP_ALIVE_DELAY_MS = 300_000;
/** Only the owner of the server (and root) may connect: Node cannot ask for the credentials of the peer, and SASL EXTERNAL
 *  over the socket takes whoever could connect for the administrator. */
const UNIX_SOCKET_MODE = 0o600;

/** @throws Error of the system: address in use, permission denied */
export async function listen(
  address: ListenAddress,
  accepted: (socket: Socket) => void,
): Promise<Listener> {
  if (address.kind === "ldapi") await removeStaleSocket(address.path);
  const server = createServer(
    {
      allowHalfOpen: true,
      pauseOnConnect: true,
      noDelay: address.kind !== "ldapi",
      keepAlive: address.kind !== "ldapi",
      keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
    },
    accepted,
  );
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", resolve);
    if (address.kind === "ldapi") server.listen({ path: address.path, backlog: BACKLOG });
    else server.listen({ host: address.host, port: address.port, backlog: BACKLOG });
  });
  server.removeAllListeners("error");
  // Errors of accept(2), such as too many open files: the client sees them, the listener goes on.
  server.on("error", () => {});
  if (address.kind === "ldapi") chmodSync(address.path, address.mode ?? UNIX_SOCKET_MODE);
  const port = address.kind === "ldapi" ? 0 : (server.address() as AddressInfo).port;
  return {
    kind: address.kind,
    port,
    url: urlOf(address, port),
    close: () => {
      server.close();
    },
  };
}

function urlOf(address: ListenAddress, port: number): string {
  if (address.kind === "ldapi") return `ldapi://${encodeURIComponent(address.path)}`;
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `${address.kind}://${host}:${port}`;
}

/** A socket file that nobody listens on is left from a process that died; one in use makes `listen` fail. */
async function removeStaleSocket(path: string): Promise<void> {
  if (!existsSync(path) || !lstatSync(path).isSocket()) return;
  const isInUse = await new Promise<boolean>((resolve) => {
    const probe = connect(path);
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
  if (!isInUse) unlinkSync(path);
}
