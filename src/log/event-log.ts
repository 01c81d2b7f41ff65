// The log of events as JSON lines, by pino: first the time and the event name, then the fields.
import { pino } from "pino";
import type { Log } from "../base/index.ts";

export type EventLevel = "error" | "warn" | "info" | "debug";

export interface EventLogOptions {
  /** File to append to; undefined = standard error. */
  readonly path: string | undefined;
  readonly level: EventLevel;
  /** Fields of every line: which instance, which thread. */
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface EventLog extends Log {
  level: EventLevel;
  /** Opens the path again: somebody has moved the file away. */
  reopen(): void;
}

const STANDARD_ERROR = 2;
const LOG_MODE = 0o600;

/** Every line is written before the call returns, so that the last one before a crash is there.
 *  @throws Error of the system: no such folder, permission denied */
export function openEventLog(options: EventLogOptions): EventLog {
  const dest = options.path ?? STANDARD_ERROR;
  const destination = pino.destination({ dest, sync: true, mode: LOG_MODE });
  const logger = pino(
    {
      level: options.level,
      base: options.fields ?? null,
      messageKey: "event",
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return {
    error: (event, fields) => logger.error(fields ?? {}, event),
    warn: (event, fields) => logger.warn(fields ?? {}, event),
    info: (event, fields) => logger.info(fields ?? {}, event),
    debug: (event, fields) => logger.debug(fields ?? {}, event),
    get level() {
      return logger.level as EventLevel;
    },
    set level(level) {
      logger.level = level;
    },
    reopen: () => destination.reopen(),
  };
}
