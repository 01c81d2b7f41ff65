import { assert } from "chai";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { openLmdb } from "../../../src/kv/lmdb.ts";
import type { FollowerSight } from "../../support/kv-follower.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";

const ENTRY = join(import.meta.dirname, "../../support/kv-follower.js");
const COMMITS = 300;

suite("kv/lmdb: a process that follows", function () {
  this.timeout(60_000);

  const look = async (follower: ChildProcess): Promise<FollowerSight> => {
    follower.send("look");
    const [sight] = (await once(follower, "message")) as [FollowerSight];
    return sight;
  };

  test("kv/lmdb: a process that follows sees every commit that was there when it was asked, and knows when there was none", async () => {
    const folder = join(makeTemporaryFolder(), "db");
    const kv = openLmdb(folder, { mapBytes: 2 ** 30, sharing: "followed" });
    const values = kv.idTable("values");
    const follower = fork(ENTRY, [folder]);
    await once(follower, "message");
    let last = await look(follower);
    assert.isUndefined(last.value);
    for (let i = 0; i < COMMITS; i += 1) {
      const put = (): void => values.put(1, Buffer.from(`value ${i}`));
      if (i % 3 === 0) kv.transactSync(put);
      else await kv.transact(put);
      const sight = await look(follower);
      assert.equal(sight.value, `value ${i}`);
      assert.equal(sight.snapshot, last.snapshot + 1);
      assert.equal(sight.heardCount, last.heardCount + 1);
      last = await look(follower);
      assert.deepEqual(last, sight);
    }
    const ended = once(follower, "exit");
    follower.kill("SIGKILL");
    await ended;
    kv.dropDeadReaders();
    await kv.close();
  });
});
