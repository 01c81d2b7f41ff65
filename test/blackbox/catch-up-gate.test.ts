// The catch-up gate of a supplier whose data was replaced while it did not run: by a restore, by an import. Its own changes that only
// another server still has come back before it takes a local one, also when it is restarted in between; no CSN is given twice.
import { assert } from "chai";
import { join } from "node:path";
import { ConcordServer } from "../support/concord-server.ts";
import {
  type Node,
  connectSuppliers,
  enableReplica,
  openNode,
  readRuv,
  waitForConvergence,
} from "../support/replication-setup.ts";
import { waitFor } from "../support/wait-for.ts";

const SUFFIX = "dc=example,dc=com";
const TIMEOUT_MS = 300_000;
const WAIT_MS = 60_000;

suite("blackbox/catch-up gate", function () {
  this.timeout(TIMEOUT_MS);
  let server: ConcordServer;
  let first: Node;
  let second: Node;

  setup(async () => {
    server = await ConcordServer.create({ suffix: SUFFIX, suffixEntry: true });
    first = await openNode(server);
    second = await openNode(await ConcordServer.create({ suffix: SUFFIX }));
    await enableReplica(first, "supplier", { replicaId: 1 });
    await enableReplica(second, "supplier", { replicaId: 2 });
    await connectSuppliers(first, second);
    await addPerson("before");
    await waitForConvergence([first, second]);
  });
  teardown(async () => {
    for (const node of [first, second]) {
      node.client.close();
      await node.server.remove();
    }
  });

  async function addPerson(cn: string): Promise<void> {
    await first.client.add(`cn=${cn},${SUFFIX}`, { objectClass: ["top", "person"], cn, sn: cn });
  }

  const stop = async (node: Node): Promise<void> => {
    node.client.close();
    await node.server.stop();
  };

  const start = async (node: Node): Promise<Node> => {
    await node.server.start();
    return openNode(node.server);
  };

  const tryToWrite = (): Promise<string> =>
    first.client.replace(`cn=before,${SUFFIX}`, "sn", "a local change").then(
      () => "taken",
      (error: Error) => error.message,
    );

  test("blackbox/catch-up gate: servers that run all the time send back what a restored one lacks, at once", async () => {
    const backup = join(server.folder, "..", "backup");
    await server.command("backup", [backup]);
    await addPerson("after");
    await waitForConvergence([first, second]);
    await stop(first);
    await server.command("restore", [backup]);
    first = await start(first);
    await waitFor(async () => (await tryToWrite()) === "taken", "the gate opens", WAIT_MS);
    assert.isDefined(await first.client.find(`cn=after,${SUFFIX}`));
    await waitForConvergence([first, second]);
  });

  /** The first server gets older data back while the other one is away. */
  async function goBack(replace: () => Promise<void>): Promise<void> {
    await addPerson("after");
    await waitForConvergence([first, second]);
    await stop(second);
    await stop(first);
    await replace();
    first = await start(first);
  }

  async function checkGate(reason: string): Promise<void> {
    const waits = new RegExp(`Local changes wait after ${reason}`);
    assert.match(await tryToWrite(), waits);
    await stop(first);
    first = await start(first);
    assert.match(await tryToWrite(), waits);
    assert.isUndefined(await first.client.find(`cn=after,${SUFFIX}`));
    second = await start(second);
    await waitFor(async () => (await tryToWrite()) === "taken", "the gate opens", WAIT_MS);
    assert.isDefined(await first.client.find(`cn=after,${SUFFIX}`));
    await waitForConvergence([first, second]);
    assert.strictEqual(
      (await second.client.find(`cn=before,${SUFFIX}`))?.text("sn"),
      "a local change",
    );
    // Open for good.
    await stop(second);
    await stop(first);
    first = await start(first);
    assert.strictEqual(await tryToWrite(), "taken");
    assert.isDefined((await readRuv(first)).elements.get(1)?.max);
  }

  test("blackbox/catch-up gate: a restore closes it, and a restart does not open it", async () => {
    const backup = join(server.folder, "..", "backup");
    await server.command("backup", [backup]);
    await goBack(async () => {
      await server.command("restore", [backup]);
    });
    await checkGate("restore");
  });

  test("blackbox/catch-up gate: an import into a stopped instance closes it, and a restart does not open it", async () => {
    const file = join(server.folder, "..", "replica.ldif");
    await server.command("export", ["--replica", file]);
    await goBack(async () => {
      await server.command("import", [file]);
    });
    await checkGate("import");
  });
});
