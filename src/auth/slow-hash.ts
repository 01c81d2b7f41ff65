// What password schemes need from the outside to compute a slow hash. Everything else in this room is plain functions;
// the Node implementation stands in node-hash.ts, tests and the simulator bring their own.

export type Pbkdf2Digest = "sha1" | "sha256" | "sha512";

export interface Pbkdf2Job {
  readonly password: Buffer;
  readonly salt: Buffer;
  readonly rounds: number;
  readonly keyBytes: number;
  readonly digest: Pbkdf2Digest;
}

export interface SlowHash {
  /** The derived key (RFC 8018 §5.2).
   *  @throws LdapError busy when too much work waits already */
  pbkdf2(job: Pbkdf2Job): Promise<Buffer>;
  /** Runs a computation that yields after every slice of work, letting other work have a turn in between.
   *  @throws LdapError busy as above */
  run<T>(slices: Generator<undefined, T>): Promise<T>;
}
