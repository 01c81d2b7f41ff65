/** Purging (conflict-resolution 13.8).
 * Rule under test: purging never changes what is shown, and operations above the purge CSN have on the purged state the effect that
 * they have in a replay of everything.
 * Method: histories in which all servers knew everything at the purge CSN (test/data/urp, ORIGIN.md); early and later operations
 * arrive shuffled. */
import { assert } from "chai";
import type { Change } from "../../../../src/replication/change/index.ts";
import type { Csn } from "../../../../src/replication/csn/index.ts";
import { applyStructural, structuralOperation } from "../../../../src/replication/urp/index.ts";
import { readHistories, shuffled } from "../../../support/conflict-histories.ts";
import { ConflictReplica, SUFFIX } from "../../../support/conflict-replica.ts";

const applyAll = (replica: ConflictReplica, changes: readonly Change[]): void => {
  for (const change of changes) replica.apply(change);
};

suite("replication/urp: purge", () => {
  const histories = readHistories("purges");

  test("urp/purge: later operations have the same effect on a purged state", () => {
    for (const { seed, changes, early = 0 } of histories) {
      const purged = new ConflictReplica();
      applyAll(purged, shuffled(changes.slice(0, early), seed));
      const before = purged.entries();
      purged.purge(changes[early - 1]?.csn as Csn);
      assert.deepEqual(purged.entries(), before, `history ${seed}: purging changes nothing`);
      assert.isUndefined(purged.store.newestRecordCsn());
      applyAll(purged, shuffled(changes.slice(early), seed));
      const whole = new ConflictReplica();
      applyAll(whole, shuffled(changes, seed));
      assert.deepEqual(purged.entries(), whole.entries(), `history ${seed}`);
    }
  }).timeout(30_000);

  test("urp/purge: later operations that arrive between two steps of a purge have the same effect", () => {
    for (const { seed, changes, early = 0 } of histories) {
      const purged = new ConflictReplica();
      applyAll(purged, shuffled(changes.slice(0, early), seed));
      const later = shuffled(changes.slice(early), seed);
      applyAll(purged, later.splice(0, later.length >> 1));
      purged.purge(changes[early - 1]?.csn as Csn, 1, () => applyAll(purged, later.splice(0, 1)));
      applyAll(purged, later);
      const whole = new ConflictReplica();
      applyAll(whole, shuffled(changes, seed));
      assert.deepEqual(purged.entries(), whole.entries(), `history ${seed}`);
    }
  }).timeout(30_000);

  test("urp/purge: purging step by step changes nothing that is shown", () => {
    for (const { seed, changes } of histories) {
      const replica = new ConflictReplica();
      applyAll(replica, shuffled(changes, seed));
      const shown = replica.entries();
      for (const { csn } of changes) {
        replica.purge(csn);
        assert.deepEqual(replica.entries(), shown, `history ${seed}, purged at ${csn}`);
      }
      for (const node of replica.store.allNodes().values()) {
        assert.isEmpty(node.effects);
      }
      assert.isEmpty(replica.tombstones(), `history ${seed}: no tombstone is left`);
    }
  }).timeout(30_000);

  test("urp/purge: an operation up to the purge CSN has no structural effect", () => {
    const replica = new ConflictReplica();
    const id = "00000001-00000000-00000000-00000000";
    const csn = "00000005000000010000" as Csn;
    const change = {
      type: "add",
      csn,
      uniqueId: id,
      dn: `cn=a,${SUFFIX}`,
      attributes: [],
      parentUniqueId: replica.rules.suffixUniqueId,
    } as never;
    replica.purge(csn);
    const operation = structuralOperation(change);
    assert.isDefined(operation);
    const outcome = applyStructural(
      replica.replay,
      replica.store,
      replica.rules,
      operation as never,
    );
    assert.deepEqual(outcome.tooLate, [csn]);
    assert.isEmpty(outcome.reshown);
    assert.isUndefined(replica.store.getRecord(csn));
  });
});
