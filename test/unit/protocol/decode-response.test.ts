// Responses by bytes, encoded and decoded.
import { assert } from "chai";
import { BerWriter } from "../../../src/ber/index.ts";
import type { LdapResult, Response } from "../../../src/protocol/index.ts";
import { ProtocolError, decodeResponse, encodeResponse } from "../../../src/protocol/index.ts";
import { checkMessageCase, hex } from "../../support/codec-case.ts";
import { NaiveBer } from "../../support/naive-ber.ts";

const ber = new NaiveBer();
const success: LdapResult = { code: 0, matchedDn: "", message: "", referrals: [] };

const RESPONSES: readonly [what: string, bytes: string, response: Response][] = [
  [
    "a bind response",
    "61 07 0a 01 00 04 00 04 00",
    { type: "bindResponse", result: success, serverCredentials: undefined },
  ],
  [
    "a bind response with credentials",
    "61 0a 0a 01 0e 04 00 04 00 87 01 61",
    {
      type: "bindResponse",
      result: { ...success, code: 14 },
      serverCredentials: Buffer.from("a"),
    },
  ],
  [
    "a search entry",
    "64 12 04 01 78 30 0d 30 0b 04 02 636e 31 05 04 01 61 04 00",
    {
      type: "searchEntry",
      dn: "x",
      attributes: [{ type: "cn", values: [Buffer.from("a"), Buffer.from("")] }],
    },
  ],
  [
    "a search entry of types only",
    "64 0d 04 01 78 30 08 30 06 04 02 636e 31 00",
    { type: "searchEntry", dn: "x", attributes: [{ type: "cn", values: [] }] },
  ],
  [
    "a search reference",
    "73 0a 04 08 6c6461703a2f2f68",
    { type: "searchReference", urls: ["ldap://h"] },
  ],
  [
    "a result with two octets of code",
    "65 08 0a 02 1000 04 00 04 00",
    { type: "searchDone", result: { ...success, code: 4096 } },
  ],
  [
    "a result with everything",
    "6b 11 0a 01 0a 04 01 78 04 01 6d a3 06 04 01 61 04 01 62",
    {
      type: "deleteResponse",
      result: { code: 10, matchedDn: "x", message: "m", referrals: ["a", "b"] },
    },
  ],
  [
    "an extended response",
    "78 0d 0a 01 00 04 00 04 00 8a 01 31 8b 01 00",
    { type: "extendedResponse", result: success, oid: "1", value: hex("00") },
  ],
  [
    "an intermediate response",
    "79 05 80 01 31 81 00",
    { type: "intermediateResponse", oid: "1", value: hex("") },
  ],
  [
    "an empty intermediate response",
    "79 00",
    { type: "intermediateResponse", oid: undefined, value: undefined },
  ],
];

suite("protocol/decode-response", () => {
  for (const [what, bytes, response] of RESPONSES) {
    test(`protocol/decode-response: ${what} travels both ways`, () => {
      const message = ber.sequence(ber.integer(300), hex(bytes));
      const wanted = { messageId: 300, response, controls: [] };
      checkMessageCase(message, decodeResponse, wanted);
      const writer = new BerWriter(8);
      encodeResponse(writer, wanted);
      assert.deepEqual(writer.view(), message);
    });
  }

  test("protocol/decode-response: unknown elements behind the known ones are ignored", () => {
    const message = hex("30 0f 02 01 01 65 0a 0a 01 00 04 00 04 00 99 01 00");
    const { response } = decodeResponse(message);
    assert.deepEqual(response, { type: "searchDone", result: success });
  });

  test("protocol/decode-response: requests and negative message IDs are refused", () => {
    assert.throws(() => decodeResponse(hex("30 05 02 01 01 42 00")), ProtocolError, "no known");
    const negative = hex("30 0c 02 01 ff 65 07 0a 01 00 04 00 04 00");
    assert.throws(() => decodeResponse(negative), ProtocolError, "message ID is -1");
  });
});
