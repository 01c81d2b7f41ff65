import { assert } from "chai";
import { type Csn, type ReplicaId, makeCsn } from "../../../../src/replication/csn/index.ts";
import { type Ruv, advanceRuv, makeRuv } from "../../../../src/replication/ruv/index.ts";
import {
  NO_SKIP_MEMORY,
  rememberSkips,
  startOf,
} from "../../../../src/replication/supplier/index.ts";

const RID = 1 as ReplicaId;
const csn = (seconds: number): Csn => makeCsn(seconds, 0, 1);
const consumerAt = (seconds: number | undefined): Ruv =>
  seconds === undefined ? makeRuv("g") : advanceRuv(makeRuv("g"), csn(seconds), 0);
const startAt = (memory: typeof NO_SKIP_MEMORY, seconds: number | undefined): Csn | undefined =>
  startOf(memory, consumerAt(seconds)).get(RID);

suite("supplier/skip-memory", () => {
  test("supplier/skip-memory: without a memory the RUV of the consumer counts", () => {
    assert.equal(startAt(NO_SKIP_MEMORY, 5), csn(5));
    assert.isUndefined(startAt(NO_SKIP_MEMORY, undefined));
  });

  test("supplier/skip-memory: what was skipped is not read again", () => {
    const memory = rememberSkips(consumerAt(5), new Map([[RID, csn(9)]]), new Map());
    assert.equal(startAt(memory, 5), csn(9));
    assert.equal(startAt(memory, 7), csn(9));
    assert.equal(startAt(memory, 12), csn(12));
  });

  test("supplier/skip-memory: a consumer that did not take what was sent gets it again", () => {
    const sent = new Map([[RID, csn(8)]]);
    const memory = rememberSkips(consumerAt(5), new Map([[RID, csn(9)]]), sent);
    assert.equal(startAt(memory, 8), csn(9));
    assert.equal(startAt(memory, 5), csn(5));
  });

  test("supplier/skip-memory: a consumer that was set back gets everything again", () => {
    const memory = rememberSkips(consumerAt(5), new Map([[RID, csn(9)]]), new Map());
    assert.equal(startAt(memory, 4), csn(4));
    assert.isUndefined(startAt(memory, undefined));
  });

  test("supplier/skip-memory: skips of a replica ID that the consumer never had are kept", () => {
    const memory = rememberSkips(consumerAt(undefined), new Map([[RID, csn(9)]]), new Map());
    assert.equal(startAt(memory, undefined), csn(9));
  });
});
