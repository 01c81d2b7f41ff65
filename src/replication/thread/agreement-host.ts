// The main thread's side of an agreement thread: starts it, passes on what it should know, answers what it asks. A thread that
// dies of a defect takes the server with it (`onFatal`), like any other broken invariant.
import type { Log, Timers } from "../../base/index.ts";
import type { AgreementStatus, KeepAliveReason } from "../agreement/index.ts";
import { type Csn, type ReplicaId, csnReplicaId } from "../csn/index.ts";
import type { Ruv } from "../ruv/index.ts";
import type { DefinitionTexts } from "../../schema/index.ts";
import type { AgreementConfig, AgreementThreadStart, FromThread, ToThread } from "./messages.ts";
import type { SchemaFacts } from "./schema-sharing.ts";

/** How long a thread may take to end after the protocol timeout before it is cut off. */
const GRACE_MS = 5_000;

/** What the server does for an agreement. Calls come on the main thread. */
export interface AgreementHostEvents {
  /** A new CSN of the replica for a Start request; undefined: none can be issued now. */
  issueCsn(): Csn | undefined;
  /** The consumer has CSNs up to this one. */
  adjustGenerator(csn: Csn): "moved" | "skew";
  /** Resolves when it is on disk, or when it turns out that none is to be written now. */
  writeKeepAlive(reason: KeepAliveReason): Promise<void>;
  /** The RUV of the consumer: for trimming, for the catch-up gate, and stored with the agreement. */
  keepConsumerRuv(ruv: Ruv): void;
  noteConsumerReplicaId(replicaId: number): void;
  /** The consumer that the thread is connected to is this server, another Concord; undefined: it is none, or not connected. */
  noteKin(replicaId: number | undefined): void;
  /** Takes over what these definitions say more than ours. Resolves with the facts of the schema after that. */
  learnSchema(texts: DefinitionTexts): Promise<SchemaFacts>;
  /** The consumer's schema has been brought up to this CSN of ours: stored with the agreement. */
  keepSettledSchema(csn: string): void;
  statusChanged(status: AgreementStatus, phase: string): void;
  /** Remove nsds5BeginReplicaRefresh. */
  refreshDone(): void;
  /** Reset nsds5ReplicaIgnoreMissingChange to off. */
  missingIgnored(): void;
  /** The thread has ended, as it was told. */
  ended(): void;
  onFatal(error: unknown): void;
}

export interface AgreementHostOptions {
  readonly config: AgreementConfig;
  readonly dataModuleUrl: string;
  readonly databaseFolder: string;
  readonly backend: string;
  readonly status: AgreementStatus;
  readonly consumer: Ruv | undefined;
  readonly schema: SchemaFacts;
  readonly settledSchemaCsn: string | undefined;
}

/** What comes from a thread. */
export interface AgreementThreadEvents {
  receive(message: FromThread): void;
  /** A defect. */
  failed(error: unknown): void;
  exited(): void;
}

/** The way to a thread. */
export interface AgreementThreadPort {
  post(message: ToThread): void;
  /** Cuts it off; `exited` follows. */
  terminate(): void;
}

export type OpenAgreementThread = (
  start: AgreementThreadStart,
  events: AgreementThreadEvents,
) => AgreementThreadPort;

export interface AgreementHostParts {
  readonly log: Log;
  readonly timers: Timers;
  readonly openThread: OpenAgreementThread;
}

export class AgreementHost {
  private readonly thread: AgreementThreadPort;
  private readonly events: AgreementHostEvents;
  private readonly parts: AgreementHostParts;
  private readonly notified = new SharedArrayBuffer(4);
  private readonly flag = new Int32Array(this.notified);
  private config: AgreementConfig;
  private hasEnded = false;
  /** What the consumer has by itself and the thread has not been told of: the newest CSN of each replica ID. */
  private readonly known = new Map<ReplicaId, Csn>();
  /** How often the update vector of the consumer has been told. */
  private heard = 0;
  /** The write of the keep-alive entry that was asked for last. */
  private keepAlive: Promise<void> = Promise.resolve();
  private readonly stopWaiters: (() => void)[] = [];

  constructor(
    options: AgreementHostOptions,
    events: AgreementHostEvents,
    parts: AgreementHostParts,
  ) {
    this.events = events;
    this.parts = parts;
    this.config = options.config;
    this.thread = parts.openThread(
      { ...options, notified: this.notified },
      {
        receive: (message) => this.receive(message),
        failed: (error) => events.onFatal(error),
        exited: () => this.exited(),
      },
    );
  }

  /** After a commit that changed the suffix. Cheap: while the thread has not looked, nothing is sent again. */
  notify(): void {
    if (Atomics.exchange(this.flag, 0, 1) !== 0) return;
    const { known, heard } = this;
    this.post({ type: "changesAvailable", known: [...known.values()], heard });
    this.known.clear();
  }

  /** The consumer has brought this change: the thread hears of it with the next one that it has to send. */
  noteKnown(csn: Csn): void {
    const replicaId = csnReplicaId(csn);
    const before = this.known.get(replicaId);
    if (before === undefined || before < csn) this.known.set(replicaId, csn);
  }

  configure(config: AgreementConfig): void {
    this.config = config;
    this.post({ type: "configure", config });
  }

  schemaChanged(schema: SchemaFacts): void {
    this.post({ type: "schemaChanged", schema });
  }

  replicateNow(): void {
    this.post({ type: "replicateNow" });
  }

  /** What is believed of the consumer is not true any more; `ruv` undefined: it has to be asked. */
  consumerChanged(ruv: Ruv | undefined): void {
    this.known.clear();
    this.post({ type: "consumerChanged", ruv });
  }

  /** Only while this replica is not being initialized itself. */
  refresh(): void {
    this.post({ type: "refresh" });
  }

  stopRefresh(): void {
    this.post({ type: "stopRefresh" });
  }

  /** Ends the session properly, then the thread. After `limitMs` (default: the protocol timeout and some seconds) the thread
   *  is cut off. */
  stop(limitMs = this.config.times.protocolTimeoutMs + GRACE_MS): Promise<void> {
    if (this.hasEnded) return Promise.resolve();
    this.post({ type: "shutdown" });
    const callOff = this.parts.timers.after(limitMs, () => this.thread.terminate());
    return new Promise((resolve) => {
      this.stopWaiters.push(() => {
        callOff();
        resolve();
      });
    });
  }

  private post(message: ToThread): void {
    if (!this.hasEnded) this.thread.post(message);
  }

  private learnSchema(requestId: number, texts: DefinitionTexts): void {
    const { events } = this;
    events.learnSchema(texts).then(
      (schema) => this.post({ type: "schemaLearned", requestId, schema }),
      (error: unknown) => events.onFatal(error),
    );
  }

  /** A session's CSN follows that of a keep-alive entry that was asked for before. */
  private issueCsn(requestId: number): void {
    const { events } = this;
    void this.keepAlive.then(() =>
      this.post({ type: "csnIssued", requestId, csn: events.issueCsn() }),
    );
  }

  private exited(): void {
    this.hasEnded = true;
    this.events.ended();
    for (const resolve of this.stopWaiters.splice(0)) resolve();
  }

  private receive(message: FromThread): void {
    const { events } = this;
    switch (message.type) {
      case "csnWanted":
        this.issueCsn(message.requestId);
        return;
      case "adjustWanted":
        this.post({
          type: "generatorAdjusted",
          requestId: message.requestId,
          verdict: events.adjustGenerator(message.csn),
        });
        return;
      case "keepAliveWanted":
        this.keepAlive = events
          .writeKeepAlive(message.reason)
          .catch((error: unknown) => events.onFatal(error));
        return;
      case "consumerRuv":
        this.heard += 1;
        this.known.clear();
        events.keepConsumerRuv(message.ruv);
        return;
      case "consumerReplicaId":
        events.noteConsumerReplicaId(message.replicaId);
        return;
      case "kin":
        events.noteKin(message.replicaId);
        return;
      case "schemaFound":
        this.learnSchema(message.requestId, message.texts);
        return;
      case "schemaSettled":
        events.keepSettledSchema(message.csn);
        return;
      case "status":
        events.statusChanged(message.status, message.phase);
        return;
      case "refreshDone":
        events.refreshDone();
        return;
      case "missingIgnored":
        events.missingIgnored();
        return;
      case "log":
        this.parts.log[message.level](message.event, message.fields);
        return;
      case "ended":
        return; // the exit follows
    }
  }
}
