/** Random histories against the results of the executable model of the conflict rules (test/data/urp, ORIGIN.md).
 * Rule under test: structure, registers and shown entries are a function of the set of operations, whatever the order of
 * arrival (conflict-resolution 13.2 to 13.5).
 * Method: each history is delivered in the order of each of its servers and in a shuffled one, with repetitions; after every step
 * the structure must be that of a full replay, at the end nodes, names, entries and tombstones must be those of the model. */
import { assert } from "chai";
import type { Change, UniqueId } from "../../../../src/replication/change/index.ts";
import {
  type StructureNode,
  StructureReplay,
  deriveForm,
  fullReplay,
  structuralOperation,
} from "../../../../src/replication/urp/index.ts";
import {
  type ExpectedState,
  type History,
  readHistories,
  shuffled,
} from "../../../support/conflict-histories.ts";
import { ConflictReplica, conflictRules, normalDn } from "../../../support/conflict-replica.ts";

const plainNode = (node: StructureNode): unknown => [
  node.life,
  node.parent,
  normalDn(node.rdn),
  node.naming,
  node.how,
  node.conflict,
  node.death ?? null,
  node.effects.map(({ csn, kind, type, value }) => [
    csn,
    kind,
    type.toLowerCase(),
    value.toString(),
  ]),
];

function nodesOf(nodes: ReadonlyMap<UniqueId, StructureNode>): Record<string, unknown> {
  return Object.fromEntries(
    [...nodes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, node]) => [id, plainNode(node)]),
  );
}

function expectedNodes({ nodes }: ExpectedState): Record<string, unknown> {
  return Object.fromEntries(
    nodes.map(([uid, life, parent, rdn, ...rest]) => [uid, [life, parent, normalDn(rdn), ...rest]]),
  );
}

/** Slots that have a holder or last holder, as "parent rdn" → unique ID. */
function slotTexts(
  slots: Iterable<readonly [string, { holder: unknown; last: unknown }]>,
  which: "holder" | "last",
): Record<string, unknown> {
  const out: [string, unknown][] = [];
  for (const [key, slot] of slots) {
    if (slot[which] !== undefined) out.push([key.replace("/", " "), slot[which]]);
  }
  return Object.fromEntries(out.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const sorted = (map: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Differences of spelling that have no meaning: order of assertions, as in marks. */
function tidyMark(value: string): string {
  const at = value.indexOf(") ");
  return at < 0 ? value : value.slice(0, at + 2) + normalDn(value.slice(at + 2));
}

function compareEntries(replica: ConflictReplica, expected: ExpectedState, label: string): void {
  const seen = replica.entries().map(({ dn, uniqueId, attributes }) => {
    const plain = Object.fromEntries([...attributes].filter(([type]) => type !== "conflictcsn"));
    const marks = plain["nsds5replconflict"];
    if (marks !== undefined) plain["nsds5replconflict"] = marks.map(tidyMark).sort();
    return [normalDn(dn), uniqueId, sortKeys(plain), attributes.get("conflictcsn")?.[0] ?? null];
  });
  const want = [...expected.entries]
    .sort((a, b) => (a[1] < b[1] ? -1 : 1))
    .map(([dn, uid, attributes, csn]) => {
      const marks = attributes["nsds5replconflict"];
      const tidy = marks === undefined ? {} : { nsds5replconflict: marks.map(tidyMark).sort() };
      // The RDN of glue that nothing is known of is its unique ID; that attribute is the store's.
      const { nsuniqueid: _, ...rest } = attributes;
      return [normalDn(dn), uid, sortKeys({ ...rest, ...tidy }), csn];
    });
  assert.deepEqual(seen, want, label);
  assert.deepEqual(
    sorted(Object.fromEntries(replica.tombstones()) as Record<string, string>),
    sorted(expected.tombstones),
    label,
  );
}

const sortKeys = (map: Record<string, readonly string[]>): Record<string, readonly string[]> =>
  Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));

/** Nothing that is derived may be out of date. */
function checkDerived(replica: ConflictReplica, label: string): void {
  for (const [uniqueId] of replica.store.allNodes()) {
    const fresh = deriveForm(replica.store, replica.rules, uniqueId);
    assert.deepEqual(replica.forms.get(uniqueId), fresh, `${label}: form of ${uniqueId}`);
  }
  const counts = new Map<string, { shown: number; tombstones: number; placeholders: number }>();
  for (const [uniqueId, node] of replica.store.allNodes()) {
    const count = counts.get(node.parent) ?? { shown: 0, tombstones: 0, placeholders: 0 };
    counts.set(node.parent, count);
    const kind = replica.forms.get(uniqueId)?.kind;
    if (kind === undefined) count.placeholders += 1;
    else if (kind === "tombstone") count.tombstones += 1;
    else count.shown += 1;
  }
  assert.deepEqual(
    new Map([...replica.store.counts].sort()),
    new Map([...counts].sort()) as never,
    label,
  );
}

function deliver(
  history: History,
  order: readonly number[],
  label: string,
  everyStep: boolean,
): void {
  const rules = conflictRules({ keepRenamed: history.keepRenamed });
  const replica = new ConflictReplica(rules);
  const known: Change[] = [];
  const arrived = new Set<number>();
  for (const index of order) {
    const change = history.changes[index] as Change;
    // As after a restart: what is kept in memory is only an aid.
    if (everyStep && index % 3 === 0) replica.replay = new StructureReplay();
    replica.apply(change);
    if (arrived.has(index)) continue;
    arrived.add(index);
    known.push(change);
    if (!everyStep && known.length < history.changes.length) continue;
    const operations = known.map(structuralOperation).filter((each) => each !== undefined);
    const oracle = fullReplay(operations, rules);
    assert.deepEqual(nodesOf(replica.store.allNodes()), nodesOf(oracle.nodes), label);
    assert.deepEqual(
      slotTexts(replica.store.slots, "holder"),
      slotTexts(oracle.slots, "holder"),
      label,
    );
    assert.deepEqual(
      slotTexts(replica.store.slots, "last"),
      slotTexts(oracle.slots, "last"),
      label,
    );
    checkDerived(replica, label);
  }
  const { expected } = history;
  assert.deepEqual(nodesOf(replica.store.allNodes()), expectedNodes(expected), label);
  assert.deepEqual(slotTexts(replica.store.slots, "holder"), sorted(expected.holders), label);
  assert.deepEqual(slotTexts(replica.store.slots, "last"), sorted(expected.last), label);
  compareEntries(replica, expected, label);
}

suite("replication/urp: histories", () => {
  const histories = readHistories("histories");
  const purges = readHistories("purges");

  test("urp/replay: every server of a history ends as the model", () => {
    for (const history of histories) {
      history.orders.forEach((order, server) => {
        deliver(history, order, `history ${history.seed}, server ${server}`, server === 0);
      });
    }
  }).timeout(60_000);

  test("urp/replay: the order of arrival does not matter", () => {
    for (const history of [...histories, ...purges]) {
      const order = shuffled([...history.changes.keys()], history.seed);
      deliver(history, order, `history ${history.seed}, shuffled`, true);
    }
  }).timeout(60_000);
});
