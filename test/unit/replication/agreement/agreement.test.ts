// The agreement machine as traces: an event a command, a line a transition. Times are seconds; the local time starts on a
// Sunday at midnight.
import { assert } from "chai";
import type { Millis } from "../../../../src/base/index.ts";
import { type ReplicaId, makeCsn } from "../../../../src/replication/csn/index.ts";
import { type Ruv, parseRuv } from "../../../../src/replication/ruv/index.ts";
import { makeFractional } from "../../../../src/replication/supplier/index.ts";
import {
  type AgreementAction,
  type AgreementEvent,
  type AgreementState,
  type AgreementTimes,
  type Moment,
  agreementWakeAt,
  describeInit,
  describeUpdate,
  formatChangesSent,
  makeAgreement,
  parseSchedule,
  stepAgreement,
} from "../../../../src/replication/agreement/index.ts";
import { traceTests } from "../../../support/trace-file.ts";

const TIMES: AgreementTimes = {
  isEnabled: true,
  replicaId: 1 as ReplicaId,
  schedule: undefined,
  session: { timeoutMs: 120_000, windowChanges: 1000, releaseTimeoutMs: 0, restMs: 0 },
  backoffMinMs: 3_000,
  backoffMaxMs: 300_000,
  busyWaitMs: 3_000,
  sessionPauseMs: 0,
  protocolTimeoutMs: 120_000,
  fractional: makeFractional({ excluded: [], excludedTotal: [], stripped: [] }),
  keepAliveSkippedMax: 100,
};

/** `7` or `other:7`: replica 1 up to second 7, `7?`: its URL is not known; `-`: no changes. */
function ruvOf(text: string): Ruv {
  const [generation, elementText = ""] = text.includes(":") ? text.split(":") : ["g", text];
  const max = elementText.replace("?", "");
  const element = elementText.endsWith("?") ? "{replica 1}" : "{replica 1 ldap://a:389}";
  const csns = max === "-" ? "" : ` ${makeCsn(1, 0, 1)} ${makeCsn(Number(max), 0, 1)}`;
  const ruv = parseRuv([`{replicageneration} ${generation}`, element + csns]);
  assert.ok(ruv !== undefined);
  return ruv;
}

function timesOf(json: string): Partial<AgreementTimes> {
  const { schedule, fractional, ...rest } = JSON.parse(json) as {
    schedule?: string[];
    fractional?: string[];
  };
  return {
    ...rest,
    ...(schedule === undefined ? {} : { schedule: parseSchedule(schedule) }),
    ...(fractional === undefined
      ? {}
      : {
          fractional: makeFractional({
            excluded: fractional,
            excludedTotal: fractional,
            stripped: [],
          }),
        }),
  };
}

function parseEvent(words: readonly string[], times: AgreementTimes): AgreementEvent {
  const [name = "", a = "", b = "", c = "", d = ""] = words;
  switch (name) {
    case "configured":
      return { type: "configured", times };
    case "local":
      return { type: "localRuv", ruv: a === "none" ? undefined : ruvOf(a) };
    case "connect-failed":
      return { type: "connectFailed", ldapCode: Number(a) };
    case "start-answered":
      return { type: "startAnswered", code: Number(a), ruv: b === "" ? undefined : ruvOf(b) };
    case "adjusted":
      return { type: "adjusted", verdict: "moved" };
    case "chunk": {
      const skipped = Number(c || "0");
      return {
        type: "chunkSent",
        sentChanges: Number(a),
        rest: b as "more" | "end",
        skipped: skipped === 0 ? new Map() : new Map([[1 as ReplicaId, skipped]]),
        skippedAtEnd: skipped,
      };
    }
    // answers COUNT CODE counted|doubtful|release-asked SECONDS: the last is the time of their CSNs
    case "answers":
      return {
        type: "changesAnswered",
        results: Array.from({ length: Number(a) }, (_, i) => ({
          csn: makeCsn(Number(d || "9"), i, 1),
          code: Number(b || "0"),
          isReleaseAsked: c === "release-asked",
          own: c === "doubtful" ? c : "counted",
        })),
      };
    case "end-answered":
      return { type: "endAnswered", code: Number(a || "9") };
    case "entries":
      return { type: "entriesSent", sentEntries: Number(a), rest: b as "more" | "end" };
    case "entries-answered":
      return {
        type: "entriesAnswered",
        codes: Array.from({ length: Number(a) }, () => Number(b || "0")),
      };
    case "connected":
    case "timer":
    case "shutdown":
      return { type: name };
    case "lost":
      return { type: "connectionLost" };
    case "changes":
      return { type: "changesAvailable" };
    case "now":
      return { type: "replicateNow" };
    case "consumer-changed":
      return { type: "consumerChanged", ruv: a === "" ? undefined : ruvOf(a) };
    case "refresh":
      return { type: "refreshAsked" };
    case "refresh-stop":
      return { type: "refreshStopped" };
  }
  throw new Error(`unknown event ${name}`);
}

function formatState(state: AgreementState): string {
  const { phase, backoff } = state;
  const words: string[] = [phase.name];
  if (phase.name === "inSession") words.push(phase.session.name);
  if (phase.name === "initializing") words.push(phase.total.name);
  if ("attempt" in phase) words.push(`attempt=${phase.attempt}`);
  if (phase.name === "backingOff" && backoff !== undefined) {
    words.push(`${backoff.kind} ${backoff.delayMs / 1000}s`);
  }
  return words.join(" ");
}

function formatAction(action: AgreementAction): string {
  switch (action.type) {
    case "sendChunk":
      return `sendChunk(${action.changesMax})`;
    case "sendEntries":
      return `sendEntries(${action.entriesMax})`;
    case "writeKeepAlive":
      return `writeKeepAlive(${action.reason})`;
    default:
      return action.type;
  }
}

function momentAt(seconds: number): Moment {
  return {
    now: (seconds * 1000) as Millis,
    wall: (seconds * 1000) as Millis,
    localDay: Math.floor(seconds / 86_400) % 7,
    localSeconds: seconds % 86_400,
  };
}

class Trace {
  private readonly lines: string[] = [];
  private times = TIMES;
  private moment = momentAt(0);
  private state = makeAgreement(TIMES);

  run(commands: readonly string[]): string[] {
    for (const command of commands) this.play(command.split(" "));
    return this.lines;
  }

  private play(words: string[]): void {
    const time = /^t=(\d+)$/.exec(words[0] ?? "");
    if (time !== null) {
      this.moment = momentAt(Number(time[1]));
      words.shift();
    }
    const [name, a = ""] = words;
    switch (name) {
      case "settings":
        this.times = { ...this.times, ...timesOf(a) };
        return;
      case "status":
        this.lines.push(`  ${describeUpdate(this.state.status.update, "agmt").text}`);
        return;
      case "init-status":
        if (this.state.status.init !== undefined) {
          this.lines.push(`  ${describeInit(this.state.status.init).text}`);
        }
        return;
      case "counts":
        this.lines.push(`  ${formatChangesSent(this.state.status.changes).trim()}`);
        return;
      case "expire":
        this.expire();
        return;
      default:
        this.step(parseEvent(words, this.times), words.join(" "));
    }
  }

  /** Lets the time pass until the timer. */
  private expire(): void {
    const wake = agreementWakeAt(this.state, this.moment);
    assert.ok(wake !== undefined, "a timer is running");
    this.moment = momentAt(wake / 1000);
    this.step({ type: "timer" }, `${wake / 1000}s`);
  }

  private step(event: AgreementEvent, title: string): void {
    const { state, actions } = stepAgreement(this.state, event, this.moment);
    this.state = state;
    const shown = actions.filter(({ type }) => type !== "noteSessionEnd").map(formatAction);
    this.lines.push(
      `${title} -> ${formatState(state)}${shown.length === 0 ? "" : ": "}${shown.join(" ")}`,
    );
  }
}

const run = (commands: readonly string[]): string[] => new Trace().run(commands);

suite("agreement/agreement", () => {
  traceTests("agreement/agreement", "replication/agreement.txt", run);
});

suite("agreement/backoff", () => {
  traceTests("agreement/backoff", "replication/agreement-backoff.txt", run);
});

suite("agreement/keep-alive", () => {
  traceTests("agreement/keep-alive", "replication/agreement-keep-alive.txt", run);
});

suite("agreement/total-steps", () => {
  traceTests("agreement/total-steps", "replication/agreement-total.txt", run);
});
