// What an entry of cn=config is, told from its place in the tree alone. Rules, defaults and computed attributes hang on it.
import {
  BDB_CONFIG_DN,
  CONFIG_DN,
  DATABASE_CONFIG_DN,
  DEFAULT_INDEXES_DN,
  ENCRYPTION_DN,
  LDBM_DN,
  LDBM_MONITOR_DN,
  LDBM_STATISTICS_DN,
  MAPPING_TREE_DN,
  PLUGINS_DN,
  TASKS_DN,
} from "./config-dn.ts";

export type ConfigKind =
  | "server"
  | "suffix"
  | "replica"
  | "agreement"
  | "database"
  | "bdb"
  | "databaseMonitor"
  | "databaseStatistics"
  | "defaultIndex"
  | "backend"
  | "backendMonitor"
  | "backendPart"
  | "index"
  | "changelog"
  | "encryptedAttribute"
  | "plugin"
  | "taskContainer"
  | "task"
  | "encryption"
  | "other";

/** The normal DN of the parent; in a normal DN every raw comma separates RDNs. */
export function parentOf(normalDn: string): string {
  const comma = normalDn.indexOf(",");
  return comma < 0 ? "" : normalDn.slice(comma + 1);
}

/** The first RDN of a normal DN. */
export function rdnOf(normalDn: string): string {
  const comma = normalDn.indexOf(",");
  return comma < 0 ? normalDn : normalDn.slice(0, comma);
}

const FIXED = new Map<string, ConfigKind>([
  [CONFIG_DN, "server"],
  [DATABASE_CONFIG_DN, "database"],
  [BDB_CONFIG_DN, "bdb"],
  [LDBM_MONITOR_DN, "databaseMonitor"],
  [LDBM_STATISTICS_DN, "databaseStatistics"],
  [DEFAULT_INDEXES_DN, "other"],
  [LDBM_DN, "plugin"],
  [TASKS_DN, "other"],
  [ENCRYPTION_DN, "encryption"],
]);

export function kindOf(normalDn: string): ConfigKind {
  const fixed = FIXED.get(normalDn);
  if (fixed !== undefined) return fixed;
  const parent = parentOf(normalDn);
  if (parent === MAPPING_TREE_DN) return "suffix";
  if (parent === LDBM_DN) return "backend";
  if (parent === DEFAULT_INDEXES_DN) return "defaultIndex";
  if (parent === PLUGINS_DN) return "plugin";
  if (parent === TASKS_DN) return "taskContainer";
  const grandparent = parentOf(parent);
  if (grandparent === TASKS_DN) return "task";
  if (grandparent === MAPPING_TREE_DN)
    return rdnOf(normalDn) === "cn=replica" ? "replica" : "other";
  if (grandparent === LDBM_DN && kindOf(parent) === "backend") return backendChildKind(normalDn);
  if (parentOf(grandparent) === MAPPING_TREE_DN && rdnOf(parent) === "cn=replica")
    return "agreement";
  if (parentOf(grandparent) === LDBM_DN && kindOf(grandparent) === "backend") {
    if (rdnOf(parent) === "cn=index") return "index";
    if (rdnOf(parent) === "cn=encrypted attributes") return "encryptedAttribute";
  }
  return "other";
}

function backendChildKind(normalDn: string): ConfigKind {
  switch (rdnOf(normalDn)) {
    case "cn=monitor":
      return "backendMonitor";
    case "cn=changelog":
      return "changelog";
    case "cn=index":
    case "cn=encrypted attributes":
    case "cn=encrypted attribute keys":
      return "backendPart";
    default:
      return "other";
  }
}

/** Whether `normalDn` lies in the subtree of `ancestor` (itself included). */
export function isWithin(normalDn: string, ancestor: string): boolean {
  if (ancestor === "" || normalDn === ancestor) return true;
  return normalDn.endsWith(ancestor) && normalDn[normalDn.length - ancestor.length - 1] === ",";
}
