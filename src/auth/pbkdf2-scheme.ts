// PBKDF2 bodies in the two forms that 389 has written.
//
//   PBKDF2-SHA1, -SHA256, -SHA512   rounds "$" base64 salt "$" base64 key       (key as long as the digest)
//   PBKDF2_SHA256                   base64( rounds, 4 bytes big-endian; salt, 64 bytes; key, 256 bytes )
//
// Other directories write the first form with unpadded base64 and "." for "+"; we read that too.
import { equalsConstantTime } from "./constant-time.ts";
import { PBKDF2_KEY_BYTES_MAX, PBKDF2_ROUNDS_MAX } from "./limits.ts";
import type { Pbkdf2Digest, Pbkdf2Job, SlowHash } from "./slow-hash.ts";

const ROUNDS_BYTES = 4;
export const BINARY_SALT_BYTES = 64;
const BINARY_KEY_BYTES = 256;

export const PBKDF2_KEY_BYTES: Readonly<Record<Pbkdf2Digest, number>> = {
  sha1: 20,
  sha256: 32,
  sha512: 64,
};

/** What a PBKDF2 body says, before the password is known. */
export interface Pbkdf2Body {
  readonly rounds: number;
  readonly salt: Buffer;
  readonly key: Buffer;
}

export interface Pbkdf2Choice {
  readonly salt: Buffer;
  readonly rounds: number;
  readonly hashers: SlowHash;
}

function decodeBase64(text: string): Buffer | undefined {
  return /^[A-Za-z0-9+/.]+={0,2}$/.test(text)
    ? Buffer.from(text.replaceAll(".", "+"), "base64")
    : undefined;
}

function checked(rounds: number, salt: Buffer, key: Buffer): Pbkdf2Body | undefined {
  if (rounds < 1 || rounds > PBKDF2_ROUNDS_MAX) return undefined;
  if (key.length < PBKDF2_KEY_BYTES.sha1 || key.length > PBKDF2_KEY_BYTES_MAX) return undefined;
  return { rounds, salt, key };
}

/** The parts of `rounds$salt$key`; undefined if the text is not of that form or past the limits. */
export function parsePbkdf2(body: Buffer): Pbkdf2Body | undefined {
  const parts = body.toString("latin1").split("$");
  const [rounds, saltText, keyText] = parts;
  if (parts.length !== 3 || rounds === undefined || !/^[0-9]{1,9}$/.test(rounds)) return undefined;
  const salt = decodeBase64(saltText ?? "");
  const key = decodeBase64(keyText ?? "");
  return salt === undefined || key === undefined ? undefined : checked(Number(rounds), salt, key);
}

/** The parts of the binary form; undefined if it has another length or is past the limits. */
export function parseBinaryPbkdf2(body: Buffer): Pbkdf2Body | undefined {
  const decoded = Buffer.from(body.toString("latin1"), "base64");
  const saltEnd = ROUNDS_BYTES + BINARY_SALT_BYTES;
  if (decoded.length !== saltEnd + BINARY_KEY_BYTES) return undefined;
  const salt = decoded.subarray(ROUNDS_BYTES, saltEnd);
  return checked(decoded.readUInt32BE(0), salt, decoded.subarray(saltEnd));
}

/** Does the password give the key of the body? An unreadable body matches nothing. A key longer than the digest is made of blocks
 *  that have nothing to do with each other but password and salt (RFC 8018 §5.2): the first one tells as much as all, and the
 *  binary form has eight.
 *  @throws LdapError busy */
export async function verifyPbkdf2(
  password: Buffer,
  body: Pbkdf2Body | undefined,
  how: { readonly digest: Pbkdf2Digest; readonly hashers: SlowHash },
): Promise<boolean> {
  if (body === undefined) return false;
  const { rounds, salt, key } = body;
  const first = key.subarray(0, PBKDF2_KEY_BYTES[how.digest]);
  const job: Pbkdf2Job = { password, salt, rounds, keyBytes: first.length, digest: how.digest };
  return equalsConstantTime(await how.hashers.pbkdf2(job), first);
}

/** A new body of the text form.
 *  @throws LdapError busy */
export async function formatPbkdf2(
  digest: Pbkdf2Digest,
  password: Buffer,
  { salt, rounds, hashers }: Pbkdf2Choice,
): Promise<string> {
  const keyBytes = PBKDF2_KEY_BYTES[digest];
  const key = await hashers.pbkdf2({ password, salt, rounds, keyBytes, digest });
  return `${rounds}$${salt.toString("base64")}$${key.toString("base64")}`;
}

/** A new body of the binary form; the salt has BINARY_SALT_BYTES.
 *  @throws LdapError busy */
export async function formatBinaryPbkdf2(
  password: Buffer,
  { salt, rounds, hashers }: Pbkdf2Choice,
): Promise<string> {
  const keyBytes = BINARY_KEY_BYTES;
  const key = await hashers.pbkdf2({ password, salt, rounds, keyBytes, digest: "sha256" });
  const head = Buffer.alloc(ROUNDS_BYTES);
  head.writeUInt32BE(rounds);
  return Buffer.concat([head, salt, key]).toString("base64");
}
