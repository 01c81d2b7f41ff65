// Names of configuration entries. Three texts per DN:
//
//   as received   cn="dc=example,dc=com",cn=mapping tree,cn=config   or with \, \= \2C \3D; blanks and case as they come
//   shown         cn=dc\3Dexample\2Cdc\3Dcom,cn=mapping tree,cn=config   hex escapes, as 389 shows entries of cn=config
//   normal        the schema's normal form: the key of the tree
//
// The shown name of an entry is its own RDN before the shown name of its parent, so that case is that of the ADDs.
import { type Dn, DnSyntaxError, type Rdn, formatDn, parseDn } from "../dn/index.ts";
import { LdapError } from "../protocol/index.ts";
import type { Schema } from "../schema/index.ts";

export const CONFIG_DN = "cn=config";
export const MAPPING_TREE_DN = "cn=mapping tree,cn=config";
export const PLUGINS_DN = "cn=plugins,cn=config";
export const LDBM_DN = "cn=ldbm database,cn=plugins,cn=config";
export const DATABASE_CONFIG_DN = `cn=config,${LDBM_DN}`;
export const BDB_CONFIG_DN = `cn=bdb,${DATABASE_CONFIG_DN}`;
export const DEFAULT_INDEXES_DN = `cn=default indexes,${DATABASE_CONFIG_DN}`;
export const LDBM_MONITOR_DN = `cn=monitor,${LDBM_DN}`;
export const LDBM_STATISTICS_DN = `cn=database,${LDBM_MONITOR_DN}`;
export const TASKS_DN = "cn=tasks,cn=config";
export const ENCRYPTION_DN = "cn=encryption,cn=config";
/** Creator of entries that the server itself makes. */
export const SERVER_DN = "cn=server,cn=plugins,cn=config";

/** A name of an entry, parsed. */
export interface ConfigName {
  readonly parsed: Dn;
  readonly normalDn: string;
  readonly normalParentDn: string;
  readonly rdn: Rdn;
}

/** @throws LdapError invalidDnSyntax */
export function parseConfigName(text: string, schema: Schema): ConfigName {
  const parsed = tidySuffixName(parseOrRefuse(text), schema);
  return {
    parsed,
    normalDn: schema.normalizeDn(parsed),
    normalParentDn: schema.normalizeDn(parsed.slice(1)),
    rdn: parsed[0] ?? [],
  };
}

/** Below the mapping tree the value of an RDN is a suffix: all its spellings are one name. */
export function tidySuffixName(dn: Dn, schema: Schema): Dn {
  const at = dn.length - MAPPING_TREE_RDNS - 1;
  const rdn = dn[at];
  if (rdn === undefined || schema.normalizeDn(dn.slice(at + 1)) !== MAPPING_TREE_DN) return dn;
  const tidied = rdn.map(({ type, value }) => ({
    type,
    value: Buffer.from(tidyDn(value.toString("utf8")), "utf8"),
  }));
  return dn.map((known, index) => (index === at ? tidied : known));
}

const MAPPING_TREE_RDNS = 2;

/** The key of the entry that `normalDn` means when there is none of that very name. */
export function otherSpelling(normalDn: string, schema: Schema): string {
  if (!normalDn.endsWith(`,${MAPPING_TREE_DN}`)) return normalDn;
  const dn = findDn(normalDn);
  return dn === undefined ? normalDn : schema.normalizeDn(tidySuffixName(dn, schema));
}

function parseOrRefuse(text: string): Dn {
  try {
    return parseDn(text);
  } catch (error) {
    if (error instanceof DnSyntaxError) throw new LdapError("invalidDnSyntax", "Invalid DN");
    throw error;
  }
}

/** The DN that `text` stands for, or undefined. */
export function findDn(text: string): Dn | undefined {
  try {
    return parseDn(text);
  } catch (error) {
    if (error instanceof DnSyntaxError) return undefined;
    throw error;
  }
}

/** The normal form of a DN that is the value of a setting, or undefined when it is none. */
export function findNormalDn(text: string, schema: Schema): string | undefined {
  const dn = findDn(text);
  return dn === undefined ? undefined : schema.normalizeDn(dn);
}

/** The DN without superfluous blanks and escapes, its case kept; `text` itself when it is no DN. */
export function tidyDn(text: string): string {
  const dn = findDn(text);
  return dn === undefined ? text : formatDn(dn);
}

const HEX_ESCAPED = new Set('"+,;<=>\\#'.split(""));

function hexEscape(value: string): string {
  let out = "";
  for (const char of value) {
    out += HEX_ESCAPED.has(char)
      ? `\\${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`
      : char;
  }
  return out;
}

/** An RDN as 389 shows it below cn=config: all special characters as hex pairs (389: slapi_dn_normalize_ext). */
export function formatShownRdn(rdn: Rdn): string {
  return rdn.map(({ type, value }) => `${type}=${hexEscape(value.toString("utf8"))}`).join("+");
}

export function formatShownDn(dn: Dn): string {
  return dn.map(formatShownRdn).join(",");
}

/** The value with every special character after a backslash: the second `cn` of mapping tree entries. */
export function escapeValue(value: string): string {
  let out = "";
  for (const char of value) out += HEX_ESCAPED.has(char) ? `\\${char}` : char;
  return out;
}

/** The RDN of the mapping tree entry of `suffix`, in the shown form. */
export function mappingTreeDn(suffix: string): string {
  return `cn=${hexEscape(tidyDn(suffix))},${MAPPING_TREE_DN}`;
}

/** DN of the entry of a backend. */
export const backendDn = (backendName: string): string => `cn=${hexEscape(backendName)},${LDBM_DN}`;
