// The parts of the growth benchmark in which replication grows: the agreements of one supplier, and the changelog.
//
// Consumers of the agreements run on this machine as well: how long changes take says less about the supplier than what it spends.
import { statSync } from "node:fs";
import { join } from "node:path";
import {
  type Node,
  createAgreement,
  enableReplica,
  initialize,
  openNode,
  readRuv,
} from "../support/replication-setup.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { type BenchReplica, createConcord } from "./bench-server.ts";
import { processCpuMicros, residentBytes } from "./cpu.ts";
import type { GrowthRow } from "./growth-report.ts";
import type { LoadGenerator, LoadOutcome } from "./load-generator.ts";
import { writePeople } from "./people.ts";
import { pollUntil } from "./polling.ts";

const SUPPLIER_ID = 1;
const LEVEL_TIMEOUT_MS = 1_800_000;
const WRITE_WIDTH = { connections: 8, depth: 16 };
const AGREEMENT_ENTRIES_MAX = 1000;
const MIB = 2 ** 20;

interface Sizes {
  readonly entries: number;
  readonly agreementSizes: readonly number[];
  readonly changelogSizes: readonly number[];
  readonly seconds: number;
  readonly sentChanges: number;
  readonly log: (line: string) => void;
}

/** A supplier with so many users, whose replica counts changes from now on. */
async function createSupplier(server: BenchReplica, entries: number): Promise<Node> {
  const ldif = join(makeTemporaryFolder(), "people.ldif");
  writePeople(ldif, entries, { withAci: true });
  await server.import(ldif);
  await server.start();
  const node = await openNode(server.server);
  await enableReplica(node, "supplier", { replicaId: SUPPLIER_ID });
  return node;
}

const newestOf = async (node: Node): Promise<string> =>
  (await readRuv(node)).elements.get(SUPPLIER_ID)?.max ?? "";

function modify(
  generator: LoadGenerator,
  { target }: BenchReplica,
  entries: number,
  amount: { readonly seconds: number } | { readonly operations: number },
): Promise<LoadOutcome> {
  return generator.run(target, {
    operation: "modify",
    ...WRITE_WIDTH,
    first: 0,
    range: entries,
    amount,
  });
}

export async function growAgreements(
  generator: LoadGenerator,
  { agreementSizes, sentChanges, log, ...sizes }: Sizes,
): Promise<readonly GrowthRow[]> {
  const entries = Math.min(sizes.entries, AGREEMENT_ENTRIES_MAX);
  const servers: BenchReplica[] = [];
  const nodes: Node[] = [];
  const rows: GrowthRow[] = [];
  try {
    const server = await createConcord("supplier");
    servers.push(server);
    const supplier = await createSupplier(server, entries);
    nodes.push(supplier);
    for (const agreements of agreementSizes) {
      while (nodes.length <= agreements) {
        log(`agreements: creating ${nodes.length} of ${agreements}`);
        const consumer = await createConcord("consumer");
        servers.push(consumer);
        await consumer.start();
        const node = await openNode(consumer.server);
        nodes.push(node);
        await enableReplica(node, "consumer");
        await initialize(supplier, await createAgreement(supplier, node));
      }
      log(`agreements: ${agreements}`);
      rows.push(await send(generator, servers, nodes, { entries, sentChanges }));
    }
  } finally {
    for (const { client } of nodes) client.close();
    for (const server of servers) await server.remove();
  }
  return rows;
}

/** The changes are written while they go out. */
async function send(
  generator: LoadGenerator,
  servers: readonly BenchReplica[],
  [supplier, ...consumers]: readonly Node[],
  { entries, sentChanges }: { readonly entries: number; readonly sentChanges: number },
): Promise<GrowthRow> {
  const [server] = servers as [BenchReplica, ...BenchReplica[]];
  const { pid } = server.target;
  const cpuBefore = processCpuMicros(pid);
  const before = performance.now();
  const written = await modify(generator, server, entries, { operations: sentChanges });
  const wanted = await newestOf(supplier as Node);
  for (const consumer of consumers) {
    await pollUntil(
      async () => (await newestOf(consumer)) >= wanted,
      "a consumer has all changes",
      LEVEL_TIMEOUT_MS,
    );
  }
  const cpu = processCpuMicros(pid) - cpuBefore;
  return {
    size: consumers.length,
    figures: {
      "modify/s": written.operations / written.seconds,
      "until all have all s": (performance.now() - before) / 1000,
      "supplier CPU us/change": cpu / sentChanges,
      "and for each agreement": cpu / sentChanges / consumers.length,
      "supplier MiB": residentBytes(pid) / MIB,
    },
  };
}

export async function growChangelog(
  generator: LoadGenerator,
  { entries, changelogSizes, seconds, log }: Sizes,
): Promise<readonly GrowthRow[]> {
  const server = await createConcord("supplier");
  const rows: GrowthRow[] = [];
  try {
    const { client } = await createSupplier(server, entries);
    client.close();
    let records = 0;
    for (const size of changelogSizes) {
      log(`changelog: ${size}`);
      if (size > records) {
        await modify(generator, server, entries, { operations: size - records });
        records = size;
      }
      const start = await server.restart();
      // A server that has just started has not compiled anything.
      await modify(generator, server, entries, { seconds });
      const before = residentBytes(server.target.pid);
      const modified = await modify(generator, server, entries, { seconds });
      rows.push({
        size,
        figures: {
          "modify/s": modified.operations / modified.seconds,
          "modify CPU us": modified.cpuMicros / modified.operations,
          "p99 us": modified.p99Micros,
          "start ms": start,
          "memory MiB": before / MIB,
          "data MiB": dataBytes(server) / MIB,
        },
      });
    }
  } finally {
    await server.remove();
  }
  return rows;
}

const dataBytes = ({ server }: BenchReplica): number =>
  statSync(join(server.folder, "db/data.mdb")).blocks * 512;
