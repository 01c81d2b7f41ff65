// Passwords in requests: what is stored is a hash, and hashing takes time, so it is done before a write is queued. A value to be
// deleted may be given in clear text (389: pw.c); it stands for the stored value that it matches.
import {
  PASSWORD_BYTES_MAX,
  type SchemeName,
  findMatch,
  hashPassword,
  isHashed,
} from "../auth/index.ts";
import type { Connection } from "../frontend/index.ts";
import { LdapError, type Mod } from "../protocol/index.ts";
import { findEntry } from "./find-entry.ts";
import { identityOf } from "./identity.ts";
import type { Service } from "./service.ts";
import type { UpdateRequest } from "./update-request.ts";

const PASSWORD_NAMES: ReadonlySet<string> = new Set(["userpassword", "2.5.4.35"]);

/** @param description with or without options */
const isPassword = (description: string): boolean =>
  PASSWORD_NAMES.has((description.split(";")[0] ?? "").toLowerCase());

/** The request as it can be stored: clear-text passwords replaced by their hashes.
 *  @throws LdapError constraintViolation for a hashed value by one who may not give one */
export async function withStoredPasswords(
  service: Service,
  connection: Connection,
  request: UpdateRequest,
): Promise<UpdateRequest> {
  if (request.type === "add" && request.attributes.some(({ type }) => isPassword(type))) {
    const attributes = await Promise.all(
      request.attributes.map(async (attribute) =>
        isPassword(attribute.type)
          ? { ...attribute, values: await hashAll(service, connection, attribute.values) }
          : attribute,
      ),
    );
    return { ...request, attributes };
  }
  if (request.type === "modify" && request.mods.some((mod) => isPassword(mod.type))) {
    const mods = await Promise.all(
      request.mods.map(async (mod) =>
        isPassword(mod.type) ? withStoredValues(service, connection, { mod, dn: request.dn }) : mod,
      ),
    );
    return { ...request, mods };
  }
  return request;
}

async function withStoredValues(
  service: Service,
  connection: Connection,
  { mod, dn }: { readonly mod: Mod; readonly dn: string },
): Promise<Mod> {
  if (mod.operation !== "delete") {
    return { ...mod, values: await hashAll(service, connection, mod.values) };
  }
  if (mod.values.every(isHashed)) return mod;
  const { directory } = service;
  directory.kv.renew();
  const entry = findEntry(service, directory.schema.normalizeDnText(dn));
  const stored = entry?.values(directory.schema.attributeType("userPassword")) ?? [];
  const present = stored.map((value) => Buffer.from(value));
  const hashers = service.hash.forOrigin(String(connection.id));
  const values: Buffer[] = [];
  for (const value of mod.values) {
    const match = isHashed(value) ? undefined : await findMatch(value, present, hashers);
    values.push(match ?? value);
  }
  return { ...mod, values };
}

/** The values as they are stored: clear text is hashed.
 *  @throws LdapError constraintViolation for what cannot be a password, busy when too many hashes wait */
export function hashAll(
  service: Service,
  connection: Connection,
  values: readonly Buffer[],
): Promise<Buffer[]> {
  const identity = identityOf(connection);
  const { server, passwordPolicy } = service.directory.config.snapshot;
  const scheme = passwordPolicy.storageScheme as SchemeName;
  return Promise.all(
    values.map(async (value) => {
      if (!isHashed(value)) {
        if (value.length > PASSWORD_BYTES_MAX) {
          throw new LdapError(
            "constraintViolation",
            `A password has at most ${PASSWORD_BYTES_MAX} bytes`,
          );
        }
        const hashers = service.hash.forOrigin(String(connection.id));
        return hashPassword(scheme, value, service.directory.random, hashers);
      }
      if (identity?.isRoot === true || server.hashedPasswords) return value;
      throw new LdapError(
        "constraintViolation",
        "invalid password syntax - passwords with storage scheme are not allowed",
      );
    }),
  );
}
