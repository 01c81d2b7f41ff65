// What the tests of several servers need from one of them, be it ns-slapd or Concord. Both are created in a temporary
// folder, listen on 127.0.0.1 on ports of their own, and are ended by the pid of the process that the test started.
import { LdapClient } from "./ldap.ts";

export const ROOT_DN = "cn=Directory Manager";
export const ROOT_PASSWORD = "Root-Secret-1";

export interface ServerOptions {
  readonly suffix: string;
  /** Whether the suffix entry is made. */
  readonly suffixEntry?: boolean;
  /** A certificate of its own, for StartTLS and LDAPS. */
  readonly tls?: boolean;
}

export interface DirectoryServer {
  readonly kind: "ns-slapd" | "concord";
  /** A short name for messages and agreements. */
  readonly name: string;
  readonly suffix: string;
  readonly folder: string;
  readonly port: number;
  readonly securePort: number;
  readonly ldapiPath: string;
  start(): Promise<void>;
  /** Orderly. */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** Ends it and removes all traces. */
  remove(): Promise<void>;
  /** A connection bound as the root DN. */
  connect(): Promise<LdapClient>;
  /** The error log so far. */
  readErrorLog(): string;
}

export function connectAsRoot(server: DirectoryServer): Promise<LdapClient> {
  return LdapClient.connect({ port: server.port, bindDn: ROOT_DN, password: ROOT_PASSWORD });
}
