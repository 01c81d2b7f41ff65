/** Time limits of a connection (frontend/watch). Method: a story of looks at given seconds, and the verdict of the last. */
import { assert } from "chai";
import { suite, test } from "mocha";
import { FRONTEND_SETTINGS_DEFAULT } from "../../../src/frontend/index.ts";
import { type ConnectionView, ConnectionWatch } from "../../../src/frontend/watch.ts";

const QUIET: ConnectionView = {
  state: "open",
  requestCount: 1,
  finishedCount: 1,
  outstandingCount: 0,
  isIdleAllowed: false,
  incompleteBytes: 0,
  unsentBytes: 0,
};

type Look = readonly [seconds: number, view: Partial<ConnectionView>];

const STORIES: readonly (readonly [string, readonly Look[], string | undefined])[] = [
  [
    "an hour without a request is idle",
    [
      [1, {}],
      [3602, {}],
    ],
    "idle",
  ],
  [
    "less than an hour is not",
    [
      [1, {}],
      [3600, {}],
    ],
    undefined,
  ],
  [
    "a request restarts the hour",
    [
      [1, {}],
      [3000, { requestCount: 2 }],
      [6000, { requestCount: 2 }],
    ],
    undefined,
  ],
  [
    "a running operation is not idle",
    [
      [1, { outstandingCount: 1 }],
      [9000, { outstandingCount: 1 }],
    ],
    undefined,
  ],
  [
    "idleness may be allowed",
    [
      [1, { isIdleAllowed: true }],
      [9000, { isIdleAllowed: true }],
    ],
    undefined,
  ],
  [
    "a reader that takes nothing is blocked",
    [
      [1, { unsentBytes: 9 }],
      [12, { unsentBytes: 9 }],
    ],
    "writeBlocked",
  ],
  [
    "a slow reader is not",
    [
      [1, { unsentBytes: 9 }],
      [9, { unsentBytes: 8 }],
      [15, { unsentBytes: 8 }],
    ],
    undefined,
  ],
  [
    "a reader that caught up is not",
    [
      [1, { unsentBytes: 9 }],
      [9, {}],
      [15, { unsentBytes: 9 }],
    ],
    undefined,
  ],
  [
    "a request that grows and never ends is refused",
    [
      [1, { incompleteBytes: 5 }],
      [20, { incompleteBytes: 500 }],
      [32, { incompleteBytes: 900 }],
    ],
    "requestIncomplete",
  ],
  [
    "requests that follow each other are not",
    [
      [1, { incompleteBytes: 5 }],
      [20, { incompleteBytes: 5, requestCount: 2 }],
      [49, { incompleteBytes: 5, requestCount: 2 }],
    ],
    undefined,
  ],
  [
    "a handshake has ten seconds",
    [
      [1, { state: "handshaking" }],
      [12, { state: "handshaking" }],
    ],
    "handshakeFailed",
  ],
  [
    "a half-closed connection has ten seconds",
    [
      [1, { state: "halfClosed", outstandingCount: 1 }],
      [12, { state: "halfClosed", outstandingCount: 1 }],
    ],
    "clientClosed",
  ],
  [
    "a close has two seconds",
    [
      [1, {}],
      [2, { state: "closing" }],
      [5, { state: "closing" }],
    ],
    "closingTooLong",
  ],
  [
    "time in one state does not count for the next",
    [
      [1, { state: "handshaking" }],
      [10, {}],
      [19, { state: "handshaking" }],
    ],
    undefined,
  ],
];

suite("frontend/watch", () => {
  for (const [name, looks, verdict] of STORIES) {
    test(`frontend/watch: ${name}`, () => {
      const watch = new ConnectionWatch(0);
      const verdicts = looks.map(([seconds, view]) =>
        watch.check({ ...QUIET, ...view }, seconds * 1000, FRONTEND_SETTINGS_DEFAULT),
      );
      assert.equal(verdicts.pop(), verdict);
      assert.isTrue(verdicts.every((earlier) => earlier === undefined));
    });
  }

  test("frontend/watch: an idle timeout of 0 means never", () => {
    const watch = new ConnectionWatch(0);
    const settings = { ...FRONTEND_SETTINGS_DEFAULT, idleTimeoutMs: 0 };
    watch.check(QUIET, 0, settings);
    assert.isUndefined(watch.check(QUIET, 1e9, settings));
  });
});
