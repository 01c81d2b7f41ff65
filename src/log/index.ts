export type { EventLevel, EventLog, EventLogOptions } from "./event-log.ts";
export { openEventLog } from "./event-log.ts";
export { LineBuffer } from "./line-buffer.ts";
export type { LineSink } from "./line-buffer.ts";
export type { LogFileSettings } from "./log-file.ts";
export { LOG_FILE_DEFAULTS, LogFile, rotatedFiles } from "./log-file.ts";
