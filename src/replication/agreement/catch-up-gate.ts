// The catch-up gate of an updatable replica. After its data came from elsewhere (restore, import, initialization) other servers
// may hold changes of ours that the data lacks. A new CSN of our own before they have come back would hide them for ever: the
// RUV would cover them (389 issues 6032 and 7132, where a keep-alive did exactly that). So no local change, keep-alive or
// other, until every peer that can be reached holds nothing of ours that we lack. Reading and replication go on.
//
// A peer tells by its RUV, in the Start request when it is the supplier, in the Start response when it is the consumer. One
// that holds changes of ours which we lack keeps the gate closed for as long as it is heard: who cannot send them any more (its
// changelog is trimmed, or it is a consumer) shows an operator that somebody has to be initialized, and going on would hide it.
// One that cannot be reached, or has fallen silent, is waited for up to a limit; then we go on and the log says who was missing. A
// replica that has never issued a CSN passes at once: nobody can hold anything of it.
import type { Millis } from "../../base/index.ts";
import { type Csn, type ReplicaId, maxCsn } from "../csn/index.ts";
import { type Ruv, ruvMaxCsn } from "../ruv/index.ts";

/** Default of the limit: twice the longest error backoff and the longest idle time, so that every reachable peer has been heard. */
export const GATE_LIMIT_MS_DEFAULT = 600_000;

export type GateReason = "restore" | "import" | "initialization";

export type GateState =
  | {
      readonly name: "open";
      /** Peers that had not answered when the limit passed; empty when all was well. */
      readonly missedPeers: readonly string[];
      /** Changes of ours that a peer held, which then fell silent, and that had not come back when the limit passed. */
      readonly missedCsn: Csn | undefined;
    }
  | {
      readonly name: "closed";
      readonly reason: GateReason;
      readonly since: Millis;
      readonly limitMs: number;
      readonly generation: string;
      /** undefined = not heard yet. */
      readonly peers: ReadonlyMap<string, PeerWord | undefined>;
    };

/** What a peer has told last. */
interface PeerWord {
  /** The newest CSN of ours that it holds; undefined = nothing of ours. */
  readonly held: Csn | undefined;
  readonly at: Millis;
}

export interface GateFacts {
  /** By a clock that nobody sets: after a jump of the other one peers may refuse us, and must not be given up for it. */
  readonly now: Millis;
  readonly ownReplicaId: ReplicaId;
  /** The RUV of the data as it is. */
  readonly ruv: Ruv;
}

export const GATE_OPEN: GateState = { name: "open", missedPeers: [], missedCsn: undefined };

export interface CloseGate extends GateFacts {
  readonly reason: GateReason;
  readonly limitMs: number;
  /** Who may hold changes of ours: one key for each agreement. */
  readonly peers: readonly string[];
  /** The newest CSN that we remember to have issued, from outside the new data (the old data, the stored generator). */
  readonly lastIssued: Csn | undefined;
}

/** The gate after the data was replaced. */
export function closeGate(how: CloseGate): GateState {
  const inData = ruvMaxCsn(how.ruv, how.ownReplicaId);
  // A backup may be older than our first change, and what was there before it be lost.
  const hasIssued = how.reason === "restore" || maxCsn(inData, how.lastIssued) !== undefined;
  if (!hasIssued || how.peers.length === 0) return GATE_OPEN;
  const peers = new Map(how.peers.map((peer) => [peer, undefined] as const));
  return {
    name: "closed",
    reason: how.reason,
    since: how.now,
    limitMs: how.limitMs,
    generation: how.ruv.generation,
    peers,
  };
}

/** A peer has shown its RUV. One of another generation has nothing that could come back. */
export function hearPeer(state: GateState, peer: string, ruv: Ruv, facts: GateFacts): GateState {
  if (state.name === "open") return state;
  const held = ruv.generation === state.generation ? ruvMaxCsn(ruv, facts.ownReplicaId) : undefined;
  const peers = new Map(state.peers).set(peer, { held, at: facts.now });
  return openWhenCaughtUp({ ...state, peers }, facts);
}

/** An agreement was removed: its peer is not waited for any more. */
export function forgetPeer(state: GateState, peer: string, facts: GateFacts): GateState {
  if (state.name === "open" || !state.peers.has(peer)) return state;
  const peers = new Map(state.peers);
  peers.delete(peer);
  return openWhenCaughtUp({ ...state, peers }, facts);
}

/** Changes of ours have come in, or time has passed. */
export function tickGate(state: GateState, facts: GateFacts): GateState {
  return state.name === "open" ? state : openWhenCaughtUp(state, facts);
}

type Closed = Extract<GateState, { name: "closed" }>;

function openWhenCaughtUp(state: Closed, { now, ownReplicaId, ruv }: GateFacts): GateState {
  const own = ruvMaxCsn(ruv, ownReplicaId);
  const isWaitedFor = (since: Millis): boolean => now < since + state.limitMs;
  const unheard = unheardPeers(state);
  const missed = missedWords(state, own);
  if (unheard.length > 0 && isWaitedFor(state.since)) return state;
  if (missed.some(({ at }) => isWaitedFor(at))) return state;
  return { name: "open", missedPeers: unheard, missedCsn: newestHeld(missed) };
}

const unheardPeers = ({ peers }: Closed): readonly string[] =>
  [...peers].filter(([, word]) => word === undefined).map(([peer]) => peer);

/** Of peers that hold changes of ours which we lack. */
function missedWords({ peers }: Closed, own: Csn | undefined): readonly PeerWord[] {
  const words = [...peers.values()].filter((word) => word !== undefined);
  return words.filter(({ held }) => held !== undefined && (own === undefined || held > own));
}

function newestHeld(words: readonly PeerWord[]): Csn | undefined {
  let newest: Csn | undefined;
  for (const { held } of words) newest = maxCsn(newest, held);
  return newest;
}

/** For the status: what is waited for, or what was missed. */
export function describeGate(state: GateState, own: Csn | undefined): string | undefined {
  if (state.name === "closed") {
    const unheard = unheardPeers(state);
    const missed = newestHeld(missedWords(state, own));
    const parts = [
      ...(unheard.length === 0 ? [] : [`not heard yet: ${unheard.join(", ")}`]),
      ...(missed === undefined ? [] : [`own changes up to ${missed} have to come back`]),
    ];
    return `Local changes wait after ${state.reason} (${parts.join("; ")})`;
  }
  if (state.missedPeers.length === 0 && state.missedCsn === undefined) return undefined;
  const parts = [
    ...(state.missedPeers.length === 0 ? [] : [`unreachable: ${state.missedPeers.join(", ")}`]),
    ...(state.missedCsn === undefined ? [] : [`own changes up to ${state.missedCsn} are missing`]),
  ];
  return `Local changes were allowed before all peers had answered (${parts.join("; ")})`;
}
