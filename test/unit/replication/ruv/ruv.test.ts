import { assert } from "chai";
import fc from "fast-check";
import { type ReplicaId, makeCsn } from "../../../../src/replication/csn/index.ts";
import {
  type Ruv,
  advanceRuv,
  commonMaxCsns,
  compareRuv,
  coversCsn,
  findElement,
  formatRuv,
  hasChangesFor,
  makeRuv,
  mergeRuv,
  withKnown,
  parseRuv,
  ruvMaxCsn,
  withOwnElement,
  withSupplier,
  withoutReplica,
} from "../../../../src/replication/ruv/index.ts";

const id = (n: number): ReplicaId => n as ReplicaId;

/** `{ 1: [2, 5] }`: replica 1 has changes of the seconds 2 to 5. */
function ruvOf(bounds: Record<number, readonly [number, number]>, generation = "g"): Ruv {
  const elements = Object.entries(bounds).map(([replica, [min, max]]) => ({
    replicaId: id(Number(replica)),
    purl: `ldap://s${replica}:389`,
    minCsn: makeCsn(min, 0, Number(replica)),
    maxCsn: makeCsn(max, 0, Number(replica)),
    lastModifiedSeconds: 0,
  }));
  return { generation, elements };
}

const order = (ruv: Ruv): number[] => ruv.elements.map((element) => element.replicaId);

suite("replication/ruv", () => {
  test("replication/ruv: what is known besides moves a vector forward, not back, and brings no replica IDs", () => {
    const ruv = advanceRuv(makeRuv("g"), makeCsn(7, 0, 4), 100);
    const ahead = withKnown(ruv, [makeCsn(9, 0, 4), makeCsn(9, 0, 5)]);
    assert.equal(ruvMaxCsn(ahead), makeCsn(9, 0, 4));
    assert.lengthOf(ahead.elements, 1);
    assert.strictEqual(withKnown(ahead, [makeCsn(8, 0, 4)]), ahead);
  });

  test("replication/ruv: a RUV covers the CSNs up to the max of their replica ID", () => {
    const ruv = ruvOf({ 1: [2, 5] });
    assert.isTrue(coversCsn(ruv, makeCsn(5, 0, 1)));
    assert.isTrue(coversCsn(ruv, makeCsn(1, 0, 1)));
    assert.isFalse(coversCsn(ruv, makeCsn(5, 1, 1)));
    assert.isFalse(coversCsn(ruv, makeCsn(1, 0, 2)));
  });

  test("replication/ruv: the first change of a replica ID sets min and max", () => {
    const first = advanceRuv(makeRuv("g"), makeCsn(7, 0, 4), 100);
    const second = advanceRuv(first, makeCsn(9, 0, 4), 101);
    assert.deepEqual(findElement(second, id(4)), {
      replicaId: id(4),
      purl: undefined,
      minCsn: makeCsn(7, 0, 4),
      maxCsn: makeCsn(9, 0, 4),
      lastModifiedSeconds: 101,
    });
    assert.throws(() => advanceRuv(second, makeCsn(8, 0, 4), 102));
  });

  test("replication/ruv: the own element stands first and carries the own purl", () => {
    const ruv = ruvOf({ 1: [2, 5], 2: [3, 4] });
    const own = withOwnElement(ruv, id(2), "ldap://me:389");
    assert.deepEqual(order(own), [2, 1]);
    assert.equal(own.elements[0]?.purl, "ldap://me:389");
    assert.equal(own.elements[0]?.maxCsn, makeCsn(4, 0, 2));
    assert.equal(withOwnElement(own, id(2), "ldap://me:389"), own);
    assert.deepEqual(order(withOwnElement(ruv, id(9), "ldap://me:389")), [9, 1, 2]);
  });

  test("replication/ruv: a new supplier comes second here, first on a read-only replica", () => {
    const ruv = ruvOf({ 1: [2, 5], 2: [3, 4] });
    const supplier = { replicaId: id(7), purl: "ldap://s7:389" };
    assert.deepEqual(order(withSupplier(ruv, supplier, id(1))), [1, 7, 2]);
    assert.deepEqual(order(withSupplier(ruv, supplier, id(65_535))), [7, 1, 2]);
    assert.equal(withSupplier(ruv, { replicaId: id(2), purl: undefined }, id(1)), ruv);
    const renamed = withSupplier(ruv, { replicaId: id(2), purl: "ldap://new:389" }, id(1));
    assert.equal(findElement(renamed, id(2))?.purl, "ldap://new:389");
    assert.equal(findElement(renamed, id(2))?.maxCsn, makeCsn(4, 0, 2));
  });

  test("replication/ruv: a removed replica ID is gone with its CSNs", () => {
    const ruv = ruvOf({ 1: [2, 5], 2: [3, 4] });
    assert.deepEqual(order(withoutReplica(ruv, id(1))), [2]);
    assert.equal(withoutReplica(ruv, id(3)), ruv);
  });

  const verdicts: [name: string, a: Ruv, b: Ruv, verdict: string][] = [
    ["the same", ruvOf({ 1: [1, 2] }), ruvOf({ 1: [1, 2] }), "equal"],
    ["another min", ruvOf({ 1: [2, 2] }), ruvOf({ 1: [1, 2] }), "equal"],
    ["a larger max", ruvOf({ 1: [1, 3] }), ruvOf({ 1: [1, 2] }), "ahead"],
    ["a smaller max", ruvOf({ 1: [1, 2] }), ruvOf({ 1: [1, 3] }), "behind"],
    ["one more replica", ruvOf({ 1: [1, 2], 2: [1, 1] }), ruvOf({ 1: [1, 2] }), "ahead"],
    ["both have more", ruvOf({ 1: [1, 3] }), ruvOf({ 1: [1, 2], 2: [1, 1] }), "diverged"],
    ["other data", ruvOf({ 1: [1, 3] }), ruvOf({ 1: [1, 3] }, "h"), "otherGeneration"],
  ];
  for (const [name, a, b, verdict] of verdicts) {
    test(`replication/ruv: ${name} compares as ${verdict}`, () => {
      assert.equal(compareRuv(a, b), verdict);
    });
  }

  test("replication/ruv: there are changes for a peer of which nothing is known", () => {
    assert.isTrue(hasChangesFor(makeRuv("g"), undefined));
    const silent = withOwnElement(makeRuv("g"), id(1), "ldap://me:389");
    assert.isFalse(hasChangesFor(silent, makeRuv("g")));
  });

  test("replication/ruv: what all have is the smallest max, and nothing where one has none", () => {
    const common = commonMaxCsns([
      ruvOf({ 1: [1, 9], 2: [1, 9] }),
      ruvOf({ 1: [1, 4], 3: [1, 2] }),
    ]);
    assert.deepEqual([...(common ?? [])], [[id(1), makeCsn(4, 0, 1)]]);
    assert.isUndefined(commonMaxCsns([]));
  });

  const boundsOf = fc.dictionary(
    fc.integer({ min: 1, max: 6 }).map(String),
    fc
      .tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 0, max: 50 }))
      .map(([min, more]) => [min, min + more] as const),
  );
  const anyRuv = boundsOf.map((bounds) => ruvOf(bounds as Record<number, [number, number]>));

  test("replication/ruv: merge is idempotent, commutative and covers both", () => {
    fc.assert(
      fc.property(anyRuv, anyRuv, (a, b) => {
        const merged = mergeRuv(a, b);
        assert.deepEqual(mergeRuv(a, a), a);
        assert.equal(compareRuv(merged, mergeRuv(b, a)), "equal");
        assert.isFalse(hasChangesFor(a, merged));
        assert.isFalse(hasChangesFor(b, merged));
        for (const replicaId of order(merged)) {
          const expected = [ruvMaxCsn(a, id(replicaId)), ruvMaxCsn(b, id(replicaId))];
          assert.include(expected, ruvMaxCsn(merged, id(replicaId)));
        }
      }),
    );
  });

  test("replication/ruv: parse gives back what was formatted", () => {
    fc.assert(
      fc.property(anyRuv, (ruv) => {
        assert.deepEqual(parseRuv(formatRuv(ruv)), ruv);
      }),
    );
  });
});
