export type { InstancePaths } from "./instance-paths.ts";
export { instancePaths } from "./instance-paths.ts";
export type { InstanceConfig, OfflineInstance } from "./offline-instance.ts";
export { openOfflineInstance, readInstanceConfig } from "./offline-instance.ts";
export { productVersion, projectRoot } from "./project-root.ts";
export type { RunningServer } from "./server.ts";
export { instanceDefaults, loadSealKey, startServer } from "./server.ts";
export type { NewInstance } from "./create-instance.ts";
export { createInstance } from "./create-instance.ts";
