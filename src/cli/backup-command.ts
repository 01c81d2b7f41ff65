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
  closeSync,
  cpSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { openLmdb } from "../kv/lmdb.ts";
import {
  type InstanceConfig,
  findLastIssued,
  gateCloser,
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
const DATA_FILE = "data.mdb";
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
  if (!existsSync(join(paths.database, DATA_FILE))) {
    throw new CommandFailure(`the instance in ${paths.root} has no data yet`, {
      hint: "It gets its database when it starts for the first time.",
    });
  }
  const isNew = !existsSync(destination);
  try {
    mkdirSync(destination, { recursive: true, mode: 0o700 });
    // The files first: what the database refers to (schema) only grows.
    for (const part of [...CONFIG_PARTS, "schema"]) {
      copyPart(join(paths.root, part), join(destination, part));
    }
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
    // Everything is copied beside first. What refers to nothing else is put in place before the database.
    const next = join(paths.root, "db.restored");
    rmSync(next, { recursive: true, force: true });
    cpSync(join(source, "db"), next, { recursive: true });
    for (const part of withConfig ? [...CONFIG_PARTS, "schema"] : ["schema"]) {
      replacePart(join(source, part), join(paths.root, part));
    }
    await closeRestoredGates(options.dir, next);
    replaceDatabase(next, paths.database);
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
    kv.transactSync(gateCloser(kv, tree, { reason: "restore", lastIssued }));
  } finally {
    await kv.close();
  }
}

/** By one rename of the data file: a crash leaves the old content or the new one, on disk. The lock file has no content while
 *  nobody has the database open. */
function replaceDatabase(next: string, database: string): void {
  const file = join(next, DATA_FILE);
  flush(file);
  mkdirSync(database, { recursive: true, mode: 0o700 });
  renameSync(file, join(database, DATA_FILE));
  flush(database);
  rmSync(next, { recursive: true, force: true });
}

/** A file, or the names in a folder. */
function flush(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

type LastIssued = ReturnType<typeof findLastIssued>;

/** The database that is replaced may be missing, or be what made the restore necessary. */
async function lastIssuedIn(database: string, tree: InstanceConfig["tree"]): Promise<LastIssued> {
  if (!existsSync(join(database, DATA_FILE))) return new Map();
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

/** The old part is away for the time of a rename. */
function replacePart(from: string, to: string): void {
  const next = `${to}.restored`;
  rmSync(next, { recursive: true, force: true });
  copyPart(from, next);
  rmSync(to, { recursive: true, force: true });
  if (existsSync(next)) renameSync(next, to);
}

function copyPart(from: string, to: string): void {
  if (existsSync(from)) cpSync(from, to, { recursive: true, preserveTimestamps: true });
}

function readDescription(source: string): BackupDescription {
  const path = join(source, DESCRIPTION);
  if (existsSync(path) && existsSync(join(source, "db", DATA_FILE))) {
    return JSON.parse(readFileSync(path, "utf8")) as BackupDescription;
  }
  throw new CommandFailure(`${source} holds no backup`, {
    hint: "A backup is a folder that concord backup has made.",
  });
}
