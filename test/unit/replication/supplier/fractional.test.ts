import { assert } from "chai";
import fc from "fast-check";
import type { Mod } from "../../../../src/protocol/index.ts";
import type { ModifyChange, UniqueId } from "../../../../src/replication/change/index.ts";
import { baseName } from "../../../../src/replication/changelog/index.ts";
import { makeCsn } from "../../../../src/replication/csn/index.ts";
import {
  type Fractional,
  changeFilter,
  filterChange,
  isFractional,
  isSentInTotal,
  makeFractional,
} from "../../../../src/replication/supplier/index.ts";

const lists = (excluded: string[], stripped: string[] = [], excludedTotal = excluded): Fractional =>
  makeFractional({ excluded, excludedTotal, stripped });

function modify(...types: string[]): ModifyChange {
  const mods: Mod[] = types.map((type) => ({
    operation: "replace",
    type,
    values: [Buffer.from("x")],
  }));
  return {
    type: "modify",
    csn: makeCsn(1, 0, 1),
    uniqueId: "00000000-00000000-00000000-00000001" as UniqueId,
    dn: "cn=a,dc=x",
    mods,
  };
}

const sent = (fractional: Fractional, change: ModifyChange): string[] | undefined => {
  const filtered = filterChange(fractional, change);
  return filtered?.type === "modify" ? filtered.mods.map((mod) => mod.type) : undefined;
};

suite("supplier/fractional", () => {
  const fractional = lists(["mail", "telephoneNumber"], ["modifiersname", "modifytimestamp"]);

  const cases: [name: string, types: string[], sent: string[] | undefined][] = [
    ["other attributes go through whole", ["sn", "modifiersname"], ["sn", "modifiersname"]],
    [
      "an excluded attribute goes, the strip list stays with the rest",
      ["mail", "sn", "modifiersname"],
      ["sn", "modifiersname"],
    ],
    ["options do not save an attribute", ["MAIL;lang-de", "sn"], ["sn"]],
    [
      "a change of excluded attributes alone is skipped",
      ["mail", "modifiersname", "modifytimestamp"],
      undefined,
    ],
    ["a change of stripped attributes alone is skipped", ["modifiersname"], undefined],
  ];
  for (const [name, types, expected] of cases) {
    test(`supplier/fractional: ${name}`, () => {
      assert.deepEqual(sent(fractional, modify(...types)), expected);
    });
  }

  test("supplier/fractional: without a strip list the last-modified mods are sent alone", () => {
    const plain = lists(["mail"]);
    assert.deepEqual(sent(plain, modify("mail", "modifiersname")), ["modifiersname"]);
  });

  test("supplier/fractional: the strip list and the total list need a list", () => {
    const none = lists([], ["sn"], ["mail"]);
    assert.isFalse(isFractional(none));
    assert.isTrue(isSentInTotal(none, "mail"));
    assert.deepEqual(sent(none, modify("sn")), ["sn"]);
  });

  test("supplier/fractional: a total initialization uses its own list if there is one", () => {
    const both = lists(["mail"], [], ["description", "memberOf"]);
    const types = ["mail", "description;x", "memberof", "sn"];
    assert.deepEqual(
      types.filter((type) => isSentInTotal(both, type)),
      ["mail", "sn"],
    );
    assert.deepEqual(
      types.filter((type) => isSentInTotal(fractional, type)),
      ["description;x", "memberof", "sn"],
    );
  });

  test("supplier/fractional: a reader keeps back at once what is skipped anyway, and nothing else", () => {
    const names = ["mail", "telephonenumber", "sn", "modifiersName", "modifyTimestamp", "sn;x"];
    const filter = changeFilter(fractional);
    assert.ok(filter !== undefined);
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...names), { maxLength: 6 }), (types) => {
        const change = modify(...types);
        const isCovered = types.every((type) => filter.skipped.has(baseName(type)));
        assert.equal(isCovered, filterChange(fractional, change) === undefined);
        assert.deepEqual(filter.apply(change), filterChange(fractional, change));
      }),
    );
    assert.isUndefined(changeFilter(lists([])));
  });
});
