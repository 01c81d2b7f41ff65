// Adds entries to a backend of an instance that does not run, by the same operations that serve clients, so that they are
// checked and stored in the same way.
import type { LdifContentRecord } from "../ldif/index.ts";
import { type Access, addEntry, runWrite } from "../operation/index.ts";
import { LdapError } from "../protocol/index.ts";
import { openOfflineInstance } from "../server/index.ts";
import { CommandFailure } from "./failure.ts";
import { lockInstance } from "./instance-lock.ts";
import { Progress } from "./progress.ts";

/** Operations handed to the write queue at a time. */
const WAITING_MAX = 256;

const ROOT_ACCESS: Access = {
  mayAttribute: () => true,
  mayChange: () => true,
  mayEntry: () => true,
  mayMove: () => true,
  mayReturn: () => true,
};

/** The number of entries added. @throws CommandFailure naming the first that cannot be */
export async function loadEntries(
  folder: string,
  load: { readonly backend: string; readonly records: Iterable<LdifContentRecord> },
): Promise<number> {
  const lock = lockInstance(folder, "create");
  try {
    const { directory, close } = await openOfflineInstance(folder);
    try {
      const backend = directory.backends.get(load.backend.toLowerCase());
      if (backend === undefined) throw new CommandFailure(`there is no backend ${load.backend}`);
      const options = {
        access: () => ROOT_ACCESS,
        actor: {
          dn: directory.schema.normalizeDnText(directory.config.snapshot.server.rootDn),
          isRoot: true,
        },
        settings: { schemaCheck: true, syntaxCheck: true, lastMod: true },
        skew: { ignoreTimeSkew: false },
        now: directory.clock.now(),
        random: directory.random,
      };
      const add = (record: LdifContentRecord): Promise<void> =>
        directory.queue.submit((writes) =>
          runWrite(
            backend,
            writes,
            options,
            (context) => addEntry(context, { ...record, type: "add" }),
            () => {},
          ),
        );
      return await addAll(load.records, add);
    } finally {
      await close();
    }
  } finally {
    lock.release();
  }
}

async function addAll(
  records: Iterable<LdifContentRecord>,
  add: (record: LdifContentRecord) => Promise<void>,
): Promise<number> {
  const progress = new Progress("adding entries");
  let count = 0;
  let waiting: Promise<void>[] = [];
  for (const record of records) {
    waiting.push(add(record).catch((error: unknown) => Promise.reject(named(record, error))));
    count += 1;
    if (waiting.length >= WAITING_MAX) {
      await Promise.all(waiting);
      waiting = [];
      progress.report(count);
    }
  }
  await Promise.all(waiting);
  progress.end();
  return count;
}

function named(record: LdifContentRecord, error: unknown): unknown {
  if (!(error instanceof LdapError)) return error;
  return new CommandFailure(`cannot add ${record.dn}: ${error.message} (${error.code})`);
}
