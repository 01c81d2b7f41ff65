// Laws of filters: text and value are two forms of one thing, and three-valued logic obeys Kleene's laws.
import { assert } from "chai";
import fc from "fast-check";
import { Descriptions, encodeRecord, type EntryId, StoredEntry } from "../../src/entry/index.ts";
import { ValuePiece } from "../../src/entry/value-piece.ts";
import { compileFilter, formatFilter, parseFilter } from "../../src/filter/index.ts";
import type { Filter } from "../../src/protocol/index.ts";
import type { UniqueId } from "../../src/replication/change/index.ts";
import type { AttributeType } from "../../src/schema/index.ts";
import { PlainEntry } from "../support/plain-entry.ts";
import { loadShippedSchema } from "../unit/schema/shipped-schema.ts";

const schema = loadShippedSchema();

const entry = new PlainEntry(schema, "cn=a,dc=x", {
  objectClass: ["top", "person"],
  cn: ["a", "b c"],
  sn: ["aba"],
  uidNumber: ["5"],
});

const bytes = (minLength: number) =>
  fc.uint8Array({ minLength, maxLength: 6 }).map((array) => Buffer.from(array));
const value = fc.oneof(
  bytes(0),
  fc
    .constantFrom("a", "b", "B C", "5", "*", "()\\", "é", "person")
    .map((text) => Buffer.from(text)),
);
const piece = fc.oneof(
  bytes(1),
  fc.constantFrom("a", "b", "*").map((text) => Buffer.from(text)),
);
const attribute = fc.constantFrom(
  "cn",
  "sn",
  "uidNumber",
  "title",
  "noSuch",
  "2.5.4.3",
  "cn;lang-de",
);
const rule = fc.constantFrom("caseExactMatch", "2.5.13.2", "noSuchRule");

const item: fc.Arbitrary<Filter> = fc.oneof(
  fc.record({
    type: fc.constantFrom("equality", "greaterOrEqual", "lessOrEqual", "approx"),
    attribute,
    value,
  }),
  fc.record({ type: fc.constant("present"), attribute }),
  fc
    .record({
      type: fc.constant("substrings"),
      attribute,
      initial: fc.option(piece, { nil: undefined }),
      any: fc.array(piece, { maxLength: 3 }),
      final: fc.option(piece, { nil: undefined }),
    })
    .filter(({ initial, any, final }) => (initial ?? any[0] ?? final) !== undefined),
  fc
    .record({
      type: fc.constant("extensible"),
      rule: fc.option(rule, { nil: undefined }),
      attribute: fc.option(attribute, { nil: undefined }),
      value,
      dnAttributes: fc.boolean(),
    })
    .filter((filter) => (filter.rule ?? filter.attribute) !== undefined),
);

const { filter } = fc.letrec<{ filter: Filter }>((tie) => ({
  filter: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    item,
    fc.record({ type: fc.constant("not"), filter: tie("filter") }),
    fc.record({
      type: fc.constantFrom("and", "or"),
      filters: fc.array(tie("filter"), { maxLength: 6 }),
    }),
  ),
}));

const allBut =
  (keys: readonly string[]) =>
  (_: unknown, type: AttributeType): boolean =>
    !keys.includes(type.key);
const truth = (of: Filter): boolean | undefined => compileFilter(of, schema).matches(entry);
const not = (of: Filter): Filter => ({ type: "not", filter: of });

const descriptions = new Descriptions(schema, () => []);
const contents = fc.uniqueArray(
  fc.record({
    attribute: fc.constantFrom(
      "cn",
      "cn;lang-de",
      "sn",
      "name",
      "uidNumber",
      "title",
      "objectClass",
    ),
    values: fc.uniqueArray(value, {
      minLength: 1,
      maxLength: 3,
      selector: (one) => one.toString("hex"),
    }),
    /** Whether each value lies in a piece of its own. */
    isApart: fc.boolean(),
  }),
  { selector: ({ attribute }) => attribute, maxLength: 5 },
);
const surroundings = {
  descriptions,
  dnOf: () => NAMES,
  childCount: () => 1,
  tombstoneChildCount: () => 0,
  lendPiece: (number: number): Buffer => pieces[number - 1] as Buffer,
};
const pieces: Buffer[] = [];
const NAMES = { dn: "dc=x", normalDn: "dc=x", dnBytes: Buffer.from("dc=x") };

interface Content {
  readonly attribute: string;
  readonly values: Buffer[];
  readonly isApart: boolean;
}

function storedEntry(contained: readonly Content[]): StoredEntry {
  pieces.length = 0;
  const apart = contained
    .filter(({ isApart }) => isApart)
    .map(
      ({ attribute, values }) => [descriptions.intern(attribute).id, values.map(pieceOf)] as const,
    );
  const attributes = contained.map(({ attribute, values }) => ({
    description: descriptions.intern(attribute),
    values,
  }));
  const uniqueId = "aaaaaaaa-00000000-00000000-00000000" as UniqueId;
  const record = encodeRecord(
    { flags: 0, parentId: 1 as EntryId, uniqueId, rdn: "cn=a", attributes },
    new Map(apart),
  );
  return new StoredEntry(2 as EntryId, record, surroundings);
}

function pieceOf(one: Buffer): ValuePiece {
  const length = one.length < 0x80 ? [one.length] : [0x82, one.length >> 8, one.length & 0xff];
  const bytes = Buffer.concat([Buffer.of(4, ...length), one]);
  pieces.push(bytes);
  return new ValuePiece(pieces.length, bytes.length, 1);
}

suite("filter laws", () => {
  test("filter/item-matcher: a stored entry is matched like one of values", () => {
    fc.assert(
      fc.property(filter, contents, (one, attributes) => {
        const plain = new PlainEntry(
          schema,
          "cn=a,dc=x",
          Object.fromEntries(attributes.map(({ attribute, values }) => [attribute, values])),
        );
        const matcher = compileFilter(one, schema);
        assert.equal(matcher.matches(storedEntry(attributes)), matcher.matches(plain));
      }),
      { numRuns: 500 },
    );
  });

  test("filter/record-test: what the bytes of a record rule out, no rights make true", () => {
    const computed = fc.constantFrom("hasSubordinates", "entrydn", "distinguishedName");
    const ofComputed = fc.record({ type: fc.constant("present" as const), attribute: computed });
    const any = fc.oneof(
      { weight: 4, arbitrary: filter },
      { weight: 1, arbitrary: ofComputed },
      { weight: 1, arbitrary: ofComputed.map(not) },
    );
    const denied = fc.option(fc.subarray(["cn", "sn", "uidnumber", "title", "name"]));
    let told = 0;
    fc.assert(
      fc.property(any, contents, denied, (one, attributes, keys) => {
        const stored = storedEntry(attributes);
        const maySearch = keys === null ? undefined : allBut(keys);
        const matcher = compileFilter(one, schema, { maySearch });
        const test = matcher.onRecords(descriptions);
        const own = matcher.matches(stored);
        const can = [test.canBeTrue(stored.record), test.canBeFalse(stored.record)];
        if (own === true) assert.isTrue(can[0]);
        if (own === false) assert.isTrue(can[1]);
        if (can.includes(false)) told += 1;
      }),
      { numRuns: 1000 },
    );
    assert.isAbove(told, 300);
  });

  test("filter/format-filter: the text of a filter is read back to an equal filter", () => {
    fc.assert(fc.property(filter, (one) => assert.deepEqual(parseFilter(formatFilter(one)), one)));
  });

  test("filter/parse-filter: any text gives a filter or a syntax error within it", () => {
    const text = fc.string({
      unit: fc.constantFrom(...Array.from("()&|!=~<>:*\\ab1;. \0é")),
      maxLength: 30,
    });
    fc.assert(
      fc.property(text, (one) => {
        try {
          const parsed = parseFilter(one);
          assert.deepEqual(parseFilter(formatFilter(parsed)), parsed);
        } catch (error) {
          if (!(error instanceof Error) || error.name !== "FilterSyntaxError") throw error;
          assert.isAtMost(Number(Reflect.get(error, "offset")), one.length);
        }
      }),
    );
  });

  test("filter/matcher: not is its own inverse and keeps Undefined", () => {
    fc.assert(
      fc.property(filter, (one) => {
        const own = truth(one);
        assert.equal(truth(not(one)), own === undefined ? undefined : !own);
        assert.equal(truth(not(not(one))), own);
      }),
    );
  });

  test("filter/matcher: de Morgan's laws hold, and order does not matter", () => {
    fc.assert(
      fc.property(fc.array(filter, { maxLength: 5 }), (filters) => {
        const inverse = filters.map(not);
        const and = truth({ type: "and", filters });
        const or = truth({ type: "or", filters });
        assert.equal(truth(not({ type: "or", filters: inverse })), and);
        assert.equal(truth(not({ type: "and", filters: inverse })), or);
        assert.equal(truth({ type: "and", filters: filters.toReversed() }), and);
        assert.equal(truth({ type: "or", filters: filters.toReversed() }), or);
      }),
    );
  });

  test("filter/matcher: taking search rights away turns answers Undefined, never around", () => {
    const denied = fc.subarray(["cn", "sn", "uidnumber", "title"]);
    fc.assert(
      fc.property(filter, denied, (one, keys) => {
        const limited = compileFilter(one, schema, {
          maySearch: allBut(keys),
        }).matches(entry);
        assert.isTrue(limited === undefined || limited === truth(one));
      }),
    );
  });
});
