import { assert } from "chai";
import fc from "fast-check";
import { MemoryKv } from "../../../../src/kv/index.ts";
import type { Change, UniqueId } from "../../../../src/replication/change/index.ts";
import {
  ChangeReader,
  type ChangelogTables,
  appendChange,
  cleanReplicaSlice,
  countChanges,
  findChange,
  planSending,
  readLogBounds,
  readLogFloor,
  readRuv,
  reachesRuv,
  resetChangelog,
  trimSlice,
  writeRuv,
} from "../../../../src/replication/changelog/index.ts";
import {
  type Csn,
  type ReplicaId,
  csnReplicaId,
  makeCsn,
} from "../../../../src/replication/csn/index.ts";
import { type Ruv, advanceRuv, makeRuv, ruvMaxCsn } from "../../../../src/replication/ruv/index.ts";

const id = (n: number): ReplicaId => n as ReplicaId;
const GENERATION = "g";

class Log {
  readonly kv = new MemoryKv();
  readonly tables: ChangelogTables = {
    changelog: this.kv.bytesTable("changelog"),
    window: this.kv.bytesTable("window"),
    meta: this.kv.bytesTable("meta"),
  };

  constructor() {
    this.kv.transactSync(() => writeRuv(this.tables.meta, makeRuv(GENERATION)));
  }

  ruv(): Ruv {
    const ruv = readRuv(this.tables.meta);
    assert.ok(ruv !== undefined);
    return ruv;
  }

  /** One change of `replica` at `seconds`. */
  append(seconds: number, replica: number, loggedAt = seconds): Csn {
    const csn = makeCsn(seconds, 0, replica);
    const change: Change = {
      type: "delete",
      csn,
      uniqueId: "00000000-00000000-00000000-00000001" as UniqueId,
      dn: `cn=${seconds}`,
    };
    this.kv.transactSync(() => {
      appendChange(this.tables, change, loggedAt);
      writeRuv(this.tables.meta, advanceRuv(this.ruv(), csn, loggedAt));
    });
    return csn;
  }

  reader(reached: Record<number, number> = {}): ChangeReader {
    const csns = Object.entries(reached).map(
      ([replica, seconds]) => [id(Number(replica)), makeCsn(seconds, 0, Number(replica))] as const,
    );
    return new ChangeReader(this.tables, { generation: GENERATION, reached: new Map(csns) });
  }
}

/** `5/1`: the change of replica 1 at second 5. */
const short = (csn: Csn): string => `${Number.parseInt(csn.slice(0, 8), 16)}/${csnReplicaId(csn)}`;

function readAll(reader: ChangeReader, sliceMax = 2): string[] {
  const seen: string[] = [];
  for (;;) {
    const slice = reader.read(sliceMax);
    if (slice.type !== "changes") return [...seen, slice.type];
    seen.push(...slice.changes.map(({ csn }) => short(csn)));
  }
}

const POLICY = {
  ageSecondsMax: 100,
  changesMax: undefined,
  capAgeSeconds: undefined,
  capChanges: undefined,
};

suite("changelog/changelog", () => {
  test("changelog/changelog: a change is found by its CSN and counted", () => {
    const log = new Log();
    const csn = log.append(5, 1);
    assert.equal(findChange(log.tables, csn)?.dn, "cn=5");
    assert.isUndefined(findChange(log.tables, makeCsn(6, 0, 1)));
    assert.equal(countChanges(log.tables), 1);
    assert.throws(() => log.append(5, 1));
  });

  test("changelog/changelog: bounds are known for each replica ID", () => {
    const log = new Log();
    for (const [seconds, replica] of [
      [1, 1],
      [2, 2],
      [3, 1],
    ] as const)
      log.append(seconds, replica);
    const bounds = readLogBounds(log.tables);
    const expected = { firstCsn: makeCsn(1, 0, 1), lastCsn: makeCsn(3, 0, 1), changes: 2 };
    assert.deepEqual(bounds.get(id(1)), expected);
    assert.equal(bounds.get(id(2))?.changes, 1);
  });

  test("changelog/changelog: a reset leaves the RUV as floor", () => {
    const log = new Log();
    log.append(1, 1);
    const ruv = advanceRuv(makeRuv(GENERATION), makeCsn(9, 0, 7), 9);
    log.kv.transactSync(() => resetChangelog(log.tables, ruv));
    assert.equal(countChanges(log.tables), 0);
    assert.deepEqual([...readLogFloor(log.tables.meta)], [[id(7), makeCsn(9, 0, 7)]]);
    assert.deepEqual(readAll(log.reader({ 7: 9 })), ["end"]);
    assert.deepEqual(readAll(log.reader({ 7: 8 })), ["purged"]);
    assert.deepEqual(readAll(log.reader()), ["purged"]);
  });

  test("changelog/changelog: the records of a cleaned replica ID go, and its floor", () => {
    const log = new Log();
    for (let n = 1; n <= 6; n += 1) log.append(n, 1 + (n % 2));
    const cleaned = log.kv.transactSync.bind(log.kv);
    cleaned(() =>
      assert.deepEqual(cleanReplicaSlice(log.tables, id(2), undefined), {
        removed: 3,
        next: undefined,
      }),
    );
    assert.deepEqual([...readLogBounds(log.tables).keys()], [id(1)]);
  });
});

suite("changelog/change-reader", () => {
  test("changelog/change-reader: a consumer gets what it lacks of each replica ID, by CSN", () => {
    const log = new Log();
    for (const [s, r] of [
      [1, 1],
      [2, 2],
      [3, 1],
      [4, 2],
      [5, 3],
    ] as const)
      log.append(s, r);
    assert.deepEqual(readAll(log.reader()), ["1/1", "2/2", "3/1", "4/2", "5/3", "end"]);
    assert.deepEqual(readAll(log.reader({ 1: 1, 2: 4 })), ["3/1", "5/3", "end"]);
    assert.deepEqual(readAll(log.reader({ 1: 9, 2: 4, 3: 5 })), ["end"]);
  });

  test("changelog/change-reader: a late change with an old CSN is not missed, nor others repeated", () => {
    const log = new Log();
    for (const [s, r] of [
      [1, 1],
      [5, 2],
      [9, 2],
    ] as const)
      log.append(s, r);
    const reader = log.reader();
    const first = reader.read(2);
    assert.ok(first.type === "changes");
    log.append(3, 1);
    log.append(4, 1);
    assert.deepEqual(readAll(reader), ["9/2", "3/1", "4/1", "end"]);
    log.append(10, 2);
    assert.deepEqual(readAll(reader), ["10/2", "end"]);
  });

  test("changelog/change-reader: data of another generation ends the session", () => {
    const log = new Log();
    log.append(1, 1);
    const reader = log.reader();
    log.kv.transactSync(() => writeRuv(log.tables.meta, makeRuv("other")));
    assert.deepEqual(reader.read(5), { type: "replaced" });
  });

  test("changelog/change-reader: what is trimmed under a reader ends the session, no gap", () => {
    const log = new Log();
    for (let s = 1; s <= 4; s += 1) log.append(s, 1);
    const reader = log.reader();
    reader.read(1);
    const policy = { ...POLICY, capAgeSeconds: 10 };
    log.kv.transactSync(() =>
      trimSlice(
        log.tables,
        { policy, local: log.ruv(), consumers: [], nowSeconds: 500 },
        undefined,
      ),
    );
    assert.equal(reader.read(1).type, "purged");
  });

  test("changelog/change-reader: with missing changes ignored a consumer gets what is left", () => {
    const ranges = planSending({
      local: advanceRuv(makeRuv("g"), makeCsn(9, 0, 1), 0),
      floor: new Map([[id(1), makeCsn(5, 0, 1)]]),
      reached: new Map([[id(1), makeCsn(2, 0, 1)]]),
      ignoreMissing: true,
    });
    assert.equal(ranges.type, "send");
  });

  test("changelog/change-reader: changes of a replica ID that is being cleaned are not sent", () => {
    const log = new Log();
    log.append(1, 1);
    log.append(2, 2);
    const reader = new ChangeReader(log.tables, {
      generation: GENERATION,
      reached: new Map(),
      cleaned: new Set([id(1)]),
    });
    assert.deepEqual(readAll(reader), ["2/2", "end"]);
  });

  test("changelog/change-reader: whatever arrives meanwhile, each change comes once and in order", () => {
    const stepOf = fc.oneof(
      fc.record({ replica: fc.integer({ min: 1, max: 4 }), by: fc.integer({ min: 1, max: 9 }) }),
      fc.constant("read" as const),
    );
    fc.assert(
      fc.property(fc.array(stepOf, { maxLength: 50 }), (steps) => {
        const log = new Log();
        const newest = new Map<number, number>();
        const reader = log.reader();
        const seen: Csn[] = [];
        const read = (): string => {
          const slice = reader.read(2);
          if (slice.type === "changes") seen.push(...slice.changes.map(({ csn }) => csn));
          return slice.type;
        };
        for (const step of steps) {
          if (step === "read") read();
          else {
            const seconds = (newest.get(step.replica) ?? 0) + step.by;
            newest.set(step.replica, seconds);
            log.append(seconds, step.replica);
          }
        }
        while (read() !== "end");
        assert.equal(new Set(seen).size, seen.length);
        assert.equal(seen.length, countChanges(log.tables));
        for (const replica of newest.keys()) {
          const own = seen.filter((csn) => csnReplicaId(csn) === replica);
          assert.deepEqual(own, own.toSorted());
        }
      }),
    );
  });
});

suite("changelog/trim", () => {
  function trim(
    log: Log,
    input: { consumers: (Ruv | undefined)[]; nowSeconds: number; policy?: object },
  ): { left: string[]; overridden: number } {
    let overridden = 0;
    const all = { policy: { ...POLICY, ...input.policy }, local: log.ruv() };
    log.kv.transactSync(() => {
      const slice = trimSlice(log.tables, { ...input, ...all }, undefined);
      for (const count of slice.overridden.values()) overridden += count;
    });
    return {
      left: [...log.tables.changelog.keys()].map((key) =>
        short(Buffer.from(key).toString("hex") as Csn),
      ),
      overridden,
    };
  }
  const consumerAt = (...csns: Csn[]): Ruv =>
    csns.reduce((ruv, csn) => advanceRuv(ruv, csn, 0), makeRuv(GENERATION));

  test("changelog/trim: what is old and with all consumers goes, but the newest of each replica ID", () => {
    const log = new Log();
    for (const [s, r] of [
      [1, 1],
      [2, 2],
      [3, 1],
      [450, 1],
    ] as const)
      log.append(s, r);
    const consumers = [consumerAt(makeCsn(450, 0, 1), makeCsn(2, 0, 2))];
    assert.deepEqual(trim(log, { consumers, nowSeconds: 500 }).left, ["2/2", "450/1"]);
    assert.deepEqual([...readLogFloor(log.tables.meta)], [[id(1), makeCsn(3, 0, 1)]]);
  });

  test("changelog/trim: what a consumer lacks stays", () => {
    const log = new Log();
    for (let s = 1; s <= 4; s += 1) log.append(s, 1);
    const consumers = [consumerAt(makeCsn(4, 0, 1)), consumerAt(makeCsn(2, 0, 1))];
    assert.deepEqual(trim(log, { consumers, nowSeconds: 500 }).left, ["3/1", "4/1"]);
  });

  test("changelog/trim: a consumer without the replica ID, or never heard, needs all of it", () => {
    const log = new Log();
    for (let s = 1; s <= 3; s += 1) log.append(s, 1);
    assert.lengthOf(trim(log, { consumers: [makeRuv(GENERATION)], nowSeconds: 500 }).left, 3);
    assert.lengthOf(trim(log, { consumers: [undefined], nowSeconds: 500 }).left, 3);
  });

  test("changelog/trim: a consumer of another generation needs nothing", () => {
    const log = new Log();
    for (let s = 1; s <= 3; s += 1) log.append(s, 1);
    assert.deepEqual(trim(log, { consumers: [makeRuv("other")], nowSeconds: 500 }).left, ["3/1"]);
  });

  test("changelog/trim: the caps override need and say so", () => {
    const log = new Log();
    for (let s = 1; s <= 5; s += 1) log.append(s, 1);
    const byAge = { consumers: [undefined], nowSeconds: 503, policy: { capAgeSeconds: 500 } };
    assert.deepEqual(trim(log, byAge), { left: ["3/1", "4/1", "5/1"], overridden: 2 });
    const byCount = { consumers: [undefined], nowSeconds: 503, policy: { capChanges: 2 } };
    assert.deepEqual(trim(log, byCount), { left: ["4/1", "5/1"], overridden: 1 });
  });

  test("changelog/trim: more changes than allowed go whatever their age", () => {
    const log = new Log();
    for (let s = 496; s <= 500; s += 1) log.append(s, 1);
    assert.deepEqual(trim(log, { consumers: [], nowSeconds: 500 }).left.length, 5);
    const policy = { changesMax: 3 };
    assert.deepEqual(trim(log, { consumers: [], nowSeconds: 500, policy }).left, [
      "498/1",
      "499/1",
      "500/1",
    ]);
  });

  test("changelog/trim: age counts from the time of logging", () => {
    const log = new Log();
    log.append(1, 1, 490);
    log.append(2, 1, 491);
    assert.lengthOf(trim(log, { consumers: [], nowSeconds: 500 }).left, 2);
    assert.lengthOf(trim(log, { consumers: [], nowSeconds: 595 }).left, 1);
  });

  test("changelog/trim: changes of a replica ID that left the RUV go", () => {
    const log = new Log();
    for (const [s, r] of [
      [1, 1],
      [2, 2],
    ] as const)
      log.append(s, r);
    log.kv.transactSync(() => {
      const ruv = log.ruv();
      const elements = ruv.elements.filter((element) => element.replicaId !== id(2));
      writeRuv(log.tables.meta, { ...ruv, elements });
    });
    assert.deepEqual(trim(log, { consumers: [undefined], nowSeconds: 500 }).left, ["1/1"]);
  });

  test("changelog/trim: whatever is trimmed, a consumer is served whole or sent away", () => {
    const anyLog = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(anyLog, fc.nat(40), fc.nat(60), fc.nat(40), (replicas, has, now, cap) => {
        const log = new Log();
        replicas.forEach((replica, i) => log.append(i + 1, replica));
        const wanted = replicas.map((replica, i) => `${i + 1}/${replica}`).slice(has);
        const consumer = replicas
          .slice(0, has)
          .reduce(
            (ruv, replica, i) => advanceRuv(ruv, makeCsn(i + 1, 0, replica), 0),
            makeRuv("g"),
          );
        trim(log, {
          consumers: [consumer],
          nowSeconds: now,
          policy: { ageSecondsMax: 5, capAgeSeconds: cap },
        });
        const reached: Record<number, number> = {};
        for (const replica of [1, 2, 3]) {
          const max = ruvMaxCsn(consumer, id(replica));
          if (max !== undefined) reached[replica] = Number.parseInt(max.slice(0, 8), 16);
        }
        const served = readAll(log.reader(reached), 3);
        if (served.at(-1) !== "purged") assert.deepEqual(served, [...wanted, "end"]);
        else assert.isAbove(now, cap);
      }),
    );
  });

  test("changelog/changelog: a changelog that changes passed by does not reach the update vector", () => {
    const log = new Log();
    assert.isTrue(reachesRuv(log.tables, log.ruv()));
    log.append(1, 1);
    log.append(2, 2);
    assert.isTrue(reachesRuv(log.tables, log.ruv()));
    const unlogged = advanceRuv(log.ruv(), makeCsn(3, 0, 1), 3);
    log.kv.transactSync(() => writeRuv(log.tables.meta, unlogged));
    assert.isFalse(reachesRuv(log.tables, log.ruv()));
    log.kv.transactSync(() => resetChangelog(log.tables, log.ruv()));
    assert.isTrue(reachesRuv(log.tables, log.ruv()));
    assert.equal(countChanges(log.tables), 0);
  });
});
