/** Log files: order, buffering, rotation, and the event log. Method: temporary folders and a clock that the test moves. */
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert } from "chai";
import { setup, suite, teardown, test } from "mocha";
import type { Millis } from "../../../src/base/index.ts";
import { LOG_FILE_DEFAULTS, LogFile, openEventLog, rotatedFiles } from "../../../src/log/index.ts";

suite("log", () => {
  let folder: string;
  let path: string;
  let nowMs: number;
  const clock = { now: () => nowMs as Millis };
  setup(() => {
    folder = mkdtempSync(join(tmpdir(), "concord-log-"));
    path = join(folder, "access");
    nowMs = Date.UTC(2026, 0, 2, 3, 4, 5);
  });
  teardown(() => rmSync(folder, { recursive: true }));

  test("log/log-file: lines are written in order, also when writes overlap", async () => {
    const file = new LogFile({ ...LOG_FILE_DEFAULTS, path }, clock);
    const lines: string[] = [];
    for (let number = 0; number < 20_000; number += 1) {
      lines.push(`line ${number} é`);
      file.append(`line ${number} é`);
      if (number % 5_000 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    while (statSync(path).size === 0) await new Promise((resolve) => setImmediate(resolve));
    await file.close();
    await untilLines(path, lines.length);
    assert.equal(readFileSync(path, "utf8"), `${lines.join("\n")}\n`);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  test("log/log-file: without buffering a line is there after the turn", async () => {
    const file = new LogFile({ ...LOG_FILE_DEFAULTS, path, isBuffered: false }, clock);
    file.append("one");
    await untilLines(path, 1);
    file.append("two");
    await untilLines(path, 2);
    await file.close();
  });

  test("log/log-file: an existing file is continued and lines after close are dropped", async () => {
    for (const line of ["first", "second"]) {
      const file = new LogFile({ ...LOG_FILE_DEFAULTS, path }, clock);
      file.append(line);
      await file.close();
      file.append("late");
      await file.close();
    }
    assert.equal(readFileSync(path, "utf8"), "first\nsecond\n");
  });

  test("log/log-file: a file that is too large is put aside, and the oldest are deleted", async () => {
    const settings = { ...LOG_FILE_DEFAULTS, path, bytesMax: 10, filesMax: 3, isBuffered: false };
    const file = new LogFile(settings, clock);
    for (let number = 0; number < 15; number += 1) {
      file.append(`number ${number} of many`);
      while (statSync(path).size === 0 || !readFileSync(path, "utf8").includes(`${number} of`))
        await new Promise((resolve) => setImmediate(resolve));
    }
    await file.close();
    assert.deepEqual(
      rotatedFiles(path).map((name) => readFileSync(name, "utf8").slice(0, 9)),
      ["number 12", "number 13"],
    );
    assert.deepEqual(
      rotatedFiles(path).map((name) => name.slice(path.length)),
      [".20260102-030405.12", ".20260102-030405.13"],
    );
    assert.lengthOf(readdirSync(folder), 3);
  });

  test("log/log-file: a file that is too old is put aside", async () => {
    const file = new LogFile(
      { ...LOG_FILE_DEFAULTS, path, ageMsMax: 1000, isBuffered: false },
      clock,
    );
    file.append("old");
    await untilLines(path, 1);
    nowMs += 1000;
    file.append("new");
    while (rotatedFiles(path).length === 0) await new Promise((resolve) => setImmediate(resolve));
    await untilLines(path, 1);
    await file.close();
    assert.equal(readFileSync(path, "utf8"), "new\n");
    assert.equal(readFileSync(rotatedFiles(path)[0] ?? "", "utf8"), "old\n");
  });

  test("log/log-file: after somebody moved the file away it is opened again", async () => {
    const file = new LogFile({ ...LOG_FILE_DEFAULTS, path }, clock);
    file.append("before");
    file.flush();
    renameSync(path, `${path}.moved`);
    file.reopen();
    file.append("after");
    await file.close();
    assert.equal(readFileSync(`${path}.moved`, "utf8"), "before\n");
    assert.equal(readFileSync(path, "utf8"), "after\n");
  });

  test("log/event-log: a line has time, level, event and fields, and the level can change", () => {
    const log = openEventLog({ path, level: "info", fields: { instance: "a" } });
    log.debug("room.noun.hidden");
    log.info("room.noun.verbed", { ageMs: 5 });
    log.level = "debug";
    log.debug("room.noun.shown");
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    assert.deepEqual(
      records.map(({ event }) => event),
      ["room.noun.verbed", "room.noun.shown"],
    );
    assert.include(records[0], { level: "info", instance: "a", ageMs: 5 });
    assert.match(String(records[0]?.["time"]), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });
});

async function untilLines(path: string, count: number): Promise<void> {
  while (readFileSync(path, "utf8").split("\n").length <= count)
    await new Promise((resolve) => setImmediate(resolve));
}
