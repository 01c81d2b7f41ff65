/** Tables, fields and progress. */
import { assert } from "chai";
import { suite, test } from "mocha";
import { formatFields, formatTable } from "../../../src/cli/print.ts";
import { Progress } from "../../../src/cli/progress.ts";

suite("cli/print", () => {
  test("cli/print: columns are as wide as their widest cell", () => {
    const table = formatTable(
      ["name", "count"],
      [
        ["a", "1"],
        ["longer", "22"],
      ],
    );
    assert.equal(table, "NAME    COUNT\na       1\nlonger  22");
  });

  test("cli/print: fields are aligned, absent ones left out", () => {
    const text = formatFields([
      ["a", "1"],
      ["gone", undefined],
      ["long name", "2"],
    ]);
    assert.equal(text, "a:         1\nlong name: 2");
  });

  for (const isTTY of [true, false]) {
    test(`cli/progress: ${isTTY ? "a bar on a terminal" : "a line every few seconds elsewhere"}`, () => {
      let now = 0;
      const written: string[] = [];
      const output = { isTTY, write: (text: string) => written.push(text) };
      const progress = new Progress("loading", output, () => now);
      for (let done = 0; done <= 100; done += 1) {
        now += 150;
        progress.report(done, 100);
      }
      progress.end();
      if (isTTY) {
        assert.lengthOf(written, 102);
        assert.equal(written.at(-2), `\rloading [${"#".repeat(30)}] 100 of 100 (100 %)\u001b[K`);
        assert.equal(written.at(-1), "\r\u001b[K");
      } else {
        assert.deepEqual(written, ["loading: 33 of 100 (33 %)\n", "loading: 67 of 100 (67 %)\n"]);
      }
    });
  }

  test("cli/progress: work that is over at once says nothing", () => {
    const written: string[] = [];
    const progress = new Progress("x", { write: (text: string) => written.push(text) }, () => 0);
    progress.report(1, 2);
    progress.end();
    assert.isEmpty(written);
  });
});
