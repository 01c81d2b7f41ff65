// `concord stop` and `concord restart`.
import { CommandFailure } from "./failure.ts";
import type { FolderOptions } from "./instance.ts";
import { checkInstance, configuredUrls, loadInstance } from "./instance.ts";
import { findLockHolder } from "./instance-lock.ts";
import { type PrintOptions, printResult } from "./print.ts";
import { startInBackground } from "./start.ts";
import { pollFor } from "./wait.ts";

const GONE_MS_MAX = 15_000;

type StopOptions = FolderOptions & PrintOptions;

export async function runStop(options: StopOptions): Promise<void> {
  checkInstance(options.dir);
  const pid = await stopInstance(options.dir);
  printResult(
    { stopped: pid !== undefined, pid },
    () => (pid === undefined ? "did not run" : `stopped (process ${pid})`),
    options,
  );
}

export async function runRestart(options: StopOptions): Promise<void> {
  checkInstance(options.dir);
  await stopInstance(options.dir);
  const pid = await startInBackground(options.dir);
  const urls = configuredUrls(loadInstance(options.dir));
  printResult({ ready: true, pid, urls }, () => `ready ${urls.join(" ")}`, options);
}

/** Ends the server and waits until it is gone; undefined when there was none. @throws CommandFailure */
export async function stopInstance(folder: string): Promise<number | undefined> {
  const holder = findLockHolder(folder);
  if (holder === undefined) return undefined;
  if (holder.command !== "start") {
    throw new CommandFailure(
      `concord ${holder.command} (process ${holder.pid}) works on the instance; it is not ended`,
    );
  }
  process.kill(holder.pid, "SIGTERM");
  const isGone = await pollFor(
    () => (findLockHolder(folder)?.pid === holder.pid ? undefined : true),
    GONE_MS_MAX,
  );
  if (isGone === true) return holder.pid;
  throw new CommandFailure(`the server (process ${holder.pid}) does not end`, {
    hint: `Look at its log; kill -9 ${holder.pid} ends it, and no acknowledged write is lost.`,
  });
}
