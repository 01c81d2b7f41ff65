// A disk that takes no more: here a limit of the size of files, which the system enforces on everybody.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "chai";
import { suite, test } from "mocha";
import { RunningChild, runCommand } from "../support/child.ts";
import { concordCommand } from "../support/concord-server.ts";
import { LdapClient } from "../support/ldap.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { waitFor } from "../support/wait-for.ts";
import { PASSWORD, SUFFIX, TestInstance } from "./concord.ts";

const LIMIT_KIB = 4096;
const ENTRIES = 8000;
const READY_MS_MAX = 60_000;
const EXIT_FAULT = 70;
/** A write beyond the limit fails instead of ending the process by a signal. */
const LIMITED = `trap '' XFSZ; ulimit -f ${LIMIT_KIB}; exec "$0" "$@"`;

const limited = (...args: readonly string[]): string[] => [
  "-c",
  LIMITED,
  concordCommand(),
  ...args,
];

function personLdif(n: number): string {
  const names = `cn: User ${n}\nsn: Number ${n}\ndescription: ${"of the many ".repeat(50)}\n`;
  return `dn: uid=u${n},${SUFFIX}\nobjectClass: inetOrgPerson\nuid: u${n}\n${names}\n`;
}

suite("cli: full disk", function () {
  this.timeout(120_000);

  test("cli/import: a disk that is full ends it with the reason, and the former content stays", async () => {
    const instance = await TestInstance.create(["--suffix-entry"]);
    const before = (await instance.mustRun("digest")).stdout;
    const file = join(makeTemporaryFolder(), "many.ldif");
    const people = Array.from({ length: ENTRIES }, (_, n) => personLdif(n)).join("");
    writeFileSync(file, `dn: ${SUFFIX}\nobjectClass: domain\ndc: example\n\n${people}`);
    const outcome = await runCommand("bash", limited("import", "--dir", instance.folder, file));
    assert.equal(outcome.code, 1, outcome.stderr);
    assert.match(outcome.stderr, /^concord: the database cannot be written: .*MiB are free$/m);
    assert.equal((await instance.mustRun("digest")).stdout, before);
    await instance.mustRun("verify");
  });

  test("cli/start: a server whose disk is full says so and ends; what it answered is there", async () => {
    const instance = await TestInstance.create(["--suffix-entry"]);
    const child = new RunningChild("bash", limited("start", "--dir", instance.folder));
    await waitFor(() => child.output.startsWith("ready "), "the server is ready", READY_MS_MAX);
    const client = await LdapClient.connect({ port: instance.port });
    await client.bind("cn=Directory Manager", PASSWORD);
    let answered = 0;
    for (; answered < ENTRIES; answered += 1) {
      const attributes = {
        objectClass: "inetOrgPerson",
        uid: `u${answered}`,
        cn: "Many",
        sn: "Many",
        description: "of the many ".repeat(50),
      };
      try {
        await client.add(`uid=u${answered},${SUFFIX}`, attributes);
      } catch {
        break;
      }
    }
    client.close();
    assert.equal(await child.ended, EXIT_FAULT);
    const told = (): boolean => child.output.includes("concord: the database cannot be written: ");
    await waitFor(told, "the server has said why", READY_MS_MAX);
    assert.include(
      readFileSync(join(instance.folder, "log/errors"), "utf8"),
      "server.storage.failed",
    );
    await instance.mustRun("verify");
    const { stdout } = await instance.mustRun("export");
    for (let n = 0; n < answered; n += 1) assert.include(stdout, `dn: uid=u${n},${SUFFIX}\n`);
    assert.isAbove(answered, 0);
  });
});
