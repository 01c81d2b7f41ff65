// A process of a benchmark that listens somewhere, and prints where.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** @throws Error when it ends before it listens */
export async function portOf(child: ChildProcess, name: string): Promise<number> {
  const listening = once(createInterface({ input: child.stdout! }), "line");
  const ended = once(child, "exit").then(() => undefined);
  const line = await Promise.race([listening, ended]);
  if (line === undefined) throw new Error(`${name} has ended before it listened`);
  return Number(line[0]);
}
