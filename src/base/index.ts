export { AssertionError, assert } from "./assert.ts";
export type { Clock, Log, LogFields, Millis, Random, Seconds, Timers } from "./env.ts";
export { SILENT_LOG } from "./env.ts";
