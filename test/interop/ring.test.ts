// Three suppliers, one of them 389, in a ring: random operations spread over all three at once, then rest, then equality
// of all entries with what matters of their CSN state. First each neighbor sends to the other, then the ring is one-way,
// so that every change has to be forwarded. The seed is printed; --seed repeats it.
import { assert } from "chai";
import { assertEqualContent, readContent } from "../support/entry-state.ts";
import type { EntryState, ReplicaContent } from "../support/entry-state.ts";
import { isForgottenClear } from "../support/forgotten-clear.ts";
import { RandomWriter, SHARED_CONTAINERS } from "../support/random-writer.ts";
import type { SharedTree } from "../support/random-writer.ts";
import {
  connectSuppliers,
  createAgreement,
  enableReplica,
  readAtRest,
  setAgreement,
  waitForConvergence,
} from "../support/replication-setup.ts";
import type { Node } from "../support/replication-setup.ts";
import { refusedChanges } from "../support/refused-changes.ts";
import { SeededRandom, seedFrom } from "../support/seeded-random.ts";
import { waitFor } from "../support/wait-for.ts";
import { Nodes, SUFFIX, isRehearsal } from "./peer.ts";

const OPERATION_COUNT = Number(process.env["CONCORD_INTEROP_OPERATIONS"] ?? 2_000);
const ONE_WAY_OPERATION_COUNT = Math.ceil(OPERATION_COUNT / 4);
const TIMEOUT_MS = 900_000;
const SCHEMA_TIMEOUT_MS = 60_000;
const RING_ATTRIBUTE =
  "( 1.3.6.1.4.1.99999.1.1 NAME 'ringNote' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch " +
  "SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 X-ORIGIN 'user defined' )";
const RING_CLASS =
  "( 1.3.6.1.4.1.99999.2.1 NAME 'ringObject' SUP top AUXILIARY MAY ringNote X-ORIGIN 'user defined' )";

interface Named {
  readonly name: string;
  readonly content: ReplicaContent;
}

/** The replica ID of 389. */
const REPLICA_ID_389 = 1;

/** What 389 has differently from its own kind too, or shows otherwise: the DN that a dead entry had, which Concord shows as it
 *  would be today, and values that a replacement on 389 has cleared everywhere else. */
const isOwnWayOf389 = (fact: string, at: EntryState, other: EntryState): boolean =>
  fact.startsWith("nscpentrydn:") ||
  isForgottenClear(fact, { at, other, replicaId: REPLICA_ID_389 });

suite("interop/ring", function () {
  this.timeout(TIMEOUT_MS);
  const nodes = new Nodes();
  const backward: { readonly at: Node; readonly name: string }[] = [];
  let all: readonly Node[] = [];
  let random: SeededRandom;
  let tree: SharedTree;
  let writers: readonly RandomWriter[];

  suiteSetup(async () => {
    random = new SeededRandom(seedFrom("CONCORD_SEED"));
    console.log(`seed ${random.seed}; repeat: npm run interop -- --seed ${random.seed} ring`);
    const first = await nodes.addNsSlapd({ suffix: SUFFIX, suffixEntry: true });
    const second = await nodes.addConcord({ suffix: SUFFIX });
    const third = await nodes.addConcord({ suffix: SUFFIX });
    all = [first, second, third];
    for (const [index, node] of all.entries())
      await enableReplica(node, "supplier", { replicaId: index + 1 });
    for (const name of SHARED_CONTAINERS)
      await first.client.add(`ou=${name},${SUFFIX}`, {
        objectClass: "organizationalUnit",
        ou: name,
      });
    const [, back1] = await connectSuppliers(first, second);
    const [, back2] = await connectSuppliers(second, third);
    await createAgreement(third, first);
    const back3 = await createAgreement(first, third);
    backward.push(
      { at: second, name: back1 },
      { at: third, name: back2 },
      { at: first, name: back3 },
    );
    await waitForConvergence(all);
    tree = { suffix: SUFFIX, entries: [] };
    writers = all.map(
      ({ client }, index) =>
        new RandomWriter({
          client,
          owner: index + 1,
          random: new SeededRandom(random.seed + index + 1),
          tree,
        }),
    );
  });
  suiteTeardown(() => nodes.removeAll());

  test("interop/ring: neighbors that send to each other end equal after random operations", async () => {
    await writeEverywhere(OPERATION_COUNT);
    await assertAllEqual();
  });

  test("interop/ring: a change of the schema does not disturb it and is learned by all", async () => {
    const [first] = all as [Node];
    await first.client.modify("cn=schema", [
      { op: "add", type: "attributeTypes", values: RING_ATTRIBUTE },
      { op: "add", type: "objectClasses", values: RING_CLASS },
    ]);
    await first.client.add(`cn=with new schema,${SUFFIX}`, {
      objectClass: ["device", "ringObject"],
      cn: "with new schema",
      ringNote: "Ring",
    });
    await assertAllEqual();
    for (const { server, client } of all) {
      await waitFor(
        async () => {
          const schema = await client.find("cn=schema", ["objectClasses"]);
          return schema?.texts("objectClasses").some((text) => text.includes("'ringObject'"));
        },
        `${server.name} knows the new class`,
        SCHEMA_TIMEOUT_MS,
      );
      const { entries } = await client.search(SUFFIX, { filter: "(ringNote=ring)" });
      assert.lengthOf(entries, 1, server.name);
    }
  });

  test("interop/ring: one way round, every change is forwarded", async () => {
    for (const { at, name } of backward)
      await setAgreement(at, name, { nsds5ReplicaEnabled: "off" });
    await writeEverywhere(ONE_WAY_OPERATION_COUNT);
    await assertAllEqual();
  });

  async function writeEverywhere(operationCount: number): Promise<void> {
    const share = Math.ceil(operationCount / writers.length);
    await Promise.all(writers.map((writer) => writer.run(share)));
    for (const writer of writers) await writer.finish();
    const doneCount = writers.reduce((sum, writer) => sum + writer.doneCount, 0);
    const refusedCount = writers.reduce((sum, writer) => sum + writer.refusedCount, 0);
    console.log(`${doneCount} operations done, ${refusedCount} lost a race`);
    assert.isAbove(doneCount, refusedCount, "most operations succeed");
  }

  async function assertAllEqual(): Promise<void> {
    const contents = await readAtRest(all, ({ client }) => readContent(client, SUFFIX));
    const named = contents.map((content, index) => ({
      name: `${all[index]?.server.kind} ${index + 1}`,
      content,
    }));
    const [first, second, third] = named as [Named, Named, Named];
    try {
      assertEqualContent(first, second, { level: "present", exceptFact: isOwnWayOf389 });
      assertEqualContent(first, third, { level: "present", exceptFact: isOwnWayOf389 });
      if (!isRehearsal) assertEqualContent(second, third, { level: "relevant" });
    } catch (error) {
      for (const [index, { server }] of all.entries()) {
        const lines = refusedChanges(server, index + 1);
        console.log([`refused by ${server.name}:`, ...lines].join("\n  "));
      }
      throw error;
    }
  }
});
