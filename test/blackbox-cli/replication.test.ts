/** Replication from the command line over LDAP, between Concord and, where it is installed, 389 Directory Server. */
import { existsSync } from "node:fs";
import { assert } from "chai";
import { suite, suiteSetup, suiteTeardown, test } from "mocha";
import { ConcordServer } from "../support/concord-server.ts";
import { ROOT_PASSWORD } from "../support/directory-server.ts";
import type { DirectoryServer } from "../support/directory-server.ts";
import { NsSlapd } from "../support/ns-slapd.ts";
import { waitFor } from "../support/wait-for.ts";
import { type Outcome, concord } from "./concord.ts";

const SUFFIX = "dc=example,dc=com";
const MANAGER = ["--manager-password", "Manager-Secret-1"];
const has389 = existsSync("/usr/sbin/ns-slapd");

const PAIRS: readonly (readonly [string, readonly (() => Promise<DirectoryServer>)[]])[] = [
  ["Concord to Concord", [() => makeConcord(true), () => makeConcord(false)]],
  ["Concord to 389", [() => makeConcord(true), () => make389(false)]],
  ["389 to Concord", [() => make389(true), () => makeConcord(false)]],
];

const makeConcord = (suffixEntry: boolean): Promise<DirectoryServer> =>
  ConcordServer.create({ suffix: SUFFIX, suffixEntry });
const make389 = (suffixEntry: boolean): Promise<DirectoryServer> =>
  NsSlapd.create({ suffix: SUFFIX, suffixEntry });

const urlOf = ({ port }: DirectoryServer): string => `ldap://localhost:${port}`;

async function replication(server: DirectoryServer, ...args: readonly string[]): Promise<Outcome> {
  const outcome = await concord(["replication", ...args, "--url", urlOf(server)], {
    password: ROOT_PASSWORD,
  });
  if (outcome.code === 0) return outcome;
  throw new Error(`${args.join(" ")}: ${outcome.code} ${outcome.stderr}${outcome.stdout}`);
}

for (const [title, make] of PAIRS) {
  suite(`cli: replication, ${title}`, function () {
    this.timeout(240_000);
    let from: DirectoryServer;
    let to: DirectoryServer;
    const servers: DirectoryServer[] = [];

    suiteSetup(async function () {
      if (title.includes("389") && !has389) return this.skip();
      for (const makeOne of make) servers.push(await makeOne());
      [from, to] = servers as [DirectoryServer, DirectoryServer];
    });
    suiteTeardown(() => Promise.all(servers.map((server) => server.remove())));

    test(`cli/replication: ${title}: two suppliers are set up and in sync`, async () => {
      await replication(from, "enable", "--replica-id", "1", ...MANAGER);
      await replication(to, "enable", "--replica-id", "2", ...MANAGER);
      const there = ["--host", "localhost", "--port", String(to.port)];
      const created = await replication(
        from,
        ...["agreement", "create", "forth", "--init", ...there, ...MANAGER],
      );
      assert.include(created.stdout, "Total update succeeded");
      const back = ["--host", "localhost", "--port", String(from.port)];
      await replication(to, "agreement", "create", "back", ...back, ...MANAGER);
      // 389 does not count an add of an entry that a total initialization has brought already (the keep-alive entry of the
      // supplier), so its update vector is complete with the next change only.
      const client = await from.connect();
      await client.replace(SUFFIX, "description", "set up");
      client.close();
      await waitFor(
        async () => {
          const outcome = await concord(
            ["replication", "monitor", "--check", "--json", "--url", urlOf(from)],
            { password: ROOT_PASSWORD },
          );
          return outcome.code === 0 ? outcome : undefined;
        },
        "all is in sync",
        60_000,
      );
    });

    test(`cli/replication: ${title}: status, ruv and agreements are shown`, async () => {
      const status = JSON.parse((await replication(from, "status", "--json")).stdout) as {
        role: string;
        replicaId: number;
        agreements: { name: string; state: string; lag: { type: string } }[];
      };
      assert.equal(status.role, "supplier");
      assert.equal(status.replicaId, 1);
      assert.deepEqual(
        status.agreements.map(({ name, state, lag }) => [name, state, lag.type]),
        [["forth", "green", "inSync"]],
      );
      const ruv = JSON.parse((await replication(to, "ruv", "--json")).stdout) as {
        generation: string;
        elements: { replicaId: number }[];
      };
      assert.match(ruv.generation, /^[0-9a-f]{20}$/);
      assert.sameMembers(
        ruv.elements.map(({ replicaId }) => replicaId),
        [1, 2],
      );
      const listed = await replication(from, "agreement", "list");
      assert.match(listed.stdout, /^forth +ldap:\/\/localhost:\d+ +green/m);
    });

    test(`cli/replication: ${title}: compare tells equal from different`, async () => {
      const urls = ["--url", urlOf(from), "--url", urlOf(to)];
      const compare = (): Promise<Outcome> =>
        concord(["replication", "compare", ...urls], { password: ROOT_PASSWORD });
      const equal = await compare();
      assert.equal(equal.code, 0, equal.stdout + equal.stderr);
      assert.include(equal.stdout, "all equal");
      await replication(from, "agreement", "disable", "forth");
      const client = await from.connect();
      await client.add(`cn=only here,${SUFFIX}`, { objectClass: "device", cn: "only here" });
      await client.replace(SUFFIX, "description", "changed");
      client.close();
      const different = await compare();
      assert.equal(different.code, 1);
      assert.match(different.stdout, /missing on .*: cn=only here,/);
      assert.match(different.stdout, /differs: dc=example,dc=com: description/);
      await replication(from, "agreement", "enable", "forth");
      await waitFor(async () => (await compare()).code === 0, "equal again", 60_000);
    });

    test(`cli/replication: ${title}: settings, a second enable, and the end of it`, async () => {
      const set = await replication(
        from,
        ...["agreement", "set", "forth", "nsds5ReplicaTimeout=60", "--json"],
      );
      assert.equal((JSON.parse(set.stdout) as { name: string }).name, "forth");
      await replication(from, "agreement", "update", "forth");
      const again = await concord(
        ["replication", "enable", "--replica-id", "7", "--url", urlOf(from), ...MANAGER],
        { password: ROOT_PASSWORD },
      );
      assert.equal(again.code, 1);
      assert.include(again.stderr, "is a replica already");
      const disabled = await replication(to, "disable");
      assert.include(disabled.stdout, "agreements removed: back");
      await replication(from, "agreement", "delete", "forth");
      const gone = await concord(
        ["replication", "agreement", "show", "forth", "--url", urlOf(from)],
        { password: ROOT_PASSWORD },
      );
      assert.equal(gone.code, 1);
      assert.include(gone.stderr, "has no agreement forth");
    });
  });
}

suite("cli: replication without a server", function () {
  this.timeout(60_000);

  test("cli/replication: a server that is not there is said so", async () => {
    const outcome = await concord(["replication", "status", "--url", "ldap://localhost:1"]);
    assert.equal(outcome.code, 1);
    assert.match(
      outcome.stderr,
      /^concord: cannot connect to ldap:\/\/localhost:1: nobody listens/,
    );
  });

  test("cli/replication: an URL, a role and a filter of ports that make no sense are wrong usage", async () => {
    for (const args of [
      ["status", "--url", "http://localhost"],
      ["enable", "--role", "boss"],
      ["enable"],
      ["compare"],
      ["agreement", "create", "x", "--host", "h", "--port", "0"],
    ]) {
      const outcome = await concord(["replication", ...args]);
      assert.equal(outcome.code, 2, `${args.join(" ")}: ${outcome.stderr}`);
    }
  });
});
