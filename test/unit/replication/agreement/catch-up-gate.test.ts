import { assert } from "chai";
import type { Millis } from "../../../../src/base/index.ts";
import {
  type CloseGate,
  GATE_OPEN,
  type GateFacts,
  type GateState,
  closeGate,
  describeGate,
  forgetPeer,
  hearPeer,
  tickGate,
} from "../../../../src/replication/agreement/index.ts";
import { type Csn, type ReplicaId, makeCsn } from "../../../../src/replication/csn/index.ts";
import { type Ruv, advanceRuv, makeRuv } from "../../../../src/replication/ruv/index.ts";

const OWN = 1 as ReplicaId;
const own = (seconds: number): Csn => makeCsn(seconds, 0, 1);
const ruvAt = (seconds: number | undefined, generation = "g"): Ruv =>
  seconds === undefined ? makeRuv(generation) : advanceRuv(makeRuv(generation), own(seconds), 0);
const facts = (seconds: number | undefined, now = 0): GateFacts => ({
  now: now as Millis,
  ownReplicaId: OWN,
  ruv: ruvAt(seconds),
});
const how = (seconds: number | undefined, changes: Partial<CloseGate> = {}): CloseGate => ({
  ...facts(seconds),
  reason: "initialization",
  limitMs: 60_000,
  peers: ["a", "b"],
  lastIssued: undefined,
  ...changes,
});

suite("agreement/catch-up-gate", () => {
  test("agreement/catch-up-gate: a replica that never issued a CSN passes at once", () => {
    assert.deepEqual(closeGate(how(undefined)), GATE_OPEN);
  });

  test("agreement/catch-up-gate: restored data may be older than its first change", () => {
    assert.equal(closeGate(how(undefined, { reason: "restore" })).name, "closed");
  });

  test("agreement/catch-up-gate: what it remembers to have issued closes it", () => {
    assert.equal(closeGate(how(undefined, { lastIssued: own(3) })).name, "closed");
    assert.equal(closeGate(how(3)).name, "closed");
  });

  test("agreement/catch-up-gate: without agreements there is nobody to wait for", () => {
    assert.deepEqual(closeGate(how(3, { peers: [] })), GATE_OPEN);
  });

  test("agreement/catch-up-gate: it opens when all peers hold nothing that is missing", () => {
    let gate: GateState = closeGate(how(3));
    gate = hearPeer(gate, "a", ruvAt(3), facts(3));
    assert.equal(gate.name, "closed");
    gate = hearPeer(gate, "b", ruvAt(2), facts(3));
    assert.deepEqual(gate, GATE_OPEN);
  });

  test("agreement/catch-up-gate: changes of ours at a peer have to come back first", () => {
    let gate: GateState = closeGate(how(3, { peers: ["a"] }));
    gate = hearPeer(gate, "a", ruvAt(9), facts(3));
    assert.match(describeGate(gate, own(3)) ?? "", /own changes up to 00000009/);
    gate = tickGate(gate, facts(8, 1_000));
    assert.equal(gate.name, "closed");
    gate = tickGate(gate, facts(9, 2_000));
    assert.deepEqual(gate, GATE_OPEN);
  });

  test("agreement/catch-up-gate: a peer with other data holds nothing that could come back", () => {
    const gate = closeGate(how(3, { peers: ["a"] }));
    assert.deepEqual(hearPeer(gate, "a", ruvAt(9, "other"), facts(3)), GATE_OPEN);
    assert.deepEqual(hearPeer(gate, "a", makeRuv("g"), facts(3)), GATE_OPEN);
  });

  test("agreement/catch-up-gate: an agreement that goes is not waited for", () => {
    let gate: GateState = closeGate(how(3));
    gate = hearPeer(gate, "a", ruvAt(3), facts(3));
    assert.deepEqual(forgetPeer(gate, "b", facts(3)), GATE_OPEN);
  });

  test("agreement/catch-up-gate: a supplier without an agreement of ours is heard as well", () => {
    let gate: GateState = closeGate(how(3, { peers: ["a"] }));
    gate = hearPeer(gate, "stranger", ruvAt(9), facts(3));
    gate = hearPeer(gate, "a", ruvAt(3), facts(3));
    assert.equal(gate.name, "closed");
    assert.deepEqual(tickGate(gate, facts(9)), GATE_OPEN);
  });

  test("agreement/catch-up-gate: after the limit it opens and says who was missing", () => {
    let gate: GateState = closeGate(how(3));
    gate = hearPeer(gate, "a", ruvAt(9), facts(3));
    gate = tickGate(gate, facts(3, 60_000));
    assert.deepEqual(gate, { name: "open", missedPeers: ["b"], missedCsn: own(9) });
    const text = describeGate(gate, own(3)) ?? "";
    assert.match(text, /unreachable: b; own changes up to 00000009/);
    assert.isUndefined(describeGate(GATE_OPEN, own(3)));
  });

  test("agreement/catch-up-gate: a peer that is heard keeps it closed beyond the limit while it holds what is missing", () => {
    let gate: GateState = closeGate(how(3, { peers: ["a"] }));
    for (let now = 0; now <= 300_000; now += 50_000) {
      gate = hearPeer(gate, "a", ruvAt(9), facts(3, now));
      assert.equal(tickGate(gate, facts(3, now + 49_999)).name, "closed");
    }
    assert.deepEqual(tickGate(gate, facts(9, 350_000)), GATE_OPEN);
    assert.deepEqual(hearPeer(gate, "a", ruvAt(3), facts(3, 350_000)), GATE_OPEN);
  });

  test("agreement/catch-up-gate: a peer that falls silent with what is missing is given up after the limit", () => {
    let gate: GateState = closeGate(how(3, { peers: ["a"] }));
    gate = hearPeer(gate, "a", ruvAt(9), facts(3, 50_000));
    assert.equal(tickGate(gate, facts(3, 109_999)).name, "closed");
    const opened = tickGate(gate, facts(3, 110_000));
    assert.deepEqual(opened, { name: "open", missedPeers: [], missedCsn: own(9) });
  });

  test("agreement/catch-up-gate: those who are not heard are not waited for again when others are", () => {
    let gate: GateState = closeGate(how(3));
    gate = hearPeer(gate, "a", ruvAt(9), facts(3, 50_000));
    gate = tickGate(gate, facts(9, 60_000));
    assert.deepEqual(gate, { name: "open", missedPeers: ["b"], missedCsn: undefined });
  });
});
