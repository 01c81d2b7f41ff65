// Child processes of tests: short commands with their whole output, and servers that are watched and ended by their pid.
import { spawn } from "node:child_process";
import type { ChildProcess, SpawnOptions } from "node:child_process";

const COMMAND_TIMEOUT_MS = 120_000;
const SIGNAL_EXIT_CODE = 130;

export interface CommandOutcome {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

export interface CommandOptions {
  readonly input?: string | Buffer;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
}

/** Runs a command to its end and never rejects because of its exit code. */
export function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      env: { ...process.env, ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    commands.add(child);
    child.once("exit", () => commands.delete(child));
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    const timeoutMs = options.timeoutMs ?? COMMAND_TIMEOUT_MS;
    const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs);
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.once("error", (error) => {
      clearTimeout(timer);
      commands.delete(child);
      reject(error);
    });
    child.once("close", (code) => {
      clearTimeout(timer);
      resolve({ code, stdout: Buffer.concat(out), stderr: Buffer.concat(err).toString("utf8") });
    });
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? "");
  });
}

/** As `runCommand`, but a command that fails is an error that shows what it said. */
export async function mustRun(
  command: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutcome> {
  const outcome = await runCommand(command, args, options);
  if (outcome.code !== 0) {
    const said = `${outcome.stderr}\n${outcome.stdout.toString("utf8")}`.trim();
    throw new Error(`${command} ${args.join(" ")}: exit code ${outcome.code}\n${said}`);
  }
  return outcome;
}

/** A process that runs until it is told to end; what it says is kept for the failure report. */
export class RunningChild {
  readonly pid: number;
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  #output = "";
  #hasEnded = false;

  constructor(command: string, args: readonly string[], options: SpawnOptions = {}) {
    this.#child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    if (this.#child.pid === undefined) throw new Error(`${command} cannot be started`);
    this.pid = this.#child.pid;
    const listen = (chunk: Buffer): void => {
      this.#output += chunk.toString("utf8");
    };
    this.#child.stdout?.on("data", listen);
    this.#child.stderr?.on("data", listen);
    this.ended = new Promise((resolve) => {
      this.#child.once("exit", (code) => {
        this.#hasEnded = true;
        resolve(code);
      });
    });
    children.add(this);
    void this.ended.then(() => children.delete(this));
  }

  get output(): string {
    return this.#output;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  signal(name: NodeJS.Signals): void {
    if (!this.#hasEnded) this.#child.kill(name);
  }
}

// Whatever ends this process, nothing that it started stays behind.
const children = new Set<RunningChild>();
const commands = new Set<ChildProcess>();
process.once("exit", () => {
  for (const command of commands) command.kill("SIGKILL");
  for (const child of children) child.signal("SIGKILL");
});
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => process.exit(SIGNAL_EXIT_CODE));
