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
import { residentBytes } from "./cpu.ts";
import { type Load, LoadGenerator, type LoadOutcome, type LoadTarget } from "./load-generator.ts";
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
  /** Instead of the seconds of a round, for operations that take long. */
  readonly operations?: number;
  /** As a user whom access rules concern, not as the root DN. */
  readonly asUser?: boolean;
}

const connectionsText = (count: number): string => `${count} connection${count === 1 ? "" : "s"}`;

const reading = (
  name: string,
  operation: Load["operation"],
  [connections, depth]: readonly [number, number],
): Case => ({
  name: `${name}, ${connectionsText(connections)}, depth ${depth}`,
  load: { operation, connections, depth },
});

const changing = (operation: Load["operation"], connections: number, depth = 1): Case => ({
  name: `${operation}, ${connectionsText(connections)}${depth > 1 ? `, depth ${depth}` : ""}`,
  load: { operation, connections, depth },
});

/** Those that find the number of entries come before those that change it; deletions take back the additions before them. */
const CASES: readonly Case[] = [
  reading("search uid", "search", [8, 1]),
  reading("search uid", "search", [8, 16]),
  { ...reading("search uid as a user", "search", [8, 1]), asUser: true },
  { ...reading("search uid as a user", "search", [8, 16]), asUser: true },
  reading("base search", "read", [8, 16]),
  reading("compare", "compare", [8, 16]),
  reading("bind", "bind", [8, 1]),
  reading("initial substring", "initial", [8, 16]),
  reading("any substring", "any", [8, 16]),
  reading("search with one entry in 997", "list", [8, 1]),
  { ...reading("whole subtree", "tree", [1, 1]), operations: 3 },
  { ...reading("unindexed scan", "scan", [1, 1]), operations: 5 },
  changing("modify", 1),
  changing("modify", 8),
  changing("modify", 64),
  changing("modify", 8, 16),
  reading("nine searches to one modify", "mixed", [8, 16]),
  changing("add", 8),
  changing("delete", 8),
  changing("add", 64),
  changing("delete", 64),
];

const WARM_UP_SECONDS = 2;
const WARM_UP_WIDTH = { connections: 8, depth: 16 };

const WRITING: ReadonlySet<Load["operation"]> = new Set(["modify", "mixed", "add", "delete"]);

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

/** What a server costs besides its work. */
export interface Footprint {
  readonly server: ServerKind;
  /** In memory after the loads that only read. */
  readonly residentBytes: number;
  /** From the start of a filled server to its first answer. */
  readonly startMillis: Spread;
}

export interface Comparison {
  readonly entries: number;
  readonly imports: readonly ({ readonly server: ServerKind } & ImportCost)[];
  readonly footprints: readonly Footprint[];
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
    const chosen = CASES.filter(({ name }) => name.includes(options.match));
    const isWriting = ({ load }: Case): boolean => WRITING.has(load.operation);
    const cases: CaseResult[] = [];
    for (const one of chosen.filter((each) => !isWriting(each))) {
      cases.push(...(await runCase(generator, servers, one, options)));
    }
    const footprints = await measureFootprints(servers, options);
    for (const one of chosen.filter(isWriting)) {
      cases.push(...(await runCase(generator, servers, one, options)));
    }
    return { entries: options.entries, imports, footprints, cases };
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

async function measureFootprints(
  servers: readonly BenchServer[],
  { rounds, log }: ComparisonOptions,
): Promise<readonly Footprint[]> {
  const footprints: Footprint[] = [];
  for (const server of servers) {
    const resident = residentBytes(server.target.pid);
    const starts: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      log(`start: ${server.kind}, round ${round + 1} of ${rounds}`);
      starts.push(await server.restart());
    }
    footprints.push({
      server: server.kind,
      residentBytes: resident,
      startMillis: spreadOf(starts),
    });
  }
  return footprints;
}

async function runCase(
  generator: LoadGenerator,
  servers: readonly BenchServer[],
  { name, load, operations, asUser = false }: Case,
  options: ComparisonOptions,
): Promise<readonly CaseResult[]> {
  const { entries, seconds, changes } = options;
  const isGrowth = load.operation === "add" || load.operation === "delete";
  const counted = isGrowth ? changes : operations;
  const targetOf = ({ target }: BenchServer): LoadTarget =>
    asUser ? { ...target, bindDn: userDn(0), password: userPassword(0) } : target;
  // Binds end what is under way on their connection; what takes long is not piled up.
  const isPipelined = operations === undefined && load.operation !== "bind";
  // A server that compiles while it runs has done so; caches are filled. Additions and deletions come after all else.
  for (const server of isGrowth ? [] : servers) {
    options.log(`${name}: ${server.kind}, warming up`);
    await generator.run(targetOf(server), {
      ...load,
      ...(isPipelined ? WARM_UP_WIDTH : {}),
      first: 0,
      range: entries,
      amount: operations === undefined ? { seconds: WARM_UP_SECONDS } : { operations },
    });
  }
  const outcomes = new Map<BenchServer, LoadOutcome[]>(servers.map((server) => [server, []]));
  for (let round = 0; round < options.rounds; round += 1) {
    for (const server of servers) {
      options.log(`${name}: ${server.kind}, round ${round + 1} of ${options.rounds}`);
      const outcome = await generator.run(targetOf(server), {
        ...load,
        first: isGrowth ? entries + round * changes : 0,
        range: entries,
        amount: counted === undefined ? { seconds } : { operations: counted },
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
  const footprints = comparison.footprints.map(({ server, residentBytes, startMillis }) => [
    server,
    formatNumber(residentBytes / 2 ** 20),
    formatNumber(startMillis.median),
    `${formatNumber(startMillis.min)}–${formatNumber(startMillis.max)}`,
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
    formatTable(["server", "MiB in memory", "start, ms", "spread"], footprints),
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
