export type { NodeHash } from "./node-hash.ts";
export { createNodeHash } from "./node-hash.ts";
export type { HashOptions } from "./password.ts";
export {
  DEFAULT_SCHEME,
  findMatch,
  hashPassword,
  isOutdated,
  verifyPassword,
} from "./password.ts";
export { equalsConstantTime } from "./constant-time.ts";
export { PASSWORD_BYTES_MAX, PBKDF2_ROUNDS_DEFAULT, SEAL_KEY_BYTES } from "./limits.ts";
export { isSealed, openCredential, sealCredential } from "./sealed-credential.ts";
export type { Pbkdf2Digest, Pbkdf2Job, SlowHash } from "./slow-hash.ts";
export type { Scheme, SchemeName, StoredPassword } from "./stored-password.ts";
export { findScheme, isHashed, listSchemes, parseStoredPassword } from "./stored-password.ts";
