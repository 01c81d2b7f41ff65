// The trimming of one replica's changelog in the background: every trim interval, slice by slice among the writes of clients.
import type { ChangelogSettings } from "../config/index.ts";
import {
  TRIM_CAP_SECONDS_DEFAULT,
  type TrimCursor,
  type TrimSlice,
  trimSlice,
} from "../replication/changelog/index.ts";
import type { Ruv } from "../replication/ruv/index.ts";
import type { Backend } from "../store/index.ts";
import type { Directory } from "./directory.ts";

export interface TrimmingHooks {
  onDefect(error: unknown): void;
}

export class Trimming {
  readonly #directory: Directory;
  readonly #backend: Backend;
  readonly #hooks: TrimmingHooks;
  #isActive = false;
  #cursor: TrimCursor | undefined;
  #dueAt = Number.NEGATIVE_INFINITY;

  constructor(directory: Directory, backend: Backend, hooks: TrimmingHooks) {
    this.#directory = directory;
    this.#backend = backend;
    this.#hooks = hooks;
  }

  /** Does one slice when it is time.
   *  @param local the update vector of this server
   *  @param consumers what the consumers of enabled agreements have, as far as known */
  tick(local: Ruv, consumers: readonly (Ruv | undefined)[]): void {
    const settings = this.#settings();
    const now = this.#directory.clock.now();
    if (settings === undefined || this.#isActive) return;
    const elapsedMs = this.#directory.timers.elapsedMs();
    if (this.#cursor === undefined && elapsedMs < this.#dueAt) return;
    this.#dueAt = elapsedMs + settings.trimIntervalSec * 1000;
    const policy = {
      ageSecondsMax: settings.ageMaxSec > 0 ? settings.ageMaxSec : undefined,
      changesMax: settings.changesMax > 0 ? settings.changesMax : undefined,
      capAgeSeconds: TRIM_CAP_SECONDS_DEFAULT,
      capChanges: undefined,
    };
    if (policy.ageSecondsMax === undefined && policy.changesMax === undefined) return;
    this.#isActive = true;
    const input = { policy, local, consumers, nowSeconds: Math.floor(now / 1000) };
    this.#directory.queue
      .submitInBackground((writes) => {
        const tables = this.#backend.writableTables(writes, this.#backend.tables);
        return trimSlice(tables, input, this.#cursor);
      })
      .then(
        (slice) => this.#finish(slice),
        (error: unknown) => this.#hooks.onDefect(error),
      );
  }

  #finish({ removed, overridden, next }: TrimSlice): void {
    const { log } = this.#directory;
    const { suffix } = this.#backend;
    this.#isActive = false;
    this.#cursor = next;
    if (removed > 0) log.info("changelog.records.trimmed", { suffix, removed });
    for (const [replicaId, count] of overridden) {
      log.warn("changelog.need.overridden", { suffix, replicaId, count });
    }
  }

  #settings(): ChangelogSettings | undefined {
    const { backends } = this.#directory.config.snapshot;
    return backends.find((one) => one.name.toLowerCase() === this.#backend.name)?.changelog;
  }
}
