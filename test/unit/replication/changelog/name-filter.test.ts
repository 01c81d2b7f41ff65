import { assert } from "chai";
import fc from "fast-check";
import { MemoryKv } from "../../../../src/kv/index.ts";
import type { Mod } from "../../../../src/protocol/index.ts";
import type { Change, UniqueId } from "../../../../src/replication/change/index.ts";
import { baseName, decodeHead, encodeRecord } from "../../../../src/replication/changelog/index.ts";
import { NameFilter } from "../../../../src/replication/changelog/name-filter.ts";
import { makeCsn } from "../../../../src/replication/csn/index.ts";

const base = {
  csn: makeCsn(1, 0, 1),
  uniqueId: "00000000-00000000-00000000-00000001" as UniqueId,
  dn: "cn=a,dc=x",
};
const modify = (types: readonly string[]): Change => ({
  ...base,
  type: "modify",
  mods: types.map((type): Mod => ({ operation: "replace", type, values: [Buffer.from("x")] })),
});

/** As it is lent by a table. */
function covers(filter: NameFilter, change: Change): boolean {
  const kv = new MemoryKv();
  const table = kv.bytesTable("t");
  kv.transactSync(() => table.put(Buffer.of(1), encodeRecord(change, 5)));
  const lent = table.get(Buffer.of(1));
  assert.ok(lent !== undefined);
  return filter.coversRecord(lent);
}

suite("changelog/name-filter", () => {
  test("changelog/name-filter: the bytes of a record tell what its decoded head tells", () => {
    const types = ["mail", "Mail;lang-de", "sn", "cn", "modifiersName", "modifyTimestamp", "Å"];
    fc.assert(
      fc.property(
        fc.array(fc.array(fc.constantFrom(...types), { maxLength: 5 }), { maxLength: 20 }),
        fc.subarray(types),
        (changes, known) => {
          const names = new Set(known.map(baseName));
          const filter = new NameFilter(names);
          for (const change of changes.map(modify)) {
            const { touched } = decodeHead(encodeRecord(change, 5));
            const expected = touched?.every((name) => names.has(name)) ?? false;
            assert.equal(covers(filter, change), expected);
          }
        },
      ),
    );
  });

  test("changelog/name-filter: what is no modify, or has no list, is not covered", () => {
    const many = Array.from({ length: 40 }, (_, i) => `x-${i}`);
    const filter = new NameFilter(new Set(many));
    assert.isTrue(covers(filter, modify(many.slice(0, 32))));
    assert.isFalse(covers(filter, modify(many)));
    assert.isFalse(covers(filter, { ...base, type: "delete" }));
  });
});
