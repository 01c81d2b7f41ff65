// CleanAllRUV between Concord and 389: a task that begins on either cleans both, and each answers the questions of the other.
import { assert } from "chai";
import {
  GONE_ID,
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
import { type Node, readRuv, waitForConvergence } from "../support/replication-setup.ts";
import { waitFor } from "../support/wait-for.ts";
import { Nodes, SUFFIX } from "./peer.ts";

const TIMEOUT_MS = 600_000;
const WAIT_MS = 60_000;

suite("interop/clean ruv", function () {
  this.timeout(TIMEOUT_MS);
  const nodes = new Nodes();
  let first: Node;
  let second: Node;
  teardown(() => nodes.removeAll());

  async function prepare(origin: "concord" | "ns-slapd"): Promise<void> {
    const add = (kind: "concord" | "ns-slapd", suffixEntry: boolean): Promise<Node> =>
      kind === "concord"
        ? nodes.addConcord({ suffix: SUFFIX, suffixEntry })
        : nodes.addNsSlapd({ suffix: SUFFIX, suffixEntry });
    first = await add(origin, true);
    second = await add(origin === "concord" ? "ns-slapd" : "concord", false);
    const gone = await add("concord", false);
    await giveUp(await connectThree(first, second, gone));
  }

  for (const origin of ["concord", "ns-slapd"] as const) {
    test(`interop/clean ruv: a task that begins on ${origin} cleans both`, async () => {
      await prepare(origin);
      const log = await waitForTask(first, await startClean(first, "both"));
      assert.match(log, /Successfully cleaned rid\(3\)/);
      for (const node of [first, second]) assert.isFalse(await hasGone(node), node.server.name);
      await waitForConvergence([first, second]);
      for (const node of [first, second]) {
        assert.isFalse(await hasKeepAlive(node), node.server.name);
        await waitFor(
          async () => (await readMarkers(node)).length === 0,
          `${node.server.name} is through`,
          WAIT_MS,
        );
      }
      // Sessions in both directions do not bring it back.
      await first.client.replace(`cn=of 1,${SUFFIX}`, "sn", "later");
      await second.client.replace(`cn=of 2,${SUFFIX}`, "sn", "later");
      await waitForConvergence([first, second]);
      for (const node of [first, second]) assert.isFalse(await hasGone(node), node.server.name);
    });
  }

  test("interop/clean ruv: 389 that was away during a forced task is cleaned when it is back", async () => {
    await prepare("concord");
    second.client.close();
    await second.server.stop();
    await waitForTask(first, await startClean(first, "forced", "yes"));
    assert.isFalse(await hasGone(first));
    await second.server.start();
    second = await nodes.reopen(second);
    await second.client.replace(`cn=of 2,${SUFFIX}`, "sn", "back again");
    await waitForCleanRuv(second);
    await waitForConvergence([first, second]);
    assert.isFalse(await hasGone(first));
  });

  test("interop/clean ruv: a task waits for 389 that is away, and can be aborted", async () => {
    await prepare("concord");
    second.client.close();
    await second.server.stop();
    const task = await startClean(first, "waiting");
    await waitFor(
      async () => (await readTaskLog(first, task)).includes("Replica not online"),
      "the task waits",
      WAIT_MS,
    );
    const abort = await startAbort(first, "abort", "yes");
    assert.match(await waitForTask(first, task), /Task aborted for rid\(3\)\.$/);
    await second.server.start();
    second = await nodes.reopen(second);
    assert.match(await waitForTask(first, abort), /Successfully aborted task for rid\(3\)$/);
    assert.deepEqual(await readMarkers(first), []);
    await first.client.replace(`cn=of 1,${SUFFIX}`, "sn", "after the abort");
    await waitForConvergence([first, second]);
    assert.isTrue((await readRuv(second)).elements.has(GONE_ID));
  });
});
