/** The store against the model of the conflict rules (test/data/urp, ORIGIN.md), and with itself.
 * Rules under test: nodes, registers, entries and tombstones of a backend are those that the model gives for the same operations
 * (13.2 to 13.5); they are a function of the set of operations, so that any orders of delivery that keep each origin's order
 * give equal digests, in memory and on disk; and nothing is wrong afterwards (verify).
 * Method: stored histories, each in the order of one of its servers; random operations in two random orders. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { assert } from "chai";
import fc from "fast-check";
import { openLmdb } from "../../src/kv/lmdb.ts";
import type { Change, UniqueId } from "../../src/replication/change/index.ts";
import { csnReplicaId, makeCsn } from "../../src/replication/csn/index.ts";
import { readHistories, readPackedHistories } from "../support/conflict-histories.ts";
import {
  HISTORY_SUFFIX,
  HISTORY_SUFFIX_ID,
  comparedOf,
  expectedOf,
  newHistoryStore,
  playHistory,
} from "../support/history-store.ts";
import type { StoreBackend } from "../support/store-backend.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";

const TIMEOUT_MS = 120_000;
/** Every commit waits for the disk. */
const DISK_HISTORIES_MAX = 10;
const RUNS = 150;
const DISK_RUNS = 8;
const DISK_BYTES = 2 ** 26;
const ORIGINS = 3;

const NAMES = ["cn=a", "cn=b", "CN=A", "cn=b+sn=s", "employeeNumber=1", "employeeNumber=2"];
const POOL = [1, 2, 3, 4, 5].map(
  (number) => `0000000${number}-00000000-00000000-00000000` as UniqueId,
);

const bytes = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));
const name = fc.constantFrom(...NAMES);
const uniqueId = fc.constantFrom(...POOL);
const parent = fc.constantFrom(HISTORY_SUFFIX_ID, HISTORY_SUFFIX_ID, ...POOL);
/** As a client gave it: with conflict names and names that have changed meanwhile it need not be the entry's. */
const dn = fc
  .array(name, { minLength: 1, maxLength: 3 })
  .map((rdns) => [...rdns, HISTORY_SUFFIX].join(","));
const value = fc.constantFrom("v", "V", "w", "1");
const mod = fc.record({
  operation: fc.constantFrom("add", "delete", "replace"),
  type: fc.constantFrom("description", "displayName", "employeeNumber", "cn"),
  values: fc.array(value, { maxLength: 2 }).map((texts) => bytes(...new Set(texts))),
});
const revival = fc.constant({
  operation: "delete" as const,
  type: "objectClass",
  values: bytes("glue"),
});
type Unstamped = Change extends infer Each
  ? Each extends Change
    ? Omit<Each, "csn">
    : never
  : never;
const operation: fc.Arbitrary<Unstamped> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("add" as const),
      uniqueId,
      dn,
      parentUniqueId: parent,
      attributes: value.map((text) => [
        { type: "objectClass", values: bytes("top", "person") },
        { type: "sn", values: bytes("s") },
        { type: "description", values: bytes(text) },
      ]),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("modifyDn" as const),
      uniqueId,
      dn,
      newRdn: name,
      deleteOldRdn: fc.boolean(),
      newSuperior: fc.constantFrom(undefined, HISTORY_SUFFIX, `cn=a,${HISTORY_SUFFIX}`),
      newSuperiorUniqueId: fc.constantFrom(undefined, ...POOL),
      mods: fc.constant([]),
    }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("delete" as const), uniqueId, dn }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("modify" as const),
      uniqueId,
      dn,
      mods: fc.array(fc.oneof(mod, mod, mod, revival), { minLength: 1, maxLength: 2 }),
    }),
  },
);

/** Operations with rising CSNs, and two orders in which a server may get them. */
const deliveries = fc
  .array(fc.record({ operation, origin: fc.integer({ min: 1, max: ORIGINS }) }), {
    minLength: 2,
    maxLength: 14,
    size: "max",
  })
  .map((list) =>
    list.map(
      ({ operation: each, origin }, index) =>
        ({ ...each, csn: makeCsn(2 + index, 0, origin) }) as Change,
    ),
  )
  .chain((changes) =>
    fc.record({ changes: fc.constant(changes), one: turns(changes), other: turns(changes) }),
  )
  .map(({ changes, one, other }) => [merged(changes, one), merged(changes, other)] as const);

const turns = (changes: readonly Change[]): fc.Arbitrary<readonly number[]> =>
  fc.array(fc.integer({ min: 1, max: ORIGINS }), {
    minLength: changes.length,
    maxLength: changes.length,
  });

/** At each turn an origin delivers its next operation; the rest follows at the end. */
function merged(changes: readonly Change[], order: readonly number[]): readonly Change[] {
  const queues = new Map<number, Change[]>();
  for (const change of changes) {
    const origin = csnReplicaId(change.csn);
    queues.set(origin, [...(queues.get(origin) ?? []), change]);
  }
  const out: Change[] = [];
  for (const origin of order) {
    const next = queues.get(origin)?.shift();
    if (next !== undefined) out.push(next);
  }
  return [...out, ...[...queues.values()].flat()];
}

function playAll(changes: readonly Change[], store = newHistoryStore()): StoreBackend {
  for (const change of changes) store.apply(change);
  return store;
}

async function onDisk<T>(run: (kv: ReturnType<typeof openLmdb>) => T): Promise<T> {
  const folder = makeTemporaryFolder();
  const kv = openLmdb(join(folder, "db"), { mapBytes: DISK_BYTES });
  try {
    return run(kv);
  } finally {
    await kv.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

suite("store/conflict-histories", function () {
  this.timeout(TIMEOUT_MS);
  const histories = [
    ...readHistories("histories"),
    ...readPackedHistories("more-histories"),
  ].filter(({ keepRenamed }) => keepRenamed);

  test("store/conflict-histories: a backend ends as the model", () => {
    for (const history of histories) {
      const order = history.orders[history.seed % history.orders.length] ?? [];
      const found = comparedOf(playHistory(history, order));
      const wanted = expectedOf(history.expected);
      const { registers, ...rest } = found;
      const label = `seed ${history.seed}`;
      assert.deepEqual({ ...rest, registers: {} }, { ...wanted, registers: {} }, label);
      if (history.expected.registers !== undefined)
        assert.deepEqual(registers, wanted.registers, label);
    }
  });

  test("store/conflict-histories: on disk as in memory, in the order of every server", async () => {
    const step = Math.ceil(histories.length / DISK_HISTORIES_MAX);
    for (const history of histories.filter((_, index) => index % step === 0)) {
      const digests = new Set<string>();
      for (const order of history.orders) {
        digests.add(playHistory(history, order).digest().digest);
        digests.add(await onDisk((kv) => playHistory(history, order, kv).digest().digest));
      }
      assert.equal(digests.size, 1, `seed ${history.seed}`);
    }
  });

  test("store/conflict-histories: any two orders that keep each origin's order give equal digests", () => {
    fc.assert(
      fc.property(deliveries, ([one, other]) => {
        const first = playAll(one);
        const second = playAll(other);
        assert.equal(first.digest().digest, second.digest().digest);
        assert.deepEqual(comparedOf(first), comparedOf(second));
        assert.deepEqual(first.verify(), []);
        assert.deepEqual(second.verify(), []);
      }),
      { numRuns: RUNS },
    );
  });

  test("store/conflict-histories: the same on disk", async () => {
    await fc.assert(
      fc.asyncProperty(deliveries, async ([one, other]) => {
        const first = await onDisk((kv) => playAll(one, newHistoryStore(kv)).digest().digest);
        const second = await onDisk((kv) => playAll(other, newHistoryStore(kv)).digest().digest);
        assert.equal(first, second);
        assert.equal(first, playAll(one).digest().digest);
      }),
      { numRuns: DISK_RUNS },
    );
  });
});
