// One case on several servers in turns (A B C A B C …), so that a busy moment of the machine hits all alike. Every server warms up
// first: one that compiles while it runs has done so, caches are filled.
import type { LoadedServer } from "./bench-server.ts";
import { type Case, isGrowth } from "./cases.ts";
import type { Load, LoadGenerator, LoadOutcome, LoadTarget } from "./load-generator.ts";
import { accountsOf, userDn, userPassword } from "./people.ts";

const WARM_UP_WIDTH = { connections: 8, depth: 16 };
/** What takes long is done this much less often. */
const WARM_UP_DIVISOR = 5;
/** Of additions and of deletions, rounds that are not counted: what is added and deleted must match. */
const WARM_UP_ROUNDS = 3;
/** Of a round, the part that is not counted, and what that is at most. */
const RUN_IN = { part: 0.25, secondsMax: 0.3 };

export interface RoundOptions {
  readonly entries: number;
  readonly rounds: number;
  /** Of a round. */
  readonly seconds: number;
  /** Before the first round. */
  readonly warmUpSeconds: number;
  /** Additions, then deletions, of one round. */
  readonly changes: number;
  readonly log: (line: string) => void;
}

export type Outcomes = ReadonlyMap<LoadedServer, readonly LoadOutcome[]>;

/** The outcomes of all rounds, by server. */
export async function runRounds(
  generator: LoadGenerator,
  servers: readonly LoadedServer[],
  one: Case,
  options: RoundOptions,
): Promise<Outcomes> {
  const { name, load, operations } = one;
  const { entries, seconds, changes, rounds } = options;
  const grows = isGrowth(one);
  const counted = grows ? changes : operations;
  const amount: Load["amount"] = counted === undefined ? { seconds } : { operations: counted };
  const warmUpSeconds = Math.min(seconds * RUN_IN.part, RUN_IN.secondsMax);
  if (!grows) await warmUp(generator, servers, one, options);
  const outcomes = new Map<LoadedServer, LoadOutcome[]>(servers.map((server) => [server, []]));
  for (let round = grows ? -WARM_UP_ROUNDS : 0; round < rounds; round += 1) {
    const isCounted = round >= 0;
    const title = isCounted ? `round ${round + 1} of ${rounds}` : "warming up";
    for (const server of servers) {
      options.log(`${name}: ${server.name}, ${title}`);
      const first = grows ? entries + (WARM_UP_ROUNDS + round) * changes : 0;
      const run = { ...load, first, ...populationOf(one, entries), amount, warmUpSeconds };
      const outcome = await generator.run(targetOf(server, one), run);
      if (isCounted) outcomes.get(server)?.push(outcome);
    }
  }
  return outcomes;
}

async function warmUp(
  generator: LoadGenerator,
  servers: readonly LoadedServer[],
  one: Case,
  { entries, warmUpSeconds, log }: RoundOptions,
): Promise<void> {
  const { name, load, operations } = one;
  // Binds end what is under way on their connection; what takes long is not piled up.
  const isPipelined = operations === undefined && load.operation !== "bind";
  for (const server of servers) {
    log(`${name}: ${server.name}, warming up`);
    await generator.run(targetOf(server, one), {
      ...load,
      ...(isPipelined ? WARM_UP_WIDTH : {}),
      first: 0,
      ...populationOf(one, entries),
      amount:
        operations === undefined
          ? { seconds: warmUpSeconds }
          : { operations: Math.ceil(operations / WARM_UP_DIVISOR) },
    });
  }
}

const populationOf = ({ scheme }: Case, entries: number): Pick<Load, "base" | "name" | "range"> =>
  scheme === undefined ? { range: entries } : accountsOf(scheme);

const targetOf = ({ target }: LoadedServer, { asUser = false }: Case): LoadTarget =>
  asUser ? { ...target, bindDn: userDn(0), password: userPassword(0) } : target;
