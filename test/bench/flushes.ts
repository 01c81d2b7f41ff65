// `npm run bench -- flushes`: how often a server that takes modifications has the device flush what it wrote, counted by strace from
// outside. A commit of LMDB flushes twice: `fdatasync` for its pages, and the meta page through a descriptor that writes synchronously.
// Fewer flushes than twice the commits would mean that something was answered which was not on the disk.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { waitFor } from "../support/wait-for.ts";
import { type BenchReplica, createConcord } from "./bench-server.ts";
import { LoadGenerator } from "./load-generator.ts";
import { writePeople } from "./people.ts";
import { formatNumber, formatTable } from "./statistics.ts";

const DATA_FILE = "data.mdb";
/** O_DSYNC of Linux, in /proc/PID/fdinfo. */
const SYNCHRONOUS = 0o10000;
const MONITOR = "cn=concord,cn=monitor";
const CONNECTIONS = [1, 8, 64];
const ATTACH_MS = 30_000;

export interface FlushOptions {
  readonly entries: number;
  /** With each number of connections. */
  readonly seconds: number;
  readonly log: (line: string) => void;
}

interface Row {
  readonly connections: number;
  readonly modifications: number;
  /** That wrote something, as LMDB counts them. */
  readonly commits: number;
  readonly pageFlushes: number;
  readonly metaFlushes: number;
}

export interface FlushReport {
  readonly rows: readonly Row[];
  /** Whether each commit has both flushes. */
  readonly isDurable: boolean;
}

export async function measureFlushes({
  entries,
  seconds,
  log,
}: FlushOptions): Promise<FlushReport> {
  const generator = await LoadGenerator.build();
  const concord = await createConcord("concord");
  try {
    const ldif = join(makeTemporaryFolder(), "people.ldif");
    writePeople(ldif, entries, { withAci: true });
    await concord.import(ldif);
    await concord.start();
    const rows: Row[] = [];
    for (const connections of CONNECTIONS) {
      log(`modifications on ${connections} connections`);
      const load = {
        operation: "modify",
        connections,
        depth: 1,
        first: 0,
        range: entries,
      } as const;
      const strace = await Strace.attach(concord.target.pid);
      const before = await commitsOf(concord);
      const { operations } = await generator.run(concord.target, { ...load, amount: { seconds } });
      const commits = (await commitsOf(concord)) - before;
      rows.push({ connections, modifications: operations, commits, ...(await strace.stop()) });
    }
    const isDurable = rows.every(
      ({ commits, pageFlushes, metaFlushes }) =>
        commits > 0 && pageFlushes >= commits && metaFlushes >= commits,
    );
    return { rows, isDurable };
  } finally {
    await concord.remove();
  }
}

async function commitsOf({ server }: BenchReplica): Promise<number> {
  const client = await server.connect();
  const { entries } = await client.search(MONITOR, { scope: "base" });
  client.close();
  return Number(entries[0]?.texts("databaseTransactions")[0]);
}

class Strace {
  readonly #pid: number;
  readonly #child: ReturnType<typeof spawn>;
  readonly #output: string;

  private constructor(pid: number, child: ReturnType<typeof spawn>, output: string) {
    this.#pid = pid;
    this.#child = child;
    this.#output = output;
  }

  /** Watches what the process has its data file do. */
  static async attach(pid: number): Promise<Strace> {
    const output = join(makeTemporaryFolder(), "strace.txt");
    const calls = "trace=fdatasync,fsync,pwrite64,pwritev";
    const args = [
      "-f",
      "-e",
      calls,
      "-e",
      "signal=none",
      "-s",
      "0",
      "-o",
      output,
      "-p",
      String(pid),
    ];
    const child = spawn("strace", args, { stdio: ["ignore", "ignore", "pipe"] });
    let told = "";
    child.stderr.on("data", (chunk: Buffer) => {
      told += chunk.toString("utf8");
    });
    await waitFor(() => told.includes("attached"), "strace to watch all threads", ATTACH_MS);
    return new Strace(pid, child, output);
  }

  async stop(): Promise<Pick<Row, "pageFlushes" | "metaFlushes">> {
    const files = dataFileDescriptors(this.#pid);
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGINT");
    await ended;
    let pageFlushes = 0;
    let metaFlushes = 0;
    for (const line of readFileSync(this.#output, "utf8").split("\n")) {
      const [, call = "", descriptor] = /^\d+ +(\w+)\((\d+)/.exec(line) ?? [];
      const flags = files.get(Number(descriptor));
      if (flags === undefined) continue;
      if (call.endsWith("sync")) pageFlushes += 1;
      else if ((flags & SYNCHRONOUS) !== 0) metaFlushes += 1;
    }
    return { pageFlushes, metaFlushes };
  }
}

/** Flags of the descriptors of the database, by number. */
function dataFileDescriptors(pid: number): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  for (const descriptor of readdirSync(`/proc/${pid}/fd`)) {
    if (!readlinkSync(`/proc/${pid}/fd/${descriptor}`).endsWith(`/${DATA_FILE}`)) continue;
    const info = readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, "utf8");
    const [, flags = "0"] = /^flags:\s*(\d+)$/m.exec(info) ?? [];
    found.set(Number(descriptor), Number.parseInt(flags, 8));
  }
  return found;
}

/** For people. */
export function formatFlushes({ rows, isDurable }: FlushReport): string {
  return [
    formatTable(
      ["connections", "modifications", "commits", "page flushes", "meta page flushes"],
      rows.map(({ connections, modifications, commits, pageFlushes, metaFlushes }) =>
        [connections, modifications, commits, pageFlushes, metaFlushes].map(formatNumber),
      ),
    ),
    isDurable ? "each commit was flushed twice" : "there were commits without both flushes",
  ].join("\n\n");
}
