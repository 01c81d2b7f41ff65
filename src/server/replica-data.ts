// What the thread of an agreement reads: its own look at the database, by its own read transactions.
import { dirname, join } from "node:path";
import { Descriptions } from "../entry/index.ts";
import type { Kv } from "../kv/index.ts";
import { openLmdb } from "../kv/lmdb.ts";
import type { ChangelogTables } from "../replication/changelog/index.ts";
import { META_RUV_KEY, readRuv } from "../replication/changelog/index.ts";
import { CLEANED_TABLE, readCleanedIds } from "../replication/clean-ruv/index.ts";
import type { ReplicaData } from "../replication/thread/index.ts";
import type { EntrySource } from "../replication/total/index.ts";
import type { Schema } from "../schema/index.ts";
import {
  Backend,
  BackendEntrySource,
  BackendStateSource,
  currentTables,
  followTables,
  readDescriptions,
  storedSuffix,
} from "../store/index.ts";
import { instancePaths } from "./instance-paths.ts";
import { loadSchemaFiles } from "./schema-files.ts";

const userSchemaOf = (folder: string): string => instancePaths(join(dirname(folder))).userSchema;

/** `folder`: of the database; `backend`: its name in lower case. */
export function openReplicaData(folder: string, backend: string): ReplicaData {
  return {
    ...replicaDataOf(
      openLmdb(folder, { readOnly: true }),
      backend,
      () => loadSchemaFiles(userSchemaOf(folder)).schema,
    ),
    readSchema() {
      const { schema, stamp } = loadSchemaFiles(userSchemaOf(folder));
      return { schema, csn: stamp.schemaCsn };
    },
  };
}

/** `kv` belongs to the thread alone. */
export function replicaDataOf(kv: Kv, backend: string, loadSchema: () => Schema): ReplicaData {
  const newestTables = followTables(kv, backend);
  return {
    renew: () => kv.renew(),
    changelog(): ChangelogTables | undefined {
      const tables = newestTables();
      return tables.meta.has(META_RUV_KEY) ? tables : undefined;
    },
    cleanedIds: (suffix) => readCleanedIds(kv.bytesTable(CLEANED_TABLE).range(), suffix),
    openEntries(): EntrySource {
      kv.renew();
      const descriptions = new Descriptions(loadSchema(), () => readDescriptions(kv), "reader");
      const suffix = storedSuffix(currentTables(kv, backend)) ?? "";
      const opened = new Backend(kv, { name: backend, suffix, descriptions });
      const source = new BackendEntrySource(opened);
      const ruv = readRuv(opened.tables.meta);
      if (ruv === undefined) throw new Error(`the backend ${backend} is no replica`);
      return {
        ruv,
        entriesEstimate: source.entriesEstimate,
        suffixEntry: () => source.suffixEntry(),
        entriesInTreeOrder: () => source.entriesInTreeOrder(),
        items: (told) => new BackendStateSource(opened).items(told),
        isReplaced: () => currentTables(kv, backend).entry !== opened.tables.entry,
        close: () => {},
      };
    },
    close: () => kv.close(),
  };
}
