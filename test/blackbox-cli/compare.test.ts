/** `concord replication compare` between two Concords, by digests: planted differences, writes that go on, and who may ask. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "chai";
import { suite, suiteSetup, suiteTeardown, test } from "mocha";
import { DirectoryClient } from "../../src/cli/directory-client.ts";
import { READ_DIGEST_OID, encodeReadDigest } from "../../src/protocol/index.ts";
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
const ENTRIES = 20;
const dnOf = (n: number): string => `cn=user ${n},${SUFFIX}`;

interface Printed {
  readonly method: string;
  readonly equal: boolean;
  readonly servers: readonly { readonly entries: number; readonly digest: string }[];
  readonly differences: readonly {
    readonly count: number;
    readonly shown: readonly { readonly type: string; readonly dn: string }[];
    readonly unsettled: { readonly count: number };
  }[];
}

suite("cli: compare by digests", function () {
  this.timeout(240_000);
  const servers: ConcordServer[] = [];
  let nodes: readonly [Node, Node];

  const compare = async (): Promise<readonly [code: number | null, printed: Printed]> => {
    const urls = servers.map(({ port }) => `ldap://localhost:${port}`);
    const { code, stdout, stderr } = await concord(["replication", "compare", ...urls, "--json"], {
      password: ROOT_PASSWORD,
    });
    assert.notEqual(stdout, "", stderr);
    return [code, JSON.parse(stdout) as Printed];
  };

  suiteSetup(async () => {
    for (const suffixEntry of [true, false])
      servers.push(await ConcordServer.create({ suffix: SUFFIX, suffixEntry }));
    const [first, second] = servers as [ConcordServer, ConcordServer];
    nodes = [
      { server: first, client: await first.connect() },
      { server: second, client: await second.connect() },
    ];
    for (let n = 0; n < ENTRIES; n += 1) {
      await nodes[0].client.add(dnOf(n), {
        objectClass: ["top", "person"],
        sn: `number ${n}`,
        description: "as it was",
        userPassword: "User-Secret-1",
      });
    }
    await enableReplica(nodes[0], "supplier", { replicaId: 1 });
    await enableReplica(nodes[1], "supplier", { replicaId: 2 });
    await initialize(nodes[0], await createAgreement(nodes[0], nodes[1]));
    await createAgreement(nodes[1], nodes[0]);
    await waitForConvergence(nodes);
  });
  suiteTeardown(async () => {
    for (const { client } of nodes) client.close();
    for (const server of servers) await server.remove();
  });

  test("cli/replication: the digest that compare shows is that of the content", async () => {
    const [code, printed] = await compare();
    assert.equal(code, 0);
    assert.equal(printed.method, "digest");
    const digests = await Promise.all(servers.map((server) => server.digest()));
    assert.deepEqual(
      printed.servers.map(({ digest }) => digest),
      digests,
    );
    assert.equal(digests[0], digests[1]);
  });

  test("cli/replication: digests are for the root DN and for suppliers", async () => {
    const [first] = servers;
    const client = await DirectoryClient.connect(
      { url: `ldap://localhost:${first?.port}` },
      { method: "simple", dn: dnOf(0), password: "User-Secret-1" },
    );
    const question = encodeReadDigest({ suffix: SUFFIX, level: "groups", keys: [] });
    const refused = await client.extended(READ_DIGEST_OID, question).then(
      () => "answered",
      (error: Error) => error.message,
    );
    client.close();
    assert.match(refused, /Insufficient access/i);
  });

  test("cli/replication: planted differences are found while writes go on, and no others", async () => {
    const [first, second] = servers as [ConcordServer, ConcordServer];
    const path = join(makeTemporaryFolder(), "replica.ldif");
    nodes[1].client.close();
    await second.stop();
    await second.command("export", ["--backend", "userroot", "--replica", "--no-wrap", path]);
    const records = readFileSync(path, "utf8").split(/\n\n+/);
    const plant = (n: number, change: (record: string) => string): void => {
      const at = records.findIndex((record) => record.startsWith(`dn: ${dnOf(n)}\n`));
      assert.isAtLeast(at, 0);
      records[at] = change(records[at] ?? "");
    };
    plant(1, (record) => record.replace("as it was", "planted"));
    plant(2, (record) => record.replace(/^sn[^:]*: number 2$/m, "$&\nsn: planted"));
    plant(3, () => "");
    writeFileSync(path, `${records.filter((record) => record !== "").join("\n\n")}\n`);
    await second.command("import", ["--backend", "userroot", path]);
    await second.start();
    nodes = [nodes[0], { server: second, client: await second.connect() }];
    let isOver = false;
    const write = async (): Promise<void> => {
      for (let n = 0; !isOver; n += 1) {
        await nodes[0].client.replace(dnOf(4 + (n % (ENTRIES - 4))), "description", `write ${n}`);
      }
    };
    const writing = write();
    const [code, printed] = await compare();
    isOver = true;
    await writing;
    assert.equal(code, 1);
    const [found] = printed.differences;
    assert.deepEqual(
      found?.shown.map(({ type, dn }) => [type, dn]).sort((a, b) => (a[1]! < b[1]! ? -1 : 1)),
      [
        ["changed", dnOf(1)],
        ["changed", dnOf(2)],
        ["missing", dnOf(3)],
      ],
    );
    assert.equal(found?.unsettled.count, 0);
    assert.isFalse(printed.equal);
    await first.stop();
    await second.stop();
    assert.deepEqual([await first.verify(), await second.verify()], [[], []]);
  });
});
