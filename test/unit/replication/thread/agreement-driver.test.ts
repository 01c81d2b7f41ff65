// Supplier and consumer against each other in one process: driver, machines and codec are those of the server; only sockets,
// threads and the store are in memory.
import { assert } from "chai";
import type { Millis } from "../../../../src/base/index.ts";
import { SILENT_LOG } from "../../../../src/base/index.ts";
import { LinkError, judgeCapabilities } from "../../../../src/link/index.ts";
import {
  LdapError,
  TOTAL_PROTOCOL_OID,
  TOTAL_STATE_OID,
  TOTAL_STRUCTURE_OID,
} from "../../../../src/protocol/index.ts";
import {
  type AgreementStatus,
  type AgreementTimes,
  NEW_STATUS,
  describeInit,
  describeUpdate,
  formatChangesSent,
} from "../../../../src/replication/agreement/index.ts";
import { makeCsn } from "../../../../src/replication/csn/index.ts";
import { compareRuv, formatRuv } from "../../../../src/replication/ruv/index.ts";
import { makeFractional } from "../../../../src/replication/supplier/index.ts";
import {
  type AgreementConfig,
  AgreementDriver,
  type AgreementWorld,
} from "../../../../src/replication/thread/index.ts";
import type { TotalEntry } from "../../../../src/replication/total/index.ts";
import { MemoryLink, MemoryReplica, SUFFIX } from "../../../support/memory-replica.ts";

const EXTENSIONS = ["5.3", "5.4", "5.5", "5.6", "5.9", "5.12"].map(
  (end) => `2.16.840.1.113730.3.${end}`,
);
const CAPABILITIES = judgeCapabilities(["2.16.840.1.113730.3.4.13"], EXTENSIONS);
const CONCORD_CAPABILITIES = judgeCapabilities(
  ["2.16.840.1.113730.3.4.13"],
  [...EXTENSIONS, TOTAL_STATE_OID, TOTAL_STRUCTURE_OID],
);
const TURNS_MAX = 2_000;

function fractional(...excluded: string[]): AgreementTimes["fractional"] {
  return makeFractional({ excluded, excludedTotal: excluded, stripped: ["modifiersname"] });
}

class Agreement {
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

  notify(): void {
    this.driver.feed({ type: "changesAvailable" });
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
      session: { timeoutMs: 120_000, windowChanges: 1000, releaseTimeoutMs: 0 },
      backoffMinMs: 3_000,
      backoffMaxMs: 300_000,
      busyWaitMs: 3_000,
      sessionPauseMs: 0,
      protocolTimeoutMs: 120_000,
      fractional: fractional(),
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

const entry = (dn: string): TotalEntry => ({
  uniqueId: "00000000-00000000-00000000-00000001",
  dn,
  attributes: ["mail", "sn"].map((type) => ({
    type,
    deletionCsn: undefined,
    deleted: false,
    values: [],
  })),
});

const pair = (times: Partial<AgreementTimes> = {}): Agreement =>
  new Agreement(new MemoryReplica(1), new MemoryReplica(2), times);

suite("thread/agreement-driver", () => {
  test("thread/agreement-driver: changes reach the consumer in order, also those of before", async () => {
    const agreement = pair();
    agreement.supplier.change("one");
    agreement.supplier.change("two");
    await agreement.start();
    await agreement.change("three");
    assert.deepEqual(agreement.consumer.applied, ["one", "two", "three"]);
    assert.equal(compareRuv(agreement.supplier.ruv(), agreement.consumer.ruv()), "equal");
    assert.equal(agreement.counts, "1:3/0");
    assert.equal(
      agreement.updateText,
      "Error (0) Replica acquired successfully: Incremental update succeeded",
    );
    assert.lengthOf(agreement.links, 1);
  });

  test("thread/agreement-driver: a thousand changes go through a window of ten", async () => {
    const session = { timeoutMs: 120_000, windowChanges: 10, releaseTimeoutMs: 0 };
    const agreement = pair({ session });
    for (let n = 0; n < 1000; n += 1) agreement.supplier.change(`entry ${n}`);
    await agreement.start();
    assert.lengthOf(agreement.consumer.applied, 1000);
    assert.deepEqual(agreement.consumer.applied, agreement.supplier.applied);
  });

  test("thread/agreement-driver: two suppliers replicate with each other and stop", async () => {
    const there = pair();
    const back = new Agreement(there.consumer, there.supplier);
    await Promise.all([there.start(), back.start()]);
    there.supplier.change("from one");
    back.supplier.change("from two");
    there.notify();
    back.notify();
    for (let round = 0; round < 4; round += 1) {
      await Promise.all([there.settle(), back.settle()]);
      if (there.phase === "backingOff") await there.expire();
      if (back.phase === "backingOff") await back.expire();
    }
    assert.equal(compareRuv(there.supplier.ruv(), there.consumer.ruv()), "equal");
    assert.sameMembers(there.supplier.applied, ["from one", "from two"]);
    assert.sameMembers(there.consumer.applied, ["from one", "from two"]);
  });

  test("thread/agreement-driver: a refused change stops the session, nothing behind it is applied", async () => {
    const agreement = pair();
    const refusal = new LdapError("unwillingToPerform", "not now").result();
    agreement.consumer.refusals.set("two", refusal);
    for (const name of ["one", "two", "three", "four"]) agreement.supplier.change(name);
    await agreement.start();
    assert.deepEqual(agreement.consumer.applied, ["one"]);
    assert.equal(agreement.phase, "backingOff");
    assert.equal(
      agreement.updateText,
      "Error (18) Can't acquire replica (Incremental update transient warning.  Backing off, will retry update later.)",
    );
    agreement.consumer.refusals.clear();
    await agreement.expire();
    assert.deepEqual(agreement.consumer.applied, ["one", "two", "three", "four"]);
  });

  test("thread/agreement-driver: a change that cannot be applied there is passed over and counted", async () => {
    const agreement = pair();
    agreement.consumer.refusals.set("two", new LdapError("noSuchObject", "").result());
    for (const name of ["one", "two", "three"]) agreement.supplier.change(name);
    await agreement.start();
    assert.deepEqual(agreement.consumer.applied, ["one", "three"]);
    assert.equal(agreement.counts, "1:2/1");
    assert.equal(agreement.status.ignoredChanges, 1);
  });

  test("thread/agreement-driver: changes after a cut connection are sent again, none twice applied", async () => {
    const agreement = pair();
    for (let n = 0; n < 500; n += 1) agreement.supplier.change(`entry ${n}`);
    const started = agreement.start();
    for (let turn = 0; turn < 6; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    agreement.links.at(-1)?.cut();
    await started;
    assert.equal(agreement.phase, "backingOff");
    await agreement.expire();
    assert.deepEqual(agreement.consumer.applied, agreement.supplier.applied);
  });

  test("thread/agreement-driver: an unreachable consumer gets everything when it is back", async () => {
    const agreement = pair();
    agreement.isReachable = false;
    await agreement.start();
    await agreement.change("one");
    assert.match(
      agreement.updateText,
      /^Error \(-1\) Problem connecting to replica - LDAP error: /,
    );
    agreement.isReachable = true;
    await agreement.expire();
    assert.deepEqual(agreement.consumer.applied, ["one"]);
  });

  test("thread/agreement-driver: skipped changes are read once and a keep-alive takes the RUV along", async () => {
    const agreement = pair({ fractional: fractional("mail") });
    await agreement.start();
    await agreement.change("sent");
    for (let n = 0; n < 60; n += 1)
      agreement.supplier.change(`skipped ${n}`, ["mail", "modifiersname"]);
    agreement.notify();
    await agreement.settle();
    for (let n = 0; n < 40; n += 1) agreement.supplier.change(`skipped ${n}`, ["mail"]);
    agreement.notify();
    await agreement.settle();
    assert.equal(agreement.counts, "1:1/100");
    assert.deepEqual(agreement.keepAlives, []);
    await agreement.change("one more", ["mail"]);
    assert.equal(agreement.counts, "1:2/101");
    assert.deepEqual(agreement.keepAlives, ["update"]);
    assert.deepEqual(agreement.consumer.applied, ["sent", "keep-alive"]);
    assert.equal(compareRuv(agreement.supplier.ruv(), agreement.consumer.ruv()), "equal");
  });

  test("thread/agreement-driver: without changes in between the keep-alive is not repeated", async () => {
    const agreement = pair({ fractional: fractional("mail") });
    await agreement.start();
    for (let n = 0; n < 101; n += 1) agreement.supplier.change(`skipped ${n}`, ["mail"]);
    agreement.notify();
    await agreement.settle();
    agreement.notify();
    await agreement.settle();
    assert.deepEqual(agreement.keepAlives, ["update"]);
  });

  test("thread/agreement-driver: a total initialization carries the entries, then goes on", async () => {
    const agreement = new Agreement(new MemoryReplica(1), new MemoryReplica(2, "other"), {
      fractional: fractional("mail"),
    });
    agreement.supplier.change("before");
    agreement.supplier.entries = [entry("dc=x"), entry("orphan"), entry("cn=a,dc=x")];
    await agreement.start();
    assert.match(agreement.updateText, /different database generation ID/);
    await agreement.refresh();
    const { init } = agreement.status;
    assert.ok(init !== undefined);
    assert.equal(describeInit(init).text, "Error (0) Total update succeeded");
    assert.equal(agreement.refreshes, 1);
    assert.deepEqual(agreement.keepAlives, ["create"]);
    assert.deepEqual(
      agreement.consumer.entries.map(({ dn }) => dn),
      ["dc=x", "orphan", "cn=a,dc=x"],
    );
    assert.deepEqual(
      agreement.consumer.entries[0]?.attributes.map(({ type }) => type),
      ["sn"],
    );
    assert.equal(compareRuv(agreement.supplier.ruv(), agreement.consumer.ruv()), "equal");
    assert.equal(agreement.consumer.ruv().elements[0]?.replicaId, agreement.consumer.replicaId);
    await agreement.change("after");
    assert.deepEqual(agreement.consumer.applied, ["after"]);
  });

  test("thread/agreement-driver: another Concord gets states and the structure log, all else gets entries", async () => {
    const part = { purgeCsn: undefined, nodes: [], lasts: [], records: [], isLast: true };
    for (const capabilities of [CAPABILITIES, CONCORD_CAPABILITIES]) {
      const agreement = new Agreement(new MemoryReplica(1), new MemoryReplica(2, "other"), {
        fractional: fractional("mail"),
      });
      agreement.capabilities = capabilities;
      agreement.supplier.entries = [entry("dc=x"), entry("cn=a,dc=x")];
      agreement.supplier.parts = [{ ...part, isLast: false }, part];
      await agreement.start();
      await agreement.refresh();
      const { entries, parts, received } = agreement.consumer;
      assert.lengthOf(entries, 2);
      assert.deepEqual(
        entries[0]?.attributes.map(({ type }) => type),
        ["sn"],
      );
      const isConcord = capabilities === CONCORD_CAPABILITIES;
      const expected = isConcord
        ? ["state", "state", "structure", "structure"]
        : ["entry", "entry"];
      assert.deepEqual(received, expected);
      assert.deepEqual(parts, isConcord ? agreement.supplier.parts : []);
    }
  });

  test("thread/agreement-driver: an initialization ends when the content that it sends is replaced", async () => {
    const agreement = new Agreement(new MemoryReplica(1), new MemoryReplica(2, "other"));
    agreement.supplier.entries = [entry("dc=x"), entry("cn=a,dc=x")];
    agreement.supplier.isReplaced = true;
    await agreement.start();
    await agreement.refresh();
    assert.match(describeInit(agreement.status.init ?? assert.fail()).text, /Total update aborted/);
    assert.deepEqual(agreement.consumer.entries, []);
  });

  test("thread/agreement-driver: an aborted initialization leaves the old data", async () => {
    const agreement = new Agreement(new MemoryReplica(1), new MemoryReplica(2, "other"));
    const old = [entry("dc=x"), entry("cn=old,dc=x")];
    agreement.consumer.entries = old;
    agreement.supplier.entries = [entry("dc=x"), entry("refused"), entry("cn=a,dc=x")];
    await agreement.start();
    await agreement.refresh();
    assert.equal(agreement.refreshes, 1);
    assert.match(describeInit(agreement.status.init ?? assert.fail()).text, /Total update aborted/);
    assert.equal(agreement.consumer.entries, old);
    assert.equal(agreement.consumer.ruv().generation, "other");
    assert.equal(agreement.consumer.consumer.access.name, "free");
  });

  test("thread/agreement-driver: while one supplier initializes, another is told that the consumer is busy", async () => {
    const consumer = new MemoryReplica(3);
    const other = { id: 0, boundDn: "cn=manager", label: "conn=0", close: () => {} };
    consumer.consumer.start(other, {
      protocolOid: TOTAL_PROTOCOL_OID,
      suffix: SUFFIX,
      ruv: formatRuv(new MemoryReplica(4).ruv()),
      referrals: [],
      csn: makeCsn(1_000_000, 0, 4),
      sessionData: undefined,
    });
    const agreement = new Agreement(new MemoryReplica(1), consumer);
    await agreement.start();
    assert.match(agreement.updateText, /^Error \(1\) Can't acquire busy replica/);
    consumer.consumer.closed(other.id);
    agreement.supplier.change("one");
    await agreement.expire();
    assert.deepEqual(consumer.applied, ["one"]);
  });

  test("thread/agreement-driver: two suppliers share a consumer that offers to release itself", async () => {
    const consumer = new MemoryReplica(3);
    consumer.offersRelease = true;
    consumer.batchMax = 1;
    const session = { timeoutMs: 120_000, windowChanges: 20, releaseTimeoutMs: 1 };
    const first = new Agreement(new MemoryReplica(1), consumer, { session });
    const second = new Agreement(new MemoryReplica(2), consumer, { session });
    for (let n = 0; n < 300; n += 1) first.supplier.change(`first ${n}`);
    second.supplier.change("second");
    const running = first.start();
    for (let turn = 0; turn < 60; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    await second.start();
    await running;
    assert.equal(second.phase, "backingOff");
    assert.isBelow(consumer.applied.length, 301);
    await second.expire();
    assert.include(consumer.applied, "second");
    if (first.phase !== "waitingForChanges") await first.expire();
    assert.lengthOf(consumer.applied, 301);
  });

  test("thread/agreement-driver: shutdown ends the session and says so", async () => {
    const agreement = pair();
    await agreement.start();
    await agreement.shutdown();
    assert.isTrue(agreement.isEnded);
    assert.equal(agreement.consumer.consumer.access.name, "free");
  });

  test("thread/agreement-driver: a disabled agreement sends nothing until it is enabled", async () => {
    const agreement = pair({ isEnabled: false });
    await agreement.start();
    await agreement.change("one");
    assert.deepEqual(agreement.consumer.applied, []);
    await agreement.configure({ isEnabled: true });
    assert.deepEqual(agreement.consumer.applied, ["one"]);
  });
});
