// `npm run bench -- limits`: what this machine allows at most. A server that does nothing but answer (empty-server.ts) under the loads
// of the comparison, look-ups and durable transactions of LMDB with nothing above them, replication of nothing, starts of Node and of the
// program, the hashes of passwords, and memory that nobody has used yet. Whoever asks why a goal is not
// reached finds here what would be left of it if Concord itself cost nothing.
import { spawn, spawnSync } from "node:child_process";
import { createHash, pbkdf2Sync } from "node:crypto";
import { concordCommand } from "../support/concord-server.ts";
import { type BareReplication, measureBareReplication } from "./bare-replication.ts";
import { type Load, LoadGenerator, type LoadOutcome } from "./load-generator.ts";
import { ScriptServer } from "./script-server.ts";
import { formatNumber, formatTable, median } from "./statistics.ts";
import { type StoreLimits, type StoreLoad, cpuOf, measureStore } from "./store-limits.ts";

interface AnswerLoad {
  readonly name: string;
  readonly load: Pick<Load, "operation" | "connections" | "depth" | "rate">;
  /** Processes that compute meanwhile, with the same right to the processors. */
  readonly computing?: number;
}

const LOADS: readonly AnswerLoad[] = [
  { name: "search uid, depth 1", load: { operation: "search", connections: 8, depth: 1 } },
  { name: "search uid, depth 16", load: { operation: "search", connections: 8, depth: 16 } },
  { name: "base search, depth 16", load: { operation: "read", connections: 8, depth: 16 } },
  { name: "compare, depth 16", load: { operation: "compare", connections: 8, depth: 16 } },
  { name: "bind, depth 1", load: { operation: "bind", connections: 8, depth: 1 } },
  ...[0, 1, 2].map((computing) => ({
    name: `1,000 searches a second beside ${computing} processes that compute`,
    load: { operation: "search", connections: 8, depth: 1, rate: 1000 } as const,
    computing,
  })),
];
/** Outstanding at any time, as in the comparison. */
const STORE_LOADS: readonly StoreLoad[] = [
  ...[1, 8, 64, 128].map((outstanding) => ({ operation: "modification", outstanding }) as const),
  ...[8, 64].map((outstanding) => ({ operation: "addition", outstanding }) as const),
];
const PASSWORD = "secret password 1";
const SALT = Buffer.alloc(16, 7);
const DIGESTS = 100_000;
const SLOW_ROUNDS = 10_000;
const SLOW_HASHES = 20;
const SLOW_KEY_BYTES = 64;
const STARTS = 9;
const TOUCHES = 5;
const TOUCHED_BYTES = 256 * 1024 * 1024;
const PAGE_BYTES = 4096;

export interface LimitsOptions {
  readonly entries: number;
  readonly rounds: number;
  readonly seconds: number;
  readonly log: (line: string) => void;
}

export interface LimitsReport {
  readonly entries: number;
  readonly answers: readonly {
    readonly name: string;
    readonly rate: number;
    readonly cpuMicros: number;
    readonly p99Micros: number;
  }[];
  readonly store: StoreLimits;
  readonly replication: BareReplication;
  /** Of a Node that does nothing. */
  readonly startMillis: number;
  /** Of the program, which does no more than print its version. */
  readonly programMillis: number;
  /** For 4 KiB of memory that the process has not used before. A guest may have to ask its host for it. */
  readonly firstTouchMicros: number;
  /** Of CPU for a password. */
  readonly saltedSha1Micros: number;
  readonly pbkdf2Sha512Micros: number;
}

export async function measureLimits(options: LimitsOptions): Promise<LimitsReport> {
  const { entries, rounds, seconds, log } = options;
  const generator = await LoadGenerator.build();
  log("a server that does nothing but answer");
  const server = await ScriptServer.start("empty-server.js");
  try {
    const answers: LimitsReport["answers"][number][] = [];
    for (const { name, load, computing = 0 } of LOADS) {
      const full = { ...load, first: 0, range: entries, amount: { seconds } };
      const outcomes: LoadOutcome[] = [];
      await besideProcesses(computing, async () => {
        for (let round = 0; round < rounds; round += 1) {
          outcomes.push(await generator.run(server.target, full));
        }
      });
      answers.push({
        name,
        rate: median(outcomes.map(({ operations, seconds: lasting }) => operations / lasting)),
        cpuMicros: median(outcomes.map(({ operations, cpuMicros }) => cpuMicros / operations)),
        p99Micros: median(outcomes.map(({ p99Micros }) => p99Micros)),
      });
    }
    log("LMDB alone");
    const store = await measureStore(entries, { loads: STORE_LOADS, seconds });
    const saltedSha1Micros =
      cpuOf(() => {
        for (let i = 0; i < DIGESTS; i += 1) {
          createHash("sha1").update(PASSWORD).update(SALT).digest();
        }
      }) / DIGESTS;
    const pbkdf2Sha512Micros =
      cpuOf(() => {
        for (let i = 0; i < SLOW_HASHES; i += 1) {
          pbkdf2Sync(PASSWORD, SALT, SLOW_ROUNDS, SLOW_KEY_BYTES, "sha512");
        }
      }) / SLOW_HASHES;
    log("replication of nothing");
    const replication = await measureBareReplication(entries);
    return {
      entries,
      answers,
      store,
      replication,
      startMillis: median(starts(process.execPath, ["-e", ""])),
      programMillis: median(starts(concordCommand(), ["version"])),
      firstTouchMicros: median(Array.from({ length: TOUCHES }, touchPages)),
      saltedSha1Micros,
      pbkdf2Sha512Micros,
    };
  } finally {
    await server.stop();
  }
}

export function formatLimits(report: LimitsReport): string {
  const { entries, answers, store, replication } = report;
  const latency = (name: string, millis: number): readonly string[] => [
    name,
    "",
    "",
    formatNumber(millis * 1000),
  ];
  const micros = (name: string, value: number): readonly string[] => [
    name,
    "",
    formatNumber(value),
    "",
  ];
  return formatTable(
    ["at most", "ops/s", "us CPU", "us"],
    [
      latency("4 KiB of memory, used for the first time", report.firstTouchMicros / 1000),
      ...answers.map(({ name, rate, cpuMicros, p99Micros }) => [
        `answers alone: ${name}; p99`,
        formatNumber(rate),
        formatNumber(cpuMicros),
        formatNumber(p99Micros),
      ]),
      ...store.commits.map(({ operation, outstanding, rate, cpuMicros }) => [
        `LMDB alone: ${operation}s, ${outstanding} outstanding, ${entries} entries`,
        formatNumber(rate),
        formatNumber(cpuMicros),
        "",
      ]),
      micros("LMDB alone: an entry of an import", store.fillMicros),
      micros("LMDB alone: a record looked up", store.lookUpMicros),
      micros("LMDB alone: a record read in order", store.readMicros),
      latency("LMDB alone: 150 lone modifications a second, p50", replication.commitP50Millis),
      latency("from such a commit to one on another server, p50", replication.p50Millis),
      latency("from such a commit to one on another server, p99", replication.p99Millis),
      latency(`${entries} records copied into a file on disk`, store.copyMillis),
      latency("start of Node", report.startMillis),
      latency("start of the program, which prints its version", report.programMillis),
      micros("password, salted SHA-1", report.saltedSha1Micros),
      micros(`password, PBKDF2-SHA512, ${SLOW_ROUNDS} rounds`, report.pbkdf2Sha512Micros),
    ],
  );
}

/** In ms, until the command has ended. */
function starts(command: string, words: readonly string[]): readonly number[] {
  return Array.from({ length: STARTS }, () => {
    const began = performance.now();
    const { status } = spawnSync(command, words, { stdio: "ignore" });
    if (status !== 0) throw new Error(`${command} ended with ${status}`);
    return performance.now() - began;
  });
}

/** In microseconds a page. */
function touchPages(): number {
  const began = performance.now();
  const bytes = Buffer.allocUnsafeSlow(TOUCHED_BYTES);
  for (let at = 0; at < TOUCHED_BYTES; at += PAGE_BYTES) bytes[at] = 1;
  return ((performance.now() - began) * 1000) / (TOUCHED_BYTES / PAGE_BYTES);
}

async function besideProcesses(count: number, run: () => Promise<void>): Promise<void> {
  const computing = Array.from({ length: count }, () =>
    spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }),
  );
  const kill = (): void => {
    for (const child of computing) child.kill("SIGKILL");
  };
  process.once("exit", kill);
  try {
    await run();
  } finally {
    process.off("exit", kill);
    kill();
  }
}
