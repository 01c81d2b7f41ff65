// The catch-up gate of an updatable replica. After its data came from elsewhere (restore, import, initialization) other servers
// may hold changes of ours that the data lacks. A new CSN of our own before they have come back would hide them for ever: the
// RUV would cover them (389 issues 6032 and 7132, where a keep-alive did exactly that). So no local change, keep-alive or
// other, until every peer that can be reached holds nothing of ours that we lack. Reading and replication go on.
//
// A peer tells by its RUV, in the Start request when it is the supplier, in the Start response when it is the consumer. One
// that cannot be reached is waited for up to a limit; then we go on and the status says who was missing. A replica that has
// never issued a CSN passes at once: nobody can hold anything of it.
import type { Millis } from "../../base/index.ts";
import { type Csn, type ReplicaId, maxCsn } from "../csn/index.ts";
import { type Ruv, ruvMaxCsn } from "../ruv/index.ts";

/** Default of the limit: twice the longest error backoff, so that every reachable peer has been tried. */
export const GATE_LIMIT_MS_DEFAULT = 600_000;

export type GateReason = "restore" | "import" | "initialization";

export type GateState =
  | {
      readonly name: "open";
      /** Peers that had not answered when the limit passed; empty when all was well. */
      readonly missedPeers: readonly string[];
      /** Changes of ours that a peer holds and that had not come back when the limit passed. */
      readonly missedCsn: Csn | undefined;
    }
  | {
      readonly name: "closed";
      readonly reason: GateReason;
      readonly since: Millis;
      readonly limitMs: number;
      readonly generation: string;
      /** The newest CSN of ours that a peer holds; undefined = not heard yet. `null` = nothing of ours. */
      readonly peers: ReadonlyMap<string, Csn | null | undefined>;
    };

export interface GateFacts {
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
  const held =
    ruv.generation === state.generation ? (ruvMaxCsn(ruv, facts.ownReplicaId) ?? null) : null;
  return openWhenCaughtUp({ ...state, peers: new Map(state.peers).set(peer, held) }, facts);
}

/** An agreement was removed or disabled: its peer is not waited for any more. */
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

export const gateWakeAt = (state: GateState): Millis | undefined =>
  state.name === "open" ? undefined : ((state.since + state.limitMs) as Millis);

type Closed = Extract<GateState, { name: "closed" }>;

function openWhenCaughtUp(state: Closed, { now, ownReplicaId, ruv }: GateFacts): GateState {
  const own = ruvMaxCsn(ruv, ownReplicaId);
  const unheard = [...state.peers].filter(([, held]) => held === undefined).map(([peer]) => peer);
  const missed = newestMissed(state, own);
  if (unheard.length === 0 && missed === undefined) return GATE_OPEN;
  const isOver = now >= state.since + state.limitMs || now < state.since - state.limitMs;
  return isOver ? { name: "open", missedPeers: unheard, missedCsn: missed } : state;
}

function newestMissed(state: Closed, own: Csn | undefined): Csn | undefined {
  let missed: Csn | undefined;
  for (const held of state.peers.values()) {
    if (held === null || held === undefined) continue;
    if (own === undefined || held > own) missed = maxCsn(missed, held);
  }
  return missed;
}

/** For the status: what is waited for, or what was missed. */
export function describeGate(state: GateState, own: Csn | undefined): string | undefined {
  if (state.name === "closed") {
    const unheard = [...state.peers].filter(([, held]) => held === undefined).map(([peer]) => peer);
    const missed = newestMissed(state, own);
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
