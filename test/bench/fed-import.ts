// An import that is fed through a pipe, so that it can be seen how fast it takes the first and the last tenth of a file: a pipe holds
// little, what is not taken waits. The first tenth begins behind what a pipe may hold before the command reads.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, statSync } from "node:fs";
import { concordCommand } from "../support/concord-server.ts";

const PIPE_BYTES_MAX = 1 << 20;
const TENTH = 0.1;

export interface FedImport {
  readonly seconds: number;
  /** Not a number when the file is too small for it. */
  readonly firstTenthSeconds: number;
  readonly lastTenthSeconds: number;
  /** From the end of the file to the end of the command. */
  readonly endSeconds: number;
}

/**
 * Fills a stopped Concord.
 * @throws Error when the command fails
 */
export async function importThroughPipe(
  folder: string,
  backend: string,
  ldif: string,
): Promise<FedImport> {
  const bytes = statSync(ldif).size;
  const began = performance.now();
  const args = ["import", "--dir", folder, "--backend", backend, "-"];
  const child = spawn(concordCommand(), args, { stdio: ["pipe", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said += text;
  });
  // Its exit code tells what broke the pipe.
  child.stdin.on("error", () => {});
  const closed = once(child, "close");
  /** How much had been taken when. */
  const samples: { readonly taken: number; readonly at: number }[] = [];
  let taken = 0;
  for await (const chunk of createReadStream(ldif)) {
    if (!child.stdin.write(chunk)) await Promise.race([once(child.stdin, "drain"), closed]);
    if (child.exitCode !== null) break;
    taken += (chunk as Buffer).length;
    if (taken > PIPE_BYTES_MAX) samples.push({ taken, at: performance.now() });
  }
  const fed = performance.now();
  child.stdin.end();
  const [code] = (await closed) as [number | null];
  if (code !== 0) throw new Error(`concord import: exit code ${code}\n${said}`);
  const tenth = bytes * TENTH;
  const [first] = samples;
  const firstEnd = samples.find((sample) => sample.taken >= PIPE_BYTES_MAX + tenth);
  const lastBegin = samples.find((sample) => sample.taken >= bytes - tenth);
  const seconds = (from: number | undefined, to: number | undefined): number =>
    ((to ?? Number.NaN) - (from ?? Number.NaN)) / 1000;
  return {
    seconds: seconds(began, performance.now()),
    firstTenthSeconds: seconds(first?.at, firstEnd?.at),
    lastTenthSeconds: seconds(lastBegin?.at, fed),
    endSeconds: seconds(fed, performance.now()),
  };
}
