/** Base states from entries alone (conflict-resolution 13.7).
 * Method: the histories of the model give trees with conflict entries, glue and tombstones; every entry is written in 389's form
 * (entryState) and imported into an empty server, which must show the same. */
import { assert } from "chai";
import type { ReplicationEntry } from "../../../../src/protocol/index.ts";
import type { UniqueId } from "../../../../src/replication/change/index.ts";
import { type Csn, CSN_ZERO } from "../../../../src/replication/csn/index.ts";
import { BaseImport, entryState } from "../../../../src/replication/urp/index.ts";
import { readHistories } from "../../../support/conflict-histories.ts";
import { ConflictReplica, SUFFIX } from "../../../support/conflict-replica.ts";
import { describe } from "../../../support/conflict-schema.ts";

function exportOf(replica: ConflictReplica): ReplicationEntry[] {
  // A tombstone whose parent is a placeholder that is not shown has no name.
  const isNamed = (uniqueId: UniqueId): boolean => {
    if (uniqueId === replica.rules.suffixUniqueId) return true;
    const parent = replica.forms.get(uniqueId)?.node.parent;
    return parent !== undefined && isNamed(parent);
  };
  const depth = (uniqueId: UniqueId): number => replica.dn(uniqueId).split(",").length;
  return [...replica.forms]
    .filter(([uniqueId]) => isNamed(uniqueId))
    .sort(([a], [b]) => depth(a) - depth(b))
    .map(([uniqueId, form]) =>
      entryState(form, replica.registers(uniqueId), replica.dn(uniqueId), {
        parentDn: replica.dn(form.node.parent),
        schemaViolation: false,
        resolve: describe,
      }),
    );
}

function importInto(replica: ConflictReplica, entries: readonly ReplicationEntry[]): void {
  const baseImport = new BaseImport(replica.store, replica.rules);
  for (const entry of entries) {
    const imported = baseImport.addEntry(entry);
    if (imported === undefined) continue;
    replica.setRegisters(imported.uniqueId, imported.registers);
    replica.rederive(imported.reshown);
  }
}

const plain = (
  dn: string,
  uniqueId: string,
  ...attributes: [string, ...string[]][]
): ReplicationEntry => ({
  uniqueId,
  dn,
  attributes: attributes.map(([type, ...values]) => ({
    type,
    deletionCsn: undefined,
    deleted: false,
    values: values.map((value) => ({ value: Buffer.from(value), deleted: false, csns: [] })),
  })),
});

const A = "00000001-00000000-00000000-00000000" as UniqueId;
const B = "00000002-00000000-00000000-00000000" as UniqueId;
const C = "00000003-00000000-00000000-00000000" as UniqueId;

suite("replication/urp: base import", () => {
  test("urp/base-import: entries written in 389's form show the same after import", () => {
    for (const { seed, keepRenamed, changes } of readHistories("histories")) {
      const source = new ConflictReplica();
      source.rules = { ...source.rules, keepRenamed };
      for (const change of changes) source.apply(change);
      if ([...source.forms.values()].some(({ node }) => node.rdn.startsWith("nsuniqueid=")))
        continue;
      const target = new ConflictReplica();
      const entries = exportOf(source);
      importInto(target, entries);
      const exported = entries
        .map(({ uniqueId }) => uniqueId as UniqueId)
        .filter((uniqueId) => source.tombstones().has(uniqueId));
      assert.deepEqual(target.entries(), source.entries(), `history ${seed}`);
      assert.sameMembers([...target.tombstones().keys()], exported, `history ${seed}`);
      const shownChildren = ({ store }: ConflictReplica): unknown =>
        [...store.counts]
          .map(([id, { shown }]) => `${id} ${shown}`)
          .filter((t) => !t.endsWith(" 0"));
      assert.sameMembers(
        shownChildren(target) as [],
        shownChildren(source) as [],
        `history ${seed}`,
      );
    }
  }).timeout(30_000);

  test("urp/base-import: plain entries have values and names without CSN", () => {
    const replica = new ConflictReplica();
    importInto(replica, [
      plain(`ou=p,${SUFFIX}`, A, ["objectClass", "top"]),
      plain(`cn=c,ou=p,${SUFFIX}`, B, ["cn", "c"], ["description", "d"]),
    ]);
    assert.equal(replica.store.getNode(B)?.parent, A);
    assert.equal(replica.store.getNode(B)?.naming, CSN_ZERO);
    assert.isUndefined(replica.registers(B).largestCsn());
    assert.deepEqual(replica.registers(B).shown("description"), [Buffer.from("d")]);
    assert.equal(replica.store.getChildCounts(A).shown, 1);
  });

  test("urp/base-import: a cenotaph makes its entry the last holder of the name", () => {
    const replica = new ConflictReplica();
    const cenotaph = plain(
      `cenotaphID=${A}+cn=old,${SUFFIX}`,
      B,
      ["objectClass", "extensibleObject", "nsTombstone", "top"],
      ["cenotaphID", A],
      ["cenotaphTo", "00000005000000010000"],
    );
    importInto(replica, [plain(`cn=new,${SUFFIX}`, A, ["cn", "new"]), cenotaph]);
    const slot = replica.store.getSlot(replica.rules.suffixUniqueId, "cn=old");
    assert.deepEqual(slot, { holder: undefined, last: A, glue: [] });
    assert.isUndefined(replica.store.getNode(B));
  });

  test("urp/base-import: an add older than the holder of its name takes the name", () => {
    const replica = new ConflictReplica();
    const entry = plain(`cn=x,${SUFFIX}`, A);
    const csns = [{ kind: "distinguished", csn: "00000009000000010000" as Csn }] as const;
    const named = { type: "cn", deletionCsn: undefined, deleted: false };
    importInto(replica, [
      {
        ...entry,
        attributes: [{ ...named, values: [{ value: Buffer.from("x"), deleted: false, csns }] }],
      },
    ]);
    replica.apply({
      type: "add",
      csn: "00000004000000020000" as Csn,
      uniqueId: C,
      dn: `cn=x,${SUFFIX}`,
      attributes: [],
      parentUniqueId: replica.rules.suffixUniqueId,
    });
    assert.equal(replica.forms.get(A)?.kind, "conflict");
    assert.equal(replica.forms.get(C)?.kind, "live");
  });

  test("urp/base-import: the RUV entry and entries without unique ID are passed over", () => {
    const replica = new ConflictReplica();
    const ruv = "ffffffff-ffffffff-ffffffff-ffffffff";
    importInto(replica, [plain(`nsuniqueid=${ruv},${SUFFIX}`, ruv), plain(`cn=a,${SUFFIX}`, "x")]);
    assert.equal(replica.store.nodes.size, 0);
  });
});
