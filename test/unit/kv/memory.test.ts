import { assert } from "chai";
import { copyBytes, openMemory, StorageError } from "../../../src/kv/index.ts";

suite("kv/memory", () => {
  test("kv/memory: a borrowed value is spoiled by the next read of any table", () => {
    const kv = openMemory();
    const ids = kv.idTable("ids");
    const texts = kv.bytesTable("texts");
    kv.transactSync(() => {
      ids.put(1, Buffer.from("one"));
      texts.put(Buffer.from("k"), Buffer.from("text"));
    });
    const one = ids.get(1)!;
    assert.equal(one.latin1Slice(0, one.length), "one");
    assert.equal(copyBytes(one).toString(), "one");
    texts.get(Buffer.from("none"));
    assert.notEqual(one.latin1Slice(0, 3), "one");
  });

  test("kv/memory: a borrowed value lies about its size as that of lmdb does", () => {
    const kv = openMemory();
    const ids = kv.idTable("ids");
    kv.transactSync(() => ids.put(1, Buffer.from("one")));
    const one = ids.get(1)!;
    assert.equal(one.length, 3);
    assert.isAbove(one.byteLength, 3);
    assert.notEqual(Buffer.compare(one, Buffer.from("one")), 0);
  });

  test("kv/memory: a transaction is seen and durable from its flush on", async () => {
    const steps: (() => void)[] = [];
    const kv = openMemory({ schedule: (step) => void steps.push(step) });
    const ids = kv.idTable("ids");
    const done = kv.transact(() => {
      ids.put(1, Buffer.from("one"));
      assert.equal(ids.getCopy(1)?.toString(), "one");
    });
    steps.shift()!();
    assert.isFalse(ids.has(1));
    assert.isFalse(kv.crash().idTable("ids").has(1));
    steps.shift()?.();
    assert.lengthOf(steps, 0);
    void done;
  });

  test("kv/memory: after a crash the flushed rows are there and the old Kv refuses", async () => {
    const kv = openMemory();
    const ids = kv.idTable("ids");
    await kv.transact(() => ids.put(1, Buffer.from("one")));
    const after = kv.crash();
    assert.equal(after.idTable("ids").getCopy(1)?.toString(), "one");
    assert.throws(() => kv.transactSync(() => {}), "the Kv is open");
  });

  test("kv/memory: a throw keeps nothing of the transaction", async () => {
    const kv = openMemory();
    const ids = kv.idTable("ids");
    let failure: unknown;
    await kv
      .transact(() => {
        ids.put(1, Buffer.from("one"));
        throw new TypeError("defect");
      })
      .catch((error: unknown) => (failure = error));
    assert.instanceOf(failure, TypeError);
    assert.equal(ids.count(), 0);
    kv.failPut(2);
    assert.throws(
      () =>
        kv.transactSync(() => {
          ids.put(1, Buffer.from("one"));
          ids.put(2, Buffer.from("two"));
        }),
      StorageError,
    );
    assert.equal(ids.count(), 0);
  });

  test("kv/memory: a write outside a transaction is a defect", () => {
    const ids = openMemory().idTable("ids");
    assert.throws(() => ids.put(1, Buffer.from("one")), "inside a transaction");
  });

  test("kv/memory: a copy keeps its state", async () => {
    const kv = openMemory();
    const ids = kv.idTable("ids");
    await kv.transact(() => ids.put(1, Buffer.from("one")));
    await kv.copyTo("copy");
    await kv.transact(() => ids.put(1, Buffer.from("two")));
    assert.equal(kv.findCopy("copy")?.idTable("ids").getCopy(1)?.toString(), "one");
  });

  test("kv/memory: thousands of keys in any order stay sorted", () => {
    const kv = openMemory();
    const ids = kv.idTable("ids");
    kv.transactSync(() => {
      for (let i = 0; i < 5000; i += 1) ids.put((i * 7919) % 5003, Buffer.alloc(0));
      for (let i = 0; i < 5003; i += 2) ids.delete(i);
    });
    const keys = [...ids.keys()];
    assert.deepEqual(
      keys,
      [...keys].sort((a, b) => a - b),
    );
    assert.equal(keys.length, ids.count());
    assert.deepEqual([...ids.keys({ from: 100, to: 106, reverse: true })], [105, 103, 101]);
  });
});
