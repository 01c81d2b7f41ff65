// Benchmarks: `npm run bench -- main [--entries N] [--rounds N] [--servers a,b] [--match WORDS] [--quick] [--json]`
// compares Concord with slapd and ns-slapd, in the cases whose names contain the words; `npm run bench -- replication [--entries N] [--quick] [--json]` times two Concords; `npm run bench -- compare [--entries N] [--quick] [--json]` looks for planted differences. They start real servers in
// temporary folders, need gcc and the servers that are named, and remove everything. CONCORD_COMMAND names another Concord.
// Results go to stdout, progress to stderr. Exit codes: 1 when a server fails or an answer is wrong, 2 for wrong usage.
import { parseArgs } from "node:util";
import { SERVER_KINDS, type ServerKind } from "../test/bench/bench-server.ts";
import { formatCompare, measureCompare } from "../test/bench/compare.ts";
import { compareServers, formatComparison } from "../test/bench/comparison.ts";
import { USERS_MAX } from "../test/bench/people.ts";
import { formatReplication, measureReplication } from "../test/bench/replication.ts";

const USAGE = `usage: npm run bench -- main|replication|compare [--entries N] [--rounds N] [--servers ${SERVER_KINDS.join(",")}] [--match WORDS] [--quick] [--json]`;

const FULL = {
  entries: 100_000,
  rounds: 5,
  seconds: 2,
  changes: 1000,
  samples: 200,
  backlog: 20_000,
  writeSeconds: 20,
};
const QUICK = {
  entries: 10_000,
  rounds: 2,
  seconds: 1,
  changes: 200,
  samples: 50,
  backlog: 3000,
  writeSeconds: 12,
};

class UsageError extends Error {}

async function main(): Promise<void> {
  const { values, positionals } = parseArguments();
  const sizes = values.quick === true ? QUICK : FULL;
  const entries = countOf(values.entries, sizes.entries);
  const log = (line: string): void => console.error(line);
  switch (positionals.join(" ")) {
    case "main": {
      const rounds = countOf(values.rounds, sizes.rounds);
      const kinds = kindsOf(values.servers);
      const match = values.match ?? "";
      const comparison = await compareServers({ ...sizes, entries, rounds, kinds, match, log });
      print(comparison, formatComparison(comparison), values.json);
      return;
    }
    case "compare": {
      const report = await measureCompare({ entries, seconds: sizes.writeSeconds, log });
      print(report, formatCompare(report), values.json);
      return;
    }
    case "replication": {
      const report = await measureReplication({ ...sizes, entries, log });
      print(report, formatReplication(report), values.json);
      return;
    }
  }
  throw new UsageError("main, replication or compare?");
}

function parseArguments(): ReturnType<typeof parseArgs<typeof ARGUMENTS>> {
  try {
    return parseArgs(ARGUMENTS);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

const ARGUMENTS = {
  options: {
    entries: { type: "string" },
    rounds: { type: "string" },
    servers: { type: "string" },
    match: { type: "string" },
    quick: { type: "boolean" },
    json: { type: "boolean" },
  },
  allowPositionals: true,
} as const;

function countOf(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const count = Number(text);
  if (Number.isInteger(count) && count > 0 && count <= USERS_MAX / 2) return count;
  throw new UsageError(`${text} is not a number from 1 to ${USERS_MAX / 2}`);
}

function kindsOf(text: string | undefined): readonly ServerKind[] {
  if (text === undefined) return SERVER_KINDS;
  return text.split(",").map((name) => {
    const kind = SERVER_KINDS.find((one) => one === name);
    if (kind === undefined) throw new UsageError(`there is no server ${name}`);
    return kind;
  });
}

function print(value: unknown, text: string, json: boolean | undefined): void {
  process.stdout.write(json === true ? `${JSON.stringify(value, null, 2)}\n` : `${text}\n`);
}

/** Children are killed and folders removed when the process exits; a signal would skip that. */
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));

try {
  await main();
} catch (error) {
  const isUsage = error instanceof UsageError;
  console.error(isUsage ? `${error.message}\n${USAGE}` : error);
  process.exit(isUsage ? 2 : 1);
}
