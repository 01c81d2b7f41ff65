// Reading and joining the state of entries: everything travels both ways, and what makes no sense is refused.
import { assert } from "chai";
import {
  type EntryState,
  ProtocolError,
  decodeEntryState,
  decodeJoinEntryState,
  decodeJoinEntryStateResponse,
  decodeReadEntryState,
  decodeReadEntryStateResponse,
  encodeEntryState,
  encodeJoinEntryState,
  encodeJoinEntryStateResponse,
  encodeReadEntryState,
  encodeReadEntryStateResponse,
} from "../../../../src/protocol/index.ts";
import type { Csn } from "../../../../src/replication/csn/index.ts";
import { checkValueCase, hex } from "../../../support/codec-case.ts";

const CSN = "00000001000000010000" as Csn;
const LATER = "00000002000000010000" as Csn;
const PARENT = "aaaaaaaa-00000000-00000000-00000000";
const operation = { csn: CSN, dn: "cn=a,dc=x", parent: undefined, newRdn: "", deleteOldRdn: false };
const state: EntryState = {
  entry: {
    uniqueId: "aaaaaaaa-00000000-00000000-00000001",
    dn: "cn=a,dc=x",
    attributes: [
      {
        type: "cn",
        deletionCsn: undefined,
        deleted: false,
        values: [
          { value: Buffer.from("a"), deleted: false, csns: [{ kind: "updated", csn: CSN }] },
        ],
      },
    ],
  },
  node: {
    life: "dead",
    parent: PARENT,
    rdn: "cn=a",
    naming: CSN,
    death: LATER,
    effects: [{ csn: CSN, isDelete: true, type: "cn", value: Buffer.from("b") }],
  },
  operations: [
    { ...operation, kind: "add", parent: PARENT, newSuperior: undefined },
    { ...operation, kind: "delete", newSuperior: undefined },
    { ...operation, kind: "revive", newSuperior: undefined },
    { ...operation, kind: "modrdn", newRdn: "cn=c", deleteOldRdn: true, newSuperior: "" },
    { ...operation, kind: "modrdn", newRdn: "cn=c", parent: PARENT, newSuperior: "dc=x" },
  ],
};

suite("protocol/entry-state", () => {
  test("protocol/entry-state: a state travels both ways, with all of it and with little", () => {
    assert.deepEqual(decodeEntryState(encodeEntryState(state)), state);
    const suffix = { ...state, node: undefined, operations: [] };
    assert.deepEqual(decodeEntryState(encodeEntryState(suffix)), suffix);
    const live = { ...state, node: { ...state.node!, life: "live" as const, death: undefined } };
    assert.deepEqual(decodeEntryState(encodeEntryState(live)), live);
  });

  test("protocol/entry-state: a state that is cut off or has a death without being dead is refused", () => {
    const encoded = encodeEntryState(state);
    for (let length = 0; length < encoded.length; length += 1) {
      assert.throws(() => decodeEntryState(encoded.subarray(0, length)), ProtocolError);
    }
    const odd = { ...state, node: { ...state.node!, life: "live" as const } };
    assert.throws(() => decodeEntryState(encodeEntryState(odd)), ProtocolError);
  });

  test("protocol/entry-state: a question for states and its answer travel both ways", () => {
    const id = "0123456789abcdef0123456789abcdef";
    const question = hex(`30 18  04 04 64633d78  04 10 ${id}`);
    const asked = { suffix: "dc=x", uniqueIds: [id] };
    checkValueCase(question, decodeReadEntryState, asked);
    assert.deepEqual(encodeReadEntryState(asked), question);
    const answer = hex(`30 1c  30 03 04 01 72  30 03 04 01 2a  04 10 ${id}`);
    const said = { ruv: ["r"], states: [Buffer.from("*")], related: [id] };
    checkValueCase(answer, decodeReadEntryStateResponse, said);
    assert.deepEqual(encodeReadEntryStateResponse(said), answer);
    assert.throws(() => decodeReadEntryState(hex("30 05 04 00 04 01 00")), ProtocolError);
  });

  test("protocol/entry-state: states to be joined and what became of them travel both ways", () => {
    const request = hex("30 10  04 04 64633d78  30 03 04 01 72  30 03 04 01 2a");
    const asked = { suffix: "dc=x", ruv: ["r"], states: [Buffer.from("*")] };
    checkValueCase(request, decodeJoinEntryState, asked);
    assert.deepEqual(encodeJoinEntryState(asked), request);
    const answer = hex("30 11  30 05 0a 01 01 30 00  30 08 0a 01 02 30 03 04 01 77");
    const said = [
      { outcome: "joined", reasons: [] },
      { outcome: "behind", reasons: ["w"] },
    ] as const;
    checkValueCase(answer, decodeJoinEntryStateResponse, said);
    assert.deepEqual(encodeJoinEntryStateResponse(said), answer);
    const unknown = hex("30 07 30 05 0a 01 03 30 00");
    assert.throws(() => decodeJoinEntryStateResponse(unknown), ProtocolError);
  });
});
