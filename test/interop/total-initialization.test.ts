// Total initialization between 389 and Concord, in both directions, then every kind of operation on both sides. After
// each step the two replicas hold the same entries, entry by entry, with all of their CSN state.
import { assert } from "chai";
import {
  assertEqualContent,
  assertNoDifferences,
  differences,
  readContent,
} from "../support/entry-state.ts";
import type { ReplicaContent } from "../support/entry-state.ts";
import {
  createAgreement,
  enableReplica,
  initialize,
  readAtRest,
  waitForConvergence,
} from "../support/replication-setup.ts";
import type { Node } from "../support/replication-setup.ts";
import { writeSampleDirectory } from "../support/sample-directory.ts";
import { SeededRandom, seedFrom } from "../support/seeded-random.ts";
import { OPERATIONS, isKnownDifference } from "./operations.ts";
import { Nodes, SUFFIX } from "./peer.ts";

const ENTRY_COUNT = Number(process.env["CONCORD_INTEROP_ENTRIES"] ?? 10_000);
const TIMEOUT_MS = 600_000;

const directions = ["ns-slapd to Concord", "Concord to ns-slapd"] as const;

for (const direction of directions) {
  suite(`interop/total-initialization: ${direction}`, function () {
    this.timeout(TIMEOUT_MS);
    const nodes = new Nodes();
    let from: Node;
    let to: Node;

    suiteSetup(async () => {
      const full = { suffix: SUFFIX, suffixEntry: true };
      const empty = { suffix: SUFFIX };
      const isFromNsSlapd = direction === "ns-slapd to Concord";
      from = isFromNsSlapd ? await nodes.addNsSlapd(full) : await nodes.addConcord(full);
      to = isFromNsSlapd ? await nodes.addConcord(empty) : await nodes.addNsSlapd(empty);
    });
    suiteTeardown(() => nodes.removeAll());

    test(`interop/total-initialization: ${direction}: all entries arrive with their state`, async () => {
      const random = new SeededRandom(seedFrom("CONCORD_SEED"));
      console.log(`seed ${random.seed}; repeat: npm run interop -- --seed ${random.seed} total`);
      await enableReplica(from, "supplier", { replicaId: 1 });
      await enableReplica(to, "supplier", { replicaId: 2 });
      await writeSampleDirectory({
        client: from.client,
        suffix: SUFFIX,
        random,
        entryCount: ENTRY_COUNT,
      });
      await initialize(from, await createAgreement(from, to));
      // The way back: the second supplier makes its keep-alive entry as soon as it is initialized.
      await createAgreement(to, from);
      // 389 does not count an add of what the total brought already, such as the keep-alive entry that the supplier makes
      // in the course of it: only a further change moves its RUV past it.
      await from.client.replace(SUFFIX, "description", "after the total");
      const [one, other] = await readBoth();
      assert.isAbove(one.size, ENTRY_COUNT);
      assertEqualContent(named(from, one), named(to, other), { level: "relevant" });
    });

    test(`interop/total-initialization: ${direction}: every operation of the first crosses`, async () => {
      await everyOperation(from);
    });

    test(`interop/total-initialization: ${direction}: every operation of the second crosses`, async () => {
      await everyOperation(to);
    });

    async function everyOperation(at: Node): Promise<void> {
      const base = `ou=operations at ${at.server.name},${SUFFIX}`;
      await at.client.add(base, { objectClass: "organizationalUnit", ou: base.slice(3, -18) });
      const found: string[] = [];
      const told = new Set<string>();
      for (const operation of OPERATIONS) {
        await operation.run(at.client, base);
        // A step at a time, so that a difference names the operation that made it.
        const [one, other] = await readBelow(base);
        const now = differences(named(from, one), named(to, other), {
          level: "relevant",
          exceptFact: isKnownDifference,
        });
        for (const difference of now) {
          if (!told.has(difference)) found.push(`after ${operation.name}: ${difference}`);
          told.add(difference);
        }
      }
      assertNoDifferences(found);
    }

    async function readBelow(base: string): Promise<readonly [ReplicaContent, ReplicaContent]> {
      await waitForConvergence([from, to]);
      return [await readContent(from.client, base), await readContent(to.client, base)];
    }

    async function readBoth(): Promise<readonly [ReplicaContent, ReplicaContent]> {
      const contents = await readAtRest([from, to], ({ client }) => readContent(client, SUFFIX));
      return [contents[0] as ReplicaContent, contents[1] as ReplicaContent];
    }
  });
}

function named(
  { server }: Node,
  content: ReplicaContent,
): { name: string; content: ReplicaContent } {
  return { name: server.name, content };
}
