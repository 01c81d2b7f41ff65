// When a consumer answers the entries of a total initialization: a supplier of 389 pauses for seconds while 1,000 of them have no answer.
import { assert } from "chai";
import { makeRuv } from "../../../../src/replication/ruv/index.ts";
import {
  AHEAD_BYTES_MAX,
  type ImportAction,
  type ImportEvent,
  type ImportState,
  startImport,
  stepImport,
} from "../../../../src/replication/total/import-session.ts";

class Session {
  state: ImportState = startImport(makeRuv("5f0000000000000a0000"));
  readonly actions: ImportAction[] = [];

  step(event: ImportEvent): void {
    const { state, actions } = stepImport(this.state, event);
    this.state = state;
    this.actions.push(...actions);
  }

  receive(messageId: number, bytes: number): void {
    this.step({ type: "entryReceived", messageId, bytes });
  }

  settle(bytes: number, outcome: "put" | "orphan" | "refused" = "put"): void {
    this.step({ type: "entrySettled", bytes, outcome });
  }

  get answered(): readonly number[] {
    return this.actions.flatMap((action) =>
      action.type === "answerEntry" ? [action.messageId] : [],
    );
  }

  has(type: ImportAction["type"]): boolean {
    return this.actions.some((action) => action.type === type);
  }
}

suite("total/import-session", () => {
  const QUARTER = AHEAD_BYTES_MAX / 4;

  test("total/import-session: entries are answered when they come, as long as not too much waits", () => {
    const session = new Session();
    for (let id = 1; id <= 7; id += 1) session.receive(id, QUARTER);
    assert.deepEqual(session.answered, [1, 2, 3, 4]);
    for (let settled = 0; settled < 4; settled += 1) session.settle(QUARTER);
    assert.deepEqual(session.answered, [1, 2, 3, 4], "more than half waits");
    session.settle(QUARTER);
    assert.deepEqual(session.answered, [1, 2, 3, 4, 5, 6, 7]);
    session.receive(8, QUARTER);
    assert.deepEqual(session.answered.at(-1), 8);
  });

  test("total/import-session: an entry that is too large for all that is answered when it is put", () => {
    const session = new Session();
    session.receive(1, AHEAD_BYTES_MAX + 1);
    session.receive(2, 1);
    assert.deepEqual(session.answered, []);
    session.settle(AHEAD_BYTES_MAX + 1);
    assert.deepEqual(session.answered, [1, 2]);
  });

  test("total/import-session: End finishes when all is put, answered or not", () => {
    const session = new Session();
    session.receive(1, 1);
    session.receive(2, AHEAD_BYTES_MAX);
    session.step({ type: "endReceived", messageId: 3 });
    session.settle(1, "orphan");
    assert.isFalse(session.has("finishImport"));
    session.settle(AHEAD_BYTES_MAX);
    assert.deepEqual(session.answered, [1, 2]);
    assert.isTrue(session.has("finishImport"));
  });

  test("total/import-session: an entry that is refused after its answer ends it all", () => {
    const session = new Session();
    session.receive(1, 1);
    session.receive(2, 1);
    session.settle(1);
    session.settle(1, "refused");
    assert.deepEqual(session.state, { name: "ended", how: "aborted" });
    assert.deepEqual(session.actions.slice(-2), [
      { type: "abortImport" },
      { type: "closeConnection" },
    ]);
  });
});
