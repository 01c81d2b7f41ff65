// Attributes of cn=config that are accepted, stored and shown because tools read and write them, but that steer nothing
// here: rotation of log files that are left to the system's log rotation, features that do not exist, tuning of 389's internals.
import { type Field, type FieldOptions, dn, fieldsInStyle, text } from "./field.ts";
import { ROTATION_UNITS, SERVER_STYLE } from "./server-fields.ts";

const { integer, onOff, choice } = fieldsInStyle(SERVER_STYLE);

const kept = { deleteRefused: "unwillingToPerform" } as const;
const readOnly = { change: "readOnly" } as const;

/** Version of 389 whose behaviour is offered; tools parse what follows the slash. */
export const COMPATIBLE_VERSION = "389-Directory/2.3.1";

const pathFields: readonly Field<unknown>[] = [
  text("nsslapd-versionstring", { default: COMPATIBLE_VERSION, ...readOnly }),
  dn("nsslapd-config", { default: "cn=config", ...readOnly }),
  text("nsslapd-localuser", { default: (i) => i.userName }),
  text("nsslapd-instancedir", { default: (i) => i.configFolder, ...kept }),
  text("nsslapd-schemadir", { default: (i) => i.schemaFolder }),
  text("nsslapd-certdir", { default: (i) => i.configFolder }),
  text("nsslapd-lockdir", { default: (i) => i.lockFolder, ...kept }),
  text("nsslapd-tmpdir", { default: "/tmp", ...kept }),
  text("nsslapd-rundir", { default: (i) => i.runFolder, ...kept }),
  text("nsslapd-workingdir", { default: (i) => i.logFolder, change: "restart" }),
  text("nsslapd-saslpath", { default: "" }),
  text("nsslapd-auditfaillog", { default: (i) => `${i.logFolder}/audit` }),
  text("nsslapd-securitylog", { default: (i) => `${i.logFolder}/security` }),
];

const switches: readonly (readonly [name: string, value: "on" | "off", options?: FieldOptions])[] =
  [
    ["nsslapd-ldapimaptoentries", "off"],
    ["nsslapd-force-sasl-external", "off"],
    ["nsslapd-sasl-mapping-fallback", "off"],
    ["nsslapd-enable-ldapssotoken", "off"],
    ["nsslapd-return-exact-case", "on", { change: "restart" }],
    ["nsslapd-ignore-virtual-attrs", "on"],
    ["nsslapd-entryusn-global", "off"],
    ["nsslapd-dynamic-plugins", "off"],
    ["nsslapd-auditfaillog-logging-enabled", "off"],
    ["nsslapd-securitylog-logging-enabled", "on"],
    ["nsslapd-securitylog-logbuffering", "on"],
    ["nsslapd-auditlog-logging-hide-unhashed-pw", "on"],
    ["nsslapd-auditfaillog-logging-hide-unhashed-pw", "on"],
    ["nsslapd-logging-hr-timestamps-enabled", "on"],
    ["nsslapd-disk-monitoring", "off"],
    ["nsslapd-disk-monitoring-readonly-on-threshold", "off"],
    ["nsslapd-disk-monitoring-logging-critical", "off"],
    ["nsslapd-counters", "on"],
    ["nsslapd-attribute-name-exceptions", "off"],
    ["nsslapd-cn-uses-dn-syntax-in-dns", "off"],
    ["nsslapd-connection-nocanon", "on"],
    ["nsslapd-ds4-compatible-schema", "off"],
    ["nsslapd-enable-nunc-stans", "off"],
    ["nsslapd-enable-turbo-mode", "on"],
    ["nsslapd-enquote-sup-oc", "off"],
    ["nsslapd-external-libs-debug-enabled", "off"],
    ["nsslapd-extract-pemfiles", "on"],
    ["nsslapd-global-backend-lock", "off"],
    ["nsslapd-hash-filters", "off"],
    ["nsslapd-nagle", "off"],
    ["nsslapd-ndn-cache-enabled", "on"],
    ["nsslapd-plugin-logging", "off"],
    ["nsslapd-result-tweak", "off"],
    ["nsslapd-return-original-entrydn", "on"],
    ["nsslapd-rewrite-rfc1274", "off"],
    ["nsslapd-schema-ignore-trailing-spaces", "off", { change: "restart" }],
    ["nsslapd-search-return-original-type-switch", "off"],
    ["nsslapd-targetfilter-cache", "on"],
  ];

const numbers: readonly (readonly [
  name: string,
  value: number,
  options?: FieldOptions & { min?: number },
])[] = [
  ["nsslapd-maxsasliosize", 2_097_152, { min: -1 }],
  ["nsslapd-threadnumber", 16, { min: -1 }],
  ["nsslapd-maxdescriptors", 20_000, { change: "restart", min: 1 }],
  ["nsslapd-reservedescriptors", 64, { min: 1 }],
  ["nsslapd-securitylog-level", 256],
  ["nsslapd-statlog-level", 0, kept],
  ["nsslapd-disk-monitoring-threshold", 2_097_152, { min: 4096 }],
  ["nsslapd-disk-monitoring-grace-period", 60],
  ["nsslapd-snmp-index", 0],
  ["nsslapd-connection-buffer", 1],
  ["nsslapd-entryusn-import-initval", 0],
  ["nsslapd-groupevalnestlevel", 0],
  ["nsslapd-ldapssotoken-ttl-secs", 3600],
  ["nsslapd-malloc-mmap-threshold", -10, { min: -10 }],
  ["nsslapd-malloc-mxfast", -10, { min: -10 }],
  ["nsslapd-malloc-trim-threshold", -10, { min: -10 }],
  ["nsslapd-ndn-cache-max-size", 20_971_520],
  ["nsslapd-sasl-max-buffer-size", 2_097_152],
];

const otherFields: readonly Field<unknown>[] = [
  choice("nsslapd-validate-cert", ["warn", "on", "off"], { default: "warn" }),
  choice("nsslapd-tls-check-crl", ["none", "peer", "all"], { default: "none" }),
  choice("nsslapd-unhashed-pw-switch", ["off", "nolog", "on"], { default: "off" }),
  text("nsslapd-auditlog-display-attrs", { default: "" }),
  dn("nsslapd-certmap-basedn", { default: "" }),
  dn("nsslapd-ldapidnmappingbase", { default: "cn=auto_bind,cn=config" }),
  dn("nsslapd-ldapientrysearchbase", { default: "dc=example,dc=com" }),
  text("nsslapd-ldapigidnumbertype", { default: "gidNumber" }),
  text("nsslapd-ldapiuidnumbertype", { default: "uidNumber" }),
  text("nsslapd-logging-backend", { default: "dirsrv-log" }),
  text("nsslapd-svrtab", { default: "" }),
];

interface LogDefaults {
  readonly name: "accesslog" | "errorlog" | "auditlog" | "auditfaillog" | "securitylog";
  readonly files: number;
  readonly diskMib: number;
  readonly rotationUnit: "day" | "week";
  readonly compress: "on" | "off";
}

const LOGS: readonly LogDefaults[] = [
  { name: "accesslog", files: 10, diskMib: 500, rotationUnit: "day", compress: "off" },
  { name: "errorlog", files: 2, diskMib: 100, rotationUnit: "week", compress: "off" },
  { name: "auditlog", files: 2, diskMib: 100, rotationUnit: "week", compress: "off" },
  { name: "auditfaillog", files: 2, diskMib: 100, rotationUnit: "week", compress: "off" },
  { name: "securitylog", files: 10, diskMib: 500, rotationUnit: "week", compress: "on" },
];

/** Logs whose size, age and number of files have an effect (server-fields.ts). */
const ROTATED_HERE: ReadonlySet<LogDefaults["name"]> = new Set(["accesslog", "auditlog"]);

function rotationFields(log: LogDefaults): readonly Field<unknown>[] {
  const name = (suffix: string): string => `nsslapd-${log.name}-${suffix}`;
  const number = (suffix: string, value: number): Field<unknown> =>
    integer(name(suffix), { min: -1, default: value });
  const limits = [
    text(name("mode"), { default: "600" }),
    number("maxlogsize", 100),
    number("maxlogsperdir", log.files),
    number("logrotationtime", 1),
    choice(name("logrotationtimeunit"), ROTATION_UNITS, { default: log.rotationUnit }),
  ];
  return [
    ...(ROTATED_HERE.has(log.name) ? [] : limits),
    onOff(name("logrotationsync-enabled"), { default: "off" }),
    number("logrotationsynchour", 0),
    number("logrotationsyncmin", 0),
    number("logmaxdiskspace", log.diskMib),
    number("logexpirationtime", 1),
    choice(name("logexpirationtimeunit"), ROTATION_UNITS, { default: "month" }),
    number("logminfreediskspace", 5),
    onOff(name("compress"), { default: log.compress }),
    // 389: a write of the list of rotated files is ignored with success.
    text(name("list"), { default: "", change: "computed", ...kept }),
  ];
}

/** All of them, in the order in which they are shown. */
export const serverStoredFields: readonly Field<unknown>[] = [
  ...pathFields,
  ...switches.map(([name, value, options]) => onOff(name, { default: value, ...options })),
  ...numbers.map(([name, value, options]) => integer(name, { default: value, ...options })),
  ...otherFields,
  ...LOGS.flatMap(rotationFields),
];
