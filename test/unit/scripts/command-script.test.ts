/** When the command starts Node from the snapshot: with the Node that made it, in its folder, without options of the environment.
 * Method: a program that says how it was called stands for Node. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assert } from "chai";
import { suite, test } from "mocha";
import { SNAPSHOT_FLAGS, commandScript } from "../../../scripts/command-script.ts";
import { makeTemporaryFolder } from "../../support/temporary-folder.ts";

const WORDS = ["export", "a b", "$x"];

class Command {
  readonly home = makeTemporaryFolder();
  folder = join(this.home, "it's here");
  readonly node = join(this.home, "bin/node");

  constructor() {
    mkdirSync(this.folder);
    mkdirSync(join(this.home, "bin"));
    writeFileSync(this.node, '#!/bin/sh\nprintf "%s\\n" "$@"\n', { mode: 0o755 });
    writeFileSync(join(this.folder, "a.snapshot"), "");
    const snapshot = { file: "a.snapshot", node: this.node };
    const text = commandScript({ folder: this.folder, main: "main.js", snapshot });
    writeFileSync(join(this.folder, "concord"), text, { mode: 0o755 });
  }

  /** The arguments that Node gets. */
  run(env: NodeJS.ProcessEnv = {}, file = join(this.folder, "concord"), cwd = "/"): string[] {
    const path = `${join(this.home, "bin")}:/usr/bin:/bin`;
    const { stdout, stderr } = spawnSync(file, WORDS, {
      cwd,
      encoding: "utf8",
      env: { PATH: path, ...env },
    });
    assert.equal(stderr, "");
    return stdout.trimEnd().split("\n");
  }

  get ordinary(): string[] {
    return [join(this.folder, "main.js"), ...WORDS];
  }

  get fromSnapshot(): string[] {
    return [
      ...SNAPSHOT_FLAGS,
      "--snapshot-blob",
      join(this.folder, "a.snapshot"),
      ...this.ordinary,
    ];
  }
}

suite("scripts/command-script", () => {
  if (!existsSync("/sys/devices/system/cpu/modalias")) return;

  test("scripts/command-script: the Node that made the snapshot starts from it, from wherever the command is called", () => {
    const command = new Command();
    assert.deepEqual(command.run(), command.fromSnapshot);
    const link = join(command.home, "link");
    symlinkSync(join(command.folder, "concord"), link);
    assert.deepEqual(command.run({}, link), command.fromSnapshot);
    assert.deepEqual(command.run({}, "./concord", command.folder), command.fromSnapshot);
  });

  test("scripts/command-script: another Node, options in the environment and another place take the ordinary way", () => {
    const command = new Command();
    assert.deepEqual(command.run({ NODE_OPTIONS: "--max-old-space-size=99" }), command.ordinary);
    assert.deepEqual(command.run({ NODE_V8_COVERAGE: "/tmp/c" }), command.ordinary);
    utimesSync(command.node, 1, 1);
    assert.deepEqual(command.run(), command.ordinary);
    const moved = new Command();
    const before = moved.folder;
    moved.folder = join(moved.home, "moved");
    renameSync(before, moved.folder);
    assert.deepEqual(moved.run(), moved.ordinary);
  });

  test("scripts/command-script: a snapshot that is not there, or was never made, is not asked for", () => {
    const command = new Command();
    renameSync(join(command.folder, "a.snapshot"), join(command.folder, "b.snapshot"));
    assert.deepEqual(command.run(), command.ordinary);
    const text = commandScript({ folder: command.folder, main: "main.js" });
    assert.notInclude(text, "snapshot");
    assert.include(text, 'exec node "$folder/main.js" "$@"');
  });
});
