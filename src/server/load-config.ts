// The configuration as it is stored (config/dse.ldif), and the values that settings have when nobody sets them.
import { readFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { dirname } from "node:path";
import {
  type ConfigTree,
  type InstanceDefaults,
  type LoadedDse,
  NO_LIVE_VALUES,
  type StockEntries,
  loadDse,
  makeStockEntries,
} from "../config/index.ts";
import type { Schema } from "../schema/index.ts";
import { type InstancePaths, instancePaths } from "./instance-paths.ts";

/** The entries of a new server under the schema that comes with the product. A snapshot of the program has them in memory. */
let kept: { readonly schema: Schema; readonly stock: StockEntries } | undefined;

/** Makes what `readConfig` takes as long as `schema` is in force. */
export function keepStockEntries(schema: Schema): void {
  const instance = instanceDefaults(instancePaths("/"));
  const context = { schema, instance, live: NO_LIVE_VALUES };
  kept = { schema, stock: makeStockEntries(context) };
}

/** What config/dse.ldif says. */
export function readConfig(paths: InstancePaths, schema: Schema): LoadedDse {
  const context = { schema, instance: instanceDefaults(paths), live: NO_LIVE_VALUES };
  const stock = kept?.schema === schema ? kept.stock : undefined;
  return loadDse(readFileSync(paths.dse), context, stock);
}

/** `onFault` hears of what cannot be read. */
export function loadConfig(
  paths: InstancePaths,
  schema: Schema,
  onFault: (fault: string) => void,
): ConfigTree {
  const { tree, faults } = readConfig(paths, schema);
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
