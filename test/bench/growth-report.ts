// What grows with what: for each size of something, figures of the server, as values and as tables for people.
import { formatNumber, formatTable } from "./statistics.ts";

/** One size and what was measured at it. Names of figures end with their unit. */
export interface GrowthRow {
  readonly size: number;
  readonly figures: Readonly<Record<string, number>>;
}

export interface GrowthPart {
  /** What grows. */
  readonly name: string;
  readonly rows: readonly GrowthRow[];
}

export interface GrowthReport {
  readonly parts: readonly GrowthPart[];
}

/** For people. */
export const formatGrowth = ({ parts }: GrowthReport): string =>
  parts.map((part) => formatPart(part)).join("\n\n");

function formatPart({ name, rows }: GrowthPart): string {
  const names = [...new Set(rows.flatMap(({ figures }) => Object.keys(figures)))];
  return formatTable(
    [name, ...names],
    rows.map(({ size, figures }) => [
      size.toLocaleString("en-US"),
      ...names.map((figure) => formatNumber(figures[figure] ?? Number.NaN)),
    ]),
  );
}
