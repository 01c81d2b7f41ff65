// How operations and connections end.
import { assert } from "chai";
import { BerWriter } from "../../../src/ber/index.ts";
import type { Request } from "../../../src/protocol/index.ts";
import {
  LdapError,
  ProtocolError,
  decodeResponse,
  encodeResponse,
  finalResponseMessage,
  finalResponseType,
  noticeOfDisconnection,
} from "../../../src/protocol/index.ts";
import { hex } from "../../support/codec-case.ts";

const TAGS: readonly [type: Request["type"], tag: number | undefined][] = [
  ["bind", 0x61],
  ["unbind", undefined],
  ["search", 0x65],
  ["modify", 0x67],
  ["add", 0x69],
  ["delete", 0x6b],
  ["modifyDn", 0x6d],
  ["compare", 0x6f],
  ["abandon", undefined],
  ["extended", 0x78],
];

suite("protocol/final-response", () => {
  for (const [type, tag] of TAGS) {
    test(`protocol/final-response: ${type} ends with ${tag?.toString(16) ?? "nothing"}`, () => {
      const answer = finalResponseType(type);
      if (answer === undefined) {
        assert.isUndefined(tag);
        return;
      }
      const result = new LdapError("busy", "Later").result();
      const message = finalResponseMessage(9, answer, result);
      const writer = new BerWriter();
      encodeResponse(writer, message);
      const bytes = writer.take();
      assert.deepEqual(
        bytes,
        Buffer.concat([
          hex("30 11 02 01 09"),
          hex(tag!.toString(16)),
          hex("0c 0a 01 33 04 00 04 05 4c61746572"),
        ]),
      );
      assert.deepEqual(decodeResponse(bytes), message);
    });
  }

  test("protocol/final-response: the notice of disconnection has message ID 0 and its OID", () => {
    const writer = new BerWriter();
    encodeResponse(writer, noticeOfDisconnection("protocolError", ""));
    const oid = Buffer.from("1.3.6.1.4.1.1466.20036");
    const wanted = Buffer.concat([hex("30 24 02 01 00 78 1f 0a 01 02 04 00 04 00 8a 16"), oid]);
    assert.deepEqual(writer.view(), wanted);
  });

  test("protocol/protocol-error: it is an LdapError with the code to answer", () => {
    const error = new ProtocolError("Bad bytes", { offset: 3 });
    assert.instanceOf(error, LdapError);
    assert.equal(error.name, "ProtocolError");
    assert.deepEqual(error.result(), {
      code: 2,
      matchedDn: "",
      message: "Bad bytes",
      referrals: [],
    });
    assert.equal(error.codeName, "protocolError");
    assert.isUndefined(error.messageId);
    assert.isUndefined(error.answer);
  });
});
