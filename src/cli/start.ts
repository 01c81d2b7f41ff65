// `concord start`: the server in the foreground until SIGTERM or SIGINT, or, with --detach, in the background from the moment
// when it is ready.
import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { instancePaths, startServer } from "../server/index.ts";
import { CommandFailure } from "./failure.ts";
import type { FolderOptions } from "./instance.ts";
import { checkInstance, findReadyPid, loadInstance, configuredUrls } from "./instance.ts";
import { checkUnlocked, lockInstance } from "./instance-lock.ts";
import { type PrintOptions, printNote, printResult } from "./print.ts";
import { pause } from "./wait.ts";

/** A clean stop takes no longer; after that the process ends anyway. */
const STOP_MS_MAX = 5_000;
const READY_POLL_MS = 50;
const READY_MS_MAX = 120_000;

export interface StartOptions extends FolderOptions, PrintOptions {
  readonly detach: boolean;
  /** Stop as well when standard input ends: whoever started this process is gone. */
  readonly attached: boolean;
}

export async function runStart(options: StartOptions): Promise<void> {
  checkInstance(options.dir);
  if (options.detach) return startDetached(options);
  const lock = lockInstance(options.dir, "start");
  let urls: readonly string[];
  try {
    const server = await startServer(options.dir);
    urls = server.listeners.map(({ url }) => url);
    stopOnSignal(async () => {
      await server.stop();
      lock.release();
    }, options);
  } catch (error) {
    lock.release();
    throw startFailure(error);
  }
  printResult({ ready: true, pid: process.pid, urls }, () => `ready ${urls.join(" ")}`, options);
}

/** Ends the process: 0 after a clean stop, 1 when it takes too long. */
function stopOnSignal(stop: () => Promise<void>, { attached }: StartOptions): void {
  let isStopping = false;
  const onSignal = (): void => {
    if (isStopping) return;
    isStopping = true;
    setTimeout(() => {
      printNote(`concord: the stop took longer than ${STOP_MS_MAX} ms`);
      process.exit(1);
    }, STOP_MS_MAX).unref();
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        printNote(`concord: the stop failed: ${(error as Error).message}`);
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
  if (attached) process.stdin.once("end", onSignal).resume();
}

async function startDetached(options: StartOptions): Promise<void> {
  const pid = await startInBackground(options.dir);
  const urls = configuredUrls(loadInstance(options.dir));
  printResult({ ready: true, pid, urls }, () => `ready ${urls.join(" ")}`, options);
}

/** Starts the server as a process of its own and gives its pid when it is ready.
 *  @throws CommandFailure with what it said when it cannot get ready */
export async function startInBackground(folder: string): Promise<number> {
  checkUnlocked(folder);
  const { logs } = instancePaths(folder);
  mkdirSync(logs, { recursive: true });
  const consolePath = join(logs, "console");
  const output = openSync(consolePath, "w", 0o600);
  const program = process.argv[1] ?? "";
  const fromSnapshot = process.execArgv.includes("--snapshot-blob") ? process.execArgv : [];
  const child = spawn(process.execPath, [...fromSnapshot, program, "start", "--dir", folder], {
    detached: true,
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  const ended = new Promise<number | null>((resolve) => {
    child.once("exit", resolve);
    child.once("error", () => resolve(null));
  });
  let hasEnded = false;
  void ended.then(() => {
    hasEnded = true;
  });
  const deadline = Date.now() + READY_MS_MAX;
  while (!hasEnded && Date.now() < deadline) {
    const pid = findReadyPid(folder);
    if (pid !== undefined && pid === child.pid) {
      child.unref();
      return pid;
    }
    await pause(READY_POLL_MS);
  }
  child.kill("SIGKILL");
  const said = readFileSync(consolePath, "utf8").trim();
  const reason = said === "" ? "it said nothing" : said.replace(/^concord: /, "");
  throw new CommandFailure(hasEnded ? reason : `the server does not get ready: ${reason}`, {
    hint: `See ${join(logs, "errors")}.`,
  });
}

function startFailure(error: unknown): unknown {
  const { message } = error as Error;
  if (/EADDRINUSE/.test(message)) {
    return new CommandFailure(message, {
      hint: "Another program has this port: stop it, or change nsslapd-port or nsslapd-securePort in config/dse.ldif.",
    });
  }
  if (/EACCES/.test(message)) {
    return new CommandFailure(message, { hint: "Ports below 1024 need privileges." });
  }
  return /^Cannot listen|is missing/.test(message) ? new CommandFailure(message) : error;
}
