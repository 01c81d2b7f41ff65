// How far the servers at the other ends of the agreements are in a cleaning task, and who is to be asked now. A value; the
// task (clean-task.ts) says what an answer means.
import { type Csn } from "../csn/index.ts";

/** Stages of a peer:
 *  `unknown` has not answered yet · `surveyed` has told its max CSN · `told` has taken the clean request · `clean` has no
 *  element of the ID any more · `done` is through · `skipped` was not reached by a forced task. */
export type PeerStage = "unknown" | "surveyed" | "told" | "clean" | "done" | "skipped";

export interface PeerProgress {
  /** For the log. */
  readonly label: string;
  readonly stage: PeerStage;
  /** A request is under way. */
  readonly isAsked: boolean;
  /** Told in the survey; undefined: it has no element with changes. */
  readonly maxCsn: Csn | undefined;
}

export type Peers = ReadonlyMap<string, PeerProgress>;

const NEW_PEER = { stage: "unknown", isAsked: false, maxCsn: undefined } as const;

/** Agreements come and go during a task: a new one begins at the beginning, one that is gone is not waited for. */
export function followAgreements(peers: Peers, labels: ReadonlyMap<string, string>): Peers {
  const isSame = peers.size === labels.size && [...labels.keys()].every((key) => peers.has(key));
  if (isSame) return peers;
  return new Map(
    [...labels].map(([key, label]) => [key, peers.get(key) ?? { ...NEW_PEER, label }]),
  );
}

export function withPeer(peers: Peers, key: string, change: Partial<PeerProgress>): Peers {
  const peer = peers.get(key);
  return peer === undefined ? peers : new Map(peers).set(key, { ...peer, ...change });
}

export const everyPeer = (peers: Peers, holds: (peer: PeerProgress) => boolean): boolean =>
  [...peers.values()].every(holds);
