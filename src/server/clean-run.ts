// Runs one CleanAllRUV task, or one abort: performs the actions of its machine and feeds back what comes of them. It decides
// nothing itself.
import type { LinkSettings } from "../link/index.ts";
import {
  type AbortAction,
  type AbortEvent,
  type AbortOrder,
  type AbortTask,
  type CleanAction,
  type CleanEvent,
  type CleanOrder,
  type CleanTask,
  type PeerAnswer,
  checkFilter,
  cleanProgress,
  makeAbortTask,
  makeCleanTask,
  stepAbort,
  stepClean,
  wasCleaned,
} from "../replication/clean-ruv/index.ts";
import { CSN_ZERO, type Csn } from "../replication/csn/index.ts";
import { ruvMaxCsn } from "../replication/ruv/index.ts";
import type { PeerQuestions } from "./clean-peer.ts";
import type { Directory } from "./directory.ts";
import type { Replica } from "./replica.ts";

/** A server at the other end of an agreement. */
export interface CleanPeer {
  /** Normal DN of the agreement. */
  readonly key: string;
  /** For the log. */
  readonly label: string;
  readonly link: LinkSettings;
  readonly isFractional: boolean;
  /** Whether it gets a change of the same replica ID that is above `after` and not above `upTo`. */
  hasUnsent(after: Csn, upTo: Csn): boolean;
}

export interface RunParts {
  readonly directory: Directory;
  readonly replica: Replica;
  readonly questions: PeerQuestions;
  /** Enabled agreements of the replica, but not one with the replica that is gone. */
  peers(): readonly CleanPeer[];
  log(line: string): void;
  progress(done: number, total: number): void;
  /** The peer lacks changes of the ID that cannot come from here. */
  warnOfLack(peer: string): void;
  /** The marker and what agreements know of the ID go. */
  forget(): Promise<void>;
  /** The machine has ended. */
  ended(): void;
  onDefect(error: unknown): void;
}

/** Feeds events one after the other: actions may feed further ones. */
class Feeder<Event> {
  readonly #queue: Event[] = [];
  readonly #step: (event: Event) => void;
  #isStepping = false;

  constructor(step: (event: Event) => void) {
    this.#step = step;
  }

  feed(event: Event): void {
    this.#queue.push(event);
    if (this.#isStepping) return;
    this.#isStepping = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.#step(next);
    }
    this.#isStepping = false;
  }
}

const labelsOf = (peers: readonly CleanPeer[]): ReadonlyMap<string, string> =>
  new Map(peers.map(({ key, label }) => [key, label]));

export class CleanRun {
  readonly order: CleanOrder;
  readonly #parts: RunParts;
  readonly #feeder = new Feeder<CleanEvent>((event) => this.#step(event));
  #state: CleanTask;

  constructor(order: CleanOrder, parts: RunParts) {
    this.order = order;
    this.#parts = parts;
    this.#state = makeCleanTask(order);
  }

  feed(event: CleanEvent): void {
    if (this.#state.phase !== "ended") this.#feeder.feed(event);
  }

  /** The suffix is no replica any more. */
  cancel(): void {
    this.#state = { ...this.#state, phase: "ended" };
  }

  #step(event: CleanEvent): void {
    const { directory, replica, peers, progress, ended } = this.#parts;
    const { replicaId } = this.order;
    const ruv = replica.ruv();
    const { ids } = replica.cleaned;
    const cleanedCsn = ids.get(replicaId)?.maxCsn;
    const withoutElement = wasCleaned(ids, replicaId) ? undefined : CSN_ZERO;
    const { state, actions } = stepClean(this.#state, event, {
      now: directory.clock.now(),
      ownCsn: (ruv && ruvMaxCsn(ruv, replicaId)) ?? withoutElement,
      cleanedCsn: cleanedCsn === CSN_ZERO ? undefined : cleanedCsn,
      peers: labelsOf(peers()),
    });
    const hasEnded = state.phase === "ended" && this.#state.phase !== "ended";
    this.#state = state;
    const { done, total } = cleanProgress(state);
    progress(done, total);
    for (const action of actions) this.#perform(action);
    if (hasEnded) ended();
  }

  #perform(action: CleanAction): void {
    const { replica, questions } = this.#parts;
    const { replicaId, force } = this.order;
    const { suffix } = replica;
    switch (action.type) {
      case "log":
        this.#parts.log(action.line);
        return;
      case "warnOfLack":
        this.#parts.warnOfLack(action.peer);
        return;
      case "askMaxCsn":
        this.#ask(action.peer, async (link, peer) =>
          this.#asFarAsSent(peer, await questions.askMaxCsn(link, { replicaId, suffix })),
        );
        return;
      case "sendClean": {
        this.#ask(action.peer, (link, { isFractional }) => {
          // It would wait for what is kept back from it.
          const maxCsn = (isFractional ? undefined : action.maxCsn) ?? CSN_ZERO;
          return questions.sendClean(link, { replicaId, suffix, maxCsn, force });
        });
        return;
      }
      case "askStatus":
        this.#ask(action.peer, (link) =>
          questions.askStatus(link, checkFilter(this.order, suffix)),
        );
        return;
      case "cleanLocal":
        this.#follow(
          replica.cleaned.clean(replicaId, { maxCsn: action.maxCsn, everything: force }),
          { type: "cleaned" },
        );
        return;
      case "finish":
        this.#follow(this.#finish(action.removesKeepAlive), { type: "finished" });
        return;
      case "restore":
        this.#follow(
          replica.cleaned.restore(replicaId).then(() => this.#parts.forget()),
          { type: "finished" },
        );
        return;
    }
  }

  async #finish(removesKeepAlive: boolean): Promise<void> {
    const { replica, forget } = this.#parts;
    const { replicaId } = this.order;
    await replica.cleaned.finish(replicaId);
    if (removesKeepAlive) await replica.keepAlive.remove(replicaId);
    await forget();
  }

  #follow(work: Promise<void>, event: CleanEvent): void {
    work.then(() => this.feed(event)).catch(this.#parts.onDefect);
  }

  /** A fractional consumer that lacks nothing but what is kept back from it has all that it will ever get. One that has been told
   *  and never got any has nothing to clean. */
  #asFarAsSent(peer: CleanPeer, answer: PeerAnswer): PeerAnswer {
    if (answer.type !== "maxCsn" || answer.csn === undefined) return answer;
    const isTold = this.#state.peers.get(peer.key)?.stage === "told";
    if (peer.isFractional && isTold && answer.csn === CSN_ZERO) {
      return { ...answer, csn: undefined };
    }
    const ruv = this.#parts.replica.ruv();
    const own = ruv && ruvMaxCsn(ruv, this.order.replicaId);
    const isShort = own !== undefined && answer.csn < own;
    return isShort && !peer.hasUnsent(answer.csn, own) ? { type: "maxCsn", csn: own } : answer;
  }

  #ask(key: string, question: (link: LinkSettings, peer: CleanPeer) => Promise<PeerAnswer>): void {
    const peer = this.#parts.peers().find((one) => one.key === key);
    // An agreement that was removed in between is not in the facts of the next step either.
    if (peer === undefined) return;
    question(peer.link, peer)
      .then((answer) => this.feed({ type: "answered", peer: key, answer }))
      .catch(this.#parts.onDefect);
  }
}

export class AbortRun {
  readonly order: AbortOrder;
  readonly #parts: RunParts;
  readonly #feeder = new Feeder<AbortEvent>((event) => this.#step(event));
  #state: AbortTask;

  constructor(order: AbortOrder, parts: RunParts) {
    this.order = order;
    this.#parts = parts;
    this.#state = makeAbortTask(order);
  }

  feed(event: AbortEvent): void {
    if (this.#state.phase !== "ended") this.#feeder.feed(event);
  }

  /** The suffix is no replica any more. */
  cancel(): void {
    this.#state = { ...this.#state, phase: "ended" };
  }

  #step(event: AbortEvent): void {
    const { directory, peers, ended } = this.#parts;
    const facts = { now: directory.clock.now(), peers: labelsOf(peers()) };
    const { state, actions } = stepAbort(this.#state, event, facts);
    const hasEnded = state.phase === "ended" && this.#state.phase !== "ended";
    this.#state = state;
    for (const action of actions) this.#perform(action);
    if (hasEnded) ended();
  }

  #perform(action: AbortAction): void {
    const { replica, questions, peers, forget, log, onDefect } = this.#parts;
    const { replicaId, certify } = this.order;
    switch (action.type) {
      case "log":
        log(action.line);
        return;
      case "finish":
        forget()
          .then(() => this.feed({ type: "finished" }))
          .catch(onDefect);
        return;
      case "sendAbort": {
        const peer = peers().find(({ key }) => key === action.peer);
        if (peer === undefined) return;
        questions
          .sendAbort(peer.link, { replicaId, suffix: replica.suffix, certify })
          .then((failure) => this.feed({ type: "answered", peer: peer.key, failure }))
          .catch(onDefect);
        return;
      }
    }
  }
}
