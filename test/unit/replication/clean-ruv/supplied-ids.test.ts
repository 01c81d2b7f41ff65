// What a total initialization says of cleaned replica IDs: what of the rows is sent, what is refused, and what a consumer makes of it.
import { assert } from "chai";
import type { TotalCleaned } from "../../../../src/protocol/index.ts";
import {
  type CleanedId,
  type CleanedIds,
  type SuppliedId,
  readSupplied,
  takeSupplied,
  toSupplied,
} from "../../../../src/replication/clean-ruv/index.ts";
import { CSN_ZERO, type ReplicaId, makeCsn } from "../../../../src/replication/csn/index.ts";
import {
  type Ruv,
  formatRuv,
  parseRuv,
  parseRuvElement,
} from "../../../../src/replication/ruv/index.ts";

const ID = 3 as ReplicaId;
const OWN = 1 as ReplicaId;
const csn = (seconds: number, id = 3): ReturnType<typeof makeCsn> => makeCsn(seconds, 0, id);
const text = (id: number, min: number, max: number): string =>
  `{replica ${id} ldap://s${id}:389} ${csn(min, id)} ${csn(max, id)}`;
const GENERATION = "{replicageneration} 00000001000000010000";
const OWN_TEXT = text(OWN, 1, 8);

function ruvOf(...elements: readonly string[]): Ruv {
  const ruv = parseRuv([GENERATION, OWN_TEXT, ...elements]);
  assert.isDefined(ruv);
  return ruv as Ruv;
}
/** Without generation and own element. */
const shown = (ruv: Ruv): readonly string[] => formatRuv(ruv).slice(2);

const CLEANED: CleanedId = {
  replicaId: ID,
  maxCsn: csn(7),
  floorCsn: csn(9),
  isCleaning: false,
  element: undefined,
};
const ELEMENT = parseRuvElement(text(ID, 2, 7));
const CLEANING: CleanedId = { ...CLEANED, isCleaning: true, element: ELEMENT };
const FINISHED: SuppliedId = {
  replicaId: ID,
  maxCsn: csn(7),
  floorCsn: csn(9),
  element: undefined,
};
const UNDER_WAY: SuppliedId = { ...FINISHED, element: ELEMENT };
const mapOf = (...ids: readonly CleanedId[]): CleanedIds =>
  new Map(ids.map((id) => [id.replicaId, id]));
const SENT: TotalCleaned = {
  replicaId: 3,
  maxCsn: csn(7),
  floorCsn: csn(9),
  element: undefined,
};
const sent = (change: Partial<TotalCleaned>): TotalCleaned[] => [{ ...SENT, ...change }];

suite("replication/clean ruv: supplied IDs", () => {
  test("replication/supplied-ids: rows travel as they are, those of a cleaning under way with their element", () => {
    const other = { ...CLEANING, replicaId: 4 as ReplicaId, maxCsn: CSN_ZERO, floorCsn: csn(5, 4) };
    const element = parseRuvElement(text(4, 2, 7));
    const rows = toSupplied(mapOf(CLEANED, { ...other, element }));
    assert.deepEqual(readSupplied(rows), [
      FINISHED,
      { replicaId: 4 as ReplicaId, maxCsn: CSN_ZERO, floorCsn: csn(5, 4), element },
    ]);
  });

  test("replication/supplied-ids: an ID that is being cleaned and showed no change is not spoken of", () => {
    const bare = parseRuvElement("{replica 3 ldap://s3:389}");
    for (const element of [undefined, bare]) {
      assert.isEmpty(toSupplied(mapOf({ ...CLEANING, element })));
    }
  });

  test("replication/supplied-ids: a row of CSNs that a consumer would refuse is not sent", () => {
    assert.isEmpty(toSupplied(mapOf({ ...CLEANED, maxCsn: csn(7, 4), floorCsn: csn(9, 4) })));
  });

  const REFUSED: readonly (readonly [string, Partial<TotalCleaned>])[] = [
    ["a replica ID of zero", { replicaId: 0 }],
    ["the replica ID of consumers", { replicaId: 65_535 }],
    ["a negative replica ID", { replicaId: -3 }],
    ["a maximum that is no CSN", { maxCsn: "" }],
    ["a maximum of another ID", { maxCsn: csn(7, 4) }],
    ["a floor of another ID", { floorCsn: csn(9, 4) }],
    ["a floor below the maximum", { floorCsn: csn(6) }],
    ["a floor of zeros below the maximum", { floorCsn: CSN_ZERO }],
    ["an element that cannot be read", { element: "3" }],
    ["an element of another ID", { element: text(4, 2, 7) }],
    ["an element without changes", { element: "{replica 3 ldap://s3:389}" }],
    ["an element with CSNs of another ID", { element: `{replica 3} ${csn(2, 4)} ${csn(7, 4)}` }],
  ];
  for (const [what, change] of REFUSED) {
    test(`replication/supplied-ids: ${what} is refused, with all that came beside it`, () => {
      assert.isUndefined(readSupplied([SENT, ...sent(change)]));
    });
  }

  test("replication/supplied-ids: zeros may stand for both CSNs", () => {
    const [id] = readSupplied(sent({ maxCsn: CSN_ZERO, floorCsn: CSN_ZERO })) ?? [];
    assert.strictEqual(id?.floorCsn, CSN_ZERO);
  });

  test("replication/supplied-ids: a finished cleaning becomes a row", () => {
    const { cleaned, ruv } = takeSupplied(mapOf(), { ruv: ruvOf(), cleaned: [FINISHED] }, OWN);
    assert.deepEqual(cleaned, mapOf(CLEANED));
    assert.isEmpty(shown(ruv));
  });

  test("replication/supplied-ids: a row that is there is joined by the later of both CSNs, wherever they stand", () => {
    const before = mapOf({ ...CLEANED, maxCsn: csn(5), floorCsn: csn(12) });
    const { cleaned } = takeSupplied(before, { ruv: ruvOf(), cleaned: [FINISHED] }, OWN);
    assert.deepEqual(cleaned, mapOf({ ...CLEANED, floorCsn: csn(12) }));
    const above = takeSupplied(
      mapOf({ ...CLEANED, maxCsn: csn(8) }),
      { ruv: ruvOf(), cleaned: [{ ...FINISHED, floorCsn: csn(15) }] },
      OWN,
    );
    assert.deepEqual(above.cleaned, mapOf({ ...CLEANED, maxCsn: csn(8), floorCsn: csn(15) }));
  });

  test("replication/supplied-ids: an ID that we clean ourselves stays as it is, whatever the supplier says", () => {
    const ruv = ruvOf();
    for (const id of [FINISHED, UNDER_WAY]) {
      const taken = takeSupplied(mapOf(CLEANING), { ruv, cleaned: [id] }, OWN);
      assert.deepEqual(taken.cleaned, mapOf(CLEANING));
      assert.isEmpty(shown(taken.ruv));
    }
  });

  test("replication/supplied-ids: our own ID is never taken", () => {
    const ruv = ruvOf();
    const cleaned = [FINISHED, UNDER_WAY].map((id) => ({ ...id, replicaId: OWN }));
    const taken = takeSupplied(mapOf(), { ruv, cleaned }, OWN);
    assert.deepEqual(taken, { cleaned: mapOf(), ruv });
  });

  test("replication/supplied-ids: while the supplier cleans we show the changes, and wait to be told", () => {
    for (const before of [[], ["{replica 3 ldap://s3:389}"]]) {
      const taken = takeSupplied(mapOf(), { ruv: ruvOf(...before), cleaned: [UNDER_WAY] }, OWN);
      assert.deepEqual(taken.cleaned, mapOf());
      assert.deepEqual(shown(taken.ruv), [text(ID, 2, 7)]);
    }
  });

  test("replication/supplied-ids: what a supplier that cleans had is dead where the ID was cleaned, or has less than that", () => {
    const content = { ruv: ruvOf(), cleaned: [UNDER_WAY] };
    const clean = takeSupplied(mapOf(CLEANED), content, OWN);
    assert.deepEqual(clean.cleaned, mapOf(CLEANED));
    assert.isEmpty(shown(clean.ruv));
    const ahead = takeSupplied(mapOf({ ...CLEANED, maxCsn: csn(8) }), content, OWN);
    assert.deepEqual(ahead.cleaned, mapOf());
    assert.deepEqual(shown(ahead.ruv), [text(ID, 2, 7)]);
  });

  test("replication/supplied-ids: Start has shown what was cleaned afterwards: the content is one from before", () => {
    const ruv = ruvOf(text(ID, 2, 6));
    for (const id of [FINISHED, UNDER_WAY]) {
      const taken = takeSupplied(mapOf(), { ruv, cleaned: [id] }, OWN);
      assert.deepEqual(taken, { cleaned: mapOf(), ruv });
    }
  });

  test("replication/supplied-ids: of a new holder Start shows later changes, and the row of the old one is taken", () => {
    const ruv = ruvOf(text(ID, 10, 12));
    const taken = takeSupplied(mapOf(), { ruv, cleaned: [FINISHED] }, OWN);
    assert.deepEqual(taken, { cleaned: mapOf(CLEANED), ruv });
  });

  test("replication/supplied-ids: an element without changes goes with the row", () => {
    const ruv = ruvOf("{replica 3 ldap://s3:389}");
    const taken = takeSupplied(mapOf(), { ruv, cleaned: [FINISHED] }, OWN);
    assert.deepEqual(taken.cleaned, mapOf(CLEANED));
    assert.isEmpty(shown(taken.ruv));
  });

  test("replication/supplied-ids: a supplier that lacks changes of a cleaned ID makes it forgotten; one that does not speak of it does not", () => {
    const of = (...elements: readonly string[]): CleanedIds =>
      takeSupplied(mapOf(CLEANED), { ruv: ruvOf(...elements), cleaned: [] }, OWN).cleaned;
    assert.deepEqual(of(text(ID, 2, 7)), mapOf(CLEANED));
    assert.deepEqual(of(), mapOf(CLEANED));
    assert.deepEqual(of(text(ID, 2, 6)), mapOf());
  });
});
