// Indexes after random updates, with late changes merged now and then, at times not to the end: a plan never misses an entry that
// the filter matches, an exact plan has no other, and once everything has been merged the rows are those that building in bulk gives.

import { assert } from "chai";
import fc from "fast-check";
import type { Attribute, EntryView } from "../../src/entry/index.ts";
import { compileFilter, formatFilter, parseFilter } from "../../src/filter/index.ts";
import type { CatalogIndex, IndexCatalog, IndexKind } from "../../src/index/index.ts";
import { IndexBuilder, ListSizes, planCandidates } from "../../src/index/index.ts";
import type { BytesTable } from "../../src/kv/index.ts";
import type { Filter } from "../../src/protocol/index.ts";
import { type AttributeType, loadSchema } from "../../src/schema/index.ts";
import { IndexTables } from "../support/index-tables.ts";

const SYNTAX = "1.3.6.1.4.1.1466.115.121.1";
const schema = loadSchema([
  {
    attributeTypes: [
      `( 1.1.1 NAME 'text' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX ${SYNTAX}.15 )`,
      `( 1.1.2 NAME 'textBelow' SUP text )`,
      `( 1.1.3 NAME 'number' EQUALITY integerMatch ORDERING integerOrderingMatch SYNTAX ${SYNTAX}.27 )`,
      `( 1.1.4 NAME 'stamp' EQUALITY generalizedTimeMatch ORDERING generalizedTimeOrderingMatch SYNTAX ${SYNTAX}.24 SINGLE-VALUE NO-USER-MODIFICATION USAGE directoryOperation )`,
      `( 1.1.5 NAME 'octets' EQUALITY octetStringMatch ORDERING octetStringOrderingMatch SUBSTR octetStringSubstringsMatch SYNTAX ${SYNTAX}.40 )`,
      `( 1.1.6 NAME 'phone' EQUALITY telephoneNumberMatch SUBSTR telephoneNumberSubstringsMatch SYNTAX ${SYNTAX}.50 )`,
      `( 1.1.7 NAME 'plain' EQUALITY caseExactMatch SYNTAX ${SYNTAX}.15 )`,
    ],
    objectClasses: [],
  },
]);

const KINDS: Record<string, readonly IndexKind[]> = {
  text: ["presence", "equality", "substring", "ordering"],
  textBelow: ["equality", "substring", "presence", "ordering"],
  number: ["equality", "ordering"],
  stamp: ["presence", "equality"],
  octets: ["substring", "ordering"],
  phone: ["presence", "equality", "substring"],
  plain: [],
};

function makeIndexes(): CatalogIndex[] {
  return Object.entries(KINDS).map(([name, kinds], i) => ({
    type: schema.attributeType(name),
    tag: 255 + i,
    kinds: new Set(kinds),
    ready: true,
  }));
}

/** One for all runs: what it says of lists is wrong most of the time. */
const sizes = new ListSizes();

/** Says of every list that it is long: beginnings are looked for among the equality keys. */
class AllLong extends ListSizes {
  override stepsOf(): number {
    return 200;
  }
}
const allLong = new AllLong();

function catalogOf(
  indexes: readonly CatalogIndex[],
  known = sizes,
  tables?: IndexTables,
): IndexCatalog {
  return {
    find: (type) => indexes.find((index) => index.type.key === type.key),
    sizes: known,
    ...(tables === undefined ? {} : { late: () => tables.lateLists() }),
  };
}

/** Attribute descriptions and their values. */
type Content = ReadonlyMap<string, readonly Buffer[]>;

class FakeEntry implements EntryView {
  readonly dn = "";
  readonly normalDn = "";
  readonly #content: Content;

  constructor(content: Content) {
    this.#content = content;
  }

  *attributes(): Generator<Attribute> {
    for (const [text, values] of this.#content) {
      const [name = "", ...options] = text.split(";");
      const type = schema.attributeType(name);
      yield { description: { id: 0, text, key: text.toLowerCase(), type, options }, values };
    }
  }

  values(type: AttributeType): readonly Buffer[] {
    return [...this.attributes()]
      .filter(({ description }) => schema.isSubtype(description.type, type))
      .flatMap(({ values }) => values);
  }

  own(type: AttributeType): Buffer[] {
    return [...this.attributes()]
      .filter(({ description }) => description.type.key === type.key)
      .flatMap(({ values }) => values);
  }
}

const words = [
  "",
  "a",
  "A",
  "b",
  "ab",
  "aB ",
  " b a",
  "abc",
  "ä",
  "Ä",
  "x".repeat(399),
  "y".repeat(450),
  `${"y".repeat(449)}z`,
];
const texts = fc.oneof(
  fc.constantFrom(...words),
  fc
    .array(fc.constantFrom("a", "b", "B", " ", "c", "\u0301"), { maxLength: 6 })
    .map((letters) => letters.join("")),
);
const numbers = fc.oneof(
  fc.integer({ min: -12, max: 12 }).map(String),
  fc.constantFrom(
    "100000000000000000000",
    "-99999999999",
    "x",
    "1".repeat(900),
    `${"1".repeat(899)}2`,
  ),
);
const stamps = fc.constantFrom(
  "20200101000000Z",
  "20200101000000.5Z",
  "20210101000000Z",
  "20210101020000+0200",
  "2022010100Z",
  "never",
);
const phones = fc.constantFrom("+1 2-3", "+123", "12", "1", "2", "-", "");
const valuesOf: Record<string, fc.Arbitrary<string>> = {
  text: texts,
  "text;lang-en": texts,
  textBelow: texts,
  number: numbers,
  stamp: stamps,
  octets: texts,
  phone: phones,
  plain: texts,
};
const names = Object.keys(valuesOf);

const content: fc.Arbitrary<Content> = fc
  .array(
    fc
      .constantFrom(...names)
      .chain((name) =>
        fc
          .uniqueArray(valuesOf[name]!, { maxLength: name === "stamp" ? 1 : 3 })
          .map((values) => [name, values.map((value) => Buffer.from(value))] as const),
      ),
    { maxLength: 5 },
  )
  .map((attributes) => new Map(attributes));

const item: fc.Arbitrary<Filter> = fc
  .oneof(fc.constantFrom(...names, "textbelow;lang-en"), fc.constant("nosuchtype"))
  .chain((attribute) => {
    const text = (valuesOf[attribute] ?? texts).map((value) => Buffer.from(value));
    const piece = fc.option(text, { nil: undefined });
    return fc.oneof(
      fc.record({
        type: fc.constantFrom("equality", "greaterOrEqual", "lessOrEqual", "approx"),
        attribute: fc.constant(attribute),
        value: text,
      }),
      fc.record({ type: fc.constant("present"), attribute: fc.constant(attribute) }),
      fc
        .record({
          type: fc.constant("substrings"),
          attribute: fc.constant(attribute),
          initial: piece,
          any: fc.array(text, { maxLength: 2 }),
          final: piece,
        })
        .filter(
          ({ initial, any, final }) =>
            initial !== undefined || final !== undefined || any.length > 0,
        ),
      fc
        .record({
          type: fc.constant("extensible"),
          rule: fc.constantFrom(undefined, "caseIgnoreMatch", "caseExactMatch", "2.5.13.14"),
          attribute: fc.constantFrom(attribute, undefined),
          value: text,
          dnAttributes: fc.boolean(),
        })
        .filter(({ rule, attribute }) => rule !== undefined || attribute !== undefined),
    ) as fc.Arbitrary<Filter>;
  });

const filter: fc.Arbitrary<Filter> = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    { weight: 3, arbitrary: item },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constantFrom("and" as const, "or" as const),
        filters: fc.array(tie("filter"), { maxLength: 4 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ type: fc.constant("not" as const), filter: tie("filter") }),
    },
  ),
})).filter;

/** Entries by ID after each step; undefined deletes. A number instead of a step: so many slices of merging. */
type Step = readonly [number, Content | undefined] | number;

const history: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.tuple(
        fc.oneof(fc.nat(12), fc.constantFrom(70_000, 0xffff_fffe)),
        fc.option(content, { nil: undefined }),
      ),
    },
    { weight: 1, arbitrary: fc.oneof(fc.nat(12), fc.constant(1000)) },
  ),
  { maxLength: 30 },
);

function replay(steps: readonly Step[], indexes: readonly CatalogIndex[]) {
  const tables = new IndexTables();
  const entries = new Map<number, FakeEntry>();
  for (const step of steps) {
    tables.lateLists(); // as searches between operations
    if (typeof step === "number") {
      tables.merge({ isOver: () => true, slices: step });
      continue;
    }
    const [id, after] = step;
    const before = entries.get(id);
    const entry = after && new FakeEntry(after);
    tables.update(
      id,
      indexes.map((index) => ({
        index,
        before: before?.own(index.type),
        after: entry?.own(index.type),
      })),
    );
    if (entry === undefined) entries.delete(id);
    else entries.set(id, entry);
  }
  return { tables, entries };
}

function dump(table: BytesTable): string[] {
  return [...table.range()].map(
    ({ key, value }) => `${Buffer.from(key).toString("hex")} ${value.toString("hex")}`,
  );
}

suite("property/index", () => {
  test("index/plan: a plan holds every entry that matches, an exact one no other", () => {
    const indexes = makeIndexes();
    const seen = { scans: 0, plans: 0, exact: 0 };
    fc.assert(
      fc.property(
        history,
        fc.array(filter, { minLength: 1, maxLength: 12 }),
        fc.option(fc.nat(5)),
        fc.constantFrom(sizes, allLong),
        fc.boolean(),
        (steps, filters, idsMax, known, isMerged) => {
          const { tables, entries } = replay(steps, indexes);
          if (isMerged) tables.merge();
          const catalog = catalogOf(indexes, known, tables);
          for (const wanted of filters) {
            const limits = idsMax === null ? {} : { idsMax };
            const plan = planCandidates(wanted, schema, catalog, tables.index, limits);
            seen[plan.scan ? "scans" : "plans"] += 1;
            if (plan.scan) continue;
            const matcher = compileFilter(wanted, schema);
            const matching = [...entries]
              .filter(([, entry]) => matcher.matches(entry) === true)
              .map(([id]) => id)
              .sort((a, b) => a - b);
            const shown = `${formatFilter(wanted)} ${plan.text} ${plan.ids.toArray().join()}`;
            for (const id of matching) assert.isTrue(plan.ids.has(id), `${shown} misses ${id}`);
            for (const id of isMerged ? plan.ids : [])
              assert.isTrue(entries.has(id), `${shown}: ${id} is gone`);
            if (!plan.exact) continue;
            seen.exact += 1;
            assert.deepEqual(plan.ids.toArray(), matching, shown);
          }
        },
      ),
      { numRuns: 600 },
    );
    assert.isAbove(seen.plans, seen.scans / 4);
    assert.isAbove(seen.exact, seen.plans / 10);
  });

  test("index/plan-substrings: among many entries a plan holds every entry that matches", () => {
    const letter = fc.constantFrom("a", "b", "c");
    const word = fc.string({ unit: letter, minLength: 4, maxLength: 9 });
    const piece = fc.string({ unit: letter, minLength: 1, maxLength: 7 });
    const maybe = fc.option(piece, { nil: undefined });
    const indexes = makeIndexes();
    const index = indexes.find(({ type }) => type.name === "textBelow")!;
    let narrowed = 0;
    fc.assert(
      fc.property(
        fc.array(word, { minLength: 1200, maxLength: 1500 }),
        fc.array(
          fc.record({ initial: maybe, any: fc.array(piece, { maxLength: 2 }), final: maybe }),
        ),
        fc.constantFrom(sizes, allLong),
        fc.nat(1100),
        (values, assertions, known, lateCount) => {
          const tables = new IndexTables();
          const { kv, index: table } = tables;
          const builder = new IndexBuilder({ bytesMax: Number.MAX_SAFE_INTEGER });
          values.forEach((value, id) => {
            const after = [Buffer.from(value)];
            if (id % 1100 >= lateCount) builder.add(index, id, after);
            else tables.update(id, [{ index, before: undefined, after }]);
          });
          kv.transactSync(() => builder.flush(table));
          for (const { initial, any, final } of assertions) {
            const text = `(textBelow=${initial ?? ""}*${any.map((part) => `${part}*`).join("")}${final ?? ""})`;
            const plan = planCandidates(
              parseFilter(text),
              schema,
              catalogOf([index], known, tables),
              table,
            );
            if (plan.scan || text === "(textBelow=*)") continue;
            const matcher = compileFilter(parseFilter(text), schema);
            values.forEach((value, id) => {
              const entry = new FakeEntry(new Map([["textBelow", [Buffer.from(value)]]]));
              if (matcher.matches(entry) === true) assert.isTrue(plan.ids.has(id), text + value);
            });
            if (plan.ids.size < values.length / 20) narrowed += 1;
          }
        },
      ),
      { numRuns: 20 },
    );
    assert.isAbove(narrowed, 10);
  });

  test("index/index-builder: bulk building gives the rows of updates one by one", () => {
    const indexes = makeIndexes();
    fc.assert(
      fc.property(history, fc.integer({ min: 1, max: 3000 }), (steps, bytesMax) => {
        const { tables, entries } = replay(steps, indexes);
        const { kv, index: table, late } = tables;
        tables.merge();
        const built = kv.bytesTable("built");
        const builder = new IndexBuilder({ bytesMax });
        for (const [id, entry] of entries) {
          for (const index of indexes) builder.add(index, id, entry.own(index.type));
          if (builder.isFull) kv.transactSync(() => builder.flush(built));
        }
        kv.transactSync(() => builder.flush(built));
        assert.deepEqual(dump(built), dump(table));
        assert.equal(late.count(), 0);
      }),
      { numRuns: 200 },
    );
  });

  test("index/update-index: deleting all entries leaves no row", () => {
    const indexes = makeIndexes();
    fc.assert(
      fc.property(history, (steps) => {
        const ids = new Set(steps.flatMap((step) => (typeof step === "number" ? [] : step[0])));
        const { tables } = replay(
          [...steps, ...[...ids].map((id) => [id, undefined] as const)],
          indexes,
        );
        tables.merge();
        assert.deepEqual(dump(tables.index), []);
      }),
      { numRuns: 100 },
    );
  });
});
