export type { ConnectionCounters, OperationCounters } from "./counters.ts";
export { newConnectionCounters, newOperationCounters } from "./counters.ts";
export type { BackendValues, StorageValues } from "./database-monitor.ts";
export {
  backendMonitorAttributes,
  databaseMonitorAttributes,
  databaseStatisticsAttributes,
} from "./database-monitor.ts";
export type { ConnectionStatus, DiskStatus, MonitorValues } from "./monitor-entries.ts";
export { MADE_RULES } from "./made-rules.ts";
export { MONITOR_DN, buildMonitorEntries } from "./monitor-entries.ts";
export type { RootDseValues } from "./root-dse.ts";
export { buildRootDse, formatVendorVersion } from "./root-dse.ts";
export type { SubschemaStamp } from "./subschema-entry.ts";
export { SCHEMA_DN, buildSubschemaEntry } from "./subschema-entry.ts";
