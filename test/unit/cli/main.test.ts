/** The `concord` command as a process: exit codes, where output goes, JSON. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { assert } from "chai";
import { suite, test } from "mocha";

const PROGRAM = join(import.meta.dirname, "../../../src/cli/main.js");

function concord(...args: readonly string[]): {
  status: number | null;
  stdout: string;
  stderr: string;
} {
  return spawnSync(process.execPath, [PROGRAM, ...args], { encoding: "utf8" });
}

suite("cli/main", () => {
  test("cli/main: version is printed as text and as JSON", () => {
    assert.match(concord("version").stdout, /^concord \d+\.\d+\.\d+ \(Node [\d.]+\)\n$/);
    const { status, stdout } = concord("version", "--json");
    assert.equal(status, 0);
    assert.match((JSON.parse(stdout) as { version: string }).version, /^\d+\.\d+\.\d+$/);
  });

  for (const args of [[], ["frobnicate"], ["version", "--frobnicate"], ["version", "surplus"]]) {
    test(`cli/main: wrong usage exits 2 without a stack trace: concord ${args.join(" ")}`, () => {
      const { status, stdout, stderr } = concord(...args);
      assert.equal(status, 2, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, /^concord: .+\nTry: concord --help\n$/);
    });
  }

  test("cli/main: help goes to standard output and exits 0", () => {
    const { status, stdout, stderr } = concord("--help");
    assert.equal(status, 0);
    assert.include(stdout, "concord version");
    assert.equal(stderr, "");
  });

  test("cli/main: a completion script is printed", () => {
    const { status, stdout } = concord("completion");
    assert.equal(status, 0);
    assert.include(stdout, "complete");
  });
});
