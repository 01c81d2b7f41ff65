// Making and checking stored passwords: one place that knows which scheme is computed how.
//
// A stored value is `{SCHEME}body` (stored-password.ts). Checking needs the stored value alone; making needs random
// bytes for the salt. Both wait for slow hashes, which the caller hands in. No answer tells why a password does not
// match: wrong password, unreadable body and unsupported scheme all give false.
import type { Random } from "../base/index.ts";
import { AssertionError, assert } from "../base/index.ts";
import { equalsConstantTime } from "./constant-time.ts";
import { crypt, formatSalt, verifyCrypt } from "./crypt.ts";
import type { DigestName } from "./digest-scheme.ts";
import { formatDigest, verifyDigest, verifyNsMtaMd5 } from "./digest-scheme.ts";
import {
  DIGEST_SALT_BYTES,
  PASSWORD_BYTES_MAX,
  PBKDF2_ROUNDS_DEFAULT,
  PBKDF2_SALT_BYTES,
} from "./limits.ts";
import {
  BINARY_SALT_BYTES,
  formatBinaryPbkdf2,
  formatPbkdf2,
  parseBinaryPbkdf2,
  parsePbkdf2,
  verifyPbkdf2,
} from "./pbkdf2-scheme.ts";
import type { Pbkdf2Digest, SlowHash } from "./slow-hash.ts";
import type { SchemeName } from "./stored-password.ts";
import { findScheme, parseStoredPassword } from "./stored-password.ts";

/** The scheme of new passwords unless the configuration names another. */
export const DEFAULT_SCHEME: SchemeName = "PBKDF2-SHA512";

/** How one family of schemes computes; the prefix is what new values begin with. */
type Method =
  | { readonly type: "pbkdf2"; readonly digest: Pbkdf2Digest }
  | { readonly type: "binaryPbkdf2" }
  | { readonly type: "digest"; readonly digest: DigestName; readonly salted: boolean }
  | { readonly type: "crypt"; readonly setting: string; readonly saltChars: number }
  | { readonly type: "nsMtaMd5" }
  | { readonly type: "clear" }
  | { readonly type: "unsupported" };

const METHODS: Readonly<Record<SchemeName, Method>> = {
  "PBKDF2-SHA512": { type: "pbkdf2", digest: "sha512" },
  "PBKDF2-SHA256": { type: "pbkdf2", digest: "sha256" },
  "PBKDF2-SHA1": { type: "pbkdf2", digest: "sha1" },
  PBKDF2_SHA256: { type: "binaryPbkdf2" },
  SSHA: { type: "digest", digest: "sha1", salted: true },
  SSHA256: { type: "digest", digest: "sha256", salted: true },
  SSHA384: { type: "digest", digest: "sha384", salted: true },
  SSHA512: { type: "digest", digest: "sha512", salted: true },
  SHA: { type: "digest", digest: "sha1", salted: false },
  SHA256: { type: "digest", digest: "sha256", salted: false },
  SHA384: { type: "digest", digest: "sha384", salted: false },
  SHA512: { type: "digest", digest: "sha512", salted: false },
  SMD5: { type: "digest", digest: "md5", salted: true },
  MD5: { type: "digest", digest: "md5", salted: false },
  // 389 makes traditional DES texts for CRYPT; a new password deserves better and any crypt reader takes this.
  CRYPT: { type: "crypt", setting: "$6$", saltChars: 16 },
  "CRYPT-MD5": { type: "crypt", setting: "$1$", saltChars: 8 },
  "CRYPT-SHA256": { type: "crypt", setting: "$5$", saltChars: 16 },
  "CRYPT-SHA512": { type: "crypt", setting: "$6$", saltChars: 16 },
  CLEAR: { type: "clear" },
  "NS-MTA-MD5": { type: "nsMtaMd5" },
  GOST_YESCRYPT: { type: "unsupported" },
};

export interface HashOptions {
  /** Rounds of PBKDF2; others have a fixed number. */
  readonly rounds?: number;
}

/** Does the password match the stored value? Told at once unless the hash is a slow one: whoever waits for a promise gives up
 *  his turn of the event loop.
 *  @throws LdapError busy, as a rejection, when too many slow hashes wait */
export function verifyPassword(
  password: Buffer,
  stored: Buffer,
  hashers: SlowHash,
): boolean | Promise<boolean> {
  if (password.length > PASSWORD_BYTES_MAX) return false;
  const { scheme, body } = parseStoredPassword(stored);
  const method = METHODS[scheme];
  switch (method.type) {
    case "pbkdf2":
      return verifyPbkdf2(password, parsePbkdf2(body), { digest: method.digest, hashers });
    case "binaryPbkdf2":
      return verifyPbkdf2(password, parseBinaryPbkdf2(body), { digest: "sha256", hashers });
    case "digest":
      return verifyDigest(method.digest, password, body);
    case "crypt":
      return hashers.run(verifyCrypt(password, body));
    case "nsMtaMd5":
      return verifyNsMtaMd5(password, body);
    case "clear":
      return equalsConstantTime(password, body);
    case "unsupported":
      return false;
  }
}

/** The first of the stored values that the password matches, at once unless a slow hash comes before it.
 *  @throws LdapError busy as above */
export function findMatch(
  password: Buffer,
  stored: readonly Buffer[],
  hashers: SlowHash,
): Buffer | undefined | Promise<Buffer | undefined> {
  for (const [at, value] of stored.entries()) {
    const matches = verifyPassword(password, value, hashers);
    if (matches === true) return value;
    if (matches === false) continue;
    return matches.then((isMatch) =>
      isMatch ? value : findMatch(password, stored.slice(at + 1), hashers),
    );
  }
  return undefined;
}

/** The stored value for a new password. The scheme must be one that may store (listSchemes) and the password within
 *  PASSWORD_BYTES_MAX: the caller has checked both. CLEAR stores the password as it is, without braces, as 389 does.
 *  @throws LdapError busy when too many slow hashes wait */
export async function hashPassword(
  scheme: SchemeName,
  password: Buffer,
  random: Random,
  hashers: SlowHash,
  options: HashOptions = {},
): Promise<Buffer> {
  assert(findScheme(scheme)?.mayStore, "new passwords are stored in a scheme that may store");
  assert(password.length <= PASSWORD_BYTES_MAX, "a new password is within its limit");
  const method = METHODS[scheme];
  const rounds = options.rounds ?? PBKDF2_ROUNDS_DEFAULT;
  switch (method.type) {
    case "pbkdf2": {
      const salt = random.bytes(PBKDF2_SALT_BYTES);
      return stored(scheme, await formatPbkdf2(method.digest, password, { salt, rounds, hashers }));
    }
    case "binaryPbkdf2": {
      const salt = random.bytes(BINARY_SALT_BYTES);
      return stored(scheme, await formatBinaryPbkdf2(password, { salt, rounds, hashers }));
    }
    case "digest": {
      const salt = method.salted ? random.bytes(DIGEST_SALT_BYTES) : Buffer.alloc(0);
      return stored(scheme, formatDigest(method.digest, password, salt));
    }
    case "crypt": {
      const salt = formatSalt(random.bytes(method.saltChars));
      const text = await hashers.run(crypt(password, method.setting + salt));
      assert(text !== undefined, "a crypt setting of ours is supported");
      // 389 writes every crypt text with this prefix, whichever scheme was asked for.
      return stored("crypt", text);
    }
    case "clear":
      return Buffer.from(password);
    case "nsMtaMd5":
    case "unsupported":
      throw new AssertionError("a scheme that may store has a method");
  }
}

function stored(scheme: string, body: string): Buffer {
  return Buffer.from(`{${scheme}}${body}`, "latin1");
}

/** Should the value be replaced at the next successful bind: is it of another scheme than the one in force, or weaker by
 *  rounds? A crypt text counts as the crypt scheme of its prefix. */
export function isOutdated(
  storedValue: Buffer,
  scheme: SchemeName,
  options: HashOptions = {},
): boolean {
  const { scheme: present, body } = parseStoredPassword(storedValue);
  const wanted = METHODS[scheme];
  const method = METHODS[present];
  if (wanted.type === "crypt") {
    const setting = body.toString("latin1", 0, wanted.setting.length);
    return method.type !== "crypt" || setting !== wanted.setting;
  }
  if (present !== scheme) return true;
  const rounds = options.rounds ?? PBKDF2_ROUNDS_DEFAULT;
  if (method.type === "pbkdf2") return (parsePbkdf2(body)?.rounds ?? 0) < rounds;
  if (method.type === "binaryPbkdf2") return (parseBinaryPbkdf2(body)?.rounds ?? 0) < rounds;
  return false;
}
