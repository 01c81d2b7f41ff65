// A write queue on the Kv in memory, whose transactions the tests run and flush step by step.

import { assert } from "chai";
import type { Millis } from "../../../src/base/index.ts";
import type { IdTable, Kv, WriteSet } from "../../../src/kv/index.ts";
import { MemoryKv, WriteQueue } from "../../../src/kv/index.ts";

export class Refusal extends Error {}
export class Busy extends Error {}

/** Steps wait until the test takes them. */
class Steps {
  readonly waiting: (() => void)[] = [];
  readonly schedule = (step: () => void): void => {
    this.waiting.push(step);
  };

  async take(count: number): Promise<void> {
    for (let i = 0; i < count; i += 1) {
      const step = this.waiting.shift();
      assert.isDefined(step, "a step is waiting");
      step!();
      await turn();
    }
  }

  async takeAll(): Promise<void> {
    await turn();
    while (this.waiting.length > 0) await this.take(1);
  }
}

/** Lets promise callbacks run. */
export async function turn(): Promise<void> {
  for (let i = 0; i < 10; i += 1) await Promise.resolve();
}

interface Bench {
  readonly kv: MemoryKv;
  readonly table: IdTable;
  readonly queue: WriteQueue;
  readonly disk: Steps;
  readonly loop: Steps;
  readonly fatal: unknown[];
  readonly sync: () => number;
  nowMs: number;
  put(id: number, text: string): (writeSet: WriteSet) => string;
}

export function makeBench(
  options: {
    readonly operationsMax?: number;
    readonly batch?: number;
    readonly onBatch?: () => void;
  } = {},
): Bench {
  const disk = new Steps();
  const loop = new Steps();
  const fatal: unknown[] = [];
  const kv = new MemoryKv({ schedule: disk.schedule });
  const table = kv.idTable("t");
  const bench = { nowMs: 1_000_000 };
  const queue = new WriteQueue(
    kv,
    { now: () => bench.nowMs as Millis },
    {
      isRefusal: (error) => error instanceof Refusal,
      busyError: () => new Busy("busy"),
      onFatal: (error) => fatal.push(error),
      schedule: loop.schedule,
      operationsMax: options.operationsMax ?? 100,
      batchOperationsMax: options.batch ?? 100,
      ...(options.onBatch === undefined ? {} : { onBatch: options.onBatch }),
    },
  );
  return Object.assign(bench, {
    kv,
    table,
    queue,
    disk,
    loop,
    fatal,
    sync: () => queue.statistics().batchesSync,
    put: (id: number, text: string) => (writeSet: WriteSet) => {
      writeSet.table(table).put(id, Buffer.from(text));
      return text;
    },
  });
}

/** A list that fills as the promises settle. */
export function watch(promises: readonly Promise<unknown>[]): string[] {
  const settled: string[] = [];
  for (const promise of promises) {
    promise.then(
      (value) => settled.push(String(value)),
      (error: Error) => settled.push(`${error.constructor.name}: ${error.message}`),
    );
  }
  return settled;
}

export function read(kv: Kv, id: number): string | undefined {
  return kv.idTable("t").getCopy(id)?.toString();
}
