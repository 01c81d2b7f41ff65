/** Repair: two replicas that lost or invented something take in each other's state of the entries that differ. Method: a fault is
 * planted on one of two equal backends; afterwards their digests are equal, and both verify clean. */
import { assert } from "chai";
import type { Mod } from "../../../src/protocol/index.ts";
import type { Change, UniqueId } from "../../../src/replication/change/index.ts";
import type { Csn } from "../../../src/replication/csn/index.ts";
import { purgeStructureSlice, purgeValueSlice } from "../../../src/store/index.ts";
import { differing, statesOf, join, lose, repair } from "../../support/repair.ts";
import { StoreBackend } from "../../support/store-backend.ts";

const SUFFIX = "dc=example,dc=com";
const ROOT = "aaaaaaaa-00000000-00000000-00000000" as UniqueId;
const ANN = "aaaaaaaa-00000000-00000000-00000001" as UniqueId;
const UNIT = "aaaaaaaa-00000000-00000000-00000002" as UniqueId;
const DN = `cn=ann,ou=unit,${SUFFIX}`;
const csn = (n: number, replicaId = 1): Csn =>
  `00000${(0x100 + n).toString(16)}0000${replicaId.toString(16).padStart(4, "0")}0000` as Csn;
const bytes = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));

const add = (n: number, uniqueId: UniqueId, dn: string, parent: UniqueId | undefined): Change => ({
  type: "add",
  csn: csn(n),
  uniqueId,
  dn,
  attributes: [
    { type: "objectClass", values: bytes("top", "person") },
    { type: "sn", values: bytes("lee") },
  ],
  parentUniqueId: parent,
});
const modify = (
  n: number,
  ...mods: readonly (readonly [Mod["operation"], string, ...string[]])[]
) =>
  ({
    type: "modify",
    csn: csn(n),
    uniqueId: ANN,
    dn: DN,
    mods: mods.map(([operation, type, ...values]) => ({
      operation,
      type,
      values: bytes(...values),
    })),
  }) as const;
const remove = (n: number): Change => ({ type: "delete", csn: csn(n), uniqueId: ANN, dn: DN });
const rename = (n: number, newRdn: string, newSuperiorUniqueId?: UniqueId): Change => ({
  type: "modifyDn",
  csn: csn(n),
  uniqueId: ANN,
  dn: DN,
  newRdn,
  deleteOldRdn: true,
  newSuperior: newSuperiorUniqueId === undefined ? undefined : SUFFIX,
  newSuperiorUniqueId,
  mods: [],
});

const BASE: readonly Change[] = [
  { ...add(0, ROOT, SUFFIX, undefined) },
  add(1, UNIT, `ou=unit,${SUFFIX}`, ROOT),
  add(2, ANN, DN, UNIT),
];

function store(...changes: readonly Change[]): StoreBackend {
  return storeWithout([], ...changes);
}

/** Counts all of the changes, and has lost some. */
function storeWithout(lost: readonly Change[], ...changes: readonly Change[]): StoreBackend {
  const made = new StoreBackend(SUFFIX).replicate();
  for (const change of changes) {
    if (lost.includes(change)) lose(made, change);
    else made.apply(change);
  }
  return made;
}

/** Forgets what a purge up to this CSN forgets. */
function purge(to: StoreBackend, purgeCsn: Csn): StoreBackend {
  const { backend } = to;
  to.write((writes) => {
    backend.putPurgeCsn(writes, purgeCsn);
    purgeStructureSlice(backend, backend.begin(writes));
  });
  to.write((writes) => void purgeValueSlice(backend, backend.begin(writes), Buffer.of(0)));
  return to;
}

function assertEqual(a: StoreBackend, b: StoreBackend): void {
  assert.deepEqual(differing(a, b), []);
  assert.equal(a.digest().digest, b.digest().digest);
  for (const each of [a, b]) assert.deepEqual(each.verify(), []);
}

const FAULTS: readonly (readonly [name: string, changes: readonly Change[]])[] = [
  ["value", [modify(3, ["add", "description", "a", "b"])]],
  ["replacement", [modify(3, ["replace", "sn", "kim"], ["add", "description", "a"])]],
  [
    "deletion of a value",
    [modify(3, ["add", "description", "a"]), modify(4, ["delete", "description", "a"])],
  ],
  [
    "deletion of an attribute",
    [modify(3, ["add", "description", "a"]), modify(4, ["delete", "description"])],
  ],
  ["delete", [remove(3)]],
  ["rename", [rename(3, "cn=bob")]],
  ["move", [rename(3, "cn=ann", ROOT)]],
  ["rename and delete", [rename(3, "cn=bob"), { ...remove(4), dn: `cn=bob,ou=unit,${SUFFIX}` }]],
];

suite("store/repair-state", () => {
  for (const [name, changes] of FAULTS) {
    for (const lost of changes) {
      test(`store/repair-state: a lost ${name} (${changes.indexOf(lost) + 1}) is taken over, and nothing is counted`, () => {
        const all = [...BASE, ...changes];
        const whole = store(...all);
        const faulty = storeWithout([lost], ...all);
        const { ruv } = faulty.backend.newest;
        const logged = faulty.backend.tables.changelog.count();
        assert.deepEqual([...repair(whole, faulty)], []);
        assertEqual(whole, faulty);
        assert.deepEqual(faulty.dns(), store(...all).dns());
        assert.equal(faulty.backend.newest.ruv, ruv);
        assert.equal(faulty.backend.tables.changelog.count(), logged);
      });
    }
  }

  test("store/repair-state: lost adds are taken over in any order, children first too", () => {
    const all = [...BASE, modify(3, ["add", "description", "a"])];
    const whole = store(...all);
    const faulty = storeWithout(all.slice(1), ...all);
    const { states } = statesOf(whole, [ANN, UNIT]);
    join(faulty, states);
    assertEqual(whole, faulty);
  });

  test("store/repair-state: both sides keep what the other lacks, and a second time changes nothing", () => {
    const [ours, theirs, renamed] = [
      modify(3, ["add", "description", "a"]),
      { ...modify(3, ["add", "description", "b"]), csn: csn(3, 2) },
      rename(4, "cn=bob"),
    ] as const;
    const all = [...BASE, ours, theirs, renamed];
    const first = storeWithout([theirs, renamed], ...all);
    const second = storeWithout([ours], ...all);
    const states = [statesOf(first, [ANN]).states, statesOf(second, [ANN]).states] as const;
    repair(first, second);
    assertEqual(first, second);
    assert.include(first.export({ withState: false }), "description: b");
    for (const joined of [...join(second, states[0]), ...join(first, states[1])]) {
      assert.deepEqual(joined, { isChanged: false, reasons: [] });
    }
    assertEqual(first, second);
  });

  test("store/repair-state: a copy without log takes over what the log of the other has, and the other way round", () => {
    const all = [...BASE, rename(3, "cn=bob"), modify(4, ["add", "description", "a"])];
    const whole = store(...all);
    const ldif = whole.export({ withState: true });
    const copy = new StoreBackend(SUFFIX).replicate();
    copy.importLdif(ldif.replace(/^description;vucsn.*\n/m, ""));
    assert.lengthOf(differing(whole, copy), 1);
    assert.deepEqual([...repair(whole, copy)], []);
    assertEqual(whole, copy);
    const other = new StoreBackend(SUFFIX).replicate();
    other.importLdif(ldif);
    const change = modify(5, ["delete", "description", "a"]);
    lose(whole, change);
    other.apply(change);
    assert.deepEqual([...repair(whole, other)], []);
    assertEqual(whole, other);
  });

  test("store/repair-state: an entry that came without log, and without CSNs, is taken over", () => {
    const suffix = `dn: ${SUFFIX}\nobjectClass: domain\ndc: example\n`;
    const ann = `dn: cn=ann,${SUFFIX}\nobjectClass: person\ncn: ann\nsn: lee\n`;
    const copy = (text: string): StoreBackend => {
      const made = new StoreBackend(SUFFIX).replicate();
      made.importLdif(text, { stamp: undefined });
      return made.replicate();
    };
    const [first, second] = [copy(`${suffix}\n${ann}`), copy(suffix)];
    assert.equal(differing(first, second).length, 1);
    assert.deepEqual([...repair(first, second)], []);
    assertEqual(first, second);
  });

  test("store/repair-state: an entry whose delete was purged does not come back", () => {
    const changes = [...BASE, remove(5)];
    const whole = purge(store(...changes), csn(6));
    const faulty = storeWithout(changes.slice(-1), ...changes);
    const [reason] = [...repair(whole, faulty)];
    assert.match(reason ?? "", /may have been deleted here/);
    assert.deepEqual(differing(whole, faulty), [ANN]);
    assert.notInclude(whole.dns().join(), "cn=ann");
    for (const each of [whole, faulty]) assert.deepEqual(each.verify(), []);
  });

  test("store/repair-state: a value whose delete was purged does not come back, the rest is taken over", () => {
    const added = modify(3, ["add", "description", "a"]);
    const [deleted, later] = [
      modify(4, ["delete", "description", "a"]),
      modify(7, ["replace", "sn", "kim"]),
    ];
    const whole = purge(store(...BASE, added, deleted), csn(6));
    lose(whole, later);
    const faulty = storeWithout([deleted], ...BASE, added, deleted, later);
    assert.match([...repair(whole, faulty)].join(), /values of description may have been deleted/);
    assert.include(whole.export({ withState: false }), "sn: kim");
    assert.notInclude(whole.export({ withState: false }), "description");
  });

  test("store/repair-state: a rename and a delete are taken over from the node, when there is no log of them", () => {
    for (const change of [rename(3, "cn=bob"), remove(3)]) {
      const all = [...BASE, change];
      const whole = new StoreBackend(SUFFIX).replicate();
      whole.importLdif(store(...all).export({ withState: true }));
      assert.equal(whole.backend.tables.structure.count(), 0);
      const faulty = storeWithout([change], ...all);
      assert.deepEqual([...repair(whole, faulty)], []);
      assertEqual(whole, faulty);
    }
  });
});
