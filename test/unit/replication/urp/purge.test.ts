/** Purging (conflict-resolution 13.8).
 * Rule under test: purging never changes what is shown, and operations above the purge CSN have on the purged state the effect that
 * they have in a replay of everything.
 * Method: histories in which all servers knew everything at the purge CSN (test/data/urp, ORIGIN.md); early and later operations
 * arrive shuffled. */
import { assert } from "chai";
import type { Change, UniqueId } from "../../../../src/replication/change/index.ts";
import type { Csn } from "../../../../src/replication/csn/index.ts";
import { applyStructural, structuralOperation } from "../../../../src/replication/urp/index.ts";
import { readHistories, shuffled } from "../../../support/conflict-histories.ts";
import { ConflictReplica, SUFFIX, SUFFIX_ID } from "../../../support/conflict-replica.ts";

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

  test("urp/purge: a tombstone stays while somebody may still show it as glue, and goes when nobody can", () => {
    const id = (n: number): UniqueId => `0000000${n}-00000000-00000000-00000000` as UniqueId;
    const csn = (n: number): Csn => `0000000${n}000000010000` as Csn;
    const add = (n: number, dn: string, parent: UniqueId): Change => ({
      type: "add",
      csn: csn(n),
      uniqueId: id(n),
      dn,
      attributes: [],
      parentUniqueId: parent,
    });
    const glued: Change[] = [
      add(1, `ou=p,${SUFFIX}`, SUFFIX_ID),
      add(2, `ou=q,${SUFFIX}`, SUFFIX_ID),
      { type: "delete", csn: csn(3), uniqueId: id(1), dn: `ou=p,${SUFFIX}` },
      add(4, `cn=c,ou=p,${SUFFIX}`, id(1)),
    ];
    const away: Change = {
      type: "modifyDn",
      csn: csn(5),
      uniqueId: id(4),
      dn: `cn=c,ou=p,${SUFFIX}`,
      newRdn: "cn=c",
      deleteOldRdn: true,
      newSuperior: `ou=q,${SUFFIX}`,
      newSuperiorUniqueId: id(2),
      mods: [],
    };
    const mods = [
      { operation: "delete", type: "objectClass", values: [Buffer.from("glue")] },
    ] as const;
    const revival: Change = {
      type: "modify",
      csn: csn(6),
      uniqueId: id(1),
      dn: `ou=p,${SUFFIX}`,
      mods,
    };
    const purged = new ConflictReplica();
    applyAll(purged, [...glued, away]);
    purged.purge(csn(4));
    assert.isDefined(purged.store.getNode(id(1)));
    applyAll(purged, [revival]);
    const whole = new ConflictReplica();
    applyAll(whole, [...glued, revival, away]);
    assert.deepEqual(purged.entries(), whole.entries());

    const unrevived = new ConflictReplica();
    applyAll(unrevived, [...glued, away]);
    unrevived.purge(csn(4));
    unrevived.purge(csn(5));
    assert.isUndefined(unrevived.store.getNode(id(1)));
  });
});
