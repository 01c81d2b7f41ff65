// Runs one write operation on a backend, inside a batch of the write queue: the operation's own context, its bookkeeping, and
// what must be undone in memory when it is refused.
import type { Millis, Random } from "../base/index.ts";
import type { Descriptions, StoredEntry } from "../entry/index.ts";
import { RecordFlag } from "../entry/index.ts";
import type { WriteSet } from "../kv/index.ts";
import type { Change } from "../replication/change/index.ts";
import type { Csn, SkewOptions } from "../replication/csn/index.ts";
import { type RefusedAction, findRefusal } from "../replication/urp/index.ts";
import type { Schema } from "../schema/index.ts";
import type { Backend, BackendReader, BackendTxn, Origin } from "../store/index.ts";
import type { Access } from "./access-port.ts";
import type { Actor, WriteContext, WriteSettings } from "./write-context.ts";

export interface WriteRunOptions {
  readonly access: (reader: BackendReader) => Access;
  readonly actor: Actor;
  readonly settings: WriteSettings;
  readonly skew: SkewOptions;
  readonly now: Millis;
  readonly random: Random;
}

/** What an operation has changed that others must hear of once it is on disk. */
export interface WriteEffects {
  readonly change: Change | undefined;
  /** Normal DNs of entries whose ACIs changed. */
  readonly aciChanges: ReadonlySet<string>;
  readonly namesChanged: boolean;
}

class WriteRun implements WriteContext {
  readonly schema: Schema;
  readonly descriptions: Descriptions;
  readonly store: BackendReader;
  readonly access: Access;
  readonly actor: Actor;
  readonly settings: WriteSettings;
  readonly now: Millis;
  readonly random: Random;
  readonly txn: BackendTxn;
  change: Change | undefined;
  readonly #backend: Backend;
  readonly #writes: WriteSet;
  readonly #skew: SkewOptions;

  constructor(backend: Backend, writes: WriteSet, options: WriteRunOptions) {
    this.#backend = backend;
    this.#writes = writes;
    this.#skew = options.skew;
    this.txn = backend.begin(writes);
    this.schema = backend.schema;
    this.descriptions = backend.descriptions;
    this.store = this.txn.writer;
    this.access = options.access(this.txn.writer);
    this.actor = options.actor;
    this.settings = options.settings;
    this.now = options.now;
    this.random = options.random;
  }

  nextCsn(): Csn {
    return this.#backend.issueCsn(Math.floor(this.now / 1000), this.#skew);
  }

  apply(change: Change): void {
    applyAndLog(this.#backend, this.txn, this.#writes, change, { origin: "local", now: this.now });
    this.change = change;
  }

  refusal(entry: StoredEntry, action: RefusedAction | "delete"): string | undefined {
    if (action === "delete") {
      return entry.parentId === 0 && this.#backend.keepsState
        ? "The suffix entry of a replica cannot be deleted: remove the replica first"
        : undefined;
    }
    // Nobody else has a reason, and most are neither.
    if ((entry.flags & (RecordFlag.conflict | RecordFlag.glue)) === 0) return undefined;
    return findRefusal(this.txn.structure, this.txn.rules, entry.uniqueId, action);
  }
}

/** Applies a change that the RUV does not cover, logs it and counts it. */
export function applyAndLog(
  backend: Backend,
  txn: BackendTxn,
  writes: WriteSet,
  change: Change,
  { origin, now }: { readonly origin: Origin; readonly now: Millis },
): void {
  txn.apply(change, origin);
  backend.logChange(writes, change, Math.floor(now / 1000));
}

/** Runs `operation` on `backend`. When it throws, the backend is as if it had never run.
 *  `onCommitted` hears of its effects once they are on disk. */
export function runWrite<T>(
  backend: Backend,
  writes: WriteSet,
  options: WriteRunOptions,
  operation: (context: WriteContext & { readonly txn: BackendTxn }) => T,
  onCommitted: (effects: WriteEffects) => void,
): T {
  return guarded(backend, writes, () => {
    const run = new WriteRun(backend, writes, options);
    const result = operation(run);
    const effects = takeEffects(backend, writes, run.txn, run.change);
    return { result, committed: () => onCommitted(effects) };
  });
}

/** What an operation has done that others have to follow; processes that follow this one hear of it in the same transaction. */
export function takeEffects(
  backend: Backend,
  writes: WriteSet,
  { writer }: BackendTxn,
  change: Change | undefined,
): WriteEffects {
  const { aciChanges, namesChanged } = writer;
  backend.noteEffects(writes, writer);
  return { change, aciChanges, namesChanged };
}

/** Runs a step of a write so that a refusal leaves nothing behind in memory, and what it made of the replication facts
 *  counts as committed only when it is. */
export function guarded<T>(
  backend: Backend,
  writes: WriteSet,
  step: () => { readonly result: T; readonly committed: () => void },
): T {
  const facts = backend.newest;
  const { suffixUniqueId } = backend;
  try {
    const { result, committed } = step();
    backend.saveDescriptions(writes);
    const after = backend.newest;
    writes.afterCommit(() => {
      backend.committed = after;
      committed();
    });
    return result;
  } catch (error) {
    backend.newest = facts;
    backend.suffixUniqueId = suffixUniqueId;
    throw error;
  }
}
