// The role of a replica changes while the server runs, by the requests that `dsconf replication promote` and `demote` send: what
// clients are answered, what is in the update vector, whether changes flow, and that a changelog with a gap is never served from.
import { assert } from "chai";
import { mustRun } from "../support/child.ts";
import { ROOT_DN, ROOT_PASSWORD } from "../support/directory-server.ts";
import { LdapFailure, resultCodeOf } from "../support/ldap.ts";
import {
  connectSuppliers,
  createAgreement,
  enableReplica,
  initialize,
  readRuv,
  replicaDn,
  waitForConvergence,
} from "../support/replication-setup.ts";
import type { Node } from "../support/replication-setup.ts";
import { waitFor } from "../support/wait-for.ts";
import { Nodes, SUFFIX } from "./peer.ts";

const TIMEOUT_MS = 300_000;
const CLEAN_TIMEOUT_MS = 60_000;
const WAIT_MS = 60_000;
const REFERRAL = 10;

suite("interop/replica-roles", function () {
  this.timeout(TIMEOUT_MS);
  const nodes = new Nodes();
  let supplier: Node;
  let node: Node;

  suiteSetup(async () => {
    supplier = await nodes.addConcord({ suffix: SUFFIX, suffixEntry: true });
    node = await nodes.addConcord({ suffix: SUFFIX });
    await enableReplica(supplier, "supplier", { replicaId: 1 });
    await enableReplica(node, "consumer");
    await initialize(supplier, await createAgreement(supplier, node));
  });
  suiteTeardown(() => nodes.removeAll());

  const dsconf = (...args: string[]): Promise<unknown> =>
    mustRun("dsconf", [
      "-D",
      ROOT_DN,
      "-w",
      ROOT_PASSWORD,
      `ldap://127.0.0.1:${node.server.port}`,
      "replication",
      ...args,
      "--suffix",
      SUFFIX,
    ]);

  const add = (at: Node, name: string): Promise<unknown> =>
    at.client.add(`cn=${name},${SUFFIX}`, { objectClass: "device", cn: name });

  async function arrives(at: Node, name: string): Promise<void> {
    await waitFor(
      async () => (await at.client.find(`cn=${name},${SUFFIX}`)) !== undefined,
      `${name} arrives at ${at.server.name}`,
      WAIT_MS,
    );
  }

  const changes = async (): Promise<number> =>
    Number(
      (await node.client.find(replicaDn(SUFFIX), ["nsds5ReplicaChangeCount"]))?.text(
        "nsds5ReplicaChangeCount",
      ),
    );

  /** The URLs that a writer is sent to. */
  async function referrals(): Promise<readonly string[]> {
    try {
      await add(node, "refused");
    } catch (error) {
      if (error instanceof LdapFailure && error.result.code === REFERRAL)
        return error.result.referrals;
      throw error;
    }
    return assert.fail("a consumer took a write");
  }

  test("interop/replica-roles: a consumer refers writers, to where it is told", async () => {
    const path = encodeURIComponent(SUFFIX);
    const [learned] = await referrals();
    assert.match(learned ?? "", new RegExp(`:${supplier.server.port}/${path}$`));
    const set = (values: string[]): Promise<unknown> =>
      node.client.modify(replicaDn(SUFFIX), [
        { op: "replace", type: "nsDS5ReplicaReferral", values },
      ]);
    await set(["ldap://elsewhere.example:389"]);
    assert.deepEqual(await referrals(), [`ldap://elsewhere.example:389/${path}`]);
    await set([]);
    assert.deepEqual(await referrals(), learned === undefined ? [] : [learned]);
  });

  // Each role goes on from the one before.
  test("interop/replica-roles: from consumer to hub, supplier, consumer and supplier", async () => {
    // A hub logs what it receives from its promotion on.
    await add(supplier, "before hub");
    await arrives(node, "before hub");
    assert.equal(await changes(), 0);
    await dsconf("promote", "--newrole", "hub");
    await add(supplier, "to hub");
    await arrives(node, "to hub");
    assert.equal(await changes(), 1);
    assert.equal(await resultCodeOf(add(node, "refused")), REFERRAL);

    // A supplier takes writes and sends them.
    await dsconf("promote", "--newrole", "supplier", "--replica-id", "2");
    const [first] = (await readRuv(node)).elements.keys();
    assert.equal(first, 2, "its own element is the first");
    await add(node, "written here");
    await createAgreement(node, supplier);
    await arrives(supplier, "written here");

    // A consumer has no changelog, and dsconf has its ID cleaned everywhere.
    await dsconf("demote", "--newrole", "consumer");
    assert.equal(await changes(), 0);
    assert.equal(await resultCodeOf(add(node, "refused")), REFERRAL);
    for (const one of [node, supplier]) {
      await waitFor(
        async () => !(await readRuv(one)).elements.has(2),
        `${one.server.name} has cleaned the ID`,
        CLEAN_TIMEOUT_MS,
      );
    }
    await add(supplier, "not logged");
    await arrives(node, "not logged");
    assert.equal(await changes(), 0);

    // Under another ID it supplies again, from where it was promoted.
    await dsconf("promote", "--newrole", "supplier", "--replica-id", "3");
    assert.equal(await changes(), 0);
    await add(node, "third");
    await arrives(supplier, "third");
    await add(supplier, "back");
    await waitForConvergence([supplier, node]);
    const restarted = node;
    await restarted.server.stop();
    await restarted.server.start();
    node = await nodes.reopen(restarted);
    await add(node, "after the restart");
    await arrives(supplier, "after the restart");
  });

  test("interop/replica-roles: an element goes with its ID, unless it has changes", async () => {
    const fresh = await nodes.addConcord({ suffix: SUFFIX, suffixEntry: true });
    const demote = (): Promise<unknown> =>
      fresh.client.modify(replicaDn(SUFFIX), [
        { op: "replace", type: "nsDS5ReplicaType", values: "2" },
        { op: "replace", type: "nsDS5Flags", values: "0" },
        { op: "replace", type: "nsDS5ReplicaId", values: "65535" },
      ]);
    await enableReplica(fresh, "supplier", { replicaId: 9 });
    assert.isTrue((await readRuv(fresh)).elements.has(9));
    await demote();
    assert.isFalse((await readRuv(fresh)).elements.has(9));
    await fresh.client.modify(replicaDn(SUFFIX), [
      { op: "replace", type: "nsDS5ReplicaType", values: "3" },
      { op: "replace", type: "nsDS5Flags", values: "1" },
      { op: "replace", type: "nsDS5ReplicaId", values: "10" },
    ]);
    await add(fresh, "of the tenth");
    await demote();
    assert.isDefined((await readRuv(fresh)).elements.get(10)?.max);
  });

  test("interop/replica-roles: a write outside replication ends the generation of the data", async () => {
    const pair = [
      await nodes.addConcord({ suffix: SUFFIX, suffixEntry: true }),
      await nodes.addConcord({ suffix: SUFFIX }),
    ] as const;
    const [one, two] = pair;
    await enableReplica(one, "supplier", { replicaId: 11 });
    await enableReplica(two, "supplier", { replicaId: 12 });
    await connectSuppliers(one, two);
    await waitForConvergence(pair);
    const { generation } = await readRuv(one);
    const leave = async (): Promise<void> => {
      for (const { dn } of (
        await one.client.search(replicaDn(SUFFIX), {
          filter: "(objectClass=nsds5replicationagreement)",
        })
      ).entries)
        await one.client.delete(dn);
      await one.client.delete(replicaDn(SUFFIX));
    };
    await leave();
    await enableReplica(one, "supplier", { replicaId: 11 });
    assert.equal((await readRuv(one)).generation, generation, "nothing has changed meanwhile");
    await leave();
    await add(one, "unseen");
    await enableReplica(one, "supplier", { replicaId: 11 });
    assert.notEqual((await readRuv(one)).generation, generation);
  });
});
