// `concord export`: a backend as LDIF, as it is at one moment, whether the server runs or not.
import { writeSync } from "node:fs";
import { writeLargeFile } from "../server/index.ts";
import { exportLdif } from "../store/index.ts";
import { CommandFailure } from "./failure.ts";
import { type BackendOptions, lookingAt, openBackendSnapshot } from "./offline.ts";
import { type PrintOptions, printNote, printResult } from "./print.ts";
import { Progress } from "./progress.ts";
import { STANDARD_INPUT } from "./standard-input.ts";

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
  const file = options.file === STANDARD_INPUT ? undefined : options.file; // what `-` became
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
    if (file === undefined) print(pieces);
    else writeFile(file, pieces);
    progress.end();
    return { backend: backend.name, file: file ?? null, entries };
  });
  const told = `exported ${result.entries} entries of ${result.backend}`;
  if (file === undefined) printNote(told);
  else printResult(result, () => `${told} to ${file}`, options);
}

function writeFile(path: string, pieces: Iterable<Buffer>): void {
  try {
    writeLargeFile(path, (append) => {
      for (const piece of pieces) append(piece);
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
    throw new CommandFailure(`cannot write ${path}: ${(error as Error).message}`);
  }
}

/** A pipe may take a part, or be full for a while. */
function print(pieces: Iterable<Buffer>): void {
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      try {
        at += writeSync(STDOUT, piece, at);
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "EPIPE") throw new CommandFailure("the reader of standard output is gone");
        // Somebody made it non-blocking: wait for its reader.
        if (code !== "EAGAIN") throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
      }
    }
  }
}
