import { assert } from "chai";
import { openMemory, WriteSet } from "../../../src/kv/index.ts";

suite("kv/write-set", () => {
  function open() {
    const kv = openMemory();
    const table = kv.bytesTable("t");
    kv.transactSync(() => {
      for (const name of ["a", "b", "c"]) table.put(Buffer.from(name), Buffer.from(`old ${name}`));
    });
    return { kv, table };
  }

  function text(table: { range(): Iterable<{ key: Uint8Array; value: Buffer }> }): string {
    return [...table.range()]
      .map(({ key, value }) => `${Buffer.from(key).toString()}=${value.toString()}`)
      .join(" ");
  }

  test("kv/write-set: nothing reaches the table before apply", () => {
    const { kv, table } = open();
    const writeSet = new WriteSet();
    writeSet.table(table).put(Buffer.from("bb"), Buffer.from("new"));
    writeSet.table(table).delete(Buffer.from("a"));
    assert.equal(text(table), "a=old a b=old b c=old c");
    assert.equal(text(writeSet.table(table)), "b=old b bb=new c=old c");
    kv.transactSync(() => void writeSet.apply());
    assert.equal(text(table), "b=old b bb=new c=old c");
  });

  test("kv/write-set: a discarded child leaves its parent as it was", () => {
    const { kv, table } = open();
    const parent = new WriteSet();
    parent.table(table).put(Buffer.from("b"), Buffer.from("parent"));
    const child = parent.child();
    child.table(table).clear();
    child.table(table).put(Buffer.from("z"), Buffer.from("child"));
    assert.equal(text(child.table(table)), "z=child");
    child.discard();
    assert.equal(text(parent.table(table)), "a=old a b=parent c=old c");
    const applied = parent.child();
    applied.table(table).clear();
    applied.table(table).put(Buffer.from("y"), Buffer.from("child"));
    applied.apply();
    assert.equal(text(parent.table(table)), "y=child");
    kv.transactSync(() => void parent.apply());
    assert.equal(text(table), "y=child");
  });

  test("kv/write-set: what is written last is written once for its owner, and not for what is discarded", () => {
    const { kv, table } = open();
    const owner = {};
    const order: string[] = [];
    const transaction = new WriteSet();
    const operation = (name: string): WriteSet => {
      const writeSet = transaction.child();
      const step = writeSet.child();
      step.lastly(owner, () => order.push(`${text(table)}, last of ${name}`));
      step.apply();
      writeSet.table(table).put(Buffer.from("d"), Buffer.from(name));
      return writeSet;
    };
    operation("first").apply();
    operation("second").apply();
    operation("third").discard();
    kv.transactSync(() => void transaction.apply());
    assert.deepEqual(order, ["a=old a b=old b c=old c d=second, last of second"]);
  });

  test("kv/write-set: what is written last follows what is applied", () => {
    const { kv, table } = open();
    const writeSet = new WriteSet();
    writeSet.lastly({}, () => table.put(Buffer.from("a"), Buffer.from("last")));
    writeSet.table(table).put(Buffer.from("a"), Buffer.from("first"));
    kv.transactSync(() => void writeSet.apply());
    assert.equal(text(table), "a=last b=old b c=old c");
  });

  test("kv/write-set: a table of an outer write set stands for the table of the Kv", () => {
    const { table } = open();
    const parent = new WriteSet();
    const child = parent.child();
    assert.strictEqual(child.table(parent.table(table)), child.table(table));
    assert.strictEqual(parent.table(table), parent.table(table));
  });

  test("kv/write-set: after apply or discard a write is a defect", () => {
    const { table } = open();
    const writeSet = new WriteSet();
    const overlay = writeSet.table(table);
    writeSet.discard();
    assert.throws(() => overlay.put(Buffer.from("a"), Buffer.alloc(0)), "not used after");
    assert.throws(() => writeSet.apply(), "once");
  });

  test("kv/write-set: keys that are not keys are defects", () => {
    const { kv, table } = open();
    const ids = kv.idTable("ids");
    const writeSet = new WriteSet();
    for (const key of [-1, 1.5, 2 ** 32, Number.NaN]) {
      assert.throws(() => writeSet.table(ids).put(key, Buffer.alloc(0)), "32-bit");
    }
    for (const key of [Buffer.alloc(0), Buffer.alloc(1979)]) {
      assert.throws(() => writeSet.table(table).put(key, Buffer.alloc(0)), "1 to");
    }
  });
});
