// `npm run bench -- main`: Concord beside slapd and ns-slapd. All hold the same people with the same indexes, commit durably,
// and get the same load from the same program in turns. Judge by the ratios within a round, and on a busy machine by CPU time for
// each operation. Beside them runs a bare server, which has nothing but sockets and LMDB: what it does not reach nobody can who is
// built on them.
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import {
  BARE,
  type BenchServer,
  type Cost,
  type LoadedServer,
  type ServerKind,
  createBare,
  createBenchServer,
} from "./bench-server.ts";
import { type Case, type GroupSizes, casesWith, chooseCases, isWriting } from "./cases.ts";
import {
  type CaseResult,
  type Comparison,
  type Footprint,
  summarizeBulk,
  summarizeCase,
} from "./comparison-report.ts";
import { residentBytes } from "./cpu.ts";
import { createGroup } from "./groups.ts";
import { LoadGenerator } from "./load-generator.ts";
import { writePeople } from "./people.ts";
import { type RoundOptions, runRounds } from "./rounds.ts";
import { spreadOf } from "./statistics.ts";

const EXPORT = "export";
const FOOTPRINT = "start and memory";
/** The suffix and ou=people. */
const ENTRIES_ABOVE_USERS = 2;

export interface ComparisonOptions extends RoundOptions, GroupSizes {
  readonly kinds: readonly (ServerKind | typeof BARE)[];
  /** Only cases whose name contains this. */
  readonly only: string;
}

export const caseNames = (sizes: GroupSizes): readonly string[] => [
  EXPORT,
  FOOTPRINT,
  ...casesWith(sizes).map(({ name }) => name),
];

/** @throws Error when an answer is wrong */
export async function compareServers(options: ComparisonOptions): Promise<Comparison> {
  const { entries, kinds, only, log } = options;
  const generator = await LoadGenerator.build();
  const servers: BenchServer[] = [];
  const loaded: LoadedServer[] = [];
  try {
    for (const kind of kinds) {
      log(`creating ${kind}`);
      if (kind === BARE) {
        loaded.push(await createBare(entries));
        continue;
      }
      const server = await createBenchServer(kind);
      loaded.push(server);
      servers.push(server);
    }
    const imports = await importInto(servers, options);
    const exports = EXPORT.includes(only) ? await exportFrom(servers, options) : [];
    for (const server of servers) await server.start();
    const chosen = chooseCases(options, only);
    const cases: CaseResult[] = [];
    const run = async (one: Case): Promise<void> => {
      if (one.load.operation === "member") await createGroups(servers, options);
      const able = loaded.filter((server) => server.takes(one));
      cases.push(...summarizeCase(one.name, await runRounds(generator, able, one, options)));
    };
    for (const one of chosen.filter((each) => !isWriting(each))) await run(one);
    const footprints = FOOTPRINT.includes(only) ? await measureFootprints(servers, options) : [];
    for (const one of chosen.filter(isWriting)) await run(one);
    return { entries, imports, exports, footprints, cases };
  } finally {
    for (const server of loaded) await server.remove();
  }
}

/** Once: a filled server has what the next import replaces. */
async function importInto(
  servers: readonly BenchServer[],
  { entries, log }: ComparisonOptions,
): Promise<Comparison["imports"]> {
  const folder = makeTemporaryFolder();
  const plain = join(folder, "people.ldif");
  const withAci = join(folder, "people-aci.ldif");
  writePeople(plain, entries, { withAci: false });
  writePeople(withAci, entries, { withAci: true });
  const costs = new Map<BenchServer, readonly Cost[]>();
  for (const server of servers) {
    log(`importing ${entries} users into ${server.name}`);
    costs.set(server, [await server.import(server.takesAci ? withAci : plain)]);
  }
  return summarizeBulk(costs);
}

async function exportFrom(
  servers: readonly BenchServer[],
  { entries, rounds, log }: ComparisonOptions,
): Promise<Comparison["exports"]> {
  const path = join(makeTemporaryFolder(), "export.ldif");
  const costs = new Map<BenchServer, Cost[]>(servers.map((server) => [server, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const server of servers) {
      log(`export: ${server.name}, round ${round + 1} of ${rounds}`);
      costs.get(server)?.push(await server.export(path));
      const written = await countEntries(path);
      if (written < entries + ENTRIES_ABOVE_USERS) {
        throw new Error(`${server.name} exported ${written} entries of ${entries}`);
      }
    }
  }
  return summarizeBulk(costs);
}

async function countEntries(path: string): Promise<number> {
  let count = 0;
  for await (const line of createInterface(createReadStream(path))) {
    if (line.startsWith("dn:")) count += 1;
  }
  return count;
}

async function createGroups(
  servers: readonly BenchServer[],
  { groupMembers, log }: ComparisonOptions,
): Promise<void> {
  for (const server of servers) {
    log(`${server.name}: making a group of ${groupMembers} members`);
    await createGroup(server.target, groupMembers);
  }
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
      log(`start: ${server.name}, round ${round + 1} of ${rounds}`);
      starts.push(await server.restart());
    }
    footprints.push({
      server: server.name,
      residentBytes: resident,
      startMillis: spreadOf(starts),
    });
  }
  return footprints;
}
