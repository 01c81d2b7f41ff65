// Files that must be whole and on disk before anybody is told: written beside, flushed, renamed, folder flushed.
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";

function writeFlushed(path: string, content: string | Uint8Array, mode: number): void {
  const file = openSync(path, "w", mode);
  try {
    const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
    for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function flushFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Replaces `path` atomically and durably; the former content is kept as `previous`, if that is given. */
export function replaceFile(
  path: string,
  content: string | Uint8Array,
  options: { readonly mode?: number; readonly previous?: string } = {},
): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true });
  const next = `${path}.tmp`;
  writeFlushed(next, content, options.mode ?? 0o600);
  if (options.previous !== undefined && existsSync(path)) {
    rmSync(options.previous, { force: true });
    linkSync(path, options.previous);
  }
  renameSync(next, path);
  flushFolder(folder);
}
