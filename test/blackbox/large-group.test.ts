// A group whose members lie apart from its record, as clients on several front-end processes see it: who has changed it finds that on
// every connection at once, in the order in which the members came, and after a restart, an export and an import as well.
import { assert } from "chai";
import { join } from "node:path";
import { ConcordServer } from "../support/concord-server.ts";
import { ANYONE_READS, FRONT_ENDS, SUFFIX } from "../support/front-ends.ts";
import { LdapClient, resultCodeOf } from "../support/ldap.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";

const BACKEND = "userroot";
const CLIENTS = 4;
const MEMBERS = 2500;
const ROUNDS = 120;
const GROUP = `cn=everybody,${SUFFIX}`;
const VALUE_EXISTS = 20;
const NO_SUCH_ATTRIBUTE = 16;

const memberDn = (number: number): string => `uid=user ${number},ou=people,${SUFFIX}`;

suite("blackbox/large-group", function () {
  this.timeout(240_000);
  let server: ConcordServer;
  let root: LdapClient;
  let anyone: readonly LdapClient[] = [];
  /** In the order in which they came. */
  let members: string[] = Array.from({ length: MEMBERS }, (_, number) => memberDn(number));

  const open = async (): Promise<void> => {
    root = await server.connect();
    anyone = await Promise.all(
      Array.from({ length: CLIENTS }, () => LdapClient.connect({ port: server.port })),
    );
  };
  const close = (): void => {
    for (const client of [root, ...anyone]) client?.close();
  };

  suiteSetup(async () => {
    server = await ConcordServer.create({
      suffix: SUFFIX,
      suffixEntry: true,
      frontEnds: FRONT_ENDS,
    });
    await open();
    await root.replace(SUFFIX, "aci", ANYONE_READS);
    await root.add(GROUP, {
      objectClass: ["top", "groupOfNames"],
      cn: "everybody",
      member: members,
    });
  });
  suiteTeardown(async () => {
    close();
    await server?.remove();
  });

  const membersSeen = async (client: LdapClient): Promise<readonly string[]> =>
    (await client.find(GROUP, ["member"]))?.texts("member") ?? [];

  /** Who is found by a search among all entries and by one on the group alone, and whether a comparison says the same. */
  const isMember = async (client: LdapClient, member: string): Promise<boolean> => {
    const filter = `(member=${member})`;
    const below = await client.search(SUFFIX, { filter, attributes: ["cn"] });
    const base = await client.search(GROUP, { scope: "base", filter, attributes: ["cn"] });
    assert.equal(base.entries.length, below.entries.length);
    return below.entries.length === 1;
  };

  test("blackbox/large-group: what was answered is read on every connection", async () => {
    const random = new SeededRandom(Number(process.env["SEED"] ?? Date.now() % 1_000_000));
    console.log(`      seed ${random.seed}`);
    for (let round = 0; round < ROUNDS; round += 1) {
      const member = memberDn(random.below(2 * MEMBERS));
      const isThere = members.includes(member);
      const op = isThere ? "delete" : "add";
      const refused = { op: isThere ? "add" : "delete", type: "member", values: member } as const;
      assert.equal(
        await resultCodeOf(root.modify(GROUP, [refused])),
        isThere ? VALUE_EXISTS : NO_SUCH_ATTRIBUTE,
      );
      await root.modify(GROUP, [{ op, type: "member", values: member }]);
      members = isThere ? members.filter((each) => each !== member) : [...members, member];
      const seen = await Promise.all(anyone.map((client) => isMember(client, member)));
      assert.deepEqual(seen, Array.from({ length: CLIENTS }).fill(!isThere));
      if (round % 20 === 0) {
        const lists = await Promise.all(anyone.map(membersSeen));
        for (const list of lists) assert.deepEqual(list, members);
      }
    }
  });

  test("blackbox/large-group: other attributes are read and changed as ever", async () => {
    await root.replace(GROUP, "description", "all of us");
    const found = await Promise.all(anyone.map((client) => client.find(GROUP, ["description"])));
    for (const entry of found) assert.equal(entry?.text("description"), "all of us");
    assert.deepEqual(await membersSeen(root), members);
  });

  test("blackbox/large-group: after a restart, an export and an import it is the same", async () => {
    close();
    await server.stop();
    assert.deepEqual(await server.verify(), []);
    const digest = await server.digest();
    const path = join(makeTemporaryFolder(), "all.ldif");
    await server.command("export", ["--backend", BACKEND, path]);
    await server.start();
    await open();
    assert.deepEqual(await membersSeen(anyone[0] as LdapClient), members);
    close();
    await server.stop();
    await server.command("import", ["--backend", BACKEND, path]);
    assert.deepEqual(await server.verify(), []);
    assert.equal(await server.digest(), digest);
    await server.start();
    await open();
    assert.deepEqual(await membersSeen(anyone[1] as LdapClient), members);
    await root.modify(GROUP, [{ op: "delete", type: "member", values: members[7] as string }]);
    members.splice(7, 1);
    assert.deepEqual(await membersSeen(anyone[2] as LdapClient), members);
  });
});
