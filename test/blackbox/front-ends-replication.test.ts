// A server with front-end processes in replication: its readers follow what arrives and what replaces its content, and its suppliers
// go on when a process with their connection dies.
import { assert } from "chai";
import { ConcordServer } from "../support/concord-server.ts";
import {
  ANYONE_READS,
  FRONT_ENDS,
  PEOPLE,
  PEOPLE_COUNT,
  SUFFIX,
  WAIT_MS,
  isAlive,
  person,
  processEvents,
  readyPids,
} from "../support/front-ends.ts";
import { LdapClient } from "../support/ldap.ts";
import {
  connectSuppliers,
  enableReplica,
  initialize,
  openNode,
  waitForConvergence,
} from "../support/replication-setup.ts";
import { waitFor } from "../support/wait-for.ts";

suite("blackbox/front-ends-replication", function () {
  this.timeout(240_000);

  test("blackbox/front-ends-replication: a server with front ends supplies and is supplied", async () => {
    const nodes = [];
    for (const frontEnds of [FRONT_ENDS, 0]) {
      const suffixEntry = nodes.length === 0;
      const made = await ConcordServer.create({ suffix: SUFFIX, suffixEntry, frontEnds });
      nodes.push(await openNode(made));
    }
    const [first, second] = nodes;
    assert(first !== undefined && second !== undefined);
    await enableReplica(first, "supplier", { replicaId: 1 });
    await enableReplica(second, "supplier", { replicaId: 2 });
    await first.client.replace(SUFFIX, "aci", ANYONE_READS);
    await first.client.add(PEOPLE, { objectClass: ["organizationalUnit"], ou: "people" });
    const [there, back] = await connectSuppliers(first, second);
    await waitForConvergence(nodes);
    const reader = await LdapClient.connect({ port: first.server.port });
    for (let i = 0; i < PEOPLE_COUNT; i += 1) {
      await (i % 2 === 0 ? first : second).client.add(`uid=u${i},${PEOPLE}`, person(`u${i}`));
    }
    await waitForConvergence(nodes);
    assert.equal((await reader.search(PEOPLE)).entries.length, 1 + PEOPLE_COUNT);
    // The content is replaced below the reader.
    await second.client.rename(PEOPLE, "ou=persons", { deleteOldRdn: true });
    await initialize(second, back);
    await initialize(first, there);
    await waitForConvergence(nodes);
    const { entries } = await reader.search(`ou=persons,${SUFFIX}`);
    assert.equal(entries.length, 1 + PEOPLE_COUNT);
    assert.isTrue(entries.every(({ dn }) => dn.endsWith(`ou=persons,${SUFFIX}`)));
    reader.close();
    // Sessions of the supplier end with the process that has its connection, and begin anew.
    for (let round = 0; round < 3; round += 1) {
      const added = Array.from({ length: PEOPLE_COUNT }, (_, i) =>
        second.client.add(`uid=r${round}-${i},ou=persons,${SUFFIX}`, person(`r${round}-${i}`)),
      );
      const alive = await waitFor(
        () => {
          const pids = readyPids(first.server).filter(isAlive);
          return pids.length === FRONT_ENDS && pids;
        },
        "all processes are ready",
        WAIT_MS,
      );
      for (const pid of alive) process.kill(pid, "SIGKILL");
      await Promise.all(added);
      await waitFor(
        () =>
          processEvents(first.server, "frontend.process.ended").length === (round + 1) * FRONT_ENDS,
        "their end is known",
        WAIT_MS,
      );
      nodes[0]?.client.close();
      nodes[0] = await waitFor(() => openNode(first.server), "it is served again", WAIT_MS);
      await waitForConvergence(nodes);
    }
    assert.equal(processEvents(first.server, "frontend.process.ended").length, 3 * FRONT_ENDS);
    nodes[0]?.client.close();
    await first.server.remove();
    second.client.close();
    await second.server.remove();
  });
});
