// An initialization between real servers carries what is known of cleaned replica IDs: a server that never had a change of such an ID is
// not taken for one with a copy of the cleaned data, and the other way round.
import { assert } from "chai";
import { TOTAL_CLEANED_OID } from "../../src/protocol/index.ts";
import {
  GONE_ID,
  hasGone,
  readTaskLog,
  startClean,
  waitForCleanRuv,
  waitForTask,
} from "../support/clean-setup.ts";
import { ConcordServer } from "../support/concord-server.ts";
import {
  type Node,
  agreementDn,
  createAgreement,
  enableReplica,
  initialize,
  openNode,
  readAgreement,
  setAgreement,
  waitForConvergence,
} from "../support/replication-setup.ts";
import { waitFor } from "../support/wait-for.ts";

const SUFFIX = "dc=example,dc=com";
const ENTRY = `cn=of the gone,${SUFFIX}`;
const TIMEOUT_MS = 300_000;
const WAIT_MS = 60_000;

suite("blackbox/cleaned rows", function () {
  this.timeout(TIMEOUT_MS);
  let first: Node;
  let gone: Node;
  let late: Node;
  let toLate: string;

  setup(async () => {
    [first, gone, late] = (await Promise.all(
      [true, false, false].map(async (suffixEntry) =>
        openNode(await ConcordServer.create({ suffix: SUFFIX, suffixEntry })),
      ),
    )) as [Node, Node, Node];
    await enableReplica(first, "supplier", { replicaId: 1 });
    await enableReplica(gone, "supplier", { replicaId: GONE_ID });
    await enableReplica(late, "supplier", { replicaId: 2 });
    const toGone = await createAgreement(first, gone);
    await initialize(first, toGone);
    const fromGone = await createAgreement(gone, first);
    toLate = await createAgreement(first, late);
    await initialize(first, toLate);
    // From here on the late one gets nothing.
    await setAgreement(first, toLate, { nsds5ReplicaEnabled: "off" });
    const entry = { objectClass: ["top", "person"], cn: "of the gone", sn: "gone" };
    await gone.client.add(ENTRY, entry);
    await waitForConvergence([first, gone]);
    await first.client.delete(agreementDn(SUFFIX, toGone));
    await setAgreement(gone, fromGone, { nsds5ReplicaEnabled: "off" });
    await waitForTask(first, await startClean(first, "without the late one"));
    assert.isFalse(await hasGone(first));
    await setAgreement(first, toLate, { nsds5ReplicaEnabled: "on" });
  });
  teardown(async () => {
    for (const { client, server } of [first, gone, late]) {
      client.close();
      await server.remove();
    }
  });

  test("blackbox/cleaned rows: a server that has had no change of the ID is not cleaned before it is initialized, and then has all", async () => {
    const task = await startClean(first, "again");
    await waitFor(
      async () => /Replica lacks changes .* initialize it/.test(await readTaskLog(first, task)),
      "the task waits for the server that lacks changes",
      WAIT_MS,
    );
    assert.match(first.server.readErrorLog(), /"event":"clean.consumer.behind"/);
    assert.isUndefined(await late.client.find(ENTRY));
    await initialize(first, toLate);
    assert.match(await waitForTask(first, task), /Successfully cleaned rid\(3\)$/);
    await waitForCleanRuv(late);
    assert.isDefined(await late.client.find(ENTRY));
    await waitForConvergence([first, late]);
  });

  test("blackbox/cleaned rows: a server that was initialized refuses the one that was given up, after a restart too", async () => {
    await initialize(first, toLate);
    late.client.close();
    await late.server.stop();
    await late.server.start();
    late = await openNode(late.server);
    const fromGone = await createAgreement(gone, late);
    await gone.client.replace(ENTRY, "sn", "from the dead");
    await waitFor(
      async () => (await readAgreement(gone, fromGone)).update.startsWith("Error (3)"),
      "the session is refused",
      WAIT_MS,
    );
    assert.match(late.server.readErrorLog(), /"event":"consumer.supplier.refused"/);
    assert.strictEqual((await late.client.find(ENTRY))?.text("sn"), "gone");
  });

  test("blackbox/cleaned rows: the root DSE says that they are taken", async () => {
    const root = await first.client.find("", ["supportedExtension"]);
    assert.include([...(root?.texts("supportedExtension") ?? [])], TOTAL_CLEANED_OID);
  });
});
