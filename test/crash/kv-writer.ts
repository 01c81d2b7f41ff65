// A process that writes through the write queue until it is done or killed: `kv-writer.js FOLDER MODE ROUNDS`. Each of several
// writers puts 1, 2, 3, … under its own key and, once its promise has settled, prints `WRITER VALUE` and, if WRITE_LOG is set,
// appends the record A (layout in write-log.c) with both numbers to it.
//
//   async   always six writers, a request was just served
//   sync    one writer in a quiet server
//   mixed   both in turn
import { openSync, writeSync } from "node:fs";
import type { Millis } from "../../src/base/index.ts";
import { WriteQueue } from "../../src/kv/index.ts";
import { openLmdb } from "../../src/kv/lmdb.ts";

const [folder = "", mode = "async", rounds = "10"] = process.argv.slice(2);
const WRITERS = 6;
const log = process.env["WRITE_LOG"];
const logDescriptor = log === undefined ? undefined : openSync(log, "a", 0o600);

function acknowledge(writer: number, value: number): void {
  if (logDescriptor !== undefined) {
    const record = Buffer.alloc(21);
    record.write("A");
    record.writeUInt32LE(8, 9);
    record.writeUInt32LE(writer, 13);
    record.writeUInt32LE(value, 17);
    writeSync(logDescriptor, record);
  }
  writeSync(1, `${writer} ${value}\n`);
}

function stop(error: unknown): never {
  writeSync(2, `${String(error)} ${String((error as Error).cause)}\n`);
  process.exit(70);
}

async function main(): Promise<void> {
  const kv = openLmdb(folder, { mapBytes: 2 ** 30 });
  const values = kv.idTable("values");
  const filler = kv.idTable("filler");
  let nowMs = 0;
  const queue = new WriteQueue(
    kv,
    { now: () => nowMs as Millis },
    { isRefusal: () => false, busyError: () => new Error("busy"), onFatal: stop },
  );
  const current = Array.from({ length: WRITERS }, () => 0);
  const write = async (writer: number): Promise<void> => {
    const value = (current[writer] ?? 0) + 1;
    current[writer] = value;
    await queue.submit((writeSet) => {
      const row = Buffer.alloc(4);
      row.writeUInt32LE(value);
      writeSet.table(values).put(writer, row);
      // Pages are freed and used again, so that an early reuse would show.
      writeSet.table(filler).put((writer * 7919 + value * 31) % 500, Buffer.alloc(300, value));
    });
    acknowledge(writer, value);
  };
  const burst = async (): Promise<void> => {
    queue.noteRequest();
    await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
  };
  const alone = async (): Promise<void> => {
    nowMs += 1000;
    await write(0);
  };
  for (let round = 0; round < Number(rounds); round += 1) {
    if (mode === "async" || (mode === "mixed" && round % 3 !== 0)) await burst();
    else await alone();
    if (mode === "mixed" && round % 5 === 0) await Promise.all([burst(), burst()]);
  }
  const { batches, batchesSync } = queue.statistics();
  writeSync(2, `batches ${batches} sync ${batchesSync}\n`);
  await kv.close();
}

main().catch(stop);
