// `concord remove`: deletes an instance. Only what an instance consists of goes; the folder itself when nothing else is in it.
import { readdirSync, rmSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { instancePaths } from "../server/index.ts";
import { usageFailure } from "./failure.ts";
import type { FolderOptions } from "./instance.ts";
import { checkInstance } from "./instance.ts";
import { checkUnlocked } from "./instance-lock.ts";
import { type PrintOptions, printResult } from "./print.ts";

const PARTS = ["run", "db", "log", "backup", "ldif", "tls", "schema", "config"];

export interface RemoveOptions extends FolderOptions, PrintOptions {
  readonly yes: boolean;
}

export function runRemove(options: RemoveOptions): void {
  checkInstance(options.dir);
  const { root } = instancePaths(options.dir);
  if (!options.yes) {
    throw usageFailure(
      `this would delete the instance in ${root} with all its data and backups`,
      "Say --yes if that is meant.",
    );
  }
  checkUnlocked(options.dir);
  const isGone = removeInstance(options.dir);
  printResult(
    { removed: root, folderIsGone: isGone },
    () => (isGone ? `removed ${root}` : `removed the instance in ${root}; other files stay`),
    options,
  );
}

/** Whether the folder is gone as well. */
export function removeInstance(folder: string): boolean {
  const { root } = instancePaths(folder);
  for (const part of PARTS) rmSync(join(root, part), { recursive: true, force: true });
  if (readdirSync(root).length > 0) return false;
  rmdirSync(root);
  return true;
}
