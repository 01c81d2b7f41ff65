// Entries below cn=plugins,cn=config of a new server: the names that tools look for. Behind a plug-in that is `on` stands a
// feature of this server that is always there; one that is `off` can be switched on when its name is in this table.
import type { TextAttribute } from "./config-entry.ts";
import { COMPATIBLE_VERSION } from "./fields/server-stored-fields.ts";

interface PluginDefaults {
  readonly name: string;
  readonly path: string;
  readonly init: string;
  readonly type: string;
  readonly enabled: boolean;
  /** Classes beside top and nsSlapdPlugin. */
  readonly classes?: readonly string[];
  readonly attributes?: readonly TextAttribute[];
}

const DEPENDS_ON_DATABASE: TextAttribute = ["nsslapd-plugin-depends-on-type", "database"];

type Row = readonly [
  name: string,
  path: string,
  init: string,
  type: string,
  enabled: "on" | "off",
  ...attributes: TextAttribute[],
];

const ROWS: readonly Row[] = [
  [
    "7-bit check",
    "libattr-unique-plugin",
    "NS7bitAttr_Init",
    "betxnpreoperation",
    "off",
    ["nsslapd-pluginarg0", "uid"],
    ["nsslapd-pluginarg1", "mail"],
    ["nsslapd-pluginarg2", ","],
  ],
  [
    "Account Policy Plugin",
    "libacctpolicy-plugin",
    "acct_policy_init",
    "object",
    "off",
    ["nsslapd-pluginarg0", "cn=config,cn=Account Policy Plugin,cn=plugins,cn=config"],
  ],
  ["Account Usability Plugin", "libacctusability-plugin", "auc_init", "preoperation", "on"],
  ["ACL Plugin", "libacl-plugin", "acl_init", "accesscontrol", "on"],
  ["ACL preoperation", "libacl-plugin", "acl_preopInit", "preoperation", "on"],
  [
    "attribute uniqueness",
    "libattr-unique-plugin",
    "NSUniqueAttr_Init",
    "betxnpreoperation",
    "off",
    ["uniqueness-attribute-name", "uid"],
    ["uniqueness-subtrees", ""],
    ["uniqueness-across-all-subtrees", "off"],
  ],
  [
    "Auto Membership Plugin",
    "libautomember-plugin",
    "automember_init",
    "betxnpreoperation",
    "on",
    ["autoMemberProcessModifyOps", "on"],
  ],
  ["Bitwise Plugin", "libbitwise-plugin", "bitwise_init", "matchingRule", "on"],
  ["chaining database", "libchainingdb-plugin", "chaining_back_init", "database", "off"],
  [
    "Class of Service",
    "libcos-plugin",
    "cos_init",
    "object",
    "on",
    ["nsslapd-plugin-depends-on-named", "State Change Plugin", "Views"],
  ],
  [
    "Content Synchronization",
    "libcontentsync-plugin",
    "sync_init",
    "object",
    "off",
    ["nsslapd-pluginbetxn", "on"],
    ["nsslapd-plugin-depends-on-named", "Retro Changelog Plugin"],
  ],
  ["deref", "libderef-plugin", "deref_init", "preoperation", "on"],
  ["Distributed Numeric Assignment Plugin", "libdna-plugin", "dna_init", "bepreoperation", "off"],
  ["entryuuid", "libentryuuid-plugin", "entryuuid_plugin_init", "betxnpreoperation", "on"],
  [
    "Internationalization Plugin",
    "libcollation-plugin",
    "orderingRule_init",
    "matchingRule",
    "off",
  ],
  ["Linked Attributes", "liblinkedattrs-plugin", "linked_attrs_init", "betxnpreoperation", "on"],
  ["Managed Entries", "libmanagedentries-plugin", "mep_init", "betxnpreoperation", "on"],
  [
    "MemberOf Plugin",
    "libmemberof-plugin",
    "memberof_postop_init",
    "betxnpostoperation",
    "off",
    ["memberofgroupattr", "member"],
    ["memberofattr", "memberOf"],
  ],
  [
    "Multisupplier Replication Plugin",
    "libreplication-plugin",
    "replication_multisupplier_plugin_init",
    "object",
    "on",
    ["nsslapd-plugin-depends-on-named", "ldbm database", "AES", "Class of Service"],
  ],
  [
    "PAM Pass Through Auth",
    "libpam-passthru-plugin",
    "pam_passthruauth_init",
    "betxnpreoperation",
    "off",
    ["nsslapd-pluginloadglobal", "true"],
    ["pamMissingSuffix", "ALLOW"],
    ["pamExcludeSuffix", "cn=config"],
    ["pamIDMapMethod", "RDN"],
    ["pamIDAttr", "notUsedWithRDNMethod"],
    ["pamFallback", "FALSE"],
    ["pamSecure", "TRUE"],
    ["pamService", "ldapserver"],
  ],
  ["Pass Through Authentication", "libpassthru-plugin", "passthruauth_init", "preoperation", "off"],
  [
    "Posix Winsync API",
    "libposix-winsync-plugin",
    "posix_winsync_plugin_init",
    "preoperation",
    "off",
    ["nsslapd-pluginprecedence", "25"],
  ],
  [
    "referential integrity postoperation",
    "libreferint-plugin",
    "referint_postop_init",
    "betxnpostoperation",
    "off",
    ["nsslapd-pluginprecedence", "40"],
    ["referint-update-delay", "0"],
    ["referint-membership-attr", "member", "uniquemember", "owner", "seeAlso"],
  ],
  [
    "Retro Changelog Plugin",
    "libretrocl-plugin",
    "retrocl_plugin_init",
    "object",
    "off",
    ["nsslapd-pluginbetxn", "on"],
    ["nsslapd-pluginprecedence", "25"],
    ["nsslapd-plugin-depends-on-named", "Class of Service"],
  ],
  [
    "Roles Plugin",
    "libroles-plugin",
    "roles_init",
    "object",
    "on",
    ["nsslapd-pluginbetxn", "on"],
    ["nsslapd-plugin-depends-on-named", "State Change Plugin", "Views"],
  ],
  [
    "RootDN Access Control",
    "librootdn-access-plugin",
    "rootdn_init",
    "internalpreoperation",
    "off",
  ],
  ["Schema Reload", "libschemareload-plugin", "schemareload_init", "object", "on"],
  ["State Change Plugin", "libstatechange-plugin", "statechange_init", "betxnpostoperation", "on"],
  ["Syntax Validation Task", "libsyntax-plugin", "syntax_validate_task_init", "object", "on"],
  ["USN", "libusn-plugin", "usn_init", "object", "off", ["nsslapd-pluginbetxn", "on"]],
  ["Views", "libviews-plugin", "views_init", "object", "on"],
  ["whoami", "libwhoami-plugin", "whoami_init", "extendedop", "on"],
];

/** Name of the entry and of the start function. */
const SYNTAXES: readonly (readonly [name: string, init: string])[] = [
  ["Binary Syntax", "bin_init"],
  ["Bit String Syntax", "bitstring_init"],
  ["Boolean Syntax", "boolean_init"],
  ["Case Exact String Syntax", "ces_init"],
  ["Case Ignore String Syntax", "cis_init"],
  ["Country String Syntax", "country_init"],
  ["Delivery Method Syntax", "delivery_init"],
  ["Distinguished Name Syntax", "dn_init"],
  ["Enhanced Guide Syntax", "enhancedguide_init"],
  ["entryuuid_syntax", "entryuuid_syntax_plugin_init"],
  ["Facsimile Telephone Number Syntax", "facsimile_init"],
  ["Fax Syntax", "fax_init"],
  ["Generalized Time Syntax", "time_init"],
  ["Guide Syntax", "guide_init"],
  ["Integer Syntax", "int_init"],
  ["JPEG Syntax", "jpeg_init"],
  ["Name And Optional UID Syntax", "nameoptuid_init"],
  ["Numeric String Syntax", "numstr_init"],
  ["Octet String Syntax", "octetstring_init"],
  ["OID Syntax", "oid_init"],
  ["Postal Address Syntax", "postal_init"],
  ["Printable String Syntax", "printable_init"],
  ["Space Insensitive String Syntax", "sicis_init"],
  ["Telephone Syntax", "tel_init"],
  ["Teletex Terminal Identifier Syntax", "teletex_init"],
  ["Telex Number Syntax", "telex_init"],
];

const STORAGE_SCHEMES = [
  "AES",
  "CLEAR",
  "CRYPT",
  "CRYPT-MD5",
  "CRYPT-SHA256",
  "CRYPT-SHA512",
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
];

function pluginAttributes(plugin: PluginDefaults): readonly TextAttribute[] {
  return [
    ["objectClass", "top", "nsSlapdPlugin", ...(plugin.classes ?? ["extensibleObject"])],
    ["cn", plugin.name],
    ["nsslapd-pluginPath", plugin.path],
    ["nsslapd-pluginInitfunc", plugin.init],
    ["nsslapd-pluginType", plugin.type],
    ["nsslapd-pluginEnabled", plugin.enabled ? "on" : "off"],
    ["nsslapd-pluginId", plugin.name.toLowerCase().replaceAll(" ", "-")],
    ["nsslapd-pluginVersion", COMPATIBLE_VERSION.slice(COMPATIBLE_VERSION.indexOf("/") + 1)],
    ["nsslapd-pluginVendor", "Concord"],
    ["nsslapd-pluginDescription", `built-in: ${plugin.name}`],
    ...(plugin.attributes ?? []),
  ];
}

const CONTAINERS = new Set([
  "deref",
  "Distributed Numeric Assignment Plugin",
  "Linked Attributes",
  "Managed Entries",
]);

const plugins: readonly PluginDefaults[] = [
  ...ROWS.map(
    ([name, path, init, type, enabled, ...attributes]): PluginDefaults => ({
      name,
      path,
      init,
      type,
      enabled: enabled === "on",
      classes: CONTAINERS.has(name) ? ["extensibleObject", "nsContainer"] : ["extensibleObject"],
      attributes: [DEPENDS_ON_DATABASE, ...attributes],
    }),
  ),
  ...SYNTAXES.map(
    ([name, init]): PluginDefaults => ({
      name,
      path: "libsyntax-plugin",
      init,
      type: "syntax",
      enabled: true,
    }),
  ),
];

/** Names of plug-ins that may be switched on, in lower case. */
export const KNOWN_PLUGINS: ReadonlySet<string> = new Set(
  [...plugins.map((plugin) => plugin.name), ...STORAGE_SCHEMES, "ldbm database"].map((name) =>
    name.toLowerCase(),
  ),
);

/** DN (below cn=config) and attributes of every plug-in entry, parents first. */
export function defaultPlugins(): readonly (readonly [dn: string, readonly TextAttribute[]])[] {
  const schemes = "cn=Password Storage Schemes,cn=plugins,cn=config";
  return [
    ...plugins.map(
      (plugin) => [`cn=${plugin.name},cn=plugins,cn=config`, pluginAttributes(plugin)] as const,
    ),
    [
      schemes,
      [
        ["objectClass", "top", "nsContainer"],
        ["cn", "Password Storage Schemes"],
      ],
    ],
    ...STORAGE_SCHEMES.map((name): readonly [string, readonly TextAttribute[]] => [
      `cn=${name},${schemes}`,
      pluginAttributes({
        name,
        path: "libpwdstorage-plugin",
        init: `${name.toLowerCase().replaceAll("-", "_")}_pwd_storage_scheme_init`,
        type: name === "AES" ? "reverpwdstoragescheme" : "pwdstoragescheme",
        enabled: true,
      }),
    ]),
    [
      "cn=config,cn=Account Policy Plugin,cn=plugins,cn=config",
      [
        ["objectClass", "top", "extensibleObject"],
        ["cn", "config"],
        ["alwaysrecordlogin", "no"],
      ],
    ],
  ];
}
