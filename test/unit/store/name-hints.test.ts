import { assert } from "chai";
import { type EntryId, encodeRecord } from "../../../src/entry/index.ts";
import type { UniqueId } from "../../../src/replication/change/index.ts";
import { NameHints, isNamed, nameHash } from "../../../src/store/name-hints.ts";

const id = (number: number): EntryId => number as EntryId;

const record = (parentId: number, rdn: string): Buffer =>
  encodeRecord({
    flags: 0,
    parentId: id(parentId),
    uniqueId: "00000001-00000002-00000003-00000004" as UniqueId,
    rdn,
    attributes: [],
  });

suite("store/name-hints", () => {
  test("store/name-hints: the last ID that was kept for a hash is found", () => {
    const hints = new NameHints();
    assert.equal(hints.find(7), 0);
    hints.keep(7, id(1));
    hints.keep(7, id(2));
    assert.equal(hints.find(7), 2);
  });

  test("store/name-hints: of more names than a set holds the last one is found, and as many as it holds", () => {
    const hints = new NameHints();
    const hashes = Array.from({ length: 20 }, (_, number) => 5 + number * 2 ** 20);
    for (const [number, hash] of hashes.entries()) {
      hints.keep(hash, id(number + 1));
      assert.equal(hints.find(hash), number + 1);
    }
    const found = hashes.filter((hash) => hints.find(hash) !== 0);
    assert.lengthOf(found, 8);
    for (const hash of found) assert.equal(hints.find(hash), 1 + hashes.indexOf(hash));
  });

  test("store/name-hints: the hash depends on the parent and on the first RDN alone", () => {
    const hash = nameHash(id(3), "uid=ann,dc=x", 7);
    assert.equal(nameHash(id(3), "uid=ann,dc=another", 7), hash);
    assert.notEqual(nameHash(id(4), "uid=ann,dc=x", 7), hash);
    assert.notEqual(nameHash(id(3), "uid=bob,dc=x", 7), hash);
  });

  const cases: readonly [what: string, stored: Buffer, isSame: boolean][] = [
    ["the same", record(3, "uid=ann"), true],
    ["of another parent", record(4, "uid=ann"), false],
    ["a longer one", record(3, "uid=anna"), false],
    ["a shorter one", record(3, "uid=an"), false],
    ["another one of that length", record(3, "uid=bob"), false],
    ["spelled another way", record(3, "UID=Ann"), false],
  ];
  for (const [what, stored, isSame] of cases) {
    test(`store/name-hints: a name is proved by parent and bytes: ${what}`, () => {
      assert.equal(isNamed(stored, id(3), "uid=ann,dc=x", 7), isSame);
    });
  }

  test("store/name-hints: a name beyond ASCII is never proved", () => {
    const stored = record(3, "cn=\u00e4");
    assert.isFalse(isNamed(stored, id(3), "cn=\u00e4,dc=x", 4));
    assert.isFalse(isNamed(stored, id(3), "cn=\u00c3\u00a4,dc=x", 5));
  });
});
