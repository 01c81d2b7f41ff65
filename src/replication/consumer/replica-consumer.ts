// The consumer side of one replica: sessions of suppliers from Start to End, their changes, and total initializations
// (389: repl_extop.c, repl5_plugins.c; replication-protocol 3.5–3.7, 4.4, 5.4, 5.6). Synchronous: the server hands over what
// comes on a connection and gives the answers back to it; everything that takes time goes through the ReplicaPort.
//
// Invariants: changes of a session are applied in the order of their arrival · a change that fails for good closes the
// connection, and none behind it is applied, also not in the same transaction · a covered change is a success · at most
// one session holds the replica.
import { type Log, assert } from "../../base/index.ts";
import {
  ABORT_SESSION_CONTROL,
  type Control,
  type LdapResult,
  NO_CONTROLS,
  ReplicationResponseCode,
  ResultCode,
  type StartReplicationRequest,
  SUCCESS,
} from "../../protocol/index.ts";
import type { Change } from "../change/index.ts";
import type { Csn } from "../csn/index.ts";
import { type Ruv, coversCsn, formatRuv } from "../ruv/index.ts";
import { mayContinueAfter } from "../supplier/index.ts";
import {
  type ImportAction,
  type ImportEvent,
  type ImportState,
  type ReadItem,
  isDecodedAtOnce,
  installedRuv,
  startImport,
  stepImport,
} from "../total/index.ts";
import { type Access, FREE, askRelease, holds, releaseTold } from "./access.ts";
import type {
  ChangeVerdict,
  QueuedChange,
  ReplicaPort,
  SupplierConnection,
} from "./replica-port.ts";
import { isBelowPurge, isStale } from "./stale-supplier.ts";
import { SessionRest } from "./session-rest.ts";
import { checkStart } from "./start-check.ts";

/** The result of a change that the RUV covers already: success, with 389's text. */
export const COVERED_RESULT: LdapResult = {
  ...SUCCESS,
  message: "replication operation not processed, replica unavailable or csn ignored",
};
const NO_SESSION: LdapResult = {
  ...SUCCESS,
  code: ResultCode.unwillingToPerform,
  message: "There is no replication session on this connection",
};

/** A part of a replication response. */
export interface SessionAnswer {
  readonly code: number;
  readonly ruv: readonly string[] | undefined;
}

export type AnswerChange = (result: LdapResult, controls: readonly Control[]) => void;

/** Suffixes without a replica answer the same way: `checkStart` with `replica: undefined`. */
export class ReplicaConsumer {
  private readonly port: ReplicaPort;
  private readonly log: Log;
  private held: Access = FREE;
  private staging: ImportState | undefined;
  private connection: SupplierConnection | undefined;
  private rest = new SessionRest();
  private readonly entries = new Map<number, ReadItem>();
  private readonly entryAnswers = new Map<number, (code: number) => void>();
  private answerEnd: ((answer: SessionAnswer) => void) | undefined;
  private nextEntryId = 0;
  /** The last change that came too late. */
  private refusedCsn: Csn | undefined;
  /** Connections that are closed when the result of the change that failed has been sent. */
  private readonly failing = new Map<number, SupplierConnection | undefined>();

  constructor(port: ReplicaPort, log: Log) {
    this.port = port;
    this.log = log;
  }

  /** Who holds the replica, for logs and cn=monitor. */
  get access(): Access {
    return this.held;
  }

  isSession(connectionId: number): boolean {
    return holds(this.held, connectionId);
  }

  /** Whether this connection brings a total initialization. */
  isImporting(connectionId: number): boolean {
    return this.held.name === "total" && this.isSession(connectionId);
  }

  /** Start. `request` undefined: it could not be decoded. */
  start(
    connection: SupplierConnection,
    request: StartReplicationRequest | undefined,
  ): SessionAnswer {
    const { port } = this;
    // Whoever only keeps a session is in nobody's way.
    const access = this.rest.isIdle ? FREE : this.held;
    const verdict = checkStart({ connection, request, replica: { port, access } });
    if (verdict.type === "refused") return this.refuse(connection, verdict.code);
    if (verdict.generator !== undefined) port.setGenerator(verdict.generator);
    const { kind, supplier, supplierId } = verdict;
    const { id: connectionId, label } = connection;
    if (kind === "incremental" && this.isStale(supplier)) {
      return this.refuse(connection, ReplicationResponseCode.belowPurgePoint);
    }
    if (kind === "total" && !port.beginImport()) {
      return this.refuse(connection, ReplicationResponseCode.internalError);
    }
    this.endRest();
    // Its supplier has lost that connection, even if nothing here has told so.
    if (!this.isSession(connectionId)) this.dropSession();
    if (kind === "total") {
      this.staging = startImport(supplier);
      this.held = { name: "total", connectionId, label, supplier };
    } else {
      const session = { connectionId, label, supplier, supplierId };
      this.held = { name: "incremental", ...session, release: "none" };
    }
    this.connection = connection;
    port.hearSupplier(supplier, supplierId);
    if (kind === "incremental") port.learnSupplier(supplier);
    this.log.debug("consumer.session.started", { suffix: port.suffix, kind, connection: label });
    const ruv = kind === "incremental" ? port.ruv() : undefined;
    return {
      code: ReplicationResponseCode.ready,
      ruv: ruv === undefined ? undefined : formatRuv(ruv),
    };
  }

  private isStale(supplier: Ruv): boolean {
    const { port, refusedCsn } = this;
    if (!isStale(supplier, port.ruv(), port.purgeCsn(), refusedCsn)) return false;
    const [own] = supplier.elements;
    const { replicaId, purl } = own ?? {};
    this.log.warn("consumer.supplier.stale", { suffix: port.suffix, replicaId, purl });
    return true;
  }

  /** 389: a supplier that had the replica and is refused now loses it, and its connection. */
  private refuse(connection: SupplierConnection, code: number): SessionAnswer {
    if (this.isSession(connection.id)) {
      this.leave();
      connection.close();
    } else if (code === ReplicationResponseCode.busy) {
      this.rest.want();
      if (this.port.offersRelease) this.held = askRelease(this.held);
    }
    return { code, ruv: undefined };
  }

  /** End; `known`: what the supplier has by now. The answer to the end of a total initialization comes when the data has been swapped. */
  end(
    connection: SupplierConnection,
    known: Ruv | undefined,
    answer: (answer: SessionAnswer) => void,
  ): void {
    const { held } = this;
    if (held.name === "total" && held.connectionId === connection.id) {
      this.answerEnd = answer;
      this.stepStaging({ type: "endReceived", messageId: 0 });
      return;
    }
    if (held.name === "incremental" && held.connectionId === connection.id) {
      this.endRest();
      this.leave();
      this.port.learnSupplier(known ?? held.supplier);
    }
    answer({ code: ReplicationResponseCode.releaseSucceeded, ruv: undefined });
  }

  /** The supplier has sent everything and keeps the session; `answer` comes when it is over. */
  keep(
    connection: SupplierConnection,
    known: Ruv | undefined,
    answer: (answer: SessionAnswer) => void,
  ): void {
    const { held } = this;
    if (held.name !== "incremental" || held.connectionId !== connection.id) {
      answer({ code: ReplicationResponseCode.releaseSucceeded, ruv: undefined });
      return;
    }
    this.port.learnSupplier(known ?? held.supplier);
    this.rest.ask(answer);
    if (this.rest.isDue) this.endRest();
  }

  /** Nobody keeps a session any more; one that is at work ends its rest with that. */
  refuseRest(): void {
    this.rest.want();
    this.endRest();
  }

  /** A session that is only kept is over. */
  private endRest(): void {
    if (!this.rest.isIdle) return;
    const { rest } = this;
    this.leave();
    rest.release();
  }

  /** The connection is gone. */
  closed(connectionId: number): void {
    if (!this.isSession(connectionId)) return;
    if (this.staging === undefined) this.leave();
    else this.stepStaging({ type: "connectionClosed" });
  }

  /** The server stops, or the replica is removed. */
  stop(): void {
    if (this.staging !== undefined) this.stepStaging({ type: "stop" });
    else if (this.held.name !== "free") {
      const { connection } = this;
      this.leave();
      connection?.close();
    }
  }

  /** The content was replaced: what its supplier knows of it is not true any more. */
  dropSession(): void {
    const { connection, held } = this;
    if (held.name !== "incremental") return;
    this.leave();
    connection?.close();
  }

  private leave(): void {
    this.held = FREE;
    this.rest = new SessionRest();
    this.connection = undefined;
  }

  /** An update on a session connection. `change` undefined: it came without update information, which a replica must never
   *  apply (389 crashes). */
  receive(connectionId: number, change: Change | undefined, answer: AnswerChange): void {
    if (change === undefined || !this.isSession(connectionId) || this.held.name !== "incremental") {
      answer(NO_SESSION, NO_CONTROLS);
      return;
    }
    this.port.queueChange(this.queue(connectionId, change, answer));
  }

  private queue(connectionId: number, change: Change, answer: AnswerChange): QueuedChange {
    let outcome: LdapResult | undefined;
    const { rest, held } = this;
    rest.changeQueued();
    return {
      change,
      supplierId: held.name === "incremental" ? held.supplierId : undefined,
      admit: (ruv) => this.judge(connectionId, change, ruv),
      settle: (result) => {
        outcome = result;
        if (!mayContinueAfter(result.code)) this.fail(connectionId, change, result);
      },
      committed: () => {
        rest.changeSettled();
        if (outcome !== undefined) this.answerChange(connectionId, outcome, answer);
        if (rest.isDue && rest === this.rest) this.endRest();
      },
    };
  }

  private judge(connectionId: number, change: Change, ruv: Ruv): ChangeVerdict {
    if (!this.isSession(connectionId) || this.held.name !== "incremental") return "discard";
    const { csn } = change;
    if (this.port.isCleaned(csn) || coversCsn(ruv, csn)) return "covered";
    if (!isBelowPurge(csn, this.port.purgeCsn())) return "apply";
    this.refusedCsn = csn;
    return "stale";
  }

  /** Access goes at once, so that what is queued behind is discarded; the result still reaches the supplier. */
  private fail(connectionId: number, change: Change, result: LdapResult): void {
    if (!this.isSession(connectionId)) return;
    this.log.warn("consumer.change.refused", {
      suffix: this.port.suffix,
      csn: change.csn,
      uniqueId: change.uniqueId,
      code: result.code,
      message: result.message,
    });
    const { connection } = this;
    this.leave();
    this.failing.set(connectionId, connection);
  }

  private answerChange(connectionId: number, result: LdapResult, answer: AnswerChange): void {
    const { held } = this;
    const tellsRelease =
      result.code === ResultCode.success &&
      held.name === "incremental" &&
      held.connectionId === connectionId &&
      held.release === "asked";
    if (tellsRelease) this.held = releaseTold(held);
    answer(result, tellsRelease ? [ABORT_SESSION_CONTROL] : NO_CONTROLS);
    if (mayContinueAfter(result.code)) return;
    this.failing.get(connectionId)?.close();
    this.failing.delete(connectionId);
  }

  /** A part of a total initialization, of so many bytes; `answer` gets the result code. */
  receiveEntry(
    connectionId: number,
    { read, bytes }: { readonly read: ReadItem; readonly bytes: number },
    answer: (code: number) => void,
  ): void {
    if (this.staging === undefined || !this.isSession(connectionId)) {
      answer(ResultCode.operationsError);
      return;
    }
    let waiting = read;
    if (isDecodedAtOnce(this.staging, bytes)) {
      const item = read();
      if (item === undefined) {
        this.stepStaging({ type: "entrySettled", bytes: 0, outcome: "refused" });
        return;
      }
      waiting = () => item;
    }
    const messageId = this.nextEntryId;
    this.nextEntryId += 1;
    this.entries.set(messageId, waiting);
    this.entryAnswers.set(messageId, answer);
    this.stepStaging({ type: "entryReceived", messageId, bytes });
  }

  private stepStaging(event: ImportEvent): void {
    const { staging } = this;
    if (staging === undefined) return;
    const { state, actions } = stepImport(staging, event);
    this.staging = state;
    for (const action of actions) this.perform(action);
    if (state.name === "ended") this.endStaging(state.how);
  }

  private perform(action: ImportAction): void {
    switch (action.type) {
      case "putEntry": {
        const { messageId, bytes } = action;
        const read = this.entries.get(messageId);
        assert(read !== undefined, "an entry is put once");
        this.entries.delete(messageId);
        this.port.putEntry(read, (outcome) =>
          this.stepStaging({ type: "entrySettled", bytes, outcome }),
        );
        return;
      }
      case "answerEntry":
        this.entryAnswers.get(action.messageId)?.(action.code);
        this.entryAnswers.delete(action.messageId);
        return;
      case "finishImport": {
        const { replicaId, purl } = this.port;
        this.port.finishImport(installedRuv(action.ruv, { replicaId, purl }), (outcome) =>
          this.stepStaging({ type: outcome === "swapped" ? "finished" : "finishFailed" }),
        );
        return;
      }
      case "answerEnd": {
        const { releaseSucceeded, internalError } = ReplicationResponseCode;
        const code = action.isReleased ? releaseSucceeded : internalError;
        this.answerEnd?.({ code, ruv: undefined });
        return;
      }
      case "abortImport":
        this.port.abortImport();
        return;
      case "closeConnection":
        this.connection?.close();
        return;
    }
  }

  private endStaging(how: "swapped" | "aborted"): void {
    if (this.staging === undefined) return; // closing the connection got here first
    this.log.info("consumer.initialization.ended", { suffix: this.port.suffix, how });
    this.staging = undefined;
    this.entries.clear();
    this.entryAnswers.clear();
    this.answerEnd = undefined;
    this.leave();
  }
}
