// The long run: a ring 389–Concord–389–Concord whose neighbors send to each other, random operations on all four at once, and
// partitions: in each round some agreements are off, so that changes meet late and in bulk. After some rounds, and at the end,
// the ring heals and comes to rest. Then the two Concord servers are equal in everything that matters of their state, and each
// 389 is equal to them but for what 389 has differently from its own kind too.
//
// npm run soak: 20,000 operations; CONCORD_SOAK_OPERATIONS says how many. The seed is printed; --seed repeats it.
import { assert } from "chai";
import {
  type EntryState,
  type ReplicaContent,
  assertEqualContent,
  readContent,
} from "../support/entry-state.ts";
import { isForgottenClear } from "../support/forgotten-clear.ts";
import { RandomWriter, SHARED_CONTAINERS, type SharedTree } from "../support/random-writer.ts";
import {
  type Node,
  connectSuppliers,
  createAgreement,
  enableReplica,
  readAtRest,
  setAgreement,
  waitForConvergence,
} from "../support/replication-setup.ts";
import { SeededRandom, seedFrom } from "../support/seeded-random.ts";
import { Nodes, SUFFIX, isRehearsal } from "./peer.ts";

const OPERATION_COUNT = Number(process.env["CONCORD_SOAK_OPERATIONS"] ?? 600);
/** Operations between two changes of the partition. */
const ROUND_OPERATIONS = 100;
/** Rounds between two comparisons. */
const ROUNDS_TO_REST = 10;
const MINUTE_MS = 60_000;
const SETUP_MS = 10 * MINUTE_MS;
const OPERATION_MS_MAX = 200;

/** A way of the ring, both directions: the indexes of its ends and the agreements between them. */
interface Way {
  readonly ends: readonly [number, number];
  readonly agreements: readonly (readonly [at: Node, name: string])[];
}

suite("interop/soak", function () {
  this.timeout(SETUP_MS + OPERATION_COUNT * OPERATION_MS_MAX);
  const nodes = new Nodes();
  const ways: Way[] = [];
  let all: readonly Node[] = [];
  let random: SeededRandom;
  let writers: readonly RandomWriter[];

  suiteSetup(async () => {
    random = new SeededRandom(seedFrom("CONCORD_SEED"));
    console.log(`seed ${random.seed}; repeat: npm run soak -- --seed ${random.seed}`);
    all = [
      await nodes.addNsSlapd({ suffix: SUFFIX, suffixEntry: true }),
      await nodes.addConcord({ suffix: SUFFIX }),
      await nodes.addNsSlapd({ suffix: SUFFIX }),
      await nodes.addConcord({ suffix: SUFFIX }),
    ];
    const [first] = all as [Node];
    for (const [index, node] of all.entries())
      await enableReplica(node, "supplier", { replicaId: index + 1 });
    for (const name of SHARED_CONTAINERS)
      await first.client.add(`ou=${name},${SUFFIX}`, {
        objectClass: "organizationalUnit",
        ou: name,
      });
    for (let index = 0; index < all.length; index += 1) await connect(index);
    await waitForConvergence(all);
    const tree: SharedTree = { suffix: SUFFIX, entries: [] };
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

  /** A node with the next one, which is filled from it; the last with the first, which is there already. */
  async function connect(index: number): Promise<void> {
    const next = (index + 1) % all.length;
    const [one, other] = [all[index], all[next]] as [Node, Node];
    const names =
      next === 0
        ? ([await createAgreement(one, other), await createAgreement(other, one)] as const)
        : await connectSuppliers(one, other);
    ways.push({
      ends: [index, next],
      agreements: [
        [one, names[0]],
        [other, names[1]],
      ],
    });
  }

  test("interop/soak: after operations and partitions the ring comes together", async () => {
    const roundCount = Math.ceil(OPERATION_COUNT / ROUND_OPERATIONS);
    for (let round = 1; round <= roundCount; round += 1) {
      await cut(round === roundCount ? () => false : somePartition());
      await Promise.all(writers.map((writer) => writer.run(ROUND_OPERATIONS / writers.length)));
      if (round % ROUNDS_TO_REST === 0 || round === roundCount) await rest(round);
    }
  });

  async function rest(round: number): Promise<void> {
    await cut(() => false);
    // What everybody wrote is everywhere before the last change of each: see RandomWriter.finish.
    for (const writer of writers) await writer.finish();
    const contents = await readAtRest(all, ({ client }) => readContent(client, SUFFIX));
    const done = writers.reduce((sum, { doneCount }) => sum + doneCount, 0);
    console.log(`round ${round}: ${done} operations, ${contents[0]?.size} entries`);
    assertEqual(contents);
  }

  /** Servers on one side of it do not hear those on the other. */
  function somePartition(): (way: Way) => boolean {
    const side = all.map(() => random.below(2));
    return ({ ends: [a, b] }) => side[a] !== side[b];
  }

  async function cut(isCut: (way: Way) => boolean): Promise<void> {
    for (const way of ways) {
      const state = isCut(way) ? "off" : "on";
      for (const [at, name] of way.agreements)
        await setAgreement(at, name, { nsds5ReplicaEnabled: state });
    }
  }

  function assertEqual(contents: readonly ReplicaContent[]): void {
    const named = contents.map((content, index) => ({
      name: `${all[index]?.server.kind} ${index + 1}`,
      content,
    }));
    assert.lengthOf(named, 4);
    const [first, second, third, fourth] = named as [
      (typeof named)[0],
      (typeof named)[0],
      (typeof named)[0],
      (typeof named)[0],
    ];
    if (!isRehearsal) assertEqualContent(second, fourth, { level: "relevant" });
    for (const [index, other] of [first, third].entries()) {
      const replicaId = 1 + 2 * index;
      const isOwnWayOf389 = (fact: string, at: EntryState, counterpart: EntryState): boolean =>
        fact.startsWith("nscpentrydn:") ||
        isForgottenClear(fact, { at, other: counterpart, replicaId });
      assertEqualContent(other, second, { level: "present", exceptFact: isOwnWayOf389 });
    }
  }
});
