import { assert } from "chai";
import type { Millis } from "../../../../src/base/index.ts";
import {
  type KeepAliveTimer,
  changeKeepAliveInterval,
  keepAliveAttributes,
  keepAliveDn,
  keepAliveMods,
  keepAliveWrite,
  startKeepAliveTimer,
  tickKeepAlive,
} from "../../../../src/replication/agreement/index.ts";
import type { ReplicaId } from "../../../../src/replication/csn/index.ts";
import { traceTests } from "../../../support/trace-file.ts";

const RID = 7 as ReplicaId;

/** Commands: `at=S`, optionally `gate=closed`; `interval=S at=S`; times are seconds. */
function run(commands: readonly string[]): string[] {
  let timer: KeepAliveTimer | undefined;
  return commands.map((command) => {
    const words = new Map(command.split(" ").map((word) => word.split("=") as [string, string]));
    const now = (1000 * Number(words.get("at"))) as Millis;
    const interval = words.get("interval");
    if (interval !== undefined) {
      const intervalMs = 1000 * Number(interval);
      timer =
        timer === undefined
          ? startKeepAliveTimer(intervalMs, now)
          : changeKeepAliveInterval(timer, intervalMs, now);
      return `due at ${timer.dueAt / 1000}`;
    }
    assert.ok(timer !== undefined);
    const tick = tickKeepAlive(timer, now, words.get("gate") !== "closed");
    timer = tick.timer;
    return `${tick.isDue ? "write" : "wait"}, due at ${timer.dueAt / 1000}`;
  });
}

suite("agreement/keep-alive", () => {
  traceTests("agreement/keep-alive", "replication/keep-alive-timer.txt", run);

  test("agreement/keep-alive: the entry is that of 389", () => {
    assert.equal(keepAliveDn(RID, "dc=x"), "cn=repl keep alive 7,dc=x");
    assert.deepEqual(
      keepAliveAttributes(RID).map(({ type, values }) => `${type}: ${values.join(", ")}`),
      [
        "objectClass: top, ldapsubentry, extensibleObject",
        "cn: repl keep alive 7",
        "keepalivetimestamp: 0",
      ],
    );
    const [mod] = keepAliveMods("20261121211120Z");
    assert.equal(
      `${mod?.operation} ${mod?.type} ${mod?.values.join("")}`,
      "replace keepalivetimestamp 20261121211120Z",
    );
  });

  test("agreement/keep-alive: each reason does what it may", () => {
    assert.deepEqual(
      (["update", "create", "refresh"] as const).map((reason) => [
        keepAliveWrite(reason, false),
        keepAliveWrite(reason, true),
      ]),
      [
        ["add", "modify"],
        ["add", "none"],
        ["none", "modify"],
      ],
    );
  });
});
