// Files that must be whole whenever somebody reads them: written beside and renamed. Those that must be on disk before anybody is told
// are flushed before that, and their folder behind it.
import {
  closeSync,
  existsSync,
  fsync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";

interface FileOptions {
  readonly mode?: number;
  /** Where the former content is kept. */
  readonly previous?: string;
}

const flush = promisify(fsync);

/** Writes the content beside `path`; the descriptor is the caller's. */
function writeBeside(path: string, content: string | Uint8Array, { mode }: FileOptions): number {
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(nextOf(path), "w", mode ?? 0o600);
  const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
  } catch (error) {
    closeSync(file);
    throw error;
  }
  return file;
}

const nextOf = (path: string): string => `${path}.tmp`;

/** Puts what lies beside `path` in its place. */
function putInPlace(path: string, { previous }: FileOptions): void {
  if (previous !== undefined && existsSync(path)) {
    rmSync(previous, { force: true });
    linkSync(path, previous);
  }
  renameSync(nextOf(path), path);
}

const openFolder = (path: string): number => openSync(dirname(path), "r");

function flushAndClose(descriptor: number): void {
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

async function flushMeanwhileAndClose(descriptor: number): Promise<void> {
  try {
    await flush(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Replaces `path` atomically and durably. */
export function replaceFile(
  path: string,
  content: string | Uint8Array,
  options: FileOptions = {},
): void {
  flushAndClose(writeBeside(path, content, options));
  putInPlace(path, options);
  flushAndClose(openFolder(path));
}

/** The same; others go on while the device flushes. One at a time for a path. */
export async function replaceFileMeanwhile(
  path: string,
  content: string | Uint8Array,
  options: FileOptions = {},
): Promise<void> {
  await flushMeanwhileAndClose(writeBeside(path, content, options));
  putInPlace(path, options);
  await flushMeanwhileAndClose(openFolder(path));
}

/** Replaces `path` atomically. Whether it survives a loss of power does not matter. */
export function replacePassingFile(
  path: string,
  content: string | Uint8Array,
  options: FileOptions = {},
): void {
  closeSync(writeBeside(path, content, options));
  putInPlace(path, options);
}
