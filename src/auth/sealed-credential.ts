// Reversible protection of the passwords that agreements bind with: the server must be able to read them.
//
//   {AES-256-GCM}base64( version 0x01, nonce 12 bytes, ciphertext, tag 16 bytes )
//
// The key belongs to the instance and lies in a file of its own beside the database, so that a copy of the
// configuration alone does not give the passwords away. The scheme name begins like 389's `{AES-…}`, whose content
// cannot be opened here (its key lies in 389's certificate store).
import { createCipheriv, createDecipheriv } from "node:crypto";
import type { Random } from "../base/index.ts";
import { assert } from "../base/index.ts";
import { SEAL_KEY_BYTES } from "./limits.ts";

const PREFIX = "{AES-256-GCM}";
const FOREIGN_PREFIX = /^\{AES-[^}]{1,1000}\}/;
const CIPHER = "aes-256-gcm";
const VERSION = 1;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const NONCE_START = 1;
const CIPHERTEXT_START = NONCE_START + NONCE_BYTES;

/** Is the value in a sealed form, ours or 389's? */
export function isSealed(value: Buffer): boolean {
  return FOREIGN_PREFIX.test(value.toString("latin1", 0, 1010));
}

/** Seals a credential. A value that already is sealed, by us or by 389, passes through: configuration files and tools
 *  send back what they have read. */
export function sealCredential(credential: Buffer, key: Buffer, random: Random): Buffer {
  assert(key.length === SEAL_KEY_BYTES, "a seal key has 32 bytes");
  if (isSealed(credential)) return credential;
  const nonce = random.bytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  const ciphertext = Buffer.concat([cipher.update(credential), cipher.final()]);
  const sealed = Buffer.concat([Buffer.of(VERSION), nonce, ciphertext, cipher.getAuthTag()]);
  return Buffer.from(PREFIX + sealed.toString("base64"), "latin1");
}

/** The credential in a sealed value; a value that is not sealed is the credential itself. undefined: sealed with another
 *  key, by another server, or damaged. */
export function openCredential(value: Buffer, key: Buffer): Buffer | undefined {
  assert(key.length === SEAL_KEY_BYTES, "a seal key has 32 bytes");
  if (!isSealed(value)) return value;
  if (value.toString("latin1", 0, PREFIX.length) !== PREFIX) return undefined;
  const sealed = Buffer.from(value.toString("latin1", PREFIX.length), "base64");
  if (sealed.length < CIPHERTEXT_START + TAG_BYTES || sealed[0] !== VERSION) return undefined;
  const tagStart = sealed.length - TAG_BYTES;
  const nonce = sealed.subarray(NONCE_START, CIPHERTEXT_START);
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(tagStart));
  const opened = decipher.update(sealed.subarray(CIPHERTEXT_START, tagStart));
  try {
    return Buffer.concat([opened, decipher.final()]);
  } catch {
    // final() has no other failure than a tag that does not fit.
    return undefined;
  }
}
