// The `concord` command as its users run it: as a process, in temporary folders.
import { join } from "node:path";
import { type CommandOutcome, RunningChild, runCommand } from "../support/child.ts";
import { concordCommand } from "../support/concord-server.ts";
import { freePorts } from "../support/free-ports.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { waitFor } from "../support/wait-for.ts";

export const PASSWORD = "Root-Secret-1";
export const SUFFIX = "dc=example,dc=com";
const READY_MS_MAX = 60_000;

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export async function concord(
  args: readonly string[],
  options: {
    readonly input?: string;
    readonly password?: string;
    readonly timeoutMs?: number;
  } = {},
): Promise<Outcome> {
  const outcome: CommandOutcome = await runCommand(concordCommand(), args, {
    env: { CONCORD_ROOT_PASSWORD: options.password ?? PASSWORD },
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.timeoutMs === undefined ? {} : { timeoutMs: options.timeoutMs }),
  });
  return { ...outcome, stdout: outcome.stdout.toString("utf8") };
}

/** The same; another exit code than 0 is an error. */
export async function mustConcord(
  args: readonly string[],
  options: Parameters<typeof concord>[1] = {},
): Promise<Outcome> {
  const outcome = await concord(args, options);
  if (outcome.code === 0) return outcome;
  throw new Error(`concord ${args.join(" ")}: ${outcome.code}\n${outcome.stderr}${outcome.stdout}`);
}

export async function concordJson<T>(args: readonly string[]): Promise<T> {
  return JSON.parse((await mustConcord([...args, "--json"])).stdout) as T;
}

export function startConcord(args: readonly string[]): RunningChild {
  return new RunningChild(concordCommand(), args);
}

/** An instance of its own, made with `args`; it does not run. */
export class TestInstance {
  readonly folder: string;
  readonly port: number;
  #child: RunningChild | undefined;

  private constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
  }

  static async create(args: readonly string[] = []): Promise<TestInstance> {
    const [port = 0] = await freePorts(1);
    const instance = new TestInstance(join(makeTemporaryFolder(), "instance"), port);
    await mustConcord([
      ...["create", "--dir", instance.folder, "--port", String(port), "--secure-port", "off"],
      ...["--listen", "127.0.0.1", "--suffix", SUFFIX, ...args],
    ]);
    return instance;
  }

  get url(): string {
    return `ldap://127.0.0.1:${this.port}`;
  }

  async start(): Promise<RunningChild> {
    const child = startConcord(["start", "--dir", this.folder]);
    this.#child = child;
    await waitFor(
      () => child.hasEnded || child.output.startsWith("ready "),
      `${this.folder} is ready`,
      READY_MS_MAX,
    );
    if (child.hasEnded) throw new Error(child.output);
    return child;
  }

  async stop(): Promise<void> {
    this.#child?.signal("SIGTERM");
    await this.#child?.ended;
  }

  run(command: string, ...args: readonly string[]): Promise<Outcome> {
    return concord([command, "--dir", this.folder, ...args]);
  }

  mustRun(command: string, ...args: readonly string[]): Promise<Outcome> {
    return mustConcord([command, "--dir", this.folder, ...args]);
  }
}
