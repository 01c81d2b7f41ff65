// The latency of replication with nothing in it: what two servers of our kind need at least, from the answer of one until the other
// has the change. The first one commits a modification and tells a thread, which sends some bytes over a socket; another process
// commits as much and says so. Nothing is read, encoded, decoded, looked up or decided.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { openLmdb } from "../../src/kv/lmdb.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { portOf } from "./child-port.ts";
import { percentile } from "./statistics.ts";
import { StoreRows } from "./store-rows.ts";

/** As the comparison makes them. */
const CHANGES_PER_SECOND = 150;
const CHANGES = 1000;
/** Their code is new; not counted. */
const FIRST_CHANGES = 1000;
const MEDIAN = 0.5;
const RARE = 0.99;

export interface BareReplication {
  /** From the end of a commit here until it is told that there is one there. */
  readonly p50Millis: number;
  readonly p99Millis: number;
  /** Of the commit here. */
  readonly commitP50Millis: number;
}

export async function measureBareReplication(entries: number): Promise<BareReplication> {
  const entry = fileURLToPath(new URL("bare-consumer.js", import.meta.url));
  const consumer = spawn(process.execPath, [entry, String(entries)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const kill = (): void => {
    consumer.kill();
  };
  process.once("exit", kill);
  try {
    return await sendChanges(await portOf(consumer, "the bare consumer"), entries);
  } finally {
    process.off("exit", kill);
    kill();
  }
}

async function sendChanges(port: number, entries: number): Promise<BareReplication> {
  const kv = openLmdb(makeTemporaryFolder());
  const sender = new Worker(new URL("bare-sender.js", import.meta.url), { workerData: port });
  const answers = connect({ port, host: "127.0.0.1", noDelay: true });
  try {
    const rows = new StoreRows(kv, entries);
    await Promise.all([rows.fill(), once(sender, "message"), once(answers, "connect")]);
    await rows.fillStates();
    const commits: number[] = [];
    const arrivals: number[] = [];
    const first = performance.now();
    for (let i = 0; i < FIRST_CHANGES + CHANGES; i += 1) {
      const due = first + (i / CHANGES_PER_SECOND) * 1000;
      await sleep(Math.max(0, due - performance.now()));
      const began = performance.now();
      await kv.transact(() => rows.modification());
      const committed = performance.now();
      sender.postMessage(i);
      await once(answers, "data");
      if (i < FIRST_CHANGES) continue;
      commits.push(committed - began);
      arrivals.push(performance.now() - committed);
    }
    return {
      p50Millis: percentile(arrivals, MEDIAN),
      p99Millis: percentile(arrivals, RARE),
      commitP50Millis: percentile(commits, MEDIAN),
    };
  } finally {
    answers.destroy();
    await sender.terminate();
    await kv.close();
  }
}
