/** Gathering (frontend/gathering): who leaves when. Method: a clock that the test sets. */
import { assert } from "chai";
import { setup, suite, teardown, test } from "mocha";
import { Gathering } from "../../../src/frontend/gathering.ts";
import { GATHERED_OUTPUTS_MAX, GATHER_MS_MAX } from "../../../src/frontend/limits.ts";

const REPLACEABLE = { configurable: true, writable: true, enumerable: true };
const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

suite("frontend/gathering", () => {
  const { performance } = globalThis;
  let now = 0;
  let gathering: Gathering;
  let left: string[] = [];
  setup(() => {
    now = 0;
    left = [];
    gathering = new Gathering();
    Object.defineProperty(globalThis, "performance", { ...REPLACEABLE, value: { now: () => now } });
  });
  teardown(() => {
    Object.defineProperty(globalThis, "performance", { ...REPLACEABLE, value: performance });
  });

  const add = (name: string): void => gathering.add({ flush: () => void left.push(name) });

  test("frontend/gathering: all leave at the end of the turn, in order and once", async () => {
    for (const name of ["one", "two", "three"]) add(name);
    await Promise.resolve();
    assert.deepEqual(left, []);
    await nextTurn();
    assert.deepEqual(left, ["one", "two", "three"]);
    add("four");
    await nextTurn();
    assert.deepEqual(left, ["one", "two", "three", "four"]);
  });

  test("frontend/gathering: nobody waits for more than so many others", async () => {
    for (let i = 1; i < GATHERED_OUTPUTS_MAX; i += 1) add(String(i));
    assert.deepEqual(left, []);
    add("last");
    assert.lengthOf(left, GATHERED_OUTPUTS_MAX);
    add("of the next ones");
    assert.lengthOf(left, GATHERED_OUTPUTS_MAX);
    await nextTurn();
    assert.lengthOf(left, GATHERED_OUTPUTS_MAX + 1);
  });

  test("frontend/gathering: nobody waits for others that take long", () => {
    add("one");
    now += GATHER_MS_MAX / 2;
    add("two");
    assert.deepEqual(left, []);
    now += GATHER_MS_MAX / 2;
    add("three");
    assert.deepEqual(left, ["one", "two", "three"]);
  });

  test("frontend/gathering: nobody waits for what is about to take long, nor leaves twice", async () => {
    add("one");
    add("two");
    gathering.flush();
    assert.deepEqual(left, ["one", "two"]);
    add("three");
    await nextTurn();
    assert.deepEqual(left, ["one", "two", "three"]);
  });
});
