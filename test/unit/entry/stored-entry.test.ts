// What is asked of a stored entry without objects for its attributes.
import { assert } from "chai";
import { Descriptions, type EntryId, StoredEntry, encodeRecord } from "../../../src/entry/index.ts";
import type { UniqueId } from "../../../src/replication/change/index.ts";
import { loadShippedSchema } from "../schema/shipped-schema.ts";

const descriptions = new Descriptions(loadShippedSchema(), () => []);
const STORED = ["dc", "description;lang-de", "modifyTimestamp"];
const entry = new StoredEntry(
  1 as EntryId,
  encodeRecord({
    flags: 0,
    parentId: 0 as EntryId,
    uniqueId: "00000001-00000000-00000000-00000000" as UniqueId,
    rdn: "dc=x",
    attributes: STORED.map((text) => ({
      description: descriptions.intern(text),
      values: [Buffer.from("x")],
    })),
  }),
  {
    descriptions,
    dnOf: () => assert.fail("the suffix has no parent"),
    childCount: () => 0,
    tombstoneChildCount: () => 0,
    lendPiece: () => assert.fail("nothing lies apart"),
  },
);

suite("entry/stored-entry", () => {
  test("entry/stored-entry: the descriptions asked about are those of its attributes, stored and computed", () => {
    const asked: string[] = [];
    const isThere = entry.hasDescription(({ text }) => {
      asked.push(text);
      return false;
    });
    assert.isFalse(isThere);
    assert.deepEqual(
      asked,
      Array.from(entry.attributes(), ({ description }) => description.text),
    );
    assert.includeMembers(asked, [...STORED, "entryid"]);
    for (const text of asked) {
      const description = descriptions.intern(text);
      assert.isTrue(entry.hasDescription((one) => one === description));
    }
  });
});
