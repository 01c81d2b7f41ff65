// The access rules of the entries that are made when somebody reads them. They count from the start, when nobody has yet.
import { MONITOR_ACI, MONITOR_DN } from "./monitor-entries.ts";
import { ROOT_DSE_ACI } from "./root-dse.ts";
import { SCHEMA_ACI, SCHEMA_DN } from "./subschema-entry.ts";

/** By normal DN. The entries below these have none. */
export const MADE_RULES: ReadonlyMap<string, string> = new Map([
  ["", ROOT_DSE_ACI],
  [SCHEMA_DN, SCHEMA_ACI],
  [MONITOR_DN, MONITOR_ACI],
]);
