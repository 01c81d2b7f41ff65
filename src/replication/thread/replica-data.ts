// What an agreement thread reads of the data. The store implements it in a module of its own, which the thread imports by the
// URL that it is given: `openReplicaData(folder, backend)`.
import type { ChangelogTables } from "../changelog/index.ts";
import type { CleanedIds } from "../clean-ruv/index.ts";
import type { EntrySource } from "../total/index.ts";
import type { OwnSchema } from "./schema-sharing.ts";

export interface ReplicaData {
  /** Moves the read snapshot to the newest commit. */
  renew(): void;
  /** The tables of the current set as of the last `renew`; an initialization may have swapped it. undefined: there is none. */
  changelog(): ChangelogTables | undefined;
  /** What is known of cleaned replica IDs as of the last `renew`. `suffix`: normal form. */
  cleanedIds(suffix: string): CleanedIds;
  /** Entries for a total initialization; each as it is when its turn comes. */
  openEntries(): EntrySource;
  /** As it is stored now; absent: the schema is not replicated. */
  readSchema?(): OwnSchema;
  close(): Promise<void>;
}

export interface ReplicaDataModule {
  openReplicaData(folder: string, backend: string): ReplicaData;
}
