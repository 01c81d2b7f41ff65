// Bounds of the configuration tree. It is held in memory and written to disk as a whole, so it must stay small.

/** Entries below cn=config, tasks included; a directory with 100 suffixes of 40 indexes each needs 5,000. */
export const CONFIG_ENTRIES_MAX = 50_000;
/** Values of one attribute of one configuration entry. */
export const CONFIG_VALUES_MAX = 10_000;
/** Bytes of one value. */
export const CONFIG_VALUE_BYTES_MAX = 1_048_576;
/** Seconds that a finished task entry may stay (389: TASK_DEFAULT_TTL and the bound on `ttl`). */
export const TASK_TTL_SEC_DEFAULT = 3600;
export const TASK_TTL_SEC_MAX = 86_400;
