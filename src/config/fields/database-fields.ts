// Settings of the storage: cn=config,cn=ldbm database (all backends), cn=bdb below it (kept for the tools: they expect that
// implementation), backend instances, indexes and encrypted attributes.
import { type Field, type RefusalStyle, dn, fieldsInStyle, text, texts } from "./field.ts";

/** 389: ldbm_config.c, instance config. */
export const DATABASE_STYLE: RefusalStyle = {
  integer: (name, value, { min, max }) =>
    /^-?\d+$/.test(value)
      ? `Error: value ${value} for attr ${name} must be between ${min} and ${max}`
      : `Error: value ${value} for attr ${name} is not a number`,
  word: (name, value, words) =>
    `Error: value ${value} for attr ${name} is none of ${words.join(", ")}`,
};

const { integer, onOff } = fieldsInStyle(DATABASE_STYLE);
const readOnly = { change: "readOnly" } as const;
const restart = { change: "restart" } as const;

/** cn=config,cn=ldbm database,cn=plugins,cn=config */
export const databaseFields = {
  /** Candidates that a search may look at; −1 = no limit. */
  lookThroughEntriesMax: integer("nsslapd-lookthroughlimit", { min: -1, default: 5000 }),
  /** Longer lists of one index key count as "all entries". */
  idListEntriesMax: integer("nsslapd-idlistscanlimit", { min: 100, default: 4000 }),
  /** 0 = `lookThroughEntriesMax` counts. */
  pagedLookThroughEntriesMax: integer("nsslapd-pagedlookthroughlimit", { min: -1, default: 0 }),
  pagedIdListEntriesMax: integer("nsslapd-pagedidlistscanlimit", { min: -1, default: 0 }),
  rangeLookThroughEntriesMax: integer("nsslapd-rangelookthroughlimit", { min: -1, default: 5000 }),
  folder: text("nsslapd-directory", { default: (i) => i.databaseFolder, ...restart }),
};

export const databaseStoredFields: readonly Field<unknown>[] = [
  text("nsslapd-mode", { default: "600" }),
  integer("nsslapd-import-cachesize", { default: 16_777_216 }),
  text("nsslapd-idl-switch", { default: "new", ...readOnly }),
  onOff("nsslapd-search-bypass-filter-test", { default: "on" }),
  onOff("nsslapd-search-use-vlv-index", { default: "on" }),
  text("nsslapd-exclude-from-export", {
    default: "entrydn entryid dncomp parentid numSubordinates tombstonenumsubordinates entryusn",
    ...readOnly,
  }),
  onOff("nsslapd-serial-lock", { default: "on" }),
  text("nsslapd-subtree-rename-switch", { default: "on", ...readOnly }),
  integer("nsslapd-backend-opt-level", { default: 1, ...readOnly }),
  text("nsslapd-backend-implement", { default: "bdb", ...readOnly }),
];

/** cn=bdb,cn=config,cn=ldbm database,cn=plugins,cn=config: read by `backend config` and `monitor`. */
export const bdbStoredFields: readonly Field<unknown>[] = [
  integer("nsslapd-dbcachesize", { default: 33_554_432 }),
  text("nsslapd-db-logdirectory", { default: (i) => i.databaseFolder, ...restart }),
  onOff("nsslapd-db-durable-transaction", { default: "on" }),
  onOff("nsslapd-db-transaction-wait", { default: "off" }),
  integer("nsslapd-db-checkpoint-interval", { default: 60 }),
  integer("nsslapd-db-compactdb-interval", { default: 2_592_000 }),
  text("nsslapd-db-compactdb-time", { default: "23:59" }),
  integer("nsslapd-db-transaction-batch-val", { default: 0 }),
  integer("nsslapd-db-transaction-batch-min-wait", { default: 50 }),
  integer("nsslapd-db-transaction-batch-max-wait", { default: 50 }),
  integer("nsslapd-db-logbuf-size", { default: 0 }),
  integer("nsslapd-db-locks", { default: 10_000 }),
  onOff("nsslapd-db-private-import-mem", { default: "on" }),
  text("nsslapd-db-home-directory", { default: (i) => i.databaseFolder, ...restart }),
  integer("nsslapd-import-cache-autosize", { min: -1, default: -1 }),
  integer("nsslapd-cache-autosize", { min: -1, max: 100, default: 25 }),
  integer("nsslapd-cache-autosize-split", { max: 100, default: 25 }),
  integer("nsslapd-import-cachesize", { default: 16_777_216 }),
  onOff("nsslapd-search-bypass-filter-test", { default: "on" }),
  onOff("nsslapd-serial-lock", { default: "on" }),
  integer("nsslapd-db-deadlock-policy", { default: 9 }),
  onOff("nsslapd-db-locks-monitoring-enabled", { default: "on" }),
  integer("nsslapd-db-locks-monitoring-threshold", { max: 95, default: 90 }),
  integer("nsslapd-db-locks-monitoring-pause", { default: 500 }),
];

/** cn=NAME,cn=ldbm database,cn=plugins,cn=config */
export const backendFields = {
  suffix: dn("nsslapd-suffix", {
    ...readOnly,
    deleteRefused: "unwillingToPerform",
    deleteMessage: "Can't change the root suffix of a backend",
  }),
  readOnly: onOff("nsslapd-readonly", { default: "off" }),
  requireIndex: onOff("nsslapd-require-index", { default: "off" }),
  requireInternalIndex: onOff("nsslapd-require-internalop-index", { default: "off" }),
};

export const backendStoredFields: readonly Field<unknown>[] = [
  integer("nsslapd-cachesize", { min: -1, default: -1 }),
  integer("nsslapd-cachememsize", { default: 512_000 }),
  integer("nsslapd-dncachememsize", { default: 16_777_216 }),
];

/** cn=ATTRIBUTE,cn=index,cn=NAME,cn=ldbm database,cn=plugins,cn=config */
export const indexFields = {
  types: texts("nsIndexType"),
  matchingRules: texts("nsMatchingRule"),
  idListLimits: texts("nsIndexIDListScanLimit"),
  system: text("nsSystemIndex", { default: "false" }),
};
