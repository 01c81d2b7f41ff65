// The purge of one replica in the background (389: the tombstone reaper, and more: conflict-resolution 13.8). Every
// nsds5ReplicaTombstonePurgeInterval the purge CSN moves on, and what only older operations could make matter goes: their records
// in the structure log, tombstones, the state of deleted values. One slice is one transaction among those of clients, with a
// pause after it. What a run did not get to when the server stopped, the next one does: nothing is kept of it but the purge CSN.
import type { ReplicaSettings } from "../config/index.ts";
import { type WriteEffects, guarded, takeEffects } from "../operation/index.ts";
import type { Csn, ReplicaId } from "../replication/csn/index.ts";
import type { Ruv } from "../replication/ruv/index.ts";
import { nextPurgeCsn } from "../replication/urp/index.ts";
import {
  type Backend,
  type BackendTxn,
  type PurgeCount,
  purgeNameSlice,
  purgeStructureSlice,
  purgeValueSlice,
} from "../store/index.ts";
import type { Directory } from "./directory.ts";

/** How long after the start the first run begins, at most. */
const FIRST_RUN_MS_MAX = 300_000;
/** Between two slices, for everybody else. */
const PAUSE_MS = 20;

export type PurgeSettings = Pick<ReplicaSettings, "purgeDelaySec" | "tombstonePurgeIntervalSec">;

export interface PurgeFacts {
  readonly settings: PurgeSettings;
  readonly ownReplicaId: ReplicaId;
  readonly local: Ruv;
  /** What the consumers of enabled agreements have, as far as known. */
  readonly partners: readonly (Ruv | undefined)[];
}

export interface PurgeHooks {
  /** Names are gone: caches follow. */
  afterWrite(backend: Backend, effects: WriteEffects): void;
  onDefect(error: unknown): void;
}

export class Purge {
  readonly #directory: Directory;
  readonly #backend: Backend;
  readonly #hooks: PurgeHooks;
  /** The start, or the end of the last run. */
  #since: number;
  #hasRun = false;
  #isActive = false;
  #isStopped = false;
  #running: Promise<void> | undefined;

  constructor(directory: Directory, backend: Backend, hooks: PurgeHooks) {
    this.#directory = directory;
    this.#backend = backend;
    this.#hooks = hooks;
    this.#since = directory.timers.elapsedMs();
  }

  /** nsds5replicaReapActive. */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** Called every few seconds: begins a run when one is due. */
  tick(facts: PurgeFacts): void {
    if (this.#isActive || !this.#isDue(facts.settings)) return;
    const purgeCsn = nextPurgeCsn({
      delaySeconds: facts.settings.purgeDelaySec,
      nowSeconds: Math.floor(this.#directory.clock.now() / 1000),
      ownReplicaId: facts.ownReplicaId,
      local: facts.local,
      partners: facts.partners,
      previous: this.#backend.purgeCsn,
    });
    if (purgeCsn === undefined) return;
    this.#running = this.run(purgeCsn).then(() => {}, this.#hooks.onDefect);
  }

  #isDue({ purgeDelaySec, tombstonePurgeIntervalSec }: PurgeSettings): boolean {
    if (purgeDelaySec <= 0 || tombstonePurgeIntervalSec <= 0) return false;
    const intervalMs = tombstonePurgeIntervalSec * 1000;
    const waitMs = this.#hasRun ? intervalMs : Math.min(intervalMs, FIRST_RUN_MS_MAX);
    return this.#directory.timers.elapsedMs() - this.#since >= waitMs;
  }

  /** Purges up to `purgeCsn`, which is not below the one before. Ends early when the server stops or the content is replaced. */
  async run(purgeCsn: Csn): Promise<PurgeCount> {
    const backend = this.#backend;
    const { tables } = backend;
    const total = { removed: 0, shrunk: 0 };
    this.#isActive = true;
    for (const phase of PHASES) {
      let next: Buffer | undefined = BEGIN;
      while (next !== undefined && !this.#isStopped && backend.tables === tables) {
        const slice: PurgeSlice = await this.#slice(phase, next, purgeCsn);
        total.removed += slice.removed;
        total.shrunk += slice.shrunk;
        next = slice.next;
      }
    }
    this.#isActive = false;
    this.#hasRun = true;
    this.#since = this.#directory.timers.elapsedMs();
    if (total.removed + total.shrunk > 0) {
      const { suffix } = backend;
      this.#directory.log.info("replica.purge.ended", { suffix, purgeCsn, ...total });
    }
    return total;
  }

  /** Resolves when the last slice is through. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  /** One transaction; the purge CSN goes into the first of a run. */
  async #slice(phase: Phase, from: Buffer, purgeCsn: Csn): Promise<PurgeSlice> {
    const backend = this.#backend;
    const slice = await this.#directory.queue.submitInBackground((writes) =>
      guarded(backend, writes, () => {
        // The suffix may have ceased to be a replica while the slice waited.
        if (!backend.keepsState) return { result: END, committed: () => {} };
        if (backend.purgeCsn === undefined || backend.purgeCsn < purgeCsn) {
          backend.putPurgeCsn(writes, purgeCsn);
        }
        const txn = backend.begin(writes);
        const result = phase(backend, txn, from);
        const effects = takeEffects(backend, writes, txn, undefined);
        return { result, committed: () => this.#hooks.afterWrite(backend, effects) };
      }),
    );
    await new Promise<void>((resolve) => this.#directory.timers.after(PAUSE_MS, resolve));
    return slice;
  }
}

interface PurgeSlice extends PurgeCount {
  /** Where the next one starts; undefined: the phase is through. */
  readonly next: Buffer | undefined;
}

type Phase = (backend: Backend, txn: BackendTxn, from: Buffer) => PurgeSlice;

/** Sorts before all keys. */
const BEGIN = Buffer.of(0);
const END: PurgeSlice = { next: undefined, removed: 0, shrunk: 0 };

/** In this order, see purge-slice.ts of the store. */
const PHASES: readonly Phase[] = [
  (backend, txn) => {
    const { isDone, removed, shrunk } = purgeStructureSlice(backend, txn);
    return { next: isDone ? undefined : BEGIN, removed, shrunk };
  },
  (backend, txn, from) => purgeValueSlice(backend, txn, from),
  (_backend, txn, from) => ({ ...END, ...purgeNameSlice(txn, from) }),
];
