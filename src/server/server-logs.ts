// The logs of the server, and what becomes of them when settings of cn=config change while it runs: events (389's error log),
// access, audit. A file that cannot be opened is refused when a client asks for it; at the start it is reported, and the server
// goes on without that log.
import type { Clock, Log, LogFields } from "../base/index.ts";
import type { ServerSettings } from "../config/index.ts";
import { type AccessLog, JsonAccessLog, TextAccessLog } from "../frontend/index.ts";
import { type EventLevel, type EventLog, LogFile, openEventLog } from "../log/index.ts";
import type { LineSink, LogFileSettings } from "../log/index.ts";
import { LdapError } from "../protocol/index.ts";
import { AuditLog } from "./audit-log.ts";

const MIB = 1024 * 1024;
const MODE_DEFAULT = 0o600;
const HOUR_MS = 3_600_000;
const UNIT_MS = {
  minute: 60_000,
  hour: HOUR_MS,
  day: 24 * HOUR_MS,
  week: 7 * 24 * HOUR_MS,
  month: 30 * 24 * HOUR_MS,
} as const;
/** Of nsslapd-accesslog-level: connections, operations and results. */
const ACCESS_LEVEL_OPERATIONS = 256;
/** Of nsslapd-errorlog-level: "always", the only one that asks for no details. */
const ERROR_LEVEL_DEFAULT = 16_384;

type RotationUnit = keyof typeof UNIT_MS;

interface OpenLog<Sink> {
  readonly file: LogFile;
  readonly format: string;
  readonly sink: Sink;
}

export class ServerLogs {
  readonly #clock: Clock;
  readonly #eventPathAtStart: string;
  #eventPath: string;
  #events: EventLog;
  #hasEvents = true;
  #access: OpenLog<AccessLog> | undefined;
  #audit: OpenLog<AuditLog> | undefined;
  /** Called with the access log to be used from now on. */
  onAccessLog: (accessLog: AccessLog | undefined) => void = () => {};

  /** Events go to `eventPath` until the settings are known. @throws Error of the system */
  constructor(eventPath: string, clock: Clock) {
    this.#clock = clock;
    this.#eventPathAtStart = eventPath;
    this.#eventPath = eventPath;
    this.#events = openEventLog({ path: eventPath, level: "info" });
  }

  /** Goes to whatever file is in use. */
  readonly events: Log = {
    error: (event, fields) => this.#write("error", event, fields),
    warn: (event, fields) => this.#write("warn", event, fields),
    info: (event, fields) => this.#write("info", event, fields),
    debug: (event, fields) => this.#write("debug", event, fields),
  };

  get access(): AccessLog | undefined {
    return this.#access?.sink;
  }

  /** Whole lines that a front-end process has written. */
  appendAccessLines(lines: Buffer): void {
    this.#access?.file.appendLines(lines);
  }

  get audit(): AuditLog | undefined {
    return this.#audit?.sink;
  }

  /** Makes the settings the ones in force. With `from`, the settings until now, a file that cannot be opened is refused before
   *  anything has changed. @throws LdapError unwillingToPerform */
  check(next: ServerSettings, from: ServerSettings): void {
    const changed: readonly [name: string, path: string, wasPath: string][] = [
      ["accesslog", next.accessLogFile, from.accessLogFile],
      ["auditlog", next.auditLogFile, from.auditLogFile],
      ["errorlog", next.errorLogFile, from.errorLogFile],
    ];
    for (const [name, path, wasPath] of changed) {
      if (path !== wasPath) checkOpens(name, path, this.#clock);
    }
  }

  use(settings: ServerSettings): void {
    this.#useEvents(settings);
    this.#access = this.#reopened(this.#access, accessFile(settings), {
      name: "access",
      format: settings.accessLogFormat,
      make: (file) => makeAccessLog(settings, file, this.#clock),
    });
    this.#audit = this.#reopened(this.#audit, auditFile(settings), {
      name: "audit",
      format: "",
      make: (file) => new AuditLog(file),
    });
    this.onAccessLog(this.access);
  }

  async close(): Promise<void> {
    await Promise.all([this.#access?.file.close(), this.#audit?.file.close()]);
  }

  #useEvents(settings: ServerSettings): void {
    this.#hasEvents = settings.errorLog;
    const level = settings.errorLogLevel === ERROR_LEVEL_DEFAULT ? "info" : "debug";
    const path = settings.errorLogFile === "" ? this.#eventPathAtStart : settings.errorLogFile;
    if (path !== this.#eventPath) {
      try {
        this.#events = openEventLog({ path, level });
        this.#eventPath = path;
      } catch (error) {
        this.#reportUnopened("errors", path, error);
      }
    }
    this.#events.level = settings.errorLogLevel === 0 ? "info" : level;
  }

  /** The log as it is when nothing about it is new, else another one in its place; undefined: there shall be none. */
  #reopened<Sink>(
    open: OpenLog<Sink> | undefined,
    wanted: LogFileSettings | undefined,
    about: { readonly name: string; readonly format: string; make(file: LogFile): Sink },
  ): OpenLog<Sink> | undefined {
    const { name, format, make } = about;
    if (open !== undefined && wanted !== undefined && format === open.format) {
      if (isSame(open.file.settings, wanted)) return open;
    }
    let next: OpenLog<Sink> | undefined;
    if (wanted !== undefined) {
      try {
        const file = new LogFile(wanted, this.#clock);
        next = { file, format, sink: make(file) };
      } catch (error) {
        this.#reportUnopened(name, wanted.path, error);
        if (open !== undefined) return open;
      }
    }
    open?.file.close().catch((error: unknown) => this.#reportUnopened(name, "", error));
    return next;
  }

  #reportUnopened(name: string, path: string, error: unknown): void {
    this.events.error("server.log.unusable", { name, path, reason: (error as Error).message });
  }

  #write(level: EventLevel, event: string, fields: LogFields | undefined): void {
    if (this.#hasEvents) this.#events[level](event, fields);
  }
}

function checkOpens(name: string, path: string, clock: Clock): void {
  try {
    const file = new LogFile(fileSettings({ path, mode: "600" }), clock);
    void file.close();
  } catch (error) {
    throw new LdapError(
      "unwillingToPerform",
      `Cannot open the ${name} "${path}": ${(error as NodeJS.ErrnoException).code ?? "error"}`,
    );
  }
}

/** Whether connections and operations are logged. */
export function isAccessLogged({ accessLog, accessLogLevel }: ServerSettings): boolean {
  return accessLog && Math.floor(accessLogLevel / ACCESS_LEVEL_OPERATIONS) % 2 === 1;
}

/** The access log in the form that the settings name. */
export function makeAccessLog(settings: ServerSettings, file: LineSink, clock: Clock): AccessLog {
  return settings.accessLogFormat === "json"
    ? new JsonAccessLog(file, clock)
    : new TextAccessLog(file, clock);
}

function accessFile(settings: ServerSettings): LogFileSettings | undefined {
  if (!isAccessLogged(settings)) return undefined;
  return fileSettings({
    path: settings.accessLogFile,
    mode: settings.accessLogMode,
    mibMax: settings.accessLogMibMax,
    filesMax: settings.accessLogFilesMax,
    rotation: [settings.accessLogRotationTime, settings.accessLogRotationUnit],
    isBuffered: settings.accessLogBuffering,
  });
}

function auditFile(settings: ServerSettings): LogFileSettings | undefined {
  if (!settings.auditLog) return undefined;
  return fileSettings({
    path: settings.auditLogFile,
    mode: settings.auditLogMode,
    mibMax: settings.auditLogMibMax,
    filesMax: settings.auditLogFilesMax,
    rotation: [settings.auditLogRotationTime, settings.auditLogRotationUnit],
  });
}

function fileSettings(wanted: {
  readonly path: string;
  readonly mode: string;
  readonly mibMax?: number;
  readonly filesMax?: number;
  readonly rotation?: readonly [time: number, unit: RotationUnit];
  readonly isBuffered?: boolean;
}): LogFileSettings {
  const { path, mode, mibMax = -1, filesMax = 1, rotation = [-1, "day"] } = wanted;
  const [time, unit] = rotation;
  return {
    path,
    mode: /^[0-7]{3,4}$/.test(mode) ? Number.parseInt(mode, 8) : MODE_DEFAULT,
    bytesMax: mibMax > 0 ? mibMax * MIB : 0,
    ageMsMax: time > 0 ? time * UNIT_MS[unit] : 0,
    filesMax,
    isBuffered: wanted.isBuffered ?? false,
  };
}

const isSame = (a: LogFileSettings, b: LogFileSettings): boolean =>
  a.path === b.path &&
  a.mode === b.mode &&
  a.bytesMax === b.bytesMax &&
  a.ageMsMax === b.ageMsMax &&
  a.filesMax === b.filesMax &&
  a.isBuffered === b.isBuffered;
