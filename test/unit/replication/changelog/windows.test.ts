// Windows of the changelog: whatever happens to it, they count what it holds, and a reader that has them hands out and counts
// the same as one that has none.
import { assert } from "chai";
import fc from "fast-check";
import { type BytesTable, MemoryKv } from "../../../../src/kv/index.ts";
import type { Change, UniqueId } from "../../../../src/replication/change/index.ts";
import {
  type ChangeFilter,
  ChangeReader,
  type ChangelogTables,
  type ReadSlice,
  appendChange,
  cleanReplicaSlice,
  findWindowFaults,
  readRuv,
  resetChangelog,
  trimSlice,
  writeRuv,
} from "../../../../src/replication/changelog/index.ts";
import { META_WINDOWS_KEY } from "../../../../src/replication/changelog/tables.ts";
import {
  SECTIONS_MAX,
  SECTION_NAMES_BYTES_MAX,
} from "../../../../src/replication/changelog/window-row.ts";
import { WINDOW_SECONDS } from "../../../../src/replication/changelog/windows.ts";
import {
  type Csn,
  type ReplicaId,
  csnReplicaId,
  encodeCsn,
  makeCsn,
} from "../../../../src/replication/csn/index.ts";
import {
  type Ruv,
  advanceRuv,
  makeRuv,
  withoutReplica,
} from "../../../../src/replication/ruv/index.ts";
import { changeFilter, makeFractional } from "../../../../src/replication/supplier/index.ts";

const GENERATION = "g";
const LAST_MODS = ["modifiersName", "modifyTimestamp"];
const FRACTIONAL = makeFractional({
  excluded: ["mail", "telephoneNumber"],
  excludedTotal: [],
  stripped: LAST_MODS,
});
const FILTER = changeFilter(FRACTIONAL) as ChangeFilter;
/** As FILTER, but nothing is told from heads. */
const SLOW_FILTER: ChangeFilter = { skipped: new Set(), apply: (change) => FILTER.apply(change) };
const TRIM_ALL = {
  ageSecondsMax: 1,
  changesMax: undefined,
  capAgeSeconds: undefined,
  capChanges: undefined,
};

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

  /** A modify, or a delete when nothing is touched. */
  append(csn: Csn, types: readonly string[] = ["mail", ...LAST_MODS]): void {
    const base = {
      csn,
      uniqueId: "00000000-00000000-00000000-00000001" as UniqueId,
      dn: `cn=${csn}`,
    };
    const mods = types.map((type) => ({ operation: "replace" as const, type, values: [] }));
    const change: Change =
      types.length === 0 ? { ...base, type: "delete" } : { ...base, type: "modify", mods };
    this.kv.transactSync(() => {
      appendChange(this.tables, change, 1);
      writeRuv(this.tables.meta, advanceRuv(this.ruv(), csn, 1));
    });
  }

  transact<T>(step: () => T): T {
    let result: T | undefined;
    this.kv.transactSync(() => {
      result = step();
    });
    return result as T;
  }

  faults(): string[] {
    return [...findWindowFaults(this.tables)];
  }

  reader(filter: ChangeFilter, reached: ReadonlyMap<ReplicaId, Csn> = new Map()): ChangeReader {
    return new ChangeReader(this.tables, {
      generation: GENERATION,
      reached,
      filter,
      ignoreMissing: true,
    });
  }

  /** One that does not know of windows. */
  slowReader(reached: ReadonlyMap<ReplicaId, Csn> = new Map()): ChangeReader {
    const meta: BytesTable = Object.create(this.tables.meta, {
      getCopy: {
        value: (key: Uint8Array) =>
          META_WINDOWS_KEY.equals(key) ? undefined : this.tables.meta.getCopy(key),
      },
    }) as BytesTable;
    return new ChangeReader(
      { ...this.tables, meta },
      { generation: GENERATION, reached, filter: SLOW_FILTER, ignoreMissing: true },
    );
  }
}

interface Reading {
  readonly sent: Csn[];
  readonly skipped: Map<ReplicaId, number>;
  skippedAtEnd: number;
  slices: number;
}

const newReading = (): Reading => ({ sent: [], skipped: new Map(), skippedAtEnd: 0, slices: 0 });

/** One slice; whether there is more. */
function readSlice(reader: ChangeReader, reading: Reading, changesMax: number): boolean {
  const slice: ReadSlice = reader.read(changesMax);
  if (slice.type !== "changes") {
    assert.equal(slice.type, "end");
    return false;
  }
  reading.slices += 1;
  reading.sent.push(...slice.changes.map(({ csn }) => csn));
  for (const [replicaId, count] of slice.skipped) {
    reading.skipped.set(replicaId, (reading.skipped.get(replicaId) ?? 0) + count);
  }
  const before = slice.changes.length > 0 ? 0 : reading.skippedAtEnd;
  reading.skippedAtEnd = before + slice.skippedAtEnd;
  return true;
}

function readAll(reader: ChangeReader, reading = newReading(), changesMax = 3): Reading {
  while (readSlice(reader, reading, changesMax));
  return reading;
}

const shown = ({ sent, skipped, skippedAtEnd }: Reading): object => ({
  sent,
  skipped: [...skipped].sort(([a], [b]) => a - b),
  skippedAtEnd,
});

suite("changelog/windows", () => {
  test("changelog/windows: a reader passes over windows of which nothing is sent", () => {
    const log = new Log();
    for (let n = 0; n < 300; n += 1) {
      log.append(makeCsn(WINDOW_SECONDS * (10 + Math.floor(n / 50)), n, 1 + (n % 2)));
    }
    const { changelog } = log.tables;
    const seen: string[] = [];
    const counting: BytesTable = Object.create(changelog, {
      visit: {
        value: (...[options, visit]: Parameters<BytesTable["visit"]>) =>
          changelog.visit(options, (key, value) => {
            seen.push(Buffer.from(key).toString("hex"));
            return visit(key, value);
          }),
      },
    }) as BytesTable;
    const reader = new ChangeReader(
      { ...log.tables, changelog: counting },
      { generation: GENERATION, reached: new Map(), filter: FILTER },
    );
    const reading = readAll(reader);
    assert.deepEqual(shown(reading), {
      sent: [],
      skipped: [
        [1, 150],
        [2, 150],
      ],
      skippedAtEnd: 300,
    });
    assert.deepEqual(seen, []);
    assert.equal(reading.slices, 1);
    assert.deepEqual(log.faults(), []);
  });

  test("changelog/windows: a change that is sent comes out of the midst of what is not", () => {
    const log = new Log();
    for (let n = 0; n < 40; n += 1)
      log.append(makeCsn(100 + n, 0, 1), n === 20 ? ["sn"] : ["mail"]);
    assert.deepEqual(shown(readAll(log.reader(FILTER))), {
      sent: [makeCsn(120, 0, 1)],
      skipped: [[1, 39]],
      skippedAtEnd: 19,
    });
  });

  test("changelog/windows: what is not stripped is sent, whatever else a window has", () => {
    const log = new Log();
    log.append(makeCsn(100, 0, 1), ["mail"]);
    log.append(makeCsn(100, 1, 1), ["mail", ...LAST_MODS]);
    log.append(makeCsn(100, 2, 1), ["mail", "modifiersName"]);
    log.append(makeCsn(110, 0, 1), ["telephoneNumber"]);
    const plain = makeFractional({ excluded: ["mail"], excludedTotal: [], stripped: [] });
    assert.deepEqual(shown(readAll(log.reader(changeFilter(plain) as ChangeFilter))), {
      sent: [makeCsn(100, 1, 1), makeCsn(100, 2, 1), makeCsn(110, 0, 1)],
      skipped: [[1, 1]],
      skippedAtEnd: 0,
    });
  });

  test("changelog/windows: a change that arrives late is counted in its window", () => {
    const log = new Log();
    log.append(makeCsn(100, 0, 1));
    log.append(makeCsn(200, 0, 1));
    log.append(makeCsn(101, 0, 2), ["sn"]);
    log.append(makeCsn(150, 0, 3));
    assert.deepEqual(log.faults(), []);
    assert.deepEqual(readAll(log.reader(FILTER)).sent, [makeCsn(101, 0, 2)]);
  });

  test("changelog/windows: what was logged before there were windows is read", () => {
    const log = new Log();
    log.append(makeCsn(100, 0, 1), ["sn"]);
    log.append(makeCsn(103, 0, 1));
    log.transact(() => {
      log.tables.window.clear();
      log.tables.meta.delete(META_WINDOWS_KEY);
    });
    log.append(makeCsn(103, 1, 1), ["sn"]);
    log.append(makeCsn(90, 0, 2), ["sn"]);
    assert.equal(log.tables.meta.getCopy(META_WINDOWS_KEY)?.length, 8);
    log.append(makeCsn(120, 0, 1));
    log.append(makeCsn(91, 0, 2), ["sn"]);
    assert.deepEqual(log.faults(), []);
    const reading = readAll(log.reader(FILTER));
    assert.lengthOf(reading.sent, 4);
    assert.deepEqual([...reading.skipped], [[1, 2]]);
  });

  test("changelog/windows: CSNs of any time have their window", () => {
    const log = new Log();
    for (const [seconds, replica] of [
      [0, 1],
      [0xffff_ffff, 2],
      [5, 1],
      [0xffff_fffe, 3],
      [6, 1],
    ] as const)
      log.append(makeCsn(seconds, 0xffff, replica, 0xffff));
    assert.deepEqual(log.faults(), []);
    assert.deepEqual(shown(readAll(log.reader(FILTER))), shown(readAll(log.slowReader())));
    log.transact(() => {
      log.tables.window.clear();
      log.tables.meta.delete(META_WINDOWS_KEY);
    });
    log.append(makeCsn(7, 0, 1));
    assert.deepEqual(log.faults(), []);
    assert.deepEqual(shown(readAll(log.reader(FILTER))), shown(readAll(log.slowReader())));
  });

  test("changelog/windows: more replica IDs than a row takes share a section", () => {
    const log = new Log();
    const count = SECTIONS_MAX + 10;
    for (let replica = 1; replica <= count; replica += 1) log.append(makeCsn(100, 0, replica));
    for (let replica = 1; replica <= count; replica += 1) log.append(makeCsn(100, 1, replica));
    assert.deepEqual(log.faults(), []);
    assert.deepEqual(shown(readAll(log.reader(FILTER))), shown(readAll(log.slowReader())));
    for (const replica of [count, 3, SECTIONS_MAX + 1]) {
      log.transact(() => cleanReplicaSlice(log.tables, replica as ReplicaId, undefined));
      assert.deepEqual(log.faults(), []);
    }
    log.append(makeCsn(100, 2, 4));
    log.append(makeCsn(100, 2, count + 1));
    assert.deepEqual(log.faults(), []);
    assert.isBelow(log.tables.meta.getCopy(META_WINDOWS_KEY)?.length ?? 0, 100 * SECTIONS_MAX);
  });

  test("changelog/windows: more names than a section takes are not listed", () => {
    const log = new Log();
    const names = Array.from({ length: 100 }, (_, i) => `x-attribute-${i}`);
    const wide = changeFilter(makeFractional({ excluded: names, excludedTotal: [], stripped: [] }));
    names.forEach((name, i) => log.append(makeCsn(100, i, 1), [name]));
    assert.deepEqual(log.faults(), []);
    assert.isBelow(log.tables.meta.getCopy(META_WINDOWS_KEY)?.length ?? 0, SECTION_NAMES_BYTES_MAX);
    assert.deepEqual([...readAll(log.reader(wide as ChangeFilter)).skipped], [[1, 100]]);
  });

  test("changelog/windows: a reset leaves none", () => {
    const log = new Log();
    for (let n = 0; n < 9; n += 1) log.append(makeCsn(100 + 5 * n, 0, 1));
    assert.isAbove(log.tables.window.count(), 0);
    log.transact(() => resetChangelog(log.tables, log.ruv()));
    assert.equal(log.tables.window.count(), 0);
    log.append(makeCsn(300, 0, 1));
    assert.deepEqual(log.faults(), []);
  });

  test("changelog/windows: a window that counts what is not there is a fault", () => {
    const damages: readonly ((log: Log) => void)[] = [
      ({ tables }) => tables.changelog.delete(encodeCsn(makeCsn(100, 0, 1))),
      ({ tables }) => tables.changelog.delete(encodeCsn(makeCsn(120, 0, 1))),
      ({ tables }) => {
        const record = tables.changelog.getCopy(encodeCsn(makeCsn(100, 0, 1))) as Buffer;
        tables.changelog.put(encodeCsn(makeCsn(101, 0, 1)), record);
      },
      ({ tables }) => {
        const record = tables.changelog.getCopy(encodeCsn(makeCsn(100, 0, 1))) as Buffer;
        tables.changelog.put(encodeCsn(makeCsn(100, 0, 1)), Buffer.from(record).fill("q", 25, 29));
      },
      ({ tables }) => tables.window.clear(),
      ({ tables }) => tables.meta.delete(META_WINDOWS_KEY),
      ({ tables }) => tables.window.put(Buffer.from("ffffffff", "hex"), Buffer.alloc(0)),
    ];
    for (const damage of damages) {
      const log = new Log();
      log.append(makeCsn(100, 0, 1));
      log.append(makeCsn(120, 0, 1));
      assert.deepEqual(log.faults(), []);
      log.transact(() => damage(log));
      assert.isNotEmpty(log.faults(), damage.toString());
    }
  });

  test("changelog/windows: with and without them the same comes out and is counted", () => {
    const replica = fc.integer({ min: 1, max: 3 });
    const touched = fc.oneof(
      { weight: 30, arbitrary: fc.constant(["mail", ...LAST_MODS]) },
      { weight: 4, arbitrary: fc.constant(["telephoneNumber;x"]) },
      { weight: 1, arbitrary: fc.constantFrom([], ["sn"], ["mail", "sn"], ["modifiersName"]) },
    );
    const step = fc.oneof(
      {
        weight: 10,
        arbitrary: fc.record({
          do: fc.constant("append" as const),
          replica,
          by: fc.nat(8),
          times: fc.integer({ min: 1, max: 6 }),
          touched,
        }),
      },
      {
        weight: 3,
        arbitrary: fc.record({
          do: fc.constant("read" as const),
          changesMax: fc.integer({ min: 1, max: 4 }),
        }),
      },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("newSession" as const) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("trim" as const), before: fc.nat(60) }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("clean" as const), replica }) },
      { weight: 1, arbitrary: fc.record({ do: fc.constant("forgetWindows" as const) }) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const log = new Log();
        const newest = new Map<number, number>();
        let readers = [log.reader(FILTER), log.slowReader()] as const;
        let readings = [newReading(), newReading()] as const;
        const compare = (): void => {
          assert.deepEqual(shown(readings[0]), shown(readings[1]));
          assert.deepEqual(log.faults(), []);
        };
        const finish = (): void => {
          readers.forEach((reader, i) => readAll(reader, readings[i]));
          compare();
        };
        for (const one of steps) {
          switch (one.do) {
            case "append":
              for (let n = 0; n < one.times; n += 1) {
                const at = (newest.get(one.replica) ?? 100 * 0x1_0000) + 1 + one.by * 0x8000;
                newest.set(one.replica, at);
                const seconds = Math.floor(at / 0x1_0000);
                log.append(makeCsn(seconds, at % 0x1_0000, one.replica), one.touched);
              }
              break;
            case "read":
              readers.forEach((reader, i) => readSlice(reader, readings[i]!, one.changesMax));
              break;
            case "newSession": {
              finish();
              assert.deepEqual([...readers[0].reached].sort(), [...readers[1].reached].sort());
              const reached = new Map([...readers[0].reached].filter(([id]) => id !== 2));
              readers = [log.reader(FILTER, reached), log.slowReader(reached)];
              readings = [newReading(), newReading()];
              break;
            }
            case "trim":
              finish();
              log.transact(() =>
                trimSlice(
                  log.tables,
                  {
                    policy: TRIM_ALL,
                    local: log.ruv(),
                    consumers: [],
                    nowSeconds: 100 + one.before,
                  },
                  undefined,
                ),
              );
              break;
            case "clean":
              finish();
              log.transact(() => {
                writeRuv(log.tables.meta, withoutReplica(log.ruv(), one.replica as ReplicaId));
                cleanReplicaSlice(log.tables, one.replica as ReplicaId, undefined);
              });
              break;
            case "forgetWindows":
              log.transact(() => {
                log.tables.window.clear();
                log.tables.meta.delete(META_WINDOWS_KEY);
              });
              break;
          }
        }
        finish();
        for (const id of log.ruv().elements.map((element) => element.replicaId)) {
          const own = readings[0].sent.filter((csn) => csnReplicaId(csn) === id);
          assert.deepEqual(own, own.toSorted());
        }
      }),
      { numRuns: 300 },
    );
  });
});
