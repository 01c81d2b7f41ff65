import { assert } from "chai";
import type { Millis } from "../../../../src/base/index.ts";
import {
  type Moment,
  isOpen,
  nextScheduleChange,
  parseSchedule,
} from "../../../../src/replication/agreement/index.ts";

/** Day 0 is a Sunday. */
const at = (day: number, hour: number, minute: number, second = 0): Moment => ({
  now: 0 as Millis,
  wall: 0 as Millis,
  localDay: day,
  localSeconds: 3600 * hour + 60 * minute + second,
});

const hoursUntilChange = (values: string[], moment: Moment): number | undefined => {
  const next = nextScheduleChange(parseSchedule(values), moment);
  return next === undefined ? undefined : next / 3_600_000;
};

suite("agreement/schedule", () => {
  const cases: [values: string[], moment: Moment, open: boolean][] = [
    [[], at(0, 3, 0), true],
    [["*"], at(0, 3, 0), true],
    [["0800-1200"], at(3, 8, 0), true],
    [["0800-1200"], at(3, 7, 59, 59), false],
    [["0800-1200"], at(3, 12, 0, 59), true],
    [["0800-1200"], at(3, 12, 1), false],
    [["0800-1200 135"], at(3, 9, 0), true],
    [["0800-1200 135"], at(2, 9, 0), false],
    [["0800-1200 135", "0000-2359 0"], at(0, 23, 59, 59), true],
    [["1200-0800"], at(0, 3, 0), true], // no window at all: no restriction
    [["2560-2561"], at(0, 3, 0), true],
  ];
  for (const [values, moment, open] of cases) {
    const time = `${moment.localDay} ${moment.localSeconds}`;
    test(`agreement/schedule: "${values.join(", ")}" at ${time} is ${open ? "open" : "closed"}`, () => {
      assert.equal(isOpen(parseSchedule(values), moment), open);
    });
  }

  test("agreement/schedule: the next change is told, a week ahead at most", () => {
    assert.isUndefined(hoursUntilChange([], at(0, 0, 0)));
    assert.equal(hoursUntilChange(["0800-1159"], at(0, 0, 0)), 8);
    assert.equal(hoursUntilChange(["0800-1159"], at(0, 9, 0)), 3);
    assert.equal(hoursUntilChange(["0800-1159 1"], at(1, 12, 0)), 7 * 24 - 4);
    assert.equal(hoursUntilChange(["0000-2359 6"], at(6, 0, 0)), 24);
    assert.isUndefined(hoursUntilChange(["0000-2359"], at(6, 0, 0)));
    assert.equal(hoursUntilChange(["0800-1159", "1000-1359"], at(1, 9, 0)), 5);
  });
});
