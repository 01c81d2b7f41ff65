// Settings of the entry cn=config that the server acts on. Attributes that are only stored and shown are in
// server-stored-fields.ts, the global password policy is in password-policy-fields.ts.
import { type RefusalStyle, dn, fieldsInStyle, text, texts } from "./field.ts";

const INT64_TEXT = "9223372036854775807";
const INT64 = Number.MAX_SAFE_INTEGER;

const rangeEnd = (max: number): string => (max === INT64 ? INT64_TEXT : String(max));

const quoted = (words: readonly string[]): string =>
  words.length === 2
    ? `"${words[0]}" or "${words[1]}"`
    : `${words
        .slice(0, -1)
        .map((word) => `"${word}"`)
        .join(", ")} or "${words.at(-1)}"`;

/** 389: libglobs.c, log.c. */
export const SERVER_STYLE: RefusalStyle = {
  integer: (name, value, { min, max }) =>
    `${name}: "${value}" is invalid, value must range from ${min} to ${rangeEnd(max)}`,
  word: (name, value, words) =>
    `${name}: invalid value "${value}". Valid values are ${quoted(words)}.`,
};

const { integer, onOff, choice } = fieldsInStyle(SERVER_STYLE);

const kept = { deleteRefused: "unwillingToPerform" } as const;

export const PASSWORD_SCHEMES = [
  "CLEAR",
  "CRYPT",
  "CRYPT-MD5",
  "CRYPT-SHA256",
  "CRYPT-SHA512",
  "GOST_YESCRYPT",
  "MD5",
  "PBKDF2",
  "PBKDF2-SHA1",
  "PBKDF2-SHA256",
  "PBKDF2-SHA512",
  "PBKDF2_SHA256",
  "SHA",
  "SHA256",
  "SHA384",
  "SHA512",
  "SMD5",
  "SSHA",
  "SSHA256",
  "SSHA384",
  "SSHA512",
] as const;

const identityFields = {
  port: integer("nsslapd-port", { max: 65_535, default: (i) => String(i.port), change: "restart" }),
  securePort: integer("nsslapd-securePort", {
    max: 65_535,
    default: (i) => String(i.securePort),
    change: "restart",
  }),
  listenHost: text("nsslapd-listenhost", { default: "", change: "restart" }),
  secureListenHost: text("nsslapd-securelistenhost", { default: "", change: "restart" }),
  hostName: text("nsslapd-localhost", { default: (i) => i.hostName }),
  tlsEnabled: onOff("nsslapd-security", { default: "off", change: "restart" }),
  rootDn: dn("nsslapd-rootdn", { default: (i) => i.rootDn }),
  rootPassword: text("nsslapd-rootpw", kept),
  rootPasswordScheme: choice("nsslapd-rootpwstoragescheme", PASSWORD_SCHEMES, {
    default: "PBKDF2-SHA512",
    ...kept,
    deleteMessage: "nsslapd-rootpwstoragescheme: deleting the value is not allowed",
  }),
  defaultNamingContext: dn("nsslapd-defaultnamingcontext", { default: "", ...kept }),
  ldifFolder: text("nsslapd-ldifdir", { default: (i) => i.ldifFolder, ...kept }),
  backupFolder: text("nsslapd-bakdir", { default: (i) => i.backupFolder, ...kept }),
  socketFile: text("nsslapd-ldapifilepath", { default: (i) => i.socketFile, change: "restart" }),
  socketEnabled: onOff("nsslapd-ldapilisten", { default: "on", change: "restart" }),
  socketAutobind: onOff("nsslapd-ldapiautobind", { default: "on" }),
  /** Our own: processes that serve reads; 0 = the main process alone. */
  frontEndProcesses: integer("concordFrontEndProcesses", {
    max: 64,
    default: 0,
    change: "restart",
  }),
  socketRootDn: dn("nsslapd-ldapimaprootdn", { default: (i) => i.rootDn }),
};

const limitFields = {
  /** Entries; −1 = no limit. */
  sizeLimitEntries: integer("nsslapd-sizelimit", { min: -1, max: INT64, default: 2000 }),
  /** −1 = no limit. */
  timeLimitSec: integer("nsslapd-timelimit", { min: -1, max: INT64, default: 3600 }),
  /** 0 = `sizeLimitEntries` counts. */
  pagedSizeLimitEntries: integer("nsslapd-pagedsizelimit", { min: -1, max: INT64, default: 0 }),
  /** 0 = for ever. */
  idleTimeoutSec: integer("nsslapd-idletimeout", { max: INT64, default: 3600 }),
  ioBlockTimeoutMs: integer("nsslapd-ioblocktimeout", { max: INT64, default: 10_000 }),
  /** Largest message that is read; 0 = the built-in bound. */
  messageBytesMax: integer("nsslapd-maxbersize", { default: 2_097_152 }),
  filterDepthMax: integer("nsslapd-max-filter-nest-level", { default: 40 }),
  operationsPerConnectionMax: integer("nsslapd-maxthreadsperconn", {
    min: 1,
    max: 65_535,
    default: 5,
  }),
  /** −1 = no limit. */
  pagedSearchesPerConnectionMax: integer("nsslapd-maxsimplepaged-per-conn", {
    min: -1,
    default: -1,
  }),
  anonymousLimitsDn: dn("nsslapd-anonlimitsdn", { default: "" }),
  outboundTimeoutMs: integer("nsslapd-outbound-ldap-io-timeout", { default: 300_000 }),
  listenBacklogConnections: integer("nsslapd-listen-backlog-size", {
    default: 128,
    change: "restart",
  }),
  tcpKeepAliveSec: integer("nsslapd-tcp-keepalive-time", { default: 300 }),
  tcpFinTimeoutSec: integer("nsslapd-tcp-fin-timeout", { default: 30 }),
};

const securityFields = {
  anonymousAccess: choice("nsslapd-allow-anonymous-access", ["on", "off", "rootdse"], {
    default: "on",
  }),
  unauthenticatedBinds: onOff("nsslapd-allow-unauthenticated-binds", { default: "off" }),
  requireSecureBinds: onOff("nsslapd-require-secure-binds", { default: "off" }),
  minSsf: integer("nsslapd-minssf", { default: 0 }),
  minSsfExcludesRootDse: onOff("nsslapd-minssf-exclude-rootdse", { default: "off" }),
  socketSsf: integer("nsslapd-localssf", { default: 71 }),
  accessControl: onOff("nsslapd-accesscontrol", { default: "on" }),
  readOnly: onOff("nsslapd-readonly", { default: "off" }),
  clientCertificates: choice("nsslapd-SSLclientAuth", ["allowed", "off", "required"], {
    default: "allowed",
    change: "restart",
  }),
  checkPeerHostName: onOff("nsslapd-ssl-check-hostname", { default: "on" }),
  saslMechanisms: text("nsslapd-allowed-sasl-mechanisms", { default: "" }),
  moddnAci: onOff("nsslapd-moddn-aci", { default: "on" }),
  trackBindDn: onOff("nsslapd-plugin-binddn-tracking", { default: "off" }),
};

const dataFields = {
  checkSchema: onOff("nsslapd-schemacheck", { default: "on" }),
  checkSyntax: onOff("nsslapd-syntaxcheck", { default: "on" }),
  logSyntax: onOff("nsslapd-syntaxlogging", { default: "off" }),
  strictDns: onOff("nsslapd-dn-validate-strict", { default: "off" }),
  schemaChanges: onOff("nsslapd-schemamod", { default: "on" }),
  schemaReplace: choice("nsslapd-schemareplace", ["replication-only", "on", "off"], {
    default: "replication-only",
  }),
  lastModified: onOff("nsslapd-lastmod", { default: "on" }),
  verifyFilters: choice(
    "nsslapd-verify-filter-schema",
    ["process-safe", "reject-invalid", "warn-invalid", "off"],
    { default: "process-safe" },
  ),
  ignoreTimeSkew: onOff("nsslapd-ignore-time-skew", { default: "off" }),
  localPasswordPolicies: onOff("nsslapd-pwpolicy-local", { default: "off" }),
  inheritPasswordPolicy: onOff("nsslapd-pwpolicy-inherit-global", { default: "off" }),
  hashedPasswords: onOff("nsslapd-allow-hashed-passwords", { default: "off" }),
  upgradeHashes: onOff("nsslapd-enable-upgrade-hash", { default: "on" }),
  referralMode: texts("nsslapd-referralmode", { default: "" }),
};

export const ROTATION_UNITS = ["month", "week", "day", "hour", "minute"] as const;

/** Logs that are rotated here; the settings of the others are stored and shown (server-stored-fields.ts). */
const accessLogFields = {
  accessLogFile: text("nsslapd-accesslog", { default: (i) => `${i.logFolder}/access` }),
  accessLog: onOff("nsslapd-accesslog-logging-enabled", { default: "on" }),
  accessLogLevel: integer("nsslapd-accesslog-level", { max: INT64, default: 256 }),
  accessLogBuffering: onOff("nsslapd-accesslog-logbuffering", { default: "on" }),
  /** 389 knows this since 3.1. */
  accessLogFormat: choice("nsslapd-accesslog-log-format", ["default", "json"], {
    default: "default",
  }),
  /** Octal permissions. */
  accessLogMode: text("nsslapd-accesslog-mode", { default: "600" }),
  /** −1 = no rotation by size. */
  accessLogMibMax: integer("nsslapd-accesslog-maxlogsize", { min: -1, default: 100 }),
  accessLogFilesMax: integer("nsslapd-accesslog-maxlogsperdir", { min: 1, default: 10 }),
  /** In `accessLogRotationUnit`; −1 = no rotation by age. */
  accessLogRotationTime: integer("nsslapd-accesslog-logrotationtime", { min: -1, default: 1 }),
  accessLogRotationUnit: choice("nsslapd-accesslog-logrotationtimeunit", ROTATION_UNITS, {
    default: "day",
  }),
};

const auditLogFields = {
  auditLogFile: text("nsslapd-auditlog", { default: (i) => `${i.logFolder}/audit` }),
  auditLog: onOff("nsslapd-auditlog-logging-enabled", { default: "off" }),
  auditLogMode: text("nsslapd-auditlog-mode", { default: "600" }),
  auditLogMibMax: integer("nsslapd-auditlog-maxlogsize", { min: -1, default: 100 }),
  auditLogFilesMax: integer("nsslapd-auditlog-maxlogsperdir", { min: 1, default: 2 }),
  auditLogRotationTime: integer("nsslapd-auditlog-logrotationtime", { min: -1, default: 1 }),
  auditLogRotationUnit: choice("nsslapd-auditlog-logrotationtimeunit", ROTATION_UNITS, {
    default: "week",
  }),
};

const logFields = {
  ...accessLogFields,
  ...auditLogFields,
  errorLogFile: text("nsslapd-errorlog", { default: (i) => `${i.logFolder}/errors` }),
  errorLog: onOff("nsslapd-errorlog-logging-enabled", { default: "on" }),
  errorLogLevel: integer("nsslapd-errorlog-level", { max: INT64, default: 16_384 }),
  logCsn: onOff("nsslapd-csnlogging", { default: "on" }),
};

export const serverFields = {
  ...identityFields,
  ...limitFields,
  ...securityFields,
  ...dataFields,
  ...logFields,
};
