/** `concord replication compare --repair` between two Concords. Method: the second server is stopped and gets its own content back
 * with planted faults (values, a lost add, a lost delete, a lost rename), its update vector unchanged, so that replication sees
 * nothing to do. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "chai";
import { suite, suiteSetup, suiteTeardown, test } from "mocha";
import { DirectoryClient } from "../../src/cli/directory-client.ts";
import { JOIN_ENTRY_STATE_OID, encodeJoinEntryState } from "../../src/protocol/index.ts";
import { ConcordServer } from "../support/concord-server.ts";
import { ROOT_PASSWORD } from "../support/directory-server.ts";
import {
  type Node,
  createAgreement,
  enableReplica,
  initialize,
  waitForConvergence,
} from "../support/replication-setup.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { concord } from "./concord.ts";

const SUFFIX = "dc=example,dc=com";
const ENTRIES = 10;
const dnOf = (n: number): string => `cn=user ${n},${SUFFIX}`;

interface Printed {
  readonly equal: boolean;
  readonly servers: readonly { readonly digest: string }[];
  readonly differences: readonly {
    readonly count: number;
    readonly repaired: {
      readonly count: number;
      readonly shown: readonly { readonly type: string; readonly dn?: string }[];
    };
  }[];
}

suite("cli: repair", function () {
  this.timeout(240_000);
  const servers: ConcordServer[] = [];
  let nodes: readonly [Node, Node];

  const compare = async (
    ...more: readonly string[]
  ): Promise<readonly [code: number | null, printed: Printed]> => {
    const urls = servers.map(({ port }) => `ldap://localhost:${port}`);
    const args = ["replication", "compare", ...urls, "--json", ...more];
    const { code, stdout, stderr } = await concord(args, { password: ROOT_PASSWORD });
    assert.notEqual(stdout, "", stderr);
    return [code, JSON.parse(stdout) as Printed];
  };

  const records = async (): Promise<string[]> => {
    const [, second] = servers as [ConcordServer, ConcordServer];
    const path = join(makeTemporaryFolder(), "replica.ldif");
    nodes[1].client.close();
    await second.stop();
    await second.command("export", ["--backend", "userroot", "--replica", "--no-wrap", path]);
    return readFileSync(path, "utf8").split(/\n\n+/);
  };

  const restart = async (): Promise<void> => {
    const [, second] = servers as [ConcordServer, ConcordServer];
    await second.start();
    nodes = [nodes[0], { server: second, client: await second.connect() }];
  };

  suiteSetup(async () => {
    for (const suffixEntry of [true, false])
      servers.push(await ConcordServer.create({ suffix: SUFFIX, suffixEntry }));
    const [first, second] = servers as [ConcordServer, ConcordServer];
    nodes = [
      { server: first, client: await first.connect() },
      { server: second, client: await second.connect() },
    ];
    const add = async (n: number): Promise<void> => {
      await nodes[0].client.add(dnOf(n), {
        objectClass: ["top", "person"],
        sn: `number ${n}`,
        description: "as it was",
        userPassword: "User-Secret-1",
      });
    };
    for (let n = 0; n < ENTRIES / 2; n += 1) await add(n);
    await enableReplica(nodes[0], "supplier", { replicaId: 1 });
    await enableReplica(nodes[1], "supplier", { replicaId: 2 });
    await initialize(nodes[0], await createAgreement(nodes[0], nodes[1]));
    await createAgreement(nodes[1], nodes[0]);
    for (let n = ENTRIES / 2; n < ENTRIES; n += 1) await add(n);
    await waitForConvergence(nodes);
  });
  suiteTeardown(async () => {
    for (const { client } of nodes) client.close();
    for (const server of servers) await server.remove();
  });

  test("cli/replication: repair finds nothing to do on equal servers", async () => {
    const [code, printed] = await compare("--repair");
    assert.equal(code, 0);
    assert.isTrue(printed.equal);
  });

  test("cli/replication: the state of entries is taken from the root DN and from suppliers alone", async () => {
    const [first] = servers;
    const client = await DirectoryClient.connect(
      { url: `ldap://localhost:${first?.port}` },
      { method: "simple", dn: dnOf(0), password: "User-Secret-1" },
    );
    const request = encodeJoinEntryState({ suffix: SUFFIX, ruv: [], states: [] });
    const refused = await client.extended(JOIN_ENTRY_STATE_OID, request).then(
      () => "answered",
      (error: Error) => error.message,
    );
    client.close();
    assert.match(refused, /Insufficient access/i);
  });

  test("cli/replication: repair mends values, adds, deletes and renames that were lost, on both servers", async () => {
    const before = await records();
    await restart();
    await nodes[0].client.delete(dnOf(5));
    await nodes[0].client.rename(dnOf(6), "cn=renamed");
    await waitForConvergence(nodes);
    const after = await records();
    const find = (among: readonly string[], start: RegExp): string => {
      const found = among.find((record) => start.test(record));
      assert.isDefined(found, String(start));
      return found ?? "";
    };
    const old = (n: number): string => find(before, new RegExp(`^dn: ${dnOf(n)}\n`));
    const now = (n: number): string => find(after, new RegExp(`^dn: ${dnOf(n)}\n`));
    const planted = new Map([
      [now(1), now(1).replace("as it was", "planted")],
      [now(2), now(2).replace(/^sn[^:]*: number 2$/m, "$&\nsn: planted")],
      [now(3), ""],
      [now(8), ""],
      [find(after, new RegExp(`^dn: nsuniqueid=[-0-9a-f]+,${dnOf(5)}\n`)), old(5)],
      [find(after, new RegExp(`^dn: cn=renamed,${SUFFIX}\n`)), old(6)],
    ]);
    const path = join(makeTemporaryFolder(), "planted.ldif");
    const content = after.map((record) => planted.get(record) ?? record);
    writeFileSync(path, `${content.filter((record) => record !== "").join("\n\n")}\n`);
    const [first, second] = servers as [ConcordServer, ConcordServer];
    await second.command("import", ["--backend", "userroot", path]);
    await restart();

    assert.equal((await compare())[0], 1);
    const [code, printed] = await compare("--repair");
    assert.deepEqual([code, printed.equal], [0, true], JSON.stringify(printed, undefined, 1));
    assert.equal(printed.differences[0]?.repaired.count, 6);
    assert.equal(printed.servers[0]?.digest, printed.servers[1]?.digest);
    assert.equal((await compare())[0], 0);
    for (const { client } of nodes) {
      const values = await client.find(dnOf(1), ["description"]);
      assert.sameMembers([...(values?.texts("description") ?? [])], ["as it was", "planted"]);
      for (const n of [3, 8]) assert.isDefined(await client.find(dnOf(n), ["cn"]));
      for (const n of [5, 6]) assert.isUndefined(await client.find(dnOf(n), ["cn"]));
      assert.isDefined(await client.find(`cn=renamed,${SUFFIX}`, ["cn"]));
    }
    await nodes[1].client.replace(dnOf(3), "description", "goes on");
    await waitForConvergence(nodes);
    assert.equal((await compare())[0], 0);
    for (const server of [first, second]) await server.stop();
    assert.deepEqual([await first.verify(), await second.verify()], [[], []]);
  });

  test("cli/replication: repair is refused where the state of entries is not exchanged", async () => {
    const urls = ["ldap://localhost:1", "ldap://localhost:2"];
    for (const [more, message] of [
      [["--method", "search"], /goes by digests/],
      [["ldap://localhost:3"], /two servers at a time/],
    ] as const) {
      const args = ["replication", "compare", ...urls, "--repair", ...more];
      const { code, stderr } = await concord(args, { password: ROOT_PASSWORD });
      assert.equal(code, 2);
      assert.match(stderr, message);
    }
  });
});
