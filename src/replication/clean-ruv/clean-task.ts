// The life of one CleanAllRUV task on one server (389: repl_cleanallruv.c; replication-protocol 3.8). Pure: events and the facts
// of the moment go in, actions come out; the server performs them and feeds back what comes of them.
//
//   surveying     every peer tells its newest change of the ID; so all are online, and the newest change of all is known
//   catchingUp    we and every peer have got that change (a forced task does not wait)
//   cleaning      the ID leaves our RUV and is dropped from now on
//   spreading     every peer is told (one that the survey has not seen, because its agreement is newer, not before it has the
//                 newest change: from here it cannot get any more), then asked until it has no element any more, then (by the server where the task began)
//                 until its own task is through; whoever is unreachable is tried again, with a growing wait
//   finishing     changelog, keep-alive entry, marker
//
// A task that a peer asked for waits for its own peers in the same way, but not for the end of their tasks: two servers that
// waited for the end of each other would wait for ever.
//
// A forced task asks each peer it cannot reach once. 389 then forgets it; here it is told when it comes back (cleaned-ids.ts).
import type { Millis } from "../../base/index.ts";
import { CSN_ZERO, type Csn, type ReplicaId, maxCsn } from "../csn/index.ts";
import {
  type PeerProgress,
  type PeerStage,
  type Peers,
  everyPeer,
  followAgreements,
  withPeer,
} from "./peer-progress.ts";

/** The first wait before peers are asked again; it doubles. */
export const RETRY_MS_MIN = 1_000;
/** 389 goes up to two hours; a peer that comes back by itself is heard of at once. */
export const RETRY_MS_MAX = 300_000;

export interface CleanOrder {
  readonly replicaId: ReplicaId;
  /** What the peer that asked for the task knows; undefined: nothing. */
  readonly maxCsn: Csn | undefined;
  readonly force: boolean;
  /** The task began here. */
  readonly isOriginal: boolean;
}

export type CleanPhase =
  | "new"
  | "surveying"
  | "catchingUp"
  | "cleaning"
  | "spreading"
  | "finishing"
  | "aborting"
  | "ended";

export interface CleanTask {
  readonly order: CleanOrder;
  readonly phase: CleanPhase;
  readonly peers: Peers;
  /** The newest change of the ID that anybody has; undefined: there is none, or the survey is not through. */
  readonly maxCsn: Csn | undefined;
  readonly retryMs: number;
  /** When peers are asked again; undefined: not yet. */
  readonly wakeAt: Millis | undefined;
}

export interface CleanFacts {
  readonly now: Millis;
  /** The newest change of the ID in our data; CSN_ZERO: there has been none yet; undefined: the ID has been cleaned here. */
  readonly ownCsn: Csn | undefined;
  /** The newest change that was known when the ID was cleaned here; undefined: it was not, or what others lack is given up. */
  readonly cleanedCsn: Csn | undefined;
  /** Enabled agreements of the replica with their labels. */
  readonly peers: ReadonlyMap<string, string>;
}

/** What a peer said; `failed`: it could not be asked. */
export type PeerAnswer =
  | { readonly type: "failed"; readonly reason: string }
  | { readonly type: "maxCsn"; readonly csn: Csn | undefined }
  | { readonly type: "accepted" }
  | { readonly type: "status"; readonly isCleaning: boolean };

export type CleanEvent =
  | { readonly type: "started" }
  /** Time has passed, our data or the agreements have changed. */
  | { readonly type: "tick" }
  | { readonly type: "answered"; readonly peer: string; readonly answer: PeerAnswer }
  /** A peer has been heard of: it is online. */
  | { readonly type: "peerSeen"; readonly peer: string }
  /** The ID has left our RUV. */
  | { readonly type: "cleaned" }
  | { readonly type: "abort" }
  /** What `finish` or `restore` asked for is done. */
  | { readonly type: "finished" };

export type CleanAction =
  | { readonly type: "askMaxCsn"; readonly peer: string }
  | { readonly type: "sendClean"; readonly peer: string; readonly maxCsn: Csn | undefined }
  | { readonly type: "askStatus"; readonly peer: string }
  /** Take the ID out of our RUV and drop its changes. */
  | { readonly type: "cleanLocal"; readonly maxCsn: Csn | undefined }
  | { readonly type: "finish"; readonly removesKeepAlive: boolean }
  /** Undo `cleanLocal`, if it was done. */
  | { readonly type: "restore" }
  /** An operator has to know: what the peer lacks cannot come from here any more. */
  | { readonly type: "warnOfLack"; readonly peer: string }
  | { readonly type: "log"; readonly line: string };

export interface CleanTransition {
  readonly state: CleanTask;
  readonly actions: readonly CleanAction[];
}

export const makeCleanTask = (order: CleanOrder): CleanTask => ({
  order,
  phase: "new",
  peers: new Map(),
  maxCsn: order.maxCsn,
  retryMs: RETRY_MS_MIN,
  wakeAt: undefined,
});

/** Peers that are through, and all. */
export function cleanProgress({ peers }: CleanTask): { done: number; total: number } {
  const through = [...peers.values()].filter(({ stage }) => isThrough(stage));
  return { done: through.length, total: peers.size + 1 };
}

export function stepClean(task: CleanTask, event: CleanEvent, facts: CleanFacts): CleanTransition {
  const step = new Step(task, facts);
  step.take(event);
  return { state: step.state, actions: step.actions };
}

const isThrough = (stage: PeerStage): boolean => stage === "done" || stage === "skipped";

class Step {
  state: CleanTask;
  readonly actions: CleanAction[] = [];
  private readonly facts: CleanFacts;

  constructor(task: CleanTask, facts: CleanFacts) {
    this.state = { ...task, peers: followAgreements(task.peers, facts.peers) };
    this.facts = facts;
  }

  take(event: CleanEvent): void {
    const { phase } = this.state;
    switch (event.type) {
      case "started":
        this.log(`Cleaning rid (${this.state.order.replicaId})...`);
        this.enter("surveying");
        return;
      case "tick":
        this.tick();
        return;
      case "answered":
        this.answered(event.peer, event.answer);
        return;
      case "peerSeen":
        if (this.isPending(event.peer)) this.ask(event.peer);
        return;
      case "cleaned":
        if (phase === "cleaning") this.enter("spreading");
        return;
      case "abort":
        this.abort();
        return;
      case "finished":
        this.end();
        return;
    }
  }

  private log(line: string): void {
    this.actions.push({ type: "log", line });
  }

  private abort(): void {
    const { phase } = this.state;
    if (phase === "finishing" || phase === "aborting" || phase === "ended") return;
    this.state = { ...this.state, phase: "aborting", wakeAt: undefined };
    this.actions.push({ type: "restore" });
  }

  private end(): void {
    const { phase, order } = this.state;
    if (phase !== "finishing" && phase !== "aborting") return;
    const id = order.replicaId;
    this.log(
      phase === "finishing" ? `Successfully cleaned rid(${id})` : `Task aborted for rid(${id}).`,
    );
    this.state = { ...this.state, phase: "ended", wakeAt: undefined };
  }

  private enter(phase: CleanPhase): void {
    this.state = { ...this.state, phase, retryMs: RETRY_MS_MIN, wakeAt: undefined };
    const line = ENTER_LINES[phase];
    if (line !== undefined) this.log(line);
    if (phase === "cleaning") {
      this.actions.push({ type: "cleanLocal", maxCsn: this.state.maxCsn });
      return;
    }
    if (phase === "finishing") {
      this.actions.push({ type: "finish", removesKeepAlive: this.state.order.isOriginal });
      return;
    }
    this.askPending();
    this.advance();
  }

  /** Nobody near us knew of a change of the ID, so nothing of it is dropped here; those who know were further away. */
  private get hasLearned(): boolean {
    const { phase, maxCsn: max } = this.state;
    const { ownCsn } = this.facts;
    return (
      phase === "spreading" && max === undefined && ownCsn !== undefined && ownCsn !== CSN_ZERO
    );
  }

  private beginAnew(): void {
    this.log("Changes of the deleted replica have come: the task begins anew");
    const peers = new Map(this.state.peers);
    for (const [key, peer] of peers) {
      peers.set(key, { ...peer, stage: "unknown", maxCsn: undefined });
    }
    this.state = { ...this.state, peers };
    this.enter("surveying");
  }

  /** Goes on to the next phase when this one has reached its aim. */
  private advance(): void {
    if (this.hasLearned) {
      this.beginAnew();
      return;
    }
    const { phase, order, peers } = this.state;
    if (phase === "surveying" && everyPeer(peers, ({ stage }) => stage !== "unknown")) {
      this.state = { ...this.state, maxCsn: this.newestOfAll() };
      this.enter(order.force ? "cleaning" : "catchingUp");
    } else if (phase === "catchingUp" && this.isCaughtUp()) {
      this.enter("cleaning");
    } else if (phase === "spreading" && everyPeer(peers, ({ stage }) => isThrough(stage))) {
      this.enter("finishing");
    }
  }

  /** The newest change that anybody has, by what they said last. */
  private newestOfAll(): Csn | undefined {
    const { ownCsn, cleanedCsn } = this.facts;
    let max = maxCsn(maxCsn(this.state.order.maxCsn, ownCsn), cleanedCsn);
    for (const peer of this.state.peers.values()) max = maxCsn(max, peer.maxCsn);
    return max === CSN_ZERO ? undefined : max;
  }

  private isCaughtUp(): boolean {
    const { ownCsn } = this.facts;
    return (
      !this.isBehind(ownCsn) && everyPeer(this.state.peers, (peer) => !this.isPeerBehind(peer))
    );
  }

  /** Whoever has cleaned the ID, or got the data of one who has, names no change; who has had none yet names CSN_ZERO. */
  private isBehind(csn: Csn | undefined): boolean {
    const { maxCsn: max } = this.state;
    return csn !== undefined && max !== undefined && csn < max;
  }

  private isPeerBehind({ stage, maxCsn: csn }: PeerProgress): boolean {
    return stage === "unknown" || (stage === "surveyed" && this.isBehind(csn));
  }

  private tick(): void {
    const { phase } = this.state;
    this.advance();
    if (this.state.phase !== phase) return;
    const { wakeAt, retryMs } = this.state;
    const { now } = this.facts;
    // A clock that was set back must not make the wait longer.
    if (wakeAt !== undefined && now < wakeAt && wakeAt - now <= retryMs) return;
    this.state = { ...this.state, wakeAt: undefined };
    if (phase === "catchingUp") this.askAll();
    else this.askPending();
  }

  /** Those who had the newest change may have been given other data meanwhile: then nobody waits for it any more. */
  private askAll(): void {
    for (const [key, { isAsked }] of this.state.peers) if (!isAsked) this.ask(key);
  }

  private isPending(key: string): boolean {
    const { phase, peers } = this.state;
    const peer = peers.get(key);
    if (peer === undefined || peer.isAsked || peer.stage === "skipped") return false;
    if (phase === "surveying") return peer.stage === "unknown";
    if (phase === "catchingUp") return this.isPeerBehind(peer);
    return phase === "spreading" && peer.stage !== "done";
  }

  private askPending(): void {
    for (const key of this.state.peers.keys()) if (this.isPending(key)) this.ask(key);
  }

  private ask(peer: string): void {
    const { phase, peers, order, maxCsn: max } = this.state;
    const stage = peers.get(peer)?.stage;
    this.state = { ...this.state, peers: withPeer(peers, peer, { isAsked: true }) };
    const isUnknown = stage === "unknown" && !order.force;
    if (phase !== "spreading" || isUnknown || stage === "told")
      this.actions.push({ type: "askMaxCsn", peer });
    else if (stage === "clean") this.actions.push({ type: "askStatus", peer });
    else this.actions.push({ type: "sendClean", peer, maxCsn: max });
  }

  private answered(key: string, answer: PeerAnswer): void {
    const { peers, phase } = this.state;
    const peer = peers.get(key);
    if (peer === undefined) {
      this.advance();
      return;
    }
    this.put(key, { isAsked: false });
    if (phase === "surveying" || phase === "catchingUp") this.surveyed(key, peer, answer);
    else if (phase === "spreading") this.spread(key, peer, answer);
    this.advance();
  }

  private put(key: string, change: Partial<PeerProgress>): void {
    this.state = { ...this.state, peers: withPeer(this.state.peers, key, change) };
  }

  private surveyed(key: string, { label }: PeerProgress, answer: PeerAnswer): void {
    if (answer.type !== "maxCsn") {
      this.failed(key, label, answer);
      return;
    }
    this.put(key, { stage: "surveyed", maxCsn: answer.csn });
    // In the survey only its end knows the newest; an agreement that comes later may know a newer one.
    const { phase, peers } = this.state;
    if (phase !== "catchingUp") return;
    const newest = this.newestOfAll();
    const isComplete = everyPeer(peers, (peer) => peer.stage !== "unknown" && !peer.isAsked);
    const max = isComplete ? newest : maxCsn(this.state.maxCsn, newest);
    this.state = { ...this.state, maxCsn: max };
    const answered = peers.get(key);
    if (answered !== undefined && this.isPeerBehind(answered)) {
      // Where the ID is clean others may still send what the peer lacks; we cannot.
      if (this.facts.ownCsn === undefined) this.lacks(key, label);
      else this.retry(`Replica is not caught up (${label})`);
    } else if (isComplete && this.isBehind(this.facts.ownCsn)) {
      this.retry("This replica is not caught up");
    }
  }

  private spread(key: string, { label, stage }: PeerProgress, answer: PeerAnswer): void {
    switch (answer.type) {
      case "failed":
        this.failed(key, label, answer);
        return;
      case "accepted":
        this.put(key, { stage: "told" });
        this.ask(key);
        return;
      case "maxCsn":
        if (stage === "unknown") {
          if (this.isBehind(answer.csn)) {
            this.lacks(key, label);
            return;
          }
          this.put(key, { stage: "surveyed" });
          this.ask(key);
          return;
        }
        if (stage !== "told") return;
        if (answer.csn === CSN_ZERO && !this.state.order.force && this.isBehind(answer.csn)) {
          // It has lost what it had, by a restore for example.
          this.put(key, { stage: "unknown" });
          this.lacks(key, label);
          return;
        }
        if (answer.csn !== undefined && !this.isReborn(answer.csn) && !this.isUnused(answer.csn)) {
          // Told again, in case it has lost its task with its data.
          this.put(key, { stage: "surveyed" });
          this.retry(`Replica is not cleaned yet (${label})`);
          return;
        }
        this.put(key, { stage: this.state.order.isOriginal ? "clean" : "done" });
        if (this.state.order.isOriginal) this.ask(key);
        return;
      case "status":
        if (answer.isCleaning) this.retry(`Replica is still cleaning (${label})`);
        else this.put(key, { stage: "done" });
        return;
    }
  }

  private lacks(peer: string, label: string): void {
    this.actions.push({ type: "warnOfLack", peer });
    this.retry(
      `Replica lacks changes of the deleted replica (${label}). If no other replica sends them, initialize it, or abort this task and force it.`,
    );
  }

  /** The ID is in use again: what the peer has is not what was cleaned. */
  private isReborn(csn: Csn): boolean {
    const { maxCsn: max } = this.state;
    return !this.state.order.force && max !== undefined && csn > max;
  }

  /** Nobody has had a change: there is nothing to clean. */
  private isUnused(csn: Csn): boolean {
    return csn === CSN_ZERO && this.state.maxCsn === undefined;
  }

  private failed(key: string, label: string, answer: PeerAnswer): void {
    const reason = answer.type === "failed" ? answer.reason : "it gave another answer";
    if (this.state.order.force) {
      this.log(`Replica not reached (${label}): ${reason}. It is cleaned when it is back.`);
      this.put(key, { stage: "skipped" });
    } else {
      this.retry(`Replica not online (${label}): ${reason}`);
    }
  }

  /** All that failed in one round wait together. */
  private retry(line: string): void {
    this.log(line);
    if (this.state.wakeAt !== undefined) return;
    const { retryMs } = this.state;
    this.log(`Not all replicas are through, retrying in ${retryMs / 1000} seconds...`);
    this.state = {
      ...this.state,
      wakeAt: (this.facts.now + retryMs) as Millis,
      retryMs: Math.min(2 * retryMs, RETRY_MS_MAX),
    };
  }
}

const ENTER_LINES: Readonly<Partial<Record<CleanPhase, string>>> = {
  surveying: "Waiting for all the replicas to be online...",
  catchingUp: "Waiting for all the replicas to receive the updates of the deleted replica...",
  cleaning: "Cleaning the local update vector...",
  spreading: "Sending the task to all the replicas and waiting for them to be clean...",
  finishing: "Removing what is left of the deleted replica...",
};
