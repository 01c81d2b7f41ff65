// Who works on an instance: `run/lock` holds the process id, when that process started (so that a process that was given
// the same id later is not taken for it), and what it does. Everything that writes the database holds it, and a lock whose
// process is gone counts for nothing.
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { instancePaths } from "../server/index.ts";
import { CommandFailure } from "./failure.ts";

/** Attempts to take over a lock whose holder is gone. */
const TAKE_OVER_ATTEMPTS_MAX = 5;
/** Field 22 of /proc/PID/stat, counted after the command name. */
const START_TIME_FIELD = 19;

export interface LockHolder {
  readonly pid: number;
  /** In kernel ticks since boot; undefined where /proc is not there. */
  readonly startedAt: string | undefined;
  /** `start`, `import`, … */
  readonly command: string;
}

export interface InstanceLock {
  release(): void;
}

/** The living process that works on the instance. */
export function findLockHolder(folder: string): LockHolder | undefined {
  const holder = readLock(lockPath(folder));
  return holder !== undefined && isAlive(holder) ? holder : undefined;
}

/** Takes the instance for this process. @throws CommandFailure when another one has it */
export function lockInstance(folder: string, command: string): InstanceLock {
  const path = lockPath(folder);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const holder: LockHolder = {
    pid: process.pid,
    startedAt: startTimeOf(process.pid),
    command,
  };
  const own = `${path}.${process.pid}`;
  writeFileSync(own, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
  try {
    for (let attempt = 0; attempt < TAKE_OVER_ATTEMPTS_MAX; attempt += 1) {
      if (linkedTo(own, path)) return { release: () => rmSync(path, { force: true }) };
      const other = findLockHolder(folder);
      if (other !== undefined) throw lockedFailure(folder, other);
      rmSync(path, { force: true });
    }
  } finally {
    unlinkSync(own);
  }
  throw new CommandFailure(`${path} changes all the time: other commands work on the instance`);
}

/** @throws CommandFailure when somebody works on the instance */
export function checkUnlocked(folder: string): void {
  const holder = findLockHolder(folder);
  if (holder !== undefined) throw lockedFailure(folder, holder);
}

function lockedFailure(folder: string, holder: LockHolder): CommandFailure {
  return holder.command === "start"
    ? new CommandFailure(`the instance in ${folder} runs (process ${holder.pid})`, {
        hint: `Stop it first: concord stop --dir ${folder}`,
      })
    : new CommandFailure(
        `concord ${holder.command} (process ${holder.pid}) works on the instance in ${folder}`,
        { hint: "Wait until it is done." },
      );
}

const lockPath = (folder: string): string => join(dirname(instancePaths(folder).pid), "lock");

function linkedTo(own: string, path: string): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function readLock(path: string): LockHolder | undefined {
  try {
    const holder = JSON.parse(readFileSync(path, "utf8")) as LockHolder;
    return Number.isInteger(holder.pid) && holder.pid > 0 ? holder : undefined;
  } catch {
    return undefined; // none, or the rest of a crash
  }
}

function isAlive({ pid, startedAt }: LockHolder): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const started = startTimeOf(pid);
  if (started === undefined) return !existsSync("/proc/self/stat");
  return startedAt === undefined || startedAt === started;
}

/** undefined: no such process, it has ended (zombie), or there is no /proc. */
function startTimeOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? undefined : fields[START_TIME_FIELD];
  } catch {
    return undefined;
  }
}
