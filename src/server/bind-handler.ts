// Simple bind (RFC 4513 §5.1) and, over the UNIX socket, SASL EXTERNAL. Every failed bind of a named entry looks the same, whether
// the entry or the password is wrong.
import { PASSWORD_BYTES_MAX, findMatch } from "../auth/index.ts";
import type { Connection, Reply } from "../frontend/index.ts";
import { type BindRequest, LdapError, SUCCESS } from "../protocol/index.ts";
import type { Identity } from "./identity.ts";
import { findEntry } from "./find-entry.ts";
import type { Service } from "./service.ts";
import { type ProvedPassword, upgradeHash } from "./upgrade-hash.ts";

/** Of a mechanism's name in a message. */
const MECHANISM_CHARACTERS = 40;

/** Answers a bind; the connection is anonymous while it is being decided, and after a failure. Without a slow hash it is answered
 *  before this returns: the connection need not stop reading. */
export function handleBind(
  service: Service,
  connection: Connection,
  request: BindRequest,
  reply: Reply,
): Promise<void> | undefined {
  connection.identity = undefined;
  connection.boundDn = "";
  const answer = ({ identity, proved }: Authenticated): Promise<void> | undefined => {
    connection.identity = identity;
    connection.boundDn = identity?.dn ?? "";
    reply.facts.boundDn = identity?.normalDn ?? "";
    reply.send(BOUND);
    return proved === undefined ? undefined : upgradeHash(service, connection, proved);
  };
  const who = authenticate(service, connection, request);
  return who instanceof Promise ? who.then(answer) : answer(who);
}

const BOUND = { type: "bindResponse", result: SUCCESS, serverCredentials: undefined } as const;

/** Who it is, and the password of an entry that proved it. */
interface Authenticated {
  readonly identity: Identity | undefined;
  readonly proved?: ProvedPassword;
}

const ANONYMOUS: Authenticated = { identity: undefined };

function authenticate(
  service: Service,
  connection: Connection,
  request: BindRequest,
): Authenticated | Promise<Authenticated> {
  if (request.version !== 3) throw new LdapError("protocolError", "Only LDAPv3 is supported");
  const { authentication } = request;
  if (authentication.method === "sasl") {
    return external(service, connection, authentication.mechanism);
  }
  const { server } = service.directory.config.snapshot;
  if (authentication.password.length === 0) {
    if (request.name === "") {
      service.operations.anonymousBinds += 1;
      if (server.anonymousAccess !== "off") return ANONYMOUS;
      throw new LdapError("inappropriateAuthentication", "Anonymous access is not allowed");
    }
    service.operations.unauthenticatedBinds += 1;
    if (server.unauthenticatedBinds) return ANONYMOUS;
    throw new LdapError("unwillingToPerform", "Unauthenticated binds are not allowed");
  }
  service.operations.simpleBinds += 1;
  if (!mayReceivePassword(connection, server.requireSecureBinds)) {
    throw new LdapError("confidentialityRequired", "Operation requires a secure connection");
  }
  return simple(service, connection, request.name, authentication.password);
}

/** A password in clear text is taken from TLS, the UNIX socket, and, unless it is switched off, everybody else. */
const mayReceivePassword = (connection: Connection, requireSecure: boolean): boolean =>
  !requireSecure || connection.tls !== undefined || connection.kind === "ldapi";

function simple(
  service: Service,
  connection: Connection,
  name: string,
  password: Buffer,
): Authenticated | Promise<Authenticated> {
  const { directory } = service;
  const { server } = directory.config.snapshot;
  const normalDn = directory.schema.normalizeDnText(name);
  const isRoot = normalDn === directory.schema.normalizeDnText(server.rootDn);
  const stored = isRoot
    ? [Buffer.from(server.rootPassword ?? "", "utf8")]
    : storedPasswords(service, normalDn);
  const judge = (match: Buffer | undefined): Authenticated => {
    if (match === undefined) {
      service.operations.failedBinds += 1;
      throw new LdapError("invalidCredentials", "");
    }
    const identity = { dn: name, normalDn, isRoot, method: "simple" } as const;
    return isRoot ? { identity } : { identity, proved: { normalDn, password, stored: match } };
  };
  if (password.length > PASSWORD_BYTES_MAX) return judge(undefined);
  const usable = stored.filter(({ length }) => length > 0);
  const match = findMatch(password, usable, service.hash.forOrigin(String(connection.id)));
  return match instanceof Promise ? match.then(judge) : judge(match);
}

function storedPasswords(service: Service, normalDn: string): readonly Buffer[] {
  const { directory } = service;
  directory.kv.renew();
  const entry = findEntry(service, normalDn);
  if (entry === undefined) return [];
  const locked = entry.values(directory.schema.attributeType("nsAccountLock"));
  if (locked.some((value) => value.toString("latin1").toLowerCase() === "true")) {
    throw new LdapError("unwillingToPerform", "Account inactivated. Contact system administrator.");
  }
  return entry.values(directory.schema.attributeType("userPassword"));
}

/** Over the UNIX socket: root, and the user that the server runs as, are the DN that the configuration names. */
async function external(
  service: Service,
  connection: Connection,
  mechanism: string,
): Promise<Authenticated> {
  service.operations.saslBinds += 1;
  const { directory } = service;
  const { server } = directory.config.snapshot;
  if (mechanism.toUpperCase() !== "EXTERNAL") {
    const shown = mechanism.slice(0, MECHANISM_CHARACTERS);
    throw new LdapError("authMethodNotSupported", `SASL mechanism ${shown} is not supported`);
  }
  const peer = server.socketAutobind ? await connection.peerCredentials() : undefined;
  if (peer === undefined || (peer.uid !== 0 && peer.uid !== process.getuid?.())) {
    throw new LdapError(
      "inappropriateAuthentication",
      "This connection proves no external identity",
    );
  }
  const dn = server.socketRootDn;
  const normalDn = directory.schema.normalizeDnText(dn);
  return { identity: { dn, normalDn, isRoot: true, method: "external" } };
}
