// `concord backup` and `concord restore`. A backup is a folder with a consistent copy of the database and copies of the files
// that belong to it:
//
//   backup.json         when and by which version it was made
//   db/                 the database (LMDB), compact
//   config/             dse.ldif and the key that seals credentials in it
//   schema/ tls/        as in the instance, when they are there
//
// A restore into an instance replaces database and schema and keeps its configuration (ports, passwords); with --config, and
// when there is no instance yet, the configuration comes from the backup too.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { openLmdb } from "../kv/lmdb.ts";
import {
  type InstanceConfig,
  closeGates,
  findLastIssued,
  instancePaths,
  productVersion,
  readInstanceConfig,
} from "../server/index.ts";
import { CommandFailure } from "./failure.ts";
import type { FolderOptions } from "./instance.ts";
import { checkInstance } from "./instance.ts";
import { lockInstance } from "./instance-lock.ts";
import { type PrintOptions, printResult } from "./print.ts";

const DESCRIPTION = "backup.json";
const CONFIG_PARTS = ["config", "tls"];

export interface BackupOptions extends FolderOptions, PrintOptions {
  readonly destination: string;
}

interface BackupDescription {
  readonly version: string;
  readonly madeAt: string;
  readonly source: string;
}

export async function runBackup(options: BackupOptions): Promise<void> {
  checkInstance(options.dir);
  const paths = instancePaths(options.dir);
  const destination = resolve(options.destination);
  if (existsSync(join(destination, DESCRIPTION)) || existsSync(join(destination, "db"))) {
    throw new CommandFailure(`${destination} holds a backup already`, {
      hint: "Choose another folder; backups are not overwritten.",
    });
  }
  if (!existsSync(join(paths.database, "data.mdb"))) {
    throw new CommandFailure(`the instance in ${paths.root} has no data yet`, {
      hint: "It gets its database when it starts for the first time.",
    });
  }
  const isNew = !existsSync(destination);
  try {
    mkdirSync(destination, { recursive: true, mode: 0o700 });
    // The files first: what the database refers to (schema) only grows.
    for (const part of [...CONFIG_PARTS, "schema"]) copyPart(paths.root, destination, part);
    const kv = openLmdb(paths.database, { readOnly: true });
    try {
      await kv.copyTo(join(destination, "db"));
    } finally {
      await kv.close();
    }
    const description: BackupDescription = {
      version: productVersion(),
      madeAt: new Date().toISOString(),
      source: paths.root,
    };
    // Last: a folder without it is no whole backup.
    writeFileSync(join(destination, DESCRIPTION), `${JSON.stringify(description, undefined, 2)}\n`);
  } catch (error) {
    if (isNew) rmSync(destination, { recursive: true, force: true });
    throw error;
  }
  printResult({ backup: destination }, () => `backup in ${destination}`, options);
}

export interface RestoreOptions extends FolderOptions, PrintOptions {
  readonly source: string;
  readonly config: boolean;
}

export async function runRestore(options: RestoreOptions): Promise<void> {
  const source = resolve(options.source);
  const { madeAt } = readDescription(source);
  const paths = instancePaths(options.dir);
  const isNew = !existsSync(paths.dse);
  const withConfig = isNew || options.config;
  const lock = lockInstance(options.dir, "restore");
  try {
    // Copied beside, then swapped by renames: a crash leaves the old content or the new one.
    const next = join(paths.root, "db.restored");
    const old = join(paths.root, "db.old");
    for (const folder of [next, old]) rmSync(folder, { recursive: true, force: true });
    cpSync(join(source, "db"), next, { recursive: true });
    for (const part of withConfig ? [...CONFIG_PARTS, "schema"] : ["schema"]) {
      rmSync(join(paths.root, part), { recursive: true, force: true });
      copyPart(source, paths.root, part);
    }
    await closeRestoredGates(options.dir, next);
    if (existsSync(paths.database)) renameSync(paths.database, old);
    renameSync(next, paths.database);
    rmSync(old, { recursive: true, force: true });
    mkdirSync(dirname(paths.pid), { recursive: true, mode: 0o700 });
  } finally {
    lock.release();
  }
  printResult(
    { restored: paths.root, source, madeAt, config: withConfig },
    () =>
      `restored ${paths.root} from the backup of ${madeAt}${withConfig ? ", with its configuration" : ""}`,
    options,
  );
}

/** Other servers may hold changes of this one that are younger than the backup. */
async function closeRestoredGates(folder: string, restored: string): Promise<void> {
  const { tree } = readInstanceConfig(folder);
  const lastIssued = await lastIssuedIn(instancePaths(folder).database, tree);
  const kv = openLmdb(restored);
  try {
    closeGates(kv, tree, { reason: "restore", lastIssued });
  } finally {
    await kv.close();
  }
}

type LastIssued = ReturnType<typeof findLastIssued>;

/** The database that is replaced may be missing, or be what made the restore necessary. */
async function lastIssuedIn(database: string, tree: InstanceConfig["tree"]): Promise<LastIssued> {
  if (!existsSync(join(database, "data.mdb"))) return new Map();
  try {
    const kv = openLmdb(database, { readOnly: true });
    try {
      return findLastIssued(kv, tree);
    } finally {
      await kv.close();
    }
  } catch {
    return new Map();
  }
}

function copyPart(from: string, to: string, part: string): void {
  const path = join(from, part);
  if (existsSync(path)) cpSync(path, join(to, part), { recursive: true, preserveTimestamps: true });
}

function readDescription(source: string): BackupDescription {
  const path = join(source, DESCRIPTION);
  if (existsSync(path) && existsSync(join(source, "db", "data.mdb"))) {
    return JSON.parse(readFileSync(path, "utf8")) as BackupDescription;
  }
  throw new CommandFailure(`${source} holds no backup`, {
    hint: "A backup is a folder that concord backup has made.",
  });
}
