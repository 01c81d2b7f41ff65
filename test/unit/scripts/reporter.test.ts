/** The reporter ends with the line that programs read. Method: a small mocha run in a process of its own. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { assert } from "chai";
import { suite, test } from "mocha";

const PROGRAM = `
import Mocha from "mocha";
import { pathToFileURL } from "node:url";
const { Reporter } = await import(pathToFileURL(process.argv[1]).href);
const mocha = new Mocha({ reporter: Reporter });
const room = Mocha.Suite.create(mocha.suite, "room");
room.addTest(new Mocha.Test("room/file: holds", () => {}));
room.addTest(new Mocha.Test("room/file: it's broken", () => { throw new Error("no such luck"); }));
room.addTest(new Mocha.Test("room/file: waits"));
mocha.run(() => {});
`;

suite("scripts/reporter", () => {
  const reporter = join(import.meta.dirname, "../../../scripts/reporter.js");
  const args = ["--input-type=module", "--eval", PROGRAM, reporter];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  const lines = stdout.trimEnd().split("\n");

  test("scripts/reporter: the last line counts passed and failed tests and stands alone", () => {
    assert.equal(lines.at(-1), "1 passed, 1 failed", stderr);
  });

  test("scripts/reporter: a failure is named with its message and the line that repeats it", () => {
    assert.include(stdout, "failed: room room/file: it's broken");
    assert.include(stdout, "Error: no such luck");
    assert.include(lines, "repeat: npm test -- --all 'room/file: it'\\''s broken'");
  });

  test("scripts/reporter: a skipped test is named", () => {
    assert.include(lines, "skipped: room/file: waits");
  });
});
