// Makes the history of a failing seed small: actions are left out, many at a time first, then one by one, as long as the run still
// fails. What remains is seldom minimal and mostly small enough to be read.
import { type SeedResult, runScenario } from "./run-seed.ts";
import type { Scenario } from "./scenario.ts";

/** Runs at most. */
const RUNS_MAX = 200;

export interface SmallHistory {
  readonly result: SeedResult;
  /** Numbers of the actions that are left. */
  readonly kept: readonly number[];
}

export async function shrink(scenario: Scenario): Promise<SmallHistory> {
  const all = scenario.actions.map((_, index) => index);
  let runs = 0;
  const fails = async (kept: readonly number[]): Promise<boolean> => {
    runs += 1;
    const without = new Set(all.filter((index) => !kept.includes(index)));
    return (await runScenario(scenario, { without })).failure !== undefined;
  };
  let kept: readonly number[] = all;
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = kept.length - size; from > -size && runs < RUNS_MAX; from -= size) {
      const start = Math.max(0, from);
      const fewer = [...kept.slice(0, start), ...kept.slice(start + size)];
      // Nothing is looked at without healing.
      const isLooked = fewer.some((index) => scenario.actions[index]?.kind === "heal");
      if (isLooked && (await fails(fewer))) kept = fewer;
    }
  }
  const without = new Set(all.filter((index) => !kept.includes(index)));
  return { result: await runScenario(scenario, { without, keepsTrace: true }), kept };
}

/** What clients asked, what went wrong, and what servers committed. */
export function describeHistory({ result, kept }: SmallHistory): string[] {
  const { scenario, trace, failure } = result;
  const isTold = (line: string): boolean =>
    / is asked | answers | commits |^\S+ (misfortune|healing|operator) | serves$/.test(line);
  return [
    `${kept.length} of ${scenario.actions.length} actions are enough:`,
    ...trace.filter(isTold).map((line) => `  ${line}`),
    ...(failure?.message ?? "it does not fail any more").split("\n").map((line) => `  ${line}`),
  ];
}
