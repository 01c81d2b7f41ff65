import { assert } from "chai";
import { FairQueue } from "../../../src/auth/fair-queue.ts";
import { LdapError } from "../../../src/protocol/index.ts";

/** A job that ends when told; `started` lists the names in the order in which they began. */
function jobs(queue: FairQueue) {
  const started: string[] = [];
  const ends = new Map<string, () => void>();
  const run = (origin: string, name: string): Promise<void> =>
    queue.run(origin, () => {
      started.push(name);
      return new Promise<void>((resolve) => ends.set(name, resolve));
    });
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    // The place moves on in a chain of promise callbacks; a turn of the event loop lies behind all of them.
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { started, run, end };
}

async function codeOf(promise: Promise<void>): Promise<number | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error instanceof LdapError ? error.code : -1;
  }
}

suite("auth/fair-queue", () => {
  test("auth/fair-queue: origins take turns, each in its own order", async () => {
    const queue = new FairQueue({ parallelMax: 1, waitingMax: 10, waitingPerOriginMax: 10 });
    const { started, run, end } = jobs(queue);
    const all = [run("a", "a1"), run("a", "a2"), run("a", "a3"), run("b", "b1"), run("c", "c1")];
    for (const name of ["a1", "a2", "b1", "c1", "a3"]) await end(name);
    await Promise.all(all);
    assert.deepEqual(started, ["a1", "a2", "b1", "c1", "a3"]);
    assert.equal(queue.waitingCount, 0);
  });

  test("auth/fair-queue: no more than parallelMax jobs run", async () => {
    const queue = new FairQueue({ parallelMax: 2, waitingMax: 10, waitingPerOriginMax: 10 });
    const { started, run, end } = jobs(queue);
    const all = [run("a", "a1"), run("a", "a2"), run("a", "a3")];
    assert.deepEqual(started, ["a1", "a2"]);
    await end("a2");
    assert.deepEqual(started, ["a1", "a2", "a3"]);
    await end("a1");
    await end("a3");
    await Promise.all(all);
    const again = run("a", "a4");
    assert.include(started, "a4");
    await end("a4");
    await again;
  });

  test("auth/fair-queue: past a limit a job is refused with busy", async () => {
    const queue = new FairQueue({ parallelMax: 1, waitingMax: 2, waitingPerOriginMax: 1 });
    const { run, end } = jobs(queue);
    const all = [run("a", "a1"), run("a", "a2")];
    assert.equal(await codeOf(run("a", "a3")), 51);
    all.push(run("b", "b1"));
    assert.equal(await codeOf(run("c", "c1")), 51);
    for (const name of ["a1", "a2", "b1"]) await end(name);
    await Promise.all(all);
  });

  test("auth/fair-queue: a job that fails gives its place back", async () => {
    const queue = new FairQueue({ parallelMax: 1, waitingMax: 2, waitingPerOriginMax: 1 });
    assert.equal(await codeOf(queue.run("a", () => Promise.reject(new Error("no")))), -1);
    assert.equal(await queue.run("a", () => Promise.resolve(5)), 5);
  });
});
