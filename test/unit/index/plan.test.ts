import { assert } from "chai";
import { parseFilter } from "../../../src/filter/index.ts";
import type { CatalogIndex, IndexCatalog, IndexKind, Plan } from "../../../src/index/index.ts";
import { ListSizes, planCandidates } from "../../../src/index/index.ts";
import { loadSchema } from "../../../src/schema/index.ts";
import { type IndexUpdate, IndexTables } from "../../support/index-tables.ts";

const SYNTAX = "1.3.6.1.4.1.1466.115.121.1";
const schema = loadSchema([
  {
    attributeTypes: [
      `( 1.1.1 NAME 'uid' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX ${SYNTAX}.15 )`,
      `( 1.1.2 NAME 'name' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX ${SYNTAX}.15 )`,
      `( 1.1.3 NAME 'sn' SUP name )`,
      `( 1.1.4 NAME 'octets' EQUALITY octetStringMatch ORDERING octetStringOrderingMatch SUBSTR octetStringSubstringsMatch SYNTAX ${SYNTAX}.40 )`,
      `( 1.1.5 NAME 'stamp' EQUALITY generalizedTimeMatch ORDERING generalizedTimeOrderingMatch SYNTAX ${SYNTAX}.24 SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation )`,
      `( 1.1.6 NAME 'level' EQUALITY integerMatch ORDERING integerOrderingMatch SYNTAX ${SYNTAX}.27 SINGLE-VALUE )`,
      `( 1.1.7 NAME 'objectClass' EQUALITY caseIgnoreMatch SYNTAX ${SYNTAX}.15 )`,
      `( 1.1.8 NAME 'odd' EQUALITY caseExactMatch SUP name )`,
    ],
    objectClasses: [],
  },
]);

const PRES_EQ_SUB: readonly IndexKind[] = ["presence", "equality", "substring"];

class Bench {
  readonly tables = new IndexTables();
  readonly table = this.tables.index;
  readonly indexes = new Map<string, CatalogIndex>();
  readonly absent = new Set<string>();
  readonly sizes = new ListSizes();

  index(
    name: string,
    kinds: readonly IndexKind[] = PRES_EQ_SUB,
    state: "ready" | "building" = "ready",
  ): this {
    const type = schema.attributeType(name);
    const tag = this.indexes.size + 1;
    this.indexes.set(type.key, { type, tag, kinds: new Set(kinds), ready: state === "ready" });
    return this;
  }

  put(id: number, attributes: Record<string, readonly string[]>): this {
    const updates: IndexUpdate[] = [];
    for (const [name, values] of Object.entries(attributes)) {
      const index = this.indexes.get(schema.attributeType(name).key);
      if (index === undefined) continue;
      updates.push({ index, before: [], after: values.map((value) => Buffer.from(value)) });
    }
    this.tables.update(id, updates);
    return this;
  }

  plan(filter: string, idsMax?: number): Plan {
    const catalog: IndexCatalog = {
      find: (type) => this.indexes.get(type.key),
      occurs: (type) => !this.absent.has(type.key),
      sizes: this.sizes,
      late: () => this.tables.lateLists(),
    };
    return planCandidates(parseFilter(filter), schema, catalog, this.table, { idsMax });
  }

  show(filter: string, idsMax?: number): string {
    const plan = this.plan(filter, idsMax);
    return plan.scan ? plan.text : `${plan.text}: ${plan.ids.toArray().join(" ")}`;
  }
}

/** uid a0, a1, …; all are persons, each tenth is an admin too. */
function people(count: number): Bench {
  const bench = new Bench().index("uid").index("objectClass", ["equality"]);
  for (let id = 1; id <= count; id += 1) {
    const classes = id % 10 === 0 ? ["person", "admin"] : ["person"];
    bench.put(id, { uid: [`a${id}`], objectClass: classes });
  }
  return bench;
}

suite("index/plan", () => {
  test("index/plan: the text names the lists that were used", () => {
    const bench = people(50);
    const cases: [string, string][] = [
      ["(uid=a7)", "eq(uid)=1: 7"],
      ["(uid=none)", "eq(uid)=0: "],
      ["(UID=A7)", "eq(UID)=1: 7"],
      ["(uid~=a7)", "eq(uid)=1: 7"],
      ["(uid=*49)", "sub(uid)=1: 49"],
      ["(&(objectClass=person)(uid=a7))", "eq(uid)=1: 7"],
      ["(|(uid=a7)(uid=a9))", "or[eq(uid)=1 eq(uid)=1]=2: 7 9"],
      ["(!(uid=a7))", "unindexed"],
      ["(cn=x)", "eq(cn)=0: "],
      ["(&(cn=x)(uid=a7))", "eq(cn)=0: "],
      ["(objectClass=admin)", "eq(objectClass)=5: 10 20 30 40 50"],
      ["(uid:=a7)", "eq(uid)=1: 7"],
      ["(uid:caseExactMatch:=a7)", "unindexed"],
      ["(uid:dn:=a7)", "unindexed"],
      ["(|(uid=a7)(!(uid=a9)))", "unindexed"],
      [
        "(|(uid=a1)(uid=a2)(uid=a3)(uid=a4)(uid=a5))",
        "or[eq(uid)=1 eq(uid)=1 eq(uid)=1 +2]=5: 1 2 3 4 5",
      ],
    ];
    for (const [filter, expected] of cases) assert.equal(bench.show(filter), expected, filter);
  });

  test("index/plan: a part without index does not spoil an AND", () => {
    const bench = people(50);
    bench.indexes.delete("objectclass");
    const plan = bench.plan("(&(objectClass=admin)(uid=*)(!(uid=a1)))");
    assert.isFalse(plan.scan);
    assert.isFalse(!plan.scan && plan.exact);
    assert.equal(!plan.scan && plan.ids.size, 50);
  });

  test("index/plan: intersecting stops when few are left", () => {
    const bench = people(200);
    assert.equal(
      bench.show("(&(uid=*0)(objectClass=admin)(uid=a10*))"),
      "and[sub(uid)=11 eq(objectClass)=20]=2: 10 100",
    );
  });

  test("index/plan: a list over the limit counts as all entries", () => {
    const bench = people(50);
    assert.equal(bench.show("(objectClass=person)", 49), "unindexed");
    assert.equal(bench.show("(objectClass=person)", 50).split(":")[0], "eq(objectClass)=50");
    assert.equal(bench.show("(objectClass=person)", 0).split(":")[0], "eq(objectClass)=50");
    assert.equal(
      bench.show("(&(objectClass=person)(objectClass=admin))", 20).split(":")[0],
      "eq(objectClass)=5",
    );
    assert.equal(bench.show("(|(objectClass=admin)(uid=a1))", 5), "unindexed");
    assert.equal(
      bench.show("(|(objectClass=admin)(uid=a10))", 5).split(":")[0],
      "or[eq(objectClass)=5 eq(uid)=1]=5",
    );
  });

  test("index/plan: an index that is being built is not used", () => {
    const bench = new Bench().index("uid", PRES_EQ_SUB, "building").put(1, { uid: ["a"] });
    assert.equal(bench.show("(uid=a)"), "unindexed");
  });

  test("index/plan: subtypes are united, and one without index makes it a scan", () => {
    const bench = new Bench().index("name").index("sn");
    bench.put(1, { name: ["x"] }).put(2, { sn: ["x"] });
    assert.equal(bench.show("(name=x)"), "unindexed"); // odd may occur
    bench.absent.add("odd");
    assert.equal(bench.show("(name=x)"), "eq(name)=2: 1 2");
    assert.equal(bench.show("(sn=x)"), "eq(sn)=1: 2");
    bench.absent.delete("odd");
    bench.index("odd").put(3, { odd: ["X"] });
    assert.equal(bench.show("(name=x)"), "unindexed", "odd is indexed under another rule");
    assert.equal(bench.show("(name=*)"), "pres(name)=3: 1 2 3");
  });

  test("index/plan: bounds of a range that were cut still include what was cut alike", () => {
    const bench = new Bench().index("octets", ["ordering"]);
    const long = (tail: string) => `${"y".repeat(420)}${tail}`;
    bench
      .put(1, { octets: [long("a")] })
      .put(2, { octets: [long("b")] })
      .put(3, { octets: ["y"] });
    assert.equal(bench.show(`(octets<=${long("b")})`), "range(octets)=3: 1 2 3");
    assert.equal(bench.show(`(octets>=${long("b")})`), "range(octets)=2: 1 2");
    assert.equal(bench.show("(octets<=y)"), "range(octets)=1: 3");
    assert.equal(bench.show("(octets>=y)"), "range(octets)=3: 1 2 3");
    assert.equal(bench.show("(octets<=x)"), "range(octets)=0: ");
  });

  test("index/plan: two bytes of a substring are found by the beginning of a trigram", () => {
    const bench = new Bench().index("octets", ["substring"]);
    bench
      .put(1, { octets: ["xab"] })
      .put(2, { octets: ["abx"] })
      .put(3, { octets: ["ba"] });
    assert.equal(bench.show("(octets=*ab*)"), "sub(octets)=2: 1 2");
    assert.equal(bench.show("(octets=b*)"), "sub(octets)=1: 3");
    assert.equal(bench.show("(octets=*a)"), "unindexed", "one byte at the end ends no trigram");
    assert.equal(bench.show("(octets=*a*)"), "unindexed");
    assert.equal(bench.show("(octets=*ba)"), "sub(octets)=1: 3");
  });

  test("index/plan: two bounds are one range only where there is one value", () => {
    const bench = new Bench().index("stamp", ["equality"]).index("level", ["equality"]);
    for (let id = 1; id <= 40; id += 1) {
      const day = String(10 + (id % 20));
      bench.put(id, { stamp: [`202001${day}000000Z`] });
    }
    // One value in each of two option forms.
    bench.put(50, { level: ["1", "10"] });
    assert.equal(
      bench.show("(&(stamp>=20200112000000Z)(stamp<=20200112235959Z))"),
      "range(stamp)=2: 2 22",
    );
    assert.equal(bench.show("(&(level>=5)(level<=6))").split(" ").at(-1), "50");
  });

  test("index/plan: a range over more keys than may be read is a scan", () => {
    const bench = new Bench().index("level", ["ordering"]);
    for (let id = 1; id <= 5001; id += 1) bench.put(id, { level: [String(id)] });
    assert.equal(bench.show("(level>=1)"), "unindexed");
    assert.equal(bench.show("(level>=2)").split(":")[0], "range(level)=5000");
    assert.equal(bench.show("(level>=-1)"), "unindexed");
    assert.equal(bench.show("(level<=3)"), "range(level)=3: 1 2 3");
  });

  test("index/plan: an index that lacks entries of the search is not used", () => {
    const bench = people(50);
    const plan = planCandidates(
      parseFilter("(&(objectClass=admin)(uid=a7))"),
      schema,
      { find: (type) => bench.indexes.get(type.key), sizes: bench.sizes },
      bench.table,
      { isCovered: (item) => item.attribute === "objectClass" },
    );
    assert.equal(plan.text, "eq(objectClass)=5");
  });

  test("index/plan: a type that the schema does not define matches nothing", () => {
    const bench = people(3);
    for (const filter of ["(nix=1)", "(nix=*)", "(nix=a*)", "(nix>=1)"]) {
      const plan = bench.plan(filter);
      assert.isTrue(!plan.scan && plan.exact && plan.ids.size === 0, filter);
    }
    assert.equal(bench.show("(&)"), "unindexed");
    assert.equal(bench.show("(|)"), "or=0: ");
  });
});
