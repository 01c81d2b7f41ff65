// The abort of a CleanAllRUV task (389: replica_abort_task_thread). Every peer is told, and tells its own; without `certify`
// each is tried once, with it those that cannot be reached are tried again until all have been told. Pure, like clean-task.ts.
import type { Millis } from "../../base/index.ts";
import type { ReplicaId } from "../csn/index.ts";
import { RETRY_MS_MAX, RETRY_MS_MIN } from "./clean-task.ts";
import { type Peers, everyPeer, followAgreements, withPeer } from "./peer-progress.ts";

export interface AbortOrder {
  readonly replicaId: ReplicaId;
  readonly certify: boolean;
  readonly isOriginal: boolean;
}

export interface AbortTask {
  readonly order: AbortOrder;
  readonly phase: "new" | "telling" | "finishing" | "ended";
  readonly peers: Peers;
  readonly retryMs: number;
  readonly wakeAt: Millis | undefined;
}

export interface AbortFacts {
  readonly now: Millis;
  /** Enabled agreements of the replica with their labels. */
  readonly peers: ReadonlyMap<string, string>;
}

export type AbortEvent =
  | { readonly type: "started" }
  | { readonly type: "tick" }
  /** `failure` undefined: the peer knows. */
  | { readonly type: "answered"; readonly peer: string; readonly failure: string | undefined }
  | { readonly type: "peerSeen"; readonly peer: string }
  | { readonly type: "finished" };

export type AbortAction =
  | { readonly type: "sendAbort"; readonly peer: string }
  | { readonly type: "finish" }
  | { readonly type: "log"; readonly line: string };

export interface AbortTransition {
  readonly state: AbortTask;
  readonly actions: readonly AbortAction[];
}

export const makeAbortTask = (order: AbortOrder): AbortTask => ({
  order,
  phase: "new",
  peers: new Map(),
  retryMs: RETRY_MS_MIN,
  wakeAt: undefined,
});

export function stepAbort(task: AbortTask, event: AbortEvent, facts: AbortFacts): AbortTransition {
  const peers = followAgreements(task.peers, facts.peers);
  const state = { ...task, peers };
  const id = task.order.replicaId;
  switch (event.type) {
    case "started":
      return telling(
        { ...state, phase: "telling" },
        [...peers.keys()],
        [{ type: "log", line: `Aborting task for rid(${id})...` }],
      );
    case "tick": {
      const { wakeAt, retryMs } = state;
      const isWaiting = wakeAt !== undefined && facts.now < wakeAt && wakeAt - facts.now <= retryMs;
      return isWaiting
        ? telling(state, [], [])
        : telling({ ...state, wakeAt: undefined }, [...peers.keys()], []);
    }
    case "peerSeen":
      return telling(state, [event.peer], []);
    case "answered":
      return answered(state, event, facts);
    case "finished":
      return state.phase === "finishing"
        ? {
            state: { ...state, phase: "ended" },
            actions: [{ type: "log", line: `Successfully aborted task for rid(${id})` }],
          }
        : { state, actions: [] };
  }
}

/** Tells those of `keys` that do not know yet; ends the task when all do. */
function telling(
  task: AbortTask,
  keys: readonly string[],
  before: readonly AbortAction[],
): AbortTransition {
  if (task.phase !== "telling") return { state: task, actions: before };
  const actions = [...before];
  let { peers } = task;
  for (const key of keys) {
    const peer = peers.get(key);
    if (peer === undefined || peer.isAsked || peer.stage !== "unknown") continue;
    peers = withPeer(peers, key, { isAsked: true });
    actions.push({ type: "sendAbort", peer: key });
  }
  if (!everyPeer(peers, ({ stage }) => stage !== "unknown")) {
    return { state: { ...task, peers }, actions };
  }
  return {
    state: { ...task, peers, phase: "finishing" },
    actions: [...actions, { type: "finish" }],
  };
}

function answered(
  task: AbortTask,
  { peer: key, failure }: Extract<AbortEvent, { type: "answered" }>,
  { now }: AbortFacts,
): AbortTransition {
  const peer = task.peers.get(key);
  if (peer === undefined) return telling(task, [], []);
  if (failure === undefined || !task.order.certify) {
    const stage = failure === undefined ? "done" : "skipped";
    const line = `Failed to tell the replica (${peer.label}): ${failure}`;
    const peers = withPeer(task.peers, key, { isAsked: false, stage });
    return telling({ ...task, peers }, [], failure === undefined ? [] : [{ type: "log", line }]);
  }
  const peers = withPeer(task.peers, key, { isAsked: false });
  const line = `Failed to tell the replica (${peer.label}): ${failure}`;
  if (task.wakeAt !== undefined) return telling({ ...task, peers }, [], [{ type: "log", line }]);
  const { retryMs } = task;
  return telling(
    {
      ...task,
      peers,
      wakeAt: (now + retryMs) as Millis,
      retryMs: Math.min(2 * retryMs, RETRY_MS_MAX),
    },
    [],
    [
      { type: "log", line },
      { type: "log", line: `Retrying in ${retryMs / 1000} seconds` },
    ],
  );
}
