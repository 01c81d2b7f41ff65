/** Who works on an instance: one at a time, and the dead do not count. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "chai";
import { suite, test } from "mocha";
import { CommandFailure } from "../../../src/cli/failure.ts";
import { checkUnlocked, findLockHolder, lockInstance } from "../../../src/cli/instance-lock.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";

suite("cli/instance-lock", () => {
  test("cli/instance-lock: the second is told who has it, until it is released", () => {
    const folder = makeTemporaryFolder();
    const lock = lockInstance(folder, "import");
    assert.deepInclude(findLockHolder(folder), { pid: process.pid, command: "import" });
    assert.throws(() => lockInstance(folder, "start"), CommandFailure, /concord import/);
    assert.throws(() => checkUnlocked(folder), CommandFailure);
    lock.release();
    assert.isUndefined(findLockHolder(folder));
    lockInstance(folder, "start").release();
    assert.isFalse(existsSync(join(folder, "run/lock")));
  });

  const stale: readonly (readonly [string, string])[] = [
    ["of a process that is gone", '{"pid":4194305,"startedAt":"1","command":"start"}'],
    [
      "of a process id that was given to another process",
      `{"pid":${process.pid},"startedAt":"1","command":"start"}`,
    ],
    ["that a crash left half written", '{"pid":1'],
    ["that names no process", '{"pid":-1,"command":"start"}'],
  ];
  for (const [title, text] of stale) {
    test(`cli/instance-lock: a lock ${title} counts for nothing`, () => {
      const folder = makeTemporaryFolder();
      mkdirSync(join(folder, "run"));
      writeFileSync(join(folder, "run/lock"), text);
      assert.isUndefined(findLockHolder(folder));
      lockInstance(folder, "start").release();
    });
  }
});
