// What the running server holds: schema, configuration tree, backends, access control, the write queue. One object, handed to
// those who serve requests. It changes only on the main thread.
import { existsSync, readFileSync } from "node:fs";
import type { Clock, Log, Random, Timers } from "../base/index.ts";
import type { ConfigTree, SuffixSettings } from "../config/index.ts";
import { isAtOrBelow } from "../dn/index.ts";
import type { Descriptions } from "../entry/index.ts";
import type { LmdbKv } from "../kv/lmdb.ts";
import type { WriteQueue } from "../kv/index.ts";
import type { Schema } from "../schema/index.ts";
import type { Backend } from "../store/index.ts";
import type { InstancePaths } from "./instance-paths.ts";

export interface DirectoryParts {
  readonly kv: LmdbKv;
  readonly queue: WriteQueue;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly paths: InstancePaths;
}

/** Who serves a DN. */
export type Route =
  | { readonly kind: "rootDse" | "config" | "monitor" | "schema" | "none" }
  | {
      readonly kind: "suffix";
      readonly suffix: SuffixSettings;
      /** undefined: the mapping tree names a backend that does not exist. */
      readonly backend: Backend | undefined;
    };

export class Directory {
  readonly kv: LmdbKv;
  readonly queue: WriteQueue;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly log: Log;
  readonly paths: InstancePaths;
  /** By name in lower case. */
  readonly backends = new Map<string, Backend>();
  descriptions: Descriptions;
  config: ConfigTree;
  readonly #loads = new Set<Promise<unknown>>();

  constructor(parts: DirectoryParts, descriptions: Descriptions, config: ConfigTree) {
    this.kv = parts.kv;
    this.queue = parts.queue;
    this.clock = parts.clock;
    this.timers = parts.timers;
    this.random = parts.random;
    this.log = parts.log;
    this.paths = parts.paths;
    this.descriptions = descriptions;
    this.config = config;
  }

  get schema(): Schema {
    return this.descriptions.schema;
  }

  /** Notes that the content of a backend is being replaced, or what was loaded is thrown away, until `load` settles. */
  async noteLoad<T>(load: Promise<T>): Promise<T> {
    this.#loads.add(load);
    try {
      return await load;
    } finally {
      this.#loads.delete(load);
    }
  }

  /** Resolves when all of that has ended: the database must not be closed before. */
  async whenLoaded(): Promise<void> {
    await Promise.allSettled(this.#loads);
  }

  /** Who serves the entry with this normal DN: the longest suffix wins. */
  route(normalDn: string): Route {
    if (normalDn === "") return { kind: "rootDse" };
    if (isAtOrBelow(normalDn, "cn=config")) return { kind: "config" };
    if (isAtOrBelow(normalDn, "cn=monitor")) return { kind: "monitor" };
    if (isAtOrBelow(normalDn, "cn=schema")) return { kind: "schema" };
    let best: SuffixSettings | undefined;
    for (const suffix of this.config.snapshot.suffixes) {
      if (!isAtOrBelow(normalDn, suffix.normalSuffix)) continue;
      if (best === undefined || suffix.normalSuffix.length > best.normalSuffix.length)
        best = suffix;
    }
    if (best === undefined) return { kind: "none" };
    return { kind: "suffix", suffix: best, backend: this.backendOf(best) };
  }

  backendOf(suffix: SuffixSettings): Backend | undefined {
    return this.backends.get(suffix.backendKey ?? "");
  }

  /** URLs for those who should go elsewhere with operations on a suffix. */
  referralsOf(suffix: SuffixSettings): readonly string[] {
    // What a replica was given takes precedence, and gets the suffix added where it names a server alone.
    const { replicas } = this.config.snapshot;
    const replica = replicas.find((one) => one.normalSuffix === suffix.normalSuffix);
    const isGiven = replica !== undefined && replica.referrals.length > 0;
    if (suffix.referrals.length > 0 && !isGiven) return suffix.referrals;
    return this.findReferrals(suffix.normalSuffix);
  }

  /** Refuses local changes of a suffix that has to wait for changes of its own; set by the replicas.
   *  @throws LdapError busy */
  checkGate: (normalSuffix: string) => void = () => {};

  /** What the replica of a suffix has learned of its suppliers; set by the replicas. */
  findReferrals: (normalSuffix: string) => readonly string[] = () => [];

  /** What a consumer's TLS is checked with, and our own certificate. */
  clientTls(host: string): { ca?: string; cert?: string; key?: string; servername: string } {
    const read = (path: string): string | undefined =>
      existsSync(path) ? readFileSync(path, "utf8") : undefined;
    const ca = read(this.paths.authorities);
    const cert = read(this.paths.certificate);
    const key = read(this.paths.key);
    return {
      servername: host,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
    };
  }

  /** The backend that serves a suffix, by the normal DN of the suffix. */
  findBackend(normalSuffix: string): Backend | undefined {
    const suffix = this.config.snapshot.suffixes.find((one) => one.normalSuffix === normalSuffix);
    return suffix && this.backendOf(suffix);
  }
}
