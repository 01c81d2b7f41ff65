// The consumer side behind its LDAP messages: exclusive access, changes in order, initializations.
import { assert } from "chai";
import {
  ABORT_SESSION_OID,
  LdapError,
  NO_CONTROLS,
  START_REPLICATION_50_OID,
  SUCCESS,
  TOTAL_PROTOCOL_OID,
  decodeReplicationResponse,
  decodeRequest,
  encodeReplicationEntry,
} from "../../../../src/protocol/index.ts";
import type { UniqueId } from "../../../../src/replication/change/index.ts";
import { type ReplicaId, makeCsn } from "../../../../src/replication/csn/index.ts";
import { formatRuv } from "../../../../src/replication/ruv/index.ts";
import { DECODED_BYTES_MAX } from "../../../../src/replication/total/import-session.ts";
import { readCaptured } from "../../../support/captured-messages.ts";
import { ConsumerSupplier, settle, setUpConsumer } from "../../../support/consumer-supplier.ts";

suite("consumer/replica-consumer", () => {
  test("consumer/replica-consumer: Start tells the RUV, own element first", () => {
    const { replica, supplier } = setUpConsumer();
    supplier.start();
    const response = supplier.answers[0]?.response;
    assert.ok(response?.type === "extendedResponse");
    assert.equal(response.oid, "2.16.840.1.113730.3.5.13");
    assert.deepEqual(decodeReplicationResponse(response.value).ruv, formatRuv(replica.ruv()));
    supplier.start({ oid: START_REPLICATION_50_OID });
    const old = supplier.answers[1]?.response;
    assert.ok(old?.type === "extendedResponse");
    assert.equal(old.oid, "2.16.840.1.113730.3.5.4");
  });

  test("consumer/replica-consumer: a second supplier is busy until the first has ended", () => {
    const { replica, supplier } = setUpConsumer();
    const second = new ConsumerSupplier(replica, 2);
    assert.equal(supplier.start(), 0);
    assert.equal(supplier.start(), 0);
    assert.equal(second.start(), 1);
    assert.equal(supplier.end(), 9);
    assert.equal(second.start(), 0);
    replica.requests.closed(2);
    assert.equal(supplier.start(), 0);
  });

  test("consumer/replica-consumer: a supplier that starts anew on another connection does not wait for itself", async () => {
    const { replica, supplier } = setUpConsumer();
    const anew = new ConsumerSupplier(replica, 2);
    const ruv = ["{replicageneration} g", "{replica 9 ldap://s9:389}"];
    supplier.start({ ruv });
    supplier.change(makeCsn(5, 0, 9));
    assert.equal(anew.start({ ruv }), 0);
    assert.isTrue(supplier.isClosed);
    await settle();
    assert.notInclude(supplier.results(), "0", "a change that was on its way is not applied");
    anew.change(makeCsn(5, 0, 9));
    await settle();
    assert.deepEqual(anew.results(), ["0"]);
    assert.equal(anew.end(), 9);

    const referrals = ["ldap://s1:389"];
    assert.equal(anew.start({ ruv, referrals }), 0);
    assert.equal(new ConsumerSupplier(replica, 3).start({ ruv, referrals }), 1, "a hub has no ID");
  });

  test("consumer/replica-consumer: a session that is kept gives way to another supplier, and its supplier is told", async () => {
    const { replica, supplier } = setUpConsumer();
    const second = new ConsumerSupplier(replica, 2);
    supplier.start();
    supplier.change(makeCsn(5, 0, 9));
    await settle();
    supplier.keep();
    assert.lengthOf(supplier.answers, 2);
    supplier.change(makeCsn(6, 0, 9));
    assert.equal(second.start(), 1, "a change of the session is on its way");
    await settle();
    assert.deepEqual(supplier.results(), ["0", "0"]);
    assert.equal(supplier.lastCode(), 9, "the rest ends with the answer to the change");
    assert.equal(second.start(), 0);
    supplier.change(makeCsn(7, 0, 9));
    assert.match(supplier.results().at(-1) ?? "", /^53 There is no replication session/);
    second.keep();
    assert.equal(supplier.start(), 0);
    assert.equal(second.lastCode(), 9);
    assert.equal(supplier.end(), 9);
    assert.equal(replica.consumer.access.name, "free");
  });

  test("consumer/replica-consumer: a total initialization, End and the end of the server end a rest", () => {
    const { replica, supplier } = setUpConsumer();
    const second = new ConsumerSupplier(replica, 2);
    supplier.start();
    supplier.keep();
    supplier.sendEnd();
    assert.lengthOf(supplier.answers, 3, "the rest and End are answered");
    supplier.start();
    supplier.keep();
    replica.consumer.refuseRest();
    assert.lengthOf(supplier.answers, 5);
    assert.equal(supplier.lastCode(), 9);
    supplier.keep();
    assert.equal(supplier.lastCode(), 9, "without a session there is nothing to keep");
    supplier.start();
    supplier.keep();
    assert.equal(second.start({ protocolOid: TOTAL_PROTOCOL_OID }), 0);
    assert.equal(supplier.lastCode(), 9);
  });

  test("consumer/replica-consumer: a Start that is refused leaves a session that is kept", () => {
    const { replica, supplier } = setUpConsumer();
    supplier.start();
    supplier.keep();
    const stranger = new ConsumerSupplier(replica, 2, "cn=stranger");
    assert.equal(stranger.start(), 3);
    assert.lengthOf(supplier.answers, 1);
    assert.isTrue(replica.consumer.isSession(1));
  });

  test("consumer/replica-consumer: replaced content ends a session with its connection", () => {
    const { replica, supplier } = setUpConsumer();
    supplier.start();
    supplier.keep();
    replica.consumer.dropSession();
    assert.isTrue(supplier.isClosed);
    assert.equal(replica.consumer.access.name, "free");
  });

  test("consumer/replica-consumer: a change is brought by the server of the session; a read-only one has no ID", async () => {
    const { replica, supplier } = setUpConsumer();
    supplier.start();
    supplier.change(makeCsn(5, 0, 9));
    supplier.end();
    supplier.start({ referrals: ["ldap://hub:389"] });
    supplier.change(makeCsn(6, 0, 9));
    await settle();
    assert.deepEqual(replica.broughtBy, [9, undefined]);
    assert.deepEqual(replica.heard, [9, undefined], "its update vector is not that of server 9");
  });

  test("consumer/replica-consumer: End teaches the purl of the supplier; End alone is answered", () => {
    const { replica, supplier } = setUpConsumer();
    assert.equal(supplier.end(), 9);
    supplier.start();
    supplier.end();
    assert.deepEqual(
      replica.ruv().elements.map(({ purl }) => purl),
      ["ldap://s2:389", "ldap://s9:389"],
    );
  });

  test("consumer/replica-consumer: the purl of a server that is only heard of through others comes with the session", async () => {
    const { replica, supplier } = setUpConsumer();
    const max = makeCsn(5, 0, 7);
    supplier.start({
      ruv: [
        "{replicageneration} g",
        "{replica 9 ldap://s9:389}",
        `{replica 7 ldap://s7:389} ${max} ${max}`,
      ],
    });
    supplier.change(max);
    await settle();
    supplier.end();
    const shown = formatRuv(replica.ruv(), { withoutPurl: "omit" });
    assert.include(shown, `{replica 7 ldap://s7:389} ${max} ${max}`);
  });

  test("consumer/replica-consumer: a refused Start of the session's own connection ends both", () => {
    const { replica, supplier } = setUpConsumer();
    supplier.start();
    assert.equal(supplier.start({ csn: "bad" }), 8);
    assert.isTrue(supplier.isClosed);
    assert.equal(replica.consumer.access.name, "free");
  });

  test("consumer/replica-consumer: a covered change is a success with 389's text", async () => {
    const { replica, supplier } = setUpConsumer();
    supplier.start();
    supplier.change(makeCsn(5, 0, 9));
    supplier.change(makeCsn(5, 0, 9));
    supplier.change(makeCsn(4, 0, 9));
    await settle();
    const covered = "0 replication operation not processed, replica unavailable or csn ignored";
    assert.deepEqual(supplier.results(), ["0", covered, covered]);
    assert.lengthOf(replica.applied, 1);
  });

  test("consumer/replica-consumer: after a failure for good nothing of the batch is applied", async () => {
    const { replica, supplier } = setUpConsumer();
    replica.refusals.set("cn=bad", new LdapError("operationsError", "disk").result());
    supplier.start();
    supplier.change(makeCsn(1, 0, 9), "cn=a");
    supplier.change(makeCsn(2, 0, 9), "cn=bad");
    supplier.change(makeCsn(3, 0, 9), "cn=b");
    await settle();
    assert.deepEqual(replica.applied, ["cn=a"]);
    assert.deepEqual(supplier.results(), ["0", "1 disk"]);
    assert.isTrue(supplier.isClosed);
    assert.equal(replica.consumer.access.name, "free");
  });

  test("consumer/stale-supplier: a change that is not above the purge CSN is refused, and its supplier from then on", async () => {
    const { replica, supplier } = setUpConsumer();
    const ruv = [
      "{replicageneration} g",
      `{replica 9 ldap://s9:389} ${makeCsn(3, 0, 9)} ${makeCsn(7, 0, 9)}`,
    ];
    replica.purged = makeCsn(5, 0, 0);
    assert.equal(supplier.start({ ruv }), 0);
    supplier.change(makeCsn(3, 0, 9), "cn=old");
    supplier.change(makeCsn(7, 0, 9), "cn=new");
    await settle();
    assert.isEmpty(replica.applied);
    assert.match(supplier.results().join(), /^53 The change is older than what has been purged/);
    assert.isTrue(supplier.isClosed);
    const again = new ConsumerSupplier(replica, 2);
    assert.equal(again.start({ ruv }), 7);
    const other = new ConsumerSupplier(replica, 3);
    assert.equal(other.start({ ruv: ["{replicageneration} g", "{replica 8 ldap://s8:389}"] }), 0);
  });

  test("consumer/stale-supplier: what is above the purge CSN is taken, however old the last contact", async () => {
    const { replica, supplier } = setUpConsumer();
    supplier.start();
    supplier.change(makeCsn(3, 0, 9), "cn=known");
    await settle();
    replica.purged = makeCsn(5, 0, 0);
    supplier.end();
    const ruvTo = (max: number): readonly string[] => [
      "{replicageneration} g",
      `{replica 9 ldap://s9:389} ${makeCsn(3, 0, 9)} ${makeCsn(max, 0, 9)}`,
    ];
    assert.equal(supplier.start({ ruv: ruvTo(4) }), 7, "all of its news is below");
    const again = new ConsumerSupplier(replica, 2);
    assert.equal(again.start({ ruv: ruvTo(8) }), 0);
    again.change(makeCsn(3, 0, 9), "cn=known");
    again.change(makeCsn(8, 0, 9), "cn=new");
    await settle();
    assert.deepEqual(replica.applied, ["cn=known", "cn=new"]);
    assert.notMatch(again.results().join(), /53/);
  });

  test("consumer/replica-consumer: an ignorable failure lets the session go on", async () => {
    const { replica, supplier } = setUpConsumer();
    replica.refusals.set("cn=bad", new LdapError("noSuchObject", "").result());
    supplier.start();
    supplier.change(makeCsn(2, 0, 9), "cn=bad");
    supplier.change(makeCsn(3, 0, 9), "cn=b");
    await settle();
    assert.deepEqual(supplier.results(), ["32", "0"]);
    assert.deepEqual(replica.applied, ["cn=b"]);
  });

  test("consumer/replica-consumer: an update without session or update information is refused", () => {
    const { supplier } = setUpConsumer();
    supplier.change(makeCsn(2, 0, 9));
    assert.match(supplier.results()[0] ?? "", /^53 /);
    const plain = { request: { type: "delete", dn: "cn=a" }, controls: NO_CONTROLS } as const;
    assert.isFalse(supplier.send(plain));
    supplier.start();
    assert.isTrue(supplier.send(plain));
    assert.match(supplier.results()[1] ?? "", /^53 /);
    const schema = {
      request: { type: "modify", dn: "cn=schema", mods: [] },
      controls: [],
    } as const;
    assert.isFalse(supplier.send(schema));
  });

  test("consumer/replica-consumer: who waits is told to the running session once", async () => {
    const { replica, supplier } = setUpConsumer();
    replica.offersRelease = true;
    supplier.start();
    const second = new ConsumerSupplier(replica, 2);
    second.start();
    supplier.change(makeCsn(1, 0, 9));
    supplier.change(makeCsn(2, 0, 9));
    await settle();
    const asked = supplier.answers.map(({ controls }) =>
      controls.some(({ oid }) => oid === ABORT_SESSION_OID),
    );
    assert.deepEqual(asked, [false, true, false]);
  });

  test("consumer/replica-consumer: without a release timeout nobody is told", async () => {
    const { replica, supplier } = setUpConsumer();
    supplier.start();
    new ConsumerSupplier(replica, 2).start();
    supplier.change(makeCsn(1, 0, 9));
    await settle();
    assert.deepEqual(supplier.answers.at(-1)?.controls, []);
  });

  test("consumer/replica-consumer: a total initialization is exclusive; its loss leaves everything", async () => {
    const { replica, supplier } = setUpConsumer();
    const second = new ConsumerSupplier(replica, 2);
    const before = replica.ruv();
    assert.equal(supplier.start({ protocolOid: TOTAL_PROTOCOL_OID }), 0);
    const response = supplier.answers[0]?.response;
    assert.ok(response?.type === "extendedResponse");
    assert.isUndefined(decodeReplicationResponse(response.value).ruv);
    assert.equal(second.start(), 1);
    assert.equal(second.start({ protocolOid: TOTAL_PROTOCOL_OID }), 1);
    supplier.connection.close();
    await settle();
    assert.deepEqual(replica.ruv(), before);
    assert.equal(second.start(), 0);
  });

  test("consumer/replica-consumer: entries captured from 389 arrive, and the RUV of Start is installed", async () => {
    const { replica, supplier } = setUpConsumer();
    supplier.start({
      protocolOid: TOTAL_PROTOCOL_OID,
      ruv: ["{replicageneration} new", "{replica 9 ldap://s9:389}"],
    });
    for (let n = 0; n <= 11; n += 1) {
      const name = `30-total2-entry-${String(n).padStart(2, "0")}`;
      const { request, controls } = decodeRequest(readCaptured(name));
      supplier.send({ request, controls });
    }
    await settle();
    const { response } = supplier.answers.at(-1) ?? assert.fail();
    assert.deepEqual(response, {
      type: "extendedResponse",
      result: SUCCESS,
      oid: undefined,
      value: undefined,
    });
    supplier.sendEnd();
    await settle();
    assert.equal(supplier.lastCode(), 9);
    assert.lengthOf(replica.entries, 12);
    assert.equal(replica.ruv().generation, "new");
    assert.deepEqual(
      replica.ruv().elements.map(({ replicaId }) => Number(replicaId)),
      [2, 9],
    );
    assert.equal(replica.consumer.access.name, "free");
  });

  test("consumer/replica-consumer: an entry that cannot be decoded aborts the initialization", () => {
    const { replica, supplier } = setUpConsumer();
    supplier.start({ protocolOid: TOTAL_PROTOCOL_OID });
    const request = {
      type: "extended",
      oid: "2.16.840.1.113730.3.5.6",
      value: Buffer.of(1),
    } as const;
    supplier.send({ request, controls: NO_CONTROLS });
    assert.isTrue(supplier.isClosed);
    assert.equal(replica.consumer.access.name, "free");
  });

  test("consumer/replica-consumer: one behind many that wait does so when its turn comes", async () => {
    const { replica, supplier } = setUpConsumer();
    const before = replica.entries;
    supplier.start({ protocolOid: TOTAL_PROTOCOL_OID });
    const large = encodeReplicationEntry({
      uniqueId: "0badcafe-00000000-00000000-00000001" as UniqueId,
      dn: "dc=example,dc=com",
      attributes: [
        {
          type: "description",
          deletionCsn: undefined,
          deleted: false,
          values: [{ value: Buffer.alloc(DECODED_BYTES_MAX), deleted: false, csns: [] }],
        },
      ],
    });
    for (const value of [large, Buffer.of(1)]) {
      const request = { type: "extended", oid: "2.16.840.1.113730.3.5.6", value } as const;
      supplier.send({ request, controls: NO_CONTROLS });
    }
    assert.isFalse(supplier.isClosed);
    await settle();
    assert.isTrue(supplier.isClosed);
    assert.equal(replica.consumer.access.name, "free");
    assert.equal(replica.entries, before);
  });

  test("consumer/replica-consumer: stopping ends what is going on", () => {
    const { replica, supplier } = setUpConsumer();
    supplier.start();
    replica.consumer.stop();
    assert.isTrue(supplier.isClosed);
    const total = new ConsumerSupplier(replica, 3);
    total.start({ protocolOid: TOTAL_PROTOCOL_OID });
    replica.consumer.stop();
    assert.isTrue(total.isClosed);
    assert.equal(replica.consumer.access.name, "free");
  });
});

suite("consumer/cleaned IDs", () => {
  test("consumer/cleaned IDs: changes from before are acknowledged and dropped, later ones are applied", async () => {
    const { replica, supplier } = setUpConsumer();
    const replicaId = 7 as ReplicaId;
    const dead = makeCsn(900_000, 0, 7);
    const cleaned = { replicaId, maxCsn: dead, floorCsn: dead, isCleaning: false };
    replica.cleaned = new Map([[replicaId, { ...cleaned, element: undefined }]]);
    supplier.start();
    supplier.change(makeCsn(800_000, 0, 7), "cn=before");
    supplier.change(dead, "cn=last");
    supplier.change(makeCsn(950_000, 0, 7), "cn=new holder");
    await settle();
    assert.deepEqual(replica.applied, ["cn=new holder"]);
    assert.deepEqual(
      supplier.results().map((text) => text.split(" ")[0]),
      ["0", "0", "0"],
    );
  });
});
