// What is kept of an answer: for a selection, under the rules above an entry. The rules here are a table of what each
// description gets, so that the questions can be counted.
import { assert } from "chai";
import {
  type AttributeDescription,
  Descriptions,
  type EntryId,
  type EntrySurroundings,
  StoredEntry,
  encodeRecord,
} from "../../../src/entry/index.ts";
import { type Access, FULL_ACCESS, Selection } from "../../../src/operation/index.ts";
import { Showing } from "../../../src/operation/shown-attributes.ts";
import type { UniqueId } from "../../../src/replication/change/index.ts";
import { loadShippedSchema } from "../schema/shipped-schema.ts";

const schema = loadShippedSchema();
const descriptions = new Descriptions(schema, () => []);
const RULES = { rules: [] };
const OTHER_RULES = { rules: [] };
const UNIQUE_ID = "00000001-00000000-00000000-00000000" as UniqueId;
const surroundings: EntrySurroundings = {
  descriptions,
  dnOf: () => assert.fail("the suffix has no parent"),
  childCount: () => 0,
  tombstoneChildCount: () => 0,
  lendPiece: () => assert.fail("nothing lies apart"),
};
const entry = new StoredEntry(
  1 as EntryId,
  encodeRecord({
    flags: 0,
    parentId: 0 as EntryId,
    uniqueId: UNIQUE_ID,
    rdn: "dc=x",
    attributes: [{ description: descriptions.intern("dc"), values: [Buffer.from("x")] }],
  }),
  surroundings,
);

/** Rules that decide as `table` says (undefined: by the entry, which then gets `byEntry`); what is asked is noted. */
function accessOf(table: Record<string, boolean | undefined>, byEntry = true) {
  const asked: string[] = [];
  const access: Access = {
    ...FULL_ACCESS,
    decisionUnder: (_rules, _right, { text }) => {
      asked.push(text);
      return table[text];
    },
    mayAttribute: (_entry, _right, type) => {
      asked.push(`${type.name} of the entry`);
      return byEntry;
    },
  };
  return { access, asked };
}

suite("operation/shown-attributes", () => {
  const cn = descriptions.intern("cn");
  const names = ["cn", "sn", "mail", "createTimestamp"].map((text) => descriptions.intern(text));
  const showings = (selection: Selection, access: Access): Showing[] =>
    names.map((one) => selection.shownUnder(RULES).of(one, entry, access));

  test("operation/shown-attributes: what is not wanted is hidden, what is spelled otherwise is told", () => {
    const all = showings(Selection.parse([], schema), FULL_ACCESS);
    assert.deepEqual(all, [Showing.asStored, Showing.asStored, Showing.asStored, Showing.hidden]);
    const some = showings(Selection.parse(["cn", "SN"], schema), FULL_ACCESS);
    assert.deepEqual(some, [Showing.asStored, Showing.respelled, Showing.hidden, Showing.hidden]);
  });

  test("operation/shown-attributes: rules are asked once for all entries below them", () => {
    const { access, asked } = accessOf({ cn: true, sn: false, mail: true });
    const selection = Selection.parse(["*", "Mail"], schema);
    for (let round = 0; round < 3; round += 1) {
      const expected = [Showing.asStored, Showing.hidden, Showing.respelled, Showing.hidden];
      assert.deepEqual(showings(selection, access), expected);
    }
    assert.deepEqual(asked, ["cn", "sn", "mail"]);
  });

  test("operation/shown-attributes: a rule about entries is asked for each of them", () => {
    const selection = Selection.parse(["cn", "Sn", "*"], schema);
    const allowing = accessOf({ mail: false });
    const shown = [Showing.asStored, Showing.respelled, Showing.hidden, Showing.hidden];
    assert.deepEqual(showings(selection, allowing.access), shown);
    const refusing = accessOf({ mail: false }, false);
    assert.deepEqual(
      showings(selection, refusing.access),
      names.map(() => Showing.hidden),
    );
    assert.deepEqual(refusing.asked, ["cn of the entry", "sn of the entry"]);
  });

  test("operation/shown-attributes: other rules, other answers", () => {
    const selection = Selection.parse(["1.1", "cn"], schema);
    const of = (rules: typeof RULES, allowed: boolean): Showing =>
      selection.shownUnder(rules).of(cn, entry, accessOf({ cn: allowed }).access);
    const mine = { rules: [] };
    assert.equal(of(mine, true), Showing.asStored);
    assert.equal(of(OTHER_RULES, false), Showing.hidden);
    assert.equal(of(mine, false), Showing.asStored, "rules are what they are");
  });

  test("operation/shown-attributes: two descriptions of one number are two", () => {
    const selection = Selection.parse(["cn"], schema);
    const foreign: AttributeDescription = { ...descriptions.intern("sn"), id: cn.id };
    const shown = selection.shownUnder({ rules: [] });
    assert.equal(shown.of(cn, entry, FULL_ACCESS), Showing.asStored);
    assert.equal(shown.of(foreign, entry, FULL_ACCESS), Showing.hidden);
    assert.equal(shown.of(cn, entry, FULL_ACCESS), Showing.asStored);
  });
});
