// The session of a supplier as a trace: each command is an event, each line of the trace a state with the actions that
// led to it. Times are seconds.
import type { Millis } from "../../../../src/base/index.ts";
import { makeCsn } from "../../../../src/replication/csn/index.ts";
import { parseRuv } from "../../../../src/replication/ruv/index.ts";
import {
  type SessionAction,
  type SessionEvent,
  type SessionSettings,
  type SessionState,
  sessionWakeAt,
  startSession,
  stepSession,
} from "../../../../src/replication/supplier/index.ts";
import { traceTests } from "../../../support/trace-file.ts";

const ruv = (generation: string, max: string | undefined) =>
  parseRuv([
    `{replicageneration} ${generation}`,
    max === undefined
      ? "{replica 2 ldap://b:389}"
      : `{replica 2 ldap://b:389} ${makeCsn(1, 0, 2)} ${makeCsn(Number(max), 0, 2)}`,
  ]);

function parseEvent(words: readonly string[]): SessionEvent {
  const [name = "", a = "", b = "", c = ""] = words;
  switch (name) {
    case "start-answered":
      return {
        type: "startAnswered",
        code: Number(a),
        ruv: b === "" ? undefined : ruv(b, c === "" ? undefined : c),
      };
    case "adjusted":
      return { type: "adjusted", verdict: a === "skew" ? "skew" : "moved" };
    case "chunk":
      return {
        type: "chunkSent",
        sentChanges: Number(a),
        skipped: new Map(),
        skippedAtEnd: 0,
        rest: b as "more" | "end" | "purged" | "replaced",
      };
    case "answers":
      return {
        type: "changesAnswered",
        results: Array.from({ length: Number(a) }, (_, i) => ({
          csn: makeCsn(9, i, 1),
          code: Number(b || "0"),
          isReleaseAsked: c === "release-asked" && i === 0,
          own: undefined,
        })),
      };
    case "end-answered":
      return { type: "endAnswered", code: Number(a) };
    case "rest-ended":
      return { type: "restEnded", code: Number(a) };
    case "lost":
      return { type: "connectionLost" };
    case "changes":
      return { type: "changesAvailable" };
    case "conclude":
    case "stop":
    case "timer":
      return { type: name };
  }
  throw new Error(`unknown event ${name}`);
}

function formatState(state: SessionState): string {
  const words: string[] = [state.name];
  if ("sentChanges" in state) words.push(`sent=${state.sentChanges}`);
  if ("unanswered" in state) words.push(`unanswered=${state.unanswered}`);
  if ("yieldAt" in state && state.yieldAt !== undefined)
    words.push(`yield=${state.yieldAt / 1000}`);
  if ("outcome" in state) {
    const { kind, ldapCode, replicationCode, mayReuse, refused } = state.outcome;
    words.push(`${kind}(${ldapCode},${replicationCode})`, mayReuse ? "reuse" : "close");
    if (refused !== undefined) words.push(`refused=${refused.csn}:${refused.code}`);
  }
  return words.join(" ");
}

function formatAction(action: SessionAction): string {
  if (action.type === "sendChunk") return `sendChunk(${action.changesMax})`;
  return action.type === "adjustGenerator" ? `adjustGenerator(${action.csn})` : action.type;
}

function run(commands: readonly string[]): string[] {
  const settings: SessionSettings = {
    timeoutMs: 120_000,
    windowChanges: 200,
    releaseTimeoutMs: 0,
    restMs: 0,
  };
  let current = settings;
  let now = 0 as Millis;
  let { state, actions } = startSession("g", now);
  const lines = [`${formatState(state)}: ${actions.map(formatAction).join(" ")}`];
  for (const command of commands) {
    const words = command.split(" ");
    const time = /^t=(\d+)$/.exec(words[0] ?? "");
    if (time !== null) {
      now = (Number(time[1]) * 1000) as Millis;
      words.shift();
    }
    if (words[0] === "settings") {
      current = { ...current, ...(JSON.parse(words[1] ?? "{}") as Partial<SessionSettings>) };
      continue;
    }
    ({ state, actions } = stepSession(state, parseEvent(words), { now, settings: current }));
    const wake = sessionWakeAt(state, current);
    const suffix = wake === undefined ? "" : ` wake=${wake / 1000}`;
    lines.push(`${formatState(state)}${suffix}: ${actions.map(formatAction).join(" ")}`.trim());
  }
  return lines;
}

suite("supplier/session", () => {
  traceTests("supplier/session", "replication/supplier-session.txt", run);
});
