import { assert } from "chai";
import type { IndexDefinition } from "../../../src/index/index.ts";
import { keysOf, updateIndex } from "../../../src/index/index.ts";
import { openMemory, WriteSet } from "../../../src/kv/index.ts";
import { loadSchema } from "../../../src/schema/index.ts";

const schema = loadSchema([
  {
    attributeTypes: [
      "( 1.1.1 NAME 'uid' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )",
      "( 1.1.2 NAME 'level' EQUALITY integerMatch ORDERING integerOrderingMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 )",
    ],
    objectClasses: [],
  },
]);
const uid = schema.attributeType("uid");
const index: IndexDefinition = {
  type: uid,
  tag: 1,
  kinds: new Set(["presence", "equality", "substring"]),
};
const buffers = (values: readonly string[]) => values.map((value) => Buffer.from(value));

suite("index/update-index", () => {
  test("index/index-keys: a value has one key a kind and its trigrams between markers", () => {
    const keys = [...keysOf(uid, index.kinds, buffers(["Ann", "ann "]))];
    assert.deepEqual(
      keys.sort(),
      [
        "\u0001",
        "\u0002ann",
        "\u0003 an",
        "\u0003\u0002 a",
        "\u0003ann",
        "\u0003n \u0003",
        "\u0003nn ",
      ].sort(),
    );
  });

  test("index/index-keys: ranges of integers are served by the equality keys", () => {
    const level = schema.attributeType("level");
    const both = keysOf(level, new Set(["equality", "ordering"]), buffers(["5"]));
    assert.deepEqual(both, keysOf(level, new Set(["equality"]), buffers(["5"])));
    assert.equal(keysOf(level, new Set(["ordering"]), buffers(["5"])).size, 1);
    assert.equal(keysOf(level, new Set(["equality"]), buffers(["five"])).size, 0);
  });

  test("index/update-index: only differences are written", () => {
    const kv = openMemory();
    const table = kv.bytesTable("index");
    /** Rows, and trigrams for later that come and go. */
    const written = (before: readonly string[], after: readonly string[]): number[] => {
      const writeSet = new WriteSet();
      let count = 0;
      const counting = new Proxy(writeSet.table(table), {
        get(target, name) {
          if (name === "put" || name === "delete") count += 1;
          const member: unknown = Reflect.get(target, name);
          return typeof member === "function" ? (member.bind(target) as unknown) : member;
        },
      });
      const late = updateIndex(counting, index, 9, buffers(before), buffers(after));
      kv.transactSync(() => void writeSet.apply());
      return [count, late?.added.size ?? 0, late?.removed.size ?? 0];
    };
    assert.deepEqual(written([], ["abcd"]), [1 + 1, 6, 0]);
    assert.deepEqual(written(["abcd"], ["abcd"]), [0, 0, 0]);
    assert.deepEqual(written(["abcd"], ["ABCD"]), [0, 0, 0], "the normal form stays");
    assert.deepEqual(written(["ABCD"], ["abcx"]), [2, 3, 3]);
    assert.deepEqual(written(["abcx"], ["abcx", "abcy"]), [1, 6, 0]);
    assert.deepEqual(written(["abcx", "abcy"], ["abcy"]), [1, 0, 3]);
    assert.deepEqual(written(["abcy"], []), [1 + 1, 0, 6]);
    assert.equal(table.count(), 0);
  });

  test("index/update-index: a member of a large group is changed without reading the others' keys", () => {
    const kv = openMemory();
    const table = kv.bytesTable("index");
    let normalized = 0;
    const counted = {
      ...uid,
      equality: {
        ...uid.equality,
        normalize: (value: Buffer) => {
          normalized += 1;
          return value;
        },
      },
    };
    const group: IndexDefinition = { type: counted, tag: 1, kinds: new Set(["equality"]) };
    const members = Array.from({ length: 10_000 }, (_, i) => Buffer.from(`member ${i}`));
    kv.transactSync(() => updateIndex(table, group, 1, members, [...members, Buffer.from("new")]));
    assert.equal(normalized, 1);
  });
});
