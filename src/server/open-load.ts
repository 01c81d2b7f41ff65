// A load that replaces the content of a backend, with who makes its index keys: how it is begun, committed, given up, and brought
// into the place of the old content.
import { WriteSet } from "../kv/index.ts";
import { formatTime, newEntryUuid, newUniqueId } from "../operation/index.ts";
import {
  type Backend,
  type BulkFacts,
  BulkLoad,
  type BulkOptions,
  BULK_COMMIT_ENTRIES,
} from "../store/index.ts";
import type { Directory } from "./directory.ts";
import { LoadIndexing } from "./load-indexing.ts";
import { writeSettings } from "./update-request.ts";

/** Steps of work: how long others on this thread, or in this database, wait. */
const PACES = {
  /** Nobody else uses the instance. */
  alone: {
    commitEntries: BULK_COMMIT_ENTRIES,
    indexBytesMax: 32 * 1024 * 1024,
    indexStep: { msMax: 200, msMin: 20 },
  },
  /** Some 30 ms a step. */
  online: {
    commitEntries: 1000,
    indexBytesMax: 32 * 1024 * 1024,
    indexStep: { msMax: 30, msMin: 10 },
  },
} as const;

export type LoadPace = keyof typeof PACES;

/** A load and who makes its index keys. */
export interface OpenLoad {
  readonly load: BulkLoad;
  readonly indexing: LoadIndexing;
}

export interface LoadOptions {
  readonly pace: LoadPace;
  /** Entries from which on a second thread makes the index keys; else the default. */
  readonly threadEntriesMin?: number;
}

export async function openLoad(
  directory: Directory,
  backend: Backend,
  { pace, threadEntriesMin }: LoadOptions,
): Promise<OpenLoad> {
  const load = await directory.queue.runAlone(
    () => new BulkLoad(backend, bulkOptions(directory, backend, pace)),
  );
  const step = PACES[pace].indexStep;
  return { load, indexing: new LoadIndexing(directory, load, { step, threadEntriesMin }) };
}

/** The old content stays. */
export async function abortLoad(directory: Directory, { load, indexing }: OpenLoad): Promise<void> {
  await indexing.abandon();
  await directory.queue.runAlone(() => load.abort());
}

/** How a load of this pace is done. */
function bulkOptions(directory: Directory, { suffix }: Backend, pace: LoadPace): BulkOptions {
  const { clock, random } = directory;
  const { commitEntries, indexBytesMax } = PACES[pace];
  const { schemaCheck, syntaxCheck, lastMod } = writeSettings(directory);
  const time = formatTime(clock.now());
  const { rootDn } = directory.config.snapshot.server;
  return {
    schemaCheck,
    syntaxCheck,
    stamp: lastMod ? { actorDn: rootDn, time } : undefined,
    newUniqueId: () => newUniqueId(clock.now(), random),
    newEntryUuid: () => newEntryUuid(random),
    commitEntries,
    indexBytesMax,
    isReplica: directory.config.snapshot.replicas.some((one) => one.normalSuffix === suffix),
  };
}

/** Writes what the load has staged, and lets it read that; `everything`: all index keys too, before the swap. */
export async function commitLoad(
  directory: Directory,
  backend: Backend,
  { load, indexing }: OpenLoad,
  { everything = false } = {},
): Promise<void> {
  const { queue, kv } = directory;
  queue.noteRequest(); // a commit that blocks this thread would keep what comes meanwhile waiting
  await queue.submit((writes) => {
    backend.saveDescriptions(writes);
    load.commit();
  });
  kv.renew();
  const work = load.takeIndexWork({ everything });
  if (work.length > 0) await indexing.add(work);
  if (everything) await indexing.finish();
}

/** What comes into place together with a new content. */
export interface SwapParts {
  readonly facts: BulkFacts;
  /** Writes rows that belong to it, in the same transaction. */
  put?(writes: WriteSet): void;
  /** It is on disk; nobody else has had a turn since `put`. */
  swapped?(): void;
}

/** Moves the pointer row to what was loaded; from then on it is the content of the backend. `takeParts` is asked when that is about
 *  to happen. */
export async function swapContent(
  directory: Directory,
  backend: Backend,
  load: BulkLoad,
  takeParts: () => SwapParts,
): Promise<void> {
  const { queue, kv } = directory;
  await queue.runAlone(() => {
    const old = backend.set;
    const parts = takeParts();
    kv.transactSync(() => {
      load.finish(parts.facts);
      const writes = new WriteSet();
      backend.putPointer(writes, load.set);
      backend.saveDescriptions(writes);
      parts.put?.(writes);
      writes.apply();
    });
    backend.reload();
    parts.swapped?.();
    backend.dropSet(old);
  });
}
