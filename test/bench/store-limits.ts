// What LMDB costs through lmdb-js with nothing above it: filling it in order as an import does, look-ups of records in random order, all
// records read in order and copied into a file, and durable transactions by the number of operations that are outstanding (store-rows.ts).
import { join } from "node:path";
import type { Kv } from "../../src/kv/index.ts";
import { openLmdb } from "../../src/kv/lmdb.ts";
import { writeLargeFile } from "../../src/server/index.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { median } from "./statistics.ts";
import { StoreRows } from "./store-rows.ts";

const LOOK_UPS = 200_000;
const COPIES = 5;
const READS = 15;

interface StoreLimit {
  readonly operation: "modification" | "addition";
  /** Operations that wait for the disk at any time. */
  readonly outstanding: number;
  /** In so many transactions, one behind the other: what is faster. */
  readonly transactions: number;
  /** Operations a second. */
  readonly rate: number;
  readonly cpuMicros: number;
}

export interface StoreLimits {
  /** Of CPU for an entry of an import. */
  readonly fillMicros: number;
  /** For all records in a file on disk. */
  readonly copyMillis: number;
  /** Of CPU, copying included. */
  readonly lookUpMicros: number;
  /** Of CPU for a record, one behind the other. */
  readonly readMicros: number;
  readonly commits: readonly StoreLimit[];
}

export interface StoreLoad {
  readonly operation: StoreLimit["operation"];
  readonly outstanding: number;
}

export async function measureStore(
  entries: number,
  { loads, seconds }: { readonly loads: readonly StoreLoad[]; readonly seconds: number },
): Promise<StoreLimits> {
  const kv = openLmdb(makeTemporaryFolder());
  try {
    const rows = new StoreRows(kv, entries);
    const beforeFill = process.cpuUsage();
    await rows.fill();
    const fill = process.cpuUsage(beforeFill);
    await rows.fillStates();
    const copies: number[] = [];
    for (let round = 0; round < COPIES; round += 1) {
      const began = performance.now();
      writeLargeFile(join(kv.folder, "copy"), (append) => rows.copyRecords(append));
      copies.push(performance.now() - began);
    }
    const lookUp = cpuOf(() => {
      for (let i = 0; i < LOOK_UPS; i += 1) rows.lookUp();
    });
    const reads = Array.from({ length: READS }, () => cpuOf(() => rows.readRecords()) / entries);
    const commits: StoreLimit[] = [];
    for (const load of loads) {
      const ways: StoreLimit[] = [];
      for (const transactions of load.outstanding === 1 ? [1] : [1, 2]) {
        ways.push({
          ...load,
          transactions,
          ...(await commit(kv, rows, load, transactions, seconds)),
        });
      }
      commits.push(ways.reduce((best, way) => (way.rate > best.rate ? way : best)));
    }
    return {
      fillMicros: (fill.user + fill.system) / entries,
      copyMillis: median(copies),
      lookUpMicros: lookUp / LOOK_UPS,
      readMicros: median(reads),
      commits,
    };
  } finally {
    await kv.close();
  }
}

async function commit(
  kv: Kv,
  rows: StoreRows,
  { operation, outstanding }: StoreLoad,
  transactions: number,
  seconds: number,
): Promise<{ readonly rate: number; readonly cpuMicros: number }> {
  const count = outstanding / transactions;
  const began = performance.now();
  const cpu = process.cpuUsage();
  let done = 0;
  const run = async (): Promise<void> => {
    while (performance.now() - began < seconds * 1000) {
      await kv.transact(() => {
        for (let i = 0; i < count; i += 1) rows[operation]();
      });
      done += count;
    }
  };
  await Promise.all(Array.from({ length: transactions }, run));
  const { user, system } = process.cpuUsage(cpu);
  return {
    rate: (done / (performance.now() - began)) * 1000,
    cpuMicros: (user + system) / done,
  };
}

/** Microseconds of CPU of this process. */
export function cpuOf(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
