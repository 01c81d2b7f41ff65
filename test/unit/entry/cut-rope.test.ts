import { assert } from "chai";
import {
  DirectoryRows,
  type EntryId,
  type KnownValues,
  StoredValues,
  ValueRope,
  cutRope,
  encodeRecord,
  hasApart,
  joinRecord,
  liesApart,
  readPieces,
} from "../../../src/entry/index.ts";
import type { RopePart } from "../../../src/entry/index.ts";
import { StoredAttribute } from "../../../src/entry/stored-attribute.ts";
import type { UniqueId } from "../../../src/replication/change/index.ts";
import { describe } from "../../support/conflict-schema.ts";

const DESCRIPTION = describe("description");
const UNIQUE_ID = "00000001-00000000-00000000-00000001" as UniqueId;
const VALUE_BYTES = 100;

const valueOf = (number: number): Buffer =>
  Buffer.from(`value ${number} `.padEnd(VALUE_BYTES, "."));
const valuesTo = (count: number): Buffer[] =>
  Array.from({ length: count }, (_, number) => valueOf(number));

/** Stored values as operations leave them one after the other. */
class Kept {
  readonly rows = new Map<number, Buffer>();
  values: StoredValues;
  #last = 0;

  constructor(count: number) {
    const attributes = [{ description: DESCRIPTION, values: valuesTo(count) }];
    const rows = new DirectoryRows(recordOf(attributes));
    rows.next();
    this.values = StoredValues.inRecord(recordOf(attributes), rows.start);
    this.put([{ position: 0, length: count }]);
  }

  /** Gives the numbers of the pieces that are new. */
  put(parts: readonly RopePart[]): readonly number[] {
    const { known, fresh } = cutRope(new ValueRope(this.values, parts), this);
    for (const [number, bytes] of fresh) this.rows.set(number, bytes);
    this.take(known);
    return [...fresh.keys()];
  }

  take(known: KnownValues): void {
    this.values = new StoredValues(known, this);
  }

  allotPiece(): number {
    this.#last += 1;
    return this.#last;
  }

  lendPiece(number: number): Buffer {
    return this.rows.get(number) as Buffer;
  }

  add(value: Buffer): readonly number[] {
    return this.put([{ position: 0, length: this.values.count }, { value }]);
  }

  remove(position: number): readonly number[] {
    const length = this.values.count - position - 1;
    return this.put([
      { position: 0, length: position },
      { position: position + 1, length },
    ]);
  }
}

const recordOf = (attributes: Parameters<typeof encodeRecord>[0]["attributes"]): Buffer =>
  encodeRecord({ flags: 0, parentId: 1 as EntryId, uniqueId: UNIQUE_ID, rdn: "cn=v", attributes });

const texts = (values: readonly Buffer[]): string[] => values.map((value) => value.toString());

suite("entry/cut-rope", () => {
  test("entry/cut-rope: values lie apart from 64 KiB on, and until half of that has gone", () => {
    const kept = new Kept(1000);
    const wholeRope = (values: StoredValues, length: number): ValueRope =>
      new ValueRope(values, [{ position: 0, length }]);
    assert.isTrue(liesApart(wholeRope(kept.values, 1000)));
    assert.isTrue(liesApart(wholeRope(kept.values, 330)));
    assert.isFalse(liesApart(wholeRope(kept.values, 310)));
    const rows = new DirectoryRows(
      recordOf([{ description: DESCRIPTION, values: valuesTo(1000) }]),
    );
    rows.next();
    const record = recordOf([{ description: DESCRIPTION, values: valuesTo(1000) }]);
    const inRecord = StoredValues.inRecord(record, rows.start);
    assert.isTrue(liesApart(wholeRope(inRecord, 650)));
    assert.isFalse(liesApart(wholeRope(inRecord, 600)));
  });

  test("entry/cut-rope: a value that comes writes the last piece anew, or begins one", () => {
    const kept = new Kept(1000);
    const before = kept.values.pieces;
    const known = new Set(before.map(({ number }) => number));
    assert.lengthOf(kept.add(valueOf(1000)), 1);
    const stayed = kept.values.pieces.filter(({ number }) => known.has(number));
    assert.deepEqual(stayed, before.slice(0, -1));
    for (let number = 1001; number < 1500; number += 1) {
      assert.lengthOf(kept.add(valueOf(number)), 1);
    }
    assert.deepEqual(texts(kept.values.list()), texts(valuesTo(1500)));
    assert.isAtMost(kept.values.pieces.length, 1 + Math.ceil((1500 * 102) / 15_900));
  });

  test("entry/cut-rope: a value that goes writes its piece anew; what is left of pieces goes together", () => {
    const kept = new Kept(1000);
    const countBefore = kept.values.pieces.length;
    assert.lengthOf(kept.remove(500), 1);
    assert.lengthOf(kept.values.pieces, countBefore);
    const left = valuesTo(1000);
    left.splice(500, 1);
    // Nine of ten go, wherever they are.
    for (let position = left.length - 1; position >= 0; position -= 1) {
      if (position % 10 === 0) continue;
      left.splice(position, 1);
      assert.isAtMost(kept.remove(position).length, 1);
    }
    assert.deepEqual(texts(kept.values.list()), texts(left));
    assert.isAtMost(kept.values.pieces.length, 2);
  });

  test("entry/cut-rope: what is known of pieces is what a look at their values gives", () => {
    const kept = new Kept(1000);
    const { type } = DESCRIPTION;
    assert.equal(kept.values.locate(type, valueOf(700)), 700);
    kept.remove(700);
    kept.add(valueOf(1000));
    assert.isUndefined(kept.values.locate(type, valueOf(700)));
    assert.equal(kept.values.locate(type, valueOf(1000)), 999);
    assert.equal(kept.values.locate(type, Buffer.from(valueOf(3).toString().toUpperCase())), 3);
    const fresh = new StoredValues({ pieces: kept.values.pieces, seen: undefined }, kept);
    for (let number = 0; number < 1010; number += 1) {
      assert.equal(kept.values.locate(type, valueOf(number)), fresh.locate(type, valueOf(number)));
    }
  });

  test("entry/cut-rope: a value longer than a piece is one by itself", () => {
    const kept = new Kept(700);
    const long = Buffer.alloc(40_000, "x");
    const length = 350;
    kept.put([{ position: 0, length }, { value: long }, { position: length, length }]);
    assert.isTrue(kept.values.value(350).equals(long));
    assert.equal(kept.values.count, 701);
    assert.isTrue(kept.values.pieces.some(({ byteLength }) => byteLength > 40_000));
  });

  test("entry/stored-attribute: of a type that has become single-valued all values that lie apart are looked at", () => {
    const kept = new Kept(1000);
    const description = { ...DESCRIPTION, type: { ...DESCRIPTION.type, singleValue: true } };
    for (const [one, isLarge] of [
      [DESCRIPTION, true],
      [description, false],
    ] as const) {
      const row = { start: 0, end: 100 };
      const attribute = new StoredAttribute(one, Buffer.alloc(100), row, kept.values);
      assert.equal(attribute.large !== undefined, isLarge);
      assert.isUndefined(attribute.range);
      assert.equal(attribute.count, 1000);
      assert.lengthOf(attribute.values, 1000);
    }
  });

  test("entry/joined-record: a record is joined to what it is with all values in it", () => {
    const kept = new Kept(1000);
    const small = { description: describe("cn"), values: [Buffer.from("v"), Buffer.from("w")] };
    const large = { description: DESCRIPTION, values: valuesTo(1000) };
    for (const attributes of [[large], [small, large], [large, small]]) {
      const whole = recordOf(attributes);
      const apart = encodeRecord(
        { flags: 0, parentId: 1 as EntryId, uniqueId: UNIQUE_ID, rdn: "cn=v", attributes },
        new Map([[DESCRIPTION.id, kept.values.pieces]]),
      );
      assert.isTrue(hasApart(apart));
      assert.isFalse(hasApart(whole));
      assert.isBelow(apart.length, 500);
      const joined = joinRecord(apart, kept);
      assert.isTrue(joined.equals(whole));
      for (const rows = new DirectoryRows(apart); rows.next(); ) {
        if (!rows.isApart) continue;
        assert.deepEqual(
          readPieces(apart, rows).map(({ number, knownCount }) => [number, knownCount]),
          kept.values.pieces.map(({ number, knownCount }) => [number, knownCount]),
        );
      }
    }
  });
});
