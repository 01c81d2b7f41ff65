/** Content of instances from the command line: import, export, reindex, verify, digest, backup, restore. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "chai";
import { suite, suiteSetup, suiteTeardown, test } from "mocha";
import { LdapClient } from "../support/ldap.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { PASSWORD, SUFFIX, TestInstance, concord, mustConcord } from "./concord.ts";

const USERS = 200;
const LDIF = `dn: ${SUFFIX}
objectClass: domain
dc: example

dn: cn=one,${SUFFIX}
objectClass: device
cn: one

dn: cn=two,ou=missing,${SUFFIX}
objectClass: device
cn: two

dn: cn=three,${SUFFIX}
objectClass: device
cn: three
`;

suite("cli: data", function () {
  this.timeout(120_000);
  let sample: TestInstance;
  suiteSetup(async () => {
    sample = await TestInstance.create(["--sample", String(USERS)]);
  });
  suiteTeardown(() => sample.stop());

  const digestOf = async (instance: TestInstance): Promise<string> =>
    (await instance.mustRun("digest")).stdout.trim();

  test("cli/import: a bad entry is told with file, line and reason, and nothing changes", async () => {
    const instance = await TestInstance.create(["--suffix-entry"]);
    const before = await digestOf(instance);
    const file = join(makeTemporaryFolder(), "bad.ldif");
    writeFileSync(file, LDIF);
    const refused = await instance.run("import", file);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /bad\.ldif:9: cn=two,ou=missing,.*: .+/);
    assert.include(refused.stderr, "--skip-bad");
    assert.equal(await digestOf(instance), before);

    const taken = await instance.mustRun("import", "--skip-bad", "--json", file);
    const report = JSON.parse(taken.stdout) as { entries: number; skipped: number };
    assert.equal(report.entries, 3);
    assert.equal(report.skipped, 1);
  });

  test("cli/import: - is standard input", async () => {
    const instance = await TestInstance.create();
    const args = ["import", "--dir", instance.folder, "--skip-bad", "-"];
    const { stdout } = await mustConcord(args, { input: LDIF });
    assert.match(stdout, /^imported 3 entries into userroot/);
  });

  test("cli/export: what is exported and imported elsewhere has the same digest", async () => {
    const file = join(makeTemporaryFolder(), "sample.ldif");
    await sample.mustRun("export", file);
    const other = await TestInstance.create();
    await other.mustRun("import", file);
    assert.equal(await digestOf(other), await digestOf(sample));
    const toStdout = await sample.mustRun("export", "--no-wrap");
    const toHyphen = await sample.mustRun("export", "--no-wrap", "-");
    assert.equal(toHyphen.stdout, toStdout.stdout);
    assert.notMatch(toStdout.stdout, /^ /m);
    assert.equal(toStdout.stdout.match(/^dn: uid=/gm)?.length, USERS);
    assert.include(toStdout.stdout, "objectClass: groupOfNames");
  });

  test("cli/export: a target that cannot be written leaves nothing behind", async () => {
    const outcome = await sample.run("export", "/nonexistent/a.ldif");
    assert.equal(outcome.code, 1);
    assert.match(outcome.stderr, /^concord: cannot write \/nonexistent\/a\.ldif/);
  });

  test("cli/verify: nothing is wrong after create, reindex and a run", async () => {
    assert.equal((await sample.mustRun("verify")).stdout, "");
    const reindexed = await sample.mustRun("reindex", "--attribute", "uid,cn", "--json");
    assert.sameMembers((JSON.parse(reindexed.stdout) as { attributes: string[] }).attributes, [
      "cn",
      "uid",
    ]);
    await sample.mustRun("reindex");
    assert.equal((await sample.mustRun("verify")).code, 0);
  });

  test("cli/reindex: an attribute without index is refused", async () => {
    const outcome = await sample.run("reindex", "--attribute", "roomNumber");
    assert.equal(outcome.code, 1);
    assert.include(outcome.stderr, "has no index of roomNumber");
  });

  test("cli: a backend that is not there is refused", async () => {
    for (const command of ["verify", "digest", "export", "reindex"]) {
      const outcome = await sample.run(command, "--backend", "nowhere");
      assert.equal(outcome.code, 1);
      assert.match(outcome.stderr, /no backend nowhere\nChoose one with --backend: userroot/);
    }
  });

  test("cli/backup: of a running instance, restored elsewhere and back into its own", async () => {
    const instance = await TestInstance.create(["--sample", "20"]);
    await instance.start();
    try {
      const folder = join(makeTemporaryFolder(), "backup");
      await instance.mustRun("backup", folder);
      const before = await digestOf(instance);
      assert.equal((await instance.run("backup", folder)).code, 1, "backups are not overwritten");
      assert.equal((await instance.run("restore", folder)).code, 1, "it runs");

      const client = await LdapClient.connect({
        port: instance.port,
        bindDn: "cn=Directory Manager",
        password: PASSWORD,
      });
      await client.add(`cn=later,${SUFFIX}`, { objectClass: "device", cn: "later" });
      client.close();
      await instance.stop();
      assert.notEqual(await digestOf(instance), before);
      await instance.mustRun("restore", folder);
      assert.equal(await digestOf(instance), before);

      const elsewhere = join(makeTemporaryFolder(), "restored");
      await mustConcord(["restore", "--dir", elsewhere, folder]);
      const { stdout } = await mustConcord(["digest", "--dir", elsewhere]);
      assert.equal(stdout.trim(), before);
      assert.isTrue(existsSync(join(elsewhere, "config/dse.ldif")));
      await mustConcord(["verify", "--dir", elsewhere]);
    } finally {
      await instance.stop();
    }
  });

  test("cli/restore: a folder that is no backup is refused", async () => {
    const outcome = await concord([...["restore", "--dir", sample.folder, makeTemporaryFolder()]]);
    assert.equal(outcome.code, 1);
    assert.include(outcome.stderr, "holds no backup");
    assert.isTrue(readFileSync(join(sample.folder, "config/dse.ldif")).length > 0);
  });
});
