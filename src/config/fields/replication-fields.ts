// Settings of replicas (cn=replica below a mapping tree entry), agreements (below the replica) and changelogs (below the
// backend). 389: repl5_replica_config.c, repl5_agmt.c, cl5_config.c.
import {
  type Field,
  INT32_MAX,
  type Parsed,
  type RefusalStyle,
  dn,
  dns,
  fieldsInStyle,
  text,
  texts,
} from "./field.ts";

const REPLICATION_STYLE: RefusalStyle = {
  integer: (name, value, { min, max }) =>
    `Attribute ${name} value (${value}) is invalid, must be a number between ${min} and ${max}.`,
  word: (name, value, words) =>
    `Invalid value for ${name}: ${value}  Value should be ${words.map((word) => `"${word}"`).join(" or ")}`,
};

const { integer, onOff } = fieldsInStyle(REPLICATION_STYLE);

const fixed = (name: string) =>
  ({
    change: "readOnly",
    deleteRefused: "unwillingToPerform",
    deleteMessage: `Deletion of ${name} attribute is not allowed`,
  }) as const;
const needed = (name: string) =>
  ({
    deleteRefused: "unwillingToPerform",
    deleteMessage: `Deletion of ${name} attribute is not allowed`,
  }) as const;

/** cn=replica,cn=SUFFIX,cn=mapping tree,cn=config */
export const replicaFields = {
  suffix: dn("nsDS5ReplicaRoot", fixed("nsDS5ReplicaRoot")),
  /** 1 primary, 2 read-only, 3 updatable. */
  type: integer("nsDS5ReplicaType", { min: 1, max: 3, default: 2, ...needed("nsDS5ReplicaType") }),
  replicaId: integer("nsDS5ReplicaId", { min: 1, max: 65_535, ...needed("nsDS5ReplicaId") }),
  /** Bit 0: keeps a changelog. */
  flags: integer("nsDS5Flags", { max: 1, default: 0, ...needed("nsDS5Flags") }),
  bindDns: dns("nsDS5ReplicaBindDN"),
  bindDnGroups: dns("nsDS5ReplicaBindDNGroup"),
  /** −1 = never after the start. */
  bindDnGroupCheckSec: integer("nsDS5ReplicaBindDnGroupCheckInterval", { min: -1, absent: -1 }),
  referrals: texts("nsDS5ReplicaReferral"),
  name: text("nsDS5ReplicaName", fixed("nsDS5ReplicaName")),
  /** ≤ 0 = never purge. */
  purgeDelaySec: integer("nsds5ReplicaPurgeDelay", { min: -1, absent: 604_800 }),
  /** ≤ 0 = never. */
  tombstonePurgeIntervalSec: integer("nsds5ReplicaTombstonePurgeInterval", {
    min: -1,
    absent: 86_400,
  }),
  preciseTombstonePurging: onOff("nsds5ReplicaPreciseTombstonePurging"),
  protocolTimeoutSec: integer("nsds5ReplicaProtocolTimeout", { min: 1, absent: 120 }),
  /** 0 = a session is never asked to make room. */
  releaseTimeoutSec: integer("nsds5ReplicaReleaseTimeout", { absent: 0 }),
  backoffMinSec: integer("nsds5ReplicaBackoffMin", { min: 1, absent: 3 }),
  backoffMaxSec: integer("nsds5ReplicaBackoffMax", { min: 1, absent: 300 }),
  keepAliveIntervalSec: integer("nsds5ReplicaKeepAliveUpdateInterval", { min: 60, absent: 3600 }),
  /** State of cleaning tasks that survive a restart; the server writes, a client may only delete. */
  cleanTasks: texts("nsds5ReplicaCleanRUV"),
  abortTasks: texts("nsds5ReplicaAbortCleanRUV"),
};

/** Taken and shown; what they steered no longer exists in 389 either. */
export const replicaStoredFields: readonly Field<unknown>[] = [
  text("nsDS5ReplicaAutoReferral"),
  text("nsds5ReplicaLegacyConsumer", { change: "readOnly" }),
];

export type Transport = "ldap" | "ldaps" | "startTls";
export type BindMethod = "simple" | "external" | "gssapi" | "digestMd5";

const accept = <T>(value: T): Parsed<T> => ({ ok: true, value });
const refuse = (message: string): Parsed<never> => ({
  ok: false,
  code: "unwillingToPerform",
  message,
});

const TRANSPORTS = new Map<string, Transport>([
  ["ldap", "ldap"],
  ["ssl", "ldaps"],
  ["ldaps", "ldaps"],
  ["tls", "startTls"],
  ["starttls", "startTls"],
]);

function transport(attribute: string, defaultText: string | undefined): Field<Transport> {
  const field = text(attribute, defaultText === undefined ? {} : { default: defaultText });
  return {
    ...field,
    absent: "ldap",
    parse(value) {
      const known = TRANSPORTS.get(value.toLowerCase());
      return known === undefined
        ? refuse(
            `Invalid value for ${attribute}: ${value}  Value should be LDAP, LDAPS or StartTLS`,
          )
        : accept(known);
    },
  };
}

const METHODS = new Map<string, BindMethod>([
  ["simple", "simple"],
  ["sslclientauth", "external"],
  ["external", "external"],
  ["sasl/external", "external"],
  ["sasl/gssapi", "gssapi"],
  ["gssapi", "gssapi"],
  ["sasl/digest-md5", "digestMd5"],
  ["digest-md5", "digestMd5"],
]);

/** 389 takes an unknown method as SIMPLE; here it is refused. */
function bindMethod(attribute: string, methods: readonly BindMethod[]): Field<BindMethod> {
  return {
    ...text(attribute),
    absent: "simple",
    parse(value) {
      const known = METHODS.get(value.toLowerCase());
      return known !== undefined && methods.includes(known)
        ? accept(known)
        : refuse(`Invalid value for ${attribute}: ${value}`);
    },
  };
}

export type MissingChangePolicy = "never" | "once" | "always";

const MISSING_CHANGE = new Map<string, MissingChangePolicy>([
  ["off", "never"],
  ["never", "never"],
  ["on", "once"],
  ["once", "once"],
  ["always", "always"],
]);

const ignoreMissingChange: Field<MissingChangePolicy> = {
  ...text("nsds5ReplicaIgnoreMissingChange"),
  absent: "never",
  parse(value) {
    const known = MISSING_CHANGE.get(value.toLowerCase());
    return known === undefined
      ? refuse(
          `Invalid value for nsds5ReplicaIgnoreMissingChange: ${value}  Value should be "never", "once" or "always"`,
        )
      : accept(known);
  },
};

/** cn=NAME,cn=replica,cn=SUFFIX,cn=mapping tree,cn=config */
export const agreementFields = {
  suffix: dn("nsDS5ReplicaRoot", fixed("nsDS5ReplicaRoot")),
  description: text("description"),
  host: text("nsDS5ReplicaHost", needed("nsDS5ReplicaHost")),
  port: integer("nsDS5ReplicaPort", { min: 1, max: 65_535, ...needed("nsDS5ReplicaPort") }),
  transport: transport("nsDS5ReplicaTransportInfo", undefined),
  bindMethod: bindMethod("nsDS5ReplicaBindMethod", ["simple", "external", "gssapi", "digestMd5"]),
  bindDn: dn("nsDS5ReplicaBindDN"),
  /** Sealed; the rim opens it. */
  credentials: text("nsDS5ReplicaCredentials"),
  bootstrapBindDn: dn("nsDS5ReplicaBootstrapBindDN"),
  bootstrapCredentials: text("nsDS5ReplicaBootstrapCredentials"),
  bootstrapBindMethod: bindMethod("nsDS5ReplicaBootstrapBindMethod", ["simple", "external"]),
  bootstrapTransport: transport("nsDS5ReplicaBootstrapTransportInfo", undefined),
  attributeList: text("nsDS5ReplicatedAttributeList"),
  attributeListTotal: text("nsDS5ReplicatedAttributeListTotal"),
  stripAttributes: text("nsds5ReplicaStripAttrs"),
  schedule: texts("nsds5ReplicaUpdateSchedule"),
  timeoutSec: integer("nsds5ReplicaTimeout", { absent: 120 }),
  /** 0 = that of the replica. */
  protocolTimeoutSec: integer("nsds5ReplicaProtocolTimeout", { min: 0, absent: 0 }),
  busyWaitSec: integer("nsds5ReplicaBusyWaitTime", { absent: 0 }),
  sessionPauseSec: integer("nsds5ReplicaSessionPauseTime", { absent: 0 }),
  flowControlWindowChanges: integer("nsds5ReplicaFlowControlWindow", { absent: 1000 }),
  flowControlPauseMs: integer("nsds5ReplicaFlowControlPause", { absent: 2000 }),
  waitForResultsMs: integer("nsDS5ReplicaWaitForAsyncResults", { min: -1, absent: 100 }),
  ignoreMissingChange,
  enabled: { ...onOff("nsds5ReplicaEnabled"), absent: true },
};

/** Written by the server; only a write by the server itself is taken. */
export const agreementServerAttributes: readonly string[] = [
  "nsds50ruv",
  "nsruvReplicaLastModified",
];

const AGE_SECONDS: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
};
const AGE_TEXT = /^(-1|\d{1,10})\s*([smhdw]?)$/i;

/** Seconds; 0 = no limit. A number without a unit counts in seconds. */
function age(attribute: string): Field<number> {
  return {
    ...text(attribute),
    absent: 0,
    parse(value) {
      const match = AGE_TEXT.exec(value.trim());
      if (match === null)
        return refuse(
          `${attribute}: invalid value "${value}", ${attribute} must be a number with a unit of s, m, h, d or w`,
        );
      const [, digits = "0", unit = ""] = match;
      const seconds = Number(digits) * (AGE_SECONDS[unit.toLowerCase() || "s"] ?? 1);
      return accept(Math.max(0, Math.min(seconds, INT32_MAX)));
    },
  };
}

/** cn=changelog,cn=BACKEND,cn=ldbm database,cn=plugins,cn=config */
export const changelogFields = {
  ageMaxSec: age("nsslapd-changelogmaxage"),
  /** 0 = no limit. */
  changesMax: integer("nsslapd-changelogmaxentries", { absent: 0 }),
  trimIntervalSec: { ...age("nsslapd-changelogtrim-interval"), absent: 300 },
};

export const changelogStoredFields: readonly Field<unknown>[] = [
  text("nsslapd-encryptionalgorithm", { change: "restart" }),
  text("nsSymmetricKey", { change: "readOnly" }),
];
