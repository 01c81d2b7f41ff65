// The backup task of a running server. The folder that it makes is that of the command (`concord backup`): a compact, consistent
// copy of the database in db/, copies of config/, schema/ and tls/, and last of all backup.json, without which it is no whole
// backup. A restore needs a stopped instance: connections, replication and schema live in the memory of a running one.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { isAbsolute, join } from "node:path";
import { LdapError } from "../protocol/index.ts";
import type { BackupOrder, TaskProgress } from "../tasks/index.ts";
import type { Directory } from "./directory.ts";
import { productVersion } from "./project-root.ts";

const DESCRIPTION = "backup.json";
const FILE_PARTS = ["config", "tls", "schema"];

/** @throws LdapError unwillingToPerform when the folder holds something, operationsError when it cannot be written */
export async function backupTask(
  directory: Directory,
  order: BackupOrder,
  progress: TaskProgress,
): Promise<void> {
  const { backupFolder } = directory.config.snapshot.server;
  const folder = isAbsolute(order.folder) ? order.folder : join(backupFolder, order.folder);
  progress.log("Beginning backup of 'ldbm database'");
  if (existsSync(folder) && readdirSync(folder).length > 0) {
    throw new LdapError("unwillingToPerform", `${folder} is not empty`);
  }
  const partial = `${folder}.part`;
  try {
    await writeBackup(directory, partial, progress);
    rmSync(folder, { recursive: true, force: true });
    renameSync(partial, folder);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (error instanceof LdapError || !isFileFault(error)) throw error;
    throw new LdapError("operationsError", `Cannot write ${folder}: ${error.message}`);
  }
  progress.log("Backup finished.");
}

/** `folder` is new. */
async function writeBackup(
  { kv, paths, clock }: Directory,
  folder: string,
  progress: TaskProgress,
): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // The files first: what the database refers to (the schema) only grows.
  for (const part of FILE_PARTS) {
    const from = join(paths.root, part);
    if (!existsSync(from)) continue;
    cpSync(from, join(folder, part), { recursive: true, preserveTimestamps: true });
    progress.log(`Backing up ${part}`);
  }
  progress.log("Backing up the database");
  await kv.copyTo(join(folder, "db"));
  const description = {
    version: productVersion(),
    madeAt: new Date(clock.now()).toISOString(),
    source: paths.root,
  };
  writeFileSync(join(folder, DESCRIPTION), `${JSON.stringify(description, undefined, 2)}\n`);
}

const isFileFault = (error: unknown): error is Error =>
  error instanceof Error && ("syscall" in error || "code" in error);

/** 389 restores into a running server; here it says what to do instead. */
export function restoreTask(order: BackupOrder): never {
  throw new LdapError(
    "unwillingToPerform",
    `A backup is restored while the server is stopped: concord restore ${order.folder}`,
  );
}
