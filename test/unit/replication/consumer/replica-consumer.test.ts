// The consumer side behind its LDAP messages: answers to Start in 389's order of checks, exclusive access, changes in order.
import { assert } from "chai";
import { encodeBer } from "../../../../src/ber/index.ts";
import {
  ABORT_SESSION_OID,
  INCREMENTAL_PROTOCOL_OID,
  LdapError,
  NO_CONTROLS,
  type RequestMessage,
  type Response,
  START_REPLICATION_50_OID,
  START_REPLICATION_90_OID,
  SUCCESS,
  TOTAL_PROTOCOL_OID,
  decodeReplicationResponse,
  decodeRequest,
  encodeEndReplication,
  encodeResponse,
  encodeStartReplication,
} from "../../../../src/protocol/index.ts";
import type { Change, UniqueId } from "../../../../src/replication/change/index.ts";
import { type Csn, type ReplicaId, makeCsn } from "../../../../src/replication/csn/index.ts";
import { formatRuv } from "../../../../src/replication/ruv/index.ts";
import { requestOfChange } from "../../../../src/replication/supplier/index.ts";
import { readCaptured } from "../../../support/captured-messages.ts";
import { MemoryReplica, SUFFIX } from "../../../support/memory-replica.ts";

const CSN = makeCsn(1_000_000, 0, 9);

interface StartOptions {
  readonly protocolOid?: string;
  readonly suffix?: string;
  readonly ruv?: readonly string[];
  readonly csn?: string;
  readonly oid?: string;
}

class Supplier {
  readonly replica: MemoryReplica;
  readonly answers: { response: Response; controls: readonly { oid: string }[] }[] = [];
  isClosed = false;
  readonly connection;

  constructor(replica: MemoryReplica, id: number, boundDn = "cn=manager") {
    this.replica = replica;
    const close = (): void => {
      this.isClosed = true;
      replica.requests.closed(id);
    };
    this.connection = { id, boundDn, label: `conn=${id}`, close };
  }

  send(message: Omit<RequestMessage, "messageId">): boolean {
    return this.replica.requests.handle(
      this.connection,
      { messageId: 1, ...message },
      (response, controls) => this.answers.push({ response, controls }),
    );
  }

  /** The code of the answer. */
  start(options: StartOptions = {}): number {
    const value = encodeStartReplication({
      protocolOid: options.protocolOid ?? INCREMENTAL_PROTOCOL_OID,
      suffix: options.suffix ?? SUFFIX,
      ruv: options.ruv ?? ["{replicageneration} g", "{replica 9 ldap://s9:389}"],
      referrals: [],
      csn: options.csn ?? CSN,
      sessionData: undefined,
    });
    const oid = options.oid ?? START_REPLICATION_90_OID;
    this.send({ request: { type: "extended", oid, value }, controls: NO_CONTROLS });
    return this.lastCode();
  }

  end(): number {
    this.sendEnd();
    return this.lastCode();
  }

  sendEnd(): void {
    const value = encodeEndReplication({ suffix: SUFFIX, ruv: [] });
    const oid = "2.16.840.1.113730.3.5.5";
    this.send({ request: { type: "extended", oid, value }, controls: NO_CONTROLS });
  }

  lastCode(): number {
    const last = this.answers.at(-1)?.response;
    assert.ok(last?.type === "extendedResponse");
    return decodeReplicationResponse(last.value).code;
  }

  change(csn: Csn, dn = "cn=a"): void {
    const uniqueId = "00000000-00000000-00000000-00000001" as UniqueId;
    const change: Change = { type: "delete", csn, uniqueId, dn };
    this.send(requestOfChange(change));
  }

  /** Results of changes so far: code and message. */
  results(): string[] {
    return this.answers.flatMap(({ response }) =>
      response.type === "deleteResponse"
        ? [`${response.result.code} ${response.result.message}`.trim()]
        : [],
    );
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

function setUp(boundDn?: string): { replica: MemoryReplica; supplier: Supplier } {
  const replica = new MemoryReplica(2);
  return { replica, supplier: new Supplier(replica, 1, boundDn) };
}

suite("consumer/start-check", () => {
  const ahead = makeCsn(1_000_000 + 100_000, 0, 9);
  const cases: [name: string, options: StartOptions, boundDn: string, code: number][] = [
    ["a supplier that may is let in", {}, "cn=manager", 0],
    [
      "the old names of the protocol are known",
      { protocolOid: `${INCREMENTAL_PROTOCOL_OID.slice(0, -1)}4` },
      "cn=manager",
      0,
    ],
    [
      "a RUV without generation is a decoding error",
      { ruv: ["{replica 9 ldap://s9:389}"] },
      "cn=manager",
      4,
    ],
    [
      "an unknown protocol comes before an unknown suffix",
      { protocolOid: "1.2.3", suffix: "dc=y" },
      "cn=manager",
      5,
    ],
    ["a suffix without replica", { suffix: "dc=y" }, "", 6],
    ["who is not a bind DN is refused", {}, "cn=directory manager", 3],
    ["a bad CSN is an internal error", { csn: "6b02" }, "cn=manager", 8],
    ["permission is asked before the CSN", { csn: "6b02" }, "", 3],
    ["a CSN too far ahead is refused", { csn: ahead }, "cn=manager", 2],
    [
      "unless the data is another one",
      { csn: ahead, ruv: ["{replicageneration} h", "{replica 9 ldap://s9:389}"] },
      "cn=manager",
      0,
    ],
    [
      "a RUV too far ahead is refused",
      { ruv: ["{replicageneration} g", `{replica 9 ldap://s9:389} ${ahead} ${ahead}`] },
      "cn=manager",
      2,
    ],
    [
      "the same replica ID is refused",
      { ruv: ["{replicageneration} g", "{replica 2 ldap://s9:389}"] },
      "cn=manager",
      11,
    ],
    [
      "the own ID further down in the RUV is normal",
      { ruv: ["{replicageneration} g", "{replica 9 ldap://s9:389}", "{replica 2 ldap://s2:389}"] },
      "cn=manager",
      0,
    ],
  ];
  for (const [name, options, boundDn, code] of cases) {
    test(`consumer/start-check: ${name}`, () => {
      const { supplier } = setUp(boundDn);
      assert.equal(supplier.start(options), code);
      assert.isFalse(supplier.isClosed);
    });
  }

  test("consumer/start-check: the server whose ID was cleaned is refused, another holder of the ID is not", () => {
    const { replica, supplier } = setUp();
    const replicaId = 9 as ReplicaId;
    const dead = makeCsn(900_000, 0, 9);
    const cleaned = { replicaId, maxCsn: dead, floorCsn: dead, isCleaning: false };
    replica.cleaned = new Map([[replicaId, { ...cleaned, element: undefined }]]);
    const startWith = (min: Csn): number =>
      supplier.start({
        ruv: ["{replicageneration} g", `{replica 9 ldap://s9:389} ${min} ${CSN}`],
      });
    assert.equal(startWith(makeCsn(800_000, 0, 9)), 3);
    assert.equal(startWith(makeCsn(950_000, 0, 9)), 0);
    assert.equal(supplier.start(), 0);
  });

  test("consumer/start-check: a Start that cannot be decoded", () => {
    const { supplier } = setUp();
    const request = {
      type: "extended",
      oid: START_REPLICATION_90_OID,
      value: Buffer.of(1),
    } as const;
    supplier.send({ request, controls: NO_CONTROLS });
    assert.equal(supplier.lastCode(), 4);
  });

  test("consumer/start-check: a replica that is being configured is busy", () => {
    const { replica, supplier } = setUp();
    replica.isUnavailable = true;
    assert.equal(supplier.start(), 1);
  });

  test("consumer/start-check: a replica that initializes another takes changes, but no other data", () => {
    const { replica, supplier } = setUp();
    replica.isTotalBusy = true;
    assert.equal(supplier.start({ protocolOid: TOTAL_PROTOCOL_OID }), 1);
    assert.equal(supplier.start(), 0);
  });

  test("consumer/start-check: the generator is moved above the CSNs of the supplier", () => {
    const { replica, supplier } = setUp();
    supplier.start({ csn: makeCsn(1_000_100, 7, 9) });
    assert.isAbove(Number(replica.nextCsn() > makeCsn(1_000_100, 7, 9)), 0);
  });

  for (const [name, code] of [
    ["71-start90-error-03", 3],
    ["72-start90-error-04", 4],
    ["73-start90-error-05", 5],
    ["74-start90-error-06", 6],
    ["75-start90-error-08", 8],
  ] as const) {
    test(`consumer/start-check: ${name} is answered byte for byte as 389 does`, () => {
      const { request, controls, messageId } = decodeRequest(readCaptured(`${name}-request`));
      const { supplier } = setUp(code === 3 ? "" : "cn=manager");
      const { replica } = supplier;
      const requests: { findReplica(suffix: string): unknown } = Reflect.get(
        replica.requests,
        "finder",
      );
      requests.findReplica = (suffix) =>
        suffix.includes("nosuch") || code === 6 ? undefined : replica.consumer;
      supplier.send({ request, controls });
      const response = supplier.answers.at(-1)?.response;
      assert.ok(response !== undefined);
      const bytes = encodeBer((writer) =>
        encodeResponse(writer, { messageId, response, controls: NO_CONTROLS }),
      );
      assert.equal(bytes.toString("hex"), readCaptured(`${name}-response`).toString("hex"));
    });
  }
});

suite("consumer/replica-consumer", () => {
  test("consumer/replica-consumer: Start tells the RUV, own element first", () => {
    const { replica, supplier } = setUp();
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
    const { replica, supplier } = setUp();
    const second = new Supplier(replica, 2);
    assert.equal(supplier.start(), 0);
    assert.equal(supplier.start(), 0);
    assert.equal(second.start(), 1);
    assert.equal(supplier.end(), 9);
    assert.equal(second.start(), 0);
    replica.requests.closed(2);
    assert.equal(supplier.start(), 0);
  });

  test("consumer/replica-consumer: End teaches the purl of the supplier; End alone is answered", () => {
    const { replica, supplier } = setUp();
    assert.equal(supplier.end(), 9);
    supplier.start();
    supplier.end();
    assert.deepEqual(
      replica.ruv().elements.map(({ purl }) => purl),
      ["ldap://s2:389", "ldap://s9:389"],
    );
  });

  test("consumer/replica-consumer: the purl of a server that is only heard of through others comes with the session", async () => {
    const { replica, supplier } = setUp();
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
    const { replica, supplier } = setUp();
    supplier.start();
    assert.equal(supplier.start({ csn: "bad" }), 8);
    assert.isTrue(supplier.isClosed);
    assert.equal(replica.consumer.access.name, "free");
  });

  test("consumer/replica-consumer: a covered change is a success with 389's text", async () => {
    const { replica, supplier } = setUp();
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
    const { replica, supplier } = setUp();
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
    const { replica, supplier } = setUp();
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
    const again = new Supplier(replica, 2);
    assert.equal(again.start({ ruv }), 7);
    const other = new Supplier(replica, 3);
    assert.equal(other.start({ ruv: ["{replicageneration} g", "{replica 8 ldap://s8:389}"] }), 0);
  });

  test("consumer/stale-supplier: what is above the purge CSN is taken, however old the last contact", async () => {
    const { replica, supplier } = setUp();
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
    const again = new Supplier(replica, 2);
    assert.equal(again.start({ ruv: ruvTo(8) }), 0);
    again.change(makeCsn(3, 0, 9), "cn=known");
    again.change(makeCsn(8, 0, 9), "cn=new");
    await settle();
    assert.deepEqual(replica.applied, ["cn=known", "cn=new"]);
    assert.notMatch(again.results().join(), /53/);
  });

  test("consumer/replica-consumer: an ignorable failure lets the session go on", async () => {
    const { replica, supplier } = setUp();
    replica.refusals.set("cn=bad", new LdapError("noSuchObject", "").result());
    supplier.start();
    supplier.change(makeCsn(2, 0, 9), "cn=bad");
    supplier.change(makeCsn(3, 0, 9), "cn=b");
    await settle();
    assert.deepEqual(supplier.results(), ["32", "0"]);
    assert.deepEqual(replica.applied, ["cn=b"]);
  });

  test("consumer/replica-consumer: an update without session or update information is refused", () => {
    const { supplier } = setUp();
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
    const { replica, supplier } = setUp();
    replica.offersRelease = true;
    supplier.start();
    const second = new Supplier(replica, 2);
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
    const { replica, supplier } = setUp();
    supplier.start();
    new Supplier(replica, 2).start();
    supplier.change(makeCsn(1, 0, 9));
    await settle();
    assert.deepEqual(supplier.answers.at(-1)?.controls, []);
  });

  test("consumer/replica-consumer: a total initialization is exclusive; its loss leaves everything", async () => {
    const { replica, supplier } = setUp();
    const second = new Supplier(replica, 2);
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
    const { replica, supplier } = setUp();
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
    const { replica, supplier } = setUp();
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

  test("consumer/replica-consumer: stopping ends what is going on", () => {
    const { replica, supplier } = setUp();
    supplier.start();
    replica.consumer.stop();
    assert.isTrue(supplier.isClosed);
    const total = new Supplier(replica, 3);
    total.start({ protocolOid: TOTAL_PROTOCOL_OID });
    replica.consumer.stop();
    assert.isTrue(total.isClosed);
    assert.equal(replica.consumer.access.name, "free");
  });
});

suite("consumer/cleaned IDs", () => {
  test("consumer/cleaned IDs: changes from before are acknowledged and dropped, later ones are applied", async () => {
    const { replica, supplier } = setUp();
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
