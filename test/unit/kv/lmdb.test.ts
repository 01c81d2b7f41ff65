import { assert } from "chai";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { Millis } from "../../../src/base/index.ts";
import { copyBytes, StorageError } from "../../../src/kv/index.ts";
import { openLmdb } from "../../../src/kv/lmdb.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";

suite("kv/lmdb", () => {
  function open() {
    const folder = join(makeTemporaryFolder(), "db.with.dots");
    return { folder, kv: openLmdb(folder, { mapBytes: 2 ** 30 }) };
  }

  test("kv/lmdb: a throw keeps nothing of the transaction", async () => {
    const { kv } = open();
    const ids = kv.idTable("ids");
    const defect = () => {
      ids.put(1, Buffer.from("one"));
      throw new TypeError("defect");
    };
    let failure: unknown;
    await kv.transact(defect).catch((error: unknown) => (failure = error));
    assert.instanceOf(failure, TypeError);
    assert.throws(() => kv.transactSync(defect), TypeError);
    assert.equal(ids.count(), 0);
    await kv.transact(() => ids.put(2, Buffer.from("two")));
    assert.deepEqual([...ids.keys()], [2]);
    await kv.close();
  });

  test("kv/lmdb: rows survive a reopening, names of tables too", async () => {
    const { kv, folder } = open();
    const texts = kv.bytesTable("texts");
    kv.idTable("ids");
    await kv.transact(() => texts.put(Buffer.alloc(1978, 7), Buffer.alloc(0)));
    await kv.close();
    const again = openLmdb(folder);
    assert.deepEqual(again.tableNames(), ["ids", "texts"]);
    assert.equal(again.bytesTable("texts").get(Buffer.alloc(1978, 7))?.length, 0);
    again.dropTable("texts");
    assert.deepEqual(again.tableNames(), ["ids"]);
    assert.equal(again.bytesTable("texts").count(), 0);
    await again.close();
  });

  test("kv/lmdb: a transaction reads its own writes", async () => {
    const { kv } = open();
    const ids = kv.idTable("ids");
    await kv.transact(() => {
      ids.put(1, Buffer.from("one"));
      ids.clear();
      ids.put(2, Buffer.from("two"));
      assert.isTrue(ids.has(2));
      assert.isFalse(ids.delete(1));
      assert.deepEqual([...ids.keys()], [2]);
      assert.equal(ids.count(), 1);
    });
    await kv.close();
  });

  test("kv/lmdb: values beyond the buffer of lmdb-js are lent like others", async () => {
    const { kv, folder } = open();
    const ids = kv.idTable("ids");
    const mebibyte = 1024 * 1024;
    await kv.transact(() => {
      ids.put(1, Buffer.from("small"));
      ids.put(2, Buffer.alloc(17 * mebibyte, "x"));
      const big = ids.get(2)!;
      assert.equal(big.length, 17 * mebibyte);
      assert.equal(big.latin1Slice(0, 2), "xx");
    });
    const big = ids.get(2)!;
    assert.equal(big.latin1Slice(17 * mebibyte - 2, 17 * mebibyte), "xx");
    assert.equal(copyBytes(ids.get(1)!).toString(), "small");
    assert.equal([...ids.range()][1]!.value.length, 17 * mebibyte);
    const lent: string[] = [];
    ids.visit({}, (id, value) => {
      lent.push(`${id}: ${value.length} ${value.latin1Slice(0, 2)}`);
      return true;
    });
    assert.deepEqual(lent, ["1: 5 sm", `2: ${17 * mebibyte} xx`]);
    await kv.close();
    // A thread that has never written one.
    const rows = await inThread(
      folder,
      `[ids.get(2).length, ids.getCopy(2).toString("latin1", 0, 2)]`,
    );
    assert.deepEqual(rows, [17 * mebibyte, "xx"]);
  });

  test("kv/lmdb: a worker thread sees commits of the main thread once renewed", async () => {
    const { kv, folder } = open();
    const ids = kv.idTable("ids");
    await kv.transact(() => ids.put(1, Buffer.from("one")));
    const inner = `(await new Promise((resolve) => {
      const before = ids.getCopy(1).toString();
      parentPort.once("message", () => { kv.renew(); resolve([before, ids.getCopy(1).toString()]); });
      parentPort.postMessage("ready");
    }))`;
    const rows = await inThread(folder, inner, async (worker) => {
      await kv.transact(() => ids.put(1, Buffer.from("two")));
      worker.postMessage("go");
    });
    assert.deepEqual(rows, ["one", "two"]);
    assert.equal(ids.getCopy(1)?.toString(), "two");
    await kv.transact(() => ids.put(1, Buffer.from("three")));
    assert.equal(ids.getCopy(1)?.toString(), "three");
    await kv.close();
  });

  test("kv/lmdb: a read-only Kv shows missing tables as empty and refuses to write", async () => {
    const { kv, folder } = open();
    await kv.transact(() => {});
    const reader = openLmdb(folder, { readOnly: true });
    assert.equal(reader.bytesTable("none").count(), 0);
    assert.deepEqual([...reader.idTable("nothing").keys()], []);
    assert.throws(() => reader.transactSync(() => {}), "can be written");
    await reader.close();
    await kv.close();
    assert.throws(
      () => openLmdb(join(folder, "nowhere"), { readOnly: true }),
      StorageError,
      "no database",
    );
  });

  test("kv/lmdb: a copy is one state while writes go on", async () => {
    const { kv, folder } = open();
    const ids = kv.idTable("ids");
    await kv.transact(() => {
      for (let i = 0; i < 1000; i += 1) ids.put(i, Buffer.alloc(500, "0"));
    });
    let copied = false;
    const copying = kv.copyTo(join(folder, "copy")).then(() => (copied = true));
    for (let round = 1; !copied && round < 1000; round += 1) {
      await kv.transact(() => {
        for (const i of [0, 500, 999]) ids.put(i, Buffer.from(String(round)));
      });
    }
    await copying;
    const copy = openLmdb(join(folder, "copy"), { readOnly: true });
    const rows = [0, 500, 999].map((i) => copy.idTable("ids").getCopy(i)?.toString());
    assert.equal(copy.idTable("ids").count(), 1000);
    assert.lengthOf(new Set(rows), 1);
    await copy.close();
    await kv.close();
  });

  test("kv/lmdb: the map grows beyond the reserved address space", async () => {
    const folder = makeTemporaryFolder();
    const kv = openLmdb(folder, { mapBytes: 2 ** 20 });
    const ids = kv.idTable("ids");
    for (let round = 0; round < 8; round += 1) {
      await kv.transact(() => {
        for (let i = 0; i < 100; i += 1) ids.put(round * 100 + i, Buffer.alloc(3000, round));
      });
      assert.equal(ids.get(0)?.[0], 0);
    }
    assert.equal(ids.count(), 800);
    assert.isAbove(kv.statistics(0 as Millis).mapBytes, 2 ** 20);
    await kv.close();
  });

  test("kv/lmdb: statistics tell how far the oldest reader lags and for how long", async () => {
    const { kv } = open();
    const ids = kv.idTable("ids");
    await kv.transact(() => {
      for (let i = 0; i < 3; i += 1) ids.put(i, Buffer.from("x"));
    });
    const reading = ids.range()[Symbol.iterator]();
    reading.next();
    for (let round = 0; round < 4; round += 1) {
      await kv.transact(() => ids.put(9, Buffer.from(String(round))));
    }
    const first = kv.statistics(5000 as Millis);
    assert.equal(first.oldestReaderLagTransactions, 4);
    assert.equal(first.oldestReaderAgeMs, 0);
    assert.equal(kv.statistics(7500 as Millis).oldestReaderAgeMs, 2500);
    reading.return?.();
    kv.renew();
    await kv.transact(() => {});
    const after = kv.statistics(8000 as Millis);
    assert.equal(after.oldestReaderLagTransactions, 0);
    assert.equal(after.oldestReaderAgeMs, 0);
    assert.isAbove(after.pages, 1);
    await kv.close();
  });
});

/** Evaluates `expression` over `ids` in a worker thread; `onMessage` gets a word from it first. */
async function inThread(
  folder: string,
  expression: string,
  onMessage?: (worker: Worker) => Promise<void>,
): Promise<unknown> {
  const source = `
    import { parentPort } from "node:worker_threads";
    const { openLmdb } = await import(${JSON.stringify(new URL("../../../src/kv/lmdb.js", import.meta.url).href)});
    const kv = openLmdb(${JSON.stringify(folder)}, { readOnly: true });
    const ids = kv.idTable("ids");
    const result = ${expression};
    await kv.close();
    parentPort.postMessage({ result });`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.on("message", (message: string | { readonly result: unknown }) => {
      if (typeof message === "string") void onMessage?.(worker);
      else resolve(message.result);
    });
  });
}
