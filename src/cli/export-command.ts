// `concord export`: a backend as LDIF, as it is at one moment, whether the server runs or not.
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { exportLdif } from "../store/index.ts";
import { CommandFailure } from "./failure.ts";
import { type BackendOptions, lookingAt, openBackendSnapshot } from "./offline.ts";
import { type PrintOptions, printNote, printResult } from "./print.ts";
import { Progress } from "./progress.ts";

const STDOUT = 1;
/** Who asks for the time at each entry spends more on that than on some values. */
const ENTRIES_TOLD = 256;

export interface ExportCommandOptions extends BackendOptions, PrintOptions {
  /** undefined: standard output. */
  readonly file: string | undefined;
  readonly replica: boolean;
  readonly wrap: boolean;
}

export async function runExport(options: ExportCommandOptions): Promise<void> {
  const { file } = options;
  const result = await lookingAt(options.dir, async (instance) => {
    const backend = openBackendSnapshot(instance, options.backend);
    const progress = new Progress("exporting entries");
    const total = backend.tables.entry.count();
    let entries = 0;
    const pieces = exportLdif(backend, {
      withState: options.replica,
      wrapLines: options.wrap,
      onEntry: () => {
        entries += 1;
        if (entries % ENTRIES_TOLD === 0) progress.report(entries, total);
      },
    });
    // In one turn of the event loop: the moment of the snapshot lasts as long.
    if (file === undefined) writeAll(STDOUT, pieces);
    else writeFile(file, pieces);
    progress.end();
    return { backend: backend.name, file: file ?? null, entries };
  });
  const told = `exported ${result.entries} entries of ${result.backend}`;
  if (file === undefined) printNote(told);
  else printResult(result, () => `${told} to ${file}`, options);
}

/** The file is there whole or not at all. */
function writeFile(path: string, pieces: Iterable<Buffer>): void {
  const partial = `${path}.part`;
  try {
    const descriptor = openSync(partial, "w", 0o600);
    try {
      writeAll(descriptor, pieces);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new CommandFailure(`cannot write ${path}: ${(error as Error).message}`);
  }
}

function writeAll(descriptor: number, pieces: Iterable<Buffer>): void {
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      try {
        at += writeSync(descriptor, piece, at);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "EPIPE") throw new CommandFailure("the reader of standard output is gone");
        // A pipe that somebody made non-blocking is full: wait for its reader.
        if (code !== "EAGAIN") throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
      }
    }
  }
}
