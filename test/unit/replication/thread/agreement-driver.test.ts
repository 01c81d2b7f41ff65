// Supplier and consumer against each other in one process (test/support/driven-agreement.ts).
import { assert } from "chai";
import {
  END_REPLICATION_OID,
  LdapError,
  REST_SESSION_OID,
  START_REPLICATION_90_OID,
  TOTAL_PROTOCOL_OID,
} from "../../../../src/protocol/index.ts";
import { describeInit } from "../../../../src/replication/agreement/index.ts";
import { type ReplicaId, makeCsn } from "../../../../src/replication/csn/index.ts";
import { compareRuv, formatRuv, ruvMaxCsn } from "../../../../src/replication/ruv/index.ts";
import type { TotalEntry } from "../../../../src/replication/total/index.ts";
import { MemoryReplica, SUFFIX } from "../../../support/memory-replica.ts";
import {
  CAPABILITIES,
  CONCORD_CAPABILITIES,
  DrivenAgreement,
  drivenPair,
  fractionalWithout,
} from "../../../support/driven-agreement.ts";

const RESTING = {
  timeoutMs: 120_000,
  windowChanges: 1000,
  releaseTimeoutMs: 0,
  restMs: 10_000,
} as const;

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

suite("thread/agreement-driver", () => {
  test("thread/agreement-driver: changes reach the consumer in order, also those of before", async () => {
    const agreement = drivenPair();
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
    const session = { timeoutMs: 120_000, windowChanges: 10, releaseTimeoutMs: 0, restMs: 0 };
    const agreement = drivenPair({ session });
    for (let n = 0; n < 1000; n += 1) agreement.supplier.change(`entry ${n}`);
    await agreement.start();
    assert.lengthOf(agreement.consumer.applied, 1000);
    assert.deepEqual(agreement.consumer.applied, agreement.supplier.applied);
  });

  test("thread/agreement-driver: two suppliers replicate with each other and stop", async () => {
    const there = drivenPair();
    const back = new DrivenAgreement(there.consumer, there.supplier);
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

  test("thread/agreement-driver: between two Concords a change needs no Start while the session rests", async () => {
    const agreement = drivenPair({ session: RESTING });
    agreement.capabilities = CONCORD_CAPABILITIES;
    await agreement.start();
    for (const name of ["one", "two", "three"]) {
      await agreement.change(name);
      assert.match(agreement.updateText, /Incremental update succeeded/);
      assert.isFalse(agreement.status.isUpdating);
    }
    assert.deepEqual(agreement.consumer.applied, ["one", "two", "three"]);
    assert.equal(agreement.counts, "1:3/0");
    const { sent } = agreement.links[0] ?? { sent: [] };
    const count = (oid: string): number => sent.filter((type) => type === oid).length;
    assert.equal(count(START_REPLICATION_90_OID), 2, "the first one had nothing to send");
    assert.equal(count(REST_SESSION_OID), 1);
    await agreement.expire();
    assert.equal(count(END_REPLICATION_OID), 2);
    assert.equal(agreement.consumer.consumer.access.name, "free");
  });

  test("thread/agreement-driver: a 389 is never asked to keep a session", async () => {
    const agreement = drivenPair({ session: RESTING });
    await agreement.start();
    await agreement.change("one");
    assert.isFalse(agreement.links[0]?.sent.includes(REST_SESSION_OID));
    assert.equal(agreement.consumer.consumer.access.name, "free");
  });

  test("thread/agreement-driver: suppliers of one consumer that keep their sessions are not in each other's way", async () => {
    const one = drivenPair({ session: RESTING });
    const two = new DrivenAgreement(new MemoryReplica(3), one.consumer, { session: RESTING });
    const pair = [one, two];
    for (const agreement of pair) agreement.capabilities = CONCORD_CAPABILITIES;
    for (const agreement of pair) await agreement.start();
    const names: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      for (const [index, agreement] of pair.entries()) {
        await agreement.change(`${index} ${round}`);
        assert.equal(agreement.phase, "inSession");
        names.push(`${index} ${round}`);
      }
    }
    assert.deepEqual(one.consumer.applied, names);
    for (const agreement of pair)
      assert.match(agreement.updateText, /Incremental update succeeded/);
  });

  test("thread/agreement-driver: a change that meets the end of a rest is sent in the next session", async () => {
    const agreement = drivenPair({ session: RESTING });
    agreement.capabilities = CONCORD_CAPABILITIES;
    await agreement.start();
    await agreement.change("one");
    agreement.supplier.change("two");
    agreement.notify();
    agreement.consumer.consumer.refuseRest();
    await agreement.settle();
    assert.deepEqual(agreement.consumer.applied, ["one", "two"]);
    assert.equal(agreement.counts, "1:2/0");
  });

  test("thread/agreement-driver: other settings end a session that rests", async () => {
    const agreement = drivenPair({ session: RESTING });
    agreement.capabilities = CONCORD_CAPABILITIES;
    await agreement.start();
    await agreement.change("one");
    await agreement.configure({ isEnabled: false });
    assert.equal(agreement.phase, "disabled");
    assert.equal(agreement.consumer.consumer.access.name, "free");
    await agreement.configure({ isEnabled: true });
    await agreement.change("two");
    await agreement.configure({ busyWaitMs: 1 });
    assert.equal(agreement.phase, "waitingForChanges");
    assert.lengthOf(agreement.links, 3);
  });

  test("thread/agreement-driver: what the consumer has by itself is not sent back to it", async () => {
    const agreement = drivenPair({ session: RESTING });
    const { supplier, consumer } = agreement;
    agreement.capabilities = CONCORD_CAPABILITIES;
    const back = new DrivenAgreement(consumer, supplier);
    await agreement.start();
    await back.start();
    const isSilent = async (name: string): Promise<void> => {
      await back.change(name);
      const count = agreement.links[0]?.sent.length;
      const newest = ruvMaxCsn(consumer.ruv(), consumer.replicaId);
      agreement.notify(newest === undefined ? [] : [newest]);
      await agreement.settle();
      assert.equal(agreement.links[0]?.sent.length, count, name);
    };
    await isSilent("no session begins for its first");
    await isSilent("nor for its second");
    await agreement.change("ours");
    await isSilent("nor is its third sent in a session that rests");
    await agreement.change("ours again");
    assert.equal(agreement.counts, "1:2/0");
    assert.equal(compareRuv(supplier.ruv(), consumer.ruv()), "equal");
  });

  test("thread/agreement-driver: a refused change stops the session, nothing behind it is applied", async () => {
    const agreement = drivenPair();
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
    const agreement = drivenPair();
    agreement.consumer.refusals.set("two", new LdapError("noSuchObject", "").result());
    for (const name of ["one", "two", "three"]) agreement.supplier.change(name);
    await agreement.start();
    assert.deepEqual(agreement.consumer.applied, ["one", "three"]);
    assert.equal(agreement.counts, "1:2/1");
    assert.equal(agreement.status.ignoredChanges, 1);
  });

  test("thread/agreement-driver: changes after a cut connection are sent again, none twice applied", async () => {
    const agreement = drivenPair();
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
    const agreement = drivenPair();
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
    const agreement = drivenPair({ fractional: fractionalWithout("mail") });
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
    const agreement = drivenPair({ fractional: fractionalWithout("mail") });
    await agreement.start();
    for (let n = 0; n < 101; n += 1) agreement.supplier.change(`skipped ${n}`, ["mail"]);
    agreement.notify();
    await agreement.settle();
    agreement.notify();
    await agreement.settle();
    assert.deepEqual(agreement.keepAlives, ["update"]);
  });

  test("thread/agreement-driver: a total initialization carries the entries, then goes on", async () => {
    const agreement = new DrivenAgreement(new MemoryReplica(1), new MemoryReplica(2, "other"), {
      fractional: fractionalWithout("mail"),
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
      const agreement = new DrivenAgreement(new MemoryReplica(1), new MemoryReplica(2, "other"), {
        fractional: fractionalWithout("mail"),
      });
      agreement.capabilities = capabilities;
      agreement.supplier.entries = [entry("dc=x"), entry("cn=a,dc=x"), entry("cn=b,dc=x")];
      agreement.supplier.parts = [{ ...part, isLast: false }, part];
      await agreement.start();
      await agreement.refresh();
      const { entries, parts, received } = agreement.consumer;
      assert.lengthOf(entries, 3);
      assert.deepEqual(
        entries[0]?.attributes.map(({ type }) => type),
        ["sn"],
      );
      const isConcord = capabilities === CONCORD_CAPABILITIES;
      const expected = isConcord
        ? ["states", "states", "structure", "structure"]
        : ["entry", "entry", "entry"];
      assert.deepEqual(received, expected);
      assert.deepEqual(parts, isConcord ? agreement.supplier.parts : []);
    }
  });

  test("thread/agreement-driver: no more than 16 KiB of states go in one request", async () => {
    const agreement = new DrivenAgreement(new MemoryReplica(1), new MemoryReplica(2, "other"));
    agreement.capabilities = CONCORD_CAPABILITIES;
    const value = { value: Buffer.alloc(6_000), deleted: false, csns: [] };
    const sn = { type: "sn", deletionCsn: undefined, deleted: false, values: [value] };
    const large = (dn: string): TotalEntry => ({ ...entry(dn), attributes: [sn] });
    const dns = ["dc=x", ...Array.from({ length: 7 }, (_, number) => `cn=${number},dc=x`)];
    agreement.supplier.entries = dns.map(large);
    await agreement.start();
    await agreement.refresh();
    const { entries, received } = agreement.consumer;
    assert.deepEqual(
      entries.map(({ dn }) => dn),
      dns,
    );
    assert.deepEqual(received, ["states", "states", "states", "states", "states"]);
  });

  test("thread/agreement-driver: another Concord is told of cleaned IDs behind the suffix, as they were at Start", async () => {
    const csn = makeCsn(5, 0, 3);
    const id = { replicaId: 3 as ReplicaId, maxCsn: csn, floorCsn: csn, element: undefined };
    const row = { ...id, isCleaning: false };
    for (const capabilities of [CAPABILITIES, CONCORD_CAPABILITIES]) {
      const agreement = new DrivenAgreement(new MemoryReplica(1), new MemoryReplica(2, "other"));
      const { supplier, consumer } = agreement;
      agreement.capabilities = capabilities;
      supplier.entries = [entry("dc=x"), entry("cn=a,dc=x")];
      supplier.cleaned = new Map([[row.replicaId, row]]);
      supplier.openEntries = () => {
        supplier.cleaned = new Map();
        return MemoryReplica.prototype.openEntries.call(supplier);
      };
      await agreement.start();
      await agreement.refresh();
      const isConcord = capabilities === CONCORD_CAPABILITIES;
      const expected = isConcord ? ["states", "cleaned", "states"] : ["entry", "entry"];
      assert.deepEqual(consumer.received, expected);
      assert.deepEqual(consumer.receivedCleaned, isConcord ? [id] : []);
    }
  });

  test("thread/agreement-driver: an initialization ends when the content that it sends is replaced", async () => {
    const agreement = new DrivenAgreement(new MemoryReplica(1), new MemoryReplica(2, "other"));
    agreement.supplier.entries = [entry("dc=x"), entry("cn=a,dc=x")];
    agreement.supplier.isReplaced = true;
    await agreement.start();
    await agreement.refresh();
    assert.match(describeInit(agreement.status.init ?? assert.fail()).text, /Total update aborted/);
    assert.deepEqual(agreement.consumer.entries, []);
  });

  test("thread/agreement-driver: an aborted initialization leaves the old data", async () => {
    const agreement = new DrivenAgreement(new MemoryReplica(1), new MemoryReplica(2, "other"));
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
    const agreement = new DrivenAgreement(new MemoryReplica(1), consumer);
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
    const session = { timeoutMs: 120_000, windowChanges: 20, releaseTimeoutMs: 1, restMs: 0 };
    const first = new DrivenAgreement(new MemoryReplica(1), consumer, { session });
    const second = new DrivenAgreement(new MemoryReplica(2), consumer, { session });
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
    const agreement = drivenPair();
    await agreement.start();
    await agreement.shutdown();
    assert.isTrue(agreement.isEnded);
    assert.equal(agreement.consumer.consumer.access.name, "free");
  });

  test("thread/agreement-driver: a disabled agreement sends nothing until it is enabled", async () => {
    const agreement = drivenPair({ isEnabled: false });
    await agreement.start();
    await agreement.change("one");
    assert.deepEqual(agreement.consumer.applied, []);
    await agreement.configure({ isEnabled: true });
    assert.deepEqual(agreement.consumer.applied, ["one"]);
  });
});
