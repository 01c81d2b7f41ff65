// All CleanAllRUV tasks and aborts of this server: their markers in the replica entries, by which a restart goes on with them,
// and servers that come back with an ID that was cleaned while they were away.
import { LdapError } from "../protocol/index.ts";
import {
  type AbortOrder,
  type CleanOrder,
  type CleanedId,
  findLeftOver,
  formatAbortMarker,
  formatCleanMarker,
  parseAbortMarker,
  parseCleanMarker,
} from "../replication/clean-ruv/index.ts";
import { CSN_ZERO, type ReplicaId } from "../replication/csn/index.ts";
import { type Ruv, findElement } from "../replication/ruv/index.ts";
import { formatTime } from "../operation/index.ts";
import type { TaskProgress } from "../tasks/index.ts";
import type { Agreement } from "./agreement.ts";
import type { PeerQuestions } from "./clean-peer.ts";
import { AbortRun, CleanRun, type RunParts } from "./clean-run.ts";
import type { ConfigKeeper } from "./config-handler.ts";
import type { Directory } from "./directory.ts";
import type { Replica } from "./replica.ts";

/** Tasks that may be under way together, as in 389. */
export const CLEAN_TASKS_MAX = 64;
/** How often tasks look whether time has passed or changes have come. */
const TICK_MS = 1_000;
/** How often a server that comes with a cleaned ID is told, or complained about. */
const REMIND_MS = 60_000;
/** Half of the first wait before a server that could not be told is tried again; it doubles. All attempts fit into REMIND_MS. */
const REMIND_MS_MIN = 500;
const REMIND_ATTEMPTS_MAX = 6;

export interface CleanSurroundings {
  readonly questions: PeerQuestions;
  find(normalSuffix: string): Replica | undefined;
  agreementsOf(normalSuffix: string): Iterable<Agreement>;
}

/** A task that is under way. */
interface Running<Run> {
  readonly suffix: string;
  readonly replica: Replica;
  readonly run: Run;
  readonly end: () => void;
}
type Report = Pick<TaskProgress, "log" | "items">;

const keyOf = (suffix: string, replicaId: number): string => `${suffix}\0${replicaId}`;

export class CleanTasks {
  readonly #directory: Directory;
  readonly #surroundings: CleanSurroundings;
  readonly #keeper: ConfigKeeper;
  readonly #onDefect: (error: unknown) => void;
  readonly #cleans = new Map<string, Running<CleanRun>>();
  readonly #aborts = new Map<string, Running<AbortRun>>();
  /** When a peer was reminded last, by agreement and ID. */
  readonly #reminded = new Map<string, number>();
  /** Calls the next tick off. */
  #timer: (() => void) | undefined;
  #isStopped = false;

  constructor(
    directory: Directory,
    surroundings: CleanSurroundings,
    keeper: ConfigKeeper,
    onDefect: (error: unknown) => void,
  ) {
    this.#directory = directory;
    this.#surroundings = surroundings;
    this.#keeper = keeper;
    this.#onDefect = onDefect;
  }

  isCleaning(suffix: string, replicaId: number): boolean {
    return this.#cleans.has(keyOf(suffix, replicaId));
  }

  /** Whether a task is under way that another server has asked for. */
  isRelaying(suffix: string, replicaId: number): boolean {
    return this.#cleans.get(keyOf(suffix, replicaId))?.run.order.isOriginal === false;
  }

  /** Goes on with what was under way when the server stopped. */
  resume(): void {
    for (const { normalSuffix, cleanTasks, abortTasks } of this.#directory.config.snapshot
      .replicas) {
      const aborted = new Set<number>();
      for (const marker of abortTasks.flatMap((text) => parseAbortMarker(text) ?? [])) {
        aborted.add(marker.replicaId);
        this.#resume("abort", normalSuffix, marker.replicaId, () =>
          this.abort(normalSuffix, marker),
        );
      }
      for (const marker of cleanTasks.flatMap((text) => parseCleanMarker(text) ?? [])) {
        const { replicaId } = marker;
        if (aborted.has(replicaId)) continue;
        this.#resume("clean", normalSuffix, replicaId, () =>
          this.clean(normalSuffix, { ...marker, maxCsn: undefined }),
        );
      }
    }
  }

  #resume(kind: string, suffix: string, replicaId: ReplicaId, run: () => Promise<void>): void {
    this.#directory.log.info("clean.task.resumed", { suffix, replicaId, kind });
    run().catch((error: unknown) => {
      if (!(error instanceof LdapError)) this.#onDefect(error);
    });
  }

  /** @throws LdapError this ID cannot be cleaned now */
  checkStart(suffix: string, replicaId: ReplicaId): void {
    this.#getReplica(suffix, replicaId);
    if (this.isCleaning(suffix, replicaId)) {
      throw new LdapError(
        "unwillingToPerform",
        `Replica id (${replicaId}) is already being cleaned`,
      );
    }
    if (this.#cleans.size >= CLEAN_TASKS_MAX) {
      throw new LdapError("unwillingToPerform", "Too many replica ids are being cleaned");
    }
  }

  /** Resolves when the ID is clean everywhere, or the task was aborted. @throws LdapError it cannot be started */
  async clean(suffix: string, order: CleanOrder, report?: Report): Promise<void> {
    this.checkStart(suffix, order.replicaId);
    const replica = this.#getReplica(suffix, order.replicaId);
    const key = keyOf(suffix, order.replicaId);
    return new Promise((resolve) => {
      const parts = this.#parts(replica, order.replicaId, report, resolve);
      const run = new CleanRun(order, {
        ...parts,
        forget: () => {
          this.#cleans.delete(key);
          return this.#storeMarkers(suffix);
        },
      });
      this.#cleans.set(key, { suffix, replica, run, end: resolve });
      this.#begin(suffix, () => run.feed({ type: "started" }));
    });
  }

  /** Ends the task for this ID here and on the other servers; resolves when they know. */
  async abort(suffix: string, order: AbortOrder, report?: Report): Promise<void> {
    const replica = this.#getReplica(suffix, order.replicaId);
    const key = keyOf(suffix, order.replicaId);
    if (this.#aborts.has(key)) return undefined;
    const clean = this.#cleans.get(key)?.run;
    return new Promise((resolve) => {
      const parts = this.#parts(replica, order.replicaId, report, resolve);
      const run = new AbortRun(order, {
        ...parts,
        forget: () => {
          this.#aborts.delete(key);
          return this.#storeMarkers(suffix);
        },
      });
      this.#aborts.set(key, { suffix, replica, run, end: resolve });
      this.#begin(suffix, () => {
        if (clean !== undefined) clean.feed({ type: "abort" });
        // After a restart there is no run any more, but what it did may be there.
        else replica.cleaned.restore(order.replicaId).catch(this.#onDefect);
        run.feed({ type: "started" });
      });
    });
  }

  /** A consumer, or a supplier that is also one, has told what it has. */
  heard(agreement: Agreement, ruv: Ruv): void {
    const { normalDn, normalSuffix } = agreement.settings;
    for (const { suffix, run } of [...this.#cleans.values(), ...this.#aborts.values()]) {
      if (suffix === normalSuffix) run.feed({ type: "peerSeen", peer: normalDn });
    }
    const replica = this.#surroundings.find(normalSuffix);
    if (replica === undefined || replica.ruv()?.generation !== ruv.generation) return;
    const { toClean, behind } = findLeftOver(replica.cleaned.ids, ruv);
    for (const id of toClean) {
      if (this.#isReminderDue(agreement, id.replicaId)) this.#remind(agreement, id);
    }
    for (const { replicaId } of behind) this.#warnOfLack(agreement, replicaId);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.();
  }

  /** The task ran while the server was away, or was forced: it is told at its first contact. A server that has just started may
   *  open sessions before it takes connections: it is tried again. */
  #remind(agreement: Agreement, { replicaId, maxCsn }: CleanedId, attempt = 1): void {
    const { name, normalSuffix: suffix } = agreement.settings;
    const { questions } = this.#surroundings;
    // It has all changes of the ID, and waits until its own consumers have them, unless others have given them up.
    const force = maxCsn === CSN_ZERO;
    questions.sendClean(agreement.link, { replicaId, suffix, maxCsn, force }).then((answer) => {
      const outcome = answer.type === "failed" ? answer.reason : answer.type;
      const fields = { suffix, agreement: name, replicaId, outcome };
      this.#directory.log.info("clean.consumer.reminded", fields);
      const id = this.#surroundings.find(suffix)?.cleaned.ids.get(replicaId);
      if (answer.type !== "failed" || attempt >= REMIND_ATTEMPTS_MAX || id === undefined) return;
      this.#directory.timers.after(REMIND_MS_MIN * 2 ** attempt, () => {
        if (!this.#isStopped) this.#remind(agreement, id, attempt + 1);
      });
    }, this.#onDefect);
  }

  #warnOfLack(agreement: Agreement, replicaId: ReplicaId): void {
    if (!this.#isReminderDue(agreement, replicaId)) return;
    const { name, normalSuffix: suffix } = agreement.settings;
    this.#directory.log.warn("clean.consumer.behind", { suffix, agreement: name, replicaId });
  }

  #isReminderDue(agreement: Agreement, replicaId: ReplicaId): boolean {
    const key = keyOf(agreement.settings.normalDn, replicaId);
    const now = this.#directory.clock.now();
    const last = this.#reminded.get(key);
    if (last !== undefined && Math.abs(now - last) < REMIND_MS) return false;
    this.#reminded.set(key, now);
    return true;
  }

  #getReplica(suffix: string, replicaId: ReplicaId): Replica {
    const replica = this.#surroundings.find(suffix);
    if (replica === undefined) {
      throw new LdapError("operationsError", `There is no replica of ${suffix}`);
    }
    if (replica.replicaId === replicaId) {
      throw new LdapError(
        "unwillingToPerform",
        `Replica id (${replicaId}) is that of this server: it cannot be cleaned here`,
      );
    }
    return replica;
  }

  #parts(
    replica: Replica,
    replicaId: ReplicaId,
    report: Report | undefined,
    ended: () => void,
  ): Omit<RunParts, "forget"> {
    const { suffix } = replica;
    return {
      directory: this.#directory,
      replica,
      questions: this.#surroundings.questions,
      peers: () =>
        [...this.#surroundings.agreementsOf(suffix)]
          .filter((one) => one.settings.enabled && one.consumerReplicaId !== replicaId)
          .map((one) => ({
            key: one.settings.normalDn,
            label: one.label,
            link: one.link,
            isFractional: one.settings.excludedAttributes.length > 0,
            hasUnsent: (after, upTo) => one.hasUnsent(after, upTo),
          })),
      log: (line) => {
        this.#directory.log.info("clean.task.logged", { suffix, replicaId, line });
        report?.log(line);
      },
      progress: (done, total) => report?.items(done, total),
      warnOfLack: (peer) => {
        for (const agreement of this.#surroundings.agreementsOf(suffix)) {
          if (agreement.settings.normalDn === peer) this.#warnOfLack(agreement, replicaId);
        }
      },
      ended: () => {
        for (const agreement of this.#surroundings.agreementsOf(suffix)) {
          if (replica.cleaned.ids.has(replicaId)) agreement.forgetReplica(replicaId);
        }
        ended();
      },
      onDefect: (error) => {
        // Writes end in the middle of a stop.
        if (!this.#isStopped) this.#onDefect(error);
      },
    };
  }

  /** Stores the markers, then starts. */
  #begin(suffix: string, start: () => void): void {
    this.#storeMarkers(suffix).then(start).catch(this.#onDefect);
    this.#timer ??= this.#directory.timers.after(TICK_MS, () => this.#tick());
  }

  #tick(): void {
    for (const runs of [this.#cleans, this.#aborts]) {
      for (const [key, { suffix, replica, run, end }] of runs) {
        if (this.#surroundings.find(suffix) === replica) {
          run.feed({ type: "tick" });
          continue;
        }
        run.cancel();
        runs.delete(key);
        end();
      }
    }
    const isIdle = this.#isStopped || this.#cleans.size + this.#aborts.size === 0;
    this.#timer = isIdle ? undefined : this.#directory.timers.after(TICK_MS, () => this.#tick());
  }

  /** The replica entry shows what is under way. */
  #storeMarkers(normalSuffix: string): Promise<void> {
    const markers = <Run>(
      runs: ReadonlyMap<string, Running<Run>>,
      format: (run: Run) => string,
    ): readonly string[] =>
      [...runs.values()]
        .filter(({ suffix }) => suffix === normalSuffix)
        .map(({ run }) => format(run));
    return this.#keeper.exclusively(async () => {
      const { config, clock } = this.#directory;
      const replica = config.snapshot.replicas.find((one) => one.normalSuffix === normalSuffix);
      if (replica === undefined || this.#isStopped) return;
      const suffix = this.#surroundings.find(normalSuffix)?.backend.suffixDn ?? normalSuffix;
      const cleans = markers(this.#cleans, ({ order }) => formatCleanMarker(order, suffix));
      const aborts = markers(this.#aborts, ({ order }) => formatAbortMarker(order, suffix));
      await this.#keeper.store(
        config.updated(
          replica.normalDn,
          [
            ["nsds5ReplicaCleanRUV", ...cleans],
            ["nsds5ReplicaAbortCleanRUV", ...aborts],
          ],
          { timestamp: formatTime(clock.now()) },
        ),
      );
    });
  }

  /** Whether the ID is gone here, and nothing is left to be done for another server that asks for it. */
  isClean(replica: Replica, replicaId: ReplicaId): boolean {
    const ruv = replica.ruv();
    const isInRuv = ruv !== undefined && findElement(ruv, replicaId) !== undefined;
    return !isInRuv && replica.cleaned.ids.has(replicaId);
  }
}
