// The conflict scenarios that were recorded on 389 (test/data/urp, ORIGIN.md), played on two Concord servers over LDAP: both end
// equal, tombstones included, and as 389's suppliers where these agree, or as the rules ask where they do not.
import { assert } from "chai";
import { ConcordServer } from "../support/concord-server.ts";
import { ConflictPlayer, type Played, type StageAgreement } from "../support/conflict-player.ts";
import { differencesOf, readScenarios } from "../support/conflict-scenarios.ts";
import {
  type Node,
  connectSuppliers,
  enableReplica,
  openNode,
} from "../support/replication-setup.ts";

const SUFFIX = "dc=example,dc=com";
const TIMEOUT_MS = 180_000;

suite("conflict-scenarios", function () {
  this.timeout(TIMEOUT_MS);
  const nodes: Node[] = [];
  const played = new Map<string, Played>();

  suiteSetup(async () => {
    for (const replicaId of [1, 2]) {
      const server = await ConcordServer.create({ suffix: SUFFIX, suffixEntry: replicaId === 1 });
      const node = await openNode(server);
      nodes.push(node);
      await enableReplica(node, "supplier", { replicaId });
    }
    const [first, second] = nodes as [Node, Node];
    const [forth, back] = await connectSuppliers(first, second);
    const agreements: StageAgreement[] = [
      { from: 1, to: 2, name: forth },
      { from: 2, to: 1, name: back },
    ];
    const player = new ConflictPlayer(nodes, agreements, SUFFIX);
    for (const each of await player.play(readScenarios())) played.set(each.scenario.id, each);
  });
  suiteTeardown(async () => {
    for (const { client, server } of nodes) {
      client.close();
      await server.remove();
    }
  });

  for (const { id, title } of readScenarios()) {
    test(`conflict-scenarios/${id}: ${title}`, () => {
      const { scenario, observed, problems } = played.get(id) as Played;
      const [one, other] = observed as [Played["observed"][0], Played["observed"][0]];
      assert.deepEqual(problems, []);
      assert.deepEqual(differencesOf(one.entries, other.entries), [], "the servers");
      assert.deepEqual(differencesOf(one.tombstones, other.tombstones), [], "their tombstones");
      const wanted = scenario.target ?? scenario.expected;
      assert.isDefined(wanted);
      assert.deepEqual(differencesOf(wanted?.entries ?? [], one.entries), []);
      if (wanted?.tombstones !== undefined)
        assert.deepEqual(differencesOf(wanted.tombstones, one.tombstones), [], "tombstones");
    });
  }
});
