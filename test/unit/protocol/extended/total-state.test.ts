// States and structure log of a total initialization between two Concord servers, as bytes.
import { assert } from "chai";
import {
  ProtocolError,
  type TotalState,
  decodeTotalStates,
  decodeTotalStructure,
  encodeTotalState,
  encodeTotalStates,
  encodeTotalStructure,
} from "../../../../src/protocol/index.ts";
import type { Csn } from "../../../../src/replication/csn/index.ts";

const ID = Buffer.alloc(16, 7);
const STATE = {
  entry: { uniqueId: "a", dn: "cn=a", attributes: [] },
  node: Buffer.from("node"),
};
const PART = {
  purgeCsn: "00000001000000010000" as Csn,
  nodes: [
    { uniqueId: ID, node: Buffer.from("node") },
    { uniqueId: ID, node: undefined },
  ],
  lasts: [{ name: Buffer.from("name"), uniqueId: ID }],
  records: [Buffer.from("first"), Buffer.from("second")],
  isLast: true,
};

function encode(states: readonly TotalState[]): Buffer {
  const encoded = states.map(encodeTotalState);
  return encodeTotalStates(encoded, Buffer.concat(encoded).length);
}

suite("protocol/extended/total-state", () => {
  test("protocol/extended/total-state: states and a part come back as they were", () => {
    for (const states of [[], [STATE], [STATE, { ...STATE, node: undefined }]])
      assert.deepEqual(decodeTotalStates(encode(states)), states);
    for (const part of [PART, { ...PART, purgeCsn: undefined, isLast: false }])
      assert.deepEqual(decodeTotalStructure(encodeTotalStructure(part)), part);
  });

  test("protocol/extended/total-state: what was decoded does not share memory with the message", () => {
    const bytes = encodeTotalStructure(PART);
    const part = decodeTotalStructure(bytes);
    bytes.fill(0);
    assert.deepEqual(part, PART);
  });

  test("protocol/extended/total-state: every beginning of a message, and one that goes on, is refused", () => {
    const messages = [
      [encode([STATE, STATE]), decodeTotalStates],
      [encodeTotalStructure(PART), decodeTotalStructure],
    ] as const;
    for (const [bytes, decode] of messages) {
      assert.throws(() => decode(undefined), ProtocolError);
      assert.throws(() => decode(Buffer.concat([bytes, Buffer.of(0)])), ProtocolError);
      for (let length = 0; length < bytes.length; length += 1)
        assert.throws(() => decode(bytes.subarray(0, length)), ProtocolError);
    }
  });

  test("protocol/extended/total-state: a unique ID of another length is refused", () => {
    const change = { uniqueId: Buffer.alloc(15), node: undefined };
    const bytes = encodeTotalStructure({ ...PART, nodes: [change] });
    assert.throws(() => decodeTotalStructure(bytes), /16 bytes/);
  });
});
