// Loads that replace the whole content are killed again and again, mostly while a thread beside them writes index keys. What is
// left verifies, and is the old content as a whole, or the new one if the kill came too late.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "chai";
import { RunningChild } from "../support/child.ts";
import { ConcordServer, concordCommand } from "../support/concord-server.ts";
import {
  createAgreement,
  enableReplica,
  openNode,
  setAgreement,
} from "../support/replication-setup.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { pause } from "../support/wait-for.ts";
import { CRASH_TIMEOUT_MS, KILL_COUNT, SUFFIX, assertVerified, suiteRandom } from "./kill-cycle.ts";

/** More than what a load begins without a second thread. */
const ENTRIES = 14_000;
const KILL_MS_MAX = 4000;

suite("crash/kill-load", function () {
  this.timeout(CRASH_TIMEOUT_MS);
  const servers: ConcordServer[] = [];
  const create = async (suffixEntry: boolean): Promise<ConcordServer> => {
    const server = await ConcordServer.create({ suffix: SUFFIX, suffixEntry });
    servers.push(server);
    return server;
  };
  suiteTeardown(async () => {
    await Promise.all(servers.map((server) => server.remove()));
  });

  test(`crash/kill-load: after ${KILL_COUNT} killed imports there is the old content or the new one`, async () => {
    const random = suiteRandom("killed imports");
    const server = await create(false);
    await server.stop();
    const file = join(makeTemporaryFolder(), "people.ldif");
    writePeople(file, "first");
    await server.command("import", [file]);
    let content = "first";
    for (let kill = 0; kill < KILL_COUNT; kill += 1) {
      const next = `try ${kill}`;
      writePeople(file, next);
      const child = new RunningChild(concordCommand(), ["import", "--dir", server.folder, file]);
      await Promise.race([pause(random.below(KILL_MS_MAX)), child.ended]);
      child.signal("SIGKILL");
      const code = await child.ended;
      await assertVerified(server);
      const found = await readDescriptions(server);
      if (found.has(next)) content = next;
      else assert.notStrictEqual(code, 0, "an import that ends well has replaced the content");
      assert.deepEqual([...found], [[content, ENTRIES]]);
    }
  });

  test(`crash/kill-load: a consumer killed or stopped ${KILL_COUNT} times while it is initialized has the old content or the new one`, async () => {
    const random = suiteRandom("killed initializations");
    const supplier = await create(false);
    const consumer = await create(true);
    await supplier.stop();
    const file = join(makeTemporaryFolder(), "people.ldif");
    writePeople(file, "new");
    await supplier.command("import", [file]);
    await supplier.start();
    const from = await openNode(supplier);
    await enableReplica(from, "supplier", { replicaId: 1 });
    let to = await openNode(consumer);
    await enableReplica(to, "hub");
    const agreement = await createAgreement(from, to);
    for (let kill = 0; kill < KILL_COUNT; kill += 1) {
      await setAgreement(from, agreement, { nsds5BeginReplicaRefresh: "start" });
      await pause(random.below(KILL_MS_MAX));
      to.client.close();
      await (kill % 2 === 0 ? consumer.kill() : consumer.stop());
      await assertVerified(consumer);
      const found = await readDescriptions(consumer);
      assert.deepEqual([...found], found.size === 0 ? [] : [["new", ENTRIES]]);
      await consumer.start();
      to = await openNode(consumer);
    }
    to.client.close();
    from.client.close();
  });
});

/** How often each description occurs. */
async function readDescriptions(server: ConcordServer): Promise<ReadonlyMap<string, number>> {
  const path = join(makeTemporaryFolder(), "exported.ldif");
  await server.command("export", [path]);
  const found = new Map<string, number>();
  for (const [, text = ""] of readFileSync(path, "utf8").matchAll(/^description: (.*)$/gm)) {
    found.set(text, (found.get(text) ?? 0) + 1);
  }
  return found;
}

function writePeople(path: string, description: string): void {
  const records = [`dn: ${SUFFIX}\nobjectClass: domain\ndc: example\n`];
  for (let number = 0; number < ENTRIES; number += 1) {
    records.push(
      `dn: uid=user${number},${SUFFIX}\nobjectClass: inetOrgPerson\nuid: user${number}\ncn: User ${number}\n` +
        `sn: Surname${number % 997}\nmail: user${number}@example.com\ndescription: ${description}\n`,
    );
  }
  writeFileSync(path, records.join("\n"));
}
