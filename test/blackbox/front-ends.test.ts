// A server with two front-end processes answers as one without: who has written something finds it everywhere, whatever judges a
// read is followed, and nothing is left behind by a process that dies.
import { assert } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Request, SearchRequest } from "../../src/protocol/index.ts";
import { ConcordServer } from "../support/concord-server.ts";
import { ROOT_DN, ROOT_PASSWORD } from "../support/directory-server.ts";
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
import { LdapClient, resultCodeOf } from "../support/ldap.ts";
import { SeededRandom } from "../support/seeded-random.ts";
import { waitFor } from "../support/wait-for.ts";
import { RawClient, SEARCH, START_TLS, UNBIND, bytesOf } from "../unit/frontend/raw-client.ts";

const CLIENTS = 4;
const ROUNDS = 400;
const NOBODY_READS_ROOMS =
  '(targetattr="roomNumber")(version 3.0; acl "rooms"; deny (read, search) userdn="ldap:///anyone";)';
const SIZE_LIMIT_EXCEEDED = 4;
const UNWILLING = 53;

suite("blackbox/front-ends", function () {
  this.timeout(240_000);
  let server: ConcordServer;
  let root: LdapClient;
  /** Bound as nobody; they are spread over the processes. */
  let anyone: readonly LdapClient[] = [];

  suiteSetup(async () => {
    server = await ConcordServer.create({
      suffix: SUFFIX,
      suffixEntry: true,
      tls: true,
      frontEnds: FRONT_ENDS,
    });
    root = await server.connect();
    await root.replace(SUFFIX, "aci", ANYONE_READS);
    await root.add(PEOPLE, { objectClass: ["organizationalUnit"], ou: "people" });
    for (let i = 0; i < PEOPLE_COUNT; i += 1)
      await root.add(`uid=u${i},${PEOPLE}`, person(`u${i}`));
    anyone = await Promise.all(
      Array.from({ length: CLIENTS }, () => LdapClient.connect({ port: server.port })),
    );
  });
  suiteTeardown(async () => {
    for (const client of [root, ...anyone]) client?.close();
    await server?.remove();
  });

  const roomsSeen = async (dn: string): Promise<readonly (string | undefined)[]> =>
    Promise.all(anyone.map(async (one) => (await one.find(dn))?.text("roomNumber")));

  const search = (base: string): SearchRequest => ({
    ...(SEARCH as SearchRequest),
    base,
    attributes: ["roomNumber"],
  });

  const bindAsRoot: Request = {
    type: "bind",
    version: 3,
    name: ROOT_DN,
    authentication: { method: "simple", password: Buffer.from(ROOT_PASSWORD) },
  };

  const withRaw = async (step: (client: RawClient) => Promise<void>): Promise<void> => {
    const client = await RawClient.open({ port: server.port });
    try {
      await step(client);
    } finally {
      client.close();
    }
  };

  test("blackbox/front-ends: as many processes run as the configuration says, each with connections", () => {
    assert.equal(readyPids(server).length, FRONT_ENDS);
    for (const pid of readyPids(server)) assert.isTrue(isAlive(pid));
  });

  test("blackbox/front-ends: the number is set over LDAP, for the next start", async () => {
    const set = (value: string): Promise<number> =>
      resultCodeOf(root.replace("cn=config", "concordFrontEndProcesses", value));
    const shown = async (): Promise<string | undefined> =>
      (await root.find("cn=config", ["concordFrontEndProcesses"]))?.text(
        "concordFrontEndProcesses",
      );
    assert.equal(await shown(), String(FRONT_ENDS));
    assert.deepEqual(
      [await set("65"), await set("-1"), await set("many")],
      [UNWILLING, UNWILLING, UNWILLING],
    );
    assert.equal(await set("64"), 0);
    assert.equal(await set(String(FRONT_ENDS)), 0);
    assert.equal(readyPids(server).length, FRONT_ENDS);
  });

  test("blackbox/front-ends: what was answered is read on every connection", async () => {
    const random = new SeededRandom(Number(process.env["SEED"] ?? Date.now() % 1_000_000));
    console.log(`      seed ${random.seed}`);
    const writers = await Promise.all([server.connect(), server.connect()]);
    for (let round = 0; round < ROUNDS; round += 1) {
      const dn = `uid=u${random.below(PEOPLE_COUNT)},${PEOPLE}`;
      const value = `room ${round}`;
      await random.pick(writers).replace(dn, "roomNumber", value);
      const found = await random.pick([...anyone, ...writers]).search(PEOPLE, {
        filter: `(roomNumber=${value})`,
      });
      const seen = (await random.pick(anyone).find(dn))?.text("roomNumber");
      assert.deepEqual([found.entries[0]?.dn, seen], [dn, value], `seed ${random.seed}`);
    }
    for (const writer of writers) writer.close();
  });

  test("blackbox/front-ends: entries come and go for all at once", async () => {
    const dn = `uid=guest,${PEOPLE}`;
    for (let round = 0; round < 20; round += 1) {
      await root.add(dn, { ...person("guest"), roomNumber: String(round) });
      assert.deepEqual(
        await roomsSeen(dn),
        Array.from({ length: CLIENTS }, () => String(round)),
      );
      await root.delete(dn);
      assert.deepEqual(
        await roomsSeen(dn),
        Array.from({ length: CLIENTS }, () => undefined),
      );
    }
  });

  test("blackbox/front-ends: a changed rule holds on connections that were there before", async () => {
    const dn = `uid=u1,${PEOPLE}`;
    await root.replace(dn, "roomNumber", "7");
    for (let round = 0; round < 10; round += 1) {
      await root.replace(PEOPLE, "aci", NOBODY_READS_ROOMS);
      assert.deepEqual(
        await roomsSeen(dn),
        Array.from({ length: CLIENTS }, () => undefined),
      );
      await root.replace(PEOPLE, "aci", []);
      assert.deepEqual(
        await roomsSeen(dn),
        Array.from({ length: CLIENTS }, () => "7"),
      );
    }
  });

  test("blackbox/front-ends: entries of a renamed subtree have their new names, and not the old ones", async () => {
    await root.add(`ou=a0,${SUFFIX}`, { objectClass: ["organizationalUnit"], ou: "a0" });
    await root.add(`uid=x,ou=a0,${SUFFIX}`, { ...person("x"), aci: NOBODY_READS_ROOMS });
    await root.add(`uid=y,ou=a0,${SUFFIX}`, person("y"));
    for (let round = 0; round < 10; round += 1) {
      const [before, after] = [`ou=a${round}`, `ou=a${round + 1}`];
      await root.rename(`${before},${SUFFIX}`, after, { deleteOldRdn: true });
      for (const client of anyone) {
        const { entries } = await client.search(SUFFIX, { filter: "(uid=y)" });
        assert.deepEqual(
          entries.map(({ dn }) => dn),
          [`uid=y,${after},${SUFFIX}`],
        );
        assert.isUndefined(await client.find(`uid=y,${before},${SUFFIX}`));
        assert.equal((await client.find(`uid=y,${after},${SUFFIX}`))?.text("roomNumber"), "1");
        assert.isUndefined((await client.find(`uid=x,${after},${SUFFIX}`))?.text("roomNumber"));
      }
    }
  });

  test("blackbox/front-ends: membership that a rule asks for is followed", async () => {
    const group = `cn=readers,${SUFFIX}`;
    const rule = `(targetattr="description")(version 3.0; acl "g"; deny (read, search) groupdn="ldap:///${group}";)`;
    await root.add(group, { objectClass: ["groupOfNames"], cn: "readers", member: ROOT_DN });
    await root.add(`uid=eve,${PEOPLE}`, {
      ...person("eve"),
      userPassword: "Eve-Secret-1",
      description: "who",
      aci: rule,
    });
    const dn = `uid=eve,${PEOPLE}`;
    const clients = await Promise.all(
      [1, 2].map(() =>
        LdapClient.connect({ port: server.port, bindDn: dn, password: "Eve-Secret-1" }),
      ),
    );
    for (let round = 0; round < 5; round += 1) {
      for (const [op, expected] of [
        ["add", undefined],
        ["delete", "who"],
      ] as const) {
        await root.modify(group, [{ op, type: "member", values: dn }]);
        for (const client of clients)
          assert.equal((await client.find(dn))?.text("description"), expected);
      }
    }
    for (const client of clients) client.close();
  });

  test("blackbox/front-ends: a changed limit holds from the next request on", async () => {
    for (const client of anyone) {
      await root.replace("cn=config", "nsslapd-sizelimit", "3");
      assert.equal(await resultCodeOf(client.search(PEOPLE)), SIZE_LIMIT_EXCEEDED);
      await root.replace("cn=config", "nsslapd-sizelimit", "2000");
      assert.equal(await resultCodeOf(client.search(PEOPLE)), 0);
    }
  });

  test("blackbox/front-ends: a type that is new to the schema is found by its other name", async () => {
    // Computed attributes are described, too, and no table holds that.
    for (const client of anyone) await client.find(`uid=u2,${PEOPLE}`, ["*", "+"]);
    const type = "( 1.3.6.1.4.1.99999.8.1 NAME ( 'deskNumber' 'desk' ) EQUALITY caseIgnoreMatch";
    await root.modify("cn=schema", [
      {
        op: "add",
        type: "attributeTypes",
        values: `${type} SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )`,
      },
    ]);
    await root.replace(`uid=u2,${PEOPLE}`, "deskNumber", "Corner");
    for (const client of anyone) {
      const { entries } = await client.search(PEOPLE, {
        filter: "(desk=CORNER)",
        attributes: ["desk", "roomNumber"],
      });
      assert.deepEqual(entries[0]?.texts("desk"), ["Corner"]);
    }
  });

  test("blackbox/front-ends: a backend that is added is searched, one that is removed is not", async () => {
    const suffix = "dc=second,dc=test";
    const backendDn = "cn=second,cn=ldbm database,cn=plugins,cn=config";
    const mappingDn = `cn="${suffix}",cn=mapping tree,cn=config`;
    await root.add(backendDn, {
      objectClass: ["top", "extensibleObject", "nsBackendInstance"],
      cn: "second",
      "nsslapd-suffix": suffix,
    });
    await root.add(mappingDn, {
      objectClass: ["top", "extensibleObject", "nsMappingTree"],
      cn: suffix,
      "nsslapd-state": "backend",
      "nsslapd-backend": "second",
    });
    await root.add(suffix, { objectClass: ["domain"], dc: "second", aci: ANYONE_READS });
    for (const client of anyone) assert.equal((await client.find(suffix))?.text("dc"), "second");
    await root.delete(mappingDn);
    const { entries } = await root.search(backendDn, { attributes: ["1.1"] });
    const dns = entries.map(({ dn }) => dn).sort((a, b) => b.length - a.length);
    for (const dn of dns) await root.delete(dn);
    for (const client of anyone) assert.isUndefined(await client.find(suffix));
  });

  test("blackbox/front-ends: a bind is over before what comes behind it, and begins when all before it is", async () => {
    await root.replace(PEOPLE, "aci", NOBODY_READS_ROOMS);
    const dn = `uid=u3,${PEOPLE}`;
    const base: Request = { ...search(dn), scope: "base" };
    await withRaw(async (client) => {
      client.send(bytesOf(1, base), bytesOf(2, bindAsRoot), bytesOf(3, base));
      const seen: string[] = [];
      for (let i = 0; i < 5; i += 1) {
        const message = await client.next();
        assert.isDefined(message);
        const { messageId, response } = message;
        const values = response.type === "searchEntry" ? response.attributes.length : "";
        seen.push(`${messageId} ${response.type} ${values}`.trim());
      }
      assert.deepEqual(seen, [
        "1 searchEntry 0",
        "1 searchDone",
        "2 bindResponse",
        "3 searchEntry 1",
        "3 searchDone",
      ]);
      client.send(bytesOf(4, UNBIND));
      assert.deepEqual(await client.ended(), []);
    });
    await root.replace(PEOPLE, "aci", []);
  });

  test("blackbox/front-ends: an abandoned request has no answer, the next ones have", async () => {
    await withRaw(async (client) => {
      await client.request(1, bindAsRoot);
      // One that the main process serves, and one that it does not.
      for (const base of ["cn=config", SUFFIX]) {
        client.send(
          bytesOf(10, search(base)),
          bytesOf(11, { type: "abandon", messageId: 10 }),
          bytesOf(12, { ...search(SUFFIX), scope: "base" }),
        );
        for (;;) {
          const message = await client.next();
          assert.isDefined(message, "the connection goes on");
          if (message.messageId === 12 && message.response.type === "searchDone") break;
        }
      }
    });
  });

  test("blackbox/front-ends: StartTLS and LDAPS, and what they are worth, are known to all", async () => {
    await withRaw(async (client) => {
      const answer = await client.request(1, START_TLS);
      assert.equal(answer?.response.type, "extendedResponse");
      await client.startTls({ rejectUnauthorized: false });
      assert.equal((await client.request(2, bindAsRoot))?.response.type, "bindResponse");
    });
    await root.replace("cn=config", "nsslapd-minssf", "128");
    try {
      const secure = await LdapClient.connect({
        port: server.securePort,
        tls: true,
        bindDn: ROOT_DN,
        password: ROOT_PASSWORD,
      });
      assert.equal((await secure.find(SUFFIX))?.text("dc"), "fronts");
      assert.equal(await resultCodeOf(anyone[0]!.find(SUFFIX)), 13);
      assert.equal(await resultCodeOf(root.find("cn=config")), 13);
      await secure.replace("cn=config", "nsslapd-minssf", "0");
      secure.close();
    } finally {
      await server.command("status");
    }
  });

  test("blackbox/front-ends: connections are numbered once, and counted in cn=monitor", async () => {
    const before = await root.find("cn=monitor", ["entriessent", "connection"]);
    const found = await root.search(PEOPLE);
    const after = await root.find("cn=monitor", ["entriessent", "currentconnections"]);
    // Its own entry is counted before it is sent or behind.
    const sent = Number(after?.text("entriessent")) - Number(before?.text("entriessent"));
    assert.isAtLeast(sent, found.entries.length);
    assert.isAtMost(sent, found.entries.length + 2);
    assert.equal(Number(after?.text("currentconnections")), 1 + CLIENTS);
    // On every process, by connections that have gone.
    const started = async (): Promise<number> =>
      Number((await root.find("cn=monitor", ["opsinitiated"]))?.text("opsinitiated"));
    const startedBefore = await started();
    for (let i = 0; i < CLIENTS; i += 1) {
      await withRaw(async (client) => {
        await client.request(1, { ...search(SUFFIX), scope: "base" });
      });
    }
    let askedCount = 0;
    await waitFor(
      async () => {
        askedCount += 1;
        return (await started()) === startedBefore + CLIENTS + askedCount;
      },
      "all have been counted",
      WAIT_MS,
    );
    const ids = before?.texts("connection").map((text) => text.split(":")[0]) ?? [];
    assert.equal(new Set(ids).size, ids.length);
    const log = join(server.folder, "log/access");
    const opened = (): readonly string[] =>
      [...readFileSync(log, "utf8").matchAll(/^\[[^\]]*\] conn=(\d+) fd=\d+ slot=/gm)].map(
        ([, id]) => id as string,
      );
    await waitFor(() => opened().length >= ids.length, "the access log is written", WAIT_MS);
    assert.equal(new Set(opened()).size, opened().length);
    for (const line of readFileSync(log, "utf8").trimEnd().split("\n"))
      assert.match(line, /^\[[^\]]+\] conn=\d+ /);
  });

  test("blackbox/front-ends: one that is killed takes its connections along, and is started again", async () => {
    const clients = await Promise.all(
      Array.from({ length: CLIENTS }, () => LdapClient.connect({ port: server.port })),
    );
    let closedCount = 0;
    for (const client of clients) {
      void client.closed.then(() => {
        closedCount += 1;
      });
    }
    const [victim] = readyPids(server);
    assert.isDefined(victim);
    process.kill(victim, "SIGKILL");
    await waitFor(
      () => readyPids(server).length > FRONT_ENDS,
      "another process takes its place",
      WAIT_MS,
    );
    const [ended] = processEvents(server, "frontend.process.ended");
    assert.equal(ended?.pid, victim);
    await waitFor(() => closedCount > 0, "its connections are gone", WAIT_MS);
    assert.isBelow(closedCount, CLIENTS);
    for (const client of [root, ...anyone, ...clients]) client.close();
    root = await server.connect();
    anyone = await Promise.all(
      Array.from({ length: CLIENTS }, () => LdapClient.connect({ port: server.port })),
    );
    await root.replace(`uid=u4,${PEOPLE}`, "roomNumber", "again");
    assert.deepEqual(
      await roomsSeen(`uid=u4,${PEOPLE}`),
      Array.from({ length: CLIENTS }, () => "again"),
    );
  });

  test("blackbox/front-ends: nothing is left of a server that is killed, or stopped", async () => {
    for (const end of ["kill", "stop"] as const) {
      for (const client of anyone) client.close();
      const pids = readyPids(server).slice(-FRONT_ENDS);
      await root.find(`uid=last-before-${end},${PEOPLE}`);
      await server[end]();
      await waitFor(() => pids.every((pid) => !isAlive(pid)), "all processes are gone", WAIT_MS);
      const log = readFileSync(join(server.folder, "log/access"), "utf8");
      if (end === "stop") assert.match(log, /last-before-stop[^]*Disconnect/);
      root.close();
      await server.start();
      root = await server.connect();
    }
  });
});
