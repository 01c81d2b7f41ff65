import { assert } from "chai";
import fc from "fast-check";
import {
  type Csn,
  type CsnGenerator,
  type ReplicaId,
  SKEW_SECONDS_MAX,
  adjustGenerator,
  decodeNsState,
  encodeNsState,
  generatorSeconds,
  hasIssued,
  makeCsn,
  makeGenerator,
  nextCsn,
  resumeGenerator,
} from "../../../../src/replication/csn/index.ts";

const RID = 1 as ReplicaId;
const T = 1_000_000;

function issue(generator: CsnGenerator, now: number): { csn: Csn; generator: CsnGenerator } {
  const issued = nextCsn(generator, now);
  assert.ok(issued.type === "issued");
  return issued;
}

suite("replication/csn-generator", () => {
  test("replication/csn-generator: CSNs of one second differ in their sequence number", () => {
    const first = issue(makeGenerator(RID, T), T);
    const second = issue(first.generator, T);
    const third = issue(second.generator, T + 1);
    assert.deepEqual(
      [first.csn, second.csn, third.csn],
      [makeCsn(T, 0, 1), makeCsn(T, 1, 1), makeCsn(T + 1, 0, 1)],
    );
  });

  test("replication/csn-generator: a clock set back freezes the time and counts on", () => {
    const first = issue(makeGenerator(RID, T), T);
    const second = issue(first.generator, T - 3600);
    assert.equal(second.csn, makeCsn(T, 1, 1));
    // The clock has to come back to where it was before time moves again.
    assert.equal(issue(second.generator, T - 1).csn, makeCsn(T, 2, 1));
    assert.equal(issue(second.generator, T + 1).csn, makeCsn(T + 1, 0, 1));
  });

  test("replication/csn-generator: a clock set back by more than a day is refused", () => {
    const generator = makeGenerator(RID, T);
    assert.deepEqual(nextCsn(generator, T - SKEW_SECONDS_MAX - 1), {
      type: "skew",
      cause: "local",
      offsetSeconds: SKEW_SECONDS_MAX + 1,
    });
    const ignored = nextCsn(generator, T - SKEW_SECONDS_MAX - 1, { ignoreTimeSkew: true });
    assert.equal(ignored.type, "issued");
  });

  test("replication/csn-generator: 65,535 CSNs fit one second, then time is borrowed", () => {
    const full = { ...makeGenerator(RID, T), sequence: 0xffff };
    const next = issue(full, T);
    assert.equal(next.csn, makeCsn(T + 1, 0, 1));
    assert.equal(next.generator.localOffsetSeconds, 1);
  });

  test("replication/csn-generator: a remote CSN ahead moves the time, one second of it edible", () => {
    const moved = adjustGenerator(makeGenerator(RID, T), makeCsn(T + 10, 4, 2), T);
    assert.ok(moved.type === "moved");
    assert.deepEqual(moved.generator, {
      replicaId: RID,
      sampledSeconds: T,
      localOffsetSeconds: 1,
      remoteOffsetSeconds: 9,
      sequence: 5,
    });
    assert.equal(issue(moved.generator, T).csn, makeCsn(T + 10, 5, 1));
    assert.equal(issue(moved.generator, T + 1).csn, makeCsn(T + 10, 5, 1));
    assert.equal(issue(moved.generator, T + 2).csn, makeCsn(T + 11, 0, 1));
  });

  test("replication/csn-generator: a remote CSN behind changes nothing", () => {
    const generator = { ...makeGenerator(RID, T), sequence: 7 };
    assert.deepEqual(adjustGenerator(generator, makeCsn(T - 1, 99, 2), T), {
      type: "moved",
      generator,
    });
    assert.deepEqual(adjustGenerator(generator, makeCsn(T, 6, 2), T), { type: "moved", generator });
  });

  test("replication/csn-generator: the last sequence number of a remote second borrows one", () => {
    const moved = adjustGenerator(makeGenerator(RID, T), makeCsn(T, 0xffff, 2), T);
    assert.ok(moved.type === "moved");
    assert.equal(issue(moved.generator, T).csn, makeCsn(T + 1, 0, 1));
  });

  test("replication/csn-generator: the remote offset is limited to a day in sum", () => {
    const first = adjustGenerator(makeGenerator(RID, T), makeCsn(T + 80_000, 0, 2), T);
    assert.ok(first.type === "moved");
    const ahead = makeCsn(T + 80_000 + 7_000, 0, 2);
    assert.deepInclude(adjustGenerator(first.generator, ahead, T), {
      type: "skew",
      cause: "remote",
    });
    const ignored = adjustGenerator(first.generator, ahead, T, { ignoreTimeSkew: true });
    assert.equal(ignored.type, "moved");
  });

  test("replication/csn-generator: a CSN is above the base it is asked for", () => {
    const base = makeCsn(T, 9, 3);
    const issued = nextCsn(makeGenerator(RID, T), T, { above: base });
    assert.ok(issued.type === "issued");
    assert.equal(issued.csn, makeCsn(T, 10, 1));
  });

  test("replication/csn-generator: nsState is the 40 bytes that 389 stores", () => {
    const bytes = Buffer.from("AQAAAAAAAADSCAJrAAAAAAAAAAAAAAAAAAAAAAAAAAABAAAAAAAAAA==", "base64");
    const generator = { ...makeGenerator(RID, 0x6b0208d2), sequence: 1 };
    assert.deepEqual(decodeNsState(bytes), generator);
    assert.equal(encodeNsState(generator).toString("hex"), bytes.toString("hex"));
    assert.isUndefined(decodeNsState(bytes.subarray(1)));
    assert.isUndefined(decodeNsState(Buffer.alloc(40, 0xff)));
  });

  test("replication/csn-generator: a restart continues above the newest CSN of the data", () => {
    const last = makeCsn(T + 200_000, 5, 1);
    const resumed = resumeGenerator(makeGenerator(RID, T), last, T);
    assert.isAbove(generatorSeconds(resumed), T);
    assert.isTrue(hasIssued(resumed, last));
    assert.equal(issue(resumed, T).csn, makeCsn(T + 200_000, 6, 1));
  });

  test("replication/csn-generator: CSNs rise whatever clock, peers and crashes do", () => {
    const stepOf = fc.oneof(
      fc.record({ type: fc.constant("tick"), by: fc.integer({ min: -50_000, max: 50_000 }) }),
      fc.record({ type: fc.constant("issue"), by: fc.constant(0) }),
      fc.record({ type: fc.constant("remote"), by: fc.integer({ min: -10, max: 3_000 }) }),
      fc.record({ type: fc.constant("crash"), by: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(stepOf, { maxLength: 60 }), (steps) => {
        let now = T + 10_000_000;
        let generator = makeGenerator(RID, now);
        let stored = generator;
        let last = "" as Csn;
        for (const { type, by } of steps) {
          if (type === "tick") now += by;
          if (type === "crash") generator = resumeGenerator(stored, undefined, now);
          if (type === "remote") {
            const seen = makeCsn(generatorSeconds(generator) + by, 3, 2);
            const moved = adjustGenerator(generator, seen, now);
            if (moved.type === "moved") generator = moved.generator;
          }
          if (type === "issue") {
            const issued = nextCsn(generator, now, { ignoreTimeSkew: true });
            assert.ok(issued.type === "issued");
            assert.isTrue(issued.csn > last);
            last = issued.csn;
            generator = issued.generator;
            stored = generator; // stored with the change
          }
        }
      }),
    );
  });
});
