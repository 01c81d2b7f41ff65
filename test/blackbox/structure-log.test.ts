// An initialization between real servers carries the structure log: an operation that is older than what the supplier had, and comes to
// the initialized server by another way, finds its place there as on every server.
import { assert } from "chai";
import { TOTAL_STATES_OID, TOTAL_STRUCTURE_OID } from "../../src/protocol/index.ts";
import { ConcordServer } from "../support/concord-server.ts";
import {
  type Node,
  createAgreement,
  enableReplica,
  initialize,
  openNode,
  readRuv,
  setAgreement,
  waitForConvergence,
} from "../support/replication-setup.ts";
import { waitFor } from "../support/wait-for.ts";

const SUFFIX = "dc=example,dc=com";
const TIMEOUT_MS = 300_000;
const WAIT_MS = 60_000;
const TIME_DIGITS = 8;

suite("blackbox/structure log", function () {
  this.timeout(TIMEOUT_MS);
  const nodes: Node[] = [];

  setup(async () => {
    for (const replicaId of [1, 2, 3]) {
      const suffixEntry = replicaId === 1;
      const node = await openNode(await ConcordServer.create({ suffix: SUFFIX, suffixEntry }));
      nodes.push(node);
      await enableReplica(node, "supplier", { replicaId });
    }
  });
  teardown(async () => {
    for (const node of nodes.splice(0)) {
      node.client.close();
      await node.server.remove();
    }
  });

  const turn = (from: Node, name: string, to: "on" | "off"): Promise<void> =>
    setAgreement(from, name, { nsds5ReplicaEnabled: to });

  /** The clocks of all servers have passed the newest change of one. */
  async function passTime(node: Node, replicaId: number): Promise<void> {
    const { max } = (await readRuv(node)).elements.get(replicaId) ?? {};
    const seconds = Number.parseInt(max?.slice(0, TIME_DIGITS) ?? "", 16);
    await waitFor(
      () => Promise.resolve(Date.now() / 1000 > seconds + 1 || undefined),
      "time passes",
      WAIT_MS,
    );
  }

  test("blackbox/structure log: a delete that comes late makes a rename void that an initialization brought", async () => {
    const [a, b, c] = nodes as [Node, Node, Node];
    const person = { objectClass: ["top", "person"], cn: "ann", sn: "lee" };
    await a.client.add(`cn=ann,${SUFFIX}`, person);
    const toB = await createAgreement(a, b);
    const fromB = await createAgreement(b, a, { nsds5ReplicaEnabled: "off" });
    await initialize(a, toB);
    await waitForConvergence([a, b]);
    await turn(a, toB, "off");
    await b.client.delete(`cn=ann,${SUFFIX}`);
    await passTime(b, 2);
    await a.client.rename(`cn=ann,${SUFFIX}`, "cn=eve", { deleteOldRdn: true });
    await initialize(a, await createAgreement(a, c));
    const eve = await c.client.find(`cn=eve,${SUFFIX}`);
    assert.deepEqual(eve?.texts("cn"), ["eve"]);
    await createAgreement(b, c);
    await turn(b, fromB, "on");
    await turn(a, toB, "on");
    await waitForConvergence([a, b, c]);
    for (const node of [a, b, c]) {
      assert.isUndefined(await node.client.find(`cn=eve,${SUFFIX}`));
      assert.isUndefined(await node.client.find(`cn=ann,${SUFFIX}`));
    }
  });

  test("blackbox/structure log: the root DSE says that it is taken", async () => {
    const [a] = nodes as [Node];
    const root = await a.client.find("", ["supportedExtension"]);
    assert.includeMembers(
      [...(root?.texts("supportedExtension") ?? [])],
      [TOTAL_STATES_OID, TOTAL_STRUCTURE_OID],
    );
  });
});
