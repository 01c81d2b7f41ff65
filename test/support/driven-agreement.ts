// An agreement against a consumer in one process: driver, machines and codec are those of the server; sockets, threads and the store
// are in memory, and time stands still between timers.
import { assert } from "chai";
import type { Millis } from "../../src/base/index.ts";
import { SILENT_LOG } from "../../src/base/index.ts";
import { LinkError, judgeCapabilities } from "../../src/link/index.ts";
import {
  REST_SESSION_OID,
  TOTAL_CLEANED_OID,
  TOTAL_STATES_OID,
  TOTAL_STRUCTURE_OID,
} from "../../src/protocol/index.ts";
import {
  type AgreementStatus,
  type AgreementTimes,
  NEW_STATUS,
  describeUpdate,
  formatChangesSent,
} from "../../src/replication/agreement/index.ts";
import { makeFractional } from "../../src/replication/supplier/index.ts";
import {
  type AgreementConfig,
  AgreementDriver,
  type AgreementWorld,
} from "../../src/replication/thread/index.ts";
import type { Csn } from "../../src/replication/csn/index.ts";
import { MemoryLink, MemoryReplica, SUFFIX } from "./memory-replica.ts";

const EXTENSIONS = ["5.3", "5.4", "5.5", "5.6", "5.9", "5.12"].map(
  (end) => `2.16.840.1.113730.3.${end}`,
);
/** What a 389 can do. */
export const CAPABILITIES = judgeCapabilities(["2.16.840.1.113730.3.4.13"], EXTENSIONS);
/** What another Concord can do. */
export const CONCORD_CAPABILITIES = judgeCapabilities(
  ["2.16.840.1.113730.3.4.13"],
  [...EXTENSIONS, TOTAL_STATES_OID, TOTAL_STRUCTURE_OID, TOTAL_CLEANED_OID, REST_SESSION_OID],
);
const TURNS_MAX = 2_000;

export function fractionalWithout(...excluded: string[]): AgreementTimes["fractional"] {
  return makeFractional({ excluded, excludedTotal: excluded, stripped: ["modifiersname"] });
}

export class DrivenAgreement {
  readonly supplier: MemoryReplica;
  readonly consumer: MemoryReplica;
  readonly keepAlives: string[] = [];
  readonly links: MemoryLink[] = [];
  capabilities = CAPABILITIES;
  isReachable = true;
  isEnded = false;
  refreshes = 0;
  status: AgreementStatus = NEW_STATUS;
  phase = "";
  private time = 0;
  private wake: { time: Millis; call: () => void } | undefined;
  private config: AgreementConfig;
  private readonly driver: AgreementDriver;

  constructor(
    supplier: MemoryReplica,
    consumer: MemoryReplica,
    times: Partial<AgreementTimes> = {},
  ) {
    this.supplier = supplier;
    this.consumer = consumer;
    this.config = configOf(supplier, times);
    const kept = { status: NEW_STATUS, consumer: undefined };
    this.driver = new AgreementDriver(this.world(), this.config, kept);
  }

  private world(): AgreementWorld {
    const { supplier } = this;
    return {
      data: supplier,
      log: SILENT_LOG,
      moment: () => ({
        now: this.time as Millis,
        wall: this.time as Millis,
        localDay: 0,
        localSeconds: 0,
      }),
      later: (step) => setImmediate(step),
      wakeAt: (time, call) => {
        this.wake = time === undefined ? undefined : { time, call };
      },
      openLink: () => this.open(),
      host: {
        nextCsn: () => Promise.resolve(supplier.nextCsn()),
        adjustGenerator: (csn) => Promise.resolve(supplier.adjust(csn)),
        writeKeepAlive: (reason) => {
          this.keepAlives.push(reason);
          if (reason === "create") return;
          supplier.change("keep-alive", ["keepalivetimestamp"]);
          this.notify();
        },
        keepConsumerRuv: () => {},
        noteConsumerReplicaId: () => {},
        noteKin: () => {},
        showStatus: (status, phase) => {
          this.status = status;
          this.phase = phase;
        },
        refreshDone: () => {
          this.refreshes += 1;
        },
        missingIgnored: () => {},
        ended: () => {
          this.isEnded = true;
        },
      },
    };
  }

  private open(): ReturnType<AgreementWorld["openLink"]> {
    if (!this.isReachable) return Promise.reject(new LinkError(-1, "unreachable"));
    const link = new MemoryLink(this.consumer, (lost) => lost.onLost(new LinkError(-1, "closed")));
    this.links.push(link);
    return Promise.resolve({ link, capabilities: this.capabilities });
  }

  start(): Promise<void> {
    this.driver.start();
    return this.settle();
  }

  configure(times: Partial<AgreementTimes>): Promise<void> {
    this.config = { ...this.config, times: { ...this.config.times, ...times } };
    this.driver.configure(this.config);
    return this.settle();
  }

  /** `known`: what the consumer has by itself. */
  notify(known: readonly Csn[] = []): void {
    this.driver.changesAvailable(known);
  }

  async change(name: string, types?: readonly string[]): Promise<void> {
    this.supplier.change(name, types);
    this.notify();
    await this.settle();
  }

  refresh(): Promise<void> {
    this.driver.feed({ type: "refreshAsked" });
    return this.settle();
  }

  shutdown(): Promise<void> {
    this.driver.feed({ type: "shutdown" });
    return this.settle();
  }

  /** Lets the next timer come. */
  expire(): Promise<void> {
    const { wake } = this;
    assert.ok(wake !== undefined, "a timer is running");
    this.time = wake.time;
    wake.call();
    return this.settle();
  }

  /** Until nothing moves any more for some turns of the event loop. */
  async settle(): Promise<void> {
    let quiet = 0;
    let before = "";
    for (let turn = 0; turn < TURNS_MAX && quiet < 20; turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      const sent = this.links.reduce((sum, link) => sum + link.sent.length, 0);
      const now = `${sent} ${this.consumer.applied.length} ${this.consumer.entries.length} ${this.phase}`;
      quiet = now === before ? quiet + 1 : 0;
      before = now;
    }
    assert.isAtLeast(quiet, 20, "the agreement comes to rest");
  }

  get updateText(): string {
    return describeUpdate(this.status.update, "agmt").text;
  }

  get counts(): string {
    return formatChangesSent(this.status.changes).trim();
  }
}

function configOf(supplier: MemoryReplica, times: Partial<AgreementTimes>): AgreementConfig {
  return {
    name: "to-consumer",
    suffix: SUFFIX,
    replicaId: supplier.replicaId,
    purl: supplier.purl,
    consumerReplicaDn: "cn=replica",
    ignoreMissing: "never",
    times: {
      isEnabled: true,
      replicaId: supplier.replicaId,
      schedule: undefined,
      session: { timeoutMs: 120_000, windowChanges: 1000, releaseTimeoutMs: 0, restMs: 0 },
      backoffMinMs: 3_000,
      backoffMaxMs: 300_000,
      busyWaitMs: 3_000,
      sessionPauseMs: 0,
      protocolTimeoutMs: 120_000,
      fractional: fractionalWithout(),
      keepAliveSkippedMax: 100,
      ...times,
    },
    link: {
      host: "consumer",
      port: 389,
      identity: { transport: "ldap", bindMethod: "simple", bindDn: "cn=manager", password: "x" },
      bootstrap: undefined,
      tls: { rejectUnauthorized: true },
      timeoutMs: 120_000,
    },
  };
}

/** A supplier and a consumer without data. */
export const drivenPair = (times: Partial<AgreementTimes> = {}): DrivenAgreement =>
  new DrivenAgreement(new MemoryReplica(1), new MemoryReplica(2), times);
