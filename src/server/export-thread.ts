// The thread in which a running server exports: it reads one snapshot of the database from beginning to end without holding up
// anybody. What is written to the database meanwhile makes its file grow, because the pages of the snapshot stay; therefore the
// time is limited.
import { parentPort, workerData } from "node:worker_threads";
import { openLmdb } from "../kv/lmdb.ts";
import type { LdifExportOptions } from "../store/index.ts";
import { exportLdif, openSnapshot } from "../store/index.ts";
import { writeLargeFile } from "./large-file.ts";
import { loadSchemaFiles } from "./schema-files.ts";
import { SubtreeScope } from "./subtree-scope.ts";

/** How long a snapshot may be held. */
const EXPORT_MS_MAX = 30 * 60 * 1000;

/** Progress is told when so many more have been written. */
const ENTRIES_TOLD = 1_000;

/** What to export; handed over as `workerData`. */
export interface ExportStart {
  readonly databaseFolder: string;
  readonly userSchema: string;
  readonly file: string;
  /** All go to the one file, one after the other. */
  readonly backends: readonly { readonly name: string; readonly suffix: string }[];
  readonly includeSuffixes: readonly string[];
  readonly excludeSuffixes: readonly string[];
  readonly format: Omit<LdifExportOptions, "covers" | "onEntry">;
  /** Set to 1 to give up. */
  readonly canceled: SharedArrayBuffer;
}

export type ExportMessage =
  | { readonly type: "progress"; readonly entries: number; readonly total: number }
  | { readonly type: "backendDone"; readonly backend: string; readonly entries: number }
  | { readonly type: "done" }
  | { readonly type: "failed"; readonly reason: string };

function tell(message: ExportMessage): void {
  parentPort?.postMessage(message);
}

async function run(start: ExportStart): Promise<void> {
  const kv = openLmdb(start.databaseFolder, { readOnly: true });
  try {
    writeLargeFile(start.file, (append) => {
      writeBackends(start, kv, append);
    });
    tell({ type: "done" });
  } catch (error) {
    tell({ type: "failed", reason: (error as Error).message });
  } finally {
    await kv.close();
  }
}

function writeBackends(
  start: ExportStart,
  kv: ReturnType<typeof openLmdb>,
  append: (bytes: Uint8Array) => void,
): void {
  const { schema } = loadSchemaFiles(start.userSchema);
  const scope = new SubtreeScope(schema, start);
  const canceled = new Int32Array(start.canceled);
  const deadline = Date.now() + EXPORT_MS_MAX;
  start.backends.forEach(({ name, suffix }, index) => {
    const backend = openSnapshot(kv, { name, suffix, schema });
    const total = backend.tables.entry.count();
    let entries = 0;
    let told = 0;
    const pieces = exportLdif(backend, {
      ...start.format,
      withVersionLine: start.format.withVersionLine !== false && index === 0,
      ...(scope.isWhole ? {} : { covers: (normalDn) => scope.coversNormal(normalDn) }),
      onEntry: () => {
        entries += 1;
      },
    });
    for (const piece of pieces) {
      append(piece);
      if (entries - told >= ENTRIES_TOLD) {
        told = entries;
        tell({ type: "progress", entries, total });
      }
      if (Atomics.load(canceled, 0) === 1) throw new Error("The export was canceled");
      if (Date.now() > deadline) throw new Error("The export took too long");
    }
    tell({ type: "progress", entries, total });
    tell({ type: "backendDone", backend: name, entries });
  });
}

// Its types are imported elsewhere: it works only where it was started as a thread.
if (parentPort !== null && isExportStart(workerData)) void run(workerData);

function isExportStart(data: unknown): data is ExportStart {
  return typeof data === "object" && data !== null && "databaseFolder" in data && "format" in data;
}
