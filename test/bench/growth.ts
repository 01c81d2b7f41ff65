// `npm run bench -- growth`: how the costs of a Concord grow with its entries, its clients, its agreements, its changelog and the
// members of a group. Costs that are the same for all sizes are what is hoped for.
import { join } from "node:path";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { type BenchReplica, BACKEND, createConcord } from "./bench-server.ts";
import { residentBytes } from "./cpu.ts";
import { importThroughPipe } from "./fed-import.ts";
import { growAgreements, growChangelog } from "./growth-replication.ts";
import type { GrowthPart, GrowthReport, GrowthRow } from "./growth-report.ts";
import { createGroup, removeGroup } from "./groups.ts";
import { type Load, LoadGenerator, type LoadOutcome } from "./load-generator.ts";
import { writePeople } from "./people.ts";

const CONNECTIONS = [1, 2, 4, 8, 16, 32, 64];
const MEMBER_OPERATIONS = 100;
const MIB = 2 ** 20;

export interface GrowthOptions {
  /** Users of the parts in which something else grows. */
  readonly entries: number;
  /** Sizes of what grows. */
  readonly entrySizes: readonly number[];
  readonly agreementSizes: readonly number[];
  readonly changelogSizes: readonly number[];
  readonly memberSizes: readonly number[];
  /** Of a load. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Changes that go out to all agreements. */
  readonly sentChanges: number;
  /** Only parts whose name contains this. */
  readonly only: string;
  readonly log: (line: string) => void;
}

type Part = (generator: LoadGenerator, options: GrowthOptions) => Promise<readonly GrowthRow[]>;

const PARTS: Readonly<Record<string, Part>> = {
  entries: growEntries,
  connections: growConnections,
  members: growMembers,
  agreements: growAgreements,
  changelog: growChangelog,
};

export const GROWTH_PARTS: readonly string[] = Object.keys(PARTS);

/** @throws Error when an answer is wrong */
export async function measureGrowth(options: GrowthOptions): Promise<GrowthReport> {
  const generator = await LoadGenerator.build();
  const parts: GrowthPart[] = [];
  for (const [name, grow] of Object.entries(PARTS)) {
    if (!name.includes(options.only)) continue;
    parts.push({ name, rows: await grow(generator, options) });
  }
  return { parts };
}

type Shape = Pick<Load, "operation" | "connections" | "depth">;

const load = (
  generator: LoadGenerator,
  { target }: BenchReplica,
  shape: Shape,
  { entries, seconds }: { readonly entries: number; readonly seconds: number },
): Promise<LoadOutcome> =>
  generator.run(target, { ...shape, first: 0, range: entries, amount: { seconds } });

const figuresOf = (name: string, { operations, seconds, cpuMicros }: LoadOutcome) => ({
  [`${name}/s`]: operations / seconds,
  [`${name} CPU us`]: cpuMicros / operations,
});

/** A Concord for `run`, which is removed afterwards. */
async function withServer<T>(run: (server: BenchReplica) => Promise<T>): Promise<T> {
  const server = await createConcord("concord");
  try {
    return await run(server);
  } finally {
    await server.remove();
  }
}

async function growEntries(
  generator: LoadGenerator,
  { entrySizes, seconds, warmUpSeconds, log }: GrowthOptions,
): Promise<readonly GrowthRow[]> {
  const ldif = join(makeTemporaryFolder(), "people.ldif");
  const rows: GrowthRow[] = [];
  for (const entries of entrySizes) {
    log(`entries: ${entries}`);
    writePeople(ldif, entries, { withAci: true });
    const figures = await withServer(async (server) => {
      const imported = await importThroughPipe(server.server.folder, BACKEND, ldif);
      await server.start();
      const start = await server.restart();
      const search = { operation: "search", connections: 8, depth: 16 } as const;
      const modify = { operation: "modify", connections: 8, depth: 1 } as const;
      const size = { entries, seconds };
      await load(generator, server, search, { entries, seconds: warmUpSeconds });
      const searched = await load(generator, server, search, size);
      const resident = residentBytes(server.target.pid);
      await load(generator, server, { ...modify, depth: 16 }, { entries, seconds: warmUpSeconds });
      const modified = await load(generator, server, modify, size);
      const { firstTenthSeconds, lastTenthSeconds, endSeconds } = imported;
      return {
        "import/s": entries / imported.seconds,
        "first tenth/s": entries / 10 / firstTenthSeconds,
        "last tenth/s": entries / 10 / lastTenthSeconds,
        "after the last entry s": endSeconds,
        "start ms": start,
        "memory MiB": resident / MIB,
        ...figuresOf("search", searched),
        ...figuresOf("modify", modified),
      };
    });
    rows.push({ size: entries, figures });
  }
  return rows;
}

async function createFilled(server: BenchReplica, entries: number): Promise<void> {
  const ldif = join(makeTemporaryFolder(), "people.ldif");
  writePeople(ldif, entries, { withAci: true });
  await server.import(ldif);
  await server.start();
}

function growConnections(
  generator: LoadGenerator,
  { entries, seconds, warmUpSeconds, log }: GrowthOptions,
): Promise<readonly GrowthRow[]> {
  return withServer(async (server) => {
    await createFilled(server, entries);
    const width = { connections: 8, depth: 16 };
    for (const operation of ["search", "modify"] as const)
      await load(generator, server, { operation, ...width }, { entries, seconds: warmUpSeconds });
    const rows: GrowthRow[] = [];
    for (const connections of CONNECTIONS) {
      log(`connections: ${connections}`);
      const at = (operation: Load["operation"]): Promise<LoadOutcome> =>
        load(generator, server, { operation, connections, depth: 1 }, { entries, seconds });
      const searched = await at("search");
      const modified = await at("modify");
      rows.push({
        size: connections,
        figures: {
          ...figuresOf("search", searched),
          "search p99 us": searched.p99Micros,
          ...figuresOf("modify", modified),
          "modify p99 us": modified.p99Micros,
        },
      });
    }
    return rows;
  });
}

function growMembers(
  generator: LoadGenerator,
  { entries, memberSizes, log }: GrowthOptions,
): Promise<readonly GrowthRow[]> {
  return withServer(async (server) => {
    await createFilled(server, entries);
    const rows: GrowthRow[] = [];
    for (const members of memberSizes) {
      log(`members: ${members}`);
      await createGroup(server.target, members);
      const added = await generator.run(server.target, {
        operation: "member",
        connections: 8,
        depth: 1,
        first: 0,
        range: entries,
        amount: { operations: MEMBER_OPERATIONS },
      });
      await removeGroup(server.target);
      rows.push({
        size: members,
        figures: { ...figuresOf("member", added), "p50 us": added.p50Micros },
      });
    }
    return rows;
  });
}
