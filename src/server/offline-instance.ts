// An instance whose server does not run, opened for work on its data: schema, configuration, database and backends, without
// listeners, replication and tasks. The caller sees to it that nobody else writes it meanwhile.
import { existsSync } from "node:fs";
import { AciStore } from "../access/index.ts";
import { type Clock, type Millis, SILENT_LOG } from "../base/index.ts";
import type { ConfigTree } from "../config/index.ts";
import { DnSyntaxError } from "../dn/index.ts";
import { Descriptions } from "../entry/index.ts";
import { WriteQueue } from "../kv/index.ts";
import { openLmdb } from "../kv/lmdb.ts";
import { LdapError } from "../protocol/index.ts";
import type { Schema } from "../schema/index.ts";
import { NODE_TIMERS } from "../replication/thread/index.ts";
import { Backend, readDescriptions } from "../store/index.ts";
import { BackendKeeper } from "./backend-keeper.ts";
import { Directory } from "./directory.ts";
import { instancePaths } from "./instance-paths.ts";
import { SYSTEM_RANDOM } from "./pooled-random.ts";
import { loadSchemaFiles } from "./schema-files.ts";
import { readConfig } from "./load-config.ts";

const SYSTEM_CLOCK: Clock = { now: () => Date.now() as Millis };

export interface InstanceConfig {
  readonly schema: Schema;
  readonly tree: ConfigTree;
  /** What of dse.ldif could not be read. */
  readonly faults: readonly string[];
}

export interface OfflineInstance {
  readonly directory: Directory;
  /** Builds indexes anew. */
  readonly keeper: BackendKeeper;
  close(): Promise<void>;
}

/** What the files of an instance say; its database is not opened. @throws Error when there is no instance */
export function readInstanceConfig(folder: string): InstanceConfig {
  const paths = instancePaths(folder);
  if (!existsSync(paths.dse)) {
    throw new Error(`${paths.root} is no instance: ${paths.dse} is missing`);
  }
  const { schema } = loadSchemaFiles(paths.userSchema);
  return { schema, ...readConfig(paths, schema) };
}

/** `readOnly` takes an instance whose server runs as well and changes nothing.
 *  @throws Error when there is no instance, StorageError */
export async function openOfflineInstance(
  folder: string,
  options: { readonly readOnly?: boolean } = {},
): Promise<OfflineInstance> {
  const paths = instancePaths(folder);
  const { schema, tree } = readInstanceConfig(folder);
  const kv = openLmdb(paths.database, { readOnly: options.readOnly ?? false });
  const queue = new WriteQueue(kv, SYSTEM_CLOCK, {
    isRefusal: (error) => error instanceof LdapError || error instanceof DnSyntaxError,
    busyError: () => new LdapError("busy", "Too many writes are waiting"),
    onFatal: (error) => {
      throw error;
    },
  });
  const directory = new Directory(
    {
      kv,
      queue,
      clock: SYSTEM_CLOCK,
      timers: NODE_TIMERS,
      random: SYSTEM_RANDOM,
      log: SILENT_LOG,
      paths,
    },
    new Descriptions(schema, () => readDescriptions(kv)),
    tree,
  );
  const keeper = new BackendKeeper(directory, new AciStore(schema));
  for (const settings of tree.snapshot.backends) {
    if (options.readOnly !== true) {
      await keeper.open(settings);
      continue;
    }
    const name = settings.name.toLowerCase();
    const { descriptions } = directory;
    directory.backends.set(name, new Backend(kv, { name, suffix: settings.suffix, descriptions }));
  }
  return {
    directory,
    keeper,
    close: async () => {
      await keeper.stop();
      await queue.whenIdle();
      await kv.close();
    },
  };
}
