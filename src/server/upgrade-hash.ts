// After a successful bind the password is known in clear text for a moment: the chance to store it under the scheme that new
// passwords get, when it is stored under another one or with fewer rounds (389: nsslapd-enable-upgrade-hash, pw_upgrade).
//
// The stored value is deleted by value and the new one added in one modification, so that a password that was changed meanwhile
// stays as it is. Nothing is reported to the client: its bind has been answered.
import { type SchemeName, hashPassword, isOutdated } from "../auth/index.ts";
import { SERVER_DN } from "../config/index.ts";
import type { Connection } from "../frontend/index.ts";
import { modifyEntry, runWrite } from "../operation/index.ts";
import { LdapError } from "../protocol/index.ts";
import type { Service } from "./service.ts";
import { updatableBackend, writeSettings } from "./update-request.ts";

/** A password that a bind has just proved. */
export interface ProvedPassword {
  readonly normalDn: string;
  readonly password: Buffer;
  /** The value that it matched. */
  readonly stored: Buffer;
}

const SERVER_IDENTITY = {
  dn: SERVER_DN,
  normalDn: SERVER_DN,
  isRoot: true,
  method: "external",
} as const;

/** Resolves when the value is stored, or when it turns out that it cannot be; undefined: it need not be. */
export function upgradeHash(
  service: Service,
  connection: Connection,
  proved: ProvedPassword,
): Promise<void> | undefined {
  const { directory, hashesUnderWay } = service;
  const { server, passwordPolicy } = directory.config.snapshot;
  const scheme = passwordPolicy.storageScheme as SchemeName;
  if (!server.upgradeHashes || !isOutdated(proved.stored, scheme)) return undefined;
  if (hashesUnderWay.has(proved.normalDn)) return undefined;
  return tryReplaceHash(service, connection, { ...proved, scheme });
}

interface Replacement extends ProvedPassword {
  readonly scheme: SchemeName;
}

async function tryReplaceHash(
  service: Service,
  connection: Connection,
  replacement: Replacement,
): Promise<void> {
  const { directory, hashesUnderWay } = service;
  const { normalDn } = replacement;
  hashesUnderWay.add(normalDn);
  try {
    await replaceHash(service, connection, replacement);
  } catch (error) {
    if (!(error instanceof LdapError)) throw error;
    directory.log.debug("server.hash.kept", { dn: normalDn, reason: error.message });
  } finally {
    hashesUnderWay.delete(normalDn);
  }
}

async function replaceHash(
  service: Service,
  connection: Connection,
  { normalDn: dn, password, stored, scheme }: Replacement,
): Promise<void> {
  const { directory } = service;
  const backend = updatableBackend(directory, { dn });
  const hashers = service.hash.forOrigin(String(connection.id));
  const hash = await hashPassword(scheme, password, directory.random, hashers);
  const mods = [
    { operation: "delete" as const, type: "userPassword", values: [stored] },
    { operation: "add" as const, type: "userPassword", values: [hash] },
  ];
  await directory.queue.submit((writes) =>
    runWrite(
      backend,
      writes,
      {
        access: (reader) => service.accessFor({ identity: SERVER_IDENTITY, connection }, reader),
        actor: { dn: SERVER_DN, isRoot: true },
        settings: { ...writeSettings(directory), lastMod: false },
        skew: { ignoreTimeSkew: directory.config.snapshot.server.ignoreTimeSkew },
        now: directory.clock.now(),
        random: directory.random,
      },
      (context) => modifyEntry(context, { type: "modify", dn, mods }),
      (effects) => service.afterWrite(backend, effects),
    ),
  );
}
