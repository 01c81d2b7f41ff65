import { assert } from "chai";
import { formatStolenTime, parseProcessorTime } from "../../bench/stolen-time.ts";

const stat = (...ticks: readonly number[]): string =>
  `cpu  ${ticks.join(" ")}\ncpu0 ${ticks.join(" ")}\nintr 1 2 3\n`;

suite("bench/stolen-time", () => {
  test("bench/stolen-time: idle and waiting time are not wanted", () => {
    const time = parseProcessorTime(stat(100, 20, 30, 4000, 500, 6, 7, 80, 0, 0));
    assert.deepEqual(time, { wanted: 243, stolen: 80 });
  });

  test("bench/stolen-time: the share of what was wanted meanwhile", () => {
    const before = { wanted: 1000, stolen: 500 };
    const line = formatStolenTime(before, { wanted: 1800, stolen: 600 });
    assert.match(line, / took 12\.5 % of /);
    assert.match(formatStolenTime(before, before), / took 0\.0 % of /);
  });
});
