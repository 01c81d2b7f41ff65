// A log of lines in a file: cheap to append to, written in the background, rotated by size and age.
//
// Lines gather as bytes; they are written when FLUSH_BYTES have gathered or FLUSH_MS_MAX have passed, or at the end of the
// turn when buffering is off. One write is under way at a time, so lines keep their order: while it is, the next lines
// gather in a second buffer. What cannot be written (a full disk) does not stop the server: beyond PENDING_BYTES_MAX lines
// are dropped, and the log says how many.
//
// Rotation renames PATH to PATH.YYYYMMDD-HHMMSS (UTC; a counter is added when that is taken) and begins anew; the oldest
// beyond `filesMax`, the current one included, are deleted (389: nsslapd-*log-maxlogsize, -maxlogsperdir, -logrotationtime).
import {
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  renameSync,
  unlinkSync,
  write,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Clock } from "../base/index.ts";
import { assert } from "../base/index.ts";
import { LineBuffer, type LineSink } from "./line-buffer.ts";

export interface LogFileSettings {
  readonly path: string;
  /** Permissions of new files. */
  readonly mode: number;
  /** 0 = no rotation by size */
  readonly bytesMax: number;
  /** 0 = no rotation by age */
  readonly ageMsMax: number;
  /** Files kept, the current one included; 1 = nothing is kept at a rotation. */
  readonly filesMax: number;
  readonly isBuffered: boolean;
}

export const LOG_FILE_DEFAULTS: Omit<LogFileSettings, "path"> = {
  mode: 0o600,
  bytesMax: 100 * 1024 * 1024,
  ageMsMax: 24 * 3600 * 1000,
  filesMax: 10,
  isBuffered: true,
};

const FLUSH_BYTES = 65_536;
const FLUSH_MS_MAX = 1_000;
const PENDING_BYTES_MAX = 16_777_216;
/** Of a buffer between two writes. */
const BUFFER_BYTES_KEPT = 4 * FLUSH_BYTES;
const ROTATED_NAME = /^\.\d{8}-\d{6}(?:\.\d+)?$/;

export class LogFile implements LineSink {
  readonly settings: LogFileSettings;
  readonly #clock: Clock;
  #descriptor: number;
  #bytes: number;
  #openedAtMs: number;
  /** Lines that wait for a write, and those that are being written. */
  #pending = new LineBuffer();
  #inFlight = new LineBuffer();
  #droppedCount = 0;
  #isWriting = false;
  #isClosing = false;
  #isReopenDue = false;
  #closed: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isTurnScheduled = false;

  /** Continues a file that exists. @throws Error of the system: no such folder, permission denied */
  constructor(settings: LogFileSettings, clock: Clock) {
    this.settings = settings;
    this.#clock = clock;
    this.#descriptor = openSync(settings.path, "a", settings.mode);
    const status = fstatSync(this.#descriptor);
    this.#bytes = status.size;
    this.#openedAtMs = status.size > 0 ? status.birthtimeMs : clock.now();
  }

  append(line: string): void {
    const buffer = this.startLine();
    if (buffer === undefined) return;
    buffer.text(line);
    this.endLine();
  }

  /** Whole lines, each with its line break, that another process has written. */
  appendLines(lines: Uint8Array): void {
    const buffer = this.startLine();
    if (buffer === undefined) return;
    buffer.lines(lines);
    this.#linesAdded();
  }

  startLine(): LineBuffer | undefined {
    if (this.#pending.length <= PENDING_BYTES_MAX && !this.#isClosing) return this.#pending;
    this.#droppedCount += 1;
    return undefined;
  }

  endLine(): void {
    this.#pending.endLine();
    this.#linesAdded();
  }

  #linesAdded(): void {
    if (!this.settings.isBuffered) this.#scheduleTurn();
    else if (this.#pending.length >= FLUSH_BYTES) this.#startWrite();
    else this.#startTimer();
  }

  /** Writes what was appended, now: for a process that is about to end without waiting. Lines of a write that is under way
   *  may come behind these. */
  flush(): void {
    const bytes = this.#pending.view();
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#descriptor, bytes, at);
      this.#bytes += bytes.length;
    } catch {
      this.#droppedCount += 1;
    }
    this.#pending.reset(BUFFER_BYTES_KEPT);
  }

  /** Opens the path again, because somebody else has moved the file away. Lines so far go to the old file. */
  reopen(): void {
    this.#isReopenDue = true;
    this.#startWrite();
  }

  /** Takes no more lines; done when all are written. */
  async close(): Promise<void> {
    if (this.#isClosing) return;
    this.#isClosing = true;
    await new Promise<void>((resolve) => {
      this.#closed = resolve;
      this.#startWrite();
    });
  }

  #scheduleTurn(): void {
    if (this.#isTurnScheduled) return;
    this.#isTurnScheduled = true;
    setImmediate(() => {
      this.#isTurnScheduled = false;
      this.#startWrite();
    });
  }

  #startWrite(): void {
    if (this.#isWriting) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending.length === 0) {
      this.#whenWritten();
      return;
    }
    this.#rotateIfDue();
    if (this.#droppedCount > 0) {
      this.#pending.text(`dropped ${this.#droppedCount} lines that could not be written`).endLine();
      this.#droppedCount = 0;
    }
    assert(this.#inFlight.length === 0, "one write is under way at a time");
    [this.#inFlight, this.#pending] = [this.#pending, this.#inFlight];
    this.#isWriting = true;
    this.#writeRest(this.#inFlight.view(), 0);
  }

  #writeRest(bytes: Buffer, from: number): void {
    write(this.#descriptor, bytes, from, bytes.length - from, null, (error, count) => {
      if (error === null && from + count < bytes.length) {
        this.#writeRest(bytes, from + count);
        return;
      }
      this.#isWriting = false;
      this.#inFlight.reset(BUFFER_BYTES_KEPT);
      if (error === null) this.#bytes += bytes.length;
      else this.#droppedCount += 1;
      this.#whenWritten();
    });
  }

  /** No write is under way: the descriptor may be changed, and the next write may begin. */
  #whenWritten(): void {
    if (this.#isReopenDue) {
      this.#isReopenDue = false;
      this.#openAgain();
    }
    const isEmpty = this.#pending.length === 0;
    if (this.#isClosing && !isEmpty) this.#startWrite();
    else if (this.#isClosing) this.#closeDescriptor();
    else if (this.#pending.length >= FLUSH_BYTES) this.#startWrite();
    else if (!isEmpty && !this.settings.isBuffered) this.#startWrite();
    else if (!isEmpty) this.#startTimer();
  }

  #startTimer(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#startWrite();
    }, FLUSH_MS_MAX).unref();
  }

  #closeDescriptor(): void {
    if (this.#closed === undefined) return;
    closeSync(this.#descriptor);
    this.#closed();
    this.#closed = undefined;
  }

  /** A path that cannot be opened leaves the log where it was. */
  #openAgain(): void {
    try {
      const descriptor = openSync(this.settings.path, "a", this.settings.mode);
      closeSync(this.#descriptor);
      this.#descriptor = descriptor;
      this.#bytes = fstatSync(descriptor).size;
      this.#openedAtMs = this.#clock.now();
    } catch {
      this.#droppedCount += 1;
    }
  }

  #rotateIfDue(): void {
    const { bytesMax, ageMsMax } = this.settings;
    const isLarge = bytesMax > 0 && this.#bytes >= bytesMax;
    const isOld = ageMsMax > 0 && this.#clock.now() - this.#openedAtMs >= ageMsMax;
    if (this.#bytes > 0 && (isLarge || isOld)) this.#rotate();
  }

  /** A rotation that fails (the folder is gone) is tried again with the next write. */
  #rotate(): void {
    const { path, filesMax } = this.settings;
    try {
      renameSync(path, this.#rotatedPath());
      const rotated = rotatedFiles(path);
      const surplus = Math.max(0, rotated.length - Math.max(0, filesMax - 1));
      for (const name of rotated.slice(0, surplus)) unlinkSync(name);
    } catch {
      return;
    }
    this.#openAgain();
  }

  /** A name behind all that exist: of several files of one second, the later has the higher counter. */
  #rotatedPath(): string {
    const time = new Date(this.#clock.now()).toISOString().replaceAll(/[-:]/g, "");
    const base = `${this.settings.path}.${time.slice(0, 8)}-${time.slice(9, 15)}`;
    const last = rotatedFiles(this.settings.path).findLast((path) => path.startsWith(base));
    return last === undefined ? base : `${base}.${counterOf(last) + 1}`;
  }
}

/** The files put aside, oldest first (389: nsslapd-*log-list). */
export function rotatedFiles(path: string): readonly string[] {
  const name = basename(path);
  return readdirSync(dirname(path))
    .filter((other) => other.startsWith(name) && ROTATED_NAME.test(other.slice(name.length)))
    .map((other) => join(dirname(path), other))
    .sort((a, b) => {
      const [timeA, timeB] = [a, b].map((one) => one.slice(path.length, path.length + 16));
      if (timeA === timeB) return counterOf(a) - counterOf(b);
      return (timeA ?? "") < (timeB ?? "") ? -1 : 1;
    });
}

function counterOf(path: string): number {
  return Number(/-\d{6}\.(\d+)$/.exec(path)?.[1] ?? 0);
}
