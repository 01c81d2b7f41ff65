// Serves extended operations: who am I, password modify, and the replication family (handed to the replicas).
import { randomInt } from "node:crypto";
import { findMatch } from "../auth/index.ts";
import type { Connection, Reply } from "../frontend/index.ts";
import { modifyEntry, runWrite } from "../operation/index.ts";
import {
  type ExtendedRequest,
  LdapError,
  PASSWORD_MODIFY_OID,
  SUCCESS,
  WHO_AM_I_OID,
  decodePasswordModifyRequest,
  encodePasswordModifyResponse,
  encodeWhoAmI,
} from "../protocol/index.ts";
import { findEntry } from "./find-entry.ts";
import { type Identity, identityOf } from "./identity.ts";
import { hashAll } from "./password-values.ts";
import type { Service } from "./service.ts";
import { updatableBackend, writeSettings } from "./update-request.ts";
import { actorOf } from "./write-handler.ts";

interface ExtendedCall {
  readonly connection: Connection;
  readonly request: ExtendedRequest;
}

const GENERATED_LENGTH = 16;
/** Without characters that are easily mistaken for each other. */
const GENERATED_ALPHABET = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";

export function handleExtended(
  service: Service,
  call: ExtendedCall,
  reply: Reply,
): Promise<void> | undefined {
  const { request, connection } = call;
  if (request.oid === WHO_AM_I_OID) {
    whoAmI(connection, request, reply);
    return undefined;
  }
  if (request.oid === PASSWORD_MODIFY_OID) return passwordModify(service, call, reply);
  throw new LdapError("protocolError", "unsupported extended operation");
}

function whoAmI(connection: Connection, request: ExtendedRequest, reply: Reply): void {
  if (request.value !== undefined) throw new LdapError("protocolError", "Who am I takes no value");
  const dn = identityOf(connection)?.dn;
  const value = encodeWhoAmI(dn === undefined ? "" : `dn:${dn}`);
  reply.send({ type: "extendedResponse", result: SUCCESS, oid: undefined, value });
}

/** Password modify (RFC 3062). Over the network only on a channel that nobody can listen to. */
async function passwordModify(
  service: Service,
  { connection, request }: ExtendedCall,
  reply: Reply,
): Promise<void> {
  const { directory } = service;
  const asked = decodePasswordModifyRequest(request.value);
  const identity = identityOf(connection);
  if (!isPrivate(connection)) {
    throw new LdapError("confidentialityRequired", "Operation requires a secure connection.");
  }
  if (identity === undefined)
    throw new LdapError("strongerAuthRequired", "Bind before you change a password");
  const dn = targetDn(asked.userIdentity, identity);
  const backend = updatableBackend(directory, { dn });
  const entry = findEntry(service, directory.schema.normalizeDnText(dn));
  if (entry === undefined) {
    throw new LdapError(identity.isRoot ? "noSuchObject" : "insufficientAccessRights", "");
  }
  if (asked.oldPassword !== undefined)
    await checkOld(service, connection, entry, asked.oldPassword);
  const generated = asked.newPassword === undefined ? generatePassword() : undefined;
  const [hash] = await hashAll(service, connection, [asked.newPassword ?? (generated as Buffer)]);
  const mods = [{ operation: "replace" as const, type: "userPassword", values: [hash as Buffer] }];
  await directory.queue.submitForClient((writes) =>
    runWrite(
      backend,
      writes,
      {
        access: (reader) => service.accessFor({ identity, connection }, reader),
        actor: actorOf(identity),
        settings: writeSettings(directory),
        skew: { ignoreTimeSkew: directory.config.snapshot.server.ignoreTimeSkew },
        now: directory.clock.now(),
        random: directory.random,
      },
      (context) => modifyEntry(context, { type: "modify", dn, mods }),
      (effects) => service.afterWrite(backend, effects),
    ),
  );
  service.audit({ type: "modify", dn, mods }, identity);
  reply.send({
    type: "extendedResponse",
    result: SUCCESS,
    oid: undefined,
    value: generated === undefined ? undefined : encodePasswordModifyResponse(generated),
  });
}

const LOOPBACK = /^(127\.|::1$|::ffff:127\.)/;
const isPrivate = (connection: Connection): boolean =>
  connection.tls !== undefined ||
  connection.kind === "ldapi" ||
  LOOPBACK.test(connection.peerAddress);

function targetDn(userIdentity: Buffer | string | undefined, identity: Identity): string {
  if (userIdentity === undefined) return identity.dn;
  const text = userIdentity.toString();
  return text.toLowerCase().startsWith("dn:") ? text.slice(3).trim() : text;
}

async function checkOld(
  service: Service,
  connection: Connection,
  entry: {
    values(type: ReturnType<Service["directory"]["schema"]["attributeType"]>): readonly Buffer[];
  },
  old: Buffer,
): Promise<void> {
  const hashers = service.hash.forOrigin(String(connection.id));
  const stored = entry.values(service.directory.schema.attributeType("userPassword"));
  if ((await findMatch(old, stored, hashers)) === undefined) {
    throw new LdapError("invalidCredentials", "The old password is wrong");
  }
}

function generatePassword(): Buffer {
  let text = "";
  for (let i = 0; i < GENERATED_LENGTH; i += 1)
    text += GENERATED_ALPHABET[randomInt(GENERATED_ALPHABET.length)];
  return Buffer.from(text, "latin1");
}
