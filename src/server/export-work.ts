// The export task of a running server: works out the files, starts a thread for each, and passes on what it tells.
import { mkdirSync } from "node:fs";
import { basename, dirname, isAbsolute, join } from "node:path";
import { Worker } from "node:worker_threads";
import { LdapError } from "../protocol/index.ts";
import type { Backend } from "../store/index.ts";
import type { ExportOrder, TaskProgress } from "../tasks/index.ts";
import type { Directory } from "./directory.ts";
import type { ExportMessage, ExportStart } from "./export-thread.ts";

/** How often the wish to cancel is looked at. */
const CANCEL_LOOK_MS = 200;

/** The compiled file, or the source when the sources are run. */
const ENTRY = new URL(
  import.meta.url.endsWith(".ts") ? "./export-thread.ts" : "./export-thread.js",
  import.meta.url,
);

interface FilePlan {
  readonly file: string;
  readonly backends: readonly Backend[];
}

/** @throws LdapError noSuchObject for an unknown backend, operationsError for what goes wrong in the thread */
export async function exportTask(
  directory: Directory,
  order: ExportOrder,
  progress: TaskProgress,
): Promise<void> {
  for (const name of order.backendNames) progress.log(`Beginning export of '${name}'`);
  for (const plan of filePlans(directory, order)) {
    mkdirSync(dirname(plan.file), { recursive: true, mode: 0o700 });
    await runThread(exportStart(directory, order, plan), progress);
  }
  progress.log("Export finished.");
}

/** One file for all, or (389) one for each backend with its name before that of the file. */
function filePlans(directory: Directory, order: ExportOrder): FilePlan[] {
  const file = resolveLdifPath(directory, order.file);
  const backends = order.backendNames.map((name) => {
    const backend = directory.backends.get(name.toLowerCase());
    if (backend === undefined) throw new LdapError("noSuchObject", `There is no backend ${name}`);
    return backend;
  });
  if (order.oneFile) return [{ file, backends }];
  return backends.map((backend) => ({
    file: join(dirname(file), `${backend.name}_${basename(file)}`),
    backends: [backend],
  }));
}

/** Names that are not absolute lie in nsslapd-ldifdir. */
export function resolveLdifPath(directory: Directory, file: string): string {
  return isAbsolute(file) ? file : join(directory.config.snapshot.server.ldifFolder, file);
}

function exportStart(directory: Directory, order: ExportOrder, plan: FilePlan): ExportStart {
  const { paths } = directory;
  return {
    databaseFolder: paths.database,
    userSchema: paths.userSchema,
    file: plan.file,
    backends: plan.backends.map(({ name, suffixDn }) => ({ name, suffix: suffixDn })),
    includeSuffixes: order.includeSuffixes,
    excludeSuffixes: order.excludeSuffixes,
    format: {
      withState: order.withReplicationState,
      wrapLines: order.wrapLines,
      withVersionLine: order.withVersionLine,
      withUniqueIds: order.withUniqueIds,
      withEntryIds: order.withEntryIds,
    },
    canceled: new SharedArrayBuffer(4),
  };
}

function runThread(start: ExportStart, progress: TaskProgress): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(ENTRY, { workerData: start, name: "export" });
    const look = setInterval(() => {
      if (progress.isCanceled()) Atomics.store(new Int32Array(start.canceled), 0, 1);
    }, CANCEL_LOOK_MS);
    let end = (): void => reject(failed("The export ended without a result"));
    worker.on("message", (message: ExportMessage) => {
      switch (message.type) {
        case "progress":
          progress.items(message.entries, Math.max(message.entries, message.total));
          break;
        case "backendDone":
          progress.log(`${message.backend}: Processed ${message.entries} entries (100%).`);
          break;
        case "done":
          end = resolve;
          break;
        case "failed":
          end = () => reject(failed(message.reason));
          break;
      }
    });
    worker.on("error", (error) => {
      end = () => reject(failed(error.message));
    });
    worker.on("exit", () => {
      clearInterval(look);
      end();
    });
  });
}

const failed = (message: string): LdapError => new LdapError("operationsError", message);
