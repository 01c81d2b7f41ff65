// The command of a checkout starts from a snapshot of the program, and a snapshot holds nothing that belongs to a process.
import { assert } from "chai";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { mustRun } from "../support/child.ts";
import { ConcordServer } from "../support/concord-server.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { projectRoot } from "../support/trace-file.ts";

const COMMAND = join(projectRoot(), "dist/program/concord");
/** Of other versions it is not known whether they can. */
const canSnapshot =
  process.versions.node.startsWith("20.") && existsSync("/sys/devices/system/cpu/modalias");

suite("blackbox-cli/snapshot", () => {
  test("blackbox-cli/snapshot: a server starts from it", async function () {
    if (!canSnapshot || process.env["NODE_OPTIONS"] !== undefined) this.skip();
    const server = await ConcordServer.create({ suffix: "dc=example,dc=com", program: COMMAND });
    try {
      const words = readFileSync(`/proc/${server.pid}/cmdline`, "utf8").split("\0");
      assert.include(words, "--snapshot-blob");
    } finally {
      await server.remove();
    }
  });

  test("blackbox-cli/snapshot: environment and chance are those of the process", async () => {
    const secrets = new Set<string>();
    for (const name of ["a", "b"]) {
      const folder = join(makeTemporaryFolder(), name);
      const env = { ...process.env, CONCORD_DIR: folder };
      await mustRun(COMMAND, ["create", "--suffix", "dc=example,dc=com", "--suffix-entry"], {
        env,
      });
      const dse = readFileSync(join(folder, "config/dse.ldif"), "utf8");
      secrets.add(/^nsslapd-rootpw: (.*)$/m.exec(dse)?.[1] ?? "");
    }
    assert.equal(secrets.size, 2);
  });

  test("blackbox-cli/snapshot: the script for completions is that of the shell which asks", async () => {
    const scriptFor = async (shell: string): Promise<string> => {
      const env = { SHELL: shell, ZSH_NAME: "" };
      return (await mustRun(COMMAND, ["completion"], { env })).stdout.toString("utf8");
    };
    assert.match(await scriptFor("/bin/zsh"), /^#compdef concord$/m);
    assert.notMatch(await scriptFor("/bin/bash"), /#compdef/);
  });

  test("blackbox-cli/snapshot: names of files are looked for where the command is called", async () => {
    const folder = makeTemporaryFolder();
    const words = [COMMAND, "create", "--suffix", "dc=a", "--dir", "here"];
    await mustRun("sh", ["-c", 'cd "$0" && exec "$@"', folder, ...words]);
    assert.isTrue(existsSync(join(folder, "here/config/dse.ldif")));
  });

  test("blackbox-cli/snapshot: characters beyond ASCII in the program are what they are in its modules", async () => {
    const folder = join(makeTemporaryFolder(), "a");
    const words = ["--dir", folder];
    await mustRun(COMMAND, ["create", "--suffix", "dc=a", "--sample", "300", ...words]);
    const { stdout } = await mustRun(COMMAND, ["export", ...words]);
    assert.match(stdout.toString("utf8"), /^mail: [a-z]+\.yilmaz@/m);
  });
});
