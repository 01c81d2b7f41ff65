// All tables behave alike: memory, lmdb, a write set over each and a write set over a write set are driven with the same
// random commands and compared with a plain sorted list after each.

import { assert } from "chai";
import fc from "fast-check";
import { join } from "node:path";
import type { BytesTable, IdTable, Kv, RangeOptions, Table } from "../../src/kv/index.ts";
import { copyBytes, openMemory, WriteSet } from "../../src/kv/index.ts";
import { openLmdb } from "../../src/kv/lmdb.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";

type Command<K> =
  | { readonly type: "put"; readonly key: K; readonly value: Uint8Array }
  | { readonly type: "get" | "delete"; readonly key: K }
  | { readonly type: "range"; readonly options: RangeOptions<K> }
  | { readonly type: "clear" | "count" };

const id = fc.oneof(fc.nat(20), fc.constantFrom(0, 255, 256, 65_536, 0x7fff_ffff, 0xffff_ffff));
const bytes = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 2, max: 3 }),
  fc.constantFrom(Buffer.alloc(1978, 1), Buffer.of(255), Buffer.of(255, 255), Buffer.of(0)),
);
const value = fc.oneof(
  { weight: 20, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  { weight: 1, arbitrary: fc.constantFrom(Buffer.alloc(9000, 7)) },
);

function commands<K>(key: fc.Arbitrary<K>): fc.Arbitrary<Command<K>[]> {
  const maybe = fc.option(key, { nil: undefined });
  const range = fc.record({
    from: maybe,
    to: maybe,
    reverse: fc.boolean(),
    limit: fc.option(fc.nat(5), { nil: undefined }),
  });
  return fc.array(
    fc.oneof(
      { weight: 8, arbitrary: fc.record({ type: fc.constant("put" as const), key, value }) },
      { weight: 3, arbitrary: fc.record({ type: fc.constant("delete" as const), key }) },
      { weight: 3, arbitrary: fc.record({ type: fc.constant("get" as const), key }) },
      {
        weight: 4,
        arbitrary: fc.record({ type: fc.constant("range" as const), options: range }),
      },
      { weight: 1, arbitrary: fc.constant({ type: "count" as const }) },
      { weight: 1, arbitrary: fc.constant({ type: "clear" as const }) },
    ),
    { maxLength: 40 },
  );
}

class Model<K extends number | Uint8Array> {
  rows: { readonly key: K; readonly value: Buffer }[] = [];

  apply(command: Command<K>): unknown {
    switch (command.type) {
      case "put":
        this.#remove(command.key);
        this.rows.push({ key: command.key, value: Buffer.from(command.value) });
        this.rows.sort((a, b) => compare(a.key, b.key));
        return undefined;
      case "delete":
        return this.#remove(command.key);
      case "get":
        return this.rows.find((row) => compare(row.key, command.key) === 0)?.value.toString("hex");
      case "range":
        return this.#range(command.options).map(show);
      case "count":
        return this.rows.length;
      case "clear":
        this.rows = [];
        return undefined;
    }
  }

  #remove(key: K): boolean {
    const before = this.rows.length;
    this.rows = this.rows.filter((row) => compare(row.key, key) !== 0);
    return this.rows.length < before;
  }

  #range({ from, to, reverse = false, limit }: RangeOptions<K>) {
    const rows = this.rows.filter(
      ({ key }) =>
        (from === undefined || compare(key, from) >= 0) &&
        (to === undefined || compare(key, to) < 0),
    );
    if (reverse) rows.reverse();
    return rows.slice(0, limit);
  }
}

function compare(a: number | Uint8Array, b: number | Uint8Array): number {
  return typeof a === "number" ? a - (b as number) : Buffer.compare(a, b as Uint8Array);
}

function show({ key, value }: { readonly key: unknown; readonly value: Buffer }): string {
  const text =
    typeof key === "number" ? String(key) : Buffer.from(key as Uint8Array).toString("hex");
  return `${text}=${value.toString("hex")}`;
}

function apply<K>(table: Table<K>, command: Command<K>): unknown {
  switch (command.type) {
    case "put": {
      const reused = Buffer.from(command.value);
      table.put(command.key, reused);
      reused.fill(0xee);
      return undefined;
    }
    case "delete":
      return table.delete(command.key);
    case "get": {
      const found = table.get(command.key);
      const hex = found === undefined ? undefined : copyBytes(found).toString("hex");
      assert.equal(table.has(command.key), hex !== undefined);
      if (table.keyKind === "bytes") {
        const key = command.key as Uint8Array;
        const scratch = Buffer.concat([Buffer.of(9), key, Buffer.of(9)]);
        const again = (table as unknown as BytesTable).getAt(scratch, 1, 1 + key.length);
        assert.equal(again && copyBytes(again).toString("hex"), hex);
      }
      return hex;
    }
    case "range": {
      const keys = [...table.keys(command.options)];
      const rows = [...table.range(command.options)];
      const lent: string[] = [];
      table.visit(command.options, (key, value) => {
        lent.push(show({ key, value: copyBytes(value) }));
        return true;
      });
      assert.deepEqual(lent, rows.map(show));
      let first: string | undefined;
      table.visit(command.options, (key, value) => {
        assert.isUndefined(first, "false ends the walk");
        first = show({ key, value: copyBytes(value) });
        return false;
      });
      assert.equal(first, lent[0]);
      assert.deepEqual(
        rows.map((row) => row.key),
        keys,
      );
      return rows.map(show);
    }
    case "count":
      return table.count();
    case "clear":
      table.clear();
      return undefined;
  }
}

/** What is written in the first transaction stays below, the rest happens at `depth` write sets above it. */
function play<K extends number | Uint8Array>(
  kv: Kv,
  table: Table<K> & (IdTable | BytesTable),
  depth: number,
  series: Command<K>[][],
): void {
  const model = new Model<K>();
  kv.transactSync(() => table.clear());
  for (const [index, part] of series.entries()) {
    kv.transactSync(() => {
      const writeSets: WriteSet[] = [];
      let top: Table<K> = table;
      for (let i = 0; i < depth && index > 0; i += 1) {
        writeSets.push(writeSets.at(-1)?.child() ?? new WriteSet());
        top = writeSets.at(-1)!.table(table as BytesTable) as unknown as Table<K>;
      }
      for (const command of part) assert.deepEqual(apply(top, command), model.apply(command));
      for (const writeSet of writeSets.reverse()) writeSet.apply();
    });
    kv.renew();
    assert.deepEqual([...table.range()].map(show), model.rows.map(show));
    assert.equal(table.count(), model.rows.length);
  }
}

suite("property/kv", () => {
  const kvs: [string, () => Kv][] = [
    ["memory", () => openMemory()],
    ["lmdb", () => openLmdb(join(makeTemporaryFolder(), "db"), { mapBytes: 2 ** 30 })],
  ];
  for (const [name, open] of kvs) {
    for (const depth of [0, 1, 2]) {
      test(`kv/${name}: tables under ${depth} write sets equal a sorted list`, async () => {
        const kv = open();
        const ids = kv.idTable("ids");
        const texts = kv.bytesTable("texts");
        const options = { numRuns: name === "lmdb" ? 60 : 200 };
        fc.assert(
          fc.property(fc.array(commands<number>(id), { maxLength: 3 }), (series) =>
            play(kv, ids, depth, series),
          ),
          options,
        );
        fc.assert(
          fc.property(fc.array(commands<Uint8Array>(bytes), { maxLength: 3 }), (series) =>
            play(kv, texts, depth, series),
          ),
          options,
        );
        await kv.close();
      });
    }
  }
});
