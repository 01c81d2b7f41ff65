// Runs the machine of one agreement: performs its actions and feeds back what comes of them. It decides nothing itself; what
// belongs to a connection or a session that is over is dropped.
import type { Millis } from "../../base/index.ts";
import type { Capabilities } from "../../link/index.ts";
import { LinkError } from "../../link/index.ts";
import {
  INCREMENTAL_PROTOCOL_OID,
  ReplicationResponseCode,
  ResultCode,
  TOTAL_PROTOCOL_OID,
} from "../../protocol/index.ts";
import {
  type AgreementAction,
  type AgreementEvent,
  type AgreementState,
  type AgreementStatus,
  agreementWakeAt,
  makeAgreement,
  stepAgreement,
} from "../agreement/index.ts";
import { type CleanedIds, toSupplied } from "../clean-ruv/index.ts";
import type { Csn } from "../csn/index.ts";
import { type Ruv, parseRuv } from "../ruv/index.ts";
import { readRuv } from "../changelog/index.ts";
import {
  type ChangeResult,
  NO_SKIP_MEMORY,
  type SessionOutcome,
  type SkipMemory,
} from "../supplier/index.ts";
import type { AgreementWorld, SupplierLink } from "./agreement-world.ts";
import { ChangeSender } from "./change-sender.ts";
import { ConsumerLine } from "./consumer-line.ts";
import { EntrySender } from "./entry-sender.ts";
import type { AgreementConfig } from "./messages.ts";
import { SchemaSharing } from "./schema-sharing.ts";

/** No answer, or none that can be read. */
const NO_RESPONSE_CODE = 255;
/** An update schedule is looked at so often at least: somebody may set the clock on the wall meanwhile. */
const SCHEDULE_LOOK_MS = 60_000;
/** How often the status is shown while a session goes on. */
const STATUS_INTERVAL_MS = 500;

const NONE_CLEANED: CleanedIds = new Map();

const isResting = ({ phase }: AgreementState): boolean =>
  phase.name === "inSession" && phase.session.name === "resting";

export class AgreementDriver {
  private readonly world: AgreementWorld;
  private config: AgreementConfig;
  private state: AgreementState;
  private readonly events: AgreementEvent[] = [];
  private isStepping = false;
  private line: ConsumerLine | undefined;
  /** Counts connections and attempts at one: what belongs to an older one is dropped. */
  private lineNumber = 0;
  private sender: ChangeSender | undefined;
  private source: EntrySender | undefined;
  /** The RUV of the last Start, and of one that begins a total initialization what was known of cleaned IDs beside it. */
  private told: { readonly ruv: Ruv; readonly cleaned: CleanedIds } | undefined;
  private memory: SkipMemory = NO_SKIP_MEMORY;
  private results: ChangeResult[] = [];
  private entryCodes: number[] = [];
  private isIgnoringOnce = false;
  private shownStatus: AgreementStatus | undefined;
  private shownAt = 0;
  private readonly schema: SchemaSharing | undefined;

  constructor(
    world: AgreementWorld,
    config: AgreementConfig,
    kept: {
      readonly status: AgreementStatus;
      readonly consumer: Ruv | undefined;
      readonly settledSchemaCsn?: string | undefined;
    },
  ) {
    this.world = world;
    this.config = config;
    this.state = makeAgreement(config.times, kept);
    if (world.schema !== undefined) {
      this.schema = new SchemaSharing(world.schema, world.log, kept.settledSchemaCsn);
    }
  }

  start(): void {
    this.configure(this.config);
  }

  configure(config: AgreementConfig): void {
    const { host, port } = this.config.link;
    if (config.link.host !== host || config.link.port !== port) this.schema?.forget();
    this.config = config;
    this.isIgnoringOnce = config.ignoreMissing === "once";
    // The filter may be another one now.
    this.memory = NO_SKIP_MEMORY;
    this.feed({ type: "configured", times: config.times });
  }

  /** Our schema has changed: it goes out without waiting for a change of the data. */
  schemaChanged(): void {
    if (this.schema?.isDue === true) this.feed({ type: "changesAvailable" });
  }

  /** `known`: what the consumer has by itself. */
  changesAvailable(known: readonly Csn[]): void {
    this.sender?.pass(known);
    this.feed({ type: "changesAvailable", known });
  }

  /** An event, from outside or from an action. */
  feed(event: AgreementEvent): void {
    this.events.push(event);
    if (this.isStepping) return;
    this.isStepping = true;
    for (let next = this.events.shift(); next !== undefined; next = this.events.shift()) {
      this.step(next);
    }
    this.isStepping = false;
    this.world.wakeAt(this.wakeAt(), () => this.feed({ type: "timer" }));
    this.showStatus();
  }

  private wakeAt(): Millis | undefined {
    const moment = this.world.moment();
    const wakeAt = agreementWakeAt(this.state, moment);
    if (wakeAt === undefined || this.config.times.schedule === undefined) return wakeAt;
    return Math.min(wakeAt, moment.now + SCHEDULE_LOOK_MS) as Millis;
  }

  private step(event: AgreementEvent): void {
    const before = this.state.phase.name;
    const wasResting = isResting(this.state);
    const { state, actions } = stepAgreement(this.state, event, this.world.moment());
    this.state = state;
    // A session that begins to rest shows that it is done.
    if (isResting(state) && !wasResting) this.shownAt = 0;
    if (state.phase.name !== before) {
      this.shownAt = 0;
      this.world.log.debug("agreement.phase.changed", { from: before, to: state.phase.name });
    }
    for (const action of actions) this.perform(action);
  }

  private showStatus(): void {
    const { status, phase } = this.state;
    const { now } = this.world.moment();
    const isDue = this.shownAt === 0 || Math.abs(now - this.shownAt) >= STATUS_INTERVAL_MS;
    if (status === this.shownStatus || !isDue) return;
    this.shownStatus = status;
    this.shownAt = now;
    this.world.host.showStatus(status, phase.name);
  }

  private perform(action: AgreementAction): void {
    const { host } = this.world;
    switch (action.type) {
      case "readLocalRuv":
        this.feed({
          type: "localRuv",
          ruv: this.localRuv(),
          isSchemaDue: this.schema?.isDue === true,
        });
        return;
      case "connect":
        this.connect();
        return;
      case "disconnect":
        this.disconnect();
        return;
      case "sendStart":
        this.sendStart(INCREMENTAL_PROTOCOL_OID);
        return;
      case "sendTotalStart":
        this.schema?.forget();
        this.sendStart(TOTAL_PROTOCOL_OID);
        return;
      case "adjustGenerator":
        this.whenCurrent(host.adjustGenerator(action.csn), (verdict) =>
          this.feed({ type: "adjusted", verdict }),
        );
        return;
      case "openReader":
        this.openReader(action.consumer);
        return;
      case "sendChunk":
        this.whenWritable(() => this.sendChunk(action.changesMax));
        return;
      case "openSource":
        this.openSource();
        return;
      case "sendEntries":
        this.whenWritable(() => this.sendEntries(action.entriesMax));
        return;
      case "sendRest":
        this.sendRest();
        return;
      case "sendEnd":
        this.sendEnd();
        return;
      case "createKeepAlive":
        host.writeKeepAlive("create");
        return;
      case "writeKeepAlive":
        host.writeKeepAlive(action.reason);
        return;
      case "keepConsumerRuv":
        host.keepConsumerRuv(action.ruv);
        return;
      case "noteSessionEnd":
        this.noteSessionEnd(action.outcome);
        return;
      case "refreshDone":
        this.closeSource();
        this.memory = NO_SKIP_MEMORY;
        host.refreshDone();
        return;
      case "ended":
        this.world.wakeAt(undefined, () => {});
        host.showStatus(this.state.status, this.state.phase.name);
        host.ended();
        return;
    }
  }

  private localRuv(): Ruv | undefined {
    this.world.data.renew();
    const tables = this.world.data.changelog();
    return tables === undefined ? undefined : readRuv(tables.meta);
  }

  private connect(): void {
    this.lineNumber += 1;
    const number = this.lineNumber;
    this.world.openLink(this.config.link).then(
      ({ link, capabilities }) => {
        if (number !== this.lineNumber) return link.close();
        this.useLink(link, capabilities);
      },
      (error: unknown) => {
        if (number === this.lineNumber) this.connectFailed(error);
      },
    );
  }

  private useLink(link: SupplierLink, capabilities: Capabilities): void {
    if (!capabilities.isReplica) {
      link.close();
      this.world.log.warn("agreement.consumer.incapable", { host: this.config.link.host });
      this.feed({ type: "connectFailed", ldapCode: ResultCode.unavailableCriticalExtension });
      return;
    }
    this.line = new ConsumerLine(link, capabilities, this.world.log);
    link.onLost = (error) => {
      if (this.line?.link !== link) return;
      this.world.log.info("agreement.connection.lost", { reason: error.message });
      this.forgetLine();
      this.feed({ type: "connectionLost" });
    };
    this.feed({ type: "connected", mayRest: this.line.mayRest });
  }

  private connectFailed(error: unknown): void {
    if (!(error instanceof LinkError)) throw error;
    const { ldapCode, message } = error;
    this.world.log.warn("agreement.connection.failed", { ldapCode, message });
    this.feed({ type: "connectFailed", ldapCode });
  }

  private disconnect(): void {
    const link = this.line?.link;
    this.forgetLine();
    link?.close();
  }

  private forgetLine(): void {
    this.lineNumber += 1;
    if (this.line?.mayRest === true) this.world.host.noteKin(undefined);
    this.line = undefined;
    this.sender = undefined;
    this.results = [];
    this.entryCodes = [];
    this.closeSource();
  }

  private closeSource(): void {
    this.source?.close();
    this.source = undefined;
  }

  /** Goes on with the value, unless the connection is another one by then. */
  private whenCurrent<T>(promise: Promise<T>, next: (value: T) => void): void {
    const number = this.lineNumber;
    const go = async (): Promise<void> => {
      const value = await promise;
      if (number === this.lineNumber) next(value);
    };
    void go(); // a throw is a defect and ends the thread
  }

  /** In a later turn, when the socket takes more. */
  private whenWritable(next: () => void): void {
    const { line } = this;
    if (line === undefined) return;
    const number = this.lineNumber;
    const go = (): void => {
      if (number === this.lineNumber) next();
    };
    if (line.link.isWritable) this.world.later(go);
    else this.whenCurrent(line.link.whenWritable(), go);
  }

  private sendStart(protocolOid: string): void {
    const { host } = this.world;
    this.whenCurrent(host.nextCsn(), (csn) => {
      const ruv = this.localRuv();
      const { line, config } = this;
      if (csn === undefined || ruv === undefined || line === undefined) {
        this.feed({ type: "startAnswered", code: ReplicationResponseCode.backOff, ruv: undefined });
        return;
      }
      // Read without a pause: of one moment.
      const isTotal = protocolOid === TOTAL_PROTOCOL_OID;
      const cleaned = isTotal ? this.world.data.cleanedIds(config.suffix) : NONE_CLEANED;
      this.told = { ruv, cleaned };
      line.sendStart(config, { protocolOid, ruv, csn }, (response) => {
        if (this.line !== line) return;
        const code = response?.code ?? NO_RESPONSE_CODE;
        if (code === ReplicationResponseCode.ready) {
          line.readReplicaId(config, (replicaId) => {
            host.noteConsumerReplicaId(replicaId);
            if (line.mayRest && this.line === line) host.noteKin(replicaId);
          });
        }
        const consumer = response?.ruv === undefined ? undefined : parseRuv(response.ruv);
        const answered = (): void => this.feed({ type: "startAnswered", code, ruv: consumer });
        // The schema goes ahead of the data; to the machine it is a part of Start, also for the timeout.
        const sharing =
          code === ReplicationResponseCode.ready ? this.schema?.share(line) : undefined;
        if (sharing === undefined) answered();
        else this.whenCurrent(sharing, answered);
      });
    });
  }

  private sendRest(): void {
    const { line } = this;
    line?.sendRest(this.config.suffix, this.localRuv(), (response) => {
      if (this.line !== line) return;
      this.feed({ type: "restEnded", code: response?.code ?? NO_RESPONSE_CODE });
    });
  }

  private sendEnd(): void {
    const { line } = this;
    line?.sendEnd(this.config.suffix, this.localRuv(), (response) => {
      if (this.line !== line) return;
      this.feed({ type: "endAnswered", code: response?.code ?? NO_RESPONSE_CODE });
    });
  }

  private openReader(consumer: Ruv): void {
    const { line, config, world } = this;
    if (line === undefined) return;
    const options = {
      generation: consumer.generation,
      consumer,
      memory: this.memory,
      fractional: config.times.fractional,
      ignoreMissing: config.ignoreMissing === "always" || this.isIgnoringOnce,
      replicaId: config.replicaId,
    };
    this.results = [];
    this.sender = new ChangeSender(world.data, line.link, options, (result) => {
      if (this.line === line) this.noteResult(result);
    });
  }

  private sendChunk(changesMax: number): void {
    const { sender } = this;
    if (sender === undefined) return;
    this.feed({ type: "chunkSent", ...sender.sendChunk(changesMax) });
  }

  /** The results that one read of the socket brought are one event. */
  private noteResult(result: ChangeResult): void {
    this.results.push(result);
    if (this.results.length > 1) return;
    queueMicrotask(() => {
      const results = this.results.splice(0);
      if (results.length > 0) this.feed({ type: "changesAnswered", results });
    });
  }

  private noteSessionEnd(outcome: SessionOutcome): void {
    const { kind, replicationCode, message, refused } = outcome;
    const fields = { kind, replicationCode, message, ...refused };
    if (kind === "succeeded" || kind === "yielded") {
      this.world.log.debug("agreement.session.ended", fields);
      this.memory = this.sender?.remember() ?? this.memory;
      if (this.isIgnoringOnce && this.sender !== undefined) {
        this.isIgnoringOnce = false;
        this.world.host.missingIgnored();
      }
    } else {
      this.world.log[kind === "fatal" ? "error" : "info"]("agreement.session.ended", fields);
    }
    this.sender = undefined;
  }

  private openSource(): void {
    const { line, config, world } = this;
    if (line === undefined) return;
    this.closeSource();
    this.entryCodes = [];
    const entries = world.data.openEntries();
    const { fractional } = config.times;
    const told = line.takesStructure ? this.told?.ruv : undefined;
    const cleaned = line.takesCleaned ? toSupplied(this.told?.cleaned ?? NONE_CLEANED) : [];
    this.source = new EntrySender(line.link, entries, { fractional, told, cleaned }, (code) => {
      if (this.line === line) this.noteEntryResult(code);
    });
  }

  private sendEntries(entriesMax: number): void {
    const { source, world } = this;
    if (source === undefined) return;
    world.data.renew();
    this.feed({ type: "entriesSent", ...source.sendEntries(entriesMax) });
  }

  private noteEntryResult(code: number): void {
    this.entryCodes.push(code);
    if (this.entryCodes.length > 1) return;
    queueMicrotask(() => {
      const codes = this.entryCodes.splice(0);
      if (codes.length > 0) this.feed({ type: "entriesAnswered", codes });
    });
  }
}
