// What a fractional agreement still has to send of one replica ID.
import { assert } from "chai";
import { MemoryKv } from "../../../../src/kv/index.ts";
import { hasSendable } from "../../../../src/replication/agreement/index.ts";
import type { Change, UniqueId } from "../../../../src/replication/change/index.ts";
import {
  type ChangelogTables,
  appendChange,
  writeLogFloor,
} from "../../../../src/replication/changelog/index.ts";
import {
  CSN_ZERO,
  type Csn,
  type ReplicaId,
  makeCsn,
} from "../../../../src/replication/csn/index.ts";
import { NOT_FRACTIONAL, makeFractional } from "../../../../src/replication/supplier/index.ts";

const WITHOUT_TITLES = makeFractional({
  excluded: ["title"],
  excludedTotal: [],
  stripped: ["modifytimestamp"],
});

/** `seconds/replica type`: a modification of `type`. */
function logOf(...changes: readonly string[]): ChangelogTables & { readonly kv: MemoryKv } {
  const kv = new MemoryKv();
  const tables = {
    changelog: kv.bytesTable("changelog"),
    window: kv.bytesTable("window"),
    meta: kv.bytesTable("meta"),
  };
  kv.transactSync(() => {
    for (const text of changes) {
      const [name = "", type = ""] = text.split(" ");
      const change: Change = {
        type: "modify",
        csn: csnOf(name),
        uniqueId: "00000000-00000000-00000000-00000001" as UniqueId,
        dn: "cn=a",
        mods: [{ operation: "replace", type, values: [Buffer.from("x")] }],
      };
      appendChange(tables, change, 1);
    }
  });
  return { ...tables, kv };
}

function csnOf(name: string): Csn {
  const [seconds, replica] = name.split("/").map(Number);
  return makeCsn(seconds ?? 0, 0, replica ?? 0);
}

suite("replication/agreement: what is still to be sent of an ID", () => {
  const log = logOf("1/3 sn", "2/3 title", "3/1 sn", "4/3 title", "5/3 sn");
  const cases: readonly (readonly [after: string, upTo: string, expected: boolean])[] = [
    ["zero", "1/3", true],
    ["1/3", "4/3", false],
    ["1/3", "5/3", true],
    ["4/3", "5/3", true],
    ["5/3", "5/3", false],
  ];
  for (const [after, upTo, expected] of cases) {
    test(`replication/max-csn: above ${after}, up to ${upTo}: ${expected}`, () => {
      const range = {
        after: after === "zero" ? CSN_ZERO : csnOf(after),
        upTo: csnOf(upTo),
        hasAll: false,
      };
      assert.strictEqual(hasSendable(log, WITHOUT_TITLES, range), expected);
    });
  }

  test("replication/max-csn: an agreement that sends everything is not looked at", () => {
    const range = { after: csnOf("1/3"), upTo: csnOf("4/3"), hasAll: false };
    assert.isTrue(hasSendable(log, NOT_FRACTIONAL, range));
  });

  test("replication/max-csn: of what the changelog has no more a session has to tell", () => {
    const trimmed = logOf("4/3 title");
    const floor = new Map([[3 as ReplicaId, csnOf("3/3")]]);
    trimmed.kv.transactSync(() => writeLogFloor(trimmed.meta, floor));
    const isLeft = (after: string, hasAll: boolean): boolean =>
      hasSendable(trimmed, WITHOUT_TITLES, { after: csnOf(after), upTo: csnOf("4/3"), hasAll });
    assert.isTrue(isLeft("2/3", false));
    assert.isFalse(isLeft("2/3", true));
    assert.isFalse(isLeft("3/3", false));
  });
});
