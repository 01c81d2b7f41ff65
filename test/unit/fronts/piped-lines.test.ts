import { assert } from "chai";
import { PipedLines } from "../../../src/fronts/piped-lines.ts";
import { waitFor } from "../../support/wait-for.ts";

const WAIT_MS = 10_000;

suite("fronts/piped-lines", () => {
  /** A way to the main process that takes lines, or has no room. */
  class FakeLink {
    readonly sent: string[] = [];
    hasRoom = true;

    accessLines(lines: Buffer): boolean {
      if (this.hasRoom) this.sent.push(lines.toString("utf8"));
      return this.hasRoom;
    }
  }

  test("fronts/piped-lines: lines gather and leave whole, by time or by size", async () => {
    const link = new FakeLink();
    const lines = new PipedLines(link, { isBuffered: true });
    lines.append("one");
    lines.startLine().text("two ").number(2);
    lines.endLine();
    assert.deepEqual(link.sent, []);
    await waitFor(() => link.sent.length > 0, "they are sent", WAIT_MS);
    assert.deepEqual(link.sent, ["one\ntwo 2\n"]);
    const long = "x".repeat(1_000);
    while (link.sent.length === 1) lines.append(long);
    assert.match(link.sent[1] ?? "", /^(x{1000}\n)+$/);
  });

  test("fronts/piped-lines: without buffering each line leaves at once", () => {
    const link = new FakeLink();
    const lines = new PipedLines(link, { isBuffered: false });
    lines.append("one");
    lines.append("two");
    assert.deepEqual(link.sent, ["one\n", "two\n"]);
  });

  test("fronts/piped-lines: what finds no room is dropped, and that is said", () => {
    const link = new FakeLink();
    const lines = new PipedLines(link, { isBuffered: false });
    link.hasRoom = false;
    lines.append("one");
    lines.append("two");
    link.hasRoom = true;
    lines.append("three");
    lines.append("four");
    assert.deepEqual(link.sent, ["three\ndropped 2 pieces of the log of a front end\n", "four\n"]);
  });
});
