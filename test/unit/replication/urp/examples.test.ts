/** The worked examples of the conflict rules (conflict-resolution 13.10), and what single operations cost.
 * Method: operations with CSNs t1 < t2 < … arrive in CSN order, in reverse and shuffled; the shown entries, by DN and label, are
 * always the same. */
import { assert } from "chai";
import type { Change, UniqueId } from "../../../../src/replication/change/index.ts";
import { makeCsn } from "../../../../src/replication/csn/index.ts";
import { findRefusal } from "../../../../src/replication/urp/index.ts";
import { shuffled } from "../../../support/conflict-histories.ts";
import { ConflictReplica, SUFFIX, SUFFIX_ID } from "../../../support/conflict-replica.ts";

const id = (label: string): UniqueId =>
  label === ""
    ? SUFFIX_ID
    : (`${Buffer.from(label).toString("hex").padStart(8, "0")}-00000000-00000000-00000000` as UniqueId);

const below = (name: string): string => (name === "" ? SUFFIX : `${name},${SUFFIX}`);
const values = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));

const base = (time: number, label: string, name: string) => ({
  csn: makeCsn(time, 0, 1),
  uniqueId: id(label),
  dn: below(name),
});
const add = (time: number, label: string, name: string, parent = ""): Change => ({
  ...base(time, label, name),
  type: "add",
  attributes: [{ type: "objectClass", values: values("top", "thing") }],
  parentUniqueId: id(parent),
});
const remove = (time: number, label: string, name: string): Change => ({
  ...base(time, label, name),
  type: "delete",
});
const modify = (time: number, label: string, name: string, mods: string[]): Change => ({
  ...base(time, label, name),
  type: "modify",
  mods: mods.map((mod) => {
    const [operation = "", type = "", value = ""] = mod.split(" ");
    return {
      operation: operation as "add",
      type,
      values: value.split(",").map((v) => Buffer.from(v)),
    };
  }),
});
const rename = (
  time: number,
  label: string,
  name: string,
  newRdn: string,
  how: { keep?: boolean; below?: string; parent?: string } = {},
): Change => ({
  ...base(time, label, name),
  type: "modifyDn",
  newRdn,
  deleteOldRdn: how.keep !== true,
  newSuperior: how.below === undefined ? undefined : below(how.below),
  newSuperiorUniqueId: how.parent === undefined ? undefined : id(how.parent),
  mods: [],
});

interface Example {
  readonly title: string;
  readonly changes: readonly Change[];
  /** DN below the suffix → label, and values of one attribute where they matter. */
  readonly entries: Readonly<Record<string, string>>;
  readonly shows?: readonly [label: string, type: string, ...values: string[]];
}

const nsuniqueid = (rdn: string, label: string): string => `${rdn}+nsuniqueid=${id(label)}`;

const EXAMPLES: readonly Example[] = [
  {
    title: "1 short life: the later add stays a conflict entry though the name is free",
    changes: [add(1, "a", "cn=x"), add(2, "b", "cn=x"), remove(3, "a", "cn=x")],
    entries: { [nsuniqueid("cn=x", "b")]: "b" },
  },
  {
    title: "1 short life: the older add holds the name from the start",
    changes: [add(1, "b", "cn=x"), add(2, "a", "cn=x"), remove(3, "a", "cn=x")],
    entries: { "cn=x": "b" },
  },
  {
    title: "2 loser with a child, winner deleted: the child stays below the winner, which is glue",
    changes: [
      add(1, "p1", "ou=p"),
      add(2, "p2", "ou=p"),
      add(3, "c", "cn=c,ou=p", "p2"),
      remove(4, "p1", "ou=p"),
    ],
    entries: {
      "ou=p": "p1",
      "cn=c,ou=p": "c",
      [nsuniqueid("ou=p", "p2").split("+").reverse().join("+")]: "p2",
    },
    shows: ["p1", "nsds5replconflict", "deletedEntryHasChildren"],
  },
  {
    title: "3 loser renamed: its child does not follow",
    changes: [
      add(1, "p1", "ou=p"),
      add(2, "p2", "ou=p"),
      add(3, "c", "cn=c,ou=p", "p2"),
      rename(4, "p2", nsuniqueid("ou=p", "p2"), "ou=q"),
    ],
    entries: { "ou=p": "p1", "cn=c,ou=p": "c", "ou=q": "p2" },
  },
  {
    title: "4 parent re-created: a child added below the dead one goes below the new one",
    changes: [
      add(1, "p", "ou=p"),
      remove(2, "p", "ou=p"),
      add(3, "p2", "ou=p"),
      add(4, "c", "cn=c,ou=p", "p"),
    ],
    entries: { "ou=p": "p2", "cn=c,ou=p": "c" },
  },
  {
    title: "5 two renames and a delete: a delete under a name that was left has no effect",
    changes: [
      add(1, "e", "cn=e"),
      rename(2, "e", "cn=e", "cn=n1"),
      rename(3, "e", "cn=e", "cn=n2"),
      remove(4, "e", "cn=n1"),
    ],
    entries: { "cn=n2": "e" },
    shows: ["e", "cn", "n2"],
  },
  {
    title: "6 keep and remove old values: a rename removes the RDN value of its point in time",
    changes: [
      add(1, "e", "cn=e"),
      rename(2, "e", "cn=e", "cn=n1", { keep: true }),
      rename(3, "e", "cn=e", "cn=n2"),
    ],
    entries: { "cn=n2": "e" },
    shows: ["e", "cn", "e", "n2"],
  },
  {
    title: "7 loop: the later move keeps its old parent, its rename is done",
    changes: [
      add(1, "p", "ou=p"),
      add(2, "q", "ou=q"),
      rename(3, "q", "ou=q", "ou=q", { below: "ou=p", parent: "p" }),
      rename(4, "p", "ou=p", "ou=p2", { below: "ou=q", parent: "q" }),
    ],
    entries: { "ou=p2": "p", "ou=q,ou=p2": "q" },
  },
  {
    title: "8 single-valued RDN: the RDN value is the value",
    changes: [
      add(1, "e", "cn=e"),
      rename(2, "e", "cn=e", "employeeNumber=7", { keep: true }),
      modify(3, "e", "cn=e", ["replace employeeNumber 5"]),
    ],
    entries: { "employeeNumber=7": "e" },
    shows: ["e", "employeenumber", "7"],
  },
  {
    title: "8 single-valued RDN: after a rename away the other value shows again",
    changes: [
      add(1, "e", "cn=e"),
      rename(2, "e", "cn=e", "employeeNumber=7", { keep: true }),
      modify(3, "e", "cn=e", ["replace employeeNumber 5"]),
      rename(4, "e", "employeeNumber=7", "cn=e"),
    ],
    entries: { "cn=e": "e" },
    shows: ["e", "employeenumber", "5"],
  },
  {
    title: "9 rename onto a taken name: children stay, later ones go below the winner",
    changes: [
      add(1, "p", "ou=p"),
      add(2, "k", "cn=k,ou=p", "p"),
      add(3, "x", "ou=x"),
      rename(4, "p", "ou=p", "ou=x"),
      add(5, "n", "cn=n,ou=x", "p"),
    ],
    entries: {
      "ou=x": "x",
      "cn=n,ou=x": "n",
      [`nsuniqueid=${id("p")}+ou=x`]: "p",
      [`cn=k,nsuniqueid=${id("p")}+ou=x`]: "k",
    },
    shows: ["p", "nsds5replconflict", `namingConflict (MODRDN) ou=x,${SUFFIX}`],
  },
  {
    title: "10 glue made normal: delete of the value glue revives",
    changes: [
      add(1, "p", "ou=p"),
      remove(2, "p", "ou=p"),
      add(3, "c", "cn=c,ou=p", "p"),
      modify(4, "p", "ou=p", ["delete nsds5ReplConflict x", "delete objectClass glue"]),
    ],
    entries: { "ou=p": "p", "cn=c,ou=p": "c" },
    shows: ["p", "objectclass", "thing", "top"],
  },
  {
    title: "11 swapped names: at t3 the name is free",
    changes: [
      add(1, "e", "cn=e"),
      add(2, "f", "cn=f"),
      rename(3, "e", "cn=e", "cn=x"),
      rename(4, "e", "cn=e", "cn=y"),
      rename(5, "f", "cn=f", "cn=e"),
    ],
    entries: { "cn=y": "e", "cn=e": "f" },
  },
  {
    title: "12 value before its attribute: the delete is remembered",
    changes: [
      add(1, "e", "cn=e"),
      modify(2, "e", "cn=e", ["add description v,w"]),
      modify(3, "e", "cn=e", ["delete description v"]),
    ],
    entries: { "cn=e": "e" },
    shows: ["e", "description", "w"],
  },
];

function check({ title, entries, shows }: Example, replica: ConflictReplica): void {
  const seen = replica.entries();
  const names = seen.map(({ dn, uniqueId }) => [dn.slice(0, -SUFFIX.length - 1), uniqueId]);
  const wanted = Object.entries(entries).map(([name, label]) => [name, id(label)]);
  assert.sameDeepMembers(names, wanted, title);
  if (shows === undefined) return;
  const [label, type, ...texts] = shows;
  const entry = seen.find(({ uniqueId }) => uniqueId === id(label));
  assert.deepEqual([...(entry?.attributes.get(type) ?? [])], texts, title);
}

suite("replication/urp: examples", () => {
  for (const example of EXAMPLES) {
    test(`urp/replay: example ${example.title}`, () => {
      const orders = [example.changes, [...example.changes].reverse()];
      for (let seed = 1; seed <= 5; seed += 1) orders.push(shuffled(example.changes, seed));
      for (const order of orders) {
        const replica = new ConflictReplica();
        for (const change of order) replica.apply(change);
        check(example, replica);
      }
    });
  }

  test("urp/replay: operations with the newest CSN cost at most five reads and four writes", () => {
    const replica = new ConflictReplica();
    replica.apply(add(1, "p", "ou=p"));
    const { store } = replica;
    const costs: Record<string, number[]> = {};
    const measure = (name: string, change: Change): void => {
      const before = [store.reads, store.writes] as const;
      const forms = replica.rederive;
      replica.rederive = () => {};
      replica.apply(change);
      replica.rederive = forms;
      costs[name] = [store.reads - before[0], store.writes - before[1]];
    };
    measure("add", add(2, "c", "cn=c,ou=p", "p"));
    measure("modrdn", rename(3, "c", "cn=c,ou=p", "cn=d"));
    measure("delete", remove(4, "c", "cn=d,ou=p"));
    assert.deepEqual(costs, { add: [4, 4], modrdn: [5, 4], delete: [5, 4] });
    assert.isBelow(store.recordBytes(makeCsn(2, 0, 1)) ?? 0, 150);
  });

  test("urp/replay: a late operation repeats nothing that did not read what it changed", () => {
    const replica = new ConflictReplica();
    for (let time = 10; time < 60; time += 1) {
      replica.apply(add(time, `n${time}`, `cn=n${time}`));
    }
    assert.equal(replica.apply(add(5, "a", "cn=a"))?.repeated, 0);
    assert.equal(replica.apply(add(6, "b", "cn=n30"))?.repeated, 1);
    assert.equal(replica.forms.get(id("n30"))?.kind, "conflict");
  });

  test("urp/form: a tombstone shows the largest CSN of those below it, also when that gets smaller", () => {
    const replica = new ConflictReplica();
    const changes = [
      add(1, "p", "ou=p"),
      add(2, "c", "cn=c,ou=p", "p"),
      remove(4, "p", "ou=p"),
      remove(9, "c", "cn=c,ou=p"),
    ];
    for (const change of changes) replica.apply(change);
    assert.equal(replica.tombstones().get(id("p")), makeCsn(9, 0, 1));
    replica.apply(remove(7, "c", "cn=c,ou=p"));
    assert.equal(replica.tombstones().get(id("p")), makeCsn(7, 0, 1));
  });

  test("urp/form: of two glue entries the one named first has the plain name, then the other", () => {
    const replica = new ConflictReplica();
    const changes = [
      add(1, "p1", "ou=p"),
      add(2, "c1", "cn=c1,ou=p", "p1"),
      remove(3, "p1", "ou=p"),
      add(4, "p2", "ou=p"),
      add(5, "c2", "cn=c2,ou=p", "p2"),
      remove(6, "p2", "ou=p"),
    ];
    for (const change of changes) replica.apply(change);
    assert.equal(replica.dn(id("p1")), below("ou=p"));
    assert.equal(replica.dn(id("p2")), below(`nsuniqueid=${id("p2")}+ou=p`));
    replica.apply(remove(7, "c1", "cn=c1,ou=p"));
    assert.equal(replica.dn(id("p2")), below("ou=p"));
    replica.apply(add(8, "p3", "ou=p"));
    assert.equal(replica.dn(id("p2")), below(`nsuniqueid=${id("p2")}+ou=p`));
  });

  test("urp/purge: the last holder of a name stays while it lies dead under it", () => {
    const replica = new ConflictReplica();
    const changes = [
      add(1, "p", "ou=p"),
      add(2, "c", "cn=c,ou=p", "p"),
      remove(3, "p", "ou=p"),
      add(4, "e", "cn=e"),
      rename(5, "e", "cn=e", "cn=f"),
      add(6, "x", "cn=x"),
      remove(7, "x", "cn=x"),
    ];
    for (const change of changes) replica.apply(change);
    replica.purge(makeCsn(8, 0, 0));
    const lastOf = (rdnKey: string): unknown => replica.store.getSlot(SUFFIX_ID, rdnKey)?.last;
    assert.deepEqual(["ou=p", "cn=e", "cn=f", "cn=x"].map(lastOf), [
      id("p"),
      undefined,
      id("e"),
      undefined,
    ]);
    assert.isUndefined(replica.store.getNode(id("x")));
  });

  test("urp/refusals: requests that the rules would ignore are refused", () => {
    const replica = new ConflictReplica();
    const changes = [
      add(1, "x", "cn=x"),
      add(2, "y", "cn=x"),
      add(3, "g", "ou=g"),
      remove(4, "g", "ou=g"),
      add(5, "c", "cn=c,ou=g", "g"),
      add(6, "d", "cn=d,ou=m", "m"),
    ];
    for (const change of changes) replica.apply(change);
    const refusal = (label: string, action: Parameters<typeof findRefusal>[3]): boolean =>
      findRefusal(replica.store, replica.rules, id(label), action) !== undefined;
    const refused = ["", "x", "y", "g", "m"].flatMap((label) =>
      (["parent", "rename", "modify", "replaceClasses"] as const)
        .filter((action) => refusal(label, action))
        .map((action) => `${label} ${action}`),
    );
    assert.deepEqual(refused, ["y parent", "g rename", "g replaceClasses", "m rename", "m modify"]);
  });
});
