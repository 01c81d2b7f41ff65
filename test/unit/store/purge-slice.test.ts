// Purging on the real tables (conflict-resolution 13.8).
// Rule under test: purging changes nothing that is shown and leaves nothing that is wrong (verify); later operations have the same
// effect as without it. Method: histories of conflicts (test/data/urp, ORIGIN.md), purged at once and step by step.
import { assert } from "chai";
import type { Change, UniqueId } from "../../../src/replication/change/index.ts";
import type { Csn } from "../../../src/replication/csn/index.ts";
import { purgeNameSlice, purgeStructureSlice, purgeValueSlice } from "../../../src/store/index.ts";
import { readHistories, interleaved } from "../../support/conflict-histories.ts";
import {
  HISTORY_SUFFIX,
  HISTORY_SUFFIX_ID,
  comparedOf,
  expectedOf,
  newHistoryStore,
} from "../../support/history-store.ts";
import { StoreBackend } from "../../support/store-backend.ts";

/** A purge after each operation takes its time. */
const STEPWISE_MAX = 30;
const LAST = "ffffffff000000000000" as Csn;

function play(changes: readonly Change[], store = newHistoryStore()): StoreBackend {
  for (const change of changes) store.apply(change);
  return store;
}

/** Slice after slice, each in a transaction of its own. */
function purge(store: StoreBackend, purgeCsn: Csn): number {
  let removed = 0;
  store.write((writes) => store.backend.putPurgeCsn(writes, purgeCsn));
  for (let isDone = false; !isDone; ) {
    store.write((writes) => {
      const slice = purgeStructureSlice(store.backend, store.backend.begin(writes));
      isDone = slice.isDone;
      removed += slice.removed;
    });
  }
  let next: Buffer | undefined;
  do {
    store.write((writes) => {
      const slice = purgeValueSlice(store.backend, store.backend.begin(writes), next);
      next = slice.next;
      removed += slice.removed;
    });
  } while (next !== undefined);
  do {
    store.write((writes) => {
      ({ next } = purgeNameSlice(store.backend.begin(writes), next));
    });
  } while (next !== undefined);
  return removed;
}

/** Everything that a client can see. */
const shown = (store: StoreBackend): unknown => ({
  content: store.digest({ withoutState: true }).digest,
  dns: store.dns().filter((dn) => !dn.startsWith("nsuniqueid=")),
});

const tombstones = (store: StoreBackend): string[] =>
  store.dns().filter((dn) => dn.startsWith("nsuniqueid="));

suite("store/purge-slice", () => {
  const histories = readHistories("purges");

  test("store/purge-slice: purging step by step changes nothing that is shown", () => {
    for (const { seed, changes } of histories.slice(0, STEPWISE_MAX)) {
      const store = play(interleaved(changes, seed));
      const before = shown(store);
      for (const { csn } of changes) {
        purge(store, csn);
        assert.deepEqual(shown(store), before, `history ${seed}, purged at ${csn}`);
      }
      assert.deepEqual(store.verify(), [], `history ${seed}`);
    }
  }).timeout(60_000);

  test("store/purge-slice: after a purge of everything no tombstone, no log and no unused ID is left", () => {
    for (const { seed, changes } of histories) {
      const store = play(interleaved(changes, seed));
      const before = shown(store);
      purge(store, LAST);
      assert.deepEqual(shown(store), before, `history ${seed}`);
      assert.deepEqual(store.verify(), [], `history ${seed}`);
      assert.isEmpty(tombstones(store), `history ${seed}`);
      const { structure, uid, entry } = store.backend.tables;
      assert.equal(structure.count(), 0);
      assert.equal(uid.count(), entry.count(), `history ${seed}: an ID for each entry`);
    }
  }).timeout(60_000);

  test("store/purge-slice: later operations have the same effect on a purged replica", () => {
    for (const { seed, changes, early = 0, expected } of histories) {
      const purged = play(interleaved(changes.slice(0, early), seed));
      purge(purged, changes[early - 1]?.csn as Csn);
      const whole = play(interleaved(changes.slice(0, early), seed));
      const later = interleaved(changes.slice(early), seed);
      play(later, purged);
      play(later, whole);
      assert.deepEqual(purged.verify(), [], `history ${seed}`);
      assert.equal(purged.digest().digest, whole.digest().digest, `history ${seed}`);
      assert.deepEqual(comparedOf(purged).entries, expectedOf(expected).entries, `model ${seed}`);
    }
  }).timeout(60_000);

  test("store/purge-slice: what is younger than the purge CSN stays", () => {
    const [history] = histories;
    const store = play(history?.changes ?? []);
    const before = { dns: store.dns(), digest: store.digest().digest };
    assert.equal(purge(store, "00000001000000000000" as Csn), 0);
    assert.deepEqual({ dns: store.dns(), digest: store.digest().digest }, before);
  });

  test("store/purge-slice: tombstones that came by initialization go as well", () => {
    let tombstonesSeen = 0;
    for (const { seed, changes } of histories) {
      const source = play(interleaved(changes, seed));
      const store = new StoreBackend(HISTORY_SUFFIX).replicate();
      store.importLdif(source.export({ withState: true }));
      store.backend.keepsState = true;
      const before = shown(store);
      tombstonesSeen += tombstones(store).length;
      purge(store, LAST);
      assert.deepEqual(shown(store), before, `history ${seed}`);
      assert.isEmpty(tombstones(store), `history ${seed}`);
      assert.deepEqual(store.verify(), [], `history ${seed}`);
    }
    assert.isAbove(tombstonesSeen, 0);
  }).timeout(60_000);

  test("store/purge-slice: a value that was deleted long ago leaves no trace", () => {
    const store = newHistoryStore();
    const uniqueId = "aaaaaaaa-00000000-00000000-00000001" as UniqueId;
    const dn = `cn=a,${HISTORY_SUFFIX}`;
    const values = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));
    store.apply({
      type: "add",
      csn: "00000010000000010000" as Csn,
      uniqueId,
      dn,
      attributes: [
        { type: "objectClass", values: values("top", "device") },
        { type: "description", values: values("one", "two") },
      ],
      parentUniqueId: HISTORY_SUFFIX_ID,
    });
    const mod = { operation: "delete" as const, type: "description", values: values("two") };
    store.apply({ type: "modify", csn: "00000011000000010000" as Csn, uniqueId, dn, mods: [mod] });
    const text = (): string => store.export({ withState: true }).replaceAll("\n ", "");
    assert.match(text(), /;deleted: two/);
    purge(store, "00000012000000000000" as Csn);
    assert.notMatch(text(), /two/);
    assert.match(text(), /description;.*: one/);
  });
});
