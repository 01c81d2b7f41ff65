// The conflict scenarios that were recorded on 389 (test/data/urp, ORIGIN.md), played on a Concord server and a 389 server, with
// either of them as the first supplier: those in which 389's own suppliers agree end as recorded, on both.
import { assert } from "chai";
import { ConflictPlayer, type Played } from "../support/conflict-player.ts";
import { differencesOf, readScenarios } from "../support/conflict-scenarios.ts";
import { connectSuppliers, enableReplica } from "../support/replication-setup.ts";
import { Nodes, SUFFIX } from "./peer.ts";

const TIMEOUT_MS = 600_000;
const scenarios = readScenarios().filter((scenario) => !scenario.reference_diverges);

for (const isConcordFirst of [true, false]) {
  const title = isConcordFirst ? "Concord and 389" : "389 and Concord";
  suite(`interop/conflict-scenarios: ${title}`, function () {
    this.timeout(TIMEOUT_MS);
    const nodes = new Nodes();
    const played = new Map<string, Played>();

    suiteSetup(async () => {
      const first = isConcordFirst
        ? await nodes.addConcord({ suffix: SUFFIX, suffixEntry: true })
        : await nodes.addNsSlapd({ suffix: SUFFIX, suffixEntry: true });
      const second = isConcordFirst
        ? await nodes.addNsSlapd({ suffix: SUFFIX })
        : await nodes.addConcord({ suffix: SUFFIX });
      await enableReplica(first, "supplier", { replicaId: 1 });
      await enableReplica(second, "supplier", { replicaId: 2 });
      const [forth, back] = await connectSuppliers(first, second);
      const agreements = [
        { from: 1, to: 2, name: forth },
        { from: 2, to: 1, name: back },
      ];
      const player = new ConflictPlayer([first, second], agreements, SUFFIX);
      for (const each of await player.play(scenarios)) played.set(each.scenario.id, each);
    });
    suiteTeardown(() => nodes.removeAll());

    for (const { id, title: what } of scenarios) {
      test(`interop/conflict-scenarios: ${title}: ${id}: ${what}`, () => {
        const { scenario, observed, problems } = played.get(id) as Played;
        const wanted = scenario.expected?.entries ?? [];
        assert.deepEqual(problems, []);
        for (const { entries } of observed) assert.deepEqual(differencesOf(wanted, entries), []);
      });
    }
  });
}
