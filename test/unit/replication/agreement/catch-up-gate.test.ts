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
  gateWakeAt,
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
    assert.equal(gateWakeAt(gate), 60_000);
    gate = hearPeer(gate, "a", ruvAt(9), facts(3));
    gate = tickGate(gate, facts(3, 60_000));
    assert.deepEqual(gate, { name: "open", missedPeers: ["b"], missedCsn: own(9) });
    const text = describeGate(gate, own(3)) ?? "";
    assert.match(text, /unreachable: b; own changes up to 00000009/);
    assert.isUndefined(describeGate(GATE_OPEN, own(3)));
  });

  test("agreement/catch-up-gate: a clock that is set back does not keep it closed for ever", () => {
    const gate = closeGate({ ...how(3), now: 1_000_000 as Millis });
    assert.equal(tickGate(gate, facts(3, 0)).name, "open");
  });
});
