// The commit recipe: what is answered when, and what a failure leaves.
import { assert } from "chai";
import { StorageError } from "../../../src/kv/index.ts";
import { Refusal, makeBench, read, turn, watch } from "./write-queue-bench.ts";

suite("kv/write-queue", () => {
  test("kv/write-queue: nothing is answered before the flush", async () => {
    const bench = makeBench();
    bench.queue.noteRequest(); // no synchronous commit
    const settled = watch([
      bench.queue.submit(bench.put(1, "a")),
      bench.queue.submit(bench.put(2, "b")),
    ]);
    await bench.disk.take(1);
    assert.deepEqual(settled, []);
    assert.isUndefined(read(bench.kv, 1));
    await bench.disk.take(1);
    assert.deepEqual(settled, ["a", "b"]);
    assert.equal(read(bench.kv, 2), "b");
  });

  test("kv/write-queue: each transaction is told of before its operations run", async () => {
    const seen: string[] = [];
    const bench = makeBench({ batch: 2, onBatch: () => seen.push("batch") });
    const write = (name: string) => (): void => void seen.push(name);
    void bench.queue.submit(write("alone, without hand-over"));
    await bench.loop.takeAll();
    bench.queue.noteRequest();
    for (const name of ["one", "two", "three"]) void bench.queue.submit(write(name));
    await bench.disk.takeAll();
    assert.deepEqual(seen, [
      ...["batch", "alone, without hand-over"],
      ...["batch", "one", "two"],
      ...["batch", "three"],
    ]);
  });

  test("kv/write-queue: a refused operation leaves no trace and its siblings commit", async () => {
    const bench = makeBench();
    bench.queue.noteRequest();
    const settled = watch([
      bench.queue.submit(bench.put(1, "a")),
      bench.queue.submit((writeSet) => {
        const table = writeSet.table(bench.table);
        assert.equal(table.getCopy(1)?.toString(), "a");
        table.put(1, Buffer.from("x"));
        writeSet.afterCommit(() => assert.fail("a refused operation has no events"));
        throw new Refusal("no");
      }),
      bench.queue.submit(bench.put(3, "c")),
    ]);
    await bench.disk.take(2);
    assert.deepEqual(settled, ["a", "Refusal: no", "c"]);
    assert.deepEqual([read(bench.kv, 1), read(bench.kv, 3)], ["a", "c"]);
    assert.deepEqual(bench.queue.statistics(), {
      waiting: 0,
      batches: 1,
      batchesSync: 0,
      operations: 3,
      refused: 1,
    });
  });

  test("kv/write-queue: what operations of a batch write last is written once, after all of them, in their transaction", async () => {
    const bench = makeBench();
    bench.queue.noteRequest();
    const owner = {};
    const order: string[] = [];
    const operation = (name: string, refused = false): Promise<void> =>
      bench.queue.submit((writeSet) => {
        order.push(name);
        writeSet.lastly(owner, () => {
          order.push(`last of ${name}`);
          bench.table.put(9, Buffer.from(name));
        });
        if (refused) throw new Refusal("no");
      });
    const all = [operation("a"), operation("b"), operation("c", true)];
    const settled = Promise.allSettled(all);
    await bench.disk.takeAll();
    assert.deepEqual(
      (await settled).map(({ status }) => status),
      ["fulfilled", "fulfilled", "rejected"],
    );
    assert.deepEqual(order, ["a", "b", "c", "last of b"]);
    assert.equal(read(bench.kv, 9), "b");
  });

  test("kv/write-queue: events come after the flush and before the answers", async () => {
    const bench = makeBench();
    bench.queue.noteRequest();
    const order: string[] = [];
    const promise = bench.queue.submit((writeSet) => {
      const child = writeSet.child();
      child.afterCommit(() => order.push(`event, stored ${String(read(bench.kv, 1))}`));
      child.table(bench.table).put(1, Buffer.from("a"));
      child.apply();
      const undone = writeSet.child();
      undone.afterCommit(() => order.push("event of what was taken back"));
      undone.discard();
    });
    void promise.then(() => order.push("answer"));
    await bench.disk.take(2);
    assert.deepEqual(order, ["event, stored a", "answer"]);
  });

  test("kv/write-queue: at most two batches are in flight and the second takes what waits", async () => {
    const bench = makeBench();
    bench.queue.noteRequest();
    const first = watch([bench.queue.submit(bench.put(1, "a"))]);
    await bench.disk.take(1); // the first batch has run
    const second = watch([2, 3].map((id) => bench.queue.submit(bench.put(id, `b${id}`))));
    await turn();
    const third = watch([bench.queue.submit(bench.put(4, "c"))]);
    await bench.disk.take(1); // the first is flushed
    assert.deepEqual([first, second, third], [["a"], [], []]);
    await bench.disk.take(1); // the second runs and takes all
    await bench.disk.take(1);
    assert.deepEqual([second, third], [["b2", "b3"], ["c"]]);
    assert.equal(bench.queue.statistics().batches, 2);
    assert.lengthOf(bench.disk.waiting, 0);
  });

  test("kv/write-queue: a batch is limited and the rest follows", async () => {
    const bench = makeBench({ batch: 2 });
    bench.queue.noteRequest();
    const settled = watch([1, 2, 3, 4, 5].map((id) => bench.queue.submit(bench.put(id, `v${id}`))));
    await bench.disk.takeAll();
    assert.deepEqual(settled, ["v1", "v2", "v3", "v4", "v5"]);
    assert.equal(bench.queue.statistics().batches, 3);
  });

  test("kv/write-queue: a lone write in a quiet server commits synchronously", async () => {
    const bench = makeBench();
    const settled = watch([bench.queue.submit(bench.put(1, "a"))]);
    assert.lengthOf(bench.disk.waiting, 0);
    await bench.loop.take(1);
    assert.deepEqual(settled, ["a"]);
    assert.equal(bench.sync(), 1);
    assert.equal(read(bench.kv, 1), "a");
  });

  test("kv/write-queue: what nobody waits for never commits synchronously when it is alone", async () => {
    const bench = makeBench();
    const settled = watch([bench.queue.submitInBackground(bench.put(1, "a"))]);
    await bench.loop.takeAll();
    assert.equal(bench.sync(), 0);
    assert.deepEqual(settled, []);
    await bench.disk.takeAll();
    assert.deepEqual(settled, ["a"]);
    assert.equal(read(bench.kv, 1), "a");
  });

  test("kv/write-queue: two writes, or a request within 20 ms, commit asynchronously", async () => {
    const bench = makeBench();
    const both = watch([1, 2].map((id) => bench.queue.submit(bench.put(id, "a"))));
    await bench.loop.take(1);
    assert.deepEqual(both, []);
    await bench.disk.take(2);
    assert.deepEqual(both, ["a", "a"]);
    bench.queue.noteRequest();
    bench.nowMs += 19;
    const near = watch([bench.queue.submit(bench.put(1, "b"))]);
    await bench.disk.take(2);
    assert.deepEqual(near, ["b"]);
    assert.equal(bench.sync(), 0);
    bench.nowMs += 1;
    const quiet = watch([bench.queue.submit(bench.put(1, "c"))]);
    await bench.loop.take(1);
    assert.deepEqual(quiet, ["c"]);
    assert.equal(bench.sync(), 1);
  });

  test("kv/write-queue: no synchronous commit while a batch is in flight", async () => {
    const bench = makeBench();
    bench.queue.noteRequest();
    const first = watch([bench.queue.submit(bench.put(1, "a"))]);
    await bench.disk.take(1);
    bench.nowMs += 1000;
    const second = watch([bench.queue.submit(bench.put(1, "b"))]);
    assert.lengthOf(bench.loop.waiting, 0);
    await bench.disk.takeAll();
    assert.deepEqual([first, second], [["a"], ["b"]]);
    assert.equal(read(bench.kv, 1), "b");
    assert.equal(bench.sync(), 0);
  });

  test("kv/write-queue: a clock that is set back does not forbid synchronous commits for long", async () => {
    const bench = makeBench();
    bench.queue.noteRequest();
    bench.nowMs -= 3_600_000;
    watch([bench.queue.submit(bench.put(1, "a"))]);
    await bench.disk.takeAll();
    bench.nowMs += 20;
    watch([bench.queue.submit(bench.put(1, "b"))]);
    await bench.loop.take(1);
    assert.equal(bench.sync(), 1);
  });

  test("kv/write-queue: a failed commit stops the queue and answers nothing", async () => {
    const bench = makeBench();
    bench.queue.noteRequest();
    bench.kv.failCommit(1);
    const settled = watch([
      bench.queue.submit(bench.put(1, "a")),
      bench.queue.submit(() => {
        throw new Refusal("no");
      }),
    ]);
    await bench.disk.takeAll();
    settled.push(...watch([bench.queue.submit(bench.put(2, "b"))]));
    await bench.disk.takeAll();
    await bench.loop.takeAll();
    assert.deepEqual(settled, []);
    assert.lengthOf(bench.fatal, 1);
    assert.instanceOf(bench.fatal[0], StorageError);
    assert.isUndefined(read(bench.kv, 1));
  });

  test("kv/write-queue: a failed synchronous commit stops the queue", async () => {
    const bench = makeBench();
    bench.kv.failCommit(1);
    const settled = watch([bench.queue.submit(bench.put(1, "a"))]);
    await bench.loop.take(1);
    assert.deepEqual(settled, []);
    assert.instanceOf(bench.fatal[0], StorageError);
    assert.isUndefined(read(bench.kv, 1));
  });

  test("kv/write-queue: a throw that is no refusal keeps nothing of the batch", async () => {
    for (const defect of [
      () => {
        throw new TypeError("defect");
      },
      () => Promise.resolve(),
    ]) {
      const bench = makeBench();
      bench.queue.noteRequest();
      const settled = watch([bench.queue.submit(bench.put(1, "a")), bench.queue.submit(defect)]);
      await bench.disk.takeAll();
      assert.deepEqual(settled, []);
      assert.lengthOf(bench.fatal, 1);
      assert.isUndefined(read(bench.kv, 1));
    }
  });

  test("kv/write-queue: whichever put fails, nothing of the batch is kept", async () => {
    for (let failing = 1; ; failing += 1) {
      const bench = makeBench();
      bench.queue.noteRequest();
      bench.kv.failPut(failing);
      const settled = watch([1, 2, 3].map((id) => bench.queue.submit(bench.put(id, "a"))));
      await bench.disk.takeAll();
      if (bench.fatal.length === 0) {
        assert.equal(failing, 4);
        assert.deepEqual(settled, ["a", "a", "a"]);
        return;
      }
      assert.deepEqual(settled, []);
      assert.equal(bench.table.count(), 0);
    }
  });

  test("kv/write-queue: a crash loses what was not flushed and nothing that was answered", async () => {
    const bench = makeBench({ batch: 1 });
    bench.queue.noteRequest();
    const settled = watch([1, 2, 3].map((id) => bench.queue.submit(bench.put(id, `v${id}`))));
    await bench.disk.take(3); // the second batch has run
    const after = bench.kv.crash();
    await bench.disk.takeAll();
    assert.deepEqual(settled, ["v1"]);
    assert.deepEqual([read(after, 1), read(after, 2)], ["v1", undefined]);
  });

  test("kv/write-queue: a full queue refuses clients, and nobody else", async () => {
    const bench = makeBench({ operationsMax: 2 });
    bench.queue.noteRequest();
    const settled = watch([
      ...[1, 2, 3].map((id) => bench.queue.submitForClient(bench.put(id, `v${id}`))),
      bench.queue.submit(bench.put(4, "v4")),
    ]);
    await bench.disk.takeAll();
    assert.deepEqual(settled, ["Busy: busy", "v1", "v2", "v4"]);
  });
});
