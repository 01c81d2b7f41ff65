// What the replication of pairs of servers cost, as values and as tables for people.
import type { Latency } from "./load-generator.ts";
import { formatNumber, formatTable, median } from "./statistics.ts";

const OWN = "concord";

/** What one round took. */
export interface PairCost {
  readonly seconds: number;
  readonly supplierCpuSeconds: number;
  readonly consumerCpuSeconds: number;
}

export type Measure = "total initialization" | "backlog" | "fractional session";

export interface MeasureResult {
  readonly measure: Measure;
  readonly pair: string;
  /** Entries or changes. */
  readonly count: number;
  readonly rounds: readonly PairCost[];
}

export interface LatencyResult {
  readonly pair: string;
  readonly rounds: readonly Latency[];
}

export interface ReplicationReport {
  readonly entries: number;
  readonly measures: readonly MeasureResult[];
  readonly latencies: readonly LatencyResult[];
}

/** For people. */
export function formatReplication({ entries, measures, latencies }: ReplicationReport): string {
  const texts = [
    formatMeasures(entries, measures),
    latencies.length === 0 ? "" : formatLatencies(latencies),
    '"Concord x": how many times as fast Concord is for each entry or change, and how many times as much it does with the same CPU time of both servers.',
  ];
  return texts.filter((text) => text !== "").join("\n\n");
}

interface EachCost {
  readonly micros: number;
  readonly supplierCpu: number;
  readonly consumerCpu: number;
}

/** For one entry or change; medians of rounds. */
function eachOf({ count, rounds }: MeasureResult): EachCost {
  const of = (pick: (cost: PairCost) => number): number => (median(rounds.map(pick)) / count) * 1e6;
  return {
    micros: of(({ seconds }) => seconds),
    supplierCpu: of(({ supplierCpuSeconds }) => supplierCpuSeconds),
    consumerCpu: of(({ consumerCpuSeconds }) => consumerCpuSeconds),
  };
}

function formatMeasures(entries: number, measures: readonly MeasureResult[]): string {
  const rows = measures.map((one) => {
    const own = measures.find(({ measure, pair }) => measure === one.measure && pair === OWN);
    const ours = own === undefined ? undefined : eachOf(own);
    const each = eachOf(one);
    const cpu = ({ supplierCpu, consumerCpu }: EachCost): number => supplierCpu + consumerCpu;
    return [
      one.measure,
      one.pair,
      String(one.count),
      formatNumber((each.micros * one.count) / 1e6),
      formatNumber(1e6 / each.micros),
      formatNumber(each.supplierCpu),
      formatNumber(each.consumerCpu),
      formatNumber(each.micros / (ours?.micros ?? Number.NaN)),
      formatNumber(cpu(each) / (ours === undefined ? Number.NaN : cpu(ours))),
    ];
  });
  const head = ["pair", "count", "seconds", "a second", "supplier CPU us", "consumer CPU us"];
  return formatTable([`${entries} users`, ...head, "Concord x rate", "Concord x CPU"], rows);
}

function formatLatencies(latencies: readonly LatencyResult[]): string {
  const own = latencies.find(({ pair }) => pair === OWN);
  const millis = (result: LatencyResult | undefined, pick: (one: Latency) => number): number =>
    median((result?.rounds ?? []).map(pick)) / 1000;
  const rows = latencies.map((one) => {
    const p50 = millis(one, ({ p50Micros }) => p50Micros);
    const p99 = millis(one, ({ p99Micros }) => p99Micros);
    return [
      one.pair,
      formatNumber(millis(one, ({ answerP50Micros }) => answerP50Micros)),
      formatNumber(p50),
      formatNumber(millis(one, ({ p90Micros }) => p90Micros)),
      formatNumber(p99),
      formatNumber(millis(one, ({ maxMicros }) => maxMicros)),
      formatNumber(p50 / millis(own, ({ p50Micros }) => p50Micros)),
      formatNumber(p99 / millis(own, ({ p99Micros }) => p99Micros)),
    ];
  });
  const head = ["answer p50 ms", "p50 ms", "p90 ms", "p99 ms", "max ms"];
  return formatTable(
    ["answered here, seen there", ...head, "Concord x p50", "Concord x p99"],
    rows,
  );
}
