// Payloads of replication as values, from captured messages (spot checks of every field) and by
// hand.
import { assert } from "chai";
import {
  ReplicationResponseCode,
  decodeAbortCleanRuv,
  decodeCheckCleanRuv,
  decodeCleanRuv,
  decodeCleanRuvResponse,
  decodeEndReplication,
  decodeGetMaxCsn,
  decodeReplicationEntry,
  decodeReplicationResponse,
  decodeRequest,
  decodeResponse,
  decodeStartReplication,
  ProtocolError,
} from "../../../../src/protocol/index.ts";
import { readCaptured } from "../../../support/captured-messages.ts";
import { checkValueCase } from "../../../support/codec-case.ts";
import { NaiveBer } from "../../../support/naive-ber.ts";

const ber = new NaiveBer();

function requestValue(name: string): Buffer {
  const { request } = decodeRequest(readCaptured(name));
  assert(request.type === "extended" && request.value !== undefined);
  return request.value;
}

function responseValue(name: string): Buffer {
  const { response } = decodeResponse(readCaptured(name));
  assert(response.type === "extendedResponse" && response.value !== undefined);
  return response.value;
}

const RUV = [
  "{replicageneration} 6b0208d2000000010000",
  "{replica 1 ldap://localhost:14101} 6b0208f0000000010000 6b0208f3000400010000",
];
const SUFFIX = "dc=example,dc=com";

suite("protocol/replication-payloads", () => {
  test("protocol/start-replication: an incremental start names protocol, suffix, RUV and CSN", () => {
    const value = requestValue("10-start90-incremental-request-1replica");
    checkValueCase(value, decodeStartReplication, {
      protocolOid: "2.16.840.1.113730.3.6.1",
      suffix: SUFFIX,
      ruv: RUV,
      referrals: [],
      csn: "6b0208f4000000010000",
      sessionData: undefined,
    });
  });

  test("protocol/start-replication: session data are both or none", () => {
    const value = requestValue("79c-start90-request-with-session-data");
    const guid = "my-guid";
    const { sessionData } = decodeStartReplication(value);
    assert.deepEqual(sessionData, { guid, data: Buffer.from("hello") });
    const half = ber.sequence(
      ber.octets("1"),
      ber.octets(SUFFIX),
      ber.set(ber.octets(RUV[0]!)),
      ber.octets("csn"),
      ber.octets(guid),
    );
    assert.throws(() => decodeStartReplication(half), ProtocolError);
  });

  test("protocol/start-replication: a second set is the referrals", () => {
    const request = decodeStartReplication(requestValue("79b-start90-request-with-referrals"));
    assert.isNotEmpty(request.referrals);
    assert.match(request.referrals[0]!, /^ldap:/);
  });

  test("protocol/start-replication: an empty RUV is refused, a malformed CSN is not", () => {
    const build = (...ruv: Buffer[]): Buffer =>
      ber.sequence(ber.octets("1"), ber.octets(SUFFIX), ber.set(...ruv), ber.octets("short"));
    assert.throws(() => decodeStartReplication(build()), ProtocolError, "RUV is empty");
    assert.equal(decodeStartReplication(build(ber.octets("x"))).csn, "short");
    assert.throws(() => decodeStartReplication(undefined), ProtocolError, "has no value");
  });

  test("protocol/replication-response: the RUV is there when the session was granted", () => {
    const value = responseValue("41-start90-response-ready-ruv");
    const { code, ruv, sessionData } = decodeReplicationResponse(value);
    assert.equal(code, ReplicationResponseCode.ready);
    assert.lengthOf(ruv!, 3);
    assert.match(ruv![1]!, /^\{replica 2 /);
    assert.isUndefined(sessionData);
  });

  test("protocol/replication-response: codes without RUV", () => {
    const codeOf = (name: string): number => {
      const { code, ruv } = decodeReplicationResponse(responseValue(name));
      assert.isUndefined(ruv);
      return code;
    };
    assert.equal(codeOf("21-start90-total-response-ready"), ReplicationResponseCode.ready);
    assert.equal(codeOf("63-start90-response-busy"), ReplicationResponseCode.busy);
    assert.equal(codeOf("13-end-response-release-succeeded"), 9);
    assert.equal(codeOf("70-start90-error-02-response"), 2);
    assert.equal(
      codeOf("76-start90-error-0b-response"),
      ReplicationResponseCode.duplicateReplicaId,
    );
  });

  test("protocol/end-replication: the suffix is read, the RUV may be missing", () => {
    const value = requestValue("12-end-request-1replica");
    checkValueCase(value, decodeEndReplication, { suffix: SUFFIX, ruv: RUV });
    const bare = ber.sequence(ber.octets(SUFFIX));
    assert.deepEqual(decodeEndReplication(bare), { suffix: SUFFIX, ruv: [] });
  });

  test("protocol/replication-entry: values carry their state", () => {
    const value = requestValue("25-total-entry-user-deleted-value-and-deleted-attribute");
    const entry = decodeReplicationEntry(value);
    assert.equal(entry.uniqueId, "fd9c019b-e5ef11f1-998384b6-a1ba8aa1");
    assert.equal(entry.dn, "uid=u1,ou=people,dc=example,dc=com");
    const find = (type: string) => entry.attributes.find((attribute) => attribute.type === type);
    assert.deepEqual(find("uid"), {
      type: "uid",
      deletionCsn: undefined,
      deleted: false,
      values: [
        {
          value: Buffer.from("u1"),
          deleted: false,
          csns: [
            { kind: "updated", csn: "6b0208f3000100010000" as never },
            { kind: "distinguished", csn: "6b0208f3000100010000" as never },
          ],
        },
      ],
    });
    assert.deepEqual(find("telephoneNumber"), {
      type: "telephoneNumber",
      deletionCsn: "6b0208f3000300010002" as never,
      deleted: true,
      values: [
        {
          value: Buffer.alloc(0),
          deleted: true,
          csns: [{ kind: "deleted", csn: "6b0208f3000300010002" as never }],
        },
      ],
    });
    assert.deepEqual(find("entryid")?.values, [
      { value: Buffer.from("5"), deleted: false, csns: [] },
    ]);
    const description = find("description")?.values ?? [];
    assert.deepEqual(
      description.map(({ value: bytes, deleted }) => [bytes.toString(), deleted]),
      [
        ["second", false],
        ["first", true],
      ],
    );
    checkValueCase(value, decodeReplicationEntry, entry);
  });

  test("protocol/replication-entry: bad CSNs and unknown kinds are refused", () => {
    const build = (kind: number, csn: string): Buffer =>
      ber.sequence(
        ber.octets("id"),
        ber.octets("dn"),
        ber.set(
          ber.sequence(
            ber.octets("cn"),
            ber.set(
              ber.sequence(
                ber.octets("x"),
                ber.sequence(ber.sequence(ber.enumerated(kind), ber.octets(csn))),
              ),
            ),
          ),
        ),
      );
    const csn = "6B0208F3000300010002";
    const { csns } = decodeReplicationEntry(build(2, csn)).attributes[0]!.values[0]!;
    assert.deepEqual(csns, [{ kind: "deleted", csn: csn.toLowerCase() as never }]);
    assert.throws(() => decodeReplicationEntry(build(0, csn)), ProtocolError, "kind of CSN");
    assert.throws(() => decodeReplicationEntry(build(4, csn)), ProtocolError, "kind of CSN");
    assert.throws(() => decodeReplicationEntry(build(-1, csn)), ProtocolError, "kind of CSN");
    assert.throws(() => decodeReplicationEntry(build(1, "6b02")), ProtocolError, "20 hex digits");
  });

  test("protocol/clean-ruv: payloads are taken apart", () => {
    assert.deepEqual(decodeCleanRuv(requestValue("92-cleanruv-request")), {
      replicaId: 77,
      suffix: SUFFIX,
      maxCsn: "6b020c020002004d0000" as never,
      force: false,
    });
    assert.deepEqual(decodeAbortCleanRuv(requestValue("96-abort-cleanruv-request")), {
      replicaId: 99,
      suffix: SUFFIX,
      certify: false,
    });
    assert.deepEqual(decodeGetMaxCsn(requestValue("90-getmaxcsn-request")), {
      replicaId: 77,
      suffix: SUFFIX,
    });
    assert.deepEqual(decodeCheckCleanRuv(requestValue("94-checkstatus-request")), {
      filter: `(nsds5ReplicaCleanRUV=77:6b020c020002004d0000:no:1:${SUFFIX})`,
    });
    assert.equal(decodeCleanRuvResponse(responseValue("91b-getmaxcsn-response-none")), "no maxcsn");
    assert.equal(decodeCleanRuvResponse(responseValue("92-cleanruv-response")), "accepted");
  });

  const wrap = (payload: string): Buffer => ber.sequence(ber.octets(payload));

  test("protocol/clean-ruv: force may be missing, and a suffix may contain colons", () => {
    const csn = "6b020c020002004d0000";
    assert.isFalse(decodeCleanRuv(wrap(`7:${SUFFIX}:${csn}`)).force);
    assert.isTrue(decodeCleanRuv(wrap(`7:${SUFFIX}:${csn}:YES`)).force);
    assert.equal(decodeCleanRuv(wrap(`7:o=a:b:${csn}:no`)).suffix, "o=a:b");
    assert.equal(decodeAbortCleanRuv(wrap("7:o=a:b:yes")).suffix, "o=a:b");
    assert.equal(decodeGetMaxCsn(wrap("7:o=a:b")).suffix, "o=a:b");
  });

  for (const payload of ["", "7", "7:", ":o=a", "0:o=a", "65535:o=a:yes", "x:o=a:yes", "-1:o=a"]) {
    test(`protocol/clean-ruv: the payload '${payload}' is refused`, () => {
      assert.throws(() => decodeCleanRuv(wrap(payload)), ProtocolError);
      assert.throws(() => decodeAbortCleanRuv(wrap(payload)), ProtocolError);
      assert.throws(() => decodeGetMaxCsn(wrap(payload)), ProtocolError);
    });
  }
});
