export type { TaskSurroundings } from "./parse-task.ts";
export { parseTask } from "./parse-task.ts";
export type {
  AbortCleanAllRuvOrder,
  BackupOrder,
  CleanAllRuvOrder,
  ExportOrder,
  FixupOrder,
  ImportOrder,
  IndexOrder,
  PlainOrder,
  SchemaReloadOrder,
  TaskKind,
  TaskOrder,
  TombstoneOrder,
} from "./task-order.ts";
export type { TaskProgress, TaskRunnerParts, TaskWork, TaskWorks } from "./task-runner.ts";
export { TaskRunner } from "./task-runner.ts";
export { WARNING_SKIPPED_ENTRIES } from "./task-state.ts";
