// What a seed stands for: the servers, their roles, clocks and disks, the agreements between them, and the list of all that
// clients, operators and misfortune do, with its times. It is made before anything runs; each action has a seed of its own, so
// that one can be left out without changing the others.
import { SeededRandom } from "../support/seeded-random.ts";

export const SUFFIX = "dc=sim";

export type Role = "supplier" | "hub" | "consumer";

export interface ServerPlan {
  readonly name: string;
  readonly role: Role;
  readonly replicaId: number;
  readonly drift: number;
  readonly offsetMs: number;
  readonly diskMs: number;
  readonly quietMs: number;
  /** Of the replica and its changelog: attribute → value. */
  readonly settings: Readonly<Record<string, string>>;
  readonly changelog: Readonly<Record<string, string>>;
}

export interface AgreementPlan {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly excluded: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
}

export type Action = { readonly at: number; readonly seed: number } & (
  | { readonly kind: "write"; readonly server: string }
  | {
      readonly kind: "crash";
      readonly server: string;
      readonly how: "killed" | "powerless" | "stopped";
      readonly downMs: number;
    }
  | {
      readonly kind: "partition";
      readonly between: readonly [string, string];
      readonly lastsMs: number;
    }
  | {
      readonly kind: "breakConnections";
      readonly between: readonly [string, string];
      readonly how: "reset" | "halfOpen";
    }
  | { readonly kind: "clock"; readonly server: string; readonly byMs: number }
  | {
      readonly kind: "configure";
      readonly agreement: string;
      readonly what: "disable" | "schedule" | "window" | "replicateNow";
      readonly lastsMs: number;
    }
  | { readonly kind: "refresh"; readonly agreement: string }
  | { readonly kind: "backup"; readonly server: string }
  | { readonly kind: "restore"; readonly server: string; readonly downMs: number }
  /** A server becomes a replica, under an ID that nobody has had. */
  | { readonly kind: "join"; readonly server: ServerPlan }
  /** A replica is removed for good and its ID is cleaned. `isLost`: it is gone before anybody knows. */
  | {
      readonly kind: "retire";
      readonly server: string;
      readonly isLost: boolean;
      readonly force: boolean;
      /** The first attempt at cleaning is aborted after so long. */
      readonly abortMs: number | undefined;
    }
  /** Faults end, clocks are set right; when all is quiet the checkers look. */
  | { readonly kind: "heal" }
);

export interface Scenario {
  readonly seed: number;
  readonly latencyMs: number;
  /** Servers purge and trim, after minutes instead of days. */
  readonly withPurge: boolean;
  readonly servers: readonly ServerPlan[];
  readonly agreements: readonly AgreementPlan[];
  readonly actions: readonly Action[];
}

export interface ScenarioOptions {
  readonly seed: number;
  readonly servers?: number | undefined;
  readonly hours?: number | undefined;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
export const EXCLUDED = ["description", "telephonenumber"];
const STRIPPED = "modifiersname modifytimestamp internalModifiersname internalModifyTimestamp";

export function makeScenario(options: ScenarioOptions): Scenario {
  const random = new SeededRandom(options.seed);
  const count = options.servers ?? 2 + random.below(4);
  const chanceOf = (percent: number): boolean => random.below(100) < percent;
  const withPurge = chanceOf(25);
  const servers = makeServers(random, count, withPurge);
  const agreements = makeAgreements(random, servers);
  const hours = options.hours ?? (withPurge ? 0.6 : 0.15) + 0.4 * random.next();
  const actions = makeActions(random, { servers, agreements, hours, withPurge });
  const latencyMs = chanceOf(30) ? 50 : 1;
  return { seed: options.seed, latencyMs, withPurge, servers, agreements, actions };
}

function makeServers(random: SeededRandom, count: number, withPurge: boolean): ServerPlan[] {
  const suppliers = count <= 2 ? count : 2 + random.below(count - 1);
  const quietMs = random.below(2) === 0 ? Number.POSITIVE_INFINITY : 20;
  return Array.from({ length: count }, (_, index) => {
    const role: Role = index < suppliers ? "supplier" : index === suppliers ? "hub" : "consumer";
    const isSkewed = random.below(4) === 0;
    return {
      name: `s${index + 1}`,
      role: role === "hub" && index === count - 1 ? "consumer" : role,
      replicaId: index + 1,
      drift: (random.next() - 0.5) * 2e-4,
      offsetMs: isSkewed ? Math.floor((random.next() - 0.5) * 10 * MINUTE_MS) : random.below(2000),
      diskMs: random.pick([1, 5, 30]),
      quietMs,
      settings: {
        nsds5ReplicaBackoffMin: "1",
        nsds5ReplicaBackoffMax: String(random.pick([2, 10, 40])),
        nsds5ReplicaProtocolTimeout: "10",
        nsds5ReplicaReleaseTimeout: String(random.pick([0, 5])),
        nsds5ReplicaKeepAliveUpdateInterval: String(random.pick([240, 900, 3600])),
        ...(withPurge
          ? { nsds5ReplicaPurgeDelay: "1200", nsds5ReplicaTombstonePurgeInterval: "60" }
          : { nsds5ReplicaPurgeDelay: "-1" }),
      },
      changelog: withPurge
        ? {
            "nsslapd-changelogmaxage": String(random.pick([60, 300])),
            "nsslapd-changelogtrim-interval": "30",
          }
        : {},
    };
  });
}

export function makeAgreement(
  random: SeededRandom,
  from: string,
  to: string,
  excluded: readonly string[] = [],
): AgreementPlan {
  return {
    name: `${from}-to-${to}`,
    from,
    to,
    excluded,
    settings: {
      nsds5ReplicaTimeout: String(random.pick([5, 20])),
      nsds5ReplicaFlowControlWindow: String(random.pick([1, 3, 1000])),
      nsds5ReplicaSessionPauseTime: String(random.pick([0, 0, 2])),
      ...(excluded.length > 0
        ? {
            nsDS5ReplicatedAttributeList: `(objectclass=*) $ EXCLUDE ${excluded.join(" ")}`,
            nsds5ReplicaStripAttrs: STRIPPED,
          }
        : {}),
    },
  };
}

/** Between suppliers a ring, a star or all pairs; each hub and consumer is supplied by one or two. */
function makeAgreements(random: SeededRandom, servers: readonly ServerPlan[]): AgreementPlan[] {
  const agreements: AgreementPlan[] = [];
  const add = (from: string, to: string, excluded: readonly string[] = []): void => {
    agreements.push(makeAgreement(random, from, to, excluded));
  };
  const both = (one: string, other: string): void => {
    add(one, other);
    add(other, one);
  };
  const suppliers = servers.filter(({ role }) => role === "supplier").map(({ name }) => name);
  const shape = random.pick(["all", "ring", "star"] as const);
  for (let i = 0; i < suppliers.length; i += 1) {
    for (let j = i + 1; j < suppliers.length; j += 1) {
      const isRing = j === i + 1 || (i === 0 && j === suppliers.length - 1);
      const isWanted = shape === "all" || (shape === "star" ? i === 0 : isRing);
      if (isWanted) both(suppliers[i] as string, suppliers[j] as string);
    }
  }
  const sources = [...suppliers];
  for (const { name, role } of servers) {
    if (role === "supplier") continue;
    const excluded = role === "consumer" && random.below(2) === 0 ? EXCLUDED : [];
    const first = random.pick(sources);
    add(first, name, excluded);
    const second = random.pick(sources);
    if (second !== first && excluded.length === 0) add(second, name);
    if (role === "hub") sources.push(name);
  }
  return agreements;
}

interface ActionFacts {
  readonly servers: readonly ServerPlan[];
  readonly agreements: readonly AgreementPlan[];
  readonly hours: number;
  readonly withPurge: boolean;
}

type Maker = (at: number, seed: number) => Action;

function makeActions(random: SeededRandom, facts: ActionFacts): Action[] {
  const { servers, agreements, withPurge } = facts;
  const names = servers.map(({ name }) => name);
  const writers = servers.filter(({ role }) => role === "supplier").map(({ name }) => name);
  const pair = (): readonly [string, string] => {
    const { from, to } = random.pick(agreements);
    return [from, to];
  };
  const duration = (maxMs: number): number => Math.floor(maxMs * random.next() ** 2);
  const faults: readonly (readonly [weight: number, make: Maker])[] = [
    [
      4,
      (at, seed) => ({
        at,
        seed,
        kind: "crash",
        server: random.pick(names),
        how: random.pick(["killed", "powerless", "powerless", "stopped"] as const),
        downMs: duration(5 * MINUTE_MS),
      }),
    ],
    [
      5,
      (at, seed) => ({
        at,
        seed,
        kind: "partition",
        between: pair(),
        lastsMs: duration(15 * MINUTE_MS),
      }),
    ],
    [
      4,
      (at, seed) => ({
        at,
        seed,
        kind: "breakConnections",
        between: pair(),
        how: random.pick(["reset", "halfOpen"] as const),
      }),
    ],
    [
      2,
      (at, seed) => ({
        at,
        seed,
        kind: "clock",
        server: random.pick(names),
        byMs: jump(random, withPurge),
      }),
    ],
    [
      3,
      (at, seed) => ({
        at,
        seed,
        kind: "configure",
        agreement: random.pick(agreements).name,
        what: random.pick(["disable", "schedule", "window", "replicateNow"] as const),
        lastsMs: duration(10 * MINUTE_MS),
      }),
    ],
    [0.5, (at, seed) => ({ at, seed, kind: "refresh", agreement: random.pick(agreements).name })],
    [1, (at, seed) => ({ at, seed, kind: "backup", server: random.pick(names) })],
    [
      0.7,
      (at, seed) => ({
        at,
        seed,
        kind: "restore",
        server: random.pick(names),
        downMs: duration(2 * MINUTE_MS),
      }),
    ],
  ];
  // Some seeds know only a few kinds of misfortune.
  const chosen = faults.filter(() => random.below(10) < 6);
  const totalMs = facts.hours * HOUR_MS;
  const actions: Action[] = [];
  const periods = random.pick([1, 1, 2, 3]);
  for (let period = 0; period < periods; period += 1) {
    const start = (totalMs * period) / periods;
    const lengthMs = totalMs / periods;
    const writes = 10 + random.below(50);
    for (const at of burstyTimes(random, writes, lengthMs)) {
      const seed = random.below(2 ** 31);
      actions.push({ at: start + at, seed, kind: "write", server: random.pick(writers) });
    }
    const misfortunes = chosen.length === 0 ? 0 : random.below(10);
    for (let i = 0; i < misfortunes; i += 1) {
      const make = pickWeighted(random, chosen);
      actions.push(make(start + lengthMs * random.next(), random.below(2 ** 31)));
    }
    actions.push({ at: start + lengthMs, seed: random.below(2 ** 31), kind: "heal" });
  }
  return actions.sort((a, b) => a.at - b.at);
}

/** Most writes come close to others. */
function burstyTimes(random: SeededRandom, count: number, lengthMs: number): number[] {
  const times: number[] = [];
  let at = lengthMs * random.next();
  for (let i = 0; i < count; i += 1) {
    if (random.below(6) === 0) at = lengthMs * random.next();
    else at = Math.min(lengthMs, at + random.pick([0, 1, 20, 500, 3000]) * random.next());
    times.push(at);
  }
  return times;
}

/** With a purge no more than what it keeps back for partners: see docs/notes/013-simulation.md. */
function jump(random: SeededRandom, withPurge: boolean): number {
  const sign = random.below(2) === 0 ? -1 : 1;
  const sizes = [5_000, 10 * MINUTE_MS, 6 * HOUR_MS, 30 * DAY_MS, 365 * DAY_MS];
  const size = random.pick(withPurge ? sizes.slice(0, 3) : sizes);
  return Math.floor(sign * size * random.next());
}

function pickWeighted(
  random: SeededRandom,
  choices: readonly (readonly [weight: number, make: Maker])[],
): Maker {
  let rest = random.next() * choices.reduce((sum, [weight]) => sum + weight, 0);
  for (const [weight, make] of choices) {
    rest -= weight;
    if (rest < 0) return make;
  }
  return (choices.at(-1) as (typeof choices)[number])[1];
}
