// The work of tasks under cn=tasks,cn=config. Lines of their logs are close to 389's, because tools show them.
import { dirname, resolve } from "node:path";
import type { WriteEffects } from "../operation/index.ts";
import { LdapError } from "../protocol/index.ts";
import type { ReplicaId } from "../replication/csn/index.ts";
import type { Backend } from "../store/index.ts";
import {
  type ImportOrder,
  type TaskProgress,
  type TaskWorks,
  WARNING_SKIPPED_ENTRIES,
} from "../tasks/index.ts";
import type { BackendKeeper } from "./backend-keeper.ts";
import { backupTask, restoreTask } from "./backup-work.ts";
import type { CleanTasks } from "./clean-tasks.ts";
import type { Directory } from "./directory.ts";
import { exportTask, resolveLdifPath } from "./export-work.ts";
import { addEntryUuids, validateSyntax } from "./fixup-works.ts";
import { type BadEntry, importLdif } from "./import-work.ts";

/** Progress of an import is told in hundredths of its bytes. */
const PROGRESS_ITEMS = 100;

export interface TaskHooks {
  /** The content of a backend is about to be replaced. */
  replaceContent?(backend: Backend): Promise<void> | undefined;
  /** It was not replaced after all. */
  keepContent?(backend: Backend): void;
  /** The content of a backend has been replaced: access rules, replicas and agreements follow. */
  contentReplaced(backend: Backend): void;
  /** A task has changed an entry: who waits for changes is told. */
  afterWrite?(backend: Backend, effects: WriteEffects): void;
  readonly clean?: CleanTasks;
}

export function taskWorks(
  directory: Directory,
  keeper: BackendKeeper,
  reloadSchema: () => Promise<void>,
  hooks: TaskHooks = { contentReplaced: () => {} },
): TaskWorks {
  const getBackend = (name: string): Backend => {
    const backend = directory.backends.get(name.toLowerCase());
    if (backend === undefined) throw new LdapError("noSuchObject", `There is no backend ${name}`);
    return backend;
  };
  return {
    import: async (order, progress) => {
      const backend = getBackend(order.backendName);
      await hooks.replaceContent?.(backend);
      try {
        await importTask(directory, backend, order, progress);
      } catch (error) {
        hooks.keepContent?.(backend);
        throw error;
      }
      hooks.contentReplaced(backend);
    },
    export: (order, progress) => exportTask(directory, order, progress),
    backup: (order, progress) => backupTask(directory, order, progress),
    restore: async (order) => restoreTask(order),
    index: async (order, progress) => {
      const names = order.attributes.map(({ attribute }) => attribute);
      await keeper.reindex(getBackend(order.backendName), names, progress);
      progress.log(`${order.backendName}: Finished indexing.`);
    },
    syntaxValidate: (order, progress) => validateSyntax(directory, order, progress),
    entryUuidFixup: (order, progress) =>
      addEntryUuids(directory, order, {
        progress,
        afterWrite: (backend, effects) => hooks.afterWrite?.(backend, effects),
      }),
    ...(hooks.clean === undefined ? {} : cleanWorks(hooks.clean)),
    compactDatabase: async (_order, progress) => {
      progress.log("Free pages of the database are used again; there is nothing to compact.");
    },
    schemaReload: async (order, progress) => {
      if (order.folder !== undefined && !isOwnSchemaFolder(directory, order.folder)) {
        throw new LdapError("unwillingToPerform", `${order.folder} is not the schema folder`);
      }
      await reloadSchema();
      progress.log("Schema reload task finished.");
    },
  };
}

const cleanWorks = (tasks: CleanTasks): Pick<TaskWorks, "cleanAllRuv" | "abortCleanAllRuv"> => ({
  cleanAllRuv: ({ normalSuffix, replicaId, force, isRelayed }, progress) => {
    const id = replicaId as ReplicaId;
    const order = { replicaId: id, force, isOriginal: !isRelayed, maxCsn: undefined };
    return tasks.clean(normalSuffix, order, progress);
  },
  abortCleanAllRuv: ({ normalSuffix, replicaId, certifyAll }, progress) => {
    const order = { replicaId: replicaId as ReplicaId, certify: certifyAll, isOriginal: true };
    return tasks.abort(normalSuffix, order, progress);
  },
});

/** The schema is read from the folder of the instance and that of the product, from no other. */
const isOwnSchemaFolder = (directory: Directory, folder: string): boolean =>
  resolve(folder) === dirname(directory.paths.userSchema);

/** As in 389, bad entries are skipped and counted; what is written to the old content meanwhile is gone with it. */
async function importTask(
  directory: Directory,
  backend: Backend,
  order: ImportOrder,
  progress: TaskProgress,
): Promise<void> {
  const startedAt = directory.clock.now();
  progress.log("Beginning import job...");
  const files = order.files.map((file) => resolveLdifPath(directory, file));
  for (const file of files) progress.log(`Processing file "${file}"`);
  const report = await importLdif(directory, backend, {
    files,
    badEntries: "skip",
    pace: "online",
    includeSuffixes: order.includeSuffixes,
    excludeSuffixes: order.excludeSuffixes,
    onBadEntry: (bad) => progress.log(badEntryText(bad)),
    onProgress: ({ bytes, bytesTotal }) => {
      const done = bytesTotal ? Math.floor((PROGRESS_ITEMS * bytes) / bytesTotal) : 0;
      progress.items(Math.min(done, PROGRESS_ITEMS - 1), PROGRESS_ITEMS);
    },
    onFileEnd: (file, entries) =>
      progress.log(`Finished scanning file "${file}" (${entries} entries)`),
    isCanceled: () => progress.isCanceled(),
  });
  if (report.skipped > 0) progress.warn(WARNING_SKIPPED_ENTRIES);
  const seconds = Math.max(1, Math.round((directory.clock.now() - startedAt) / 1000));
  const processed = report.entries + report.skipped;
  const rate = (processed / seconds).toFixed(2);
  const skipped = report.skipped > 0 ? ` (${report.skipped} were skipped)` : "";
  progress.log(
    `Import complete.  Processed ${processed} entries${skipped} in ${seconds} seconds. (${rate} entries/sec)`,
  );
}

const BAD_ENTRY_TEXTS: Readonly<Record<BadEntry["kind"], string>> = {
  orphan: "which has no parent",
  duplicate: "which is there already",
  schema: "which violates schema",
  syntax: "which violates attribute syntax",
  malformed: "which cannot be read",
  outside: "which does not belong here",
};

const badEntryText = ({ kind, dn, line, file, reason }: BadEntry): string =>
  `Skipping entry "${dn ?? ""}" ${BAD_ENTRY_TEXTS[kind]}, at line ${line} of file "${file}": ${reason}`;
