// A server is killed again and again while clients write. After each kill its store is verified, no answered write is
// missing, none is there twice in the changelog, and the RUV is the newest CSN of the entries.
import { assert } from "chai";
import { ConcordServer } from "../support/concord-server.ts";
import { enableReplica, openNode } from "../support/replication-setup.ts";
import type { Node } from "../support/replication-setup.ts";
import {
  CRASH_TIMEOUT_MS,
  KILL_COUNT,
  SUFFIX,
  assertNothingMissing,
  assertRuvFitsEntries,
  assertVerified,
  createWriter,
  killWhileWriting,
  readChangeCount,
  suiteRandom,
} from "./kill-cycle.ts";

suite("crash/kill-writer", function () {
  this.timeout(CRASH_TIMEOUT_MS);
  let server: ConcordServer | undefined;
  suiteTeardown(async () => {
    await server?.remove();
  });

  test(`crash/kill-writer: ${KILL_COUNT} kills lose no answered write`, async () => {
    const random = suiteRandom("kill-writer");
    const victim = await ConcordServer.create({ suffix: SUFFIX, suffixEntry: true });
    server = victim;
    let node: Node = await openNode(victim);
    await enableReplica(node, "supplier", { replicaId: 1 });
    const writer = await createWriter(node, random);
    const otherChanges = (await readChangeCount(node)) - writer.doneCount;
    for (let kill = 0; kill < KILL_COUNT; kill += 1) {
      node.client.close();
      await killWhileWriting({ target: node, victim, writer, random });
      await assertVerified(victim);
      await victim.start();
      node = await openNode(victim);
      await assertNothingMissing(writer, node);
      await assertRuvFitsEntries(node);
      assert.strictEqual(await readChangeCount(node), writer.doneCount + otherChanges);
    }
    console.log(`${KILL_COUNT} kills, ${writer.doneCount} writes`);
  });
});
