// Keep-alive entries of Concord. A fractional agreement that filters out all changes would leave the consumer's RUV where
// it was, and every session would evaluate the same changes again; one update of the keep-alive entry carries the RUV
// over them. And a total initialization makes the keep-alive entry of its supplier, of nobody else.
//
// 389 2.3.1 has no threshold but a timer, so in a rehearsal the update is only waited for longer.
import { assert } from "chai";
import {
  createAgreement,
  enableReplica,
  initialize,
  readAgreement,
  readRuv,
  setAgreement,
  waitForConvergence,
} from "../support/replication-setup.ts";
import type { Node } from "../support/replication-setup.ts";
import { inParallel } from "../support/sample-directory.ts";
import { waitFor } from "../support/wait-for.ts";
import { Nodes, SUFFIX, isRehearsal } from "./peer.ts";

const TIMEOUT_MS = 300_000;
const KEEP_ALIVE_TIMEOUT_MS = 150_000;
const EXCLUDED_CHANGE_COUNT = 350;
const FRACTIONAL = {
  nsDS5ReplicatedAttributeList: "(objectclass=*) $ EXCLUDE telephoneNumber",
  nsds5ReplicaStripAttrs:
    "modifiersname modifytimestamp internalModifiersName internalModifyTimestamp",
};

interface Counts {
  readonly sent: number;
  readonly skipped: number;
}

const keepAliveDn = (replicaId: number): string => `cn=repl keep alive ${replicaId},${SUFFIX}`;

suite("interop/keep-alive: changes that are filtered out", function () {
  this.timeout(TIMEOUT_MS);
  const nodes = new Nodes();
  let supplier: Node;
  let consumer: Node;
  let agreement: string;

  suiteSetup(async () => {
    supplier = await nodes.addConcord({ suffix: SUFFIX, suffixEntry: true });
    consumer = await nodes.addConcord({ suffix: SUFFIX });
    await enableReplica(supplier, "supplier", {
      replicaId: 1,
      settings: isRehearsal ? { nsds5ReplicaKeepAliveUpdateInterval: "60" } : {},
    });
    await enableReplica(consumer, "consumer");
    await supplier.client.add(`cn=phone,${SUFFIX}`, {
      objectClass: ["top", "person"],
      cn: "phone",
      sn: "phone",
    });
    agreement = await createAgreement(supplier, consumer, FRACTIONAL);
    await initialize(supplier, agreement);
    await supplier.client.replace(`cn=phone,${SUFFIX}`, "sn", "seen by the consumer");
    await waitForConvergence([supplier, consumer]);
    // The changes are made while nothing is sent, so that one session meets all of them.
    await setAgreement(supplier, agreement, { nsds5ReplicaEnabled: "off" });
    await waitFor(
      async () => (await readAgreement(supplier, agreement)).update.includes("disabled"),
      "the agreement is off",
      KEEP_ALIVE_TIMEOUT_MS,
    );
  });
  suiteTeardown(() => nodes.removeAll());

  test("interop/keep-alive: one update carries the RUV of the consumer over 350 filtered changes", async () => {
    const before = await counts();
    const keptBefore = await keepAliveTime();
    for (let n = 0; n < EXCLUDED_CHANGE_COUNT; n += 1)
      await supplier.client.replace(`cn=phone,${SUFFIX}`, "telephoneNumber", `+49 30 ${n}`);
    const newest = (await readRuv(supplier)).elements.get(1)?.max as string;
    await setAgreement(supplier, agreement, { nsds5ReplicaEnabled: "on" });
    await waitFor(
      async () => ((await readRuv(consumer)).elements.get(1)?.max ?? "") >= newest,
      "the RUV of the consumer covers the filtered changes",
      KEEP_ALIVE_TIMEOUT_MS,
    );
    await waitForConvergence([supplier, consumer]);
    const after = await countsOnceSent(before.sent + 1);
    assert.notEqual(await keepAliveTime(), keptBefore, "the keep-alive entry was updated");
    assert.strictEqual(after.sent - before.sent, 1, "one update crossed");
    if (!isRehearsal) {
      assert.strictEqual(after.skipped - before.skipped, EXCLUDED_CHANGE_COUNT);
    }
    const entry = await consumer.client.find(`cn=phone,${SUFFIX}`);
    assert.isUndefined(entry?.text("telephoneNumber"));
  });

  test("interop/keep-alive: a restarted agreement evaluates none of them again", async () => {
    const before = await counts();
    await setAgreement(supplier, agreement, { nsds5ReplicaEnabled: "off" });
    await setAgreement(supplier, agreement, { nsds5ReplicaEnabled: "on" });
    await sendSomething("after the agreement");
    const after = await countsOnceSent(before.sent + 1);
    assert.strictEqual(after.skipped, before.skipped);
    assert.strictEqual(after.sent, before.sent + 1);
  });

  test("interop/keep-alive: a restarted server evaluates none of them again", async () => {
    supplier.client.close();
    await supplier.server.stop();
    await supplier.server.start();
    supplier = await nodes.reopen(supplier);
    await sendSomething("after the server");
    const { skipped } = await countsOnceSent(1);
    assert.strictEqual(skipped, 0);
  });

  async function sendSomething(text: string): Promise<void> {
    await supplier.client.replace(`cn=phone,${SUFFIX}`, "sn", text);
    await waitFor(
      async () => (await consumer.client.find(`cn=phone,${SUFFIX}`))?.text("sn") === text,
      "the change reaches the consumer",
      KEEP_ALIVE_TIMEOUT_MS,
    );
    await waitForConvergence([supplier, consumer]);
  }

  async function keepAliveTime(): Promise<string | undefined> {
    const entry = await consumer.client.find(keepAliveDn(1), ["keepalivetimestamp"]);
    return entry?.text("keepalivetimestamp");
  }

  /** The counts of the agreement once it has the consumer's answer to its update number `sent`: the consumer shows what
   * it was sent before the supplier has read that answer. */
  async function countsOnceSent(sent: number): Promise<Counts> {
    return await waitFor(
      async () => {
        const now = await counts();
        return now.sent >= sent ? now : undefined;
      },
      `the agreement has counted ${sent} updates`,
      KEEP_ALIVE_TIMEOUT_MS,
    );
  }

  async function counts(): Promise<Counts> {
    const { changesSent } = await readAgreement(supplier, agreement);
    const match = /\b1:(\d+)\/(\d+)/.exec(changesSent);
    return { sent: Number(match?.[1] ?? 0), skipped: Number(match?.[2] ?? 0) };
  }
});

suite("interop/keep-alive: total initializations", function () {
  this.timeout(TIMEOUT_MS);
  const nodes = new Nodes();
  suiteTeardown(() => nodes.removeAll());

  // 389 2.3.1 makes the entry of every updatable replica by a timer as well.
  (isRehearsal ? test.skip : test)(
    "interop/keep-alive: who initializes another has a keep-alive entry, and all have it",
    async () => {
      const first = await nodes.addConcord({ suffix: SUFFIX, suffixEntry: true });
      const second = await nodes.addConcord({ suffix: SUFFIX });
      const third = await nodes.addConcord({ suffix: SUFFIX });
      const all = [first, second, third];
      await inParallel([...all.entries()], ([index, node]) =>
        enableReplica(node, "supplier", { replicaId: index + 1 }),
      );
      await initialize(first, await createAgreement(first, second));
      await initialize(second, await createAgreement(second, third));
      await createAgreement(second, first);
      await createAgreement(third, second);
      await first.client.replace(SUFFIX, "description", "after the total initializations");
      await waitForConvergence(all);
      for (const { server, client } of all) {
        const held = [];
        for (const replicaId of [1, 2, 3])
          if ((await client.find(keepAliveDn(replicaId), ["1.1"])) !== undefined)
            held.push(replicaId);
        assert.deepEqual(held, [1, 2], server.name);
      }
    },
  );
});
