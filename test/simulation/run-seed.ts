// Runs one seed to its end, or to the first thing that goes wrong.
import { healAndCheck } from "./healing.ts";
import { Misfortune } from "./misfortune.ts";
import { makeHistory } from "./membership-plan.ts";
import { Membership } from "./membership.ts";
import type { Scenario, ScenarioOptions } from "./scenario.ts";
import { type Limit, Simulation, type SimulationOptions } from "./simulation.ts";

export interface SeedResult {
  readonly scenario: Scenario;
  /** Of all that happened. */
  readonly hash: string;
  readonly failure: Error | undefined;
  /** Only if it was asked for. */
  readonly trace: readonly string[];
  readonly events: number;
  readonly simulatedMs: number;
  readonly answered: number;
  readonly refused: number;
  /** Why contents were not compared. */
  readonly limits: readonly Limit[];
}

export function runSeed(
  options: ScenarioOptions,
  how: SimulationOptions = {},
): Promise<SeedResult> {
  return runScenario(makeHistory(options), how);
}

export async function runScenario(
  scenario: Scenario,
  how: SimulationOptions = {},
): Promise<SeedResult> {
  // Schedules of agreements follow the clock on the wall.
  process.env["TZ"] = "UTC";
  const simulation = new Simulation(scenario, how);
  const rejected = (error: unknown): void => simulation.fail(error);
  process.on("unhandledRejection", rejected);
  let failure: Error | undefined;
  try {
    await runActions(simulation);
  } catch (error) {
    failure = error instanceof Error ? error : new Error(String(error));
  } finally {
    process.off("unhandledRejection", rejected);
  }
  const { trace, queue, answeredCount, refusedCount } = simulation;
  return {
    scenario,
    hash: trace.hash,
    failure: simulation.failure ?? failure,
    trace: trace.lines,
    events: queue.count,
    simulatedMs: queue.now,
    answered: answeredCount,
    refused: refusedCount,
    limits: [...simulation.limits],
  };
}

async function runActions(simulation: Simulation): Promise<void> {
  await simulation.setUp();
  const { queue, scenario, options } = simulation;
  const start = queue.now;
  const misfortune = new Misfortune(simulation);
  const membership = new Membership(simulation);
  misfortune.backUpAll();
  for (const [index, action] of scenario.actions.entries()) {
    if (options.without?.has(index) === true) continue;
    // Healing takes its time: what was planned for it comes after it.
    await simulation.after(Math.max(0, start + action.at - queue.now));
    if (action.kind === "heal") await healAndCheck(simulation, misfortune, membership);
    else if (action.kind === "write") simulation.writeNext(action);
    else if (action.kind === "join" || action.kind === "retire") membership.act(action);
    else misfortune.act(action);
  }
}
