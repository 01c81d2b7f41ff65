// `npm run bench -- main`: Concord beside slapd and ns-slapd. All hold the same people with the same indexes, commit durably,
// and get the same load from the same program in turns (A B C A B C …), so that a busy moment of the machine hits all alike.
// Judge by the ratios within a round, and on a busy machine by CPU time for each operation.
import { join } from "node:path";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import {
  type BenchServer,
  type ImportCost,
  type ServerKind,
  createBenchServer,
} from "./bench-server.ts";
import { type Load, LoadGenerator, type LoadOutcome } from "./load-generator.ts";
import { userDn, userPassword, writePeople } from "./people.ts";
import { type Spread, formatNumber, formatTable, median, spreadOf } from "./statistics.ts";

export interface ComparisonOptions {
  readonly entries: number;
  readonly rounds: number;
  readonly seconds: number;
  /** Additions, then deletions, of one round. */
  readonly changes: number;
  readonly kinds: readonly ServerKind[];
  /** Only cases whose name contains this. */
  readonly match: string;
  readonly log: (line: string) => void;
}

interface Case {
  readonly name: string;
  readonly load: Omit<Load, "first" | "range" | "amount">;
  /** As a user whom access rules concern, not as the root DN. */
  readonly asUser?: boolean;
}

const CASES: readonly Case[] = [
  ...[1, 16].map(
    (depth): Case => ({
      name: `search uid, 8 connections, depth ${depth}`,
      load: { operation: "search", connections: 8, depth },
    }),
  ),
  {
    name: "search uid as a user, 8 connections, depth 16",
    load: { operation: "search", connections: 8, depth: 16 },
    asUser: true,
  },
  ...[1, 8, 64].map(
    (connections): Case => ({
      name: `modify, ${connections} connection${connections === 1 ? "" : "s"}`,
      load: { operation: "modify", connections, depth: 1 },
    }),
  ),
  { name: "add, 8 connections", load: { operation: "add", connections: 8, depth: 1 } },
  { name: "delete, 8 connections", load: { operation: "delete", connections: 8, depth: 1 } },
];

export interface CaseResult {
  readonly name: string;
  readonly server: ServerKind;
  /** Operations a second. */
  readonly rate: Spread;
  readonly cpuMicros: Spread;
  readonly p50Micros: number;
  readonly p99Micros: number;
  /** This server against Concord: Concord's rate is so many times this one's, its CPU time one so-many-th; medians of rounds. */
  readonly concordRate: number;
  readonly concordCpu: number;
}

export interface Comparison {
  readonly entries: number;
  readonly imports: readonly ({ readonly server: ServerKind } & ImportCost)[];
  readonly cases: readonly CaseResult[];
}

/** @throws Error when an answer is wrong */
export async function compareServers(options: ComparisonOptions): Promise<Comparison> {
  const generator = await LoadGenerator.build();
  const servers: BenchServer[] = [];
  try {
    for (const kind of options.kinds) {
      options.log(`creating ${kind}`);
      servers.push(await createBenchServer(kind));
    }
    const imports = await importInto(servers, options);
    const cases: CaseResult[] = [];
    for (const one of CASES.filter(({ name }) => name.includes(options.match))) {
      cases.push(...(await runCase(generator, servers, one, options)));
    }
    return { entries: options.entries, imports, cases };
  } finally {
    for (const server of servers) await server.remove();
  }
}

async function importInto(
  servers: readonly BenchServer[],
  { entries, log }: ComparisonOptions,
): Promise<Comparison["imports"]> {
  const folder = makeTemporaryFolder();
  const plain = join(folder, "people.ldif");
  const withAci = join(folder, "people-aci.ldif");
  writePeople(plain, entries, { withAci: false });
  writePeople(withAci, entries, { withAci: true });
  const imports: { server: ServerKind; seconds: number; cpuSeconds: number }[] = [];
  for (const server of servers) {
    log(`importing ${entries} users into ${server.kind}`);
    const cost = await server.import(server.kind === "slapd" ? plain : withAci);
    imports.push({ server: server.kind, ...cost });
  }
  return imports;
}

async function runCase(
  generator: LoadGenerator,
  servers: readonly BenchServer[],
  { name, load, asUser = false }: Case,
  options: ComparisonOptions,
): Promise<readonly CaseResult[]> {
  const { entries, seconds, changes } = options;
  const isCounted = load.operation === "add" || load.operation === "delete";
  const outcomes = new Map<BenchServer, LoadOutcome[]>(servers.map((server) => [server, []]));
  for (let round = 0; round < options.rounds; round += 1) {
    for (const server of servers) {
      options.log(`${name}: ${server.kind}, round ${round + 1} of ${options.rounds}`);
      const target = asUser
        ? { ...server.target, bindDn: userDn(0), password: userPassword(0) }
        : server.target;
      const outcome = await generator.run(target, {
        ...load,
        first: isCounted ? entries + round * changes : 0,
        range: entries,
        amount: isCounted ? { operations: changes } : { seconds },
      });
      outcomes.get(server)?.push(outcome);
    }
  }
  return summarize(name, outcomes);
}

const rateOf = ({ operations, seconds }: LoadOutcome): number => operations / seconds;
const cpuOf = ({ operations, cpuMicros }: LoadOutcome): number => cpuMicros / operations;

function summarize(
  name: string,
  outcomes: ReadonlyMap<BenchServer, readonly LoadOutcome[]>,
): readonly CaseResult[] {
  const concord = [...outcomes].find(([server]) => server.kind === "concord")?.[1] ?? [];
  return [...outcomes].map(([server, rounds]) => ({
    name,
    server: server.kind,
    rate: spreadOf(rounds.map(rateOf)),
    cpuMicros: spreadOf(rounds.map(cpuOf)),
    p50Micros: median(rounds.map((round) => round.p50Micros)),
    p99Micros: median(rounds.map((round) => round.p99Micros)),
    concordRate: median(concord.map((own, i) => rateOf(own) / rateOf(rounds[i] as LoadOutcome))),
    concordCpu: median(concord.map((own, i) => cpuOf(rounds[i] as LoadOutcome) / cpuOf(own))),
  }));
}

/** For people: a table of imports and one of cases. */
export function formatComparison(comparison: Comparison): string {
  const own = comparison.imports.find(({ server }) => server === "concord");
  const imports = comparison.imports.map(({ server, seconds, cpuSeconds }) => [
    server,
    formatNumber(seconds),
    formatNumber(cpuSeconds),
    formatNumber((cpuSeconds / comparison.entries) * 1e6),
    formatNumber(seconds / (own?.seconds ?? Number.NaN)),
    formatNumber(cpuSeconds / (own?.cpuSeconds ?? Number.NaN)),
  ]);
  const cases = comparison.cases.map((one) => [
    one.name,
    one.server,
    formatNumber(one.rate.median),
    `${formatNumber(one.rate.min)}–${formatNumber(one.rate.max)}`,
    formatNumber(one.cpuMicros.median),
    formatNumber(one.p50Micros),
    formatNumber(one.p99Micros),
    formatNumber(one.concordRate),
    formatNumber(one.concordCpu),
  ]);
  return [
    formatTable(
      [
        `import of ${comparison.entries} users`,
        "seconds",
        "CPU s",
        "CPU us/entry",
        "Concord x time",
        "Concord x CPU",
      ],
      imports,
    ),
    formatTable(
      [
        "load",
        "server",
        "ops/s",
        "spread",
        "CPU us/op",
        "p50 us",
        "p99 us",
        "Concord x rate",
        "Concord x CPU",
      ],
      cases,
    ),
    '"Concord x": how many times as much Concord does, in the same time or with the same CPU time; above 1 it is ahead.',
  ].join("\n\n");
}
