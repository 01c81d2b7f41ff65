// Work that has the place of a transaction: what runs alone, and what another thread commits.
import { assert } from "chai";
import { StorageError } from "../../../src/kv/index.ts";
import { makeBench, read, turn, watch } from "./write-queue-bench.ts";

suite("kv/write-queue", () => {
  test("kv/write-queue: what runs alone waits for batches in flight and precedes those that wait", async () => {
    const bench = makeBench({ batch: 1 });
    bench.queue.noteRequest();
    const writes = watch([
      bench.queue.submit(bench.put(1, "a")),
      bench.queue.submit(bench.put(2, "b")),
    ]);
    const alone = watch([
      bench.queue.runAlone(() => {
        bench.kv.idTable("other");
        return `waiting ${bench.queue.statistics().waiting}`;
      }),
    ]);
    const idle = watch([bench.queue.whenIdle().then(() => "idle")]);
    await bench.disk.takeAll();
    assert.deepEqual([writes, alone, idle], [["a", "b"], ["waiting 1"], ["idle"]]);
    assert.deepEqual(bench.kv.tableNames(), ["other", "t"]);
  });

  test("kv/write-queue: a lent place counts as a batch in flight, and who has it hears that others wait", async () => {
    const bench = makeBench();
    const happened: string[] = [];
    let giveBack = (): void => {};
    const lent = watch([
      bench.queue
        .lend(
          () =>
            new Promise((resolve) => {
              giveBack = resolve;
            }),
          () => happened.push("wanted"),
        )
        .then(() => "given back"),
    ]);
    await turn();
    assert.deepEqual(happened, []);
    const others = watch([
      bench.queue.submit(bench.put(1, "a")),
      bench.queue.runAlone(() => "alone"),
      bench.queue.whenIdle().then(() => "idle"),
    ]);
    assert.include(happened, "wanted");
    await bench.disk.takeAll();
    assert.deepEqual([lent, others], [[], ["a"]]);
    assert.strictEqual(bench.sync(), 0, "no commit waits for the other thread on this one");
    giveBack();
    await turn();
    await bench.disk.takeAll();
    assert.deepEqual([lent, others], [["given back"], ["a", "alone", "idle"]]);
  });

  test("kv/write-queue: a place is lent when what is in flight has ended, and operations go on behind it", async () => {
    const bench = makeBench({ batch: 1 });
    bench.queue.noteRequest();
    const writes = watch([1, 2, 3].map((id) => bench.queue.submit(bench.put(id, `v${id}`))));
    const seen: (string | undefined)[] = [];
    const lent = watch([
      bench.queue.lend(
        async () => {
          bench.kv.renew();
          seen.push(...[1, 2, 3].map((id) => read(bench.kv, id)));
        },
        () => {},
      ),
    ]);
    await bench.disk.takeAll();
    assert.deepEqual(seen, ["v1", undefined, undefined]);
    assert.deepEqual([writes, lent], [["v1", "v2", "v3"], ["undefined"]]);
  });

  test("kv/write-queue: whoever has the place fails as a transaction does", async () => {
    const bench = makeBench();
    const failure = new StorageError("the disk is full");
    const lent = watch([
      bench.queue.lend(
        () => Promise.reject(failure),
        () => {},
      ),
    ]);
    await turn();
    const after = watch([bench.queue.submit(bench.put(1, "a"))]);
    await bench.loop.takeAll();
    await bench.disk.takeAll();
    assert.deepEqual([lent, after, bench.fatal], [[], [], [failure]]);
  });
});
