// Indexes that every new backend gets: a copy of cn=default indexes,cn=config,cn=ldbm database,… plus the system indexes
// below that are not listed there (389: ldbm_instance_config.c).
import type { TextAttribute } from "./config-entry.ts";

interface DefaultIndex {
  readonly attribute: string;
  readonly types: readonly string[];
  readonly system: boolean;
  readonly matchingRule?: string;
}

const index = (attribute: string, ...types: string[]): DefaultIndex => ({
  attribute,
  types,
  system: false,
});
const systemIndex = (attribute: string, ...types: string[]): DefaultIndex => ({
  attribute,
  types,
  system: true,
});

/** Entries of cn=default indexes on a new server. */
export const DEFAULT_INDEXES: readonly DefaultIndex[] = [
  systemIndex("aci", "pres"),
  index("cn", "pres", "eq", "sub"),
  { ...systemIndex("entryusn", "eq"), matchingRule: "integerOrderingMatch" },
  index("entryUUID", "eq", "pres"),
  index("gidnumber", "eq"),
  index("givenName", "pres", "eq", "sub"),
  index("mail", "pres", "eq", "sub"),
  index("mailAlternateAddress", "eq"),
  index("mailHost", "eq"),
  index("member", "eq"),
  index("memberOf", "eq"),
  index("memberuid", "eq"),
  index("nsCertSubjectDN", "eq"),
  systemIndex("nsTombstoneCSN", "eq"),
  systemIndex("nsUniqueId", "eq"),
  index("ntUniqueId", "eq"),
  index("ntUserDomainId", "eq"),
  systemIndex("numsubordinates", "pres"),
  systemIndex("objectclass", "eq"),
  index("owner", "eq"),
  { ...systemIndex("parentid", "eq"), matchingRule: "integerOrderingMatch" },
  index("seeAlso", "eq"),
  index("sn", "pres", "eq", "sub"),
  systemIndex("targetuniqueid", "eq"),
  index("telephoneNumber", "pres", "eq", "sub"),
  index("uid", "eq"),
  index("uidnumber", "eq"),
  index("uniquemember", "eq"),
];

/** Made in every backend whatever cn=default indexes says: the server itself needs them. */
export const SYSTEM_INDEXES: readonly DefaultIndex[] = [
  systemIndex("entryrdn", "subtree"),
  systemIndex("nscpEntryDN", "eq"),
  systemIndex("nsds5ReplConflict", "eq", "pres"),
  systemIndex("nsuniqueid", "eq"),
  systemIndex("numsubordinates", "pres"),
  systemIndex("objectclass", "eq"),
  { ...systemIndex("parentid", "eq"), matchingRule: "integerOrderingMatch" },
  systemIndex("nsTombstoneCSN", "eq"),
];

/** The attributes of an index entry. */
export function indexAttributes(given: DefaultIndex): readonly TextAttribute[] {
  return [
    ["objectClass", "top", "nsIndex"],
    ["cn", given.attribute],
    ["nsSystemIndex", given.system ? "true" : "false"],
    ["nsIndexType", ...given.types],
    ...(given.matchingRule === undefined ? [] : [["nsMatchingRule", given.matchingRule] as const]),
  ];
}
