// Values of the standard extended operations by bytes, both ways.
import { assert } from "chai";
import {
  ProtocolError,
  decodeCancel,
  decodePasswordModifyRequest,
  decodePasswordModifyResponse,
  decodeReadDigest,
  decodeReadDigestResponse,
  decodeWhoAmI,
  encodeCancel,
  encodePasswordModifyRequest,
  encodePasswordModifyResponse,
  encodeReadDigest,
  encodeReadDigestResponse,
  encodeWhoAmI,
} from "../../../../src/protocol/index.ts";
import { checkValueCase, hex } from "../../../support/codec-case.ts";

suite("protocol/standard-operations", () => {
  const full = {
    userIdentity: "cn=a",
    oldPassword: Buffer.from("old"),
    newPassword: Buffer.from(""),
  };
  const nothing = { userIdentity: undefined, oldPassword: undefined, newPassword: undefined };

  test("protocol/password-modify: all fields travel both ways", () => {
    const value = hex("30 0d  80 04 636e3d61  81 03 6f6c64  82 00");
    checkValueCase(value, decodePasswordModifyRequest, full);
    assert.deepEqual(encodePasswordModifyRequest(full), value);
  });

  test("protocol/password-modify: every field may be missing, and the value too", () => {
    checkValueCase(hex("30 00"), decodePasswordModifyRequest, nothing);
    assert.deepEqual(encodePasswordModifyRequest(nothing), hex("30 00"));
    assert.deepEqual(decodePasswordModifyRequest(undefined), nothing);
    const onlyNew = { ...nothing, newPassword: Buffer.from("n") };
    assert.deepEqual(decodePasswordModifyRequest(hex("30 03 82 01 6e")), onlyNew);
  });

  test("protocol/password-modify: fields out of order and unknown ones are refused", () => {
    for (const value of ["30 06 82 01 6e 80 01 61", "30 03 83 01 6e", "04 00", "30 00 00"]) {
      assert.throws(() => decodePasswordModifyRequest(hex(value)), ProtocolError);
    }
  });

  test("protocol/password-modify: a response may hold a password", () => {
    const value = hex("30 03 80 01 67");
    checkValueCase(value, decodePasswordModifyResponse, Buffer.from("g"));
    assert.deepEqual(encodePasswordModifyResponse(Buffer.from("g")), value);
    assert.isUndefined(decodePasswordModifyResponse(undefined));
    assert.isUndefined(decodePasswordModifyResponse(hex("30 00")));
  });

  test("protocol/read-digest: a question and its answer travel both ways", () => {
    const question = hex("30 0f  04 04 64633d78  0a 01 02  04 04 00010fff");
    const asked = { suffix: "dc=x", level: "entries" as const, keys: [1, 4095] };
    checkValueCase(question, decodeReadDigest, asked);
    assert.deepEqual(encodeReadDigest(asked), question);
    const answer = hex("30 0f  30 03 04 01 72  02 01 07  30 05 04 03 010203");
    const said = { ruv: ["r"], entries: 7, parts: [Buffer.of(1, 2, 3)] };
    checkValueCase(answer, decodeReadDigestResponse, said);
    assert.deepEqual(encodeReadDigestResponse(said), answer);
  });

  test("protocol/read-digest: unknown levels and keys that are cut off are refused", () => {
    for (const value of ["30 08 04 00 0a 01 03 04 01 00", "30 08 04 00 0a 01 02 04 01 00"]) {
      assert.throws(() => decodeReadDigest(hex(value)), ProtocolError);
    }
  });

  test("protocol/cancel: the value is a message ID", () => {
    checkValueCase(hex("30 04 02 02 012c"), decodeCancel, 300);
    assert.deepEqual(encodeCancel(300), hex("30 04 02 02 012c"));
    assert.throws(() => decodeCancel(hex("30 03 02 01 ff")), ProtocolError, "negative");
    assert.throws(() => decodeCancel(undefined), ProtocolError, "has no value");
  });

  test("protocol/who-am-i: the identity is not wrapped, anonymous is empty", () => {
    assert.deepEqual(encodeWhoAmI("dn:cn=ä"), Buffer.from("dn:cn=ä"));
    assert.equal(decodeWhoAmI(Buffer.from("dn:cn=ä")), "dn:cn=ä");
    assert.deepEqual(encodeWhoAmI(""), Buffer.alloc(0));
    assert.equal(decodeWhoAmI(undefined), "");
  });
});
