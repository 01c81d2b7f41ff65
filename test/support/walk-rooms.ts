// What is watched in the rooms between the wire and the store: the objects that they hand to each other.
import type { Access } from "../../src/operation/index.ts";
import type { EntryView } from "../../src/entry/index.ts";
import type { RequestHandler } from "../../src/frontend/index.ts";
import type { Change } from "../../src/replication/change/index.ts";
import type { Directory } from "../../src/server/directory.ts";
import type { Replica } from "../../src/server/replica.ts";
import type { ServerActions } from "../../src/server/server-actions.ts";
import type { Backend } from "../../src/store/index.ts";
import { describeRequest, describeResponse } from "./walk-messages.ts";
import type { WalkTrace } from "./walk-trace.ts";

const answer = (allowed: unknown): string => (allowed === true ? "yes" : "no");

/** Requests that connections hand over, and what is answered. */
export function watchHandler(handler: RequestHandler, trace: WalkTrace): void {
  trace.wrap(handler, "handle", (call, [, message, reply]) => {
    const number = message.messageId;
    trace.wrap(reply, "send", (send, [response]) => {
      trace.note("server", `answers ${describeResponse(response)}`, { kind: "sent", number });
      return send();
    });
    trace.wrap(reply, "writer", (writer) => {
      trace.note("operation", "writes a search entry into the output of the connection");
      return writer();
    });
    const text = `hands over ${describeRequest(message.request)}`;
    trace.note("frontend", text, { kind: "received", number });
    return call();
  });
}

export function watchServer(directory: Directory, actions: ServerActions, trace: WalkTrace): void {
  trace.wrap(directory, "route", (call, [normalDn]) => {
    const target = call() as ReturnType<Directory["route"]>;
    const where = target.kind === "suffix" ? `backend ${target.backend?.name}` : target.kind;
    trace.note("server", `routes ${normalDn} to ${where}`);
    return target;
  });
  trace.wrap(directory, "checkGate", (call) => {
    trace.note("server", "asks whether local changes are taken now");
    return call();
  });
  trace.wrap(directory.queue, "submit", (call) => {
    trace.note("kv", "an operation joins the write queue");
    return call();
  });
  trace.wrap(actions, "afterWrite", (call, [, { change }]) =>
    trace.within("server", `after the write of change ${change?.csn}`, call),
  );
  trace.wrap(actions.replicas, "changed", (call, [, change]) => {
    trace.note("server", `tells every agreement of the suffix that there is change ${change.csn}`);
    return call();
  });
}

/** Every question to access control. */
export function watchAccess(evaluator: Access, trace: WalkTrace): Access {
  const ask = (text: string, call: () => unknown): unknown => {
    const allowed = trace.quietly(call);
    trace.note("access", `${text}? ${answer(allowed)}`);
    return allowed;
  };
  const about = (entry: EntryView): string => entry.normalDn;
  trace.wrap(evaluator, "mayReturn", (call, [entry]) => ask(`return ${about(entry)}`, call));
  trace.wrap(evaluator, "mayAttribute", (call, [entry, right, type]) =>
    ask(`${right} ${type.name} of ${about(entry)}`, call),
  );
  trace.wrap(evaluator, "decisionUnder", (call, [, right, { type }]) =>
    ask(`${right} ${type.name} wherever the same rules stand above`, call),
  );
  trace.wrap(evaluator, "mayChange", (call, [entry, change, type]) =>
    ask(`${change.kind} a value of ${type.name} of ${about(entry)}`, call),
  );
  trace.wrap(evaluator, "mayEntry", (call, [entry, right]) =>
    ask(`${right} ${about(entry)}`, call),
  );
  return evaluator;
}

/** Operations on a backend. */
export function watchBackend(backend: Backend, trace: WalkTrace): void {
  trace.wrap(backend, "begin", (call) => {
    trace.note("store", "an operation begins on the tables of its write set");
    const txn = call() as ReturnType<Backend["begin"]>;
    trace.wrap(txn, "apply", (apply, [change, origin]) =>
      trace.within("store", `applies ${origin} ${describeChange(change)}`, apply),
    );
    return txn;
  });
  trace.wrap(backend, "issueCsn", (call) => {
    const csn = call();
    trace.note("replication/csn", `gives the CSN ${String(csn)}`);
    return csn;
  });
  trace.wrap(backend, "logChange", (call, [, change]) =>
    trace.within("replication/changelog", `logs change ${change.csn} and counts it`, call),
  );
}

/** The consumer side of a replica. */
export function watchReplica(replica: Replica, trace: WalkTrace): void {
  const room = "replication/consumer";
  trace.wrap(replica, "maySupply", (call, [bindDn]) => {
    const allowed = call();
    trace.note("server", `may ${bindDn} supply the replica? ${answer(allowed)}`);
    return allowed;
  });
  trace.wrap(replica, "queueChange", (call, [queued]) => {
    trace.wrap(queued, "admit", (admit) => {
      const verdict = admit();
      trace.note(room, `judges change ${queued.change.csn} by the RUV: ${String(verdict)}`);
      return verdict;
    });
    trace.wrap(queued, "settle", (settle, [result]) => {
      trace.note(room, `the change has result code ${result.code}, to be told after the commit`);
      return settle();
    });
    trace.note(room, `takes ${describeChange(queued.change)} of the session`);
    return call();
  });
}

const describeChange = (change: Change): string => `${change.type} ${change.csn}`;
