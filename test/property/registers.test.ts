// Laws of attribute registers: they are joins, and they show what plain sets would show after all operations in CSN order.
import { assert } from "chai";
import fc from "fast-check";
import type { Mod } from "../../src/protocol/index.ts";
import { type Csn, makeCsn, withSubsequence } from "../../src/replication/csn/index.ts";
import {
  Registers,
  decodeRegisters,
  encodeRegisters,
  encodeZeroRegisters,
  fromReplicatedAttributes,
  toReplicatedAttributes,
  unstatedAttributes,
} from "../../src/replication/registers/index.ts";
import { describe, descriptionSource, foldValue } from "../support/conflict-schema.ts";

interface Step {
  readonly csn: Csn;
  readonly kind: "add" | "modify";
  readonly mods: readonly Mod[];
}

const STATED = { kind: "updated", csn: makeCsn(1, 0, 1) } as const;
const type = fc.constantFrom("description", "displayName", "description;lang-de");
const value = fc.constantFrom("v", "V", "w", "x", " v").map((text) => Buffer.from(text));
const mod: fc.Arbitrary<Mod> = fc.oneof(
  fc.record({
    operation: fc.constantFrom("add", "replace", "delete"),
    type,
    values: fc.array(value, { minLength: 1, maxLength: 2 }),
  }),
  fc.record({ operation: fc.constantFrom("replace", "delete"), type, values: fc.constant([]) }),
);
/** Operations with rising CSNs. */
const steps: fc.Arbitrary<readonly Step[]> = fc
  .array(
    fc.record({
      kind: fc.constantFrom("modify", "modify", "add"),
      mods: fc.array(mod, { minLength: 1, maxLength: 3 }),
      rid: fc.integer({ min: 1, max: 3 }),
    }),
    { maxLength: 12 },
  )
  .map((list) =>
    list.map(({ kind, mods, rid }, i) => ({ csn: makeCsn(1 + i, 0, rid), kind, mods })),
  );
const shuffledSteps = steps.chain((list) =>
  fc.record({
    list: fc.constant(list),
    order: fc.shuffledSubarray([...list], { minLength: list.length }),
    repeats: fc.subarray([...list]),
  }),
);

function apply(registers: Registers, { csn, kind, mods }: Step): void {
  if (kind === "modify") registers.applyMods(mods, csn);
  else registers.applyAdd(mods, [], csn);
}

function run(list: readonly Step[]): Registers {
  const registers = new Registers(describe);
  for (const step of list) apply(registers, step);
  return registers;
}

/** Everything but the spelling of values that were only deleted, which nobody sees. */
function plain(registers: Registers): unknown {
  return [...registers.attributes]
    .map(([key, state]) => ({
      key,
      ad: state.ad,
      values: [...state.values]
        .map(([form, { value, ...csns }]) => ({
          form,
          spelling: csns.vu && value.toString(),
          ...csns,
        }))
        .sort((a, b) => (a.form < b.form ? -1 : 1)),
    }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

const fold = (values: Iterable<Buffer>): string[] =>
  [...values].map((each) => foldValue(each).toString()).sort();

function shownOf(registers: Registers): Record<string, string[]> {
  const rows = registers
    .shownAttributes()
    .map(({ description, values }) => [description.key, fold(values)] as const);
  return Object.fromEntries(rows.sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The same by sets: no registers involved. */
function serial(list: readonly Step[]): Record<string, string[]> {
  const sets = new Map<string, Map<string, Buffer>>();
  const events = list.flatMap(({ csn, kind, mods }) =>
    mods.flatMap((each, index) => {
      const at = kind === "add" ? csn : withSubsequence(csn, index);
      const clears =
        kind === "modify" && (each.operation === "replace" || each.values.length === 0);
      const removes = kind === "modify" && each.operation === "delete";
      const event = { at, key: describe(each.type).key };
      return [
        ...(clears ? [{ ...event, rank: -1, value: Buffer.alloc(0) }] : []),
        ...each.values.map((added) => ({ ...event, rank: removes ? 0 : 1, value: added })),
      ];
    }),
  );
  const form = (bytes: Buffer): string => foldValue(bytes).toString();
  const order = (e: (typeof events)[number]): string => `${e.at}${e.rank + 1}${form(e.value)}`;
  for (const event of events.sort((a, b) => (order(a) < order(b) ? -1 : 1))) {
    const set = sets.get(event.key) ?? new Map<string, Buffer>();
    sets.set(event.key, set);
    if (event.rank === -1) set.clear();
    else if (event.rank === 0) set.delete(form(event.value));
    else {
      if (describe(event.key).type.singleValue) set.clear();
      set.set(form(event.value), event.value);
    }
  }
  const rows = [...sets].map(([key, set]) => [key, fold(set.values())] as const);
  return Object.fromEntries(
    rows.filter(([, values]) => values.length > 0).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}

suite("property/registers", () => {
  test("property/registers: order and repetition of operations do not matter", () => {
    fc.assert(
      fc.property(shuffledSteps, ({ list, order, repeats }) => {
        assert.deepEqual(plain(run([...order, ...repeats])), plain(run(list)));
      }),
    );
  });

  test("property/registers: shown is what sets show after all operations in CSN order", () => {
    fc.assert(
      fc.property(shuffledSteps, ({ list, order }) => {
        assert.deepEqual(shownOf(run(order)), serial(list));
      }),
    );
  });

  test("property/registers: garbage collection at any time changes nothing later", () => {
    fc.assert(
      fc.property(shuffledSteps, fc.infiniteStream(fc.boolean()), ({ list, order }, choices) => {
        const registers = new Registers(describe);
        for (const step of order) {
          apply(registers, step);
          if (choices.next().value === true) registers.collectGarbage();
        }
        assert.deepEqual(shownOf(registers), serial(list));
      }),
    );
  });

  test("property/registers: purging changes nothing that is shown, now or by later operations", () => {
    fc.assert(
      fc.property(steps, steps, (early, late) => {
        const shifted = late.map((step, i) => ({ ...step, csn: makeCsn(1000 + i, 0, 1) }));
        const registers = run(early);
        registers.purge(makeCsn(999, 0, 0));
        assert.deepEqual(shownOf(registers), serial(early));
        for (const step of [...shifted].reverse()) apply(registers, step);
        assert.deepEqual(shownOf(registers), serial([...early, ...shifted]));
      }),
    );
  });

  test("property/registers: the stored form decodes to the same registers", () => {
    fc.assert(
      fc.property(shuffledSteps, ({ order }) => {
        const registers = run(order);
        const record = registers.shownAttributes();
        const bytes = encodeRegisters(registers, record);
        assert.deepEqual(
          plain(decodeRegisters(bytes, record, descriptionSource)),
          plain(registers),
        );
      }),
    );
  });

  test("property/registers: 389's form keeps what is shown, and is kept by a second passage", () => {
    fc.assert(
      fc.property(shuffledSteps, ({ order }) => {
        const registers = run(order);
        const wire = toReplicatedAttributes(registers);
        const back = fromReplicatedAttributes(wire, describe);
        assert.deepEqual(shownOf(back), shownOf(registers));
        const again = toReplicatedAttributes(back);
        assert.deepEqual(plain(fromReplicatedAttributes(again, describe)), plain(back));
      }),
    );
  });

  test("property/registers: stored registers take a mod the same whether their values were looked at or not", () => {
    let keptCount = 0;
    fc.assert(
      fc.property(shuffledSteps, fc.nat({ max: 12 }), ({ order }, stored) => {
        const before = run(order.slice(0, stored));
        const record = before.shownAttributes();
        const bytes = encodeRegisters(before, record);
        const fresh = decodeRegisters(bytes, record, descriptionSource);
        const seen = decodeRegisters(bytes, record, descriptionSource);
        for (const state of fresh.attributes.values()) if (state.uniform) keptCount += 1;
        for (const state of seen.attributes.values()) assert.isNotNull(state.values);
        for (const step of order.slice(stored)) {
          apply(fresh, step);
          apply(seen, step);
        }
        assert.deepEqual(
          encodeRegisters(fresh, fresh.shownAttributes()),
          encodeRegisters(seen, seen.shownAttributes()),
        );
        assert.deepEqual(fresh.shownAttributes(), seen.shownAttributes());
        assert.deepEqual(plain(fresh), plain(seen));
      }),
      { numRuns: 500 },
    );
    assert.isAbove(keptCount, 50);
  });

  test("property/registers: values that all came without a CSN need no registers", () => {
    const given = fc.record({
      type: fc.constantFrom("description", "displayName", "description;lang-de", "nsUniqueId"),
      deletionCsn: fc.constant(undefined),
      deleted: fc.constant(false),
      values: fc.array(
        fc.record({
          value,
          deleted: fc.constant(false),
          csns: fc.oneof({ weight: 9, arbitrary: fc.constant([]) }, fc.constant([STATED])),
        }),
        { maxLength: 3 },
      ),
    });
    let unstatedCount = 0;
    fc.assert(
      fc.property(fc.array(given, { maxLength: 3 }), (attributes) => {
        const unstated = unstatedAttributes(attributes, describe);
        const isStated = attributes.some(
          ({ type: name, values }) =>
            name !== "nsUniqueId" && values.some(({ csns }) => csns.length > 0),
        );
        if (isStated) assert.isUndefined(unstated);
        if (unstated === undefined) return;
        unstatedCount += 1;
        const registers = fromReplicatedAttributes(attributes, describe);
        assert.deepEqual(unstated, registers.shownAttributes());
        const stored = registers.isEmpty() ? Buffer.alloc(0) : encodeRegisters(registers, unstated);
        assert.deepEqual(encodeZeroRegisters(unstated), stored);
      }),
    );
    assert.isAbove(unstatedCount, 10);
  });
});
