/** Output (frontend/output): one write a turn, bounds, order of those who wait. Method: a sink that the test fills. */
import { assert } from "chai";
import { suite, test } from "mocha";
import { Gathering } from "../../../src/frontend/gathering.ts";
import { OUTPUT_TURN_BYTES_MAX, UNSENT_BYTES_MAX } from "../../../src/frontend/limits.ts";
import { Output } from "../../../src/frontend/output.ts";

/** Takes nothing by itself: what is written stays until `take`. */
class Sink {
  writableLength = 0;
  readonly writes: string[] = [];
  isTaking = true;

  write(bytes: Uint8Array, done?: () => void): boolean {
    this.writes.push(Buffer.from(bytes).toString("latin1"));
    if (!this.isTaking) this.writableLength += bytes.length;
    done?.();
    return this.isTaking;
  }
}

suite("frontend/output", () => {
  test("frontend/output: what is written in one turn leaves in one write", async () => {
    const sink = new Sink();
    const output = new Output(sink);
    output.writer().append(Buffer.from("one "));
    output.writer().append(Buffer.from("two"));
    assert.deepEqual(sink.writes, []);
    await nextTurn();
    assert.deepEqual(sink.writes, ["one two"]);
  });

  test("frontend/output: held output leaves with the flush and not before", async () => {
    const sink = new Sink();
    const output = new Output(sink);
    output.hold();
    output.writer().append(Buffer.from("a"));
    await nextTurn();
    assert.deepEqual(sink.writes, []);
    output.flush();
    assert.deepEqual(sink.writes, ["a"]);
  });

  test("frontend/output: held output leaves with its release, or when others say so", () => {
    const sink = new Sink();
    const output = new Output(sink);
    const gathered: unknown[] = [];
    const gathering = { add: (one: Output) => gathered.push(one) } as unknown as Gathering;
    for (const [text, among] of [
      ["alone", undefined],
      ["with others", gathering],
    ] as const) {
      output.hold();
      output.writer().append(Buffer.from(text));
      output.release(among);
    }
    assert.deepEqual(sink.writes, ["alone"]);
    assert.deepEqual(gathered, [output]);
    output.flush();
    assert.deepEqual(sink.writes, ["alone", "with others"]);
  });

  test("frontend/output: released without a word it is as if it had not been held", async () => {
    const sink = new Sink();
    const output = new Output(sink);
    output.hold();
    output.release(new Gathering());
    output.writer().append(Buffer.from("later"));
    await Promise.resolve();
    assert.deepEqual(sink.writes, ["later"]);
  });

  test("frontend/output: memory that the socket still holds is not written again", () => {
    const kept: Uint8Array[] = [];
    const sink = {
      writableLength: 0,
      write(bytes: Uint8Array): boolean {
        kept.push(bytes);
        this.writableLength += bytes.length;
        return false;
      },
    };
    const output = new Output(sink);
    for (const text of ["first", "again", "third"]) {
      output.writer().append(Buffer.from(text));
      output.flush();
    }
    assert.deepEqual(
      kept.map(String),
      ["first", "again", "third"].map((t) => String(Buffer.from(t))),
    );
  });

  test("frontend/output: a turn has its limit and the next turn comes", async () => {
    const sink = new Sink();
    const output = new Output(sink);
    output.writer().append(Buffer.alloc(OUTPUT_TURN_BYTES_MAX));
    assert.isFalse(output.isReady());
    let wasCalled = false;
    output.onReady(() => {
      wasCalled = true;
      assert.isTrue(output.isReady());
    });
    assert.isFalse(wasCalled);
    await nextTurn();
    assert.isTrue(wasCalled);
  });

  test("frontend/output: a slow reader holds producers until the socket has drained", async () => {
    const sink = new Sink();
    sink.isTaking = false;
    const output = new Output(sink);
    output.writer().append(Buffer.alloc(UNSENT_BYTES_MAX + 1));
    output.flush();
    const calls: string[] = [];
    output.onReady(() => calls.push("ready"));
    await nextTurn();
    await nextTurn();
    assert.deepEqual(calls, []);
    sink.writableLength = 0;
    output.drained();
    await nextTurn();
    assert.deepEqual(calls, ["ready"]);
  });

  test("frontend/output: producers that share a connection take turns", async () => {
    const output = new Output(new Sink());
    const order: string[] = [];
    const produce = (name: string, count: number): void => {
      order.push(name);
      output.writer().append(Buffer.alloc(OUTPUT_TURN_BYTES_MAX));
      if (count > 1) output.onReady(() => produce(name, count - 1));
    };
    output.onReady(() => produce("a", 3));
    output.onReady(() => produce("b", 3));
    while (order.length < 6) await nextTurn();
    assert.equal(order.join(""), "ababab");
  });

  test("frontend/output: closing calls everybody who waits", async () => {
    const sink = new Sink();
    sink.isTaking = false;
    const output = new Output(sink);
    output.writer().append(Buffer.alloc(UNSENT_BYTES_MAX + 1));
    output.flush();
    const calls: number[] = [];
    for (const number of [1, 2]) output.onReady(() => calls.push(number));
    output.close();
    while (calls.length < 2) await nextTurn();
    assert.deepEqual(calls, [1, 2]);
  });
});

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
