// The messages of a live 389 Directory Server (test/data/replication): each is decoded and encoded
// again to the same bytes, envelope, controls and replication payloads.
import { assert } from "chai";
import { BerReader, BerWriter, FrameSplitter } from "../../../src/ber/index.ts";
import {
  ABORT_CLEAN_RUV_OID,
  ABORT_SESSION_OID,
  CHECK_CLEAN_RUV_OID,
  CLEAN_RUV_OID,
  END_REPLICATION_OID,
  GET_MAX_CSN_OID,
  MANAGE_DSA_IT_CONTROL,
  MANAGE_DSA_IT_OID,
  REPLICATION_ENTRY_OID,
  REPLICATION_RESPONSE_50_OID,
  REPLICATION_RESPONSE_90_OID,
  START_REPLICATION_50_OID,
  START_REPLICATION_90_OID,
  UPDATE_INFO_OID,
  ABORT_SESSION_CONTROL,
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
  decodeUpdateInfo,
  encodeAbortCleanRuv,
  encodeCheckCleanRuv,
  encodeCleanRuv,
  encodeCleanRuvResponse,
  encodeEndReplication,
  encodeGetMaxCsn,
  encodeReplicationEntry,
  encodeReplicationResponse,
  encodeRequest,
  encodeResponse,
  encodeStartReplication,
  encodeUpdateInfo,
} from "../../../src/protocol/index.ts";
import type { Control, RequestMessage, ResponseMessage } from "../../../src/protocol/index.ts";
import { capturedNames, readCaptured } from "../../support/captured-messages.ts";
import { checkMessageCase, checkOnlyKnownErrors } from "../../support/codec-case.ts";

/** Identifier octets of all responses (RFC 4511 §4). */
const RESPONSE_TAGS = new Set([0x61, 0x64, 0x65, 0x67, 0x69, 0x6b, 0x6d, 0x6f, 0x73, 0x78, 0x79]);

function isResponse(message: Buffer): boolean {
  const reader = new BerReader(message);
  reader.enter();
  reader.readInteger();
  return RESPONSE_TAGS.has(reader.peekTag());
}

/** Decodes and encodes each payload: one row per extended operation. */
const REQUEST_VALUES: Readonly<Record<string, (value: Buffer) => Buffer>> = {
  [START_REPLICATION_50_OID]: (value) => encodeStartReplication(decodeStartReplication(value)),
  [START_REPLICATION_90_OID]: (value) => encodeStartReplication(decodeStartReplication(value)),
  [END_REPLICATION_OID]: (value) => encodeEndReplication(decodeEndReplication(value)),
  [REPLICATION_ENTRY_OID]: (value) => encodeReplicationEntry(decodeReplicationEntry(value)),
  [CLEAN_RUV_OID]: (value) => encodeCleanRuv(decodeCleanRuv(value)),
  [ABORT_CLEAN_RUV_OID]: (value) => encodeAbortCleanRuv(decodeAbortCleanRuv(value)),
  [GET_MAX_CSN_OID]: (value) => encodeGetMaxCsn(decodeGetMaxCsn(value)),
  [CHECK_CLEAN_RUV_OID]: (value) => encodeCheckCleanRuv(decodeCheckCleanRuv(value)),
};
const replicationResponse = (value: Buffer): Buffer =>
  encodeReplicationResponse(decodeReplicationResponse(value));
const RESPONSE_VALUES: Readonly<Record<string, (value: Buffer) => Buffer>> = {
  [REPLICATION_RESPONSE_50_OID]: replicationResponse,
  [REPLICATION_RESPONSE_90_OID]: replicationResponse,
};

function reencodeControl(control: Control): Control {
  if (control.oid === MANAGE_DSA_IT_OID) {
    assert.deepEqual(control, MANAGE_DSA_IT_CONTROL);
    return MANAGE_DSA_IT_CONTROL;
  }
  if (control.oid === ABORT_SESSION_OID) return ABORT_SESSION_CONTROL;
  assert.equal(control.oid, UPDATE_INFO_OID);
  return { ...control, value: encodeUpdateInfo(decodeUpdateInfo(control.value)) };
}

function reencodeRequest(message: RequestMessage, isMalformed: boolean): Buffer {
  let { request } = message;
  if (request.type === "extended" && request.value !== undefined && !isMalformed) {
    const reencode = REQUEST_VALUES[request.oid];
    assert.isDefined(reencode, request.oid);
    request = { ...request, value: reencode!(request.value) };
  }
  const writer = new BerWriter(16);
  const controls = message.controls.map(reencodeControl);
  encodeRequest(writer, { ...message, request, controls });
  return writer.take();
}

function reencodeResponse(message: ResponseMessage): Buffer {
  let { response } = message;
  if (response.type === "extendedResponse" && response.value !== undefined) {
    const { oid, value } = response;
    const text = (bytes: Buffer): Buffer => encodeCleanRuvResponse(decodeCleanRuvResponse(bytes));
    const reencode = oid === undefined ? text : RESPONSE_VALUES[oid]!;
    response = { ...response, value: reencode(value) };
  }
  const writer = new BerWriter(16);
  const controls = message.controls.map(reencodeControl);
  encodeResponse(writer, { ...message, response, controls });
  return writer.take();
}

/** Answered with code 4 because the payload is bad. */
const MALFORMED = "72-start90-error-04-request";

suite("protocol/captured-messages", () => {
  for (const name of capturedNames()) {
    test(`protocol/captured-messages: ${name} is decoded and encoded to the same bytes`, () => {
      const bytes = readCaptured(name);
      const again = isResponse(bytes)
        ? reencodeResponse(decodeResponse(bytes))
        : reencodeRequest(decodeRequest(bytes), name === MALFORMED);
      assert.equal(again.toString("hex"), bytes.toString("hex"));
    });

    test(`protocol/captured-messages: ${name} may arrive in any pieces, and not in part`, () => {
      const bytes = readCaptured(name);
      if (isResponse(bytes)) checkMessageCase(bytes, decodeResponse, decodeResponse(bytes));
      else checkMessageCase(bytes, decodeRequest, decodeRequest(bytes));
      checkOnlyKnownErrors(() => decodeRequest(bytes));
      checkOnlyKnownErrors(() => decodeResponse(bytes));
    });
  }

  test("protocol/captured-messages: a malformed start payload is refused", () => {
    const { request } = decodeRequest(readCaptured(MALFORMED));
    assert.equal(request.type, "extended");
    const value = request.type === "extended" ? request.value : undefined;
    assert.throws(() => decodeStartReplication(value), /RUV is empty|cannot be decoded/);
  });

  test("protocol/captured-messages: all of them in one stream come out one by one", () => {
    const all = capturedNames().map(readCaptured);
    const stream = Buffer.concat(all);
    const splitter = new FrameSplitter();
    const found: Buffer[] = [];
    for (let at = 0; at < stream.length; at += 1460) {
      splitter.push(stream.subarray(at, at + 1460));
      for (let frame = splitter.next(); frame !== undefined; frame = splitter.next()) {
        found.push(frame);
      }
    }
    assert.deepEqual(found, all);
  });
});
