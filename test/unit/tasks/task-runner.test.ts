// Life of a task: progress, exit code, exclusion of two tasks on one backend, cancel, end of its entry.
import { assert } from "chai";
import { type Millis, SILENT_LOG } from "../../../src/base/index.ts";
import type { ConfigEntry } from "../../../src/config/index.ts";
import { LdapError } from "../../../src/protocol/index.ts";
import {
  type TaskOrder,
  type TaskProgress,
  TaskRunner,
  type TaskWorks,
} from "../../../src/tasks/index.ts";
import { newTree } from "../../support/config-tree.ts";

const DN = "cn=t,cn=import,cn=tasks,cn=config";

const order = (dn = DN): TaskOrder => ({
  kind: "import",
  dn,
  normalDn: dn,
  backendName: "userRoot",
  files: ["/x"],
  includeSuffixes: [],
  excludeSuffixes: [],
});

const entry = (dn = DN, ttl?: string): ConfigEntry =>
  newTree().makeEntry(dn, [["cn", "t"], ...(ttl === undefined ? [] : [["ttl", ttl] as const])]);

function runner(works: TaskWorks): {
  readonly tasks: TaskRunner;
  readonly clock: { now(): Millis; time: number };
} {
  const clock = { time: 1_000_000, now: () => clock.time as Millis };
  const tasks = new TaskRunner({
    works,
    clock,
    log: SILENT_LOG,
    formatTime: () => "20260102030405Z",
  });
  return { tasks, clock };
}

suite("tasks/runner", () => {
  test("tasks/runner: the state shows log, progress and, at the end, the exit code", async () => {
    let seen: TaskProgress | undefined;
    let end = (): void => {};
    const { tasks } = runner({
      import: (_order, progress) => {
        seen = progress;
        progress.log("Beginning import");
        progress.items(3, 10);
        return new Promise((resolve) => {
          end = resolve;
        });
      },
    });
    const done = tasks.run(order(), entry());
    assert.include(tasks.findStatus(DN), {
      currentItem: 3,
      totalItems: 10,
      exitCode: undefined,
      status: "Beginning import",
    });
    assert.lengthOf(tasks.runningOrders(), 1);
    seen?.warn(8);
    seen?.log("Import complete");
    end();
    await done;
    assert.include(tasks.findStatus(DN), {
      exitCode: 0,
      currentItem: 10,
      warning: 8,
      log: "Beginning import\nImport complete",
      created: "20260102030405Z",
    });
  });

  test("tasks/runner: a refusal of the work is its exit code and last line", async () => {
    const { tasks } = runner({
      import: () => Promise.reject(new LdapError("noSuchObject", "There is no file /x")),
    });
    await tasks.run(order(), entry());
    assert.include(tasks.findStatus(DN), { exitCode: 32, status: "There is no file /x" });
  });

  test("tasks/runner: a second task on the same backend fails at once", async () => {
    let end = (): void => {};
    const { tasks } = runner({
      import: () =>
        new Promise((resolve) => {
          end = resolve;
        }),
    });
    const first = tasks.run(order(), entry());
    const second = "cn=u,cn=import,cn=tasks,cn=config";
    await tasks.run(order(second), entry(second));
    assert.include(tasks.findStatus(second), {
      exitCode: -1,
      status: "userRoot: is already in the middle of another task and cannot be disturbed.",
    });
    end();
    await first;
    assert.equal(tasks.findStatus(DN)?.exitCode, 0);
  });

  test("tasks/runner: nsTaskCancel reaches the work", async () => {
    let progress: TaskProgress | undefined;
    let end = (): void => {};
    const { tasks } = runner({
      import: (_order, given) => {
        progress = given;
        return new Promise((resolve) => {
          end = resolve;
        });
      },
    });
    const done = tasks.run(order(), entry());
    assert.equal(progress?.isCanceled(), false);
    tasks.change(entry().with([["nsTaskCancel", "TRUE"]]));
    assert.equal(progress?.isCanceled(), true);
    end();
    await done;
  });

  test("tasks/runner: the entry of a finished task lives for its ttl", async () => {
    const { tasks, clock } = runner({ import: () => Promise.resolve() });
    await tasks.run(order(), entry(DN, "60"));
    assert.deepEqual(tasks.takeExpired(), []);
    clock.time += 60_000;
    assert.deepEqual(tasks.takeExpired(), [DN]);
    assert.isUndefined(tasks.findStatus(DN));
  });

  test("tasks/runner: work that does not exist is refused before the task starts", () => {
    const { tasks } = runner({});
    assert.throws(() => tasks.checkSupported(order()), LdapError);
  });
});
