// Runs tasks: starts the injected work, keeps the state that their entries show, and says which entries have outlived their
// time. One task at a time works on a backend; a second one fails at once, as in 389.
import { type Clock, type Log, assert } from "../base/index.ts";
import {
  type ConfigEntry,
  TASK_TTL_SEC_DEFAULT,
  TASK_TTL_SEC_MAX,
  type TaskStatus,
} from "../config/index.ts";
import { LdapError } from "../protocol/index.ts";
import type { TaskKind, TaskOrder } from "./task-order.ts";
import { finished, newTaskStatus, withLogLine, withProgress } from "./task-state.ts";

/** What running work tells about itself. */
export interface TaskProgress {
  log(line: string): void;
  items(done: number, total: number): void;
  /** A number for nsTaskWarning. */
  warn(warning: number): void;
  /** Whether somebody asked for the end; long work looks here between steps. */
  isCanceled(): boolean;
}

/** Does the work of one task. A thrown LdapError is its exit code and last log line; anything else is a defect. */
export type TaskWork<Order extends TaskOrder = TaskOrder> = (
  order: Order,
  progress: TaskProgress,
) => Promise<void>;

/** The work of each kind. A kind that is left out is refused when it is started. */
export type TaskWorks = {
  readonly [Kind in TaskKind]?: TaskWork<Extract<TaskOrder, { kind: Kind }>>;
};

/** 389's exit code of a task that could not start. */
const EXIT_FAILED = -1;

interface RunningTask {
  readonly order: TaskOrder;
  state: TaskStatus;
  ttlSec: number;
  canceled: boolean;
  /** Milliseconds since 1970; undefined while it runs. */
  finishedAt: number | undefined;
}

export interface TaskRunnerParts {
  readonly works: TaskWorks;
  readonly clock: Clock;
  readonly log: Log;
  /** Generalized time of a moment. */
  formatTime(now: number): string;
}

export class TaskRunner {
  readonly #parts: TaskRunnerParts;
  readonly #tasks = new Map<string, RunningTask>();
  readonly #busyBackends = new Set<string>();

  constructor(parts: TaskRunnerParts) {
    this.#parts = parts;
  }

  /** @throws LdapError unwillingToPerform when there is no such work here. Call it before the entry is stored. */
  checkSupported(order: TaskOrder): void {
    if (this.#parts.works[order.kind] === undefined) {
      throw new LdapError("unwillingToPerform", "Tasks of this kind are not supported");
    }
  }

  /** Starts the work. The promise ends with the task and never rejects; only defects pass through it. */
  async run(order: TaskOrder, entry: ConfigEntry): Promise<void> {
    const created = this.#parts.formatTime(this.#parts.clock.now());
    const task: RunningTask = {
      order,
      state: newTaskStatus(created),
      ttlSec: readTtlSec(entry),
      canceled: false,
      finishedAt: undefined,
    };
    this.#tasks.set(order.normalDn, task);
    this.#parts.log.info("tasks.task.started", { task: order.dn, kind: order.kind });
    const backends = backendsOf(order);
    const busy = backends.find((name) => this.#busyBackends.has(name));
    if (busy !== undefined) {
      this.#logLine(
        task,
        `${busy}: is already in the middle of another task and cannot be disturbed.`,
      );
      this.#finish(task, EXIT_FAILED);
      return;
    }
    for (const name of backends) this.#busyBackends.add(name);
    try {
      await this.#work(task);
      this.#finish(task, 0);
    } catch (error) {
      if (!(error instanceof LdapError)) throw error;
      this.#logLine(task, error.message);
      this.#finish(task, error.code);
    } finally {
      for (const name of backends) this.#busyBackends.delete(name);
    }
  }

  #work(task: RunningTask): Promise<void> {
    const { order } = task;
    // The cast holds: `works` maps each kind to work on orders of that kind.
    const work = this.#parts.works[order.kind] as TaskWork | undefined;
    if (work === undefined)
      throw new LdapError("unwillingToPerform", "Tasks of this kind are not supported");
    return work(order, {
      log: (line) => this.#logLine(task, line),
      items: (done, total) => {
        task.state = withProgress(task.state, done, total);
      },
      warn: (warning) => {
        task.state = { ...task.state, warning };
      },
      isCanceled: () => task.canceled,
    });
  }

  #logLine(task: RunningTask, line: string): void {
    task.state = withLogLine(task.state, line);
    this.#parts.log.info("tasks.task.logged", { task: task.order.dn, line });
  }

  #finish(task: RunningTask, exitCode: number): void {
    assert(task.finishedAt === undefined, "a task ends once");
    task.state = finished(task.state, exitCode);
    task.finishedAt = this.#parts.clock.now();
    this.#parts.log.info("tasks.task.finished", { task: task.order.dn, exitCode });
  }

  /** After a modification of the task entry: its time to live, and whether it is to stop. */
  change(entry: ConfigEntry): void {
    const task = this.#tasks.get(entry.normalDn);
    if (task === undefined) return;
    task.ttlSec = readTtlSec(entry);
    if (entry.text("nsTaskCancel")?.toLowerCase() === "true") task.canceled = true;
  }

  findStatus(normalDn: string): TaskStatus | undefined {
    return this.#tasks.get(normalDn)?.state;
  }

  /** Orders whose work is not done. */
  runningOrders(): readonly TaskOrder[] {
    return Array.from(this.#tasks.values())
      .filter((task) => task.finishedAt === undefined)
      .map((task) => task.order);
  }

  /** Asks all running work to stop: the server is about to end. */
  cancelAll(): void {
    for (const task of this.#tasks.values()) task.canceled = true;
  }

  /** Forgets the tasks that are over for longer than their time to live; gives the normal DNs of their entries. */
  takeExpired(): readonly string[] {
    const now = this.#parts.clock.now();
    const expired: string[] = [];
    for (const [normalDn, task] of this.#tasks) {
      if (task.finishedAt !== undefined && now >= task.finishedAt + task.ttlSec * 1000) {
        expired.push(normalDn);
        this.#tasks.delete(normalDn);
      }
    }
    return expired;
  }
}

function readTtlSec(entry: ConfigEntry): number {
  const ttl = Number(entry.text("ttl") ?? TASK_TTL_SEC_DEFAULT);
  return Number.isFinite(ttl) ? Math.min(Math.max(0, ttl), TASK_TTL_SEC_MAX) : TASK_TTL_SEC_DEFAULT;
}

/** Backends on which nothing else may work meanwhile. */
function backendsOf(order: TaskOrder): readonly string[] {
  switch (order.kind) {
    case "import":
    case "index":
      return [order.backendName];
    case "export":
    case "backup":
    case "restore":
    case "cleanAllRuv":
    case "abortCleanAllRuv":
    case "schemaReload":
    case "syntaxValidate":
    case "memberOfFixup":
    case "entryUuidFixup":
    case "automemberRebuild":
    case "automemberExport":
    case "fixupTombstones":
    case "usnCleanup":
    case "compactDatabase":
    case "linkedAttributesFixup":
    case "automemberAbort":
    case "automemberMap":
      return [];
  }
}
