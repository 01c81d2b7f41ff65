// Control values by bytes, both ways.
import { assert } from "chai";
import type { Csn } from "../../../../src/replication/csn/index.ts";
import {
  ABORT_SESSION_CONTROL,
  MANAGE_DSA_IT_CONTROL,
  ProtocolError,
  ResultCode,
  decodeAssertion,
  decodePagedResults,
  decodeProxiedAuthorization,
  decodeReadEntryRequest,
  decodeReadEntryResponse,
  decodeRequest,
  decodeSubentries,
  decodeUpdateInfo,
  encodeAssertion,
  encodePagedResults,
  encodeReadEntryRequest,
  encodeReadEntryResponse,
  encodeSubentries,
  encodeUpdateInfo,
  findControl,
  pagedResultsControl,
  updateInfoControl,
} from "../../../../src/protocol/index.ts";
import { readCaptured } from "../../../support/captured-messages.ts";
import { checkValueCase, hex } from "../../../support/codec-case.ts";
import { NaiveBer, fourOctetLength } from "../../../support/naive-ber.ts";

const UPDATE_INFO_OID = "2.16.840.1.113730.3.4.13";

function capturedUpdateInfo(name: string): Buffer {
  const { controls } = decodeRequest(readCaptured(name));
  return findControl(controls, UPDATE_INFO_OID)!.value!;
}

suite("protocol/controls", () => {
  test("protocol/paged-results: size and cookie travel both ways", () => {
    const value = hex("30 08 02 02 01f4 04 02 6162");
    const page = { size: 500, cookie: Buffer.from("ab") };
    checkValueCase(value, decodePagedResults, page);
    assert.deepEqual(encodePagedResults(page), value);
    const control = pagedResultsControl(page);
    assert.deepEqual(control, { oid: "1.2.840.113556.1.4.319", critical: false, value });
  });

  test("protocol/paged-results: a negative size, no value and trailing bytes are refused", () => {
    const negative = hex("30 05 02 01 ff 04 00");
    assert.throws(() => decodePagedResults(negative), ProtocolError, "page size is negative");
    assert.throws(() => decodePagedResults(undefined), ProtocolError, "has no value");
    const trailing = hex("30 05 02 01 01 04 00 00");
    assert.throws(() => decodePagedResults(trailing), ProtocolError, "bytes behind the value");
  });

  test("protocol/assertion: the value is a filter", () => {
    const value = hex("a3 07 04 02 636e 04 01 61");
    const filter = { type: "equality", attribute: "cn", value: Buffer.from("a") } as const;
    checkValueCase(value, (bytes) => decodeAssertion(bytes), filter as never);
    assert.deepEqual(encodeAssertion(filter), value);
  });

  test("protocol/assertion: the nesting limit holds there too", () => {
    const ber = new NaiveBer();
    let filter = hex("87 01 61");
    for (let i = 0; i < 100; i += 1) filter = ber.element(0xa2, filter);
    try {
      decodeAssertion(filter);
      assert.fail("nothing was thrown");
    } catch (error) {
      assert.instanceOf(error, ProtocolError);
      assert.equal((error as ProtocolError).code, ResultCode.unwillingToPerform);
    }
    assert.equal(decodeAssertion(filter, 100).type, "not");
  });

  test("protocol/read-entry: the request is a selection, the response an entry", () => {
    const request = hex("30 08 04 02 636e 04 02 736e");
    checkValueCase(request, decodeReadEntryRequest, ["cn", "sn"]);
    assert.deepEqual(encodeReadEntryRequest(["cn", "sn"]), request);
    const response = hex("64 10 04 01 78 30 0b 30 09 04 02 636e 31 03 04 01 61");
    const entry = { dn: "x", attributes: [{ type: "cn", values: [Buffer.from("a")] }] };
    checkValueCase(response, decodeReadEntryResponse, entry);
    assert.deepEqual(encodeReadEntryResponse(entry), response);
  });

  test("protocol/subentries: the value is a bare boolean", () => {
    checkValueCase(hex("01 01 ff"), decodeSubentries, "onlySubentries");
    checkValueCase(hex("01 01 00"), decodeSubentries, "onlyEntries");
    assert.deepEqual(encodeSubentries("onlySubentries"), hex("01 01 ff"));
    assert.deepEqual(encodeSubentries("onlyEntries"), hex("01 01 00"));
  });

  test("protocol/proxied-authorization: the value is the identity, and it is critical", () => {
    const oid = "2.16.840.1.113730.3.4.18";
    const value = Buffer.from("dn:cn=a");
    assert.equal(decodeProxiedAuthorization({ oid, critical: true, value }), "dn:cn=a");
    const anonymous = { oid, critical: true, value: Buffer.alloc(0) };
    assert.equal(decodeProxiedAuthorization(anonymous), "");
    const refuse = (critical: boolean, bytes: Buffer | undefined): void => {
      const decode = (): string => decodeProxiedAuthorization({ oid, critical, value: bytes });
      assert.throws(decode, ProtocolError);
    };
    refuse(false, value);
    refuse(true, undefined);
    refuse(true, hex("ff"));
  });

  test("protocol/update-info: an add names the parent", () => {
    const info = {
      uniqueId: "215f4701-e5f011f1-998384b6-a1ba8aa1",
      csn: "6b020915000000010000" as Csn,
      superiorUniqueId: "fd9c019a-e5ef11f1-998384b6-a1ba8aa1",
      modifyDnMods: undefined,
    };
    const value = capturedUpdateInfo("44-inc-add-request");
    checkValueCase(value, decodeUpdateInfo, info);
    assert.deepEqual(updateInfoControl(info), { oid: UPDATE_INFO_OID, critical: true, value });
  });

  test("protocol/update-info: a rename carries mods without a parent", () => {
    const value = capturedUpdateInfo("52-inc-modrdn-newsuperior-request");
    const info = decodeUpdateInfo(value);
    assert.isUndefined(info.superiorUniqueId);
    assert.deepEqual(info.modifyDnMods, [
      {
        operation: "replace",
        type: "modifiersname",
        values: [Buffer.from("cn=directory manager")],
      },
      { operation: "replace", type: "modifytimestamp", values: [Buffer.from("20261121211157Z")] },
    ]);
    assert.deepEqual(encodeUpdateInfo(info), value);
  });

  test("protocol/update-info: parent and mods together, with any length form", () => {
    for (const ber of [new NaiveBer(), new NaiveBer(fourOctetLength)]) {
      for (const operation of [ber.enumerated(1), ber.integer(1)]) {
        const value = ber.sequence(
          ber.octets("id"),
          ber.octets("6b020915000000010000"),
          ber.octets("parent"),
          ber.sequence(ber.sequence(operation, ber.sequence(ber.octets("a"), ber.set()))),
          ber.octets("of a later release"),
        );
        const info = decodeUpdateInfo(value);
        assert.equal(info.superiorUniqueId, "parent");
        assert.deepEqual(info.modifyDnMods, [{ operation: "delete", type: "a", values: [] }]);
      }
    }
  });

  test("protocol/update-info: bad CSNs, unique IDs and operations are refused", () => {
    const ber = new NaiveBer();
    const csn = ber.octets("6b020915000000010000");
    const mod = ber.sequence(ber.enumerated(9), ber.sequence(ber.octets("a"), ber.set()));
    const refused = [
      ber.sequence(ber.octets("id"), ber.octets("6b02")),
      ber.sequence(ber.octets(""), csn),
      ber.sequence(ber.octets("id")),
      ber.sequence(ber.octets("id"), csn, ber.sequence(mod)),
    ];
    for (const value of refused) assert.throws(() => decodeUpdateInfo(value), ProtocolError);
  });

  test("protocol/controls: the controls without fields are constant", () => {
    assert.deepEqual(MANAGE_DSA_IT_CONTROL.value, Buffer.alloc(0));
    assert.isFalse(MANAGE_DSA_IT_CONTROL.critical);
    assert.deepEqual(ABORT_SESSION_CONTROL.value, hex("30 00"));
  });
});
