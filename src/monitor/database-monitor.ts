// Counters of the storage as 389's tools ask for them: cn=monitor and cn=database below cn=ldbm database, cn=monitor below a
// backend. LMDB has no caches of its own (the map is the page cache), so caches show the map; `monitor dbmon` divides by
// their sizes, which are therefore never 0.
import type { TextAttribute } from "../config/index.ts";

export interface StorageValues {
  readonly pageBytes: number;
  readonly pagesUsed: number;
  readonly mapBytes: number;
  /** Commits since the start. */
  readonly commits: number;
  /** Reads that found what they looked for, and all reads; 0 when nobody counts them. */
  readonly cacheHits: number;
  readonly cacheTries: number;
}

export interface BackendValues {
  readonly isReadOnly: boolean;
  readonly entries: number;
  /** Bytes of the entries, as far as known. */
  readonly entryBytes: number;
  readonly cacheHits: number;
  readonly cacheTries: number;
  /** Attributes that have an index. */
  readonly indexes: readonly string[];
}

const ratio = (hits: number, tries: number): string =>
  String(tries === 0 ? 0 : Math.floor((hits * 100) / tries));

/** 20 MiB, 389's default; there is no such cache here. */
const DN_CACHE_BYTES = 20_971_520;

/** cn=monitor,cn=ldbm database,cn=plugins,cn=config */
export function databaseMonitorAttributes(values: StorageValues): readonly TextAttribute[] {
  return [
    ["database", "ldbm database"],
    ["dbcachehits", String(values.cacheHits)],
    ["dbcachetries", String(values.cacheTries)],
    ["dbcachehitratio", ratio(values.cacheHits, values.cacheTries)],
    ["dbcachepagein", "0"],
    ["dbcachepageout", "0"],
    ["dbcacheroevict", "0"],
    ["dbcacherwevict", "0"],
    ["normalizeddncachetries", "0"],
    ["normalizeddncachehits", "0"],
    ["normalizeddncachemisses", "0"],
    ["normalizeddncachehitratio", "0"],
    ["normalizeddncacheevictions", "0"],
    ["currentnormalizeddncachesize", "0"],
    ["maxnormalizeddncachesize", String(DN_CACHE_BYTES)],
    ["currentnormalizeddncachecount", "0"],
    ["normalizeddncachethreadsize", "0"],
    ["normalizeddncachethreadslots", "0"],
  ];
}

const ZERO_STATISTICS = [
  "abort-rate",
  "active-txns",
  "cache-region-wait-rate",
  "clean-pages",
  "deadlock-rate",
  "dirty-pages",
  "hash-buckets",
  "hash-elements-examine-rate",
  "hash-search-rate",
  "lock-conflicts",
  "lock-region-wait-rate",
  "lock-request-rate",
  "lockers",
  "current-locks",
  "max-locks",
  "current-lock-objects",
  "max-lock-objects",
  "log-bytes-since-checkpoint",
  "log-region-wait-rate",
  "log-write-rate",
  "longest-chain-length",
  "page-create-rate",
  "page-read-rate",
  "page-ro-evict-rate",
  "page-rw-evict-rate",
  "page-trickle-rate",
  "page-write-rate",
  "txn-region-wait-rate",
] as const;

/** cn=database,cn=monitor,cn=ldbm database,cn=plugins,cn=config */
export function databaseStatisticsAttributes(values: StorageValues): readonly TextAttribute[] {
  return [
    ["nsslapd-db-cache-hit", String(values.cacheHits)],
    ["nsslapd-db-cache-try", String(values.cacheTries)],
    ["nsslapd-db-cache-size-bytes", String(Math.max(values.mapBytes, values.pageBytes, 1))],
    ["nsslapd-db-commit-rate", String(values.commits)],
    ["nsslapd-db-configured-locks", "10000"],
    ["nsslapd-db-pages-in-use", String(values.pagesUsed)],
    ...ZERO_STATISTICS.map((name): TextAttribute => [`nsslapd-db-${name}`, "0"]),
  ];
}

/** 389's smallest entry cache. */
const ENTRY_CACHE_BYTES_MIN = 512_000;
const DN_ENTRY_CACHE_BYTES = 16_777_216;

/** cn=monitor,cn=BACKEND,cn=ldbm database,cn=plugins,cn=config */
export function backendMonitorAttributes(
  backendName: string,
  values: BackendValues,
): readonly TextAttribute[] {
  const files = ["id2entry", ...values.indexes];
  return [
    ["database", "ldbm database"],
    ["readonly", values.isReadOnly ? "1" : "0"],
    ["entrycachehits", String(values.cacheHits)],
    ["entrycachetries", String(values.cacheTries)],
    ["entrycachehitratio", ratio(values.cacheHits, values.cacheTries)],
    ["currententrycachesize", String(values.entryBytes)],
    ["maxentrycachesize", String(Math.max(ENTRY_CACHE_BYTES_MIN, values.entryBytes))],
    ["currententrycachecount", String(values.entries)],
    ["maxentrycachecount", "-1"],
    ["dncachehits", "0"],
    ["dncachetries", "0"],
    ["dncachehitratio", "0"],
    ["currentdncachesize", "0"],
    ["maxdncachesize", String(DN_ENTRY_CACHE_BYTES)],
    ["currentdncachecount", "0"],
    ["maxdncachecount", "-1"],
    ...files.flatMap((name, at): readonly TextAttribute[] => [
      [`dbfilename-${at}`, `${backendName}/${name}.db`],
      [`dbfilecachehit-${at}`, "0"],
      [`dbfilecachemiss-${at}`, "0"],
      [`dbfilepagein-${at}`, "0"],
      [`dbfilepageout-${at}`, "0"],
    ]),
  ];
}
