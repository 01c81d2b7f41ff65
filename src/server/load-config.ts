// The configuration as it is stored (config/dse.ldif), and the values that settings have when nobody sets them.
import { readFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { dirname } from "node:path";
import {
  type ConfigTree,
  type InstanceDefaults,
  NO_LIVE_VALUES,
  loadDse,
} from "../config/index.ts";
import type { Schema } from "../schema/index.ts";
import type { InstancePaths } from "./instance-paths.ts";

/** `onFault` hears of what cannot be read. */
export function loadConfig(
  paths: InstancePaths,
  schema: Schema,
  onFault: (fault: string) => void,
): ConfigTree {
  const context = { schema, instance: instanceDefaults(paths), live: NO_LIVE_VALUES };
  const { tree, faults } = loadDse(readFileSync(paths.dse), context);
  for (const fault of faults) onFault(fault);
  return tree;
}

/** Values that settings have when nobody sets them. */
export function instanceDefaults(paths: InstancePaths): InstanceDefaults {
  return {
    hostName: hostname(),
    port: 3389,
    securePort: 0,
    userName: userInfo().username,
    rootDn: "cn=Directory Manager",
    configFolder: dirname(paths.dse),
    databaseFolder: paths.database,
    ldifFolder: paths.ldif,
    backupFolder: paths.backups,
    logFolder: paths.logs,
    runFolder: dirname(paths.pid),
    lockFolder: dirname(paths.pid),
    schemaFolder: dirname(paths.userSchema),
    socketFile: paths.ldapiSocket,
  };
}
