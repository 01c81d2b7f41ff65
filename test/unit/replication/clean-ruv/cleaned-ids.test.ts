// What is remembered of cleaned replica IDs, and the markers of tasks.
import { assert } from "chai";
import {
  type CleanedId,
  checkFilter,
  cleanedKey,
  encodeCleanedId,
  findLeftOver,
  formatAbortMarker,
  formatCleanMarker,
  isDropped,
  isGivenUp,
  mayLearn,
  parseAbortMarker,
  parseCheckFilter,
  parseCleanMarker,
  readCleanedIds,
  withoutCleaned,
} from "../../../../src/replication/clean-ruv/index.ts";
import { type ReplicaId, makeCsn } from "../../../../src/replication/csn/index.ts";
import { type Ruv, parseRuv } from "../../../../src/replication/ruv/index.ts";

const SUFFIX = "dc=example,dc=com";
const ID = 3 as ReplicaId;
const OWN = 1 as ReplicaId;
const csn = (seconds: number, id = 3): ReturnType<typeof makeCsn> => makeCsn(seconds, 0, id);

function ruvOf(...elements: readonly string[]): Ruv {
  const ruv = parseRuv(["{replicageneration} 00000001000000010000", ...elements]);
  assert.isDefined(ruv);
  return ruv as Ruv;
}
const element = (id: number, min: number, max: number): string =>
  `{replica ${id} ldap://s${id}:389} ${csn(min, id)} ${csn(max, id)}`;
const idsOf = (ruv: Ruv): readonly number[] => ruv.elements.map(({ replicaId }) => replicaId);

const CLEANED: CleanedId = {
  replicaId: ID,
  maxCsn: csn(7),
  floorCsn: csn(9),
  isCleaning: false,
  element: undefined,
};
const CLEANING: CleanedId = { ...CLEANED, isCleaning: true };
const mapOf = (id: CleanedId): ReadonlyMap<ReplicaId, CleanedId> => new Map([[id.replicaId, id]]);

suite("replication/clean ruv: cleaned IDs", () => {
  test("replication/cleaned-ids: changes up to the floor are dropped, later ones are those of a new holder", () => {
    const cleaned = mapOf(CLEANED);
    assert.isTrue(isDropped(cleaned, csn(7)));
    assert.isTrue(isDropped(cleaned, csn(9)));
    assert.isFalse(isDropped(cleaned, csn(10)));
    assert.isFalse(isDropped(cleaned, csn(5, 2)));
  });

  test("replication/cleaned-ids: while it is being cleaned every change of the ID is dropped", () => {
    assert.isTrue(isDropped(mapOf(CLEANING), csn(10)));
  });

  test("replication/cleaned-ids: a RUV from elsewhere loses the dead element, but not that of a new holder or our own", () => {
    const cleaned = mapOf(CLEANED);
    const dead = ruvOf(element(1, 1, 8), element(3, 2, 7));
    assert.deepEqual(idsOf(withoutCleaned(dead, cleaned, OWN)), [1]);
    const empty = ruvOf(element(1, 1, 8), "{replica 3 ldap://s3:389}");
    assert.deepEqual(idsOf(withoutCleaned(empty, cleaned, OWN)), [1]);
    const reborn = ruvOf(element(1, 1, 8), element(3, 11, 12));
    assert.strictEqual(withoutCleaned(reborn, cleaned, OWN), reborn);
    assert.strictEqual(withoutCleaned(dead, cleaned, ID), dead);
    assert.deepEqual(idsOf(withoutCleaned(reborn, mapOf(CLEANING), OWN)), [1]);
  });

  test("replication/cleaned-ids: the server that was given up is known by changes from before", () => {
    const own = (text: string): Ruv["elements"][number] => {
      const found = ruvOf(text).elements[0];
      assert.isDefined(found);
      return found as Ruv["elements"][number];
    };
    const cleaned = mapOf(CLEANED);
    assert.isTrue(isGivenUp(cleaned, own(element(3, 2, 20))));
    assert.isFalse(isGivenUp(cleaned, own(element(3, 11, 20))));
    assert.isFalse(isGivenUp(cleaned, own("{replica 3 ldap://s3:389}")));
    assert.isFalse(isGivenUp(cleaned, own(element(2, 1, 20))));
    assert.isTrue(isGivenUp(mapOf(CLEANING), own(element(3, 11, 20))));
    assert.isFalse(mayLearn(cleaned, own("{replica 3 ldap://s3:389}")));
    assert.isTrue(mayLearn(cleaned, own(element(3, 11, 20))));
    assert.isTrue(mayLearn(cleaned, own("{replica 2 ldap://s2:389}")));
  });

  test("replication/cleaned-ids: a consumer with the dead element is to be cleaned, or lacks changes", () => {
    const leftOver = (max: number): { toClean: number; behind: number } => {
      const { toClean, behind } = findLeftOver(mapOf(CLEANED), ruvOf(element(3, 1, max)));
      return { toClean: toClean.length, behind: behind.length };
    };
    assert.deepEqual(leftOver(6), { toClean: 0, behind: 1 });
    assert.deepEqual(leftOver(7), { toClean: 1, behind: 0 });
    assert.deepEqual(leftOver(9), { toClean: 1, behind: 0 });
    assert.deepEqual(leftOver(10), { toClean: 0, behind: 0 });
    const cleaning = findLeftOver(mapOf(CLEANING), ruvOf(element(3, 1, 7)));
    assert.deepEqual(cleaning, { toClean: [], behind: [] });
  });

  test("replication/cleaned-ids: the stored form comes back", () => {
    const [kept] = ruvOf(element(3, 2, 7)).elements;
    for (const id of [CLEANED, { ...CLEANING, element: kept }]) {
      const rows = [
        { key: cleanedKey(SUFFIX, ID), value: encodeCleanedId(id) },
        { key: cleanedKey("dc=com", OWN), value: encodeCleanedId(CLEANING) },
      ];
      assert.deepEqual([...readCleanedIds(rows, SUFFIX)], [[ID, id]]);
    }
  });
});

suite("replication/clean ruv: markers", () => {
  const marker = { replicaId: ID, force: false, isOriginal: true };

  test("replication/clean-marker: the values are those of 389 2.3.1", () => {
    assert.strictEqual(formatCleanMarker(marker, SUFFIX), `3:no:1:${SUFFIX}`);
    assert.deepEqual(parseCleanMarker(`3:no:1:${SUFFIX}`), { ...marker, suffix: SUFFIX });
    const abort = { replicaId: ID, certify: true, isOriginal: true };
    assert.strictEqual(formatAbortMarker(abort, SUFFIX), `3:${SUFFIX}:yes:1`);
    assert.deepEqual(parseAbortMarker(`3:${SUFFIX}:yes:1`), abort);
    assert.isUndefined(parseCleanMarker("3:maybe:1:dc=x"));
    assert.isUndefined(parseAbortMarker("x"));
  });

  test("replication/clean-marker: a question about a task names the marker that its server has", () => {
    assert.strictEqual(checkFilter(marker, SUFFIX), `(nsds5ReplicaCleanRUV=3:no:0:${SUFFIX})`);
    // As 389 2.3.1 sends it, with a CSN that its values do not have.
    const sent = "(nsds5ReplicaCleanRUV=77:6b020c020002004d0000:no:1:dc=example,dc=com)";
    const asked = parseCheckFilter(sent);
    assert.strictEqual(asked?.replicaId, 77);
    assert.strictEqual(asked?.suffix, SUFFIX);
    assert.isUndefined(parseCheckFilter("(objectClass=*)"));
  });
});
