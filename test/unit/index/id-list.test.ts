import { assert } from "chai";
import fc from "fast-check";
import { IdList } from "../../../src/index/index.ts";

const ids = fc.array(fc.oneof(fc.nat(30), fc.nat(0xffff_ffff)), { maxLength: 60 });

suite("index/id-list", () => {
  test("index/id-list: set operations equal those of sets", () => {
    fc.assert(
      fc.property(ids, ids, (a, b) => {
        const one = IdList.from(a);
        const two = IdList.from(b);
        const sorted = (numbers: Iterable<number>) => [...new Set(numbers)].sort((x, y) => x - y);
        assert.deepEqual(one.toArray(), sorted(a));
        assert.deepEqual(one.union(two).toArray(), sorted([...a, ...b]));
        assert.deepEqual(one.intersect(two).toArray(), sorted(a.filter((id) => b.includes(id))));
        assert.deepEqual(one.subtract(two).toArray(), sorted(a.filter((id) => !b.includes(id))));
        assert.deepEqual(IdList.union([one, two, one]).toArray(), sorted([...a, ...b]));
        for (const id of [...a, ...b]) assert.equal(one.has(id), a.includes(id));
      }),
    );
  });
});
