// Answers to Start: in 389's order of checks, byte for byte.
import { assert } from "chai";
import { encodeBer } from "../../../../src/ber/index.ts";
import {
  INCREMENTAL_PROTOCOL_OID,
  NO_CONTROLS,
  START_REPLICATION_90_OID,
  TOTAL_PROTOCOL_OID,
  decodeRequest,
  encodeResponse,
} from "../../../../src/protocol/index.ts";
import { type Csn, type ReplicaId, makeCsn } from "../../../../src/replication/csn/index.ts";
import { readCaptured } from "../../../support/captured-messages.ts";
import { START_CSN, type StartOptions, setUpConsumer } from "../../../support/consumer-supplier.ts";

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
      const { supplier } = setUpConsumer(boundDn);
      assert.equal(supplier.start(options), code);
      assert.isFalse(supplier.isClosed);
    });
  }

  test("consumer/start-check: the server whose ID was cleaned is refused, another holder of the ID is not", () => {
    const { replica, supplier } = setUpConsumer();
    const replicaId = 9 as ReplicaId;
    const dead = makeCsn(900_000, 0, 9);
    const cleaned = { replicaId, maxCsn: dead, floorCsn: dead, isCleaning: false };
    replica.cleaned = new Map([[replicaId, { ...cleaned, element: undefined }]]);
    const startWith = (min: Csn): number =>
      supplier.start({
        ruv: ["{replicageneration} g", `{replica 9 ldap://s9:389} ${min} ${START_CSN}`],
      });
    assert.equal(startWith(makeCsn(800_000, 0, 9)), 3);
    assert.equal(startWith(makeCsn(950_000, 0, 9)), 0);
    assert.equal(supplier.start(), 0);
  });

  test("consumer/start-check: a Start that cannot be decoded", () => {
    const { supplier } = setUpConsumer();
    const request = {
      type: "extended",
      oid: START_REPLICATION_90_OID,
      value: Buffer.of(1),
    } as const;
    supplier.send({ request, controls: NO_CONTROLS });
    assert.equal(supplier.lastCode(), 4);
  });

  test("consumer/start-check: a replica that is being configured is busy", () => {
    const { replica, supplier } = setUpConsumer();
    replica.isUnavailable = true;
    assert.equal(supplier.start(), 1);
  });

  test("consumer/start-check: a replica that initializes another takes changes, but no other data", () => {
    const { replica, supplier } = setUpConsumer();
    replica.isTotalBusy = true;
    assert.equal(supplier.start({ protocolOid: TOTAL_PROTOCOL_OID }), 1);
    assert.equal(supplier.start(), 0);
  });

  test("consumer/start-check: the generator is moved above the CSNs of the supplier", () => {
    const { replica, supplier } = setUpConsumer();
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
      const { supplier } = setUpConsumer(code === 3 ? "" : "cn=manager");
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
