/** Making, running and removing instances from the command line: exit codes, JSON, files, signals. */
import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { assert } from "chai";
import { suite, suiteTeardown, test } from "mocha";
import { freePorts } from "../support/free-ports.ts";
import { LdapClient, resultCodeOf } from "../support/ldap.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { PASSWORD, SUFFIX, TestInstance, concord, concordJson, mustConcord } from "./concord.ts";

const ROOT = { bindDn: "cn=Directory Manager", password: PASSWORD };
const STOP_MS_MAX = 5_000;

suite("cli: instances", function () {
  this.timeout(120_000);
  const running: TestInstance[] = [];
  suiteTeardown(() => Promise.all(running.map((instance) => instance.stop())));

  async function started(...args: readonly string[]): Promise<TestInstance> {
    const instance = await TestInstance.create(args);
    running.push(instance);
    await instance.start();
    return instance;
  }

  test("cli/create: an empty password is a mistake, not a wish for one that is made", async () => {
    const folder = join(makeTemporaryFolder(), "a");
    const outcome = await concord(["create", "--dir", folder], { password: "" });
    assert.equal(outcome.code, 2, outcome.stderr);
    assert.include(outcome.stderr, "the password is empty");
    assert.isFalse(existsSync(folder));
  });

  test("cli/create: the password comes from the file before the environment", async () => {
    const file = join(makeTemporaryFolder(), "password");
    writeFileSync(file, "From-File-1\n");
    const instance = await started("--root-password-file", file);
    const bind = (password: string): Promise<number> =>
      resultCodeOf(LdapClient.connect({ port: instance.port, bindDn: ROOT.bindDn, password }));
    assert.equal(await bind("From-File-1"), 0);
    assert.equal(await bind(PASSWORD), 49);
  });

  test("cli/create: it refuses a folder that holds an instance", async () => {
    const instance = await TestInstance.create();
    const outcome = await instance.run("create");
    assert.equal(outcome.code, 1);
    assert.match(outcome.stderr, /holds an instance already\n.*concord remove/);
  });

  const wrong: readonly (readonly string[])[] = [
    ["create", "--port", "70000"],
    ["create", "--suffix-entry"],
    ["create", "--suffix", "no dn"],
    ["create", "--suffix", "uid=x", "--suffix-entry"],
    ["create", "--ldapi", "maybe"],
    ["remove"],
  ];
  for (const args of wrong) {
    test(`cli: wrong usage exits 2: ${args.join(" ")}`, async () => {
      const instance = args[0] === "remove" ? await TestInstance.create() : undefined;
      const folder = instance?.folder ?? join(makeTemporaryFolder(), "a");
      const outcome = await concord([...args, "--dir", folder]);
      assert.equal(outcome.code, 2, outcome.stderr);
      assert.equal(outcome.stdout, "");
      assert.notMatch(outcome.stderr, /^ {4}at /m);
      assert.equal(existsSync(folder), instance !== undefined);
    });
  }

  test("cli: an instance that is not there is a failure with the command that makes one", async () => {
    for (const command of ["start", "stop", "status", "verify", "digest", "export", "remove"]) {
      const outcome = await concord([command, "--dir", join(makeTemporaryFolder(), "none")]);
      assert.equal(outcome.code, 1, command);
      assert.match(
        outcome.stderr,
        /^concord: there is no instance in .*\nMake one: concord create/,
      );
    }
  });

  test("cli/create: anybody can read sample entries, users change their own password", async () => {
    const instance = await started("--sample", "20");
    const anonymous = await LdapClient.connect({ port: instance.port });
    const { entries } = await anonymous.search(`ou=people,${SUFFIX}`, {
      filter: "(objectClass=inetOrgPerson)",
    });
    assert.lengthOf(entries, 20);
    assert.deepEqual((await anonymous.find(SUFFIX, ["aci"]))?.values("aci"), []);
    const dn = entries[0]?.dn ?? "";
    assert.equal(await resultCodeOf(anonymous.replace(dn, "title", "Boss")), 50);
    anonymous.close();

    const root = await LdapClient.connect({ port: instance.port, ...ROOT });
    await root.replace(dn, "userPassword", "First-Secret-1");
    root.close();
    const user = await LdapClient.connect({
      port: instance.port,
      bindDn: dn,
      password: "First-Secret-1",
    });
    await user.replace(dn, "userPassword", "Second-Secret-1");
    assert.equal(await resultCodeOf(user.replace(dn, "title", "Boss")), 50);
    assert.deepEqual((await user.find(dn, ["userPassword"]))?.values("userPassword"), []);
    user.close();
  });

  test("cli/create: with a secure port it makes an authority and a certificate", async () => {
    const folder = join(makeTemporaryFolder(), "a");
    const [port, secure] = await freePorts(2);
    await mustConcord([
      ...["create", "--dir", folder, "--port", String(port), "--secure-port", String(secure)],
      ...["--listen", "127.0.0.1"],
    ]);
    assert.equal(statSync(join(folder, "tls/server.key")).mode & 0o077, 0);
    await mustConcord(["start", "--dir", folder, "--detach"]);
    try {
      const asked = await concord([
        ...["replication", "status", "--url", `ldaps://localhost:${secure}`],
        ...["--ca-file", join(folder, "tls/ca.crt")],
      ]);
      // The handshake went well: what is missing is a suffix.
      assert.match(asked.stderr, /has no suffix/);
      const untrusted = await concord([
        ...["replication", "status", "--url", `ldaps://localhost:${secure}`],
      ]);
      assert.match(untrusted.stderr, /cannot connect to ldaps:.*certificate/);
    } finally {
      await mustConcord(["stop", "--dir", folder]);
    }
  });

  test("cli/status: 3 when it does not run, 0 when it does; backends with counts", async () => {
    const instance = await TestInstance.create(["--suffix-entry"]);
    running.push(instance);
    const before = await instance.run("status", "--json");
    assert.equal(before.code, 3);
    assert.equal((JSON.parse(before.stdout) as { running: boolean }).running, false);
    const child = await instance.start();
    const status = await concordJson<{
      running: boolean;
      pid: number;
      urls: string[];
      backends: { name: string; entries: number }[];
    }>(["status", "--dir", instance.folder]);
    assert.isTrue(status.running);
    assert.equal(status.pid, child.pid);
    assert.include(status.urls, `ldap://127.0.0.1:${instance.port}`);
    assert.deepEqual(
      status.backends.map(({ name, entries }) => [name, entries]),
      [["userroot", 1]],
    );
    assert.equal(readFileSync(join(instance.folder, "run/pid"), "utf8").trim(), `${child.pid}`);
  });

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`cli/start: ${signal} is a clean stop with exit code 0`, async () => {
      const instance = await TestInstance.create();
      const child = await instance.start();
      const client = await LdapClient.connect({ port: instance.port, ...ROOT });
      const begun = Date.now();
      child.signal(signal);
      assert.equal(await child.ended, 0, child.output);
      assert.isBelow(Date.now() - begun, STOP_MS_MAX);
      client.close();
      assert.isFalse(existsSync(join(instance.folder, "run/pid")));
      assert.equal((await instance.run("status")).code, 3);
    });
  }

  test("cli/start: a second server and commands that write are refused", async () => {
    const instance = await started("--suffix-entry");
    for (const args of [["start"], ["start", "--detach"], ["reindex"], ["import", "-"]]) {
      const [command = "", ...rest] = args;
      const outcome = await instance.run(command, ...rest);
      assert.equal(outcome.code, 1, `${args.join(" ")}: ${outcome.stdout}`);
      assert.match(outcome.stderr, /runs \(process \d+\)\nStop it first: concord stop/);
    }
  });

  test("cli/start: a killed server leaves nothing in the way of the next", async () => {
    const instance = await TestInstance.create();
    running.push(instance);
    const child = await instance.start();
    child.signal("SIGKILL");
    await child.ended;
    assert.equal((await instance.run("status")).code, 3);
    await instance.start();
    assert.equal((await instance.run("status")).code, 0);
  });

  test("cli/start: a port that is taken is said with a way out", async () => {
    const instance = await TestInstance.create();
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(instance.port, "127.0.0.1", resolve));
    try {
      for (const args of [[], ["--detach"]]) {
        const outcome = await instance.run("start", ...args);
        assert.equal(outcome.code, 1);
        assert.match(outcome.stderr, /Cannot listen on ldap .*EADDRINUSE/);
      }
    } finally {
      server.close();
    }
  });

  test("cli/start: --detach returns when clients can connect; restart and stop work on it", async () => {
    const instance = await TestInstance.create();
    try {
      const first = await concordJson<{ pid: number }>([
        ...["start", "--detach", "--dir", instance.folder],
      ]);
      const client = await LdapClient.connect({ port: instance.port, ...ROOT });
      client.close();
      const second = await concordJson<{ pid: number }>(["restart", "--dir", instance.folder]);
      assert.notEqual(first.pid, second.pid);
    } finally {
      await instance.mustRun("stop");
    }
    assert.equal((await instance.run("status")).code, 3);
    assert.match((await instance.mustRun("stop")).stdout, /did not run/);
  });

  test("cli/list and cli/remove: what is there, until it is not", async () => {
    const instance = await TestInstance.create();
    const parent = join(instance.folder, "..");
    const listed = await concordJson<{ folder: string; suffixes: string[] }[]>(["list", parent]);
    assert.deepEqual(
      listed.map(({ folder, suffixes }) => [folder, suffixes]),
      [[instance.folder, [SUFFIX]]],
    );
    writeFileSync(join(instance.folder, "notes.txt"), "mine");
    await instance.mustRun("remove", "--yes");
    assert.isTrue(existsSync(join(instance.folder, "notes.txt")));
    assert.isFalse(existsSync(join(instance.folder, "config")));
    assert.deepEqual(await concordJson(["list", parent]), []);
  });
});
