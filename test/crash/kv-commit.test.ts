// An answered write is on disk, whatever fails. A process of its own (kv-writer.ts) writes; it is killed, its flushes fail, or
// every state that its disk could have had at a loss of power is rebuilt from a log of its writes and opened again.
// Needs gcc for the library that logs and fails calls (write-log.c).
import { assert } from "chai";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { openLmdb } from "../../src/kv/lmdb.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";

const WRITER = join(import.meta.dirname, "kv-writer.js");

function projectRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return folder;
}

/** Compiles write-log.c; undefined without a compiler. */
function buildLibrary(): string | undefined {
  const library = join(makeTemporaryFolder(), "write-log.so");
  const source = join(projectRoot(), "test/crash/write-log.c");
  const compiler = spawnSync("gcc", ["-shared", "-fPIC", "-O1", "-o", library, source]);
  if (compiler.error !== undefined) return undefined;
  assert.equal(compiler.status, 0, compiler.stderr.toString());
  return library;
}

type Acknowledged = Map<number, number>;

function startWriter(
  folder: string,
  mode: string,
  options: { readonly rounds: number; readonly env?: Record<string, string> },
): ChildProcess {
  return spawn(process.execPath, [WRITER, folder, mode, String(options.rounds)], {
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Last value of each writer among the lines that the process has printed. */
function parseAcknowledged(output: string): Acknowledged {
  const last: Acknowledged = new Map();
  for (const [, writer, value] of output.matchAll(/^(\d+) (\d+)\n/gm)) {
    last.set(Number(writer), Number(value));
  }
  return last;
}

async function readValues(folder: string): Promise<Map<number, number>> {
  const kv = openLmdb(folder, { mapBytes: 2 ** 30 });
  const rows = [...kv.idTable("values").range()];
  // A page that was used too early shows here.
  for (const { value } of kv.idTable("filler").range()) assert.equal(value.length, 300);
  await kv.close();
  return new Map(rows.map(({ key, value }) => [key, value.readUInt32LE(0)]));
}

async function runToEnd(
  child: ChildProcess,
): Promise<{ code: number | null; output: string; errors: string }> {
  let output = "";
  let errors = "";
  child.stdout!.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr!.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output, errors };
}

suite("crash/kv-commit", function () {
  this.timeout(120_000);

  for (const mode of ["async", "sync", "mixed"]) {
    test(`kv/write-queue: a process killed during ${mode} commits has lost no answered write`, async () => {
      for (const count of [1, 20, 77, 150]) {
        const folder = makeTemporaryFolder();
        const child = startWriter(folder, mode, { rounds: 1_000_000 });
        let output = "";
        child.stdout!.on("data", (chunk: Buffer) => {
          output += chunk.toString();
          if (output.split("\n").length > count) child.kill("SIGKILL");
        });
        const [, signal] = (await once(child, "close")) as [unknown, string];
        assert.equal(signal, "SIGKILL");
        const stored = await readValues(folder);
        for (const [writer, value] of parseAcknowledged(output)) {
          assert.isAtLeast(stored.get(writer) ?? 0, value, `writer ${writer}`);
          assert.isAtMost(stored.get(writer) ?? 0, value + 1, `writer ${writer}`);
        }
      }
    });
  }

  for (const [mode, rounds] of [
    ["async", 4],
    ["sync", 6],
    ["mixed", 4],
  ] as const) {
    for (const variable of ["FAIL_FLUSH", "FAIL_WRITE"]) {
      test(`kv/write-queue: ${variable} during ${mode} commits ends the process, and what was not answered is not there`, async function () {
        const library = buildLibrary();
        if (library === undefined) return this.skip();
        let failures = 0;
        for (let turn = 1; ; turn += 1) {
          const folder = makeTemporaryFolder();
          const env = { LD_PRELOAD: library, [variable]: String(turn) };
          const { code, output, errors } = await runToEnd(
            startWriter(folder, mode, { rounds, env }),
          );
          if (code === 0) break;
          failures += 1;
          if (code === null) {
            // lmdb-js crashes when it cannot write the first pages of a new file.
            assert.equal(output, "");
            continue;
          }
          assert.equal(code, 70, errors);
          assert.include(errors, "StorageError");
          if (!existsSync(join(folder, "data.mdb"))) continue;
          assert.deepEqual(await readValues(folder), parseAcknowledged(output), `turn ${turn}`);
        }
        assert.isAbove(failures, rounds);
      });
    }
  }

  for (const mode of ["async", "sync", "mixed"]) {
    test(`kv/write-queue: a loss of power during ${mode} commits loses no answered write`, async function () {
      const library = buildLibrary();
      if (library === undefined) return this.skip();
      const log = join(makeTemporaryFolder(), "log");
      const env = { LD_PRELOAD: library, WRITE_LOG: log };
      const run = await runToEnd(startWriter(makeTemporaryFolder(), mode, { rounds: 12, env }));
      assert.equal(run.code, 0, run.errors);
      const sync = Number(/sync (\d+)/.exec(run.errors)?.[1]);
      if (mode !== "async") assert.isAbove(sync, 3);
      else assert.equal(sync, 0);
      const disk = new Disk();
      let answers = 0;
      for (const record of parseLog(readFileSync(log))) {
        disk.apply(record);
        if (record.type !== "A") continue;
        answers += 1;
        for (const image of disk.images(answers)) {
          const folder = makeTemporaryFolder();
          mkdirSync(folder, { recursive: true });
          writeFileSync(join(folder, "data.mdb"), image);
          const stored = await readValues(folder);
          for (const [writer, value] of disk.acknowledged) {
            assert.isAtLeast(stored.get(writer) ?? 0, value, `answer ${answers}, writer ${writer}`);
          }
        }
      }
      assert.isAbove(answers, 11);
    });
  }
});

interface LogRecord {
  readonly type: string;
  readonly offset: number;
  readonly bytes: Buffer;
}

function* parseLog(log: Buffer): Generator<LogRecord> {
  for (let at = 0; at < log.length; ) {
    const type = log.toString("latin1", at, at + 1);
    const offset = Number(log.readBigUInt64LE(at + 1));
    const length = log.readUInt32LE(at + 9);
    yield { type, offset, bytes: log.subarray(at + 13, at + 13 + length) };
    at += 13 + length;
  }
}

/** What is on disk for certain, and what may be. */
class Disk {
  readonly acknowledged: Acknowledged = new Map();
  #certain: Buffer = Buffer.alloc(0);
  #pending: LogRecord[] = [];
  #pendingAtFlush = 0;

  apply(record: LogRecord): void {
    switch (record.type) {
      case "W":
        this.#pending.push(record);
        break;
      case "D":
        // Of earlier writes to the same place, none may come to rest later.
        this.#pending = this.#pending.filter((other) => !overlaps(other, record));
        this.#certain = written(this.#certain, record);
        break;
      case "B":
        this.#pendingAtFlush = this.#pending.length;
        break;
      case "S":
        for (const write of this.#pending.splice(0, this.#pendingAtFlush)) {
          this.#certain = written(this.#certain, write);
        }
        break;
      case "A":
        this.acknowledged.set(record.bytes.readUInt32LE(0), record.bytes.readUInt32LE(4));
        break;
      default:
        assert.fail(`unknown record ${record.type}`);
    }
  }

  /** Without and with all that is pending, and with some of it. */
  *images(seed: number): Generator<Buffer> {
    yield this.#certain;
    if (this.#pending.length === 0) return;
    for (const pattern of [-1, seed * 2_654_435_761, seed * 40_503]) {
      let image = this.#certain;
      for (const [i, write] of this.#pending.entries()) {
        if (((pattern >>> (i % 31)) & 1) === 1) image = written(image, write);
      }
      yield image;
    }
  }
}

function overlaps(a: LogRecord, b: LogRecord): boolean {
  return a.offset < b.offset + b.bytes.length && b.offset < a.offset + a.bytes.length;
}

function written(image: Buffer, { offset, bytes }: LogRecord): Buffer {
  const result = Buffer.alloc(Math.max(image.length, offset + bytes.length));
  image.copy(result);
  bytes.copy(result, offset);
  return result;
}
