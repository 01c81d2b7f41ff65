import { assert } from "chai";
import { addId, addIds, readIds, removeId, retainInBlocks } from "../../../src/index/id-table.ts";
import { IdList } from "../../../src/index/id-list.ts";
import { isHead } from "../../../src/index/id-rows.ts";
import { keyBytes } from "../../../src/index/index-key.ts";
import { clearIndex } from "../../../src/index/update-index.ts";
import { openMemory } from "../../../src/kv/index.ts";

const KEY = "\u0000\u0007\u0002value";

function open() {
  const kv = openMemory();
  const table = kv.bytesTable("index");
  const stored = () => readIds(table, KEY);
  return { kv, table, stored };
}

/** A series without pattern that is the same in every run. */
function* scatter(seed: number): Generator<number> {
  let state = seed;
  for (;;) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state >>> 4;
  }
}

suite("index/id-table", () => {
  test("index/id-table: lists equal a set through growth and shrinkage", () => {
    const { kv, table, stored } = open();
    const model = new Set<number>();
    const numbers = scatter(42);
    const next = () => numbers.next().value as number;
    const check = () => {
      const expected = [...model].sort((a, b) => a - b);
      assert.deepEqual(stored()?.ids().toArray() ?? [], expected);
      const bound = stored()?.countMax ?? 0;
      assert.isTrue(bound >= expected.length && bound <= expected.length * 1.07 + 1);
      const probes = IdList.from([
        ...expected.filter((_, i) => i % 7 === 0),
        next() % 40_000,
        39_999,
        0xffff_ffff,
      ]);
      const kept = probes.toArray().filter((id) => model.has(id));
      assert.deepEqual(stored()?.retain(probes).toArray() ?? [], kept);
      const row = table.get(keyBytes(KEY));
      if (row === undefined || !isHead(row)) return;
      const ids = Uint32Array.from(probes);
      assert.deepEqual([...ids.slice(0, retainInBlocks(table, KEY, ids, ids.length))], kept);
    };
    for (const [share, rounds] of [
      [90, 2500],
      [50, 500],
      [10, 3000],
      [80, 1500],
    ] as const) {
      kv.transactSync(() => {
        for (let i = 0; i < rounds; i += 1) {
          const id = next() % 40_000;
          const known = [...model][next() % Math.max(1, model.size)] ?? id;
          if (next() % 100 < share) {
            addId(table, KEY, id);
            model.add(id);
          } else {
            removeId(table, KEY, known);
            model.delete(known);
          }
        }
      });
      check();
    }
    kv.transactSync(() => {
      for (const id of model) removeId(table, KEY, id);
    });
    assert.equal(table.count(), 0);
  });

  test("index/id-table: dense and sparse lists keep their IDs in any block", () => {
    for (const [count, step, first] of [
      [1, 1, 0xffff_ffff],
      [1000, 1, 0],
      [1001, 1, 0],
      [20_000, 1, 8191],
      [3000, 3, 1],
      [1500, 100_003, 5],
    ] as const) {
      const { kv, table, stored } = open();
      const ids = Array.from({ length: count }, (_, i) => first + i * step);
      kv.transactSync(() => addIds(table, KEY, Uint32Array.from(ids)));
      assert.deepEqual(stored()?.ids().toArray(), ids);
      kv.transactSync(() => addIds(table, KEY, Uint32Array.from(ids))); // again: no change
      assert.deepEqual(stored()?.ids().toArray(), ids);
      const odd = IdList.from([...ids.filter((_, i) => i % 2 === 1), 2, 4_000_000_000]);
      assert.deepEqual(
        stored()?.retain(odd).toArray(),
        odd.toArray().filter((id) => ids.includes(id)),
      );
    }
  });

  test("index/id-table: an update of a long list rewrites little", () => {
    const { kv, table } = open();
    kv.transactSync(() =>
      addIds(
        table,
        KEY,
        Uint32Array.from({ length: 100_000 }, (_, i) => i * 2),
      ),
    );
    kv.transactSync(() => addId(table, KEY, 77_775)); // the next bound is far
    const before = new Map(
      [...table.range()].map(({ key, value }) => [Buffer.from(key).toString("hex"), value]),
    );
    kv.transactSync(() => addId(table, KEY, 77_777));
    const changed = [...table.range()].filter(
      ({ key, value }) => !before.get(Buffer.from(key).toString("hex"))?.equals(value),
    );
    assert.equal(changed.length, 1, "the bound in the head stays");
    assert.isAtMost(
      changed.reduce((sum, { value }) => sum + value.length, 0),
      1026,
    );
  });

  test("index/update-index: an index is cleared in slices, blocks too", () => {
    const { kv, table } = open();
    kv.transactSync(() => {
      addIds(
        table,
        KEY,
        Uint32Array.from({ length: 50_000 }, (_, i) => i),
      );
      addId(table, "\u0000\u0007\u0001", 1);
      addId(table, "\u0000\u0008\u0001", 1);
    });
    let slices = 0;
    kv.transactSync(() => {
      while (clearIndex(table, 7, { rowsMax: 3, kind: "equality" })) slices += 1;
    });
    assert.equal(slices, 2);
    assert.deepEqual(
      [...table.keys()].map((key) => Buffer.from(key).toString("hex")),
      ["000701", "000801"],
    );
    kv.transactSync(() => assert.isFalse(clearIndex(table, 7, { rowsMax: 3 })));
    assert.deepEqual(
      [...table.keys()].map((key) => Buffer.from(key).toString("hex")),
      ["000801"],
    );
  });
});
