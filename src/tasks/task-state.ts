// The visible state of a task, as a value: each step of its life gives a new one (389: slapi_task_begin, _log_notice,
// _inc_progress, _finish).
import type { TaskStatus } from "../config/index.ts";

/** Characters of the log of one task; older lines go first. */
export const TASK_LOG_CHARACTERS_MAX = 65_536;

/** exitCode 0: success; nsTaskWarning 8: an import has skipped entries. */
export const WARNING_SKIPPED_ENTRIES = 8;

export function newTaskStatus(created: string): TaskStatus {
  return {
    status: "",
    log: "",
    currentItem: 0,
    totalItems: 1,
    created,
    warning: 0,
    exitCode: undefined,
  };
}

/** With a line in the log, which is also the status from now on. */
export function withLogLine(state: TaskStatus, line: string): TaskStatus {
  const log = state.log === "" ? line : `${state.log}\n${line}`;
  return { ...state, status: line, log: log.slice(-TASK_LOG_CHARACTERS_MAX) };
}

export function withProgress(
  state: TaskStatus,
  currentItem: number,
  totalItems: number,
): TaskStatus {
  return { ...state, currentItem, totalItems };
}

/** A task that ends well has done all its items. */
export function finished(state: TaskStatus, exitCode: number): TaskStatus {
  return {
    ...state,
    exitCode,
    currentItem: exitCode === 0 ? state.totalItems : state.currentItem,
  };
}
