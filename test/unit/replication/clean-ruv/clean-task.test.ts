// The machines of cleaning and of abort as traces: an event a command, a line a transition. Times are seconds; CSNs of replica 3
// are seconds too.
import type { Millis } from "../../../../src/base/index.ts";
import {
  type AbortAction,
  type CleanAction,
  type CleanEvent,
  type CleanFacts,
  type CleanTask,
  type PeerAnswer,
  cleanProgress,
  makeAbortTask,
  makeCleanTask,
  stepAbort,
  stepClean,
} from "../../../../src/replication/clean-ruv/index.ts";
import {
  CSN_ZERO,
  type Csn,
  type ReplicaId,
  csnSeconds,
  makeCsn,
} from "../../../../src/replication/csn/index.ts";
import { traceTests } from "../../../support/trace-file.ts";

const ID = 3 as ReplicaId;

/** `none`: the ID has been cleaned there; `zero`: there has been no change of it yet. */
function csnOf(text: string | undefined): Csn | undefined {
  if (text === undefined || text === "none") return undefined;
  return text === "zero" ? CSN_ZERO : makeCsn(Number(text), 0, ID);
}
const textOf = (csn: Csn | undefined): string =>
  csn === undefined ? "none" : String(csnSeconds(csn));

function answerOf(name: string, text: string | undefined): PeerAnswer | undefined {
  switch (name) {
    case "max":
      return { type: "maxCsn", csn: csnOf(text) };
    case "fail":
      return { type: "failed", reason: "connection refused" };
    case "accept":
      return { type: "accepted" };
    case "status":
      return { type: "status", isCleaning: text === "cleaning" };
    default:
      return undefined;
  }
}

function eventOf(words: readonly string[]): CleanEvent {
  const [name = "", peer = "", text] = words;
  const answer = answerOf(name, text);
  if (answer !== undefined) return { type: "answered", peer, answer };
  if (name === "seen") return { type: "peerSeen", peer };
  return { type: name as "started" | "tick" | "cleaned" | "abort" | "finished" };
}

function showAction(action: CleanAction | AbortAction): string {
  switch (action.type) {
    case "log":
      return `"${action.line}"`;
    case "askMaxCsn":
    case "askStatus":
    case "sendAbort":
      return `${action.type} ${action.peer}`;
    case "sendClean":
      return `sendClean ${action.peer} ${textOf(action.maxCsn)}`;
    case "cleanLocal":
      return `cleanLocal ${textOf(action.maxCsn)}`;
    case "finish":
      return "removesKeepAlive" in action && action.removesKeepAlive
        ? "finish and remove the keep-alive entry"
        : "finish";
    case "restore":
      return "restore";
    case "warnOfLack":
      return `warnOfLack ${action.peer}`;
  }
}

/** What both traces know of the world: `peers a b`, `own 7`, `cleaned-here 7`, `after 5`. */
class World {
  now = 0;
  own: Csn | undefined;
  cleaned: Csn | undefined;
  peers: ReadonlyMap<string, string> = new Map();

  takes([name = "", ...rest]: readonly string[]): boolean {
    if (name === "peers") this.peers = new Map(rest.map((peer) => [peer, `agmt ${peer}`]));
    else if (name === "own") this.own = csnOf(rest[0]);
    else if (name === "cleaned-here") this.cleaned = csnOf(rest[0]);
    else if (name === "after") this.now += Number(rest[0]);
    else return false;
    return true;
  }

  get facts(): CleanFacts {
    const { own: ownCsn, cleaned: cleanedCsn, peers } = this;
    return { now: (this.now * 1000) as Millis, ownCsn, cleanedCsn, peers };
  }
}

function runClean(commands: readonly string[]): string[] {
  const world = new World();
  const trace: string[] = [];
  let state: CleanTask | undefined;
  for (const command of commands) {
    const words = command.split(" ");
    if (world.takes(words)) continue;
    if (words[0] === "task") {
      state = makeCleanTask({
        replicaId: ID,
        maxCsn: undefined,
        force: words.includes("forced"),
        isOriginal: !words.includes("relayed"),
      });
      continue;
    }
    if (state === undefined) throw new Error("a trace begins with a task");
    const step = stepClean(state, eventOf(words), world.facts);
    state = step.state;
    const { done, total } = cleanProgress(state);
    const wakes = state.wakeAt === undefined ? "" : `, again at ${state.wakeAt / 1000} s`;
    trace.push(`${command} -> ${state.phase} ${done}/${total}${wakes}`);
    for (const action of step.actions) trace.push(`  ${showAction(action)}`);
  }
  return trace;
}

function runAbort(commands: readonly string[]): string[] {
  const world = new World();
  const trace: string[] = [];
  let state = makeAbortTask({ replicaId: ID, certify: false, isOriginal: true });
  for (const command of commands) {
    const [name = "", peer = ""] = command.split(" ");
    if (world.takes(command.split(" "))) continue;
    if (name === "task") {
      state = makeAbortTask({ replicaId: ID, certify: peer === "certified", isOriginal: true });
      continue;
    }
    const failure = name === "fail" ? "connection refused" : undefined;
    const event =
      name === "fail" || name === "accept"
        ? ({ type: "answered", peer, failure } as const)
        : name === "seen"
          ? ({ type: "peerSeen", peer } as const)
          : ({ type: name as "started" | "tick" | "finished" } as const);
    const step = stepAbort(state, event, world.facts);
    state = step.state;
    const wakes = state.wakeAt === undefined ? "" : `, again at ${state.wakeAt / 1000} s`;
    trace.push(`${command} -> ${state.phase}${wakes}`);
    for (const action of step.actions) trace.push(`  ${showAction(action)}`);
  }
  return trace;
}

suite("replication/clean ruv: a task", () => {
  traceTests("replication/clean-task", "replication/clean-task.txt", runClean);
});

suite("replication/clean ruv: an abort", () => {
  traceTests("replication/abort-task", "replication/abort-task.txt", runAbort);
});
