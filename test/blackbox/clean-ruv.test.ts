// CleanAllRUV among Concord servers: a replica ID that is given up leaves every server and does not come back, also when one
// of them was away, was restarted in the middle, or when the server that was given up returns.
import { assert } from "chai";
import {
  GONE_ID,
  type Suppliers,
  connectThree,
  giveUp,
  hasGone,
  hasKeepAlive,
  readMarkers,
  readTaskLog,
  startAbort,
  startClean,
  waitForCleanRuv,
  waitForTask,
} from "../support/clean-setup.ts";
import { ConcordServer } from "../support/concord-server.ts";
import {
  type Node,
  openNode,
  readAgreement,
  readRuv,
  replicaDn,
  setAgreement,
  waitForConvergence,
} from "../support/replication-setup.ts";
import { waitFor } from "../support/wait-for.ts";

const SUFFIX = "dc=example,dc=com";
const TIMEOUT_MS = 300_000;
const WAIT_MS = 60_000;

async function makeNode(suffixEntry: boolean): Promise<Node> {
  return openNode(await ConcordServer.create({ suffix: SUFFIX, suffixEntry }));
}

async function restart(node: Node): Promise<Node> {
  await node.server.start();
  return openNode(node.server);
}

async function stop(node: Node): Promise<void> {
  node.client.close();
  await node.server.stop();
}

suite("blackbox/clean ruv", function () {
  this.timeout(TIMEOUT_MS);
  let first: Node;
  let second: Node;
  let gone: Node;
  let suppliers: Suppliers;

  setup(async () => {
    [first, second, gone] = await Promise.all([makeNode(true), makeNode(false), makeNode(false)]);
    suppliers = await connectThree(first, second, gone);
    await giveUp(suppliers);
  });
  teardown(async () => {
    for (const { client, server } of [first, second, gone]) {
      client.close();
      await server.remove();
    }
  });

  test("blackbox/clean ruv: the ID leaves all servers, with its keep-alive entry", async () => {
    assert.isTrue(await hasKeepAlive(second));
    const task = await startClean(first, "all");
    const log = await waitForTask(first, task);
    assert.match(log, /Successfully cleaned rid\(3\)$/);
    for (const node of [first, second]) {
      assert.isFalse(await hasGone(node));
      assert.deepEqual(await readMarkers(node), []);
    }
    await waitForConvergence([first, second]);
    assert.isFalse(await hasKeepAlive(first));
    assert.isFalse(await hasKeepAlive(second));
    // What the server has written stays.
    assert.isDefined(await second.client.find(`cn=of ${GONE_ID},${SUFFIX}`));
  });

  test("blackbox/clean ruv: a task waits for a server that is away, through a restart, and goes on when it is back", async () => {
    await stop(second);
    const task = await startClean(first, "waiting");
    await waitFor(
      async () => (await readTaskLog(first, task)).includes("Replica not online"),
      "the task waits",
      WAIT_MS,
    );
    assert.deepEqual(await readMarkers(first), [`3:no:1:${SUFFIX}`]);
    assert.isTrue(await hasGone(first));
    await stop(first);
    first = await restart(first);
    assert.deepEqual(await readMarkers(first), [`3:no:1:${SUFFIX}`]);
    second = await restart(second);
    await waitForCleanRuv(first);
    await waitForCleanRuv(second);
    await waitFor(async () => (await readMarkers(first)).length === 0, "the task is over", WAIT_MS);
    await waitForConvergence([first, second]);
  });

  test("blackbox/clean ruv: a forced task does not wait; a server that was away is cleaned at its first contact", async () => {
    await stop(second);
    const log = await waitForTask(first, await startClean(first, "forced", "yes"));
    assert.match(log, /Replica not reached .*\n[^]*Successfully cleaned rid\(3\)$/);
    assert.isFalse(await hasGone(first));
    second = await restart(second);
    await second.client.replace(`cn=of 2,${SUFFIX}`, "sn", "after the return");
    await waitForCleanRuv(second);
    await waitForConvergence([first, second]);
    assert.isFalse(await hasGone(first));
  });

  test("blackbox/clean ruv: the server that was given up gets no session when it returns", async () => {
    await waitForTask(first, await startClean(first, "returning"));
    gone = await restart(gone);
    await gone.client.replace(`cn=of 3,${SUFFIX}`, "sn", "from the dead");
    const agreement = suppliers.goneToFirst;
    await waitFor(
      async () => (await readAgreement(gone, agreement)).update.startsWith("Error (3)"),
      "the session is refused",
      WAIT_MS,
    );
    for (const node of [first, second]) {
      assert.isFalse(await hasGone(node));
      assert.strictEqual((await node.client.find(`cn=of 3,${SUFFIX}`))?.text("sn"), "of 3");
    }
    assert.match(first.server.readErrorLog(), /"event":"consumer.supplier.refused"/);
    await setAgreement(gone, agreement, { nsds5ReplicaEnabled: "off" });
  });

  test("blackbox/clean ruv: an abort ends a waiting task and leaves the ID", async () => {
    await stop(second);
    const task = await startClean(first, "aborted");
    await waitFor(
      async () => (await readTaskLog(first, task)).includes("Replica not online"),
      "the task waits",
      WAIT_MS,
    );
    await waitForTask(first, await startAbort(first, "abort", "no"));
    assert.match(await waitForTask(first, task), /Task aborted for rid\(3\)\.$/);
    assert.isTrue(await hasGone(first));
    assert.deepEqual(await readMarkers(first), []);
    second = await restart(second);
    await first.client.replace(`cn=of 1,${SUFFIX}`, "sn", "after the abort");
    await waitForConvergence([first, second]);
    assert.isTrue((await readRuv(second)).elements.has(GONE_ID));
  });

  test("blackbox/clean ruv: CLEANRUV cleans one server alone", async () => {
    const dn = replicaDn(SUFFIX);
    await first.client.replace(dn, "nsds5Task", `CLEANRUV${GONE_ID}`);
    assert.isFalse(await hasGone(first));
    assert.isTrue(await hasGone(second));
    assert.isUndefined((await first.client.find(dn, ["nsds5Task"]))?.text("nsds5Task"));
    // The other one still has it, and is told when it is heard of: the ID does not come back from there.
    await second.client.replace(`cn=of 2,${SUFFIX}`, "sn", "a change");
    await waitForCleanRuv(second);
    await waitForConvergence([first, second]);
    assert.isFalse(await hasGone(first));
  });

  test("blackbox/clean ruv: the ID of the server itself is refused", async () => {
    for (const [dn, values] of [
      ["cn=own,cn=cleanallruv,cn=tasks,cn=config", undefined],
      [replicaDn(SUFFIX), "CLEANRUV1"],
      [replicaDn(SUFFIX), "CLEANALLRUV1"],
    ] as const) {
      const refusal = await (values === undefined
        ? first.client.add(dn, {
            objectClass: ["top", "extensibleObject"],
            cn: "own",
            "replica-base-dn": SUFFIX,
            "replica-id": "1",
          })
        : first.client.replace(dn, "nsds5Task", values)
      ).then(
        () => "taken",
        (error: Error) => error.message,
      );
      assert.match(refusal, /Replica id \(1\) is that of this server/);
    }
  });
});
