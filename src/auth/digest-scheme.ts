// One round of a plain digest, with or without salt: SHA, SHA256, SHA384, SHA512, MD5 and their salted forms.
//
//   body = base64( digest(password, salt) salt )     salt empty without the leading S; any length when verified
//
// and NS-MTA-MD5 of old Netscape mail servers, which is only verified:
//
//   body = hex of MD5(salt 0x59 password 0xF7 salt), 32 characters; then the salt, 32 characters
import { createHash, hash, timingSafeEqual } from "node:crypto";
import { equalsConstantTime } from "./constant-time.ts";

export type DigestName = "md5" | "sha1" | "sha256" | "sha384" | "sha512";

const DIGEST_BYTES: Readonly<Record<DigestName, number>> = {
  md5: 16,
  sha1: 20,
  sha256: 32,
  sha384: 48,
  sha512: 64,
};

const NS_MTA_HASH_BYTES = 32;
const NS_MTA_BODY_BYTES = 64;

function digestOf(name: DigestName, password: Buffer, salt: Buffer): Buffer {
  return hash(name, Buffer.concat([password, salt]), "buffer");
}

/** The body of a new hash; an empty salt gives the unsalted scheme. */
export function formatDigest(name: DigestName, password: Buffer, salt: Buffer): string {
  return Buffer.concat([digestOf(name, password, salt), salt]).toString("base64");
}

/** Does the password match the body? A body too short for the digest matches nothing. */
export function verifyDigest(name: DigestName, password: Buffer, body: Buffer): boolean {
  const decoded = Buffer.from(body.toString("latin1"), "base64");
  const digestBytes = DIGEST_BYTES[name];
  if (decoded.length < digestBytes) return false;
  const salt = decoded.subarray(digestBytes);
  // Digests of one length, so there is no length to hide.
  return timingSafeEqual(digestOf(name, password, salt), decoded.subarray(0, digestBytes));
}

/** NS-MTA-MD5, see the head of the file. */
export function verifyNsMtaMd5(password: Buffer, body: Buffer): boolean {
  if (body.length !== NS_MTA_BODY_BYTES) return false;
  const salt = body.subarray(NS_MTA_HASH_BYTES);
  const digest = createHash("md5");
  digest.update(salt).update(Buffer.of(89)).update(password).update(Buffer.of(247)).update(salt);
  const expected = Buffer.from(digest.digest("hex"), "latin1");
  return equalsConstantTime(expected, body.subarray(0, NS_MTA_HASH_BYTES));
}
