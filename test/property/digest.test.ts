// Conflict histories in random orders of arrival that keep the order of each origin: the digest trees of replicas on the memory
// store and on LMDB are equal, settled at whatever moments, and they are what the entries give when everything is computed anew.
import { join } from "node:path";
import { assert } from "chai";
import fc from "fast-check";
import { type Kv, MemoryKv } from "../../src/kv/index.ts";
import { openLmdb } from "../../src/kv/lmdb.ts";
import type { Change } from "../../src/replication/change/index.ts";
import { csnReplicaId } from "../../src/replication/csn/index.ts";
import { DigestLeaves } from "../../src/store/index.ts";
import { HISTORY_ROOT, HISTORY_SUFFIX, readHistories } from "../support/conflict-histories.ts";
import { StoreBackend } from "../support/store-backend.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";

/** The tree, as kept and as computed. */
function play(
  kv: Kv,
  order: readonly Change[],
  picks: readonly number[],
): readonly [kept: string, computed: string] {
  const store = new StoreBackend(HISTORY_SUFFIX, kv).replicate();
  store.apply(HISTORY_ROOT);
  for (const [at, change] of order.entries()) {
    store.apply(change);
    // Some are settled now, some later.
    const pick = picks[at % picks.length] ?? 0;
    if (pick % 7 === 0) store.settle();
    if (pick % 7 === 1) store.settle({ from: pick % 5, isOver: true });
  }
  assert.deepEqual(store.verify(), []);
  store.settle();
  assert.deepEqual(store.verify(), []);
  const kept = DigestLeaves.read(store.backend.tables.digest).root().toString("hex");
  return [kept, store.digest().digest];
}

/** The changes of each origin in their order; `picks` says whose turn it is. */
function interleave(changes: readonly Change[], picks: readonly number[]): readonly Change[] {
  const queues = new Map<number, Change[]>();
  for (const change of changes) {
    const origin = csnReplicaId(change.csn);
    queues.set(origin, [...(queues.get(origin) ?? []), change]);
  }
  const order: Change[] = [];
  for (let turn = 0; order.length < changes.length; turn += 1) {
    const open = [...queues.values()].filter((queue) => queue.length > 0);
    const next = open[(picks[turn % picks.length] ?? 0) % open.length]?.shift();
    if (next !== undefined) order.push(next);
  }
  return order;
}

suite("store/digest-tree", () => {
  const histories = readHistories("histories").filter(({ keepRenamed }) => keepRenamed);
  const picks = fc.array(fc.nat(100), { minLength: 40, maxLength: 40 });

  for (const [name, numRuns, open] of [
    ["memory", 100, () => new MemoryKv()],
    ["lmdb", 8, () => openLmdb(join(makeTemporaryFolder(), "db"), { mapBytes: 2 ** 30 })],
  ] as const) {
    test(`store/digest-tree: is equal for any two orders of arrival, and as computed anew: ${name}`, () => {
      fc.assert(
        fc.property(fc.constantFrom(...histories), picks, picks, ({ changes }, first, second) => {
          const [kept, computed] = play(open(), interleave(changes, first), second);
          assert.equal(kept, computed);
          const other = play(new MemoryKv(), interleave(changes, second), first);
          assert.deepEqual(other, [kept, computed]);
        }),
        { numRuns },
      );
    }).timeout(120_000);
  }
});
