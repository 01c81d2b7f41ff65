// The export of what is shown beside one that makes entries of all records and writes them one by one.
import { assert } from "chai";
import fc from "fast-check";
import { RecordFlag, type StoredEntry } from "../../src/entry/index.ts";
import { encodeLdifRecord } from "../../src/ldif/index.ts";
import type { Change, UniqueId } from "../../src/replication/change/index.ts";
import { addUnit, madeCsn, madeUniqueId } from "../support/made-changes.ts";
import { StoreBackend } from "../support/store-backend.ts";

const SUFFIX = "ou=base";

function naiveExport(store: StoreBackend, wrapLines: boolean): string {
  const { reader } = store.backend;
  const records: Buffer[] = [Buffer.from("version: 1\n\n")];
  const taken = new Set<number>();
  const take = (entry: StoredEntry): void => {
    if (taken.has(entry.id) || (entry.flags & RecordFlag.tombstone) !== 0) return;
    taken.add(entry.id);
    if (entry.parentId !== 0) take(reader.getEntry(entry.parentId));
    const attributes = entry
      .stored()
      .map(({ description, values }) => ({ type: description.text, values }));
    const record = { type: "content", line: 0, dn: entry.dn, attributes } as const;
    records.push(encodeLdifRecord(record, { fold: wrapLines }));
  };
  const ids = reader.idsFrom(1, 100_000);
  take(reader.getEntry(reader.suffixId ?? ids[0]!));
  for (const id of ids) take(reader.getEntry(id));
  return Buffer.concat(records).toString("utf8");
}

function assertSame(store: StoreBackend): void {
  for (const wrapLines of [true, false]) {
    const text = store.export({ withState: false, wrapLines });
    assert.equal(text, naiveExport(store, wrapLines));
  }
}

const unit = (number: number): UniqueId => madeUniqueId(number + 1);

/** The suffix entry and units below each other, one of them moved below another at each step, or deleted. */
function grow(store: StoreBackend, parents: readonly number[], steps: readonly Step[]): void {
  let time = 1;
  const csn = (): Change["csn"] => {
    time += 1;
    return madeCsn(time, 1);
  };
  const dnOf = (uniqueId: UniqueId): string => {
    const id = store.backend.reader.idOfUniqueId(uniqueId);
    return id === undefined ? "" : store.backend.reader.getEntry(id).dn;
  };
  store.apply(addUnit(unit(0), SUFFIX, csn()));
  parents.forEach((choice, index) => {
    const parent = unit(choice % (index + 1));
    store.apply(addUnit(unit(index + 1), `ou=u${index + 1},${dnOf(parent)}`, csn(), parent));
  });
  for (const { what, which, to } of steps) {
    const uniqueId = unit(1 + (which % parents.length));
    const target = unit(to % (parents.length + 1));
    if (what === "delete") {
      store.apply({ type: "delete", csn: csn(), uniqueId, dn: dnOf(uniqueId) });
      continue;
    }
    store.apply({
      type: "modifyDn",
      csn: csn(),
      uniqueId,
      dn: dnOf(uniqueId),
      newRdn: `ou=u${1 + (which % parents.length)}`,
      deleteOldRdn: false,
      newSuperior: dnOf(target),
      newSuperiorUniqueId: target,
      mods: [],
    });
  }
}

interface Step {
  readonly what: "move" | "delete";
  readonly which: number;
  readonly to: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  what: fc.constantFrom("move", "move", "move", "delete"),
  which: fc.nat(1000),
  to: fc.nat(1000),
});

suite("property/export", () => {
  test("property/export: entries come in order of their IDs, each behind the one above it, however they were moved", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(1000), { minLength: 1, maxLength: 30 }),
        fc.array(step, { maxLength: 30 }),
        (parents, steps) => {
          const store = new StoreBackend(SUFFIX).replicate();
          grow(store, parents, steps);
          assertSame(store);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("property/export: values of any bytes and lengths are written as one by one", () => {
    const printable = fc.array(fc.integer({ min: 0x20, max: 0x7e }), { minLength: 1 });
    const value = fc.oneof(
      printable.map((codes) => Buffer.from(codes)),
      fc
        .tuple(printable, fc.nat(), fc.nat(255))
        .map(([codes, at, odd]) => Buffer.from(codes.with(at % codes.length, odd))),
      fc.uint8Array({ minLength: 1, maxLength: 300 }).map((array) => Buffer.from(array)),
      fc.string({ minLength: 1, maxLength: 300 }).map((text) => Buffer.from(text)),
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 90 }).map((text) => Buffer.from(text)),
    );
    const name = fc.string({ unit: fc.constantFrom("a", "ä", "x y", "é", "-"), minLength: 1 });
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.array(value, { maxLength: 4 }))), (given) => {
        const store = new StoreBackend(SUFFIX);
        const records = given.map(([text, values], index) =>
          encodeLdifRecord({
            type: "content",
            line: 0,
            dn: `ou=${index} ${text} end,${SUFFIX}`,
            attributes: [
              { type: "objectClass", values: [Buffer.from("organizationalUnit")] },
              ...(values.length > 0 ? [{ type: "userCertificate;binary", values }] : []),
            ],
          }),
        );
        const head = `dn: ${SUFFIX}\nobjectClass: organizationalUnit\nou: base\n\n`;
        const options = { schemaCheck: false, syntaxCheck: false };
        store.importLdif(Buffer.concat([Buffer.from(head), ...records]), options);
        assertSame(store);
      }),
      { numRuns: 60 },
    );
  });

  test("property/export: values that are larger than what is handed out at once, and very many", () => {
    const values = [
      Buffer.alloc(700_000, "a"),
      Buffer.alloc(300_001, 0xe4),
      ...Array.from({ length: 20_000 }, (_, index) => Buffer.from(`value ${index}`)),
    ];
    const text = encodeLdifRecord({
      type: "content",
      line: 0,
      dn: SUFFIX,
      attributes: [
        { type: "objectClass", values: [Buffer.from("organizationalUnit")] },
        { type: "ou", values: [Buffer.from("base")] },
        { type: "userCertificate;binary", values },
      ],
    });
    const store = new StoreBackend(SUFFIX);
    store.importLdif(text, { schemaCheck: false, syntaxCheck: false });
    assertSame(store);
  });
});
