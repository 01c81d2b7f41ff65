// A server is killed again and again while clients change a group whose members lie apart from its record. After each kill the store is
// verified, and each member is there or not as the last answered change of it says.
import { assert } from "chai";
import { ConcordServer } from "../support/concord-server.ts";
import { type LdapClient, LdapFailure } from "../support/ldap.ts";
import { enableReplica, openNode } from "../support/replication-setup.ts";
import type { SeededRandom } from "../support/seeded-random.ts";
import { pause } from "../support/wait-for.ts";
import { CRASH_TIMEOUT_MS, KILL_COUNT, SUFFIX, assertVerified, suiteRandom } from "./kill-cycle.ts";

const GROUP = `cn=everybody,${SUFFIX}`;
const CONNECTIONS = 6;
/** In the group at first; as many are outside. */
const MEMBERS_OF_CLIENT = 350;
const MEMBERS = CONNECTIONS * MEMBERS_OF_CLIENT;
const RUN_MS_MAX = 1500;

const memberDn = (number: number): string => `uid=user ${number},ou=people,${SUFFIX}`;

/** What clients know of the members: what was answered, and what was asked for and perhaps not done. */
class Members {
  readonly present = new Map<number, boolean>();
  readonly doubtful = new Set<number>();
  changeCount = 0;

  /** Each client has numbers of its own. */
  async change(client: LdapClient, number: number): Promise<void> {
    const isPresent = this.present.get(number) === true;
    this.doubtful.add(number);
    const op = isPresent ? "delete" : "add";
    await client.modify(GROUP, [{ op, type: "member", values: memberDn(number) }]);
    this.present.set(number, !isPresent);
    this.doubtful.delete(number);
    this.changeCount += 1;
  }

  check(found: ReadonlySet<string>): void {
    for (const [number, isPresent] of this.present) {
      const isFound = found.has(memberDn(number));
      if (!this.doubtful.delete(number)) assert.equal(isFound, isPresent, memberDn(number));
      this.present.set(number, isFound);
    }
  }
}

/** Changes members until the server is killed. */
async function work(
  client: LdapClient,
  members: Members,
  { random, part }: { readonly random: SeededRandom; readonly part: number },
): Promise<void> {
  try {
    for (;;) {
      const number = random.below(2 * MEMBERS_OF_CLIENT) * CONNECTIONS + part;
      await members.change(client, number);
    }
  } catch (error) {
    if (error instanceof LdapFailure) throw error; // no answer is what a kill leaves
  } finally {
    client.close();
  }
}

suite("crash/kill-group", function () {
  this.timeout(CRASH_TIMEOUT_MS);
  let server: ConcordServer | undefined;
  suiteTeardown(async () => {
    await server?.remove();
  });

  test(`crash/kill-group: ${KILL_COUNT} kills lose no answered change of a large group`, async () => {
    const random = suiteRandom("kill-group");
    const victim = await ConcordServer.create({ suffix: SUFFIX, suffixEntry: true });
    server = victim;
    const node = await openNode(victim);
    await enableReplica(node, "supplier", { replicaId: 1 });
    const members = new Members();
    for (let number = 0; number < 2 * MEMBERS; number += 1) {
      members.present.set(number, number < MEMBERS);
    }
    const first = Array.from({ length: MEMBERS }, (_, number) => memberDn(number));
    await node.client.add(GROUP, {
      objectClass: ["top", "groupOfNames"],
      cn: "everybody",
      member: first,
    });
    node.client.close();
    for (let kill = 0; kill < KILL_COUNT; kill += 1) {
      const clients = await Promise.all(
        Array.from({ length: CONNECTIONS }, () => victim.connect()),
      );
      const workers = clients.map((each, part) => work(each, members, { random, part }));
      await pause(random.below(RUN_MS_MAX));
      await victim.kill();
      await Promise.all(workers);
      await assertVerified(victim);
      await victim.start();
      const client = await victim.connect();
      const group = await client.find(GROUP, ["member"]);
      const found = group?.texts("member") ?? [];
      assert.equal(new Set(found).size, found.length);
      members.check(new Set(found));
      client.close();
    }
    console.log(`${KILL_COUNT} kills, ${members.changeCount} changes`);
    assert.isAbove(members.changeCount, KILL_COUNT);
  });
});
