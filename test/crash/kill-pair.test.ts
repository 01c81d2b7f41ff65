// A supplier is killed again and again while clients write to it and it streams to a consumer. After each restart it goes
// on from where it was: the consumer ends with the same entries and the same RUV.
import { ConcordServer } from "../support/concord-server.ts";
import { assertEqualContent, readContent } from "../support/entry-state.ts";
import {
  createAgreement,
  enableReplica,
  initialize,
  openNode,
  readAtRest,
} from "../support/replication-setup.ts";
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
  suiteRandom,
} from "./kill-cycle.ts";

const QUICK_RETRY = { nsds5ReplicaBackoffMin: "1", nsds5ReplicaBackoffMax: "2" };

for (const victimRole of ["supplier", "consumer"] as const) {
  suite(`crash/kill-pair: the ${victimRole} of a pair`, function () {
    this.timeout(CRASH_TIMEOUT_MS);
    const servers: ConcordServer[] = [];
    suiteTeardown(async () => {
      await Promise.all(servers.map((server) => server.remove()));
    });

    test(`crash/kill-pair: ${KILL_COUNT} kills of the ${victimRole} lose nothing on either side`, async () => {
      const random = suiteRandom(`kills of the ${victimRole}`);
      let supplier = await create({ suffixEntry: true });
      let consumer = await create({ suffixEntry: false });
      await enableReplica(supplier, "supplier", { replicaId: 1, settings: QUICK_RETRY });
      await enableReplica(consumer, "hub", { settings: QUICK_RETRY });
      const writer = await createWriter(supplier, random);
      await initialize(supplier, await createAgreement(supplier, consumer));
      const victim = (victimRole === "supplier" ? supplier : consumer).server as ConcordServer;
      for (let kill = 0; kill < KILL_COUNT; kill += 1) {
        await killWhileWriting({ target: supplier, victim, writer, random });
        await assertVerified(victim);
        await victim.start();
        if (victimRole === "supplier") supplier = await reopen(supplier);
        else consumer = await reopen(consumer);
        await assertNothingMissing(writer, supplier);
        const [one, other] = await readAtRest([supplier, consumer], ({ client }) =>
          readContent(client, SUFFIX),
        );
        assertEqualContent(
          { name: "supplier", content: one as NonNullable<typeof one> },
          { name: "consumer", content: other as NonNullable<typeof other> },
          { level: "relevant" },
        );
        await assertNothingMissing(writer, consumer);
        await assertRuvFitsEntries(consumer);
      }
      console.log(`${KILL_COUNT} kills of the ${victimRole}, ${writer.doneCount} writes`);
    });

    async function create(options: { readonly suffixEntry: boolean }): Promise<Node> {
      const server = await ConcordServer.create({ suffix: SUFFIX, ...options });
      servers.push(server);
      return openNode(server);
    }
  });
}

async function reopen(node: Node): Promise<Node> {
  node.client.close();
  return openNode(node.server);
}
