export { AssertionError, assert } from "./assert.ts";
export type { Clock, Log, LogFields, Millis, Random, Seconds } from "./env.ts";
export { SILENT_LOG } from "./env.ts";
