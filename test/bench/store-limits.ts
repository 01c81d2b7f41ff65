// What LMDB costs through lmdb-js with nothing above it: look-ups of records in random order, and transactions that put what a
// modification puts at least (a record, its state, a change), by the number of modifications that are outstanding.
import { openLmdb } from "../../src/kv/lmdb.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { RandomOrder } from "./random-order.ts";

const RECORD_BYTES = 700;
const STATE_BYTES = 150;
const CHANGE_BYTES = 300;
const FILL_ROWS = 10_000;
const LOOK_UPS = 200_000;

interface StoreLimit {
  /** Modifications that wait for the disk at any time. */
  readonly outstanding: number;
  /** In so many transactions, one behind the other: what is faster. */
  readonly transactions: number;
  /** Modifications a second. */
  readonly rate: number;
  readonly cpuMicros: number;
}

export interface StoreLimits {
  /** Of CPU, copying included. */
  readonly lookUpMicros: number;
  readonly commits: readonly StoreLimit[];
}

export async function measureStore(
  entries: number,
  {
    modifications,
    seconds,
  }: { readonly modifications: readonly number[]; readonly seconds: number },
): Promise<StoreLimits> {
  const kv = openLmdb(makeTemporaryFolder());
  try {
    const record = kv.idTable("record");
    const state = kv.idTable("state");
    const change = kv.idTable("change");
    for (let from = 0; from < entries; from += FILL_ROWS) {
      await kv.transact(() => {
        for (let id = from; id < Math.min(entries, from + FILL_ROWS); id += 1) {
          record.put(id, Buffer.alloc(RECORD_BYTES, id));
          state.put(id, Buffer.alloc(STATE_BYTES, id));
        }
      });
    }
    const order = new RandomOrder(entries);
    kv.renew();
    const lookUp = cpuOf(() => {
      for (let i = 0; i < LOOK_UPS; i += 1) record.getCopy(order.next());
    });
    let changes = 0;
    const put = (count: number): void => {
      for (let i = 0; i < count; i += 1) {
        const id = order.next();
        record.put(id, Buffer.alloc(RECORD_BYTES, changes));
        state.put(id, Buffer.alloc(STATE_BYTES, changes));
        change.put((changes += 1), Buffer.alloc(CHANGE_BYTES, changes));
      }
    };
    const commits: StoreLimit[] = [];
    for (const outstanding of modifications) {
      const ways: StoreLimit[] = [];
      for (const transactions of outstanding === 1 ? [1] : [1, 2]) {
        const count = outstanding / transactions;
        const began = performance.now();
        const cpu = process.cpuUsage();
        let done = 0;
        const commit = async (): Promise<void> => {
          while (performance.now() - began < seconds * 1000) {
            await kv.transact(() => put(count));
            done += count;
          }
        };
        await Promise.all(Array.from({ length: transactions }, commit));
        const { user, system } = process.cpuUsage(cpu);
        const rate = (done / (performance.now() - began)) * 1000;
        ways.push({ outstanding, transactions, rate, cpuMicros: (user + system) / done });
      }
      commits.push(ways.reduce((best, way) => (way.rate > best.rate ? way : best)));
    }
    return { lookUpMicros: lookUp / LOOK_UPS, commits };
  } finally {
    await kv.close();
  }
}

/** Microseconds of CPU of this process. */
export function cpuOf(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
