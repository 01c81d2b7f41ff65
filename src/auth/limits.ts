// Named limits of the auth room. Each bounds what one stranger can make the server compute or keep.

/** Longest password that is looked at, in bytes. Longer ones never match and are never hashed. */
export const PASSWORD_BYTES_MAX = 1024;

/** Rounds of a new PBKDF2 hash: 389 2.3.1 writes 10000. */
export const PBKDF2_ROUNDS_DEFAULT = 10_000;

/** Stored hashes with more rounds are not verified: one bind would occupy a thread for seconds. */
export const PBKDF2_ROUNDS_MAX = 10_000_000;

/** Salt of a new PBKDF2 hash, in bytes (389 2.3.1: 24). */
export const PBKDF2_SALT_BYTES = 24;

/** Longest derived key of a stored PBKDF2 hash, in bytes; the old binary form of 389 has 256. */
export const PBKDF2_KEY_BYTES_MAX = 256;

/** Salt of a new SSHA or SMD5 hash, in bytes (389: 8). */
export const DIGEST_SALT_BYTES = 8;

/** Rounds of sha256-crypt and sha512-crypt when the text names none. */
export const SHA_CRYPT_ROUNDS_DEFAULT = 5_000;

/** Fewer rounds are raised to this by the format's definition. */
export const SHA_CRYPT_ROUNDS_MIN = 1_000;

/** The format allows 999,999,999; we verify up to this, because the rounds run on the main thread. */
export const SHA_CRYPT_ROUNDS_MAX = 1_000_000;

/** Rounds after which a crypt computation lets other work have a turn; about 2 ms. */
export const CRYPT_SLICE_ROUNDS = 500;

/** Slow hashes computed at one time; libuv's pool has 4 threads and the others serve files and DNS. */
export const SLOW_HASH_PARALLEL_MAX = 2;

/** Slow hashes that wait, over all origins; past it a bind is answered `busy`. */
export const SLOW_HASH_WAITING_MAX = 2_000;

/** Slow hashes that one origin (a connection) may have waiting. */
export const SLOW_HASH_WAITING_PER_ORIGIN_MAX = 20;

/** Key of sealed credentials, in bytes (AES-256). */
export const SEAL_KEY_BYTES = 32;
