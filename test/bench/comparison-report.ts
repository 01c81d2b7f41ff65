// What a comparison of servers found, with ratios to the first of them, as values and as tables for people.
import { BARE, type Cost, type LoadedServer } from "./bench-server.ts";
import type { LoadOutcome } from "./load-generator.ts";
import type { Outcomes } from "./rounds.ts";
import { type Spread, formatNumber, formatTable, median, spreadOf } from "./statistics.ts";

/** The server that all are compared with. */
const OWN = "concord";

/** This server against Concord: Concord is so many times as fast as this one, and needs one so-many-th of its CPU time. */
interface Ratios {
  readonly concordRate: number;
  readonly concordCpu: number;
}

export interface CaseResult extends Ratios {
  readonly name: string;
  readonly server: string;
  /** Operations a second. */
  readonly rate: Spread;
  readonly cpuMicros: Spread;
  readonly p50Micros: number;
  readonly p99Micros: number;
}

/** Of an import or export. */
export interface BulkResult extends Ratios {
  readonly server: string;
  readonly seconds: Spread;
  readonly cpuSeconds: Spread;
}

/** What a server costs besides its work. */
export interface Footprint {
  readonly server: string;
  /** In memory after the loads that only read. */
  readonly residentBytes: number;
  /** From the start of a filled server to its first answer. */
  readonly startMillis: Spread;
}

export interface Comparison {
  readonly entries: number;
  readonly imports: readonly BulkResult[];
  readonly exports: readonly BulkResult[];
  readonly footprints: readonly Footprint[];
  readonly cases: readonly CaseResult[];
}

const rateOf = ({ operations, seconds }: LoadOutcome): number => operations / seconds;

export const cpuOf = ({ operations, cpuMicros }: LoadOutcome): number => cpuMicros / operations;

/** Of the rounds of one server and those of Concord beside them; not a number where Concord takes no part. */
function medianRatio<Round>(
  rounds: readonly Round[],
  own: readonly Round[],
  ratio: (one: Round, own: Round) => number,
): number {
  return median(own.map((each, index) => ratio(rounds[index] as Round, each)));
}

function ownOf<Round>(all: ReadonlyMap<LoadedServer, readonly Round[]>): readonly Round[] {
  return [...all].find(([server]) => server.name === OWN)?.[1] ?? [];
}

export function summarizeCase(name: string, outcomes: Outcomes): readonly CaseResult[] {
  const own = ownOf(outcomes);
  return [...outcomes].map(([server, rounds]) => ({
    name,
    server: server.name,
    rate: spreadOf(rounds.map(rateOf)),
    cpuMicros: spreadOf(rounds.map(cpuOf)),
    p50Micros: median(rounds.map((round) => round.p50Micros)),
    p99Micros: median(rounds.map((round) => round.p99Micros)),
    concordRate: medianRatio(rounds, own, (one, ours) => rateOf(ours) / rateOf(one)),
    concordCpu: medianRatio(rounds, own, (one, ours) => cpuOf(one) / cpuOf(ours)),
  }));
}

export function summarizeBulk(
  costs: ReadonlyMap<LoadedServer, readonly Cost[]>,
): readonly BulkResult[] {
  const own = ownOf(costs);
  return [...costs].map(([server, rounds]) => ({
    server: server.name,
    seconds: spreadOf(rounds.map(({ seconds }) => seconds)),
    cpuSeconds: spreadOf(rounds.map(({ cpuSeconds }) => cpuSeconds)),
    concordRate: medianRatio(rounds, own, (one, ours) => one.seconds / ours.seconds),
    concordCpu: medianRatio(rounds, own, (one, ours) => one.cpuSeconds / ours.cpuSeconds),
  }));
}

/** For people. */
export function formatComparison(comparison: Comparison): string {
  const { entries, imports, exports, footprints, cases } = comparison;
  return [
    formatBulk(`import of ${entries} users`, entries, imports),
    formatBulk(`export of ${entries} users`, entries, exports),
    formatFootprints(footprints),
    formatCases(cases),
    '"Concord x": how many times as much Concord does, in the same time or with the same CPU time; above 1 it is ahead.',
    cases.some(({ server }) => server === BARE)
      ? `"${BARE}": one Node thread that does nothing but move bytes between sockets and LMDB.`
      : "",
  ]
    .filter((text) => text !== "")
    .join("\n\n");
}

const spreadText = ({ min, max }: Spread): string => `${formatNumber(min)}–${formatNumber(max)}`;

function formatBulk(title: string, entries: number, results: readonly BulkResult[]): string {
  if (results.length === 0) return "";
  const rows = results.map(({ server, seconds, cpuSeconds, concordRate, concordCpu }) => [
    server,
    formatNumber(seconds.median),
    formatNumber(cpuSeconds.median),
    formatNumber((cpuSeconds.median / entries) * 1e6),
    formatNumber(concordRate),
    formatNumber(concordCpu),
  ]);
  const head = ["seconds", "CPU s", "CPU us/entry", "Concord x rate", "Concord x CPU"];
  return formatTable([title, ...head], rows);
}

function formatFootprints(footprints: readonly Footprint[]): string {
  if (footprints.length === 0) return "";
  const rows = footprints.map(({ server, residentBytes, startMillis }) => [
    server,
    formatNumber(residentBytes / 2 ** 20),
    formatNumber(startMillis.median),
    spreadText(startMillis),
  ]);
  return formatTable(["server", "MiB in memory", "start, ms", "spread"], rows);
}

function formatCases(cases: readonly CaseResult[]): string {
  if (cases.length === 0) return "";
  const rows = cases.map((one) => [
    one.name,
    one.server,
    formatNumber(one.rate.median),
    spreadText(one.rate),
    formatNumber(one.cpuMicros.median),
    formatNumber(one.p50Micros),
    formatNumber(one.p99Micros),
    formatNumber(one.concordRate),
    formatNumber(one.concordCpu),
  ]);
  const head = ["ops/s", "spread", "CPU us/op", "p50 us", "p99 us"];
  return formatTable(["load", "server", ...head, "Concord x rate", "Concord x CPU"], rows);
}
