// Requests by bytes: one of each kind, and what the server answers to those it cannot decode
// (RFC 4511 §4; the codes are those of the conformance table).
import { assert } from "chai";
import type { FinalResponseType, Request, ResultCodeName } from "../../../src/protocol/index.ts";
import { ProtocolError, ResultCode, decodeRequest } from "../../../src/protocol/index.ts";
import { checkMessageCase, hex } from "../../support/codec-case.ts";
import { NaiveBer } from "../../support/naive-ber.ts";

const ber = new NaiveBer();
const bytes = (text: string): Buffer => Buffer.from(text);

const REQUESTS: readonly [what: string, operation: string, request: Request][] = [
  [
    "a simple bind",
    "60 0d  02 01 03  04 04 636e3d61  80 02 7077",
    {
      type: "bind",
      version: 3,
      name: "cn=a",
      authentication: { method: "simple", password: bytes("pw") },
    },
  ],
  [
    "a SASL bind without credentials",
    "60 11  02 01 03  04 00  a3 0a  04 08 45585445524e414c",
    {
      type: "bind",
      version: 3,
      name: "",
      authentication: { method: "sasl", mechanism: "EXTERNAL", credentials: undefined },
    },
  ],
  [
    "a SASL bind with empty credentials, and more behind it",
    "60 12  02 01 03  04 00  a3 08  04 04 49445858  04 00  85 01 00",
    {
      type: "bind",
      version: 3,
      name: "",
      authentication: { method: "sasl", mechanism: "IDXX", credentials: bytes("") },
    },
  ],
  ["an unbind", "42 00", { type: "unbind" }],
  [
    "a search",
    "63 24  04 04 64633d78  0a 01 02  0a 01 03  02 02 01f4  02 01 3c  01 01 ff  " +
      "87 02 636e  30 08  04 02 736e  04 02 2a2b",
    {
      type: "search",
      base: "dc=x",
      scope: "sub",
      derefAliases: 3,
      sizeLimit: 500,
      timeLimit: 60,
      typesOnly: true,
      filter: { type: "present", attribute: "cn" },
      attributes: ["sn", "*+"],
    },
  ],
  [
    "a modify",
    "66 17  04 04 64633d78  30 0f  30 0d  0a 01 00  30 08  04 02 636e  31 02  04 00",
    { type: "modify", dn: "dc=x", mods: [{ operation: "add", type: "cn", values: [bytes("")] }] },
  ],
  [
    "an add",
    "68 14  04 04 64633d78  30 0c  30 0a  04 02 6463  31 04  04 02 78ff",
    { type: "add", dn: "dc=x", attributes: [{ type: "dc", values: [hex("78ff")] }] },
  ],
  ["a delete", "4a 04 64633d78", { type: "delete", dn: "dc=x" }],
  [
    "a rename in place",
    "6c 0f  04 04 64633d78  04 04 64633d79  01 01 ff",
    { type: "modifyDn", dn: "dc=x", newRdn: "dc=y", deleteOldRdn: true, newSuperior: undefined },
  ],
  [
    "a move",
    "6c 12  04 04 64633d78  04 04 64633d79  01 01 00  80 01 7a",
    { type: "modifyDn", dn: "dc=x", newRdn: "dc=y", deleteOldRdn: false, newSuperior: "z" },
  ],
  [
    "a compare",
    "6e 0f  04 04 64633d78  30 07  04 02 6463  04 01 78",
    { type: "compare", dn: "dc=x", attribute: "dc", value: bytes("x") },
  ],
  ["an abandon", "50 02 012c", { type: "abandon", messageId: 300 }],
  [
    "an extended request with value",
    "77 0a  80 05 312e322e33  81 01 00",
    { type: "extended", oid: "1.2.3", value: hex("00") },
  ],
  [
    "an extended request without value",
    "77 07  80 05 312e322e33",
    { type: "extended", oid: "1.2.3", value: undefined },
  ],
];

const message = (operation: Buffer, ...rest: Buffer[]): Buffer =>
  ber.sequence(ber.integer(7), operation, ...rest);

type Answer = FinalResponseType | "notice";

/** What is malformed and how it is answered. */
const MALFORMED: readonly [
  what: string,
  message: Buffer,
  answer: Answer,
  code: ResultCodeName,
  messageId: number | undefined,
][] = [
  ["message ID 0", hex("30 05 02 01 00 42 00"), "notice", "protocolError", undefined],
  ["a negative message ID", hex("30 05 02 01 ff 42 00"), "notice", "protocolError", undefined],
  [
    "a message ID over 2^31-1",
    hex("30 09 02 05 0080000000 42 00"),
    "notice",
    "protocolError",
    undefined,
  ],
  ["an empty message ID", hex("30 04 02 00 42 00"), "notice", "protocolError", undefined],
  ["no message ID", hex("30 02 42 00"), "notice", "protocolError", undefined],
  ["no operation", hex("30 03 02 01 07"), "notice", "protocolError", 7],
  ["an unknown operation", message(hex("7a 00")), "notice", "protocolError", 7],
  ["a response", message(hex("65 07 0a 01 00 04 00 04 00")), "notice", "protocolError", 7],
  ["a universal tag", message(hex("04 00")), "notice", "protocolError", 7],
  ["a long tag", message(hex("7f 81 01 00")), "notice", "protocolError", 7],
  [
    "an operation over the end",
    hex("30 07 02 01 07 4a 04 64 63"),
    "deleteResponse",
    "protocolError",
    7,
  ],
  ["a constructed delete", message(hex("6a 00")), "notice", "protocolError", 7],
  [
    "bind version 0",
    message(hex("60 07 02 01 00 04 00 80 00")),
    "bindResponse",
    "protocolError",
    7,
  ],
  [
    "bind version 128",
    message(hex("60 08 02 02 0080 04 00 80 00")),
    "bindResponse",
    "protocolError",
    7,
  ],
  ["no authentication", message(hex("60 05 02 01 03 04 00")), "bindResponse", "protocolError", 7],
  [
    "an unknown authentication",
    message(hex("60 07 02 01 03 04 00 81 00")),
    "bindResponse",
    "authMethodNotSupported",
    7,
  ],
  [
    "a bind name that is not UTF-8",
    message(hex("60 08 02 01 03 04 01 ff 80 00")),
    "bindResponse",
    "invalidDnSyntax",
    7,
  ],
  ["a DN that is not UTF-8", message(hex("4a 02 c3 28")), "deleteResponse", "invalidDnSyntax", 7],
  ["search scope 4", search({ scope: 4 }), "searchDone", "protocolError", 7],
  ["search scope -1", search({ scope: -1 }), "searchDone", "protocolError", 7],
  ["deref 4", search({ deref: 4 }), "searchDone", "protocolError", 7],
  ["a negative size limit", search({ sizeLimit: -1 }), "searchDone", "protocolError", 7],
  ["a negative time limit", search({ timeLimit: -1 }), "searchDone", "protocolError", 7],
  ["a search without filter", search({ filter: hex("") }), "searchDone", "protocolError", 7],
  ["an empty not", search({ filter: hex("a2 00") }), "searchDone", "protocolError", 7],
  [
    "a not with two filters",
    search({ filter: hex("a2 06 87 01 61 87 01 62") }),
    "searchDone",
    "protocolError",
    7,
  ],
  [
    "modify operation 4",
    message(hex("66 12  04 01 78  30 0d 30 0b 0a 01 04 30 06 04 02 636e 31 00")),
    "modifyResponse",
    "protocolError",
    7,
  ],
  [
    "an extended request without name",
    message(hex("77 03 81 01 00")),
    "extendedResponse",
    "protocolError",
    7,
  ],
  [
    "controls that are no sequences",
    message(hex("4a 01 78"), hex("a0 02 04 00")),
    "deleteResponse",
    "protocolError",
    7,
  ],
  [
    "a control that occurs twice",
    message(hex("4a 01 78"), hex("a0 0a 30 03 04 01 31 30 03 04 01 31")),
    "deleteResponse",
    "protocolError",
    7,
  ],
  [
    "65 controls",
    message(hex("4a 01 78"), ber.element(0xa0, ...Array.from({ length: 65 }, numberedControl))),
    "deleteResponse",
    "protocolError",
    7,
  ],
];

function numberedControl(_: unknown, i: number): Buffer {
  return ber.sequence(ber.octets(`1.${i}`));
}

interface SearchParts {
  readonly scope?: number;
  readonly deref?: number;
  readonly sizeLimit?: number;
  readonly timeLimit?: number;
  readonly filter?: Buffer;
}

function search(parts: SearchParts): Buffer {
  return message(
    ber.element(
      0x63,
      ber.octets(""),
      ber.enumerated(parts.scope ?? 0),
      ber.enumerated(parts.deref ?? 0),
      ber.integer(parts.sizeLimit ?? 0),
      ber.integer(parts.timeLimit ?? 0),
      ber.boolean(false),
      parts.filter ?? hex("87 02 636e"),
      ber.sequence(),
    ),
  );
}

function nestedFilter(depth: number): Buffer {
  let filter = hex("87 02 636e");
  for (let i = 0; i < depth; i += 1) filter = ber.element([0xa0, 0xa1, 0xa2][i % 3]!, filter);
  return filter;
}

function catchError(run: () => unknown): ProtocolError {
  try {
    run();
  } catch (error) {
    assert.instanceOf(error, ProtocolError);
    return error as ProtocolError;
  }
  return assert.fail("nothing was thrown");
}

suite("protocol/decode-request", () => {
  for (const [what, operation, request] of REQUESTS) {
    test(`protocol/decode-request: ${what} is decoded`, () => {
      const wanted = { messageId: 7, request, controls: [] };
      checkMessageCase(message(hex(operation)), decodeRequest, wanted);
    });
  }

  for (const [what, bytesOfMessage, answer, code, messageId] of MALFORMED) {
    test(`protocol/decode-request: ${what} is answered by ${answer} ${code}`, () => {
      const error = catchError(() => decodeRequest(bytesOfMessage));
      assert.equal(error.answer ?? "notice", answer);
      assert.equal(error.code, ResultCode[code]);
      assert.equal(error.messageId, messageId);
      assert.isDefined(error.offset);
    });
  }

  test("protocol/decode-request: controls are decoded, criticality FALSE unless given", () => {
    const controls = hex(
      "a0 1c  30 05 04 03 312e31  30 08 04 03 312e32 01 01 01  30 09 04 03 312e33 04 02 3000",
    );
    const wanted = {
      messageId: 7,
      request: { type: "delete", dn: "x" },
      controls: [
        { oid: "1.1", critical: false, value: undefined },
        { oid: "1.2", critical: true, value: undefined },
        { oid: "1.3", critical: false, value: hex("3000") },
      ],
    } as const;
    checkMessageCase(message(hex("4a 01 78"), controls), decodeRequest, wanted as never);
  });

  test("protocol/decode-request: an empty control value is not an absent one", () => {
    const { controls } = decodeRequest(message(hex("42 00"), hex("a0 07 30 05 04 01 31 04 00")));
    assert.deepEqual(controls[0]!.value, Buffer.alloc(0));
  });

  test("protocol/decode-request: elements behind the operation and its known parts are ignored", () => {
    const { request } = decodeRequest(message(hex("42 00"), hex("85 01 00"), hex("ff")));
    assert.equal(request.type, "unbind");
  });

  for (const content of ["", "00", "ff", "00 80 00 00 00", "01 02 03 04 05 06 07"]) {
    test(`protocol/decode-request: abandon of '${content}' abandons nothing`, () => {
      const abandon = ber.element(0x50, hex(content));
      const { request } = decodeRequest(message(abandon));
      assert.deepEqual(request, { type: "abandon", messageId: 0 });
    });
  }

  test("protocol/decode-request: a filter of 40 levels is taken, one of 41 is not", () => {
    assert.equal(decodeRequest(search({ filter: nestedFilter(40) })).request.type, "search");
    const error = catchError(() => decodeRequest(search({ filter: nestedFilter(41) })));
    assert.equal(error.code, ResultCode.unwillingToPerform);
    assert.equal(error.answer, "searchDone");
    assert.equal(error.messageId, 7);
  });

  test("protocol/decode-request: the filter limit may be lowered and raised", () => {
    const ten = search({ filter: nestedFilter(10) });
    assert.throws(() => decodeRequest(ten, { filterDepthMax: 9 }), /nested too deeply/);
    assert.equal(decodeRequest(ten, { filterDepthMax: 10 }).request.type, "search");
    const many = search({ filter: nestedFilter(900) });
    assert.equal(decodeRequest(many, { filterDepthMax: 900 }).request.type, "search");
    const tooMany = search({ filter: nestedFilter(1001) });
    assert.throws(() => decodeRequest(tooMany, { filterDepthMax: 5000 }), /nested too deeply/);
  });

  test("protocol/decode-request: 50,000 levels cost no more than the limit", () => {
    let filter = hex("a2 00");
    const open: Buffer[] = [];
    let size = filter.length;
    for (let i = 0; i < 50_000; i += 1) {
      const header = Buffer.from([0xa2, 0x84, size >>> 24, size >>> 16, size >>> 8, size]);
      open.push(header);
      size += header.length;
    }
    filter = Buffer.concat([...open.reverse(), filter]);
    const error = catchError(() => decodeRequest(search({ filter })));
    assert.equal(error.code, ResultCode.unwillingToPerform);
  });

  test("protocol/decode-request: equal attribute selections are one and the same list", () => {
    const request = (name: string): readonly string[] => {
      const selection = ber.sequence(ber.octets("cn"), ber.octets(name));
      const filter = hex("87 02 636e");
      const operation = ber.element(
        0x63,
        ber.octets(""),
        ber.enumerated(0),
        ber.enumerated(0),
        ber.integer(0),
        ber.integer(0),
        ber.boolean(false),
        filter,
        selection,
      );
      const decoded = decodeRequest(message(operation)).request;
      return decoded.type === "search" ? decoded.attributes : [];
    };
    assert.strictEqual(request("sn"), request("sn"));
    assert.notStrictEqual(request("sn"), request("SN"));
    assert.isFrozen(request("sn"));
    assert.deepEqual(request("x".repeat(300)), ["cn", "x".repeat(300)]);
  });
});
