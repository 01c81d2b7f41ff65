// The entries of a new server, parents first. Only what is set is stored: defaults of cn=config, of the database entries and
// of backends come from the field tables when an entry is read, so that a later version may change them.
import type { TextAttribute } from "./config-entry.ts";
import {
  BDB_CONFIG_DN,
  DATABASE_CONFIG_DN,
  DEFAULT_INDEXES_DN,
  LDBM_DN,
  LDBM_MONITOR_DN,
  LDBM_STATISTICS_DN,
} from "./config-dn.ts";
import { DEFAULT_INDEXES, indexAttributes } from "./default-indexes.ts";
import { defaultPlugins } from "./default-plugins.ts";

export type DefaultEntry = readonly [dn: string, attributes: readonly TextAttribute[]];

const container = (dn: string, name: string): DefaultEntry => [
  dn,
  [
    ["objectClass", "top", "nsContainer"],
    ["cn", name],
  ],
];
const extensible = (dn: string, name: string, ...attributes: TextAttribute[]): DefaultEntry => [
  dn,
  [["objectClass", "top", "extensibleObject"], ["cn", name], ...attributes],
];

/** Names of the containers below cn=tasks,cn=config; the kind of a task is the name of its container. */
export const TASK_CONTAINERS = [
  "abort cleanallruv",
  "automember abort rebuild",
  "automember export updates",
  "automember map updates",
  "automember rebuild membership",
  "backup",
  "cleanallruv",
  "compact db",
  "csngen_test",
  "entryuuid task",
  "export",
  "fixup linked attributes",
  "fixup tombstones",
  "import",
  "index",
  "memberOf task",
  "reload ldapi mappings",
  "restore",
  "schema reload task",
  "syntax validate",
  "sysconfig reload",
  "upgradedb",
  "USN tombstone cleanup task",
] as const;

const ANYONE_READS = (name: string): string =>
  `(targetattr != "aci")(version 3.0; acl "${name}"; allow( read, search ) userdn = "ldap:///all";)`;

const feature = (oid: string, name: string, aci?: string): DefaultEntry => [
  `oid=${oid},cn=features,cn=config`,
  [
    ["objectClass", "top", "directoryServerFeature"],
    ["oid", oid],
    ["cn", name],
    ...(aci === undefined ? [] : [["aci", aci] as const]),
  ],
];

const schemaPolicy = (dn: string, name: string, ...attributes: TextAttribute[]): DefaultEntry => [
  dn,
  [["objectClass", "top", "nsSchemaPolicy"], ["cn", name], ...attributes],
];

/** 389 ships these: definitions that differ between its versions and must not stop the replication of the schema. */
const SCHEMA_ACCEPTED: readonly TextAttribute[] = [
  ["schemaUpdateObjectclassAccept", "printer-uri-oid"],
  ["schemaUpdateAttributeAccept", "2.16.840.1.113730.3.1.2110"],
];

const structure: readonly DefaultEntry[] = [
  [
    "cn=config",
    [
      ["objectClass", "top", "extensibleObject", "nsslapdConfig"],
      ["cn", "config"],
    ],
  ],
  container("cn=auto_bind,cn=config", "auto_bind"),
  [
    "cn=encryption,cn=config",
    [
      ["objectClass", "top", "nsEncryptionConfig"],
      ["cn", "encryption"],
      ["nsSSLSessionTimeout", "0"],
      ["nsSSLClientAuth", "allowed"],
    ],
  ],
  [
    "cn=RSA,cn=encryption,cn=config",
    [
      ["objectClass", "top", "nsEncryptionModule"],
      ["cn", "RSA"],
      ["nsSSLPersonalitySSL", "Server-Cert"],
      ["nsSSLActivation", "on"],
      ["nsSSLToken", "internal (software)"],
    ],
  ],
  container("cn=features,cn=config", "features"),
  container("cn=options,cn=features,cn=config", "options"),
  feature("1.3.6.1.4.1.42.2.27.9.5.8", "Account Usable Request Control"),
  feature("1.3.6.1.4.1.4203.1.9.1.1", "Sync Request Control", ANYONE_READS("Sync Request Control")),
  feature("2.16.840.1.113730.3.4.9", "VLV Request Control", ANYONE_READS("VLV Request Control")),
  feature("2.16.840.1.113730.3.5.7", "Bulk Import"),
  extensible("cn=mapping tree,cn=config", "mapping tree"),
  container("cn=plugins,cn=config", "plugins"),
  container("cn=replication,cn=config", "replication"),
  schemaPolicy("cn=replSchema,cn=config", "replSchema"),
  schemaPolicy(
    "cn=consumerUpdatePolicy,cn=replSchema,cn=config",
    "consumerUpdatePolicy",
    ...SCHEMA_ACCEPTED,
  ),
  schemaPolicy(
    "cn=supplierUpdatePolicy,cn=replSchema,cn=config",
    "supplierUpdatePolicy",
    ...SCHEMA_ACCEPTED,
  ),
  extensible("cn=rewriters,cn=config", "rewriters"),
  container("cn=sasl,cn=config", "sasl"),
  container("cn=mapping,cn=sasl,cn=config", "mapping"),
  [
    "cn=Kerberos uid mapping,cn=mapping,cn=sasl,cn=config",
    [
      ["objectClass", "top", "nsSaslMapping"],
      ["cn", "Kerberos uid mapping"],
      ["nsSaslMapRegexString", "\\(.*\\)@\\(.*\\)\\.\\(.*\\)"],
      ["nsSaslMapBaseDNTemplate", "dc=\\2,dc=\\3"],
      ["nsSaslMapFilterTemplate", "(uid=\\1)"],
    ],
  ],
  [
    "cn=rfc 2829 dn syntax,cn=mapping,cn=sasl,cn=config",
    [
      ["objectClass", "top", "nsSaslMapping"],
      ["cn", "rfc 2829 dn syntax"],
      ["nsSaslMapRegexString", "^dn:\\(.*\\)"],
      ["nsSaslMapBaseDNTemplate", "\\1"],
      ["nsSaslMapFilterTemplate", "(objectclass=*)"],
    ],
  ],
  [
    "cn=SNMP,cn=config",
    [
      ["objectClass", "top", "nsSNMP"],
      ["cn", "SNMP"],
      ["nsSNMPEnabled", "on"],
    ],
  ],
  extensible("cn=tasks,cn=config", "tasks"),
  extensible("cn=uniqueid generator,cn=config", "uniqueid generator"),
];

const storage: readonly DefaultEntry[] = [
  [
    LDBM_DN,
    [
      ["objectClass", "top", "nsSlapdPlugin", "extensibleObject"],
      ["cn", "ldbm database"],
      ["nsslapd-pluginPath", "libback-ldbm"],
      ["nsslapd-pluginInitfunc", "ldbm_back_init"],
      ["nsslapd-pluginType", "database"],
      ["nsslapd-pluginEnabled", "on"],
      ["nsslapd-pluginId", "ldbm-backend"],
      ["nsslapd-pluginVersion", "2.3.1"],
      ["nsslapd-pluginVendor", "Concord"],
      ["nsslapd-pluginDescription", "built-in: LMDB backends"],
    ],
  ],
  extensible(DATABASE_CONFIG_DN, "config"),
  extensible(BDB_CONFIG_DN, "bdb"),
  extensible(LDBM_MONITOR_DN, "monitor"),
  extensible(LDBM_STATISTICS_DN, "database"),
  extensible(DEFAULT_INDEXES_DN, "default indexes"),
];

const chaining: readonly DefaultEntry[] = [
  extensible("cn=config,cn=chaining database,cn=plugins,cn=config", "config"),
  extensible(
    "cn=default instance config,cn=chaining database,cn=plugins,cn=config",
    "default instance config",
  ),
];

/** Every entry of a new server. */
export function defaultEntries(): readonly DefaultEntry[] {
  return [
    ...structure,
    ...storage,
    ...DEFAULT_INDEXES.map(
      (index): DefaultEntry => [
        `cn=${index.attribute},${DEFAULT_INDEXES_DN}`,
        indexAttributes(index),
      ],
    ),
    ...defaultPlugins(),
    ...chaining,
    ...TASK_CONTAINERS.map((name) => extensible(`cn=${name},cn=tasks,cn=config`, name)),
  ];
}

/** The entries without which the server cannot work: added when a stored configuration lacks them. */
export function requiredEntries(): readonly DefaultEntry[] {
  return [
    ...structure.filter(([dn]) => !dn.endsWith(",cn=mapping,cn=sasl,cn=config")),
    ...storage,
    ...TASK_CONTAINERS.map((name) => extensible(`cn=${name},cn=tasks,cn=config`, name)),
  ];
}
