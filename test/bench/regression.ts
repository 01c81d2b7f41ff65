// `npm run bench -- regression --before COMMIT`: this checkout beside another commit on one machine, in turns. Judged is CPU time for
// each operation, which other work on the machine moves least: the median over the rounds of what now costs so many times as much.
// A case that costs more than LIMIT times as much is worse, and makes the check fail.
import { join } from "node:path";
import { concordCommand } from "../support/concord-server.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { type BenchServer, createConcord } from "./bench-server.ts";
import { type Case, type GroupSizes, casesWith, chooseCases, isWriting } from "./cases.ts";
import { buildCommit } from "./commit-build.ts";
import { cpuOf } from "./comparison-report.ts";
import { createGroup } from "./groups.ts";
import { LoadGenerator, type LoadOutcome } from "./load-generator.ts";
import { writePeople } from "./people.ts";
import { type RoundOptions, runRounds } from "./rounds.ts";
import { type Spread, formatNumber, formatTable, spreadOf } from "./statistics.ts";

const LIMIT = 1.1;
/** Less of it in all rounds together is a matter of chance: it comes in steps of 10 ms. */
const CPU_SECONDS_MIN = 0.2;

export interface RegressionOptions extends RoundOptions, GroupSizes {
  /** A commit. */
  readonly before: string;
  /** Only cases whose name contains this. */
  readonly only: string;
}

type Verdict = "worse" | "better" | "same" | "too little work";

export interface RegressionCase {
  readonly name: string;
  readonly beforeMicros: Spread;
  readonly afterMicros: Spread;
  /** CPU time after by CPU time before. */
  readonly ratio: Spread;
  readonly verdict: Verdict;
}

export interface RegressionReport {
  readonly before: string;
  readonly limit: number;
  readonly cases: readonly RegressionCase[];
  readonly isWorse: boolean;
}

export const regressionCases = (sizes: GroupSizes): readonly string[] =>
  casesWith(sizes).map(({ name }) => name);

/** @throws Error when an answer is wrong, UnknownCommit */
export async function checkRegression(options: RegressionOptions): Promise<RegressionReport> {
  const { before, entries, groupMembers, only, log } = options;
  const generator = await LoadGenerator.build();
  const programs = { before: await buildCommit(before, log), after: concordCommand() };
  const servers: BenchServer[] = [];
  try {
    const ldif = join(makeTemporaryFolder(), "people.ldif");
    writePeople(ldif, entries, { withAci: true });
    for (const [name, program] of Object.entries(programs)) {
      log(`importing ${entries} users into the server ${name}`);
      const server = await createConcord(name, { program });
      servers.push(server);
      await server.import(ldif);
      await server.start();
    }
    const chosen = chooseCases(options, only);
    const cases: RegressionCase[] = [];
    const ordered = [...chosen.filter((one) => !isWriting(one)), ...chosen.filter(isWriting)];
    for (const one of ordered) {
      if (one.load.operation === "member") {
        for (const { target } of servers) await createGroup(target, groupMembers);
      }
      cases.push(await runCase(generator, servers, one, options));
    }
    return {
      before,
      limit: LIMIT,
      cases,
      isWorse: cases.some(({ verdict }) => verdict === "worse"),
    };
  } finally {
    for (const server of servers) await server.remove();
  }
}

async function runCase(
  generator: LoadGenerator,
  servers: readonly BenchServer[],
  one: Case,
  options: RegressionOptions,
): Promise<RegressionCase> {
  const outcomes = await runRounds(generator, servers, one, options);
  const [before, after] = [...outcomes.values()] as [LoadOutcome[], LoadOutcome[]];
  const ratio = spreadOf(
    before.map((round, index) => cpuOf(after[index] as LoadOutcome) / cpuOf(round)),
  );
  const work = before.reduce((sum, { cpuMicros }) => sum + cpuMicros, 0) / 1e6;
  return {
    name: one.name,
    beforeMicros: spreadOf(before.map(cpuOf)),
    afterMicros: spreadOf(after.map(cpuOf)),
    ratio,
    verdict: verdictOn(ratio.median, work),
  };
}

function verdictOn(ratio: number, cpuSeconds: number): Verdict {
  if (cpuSeconds < CPU_SECONDS_MIN) return "too little work";
  if (ratio > LIMIT) return "worse";
  return ratio < 1 / LIMIT ? "better" : "same";
}

/** For people. */
export function formatRegression({ before, limit, cases, isWorse }: RegressionReport): string {
  const rows = cases.map(({ name, beforeMicros, afterMicros, ratio, verdict }) => [
    name,
    formatNumber(beforeMicros.median),
    formatNumber(afterMicros.median),
    formatNumber(ratio.median),
    `${formatNumber(ratio.min)}–${formatNumber(ratio.max)}`,
    verdict === "same" ? "" : verdict,
  ]);
  const percent = Math.round((limit - 1) * 100);
  return [
    formatTable(["CPU us/op", before, "now", "now / before", "spread of rounds", ""], rows),
    isWorse
      ? `worse: cases that cost over ${percent} % more than at ${before}`
      : `no case costs over ${percent} % more than at ${before}`,
  ].join("\n\n");
}
