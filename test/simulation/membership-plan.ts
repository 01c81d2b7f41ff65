// Which replicas join and which are removed in a run, and when: in about a third of the seeds. Times and names are drawn as if
// everything went well; what an action finds when its time has come is a matter of membership.ts.
import { SeededRandom } from "../support/seeded-random.ts";
import {
  type Action,
  type Scenario,
  type ScenarioOptions,
  type ServerPlan,
  makeScenario,
} from "./scenario.ts";

/** Chance of its own: histories without operators of this kind stay as they are. */
const MEMBERSHIP = 0x3a1e_77c5;

const CHANCE_PERCENT = 35;
const EVENTS_MAX = 4;
/** A removed server comes back, wiped, under a new ID. */
const REJOIN_PERCENT = 40;
const REJOIN_MS_MAX = 4 * 60_000;
const WRITES_MAX = 20;
const FAULT_DOWN_MS_MAX = 8 * 60_000;

/** The whole scenario of a seed. */
export function makeHistory(options: ScenarioOptions): Scenario {
  const scenario = makeScenario(options);
  const random = new SeededRandom(options.seed ^ MEMBERSHIP);
  if (random.below(100) >= CHANCE_PERCENT) return scenario;
  return { ...scenario, actions: new MembershipPlan(random, scenario).make() };
}

class MembershipPlan {
  readonly #random: SeededRandom;
  readonly #facts: Scenario;
  readonly #actions: Action[];
  readonly #endMs: number;
  readonly #suppliers: ServerPlan[];
  #lastId: number;

  constructor(random: SeededRandom, facts: Scenario) {
    this.#random = random;
    this.#facts = facts;
    // Who cleans an ID with an agreement switched off leaves the servers behind it out.
    this.#actions = facts.actions.map((action) =>
      action.kind === "configure" && action.what === "disable"
        ? { ...action, what: "schedule" as const }
        : action,
    );
    this.#endMs = facts.actions.at(-1)?.at ?? 0;
    this.#suppliers = facts.servers.filter(({ role }) => role === "supplier");
    this.#lastId = facts.servers.length;
  }

  make(): readonly Action[] {
    const count = 1 + this.#random.below(EVENTS_MAX);
    const times = Array.from({ length: count }, () => this.#endMs * this.#random.next());
    for (const at of times.sort((a, b) => a - b)) {
      if (this.#suppliers.length < 2 || this.#random.below(5) < 2) this.#join(at, this.#newName());
      else this.#retire(at);
    }
    return this.#actions.sort((a, b) => a.at - b.at);
  }

  #newName(): string {
    return `s${this.#lastId + 1}`;
  }

  #seed(): number {
    return this.#random.below(2 ** 31);
  }

  #join(at: number, name: string): void {
    const random = this.#random;
    const { drift, quietMs, settings, changelog } = random.pick(this.#facts.servers);
    this.#lastId += 1;
    const server: ServerPlan = {
      name,
      role: "supplier",
      replicaId: this.#lastId,
      drift,
      offsetMs: random.below(2000),
      diskMs: random.pick([1, 5, 30]),
      quietMs,
      settings,
      changelog,
    };
    this.#suppliers.push(server);
    this.#actions.push({ at, seed: this.#seed(), kind: "join", server });
    const writes = random.below(WRITES_MAX);
    for (let i = 0; i < writes; i += 1) {
      const time = at + (this.#endMs - at) * random.next();
      this.#actions.push({ at: time, seed: this.#seed(), kind: "write", server: name });
    }
    if (random.below(3) === 0) this.#crash(at + (this.#endMs - at) * random.next(), name);
  }

  #crash(at: number, server: string): void {
    const random = this.#random;
    this.#actions.push({
      at,
      seed: this.#seed(),
      kind: "crash",
      server,
      how: random.pick(["killed", "powerless"] as const),
      downMs: Math.floor(FAULT_DOWN_MS_MAX * random.next() ** 2),
    });
  }

  #retire(at: number): void {
    const random = this.#random;
    const { name } = random.pick(this.#suppliers);
    this.#suppliers.splice(
      this.#suppliers.findIndex((one) => one.name === name),
      1,
    );
    const abortMs = random.below(5) === 0 ? Math.floor(120_000 * random.next() ** 2) : undefined;
    const isLost = random.below(3) === 0;
    const force = random.below(6) === 0;
    const seed = this.#seed();
    this.#actions.push({ at, seed, kind: "retire", server: name, isLost, force, abortMs });
    // Somebody is away when the ID is to be cleaned, and comes back.
    const others = this.#facts.servers.filter((one) => one.name !== name);
    if (others.length > 0 && random.below(2) === 0) {
      this.#crash(at + 30_000 * random.next(), random.pick(others).name);
    }
    if (random.below(100) < REJOIN_PERCENT) {
      this.#join(Math.min(this.#endMs - 1, at + REJOIN_MS_MAX * random.next()), name);
    }
  }
}
