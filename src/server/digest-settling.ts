// Settles digests that writes have left stale (store/settle-digest.ts), in slices among the operations of clients: one slice is
// one transaction of the write queue.
//
// - When somebody asks for digests, slice follows slice until one leaves nothing; the answer is taken in the transaction of that
//   one. Clients may go on writing meanwhile, faster than a slice settles. Therefore each pass over all IDs has twice the time for
//   a slice: what a pass leaves is what was written during it, and the passes get shorter.
// - In the background, while the server has little to write and no total initialization goes on, with a pause after each slice, so
//   that marks do not gather. Only for replicas: elsewhere nobody asks, and an entry that stays stale is marked once and for all.
import type { WriteSet } from "../kv/index.ts";
import { guarded } from "../operation/index.ts";
import { LdapError } from "../protocol/index.ts";
import {
  type Backend,
  type BackendTables,
  hasStaleDigests,
  settleDigests,
} from "../store/index.ts";
import type { Directory } from "./directory.ts";

const SLICE_MS = 5;
/** In the background, where nobody waits for the digests, and clients for what they ask: what is put takes as long again. */
const QUIET_SLICE_MS = 1;
/** Between two slices in the background. */
const PAUSE_MS = 5;
/** The server is busy when it has run more operations on the write queue since the last tick, which is some seconds ago. */
const QUIET_OPERATIONS_MAX = 10;

/** `answer`: nothing is stale. */
type Outcome<T> = { readonly next: number } | { readonly answer: T };

export interface DigestSettlingHooks {
  /** Other work of the server that is not for the write queue: nothing is settled in the background meanwhile. */
  isBusy(): boolean;
  onDefect(error: unknown): void;
}

interface Slice<T> {
  /** The ID to begin at. */
  readonly from: number;
  readonly sliceMs: number;
  readonly read: (tables: BackendTables) => T;
  readonly isInBackground: boolean;
}

export class DigestSettling {
  readonly #directory: Directory;
  readonly #hooks: DigestSettlingHooks;
  #isStopped = false;
  #running: Promise<void> | undefined;
  /** Slices on the write queue. */
  #slices = 0;
  #othersAtTick = 0;

  constructor(directory: Directory, hooks: DigestSettlingHooks) {
    this.#directory = directory;
    this.#hooks = hooks;
  }

  /** What `read` finds in the tables once all digests are those of the content. @throws LdapError */
  async read<T>(backend: Backend, read: (tables: BackendTables) => T): Promise<T> {
    let from = 0;
    let sliceMs = SLICE_MS;
    for (;;) {
      const slice: Slice<T> = { from, sliceMs, read, isInBackground: false };
      const outcome: Outcome<T> = await this.#settle(backend, slice);
      if ("answer" in outcome) return outcome.answer;
      if (this.#isStopped) throw new LdapError("unavailable", "The server stops");
      if (outcome.next <= from) sliceMs *= 2;
      from = outcome.next;
    }
  }

  /** Called every few seconds: settles when little has been written since. */
  tick(): void {
    const others = this.#others;
    const isQuiet = others - this.#othersAtTick <= QUIET_OPERATIONS_MAX;
    this.#othersAtTick = others;
    if (!isQuiet || this.#running !== undefined || this.#isStopped || this.#hooks.isBusy()) return;
    this.#directory.kv.renew();
    const stale = [...this.#directory.backends.values()].filter(
      ({ keepsState, tables }) => keepsState && hasStaleDigests(tables),
    );
    if (stale.length === 0) return;
    this.#running = this.#settleQuietly(stale).then(() => {
      this.#running = undefined;
    }, this.#hooks.onDefect);
  }

  /** Resolves when nothing more is settled in the background. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  /** Operations that the write queue has run for others. */
  get #others(): number {
    return this.#directory.queue.statistics().operations - this.#slices;
  }

  async #settleQuietly(backends: readonly Backend[]): Promise<void> {
    const { timers, backends: served } = this.#directory;
    const othersMax = this.#others + QUIET_OPERATIONS_MAX;
    for (const backend of backends) {
      const { tables } = backend;
      // The content may be replaced or the backend removed meanwhile.
      const isThere = (): boolean =>
        backend.tables === tables && served.get(backend.name) === backend;
      const goesOn = (): boolean =>
        isThere() && !this.#isStopped && this.#others <= othersMax && !this.#hooks.isBusy();
      let from: number | undefined = 0;
      while (from !== undefined && goesOn()) {
        const slice: Slice<undefined> = {
          from,
          sliceMs: QUIET_SLICE_MS,
          read: () => undefined,
          isInBackground: true,
        };
        const outcome: Outcome<undefined> = await this.#settle(backend, slice);
        from = "next" in outcome ? outcome.next : undefined;
        await new Promise<void>((resolve) => timers.after(PAUSE_MS, resolve));
      }
    }
  }

  /** One transaction. */
  async #settle<T>(backend: Backend, slice: Slice<T>): Promise<Outcome<T>> {
    const { from, sliceMs, read, isInBackground } = slice;
    const { queue, timers } = this.#directory;
    const run = (writes: WriteSet): Outcome<T> =>
      guarded(backend, writes, () => {
        const until = timers.elapsedMs() + sliceMs;
        const isOver = (): boolean => timers.elapsedMs() >= until;
        const txn = backend.begin(writes);
        let next = settleDigests(backend, txn, { from, isOver });
        // What became stale below while the pass was above.
        if (next === undefined && from > 0) next = settleDigests(backend, txn, { from: 0, isOver });
        const result = next === undefined ? { answer: read(txn.writer.tables) } : { next };
        return { result, committed: () => {} };
      });
    const outcome = await (isInBackground ? queue.submitInBackground(run) : queue.submit(run));
    this.#slices += 1;
    return outcome;
  }
}
