// What LMDB costs through lmdb-js with nothing above it: look-ups of records in random order, and durable transactions that put what a
// modification or an addition puts at least, by the number of operations that are outstanding.
//
//   modification   a record and its state anew, anywhere; a change behind the last one
//   addition       a record, its state, its place, its late row and its change, each behind the last one; its unique ID and nine index
//                  rows anywhere
import type { Kv } from "../../src/kv/index.ts";
import { openLmdb } from "../../src/kv/lmdb.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { RandomOrder } from "./random-order.ts";

const RECORD_BYTES = 700;
const STATE_BYTES = 150;
const CHANGE_BYTES = 300;
const LATE_BYTES = 200;
const ID_BYTES = 4;
/** Of an entry: index rows and the unique ID. */
const KEYS = 10;
const KEY_BYTES = 16;
/** Between keys that are there, in which new ones fall. */
const KEY_GAP = 1 << 12;
const FILL_ROWS = 10_000;
const LOOK_UPS = 200_000;

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
  /** Of CPU, copying included. */
  readonly lookUpMicros: number;
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
    const rows = new Rows(kv, entries);
    for (let from = 0; from < entries; from += FILL_ROWS) {
      await kv.transact(() => rows.fill(from, Math.min(entries, from + FILL_ROWS)));
    }
    kv.renew();
    const lookUp = cpuOf(() => {
      for (let i = 0; i < LOOK_UPS; i += 1) rows.lookUp();
    });
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
    return { lookUpMicros: lookUp / LOOK_UPS, commits };
  } finally {
    await kv.close();
  }
}

async function commit(
  kv: Kv,
  rows: Rows,
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

class Rows {
  readonly #record;
  readonly #state;
  readonly #place;
  readonly #late;
  readonly #change;
  readonly #keys;
  readonly #order: RandomOrder;
  readonly #newKeys: RandomOrder;
  #last: number;
  #changes = 0;

  constructor(kv: Kv, entries: number) {
    this.#record = kv.idTable("record");
    this.#state = kv.idTable("state");
    this.#place = kv.idTable("place");
    this.#late = kv.idTable("late");
    this.#change = kv.idTable("change");
    this.#keys = kv.bytesTable("keys");
    this.#order = new RandomOrder(entries);
    this.#newKeys = new RandomOrder(entries * KEYS * KEY_GAP);
    this.#last = entries;
  }

  fill(from: number, to: number): void {
    for (let id = from; id < to; id += 1) {
      this.#record.put(id, Buffer.alloc(RECORD_BYTES, id));
      this.#state.put(id, Buffer.alloc(STATE_BYTES, id));
      this.#place.put(id, Buffer.alloc(ID_BYTES, id));
      for (let i = 0; i < KEYS; i += 1) this.#putKey((id * KEYS + i) * KEY_GAP);
    }
  }

  lookUp(): void {
    this.#record.getCopy(this.#order.next());
  }

  modification(): void {
    const id = this.#order.next();
    this.#record.put(id, Buffer.alloc(RECORD_BYTES, this.#changes));
    this.#state.put(id, Buffer.alloc(STATE_BYTES, this.#changes));
    this.#putChange();
  }

  addition(): void {
    this.#last += 1;
    this.#record.put(this.#last, Buffer.alloc(RECORD_BYTES, this.#last));
    this.#state.put(this.#last, Buffer.alloc(STATE_BYTES, this.#last));
    this.#place.put(this.#last, Buffer.alloc(ID_BYTES, this.#last));
    this.#late.put(this.#last, Buffer.alloc(LATE_BYTES, this.#last));
    for (let i = 0; i < KEYS; i += 1) this.#putKey(this.#newKeys.next());
    this.#putChange();
  }

  #putKey(number: number): void {
    const key = Buffer.alloc(KEY_BYTES);
    key.writeBigUInt64BE(BigInt(number), 0);
    this.#keys.put(key, Buffer.alloc(ID_BYTES, number));
  }

  #putChange(): void {
    this.#changes += 1;
    this.#change.put(this.#changes, Buffer.alloc(CHANGE_BYTES, this.#changes));
  }
}

/** Microseconds of CPU of this process. */
export function cpuOf(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
