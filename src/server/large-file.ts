// A large file that is there whole and on disk, or not at all: written beside its path, flushed, renamed. What a link leads to is
// replaced, not the link; a pipe or a device is written to, because it is nothing that could be replaced. Everything is done in the
// turn of the caller, except that the system is asked meanwhile, from other threads of the runtime, to put on disk what has been
// written, so that the flush at the end finds little to do.
//
// Invariant: the last flush goes through the descriptor that was written to. Linux tells each descriptor once of a page that could
// not be written; the early flushes have a descriptor of their own, so what they fail with is told again at the end.
import {
  closeSync,
  fdatasync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";

/** How many bytes are written before they are asked for. */
const FLUSH_BYTES = 8 * 1024 * 1024;

type Fill = (append: (bytes: Uint8Array) => void) => void;

/**
 * Calls `fill` with a function that appends bytes; it keeps none of them.
 * @throws what `fill` throws, or the error of the file system; then a file at `path` is as it was
 */
export function writeLargeFile(path: string, fill: Fill): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) replaceFile(path, fill);
  else if (found.isFile()) replaceFile(realpathSync(path), fill);
  else writeTo(path, fill);
}

function writeTo(path: string, fill: Fill): void {
  const descriptor = openSync(path, "w");
  try {
    fill((bytes) => writeAll(descriptor, bytes));
  } finally {
    closeSync(descriptor);
  }
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
}

function replaceFile(path: string, fill: Fill): void {
  const partial = `${path}.part`;
  try {
    const descriptor = openSync(partial, "w", 0o600);
    try {
      const early = new EarlyFlushes(openSync(partial, "r+"));
      try {
        fill((bytes) => {
          writeAll(descriptor, bytes);
          early.written(bytes.length);
        });
      } finally {
        early.end();
      }
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

/** Flushes without waiting. The descriptor is closed when the last of them has come back. */
class EarlyFlushes {
  readonly #descriptor: number;
  #unasked = 0;
  #pending = 0;
  #ended = false;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  written(bytes: number): void {
    this.#unasked += bytes;
    if (this.#unasked < FLUSH_BYTES) return;
    this.#unasked = 0;
    this.#pending += 1;
    fdatasync(this.#descriptor, () => {
      this.#pending -= 1;
      this.#closeIfDone();
    });
  }

  end(): void {
    this.#ended = true;
    this.#closeIfDone();
  }

  #closeIfDone(): void {
    if (this.#ended && this.#pending === 0) closeSync(this.#descriptor);
  }
}
