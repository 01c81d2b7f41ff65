// Instances of Concord in temporary folders, driven through the `concord` command as an administrator would.
// CONCORD_COMMAND replaces the command of this checkout, for instance to test an installed one. With CONCORD_TEST_FRONT_ENDS=N
// all instances have N front-end processes.
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RunningChild, mustRun, runCommand } from "./child.ts";
import type { CommandOptions, CommandOutcome } from "./child.ts";
import { ROOT_DN, ROOT_PASSWORD, connectAsRoot } from "./directory-server.ts";
import type { DirectoryServer, ServerOptions } from "./directory-server.ts";
import { freePorts } from "./free-ports.ts";
import type { LdapClient } from "./ldap.ts";
import { makeTemporaryFolder } from "./temporary-folder.ts";
import { projectRoot } from "./trace-file.ts";
import { waitFor } from "./wait-for.ts";

const READY_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
const BACKEND = "userroot";
const LOG_LINES_SHOWN = 20;

let createdCount = 0;

export class ConcordServer implements DirectoryServer {
  readonly kind = "concord";
  readonly name: string;
  readonly suffix: string;
  readonly folder: string;
  readonly port: number;
  readonly securePort: number;
  readonly #program: string;
  #child: RunningChild | undefined;

  private constructor(suffix: string, ports: readonly number[], program: string) {
    createdCount += 1;
    this.#program = program;
    this.name = `concord${createdCount}`;
    this.suffix = suffix;
    this.folder = join(makeTemporaryFolder(), "instance");
    this.port = ports[0] as number;
    this.securePort = ports[1] as number;
  }

  /** A fresh instance that runs, of another program than the usual one when that is named. */
  static async create(
    options: ServerOptions & { readonly program?: string; readonly frontEnds?: number },
  ): Promise<ConcordServer> {
    const program = options.program ?? concordCommand();
    const server = new ConcordServer(options.suffix, await freePorts(2), program);
    const flags = [
      ["--port", String(server.port)],
      ["--secure-port", options.tls === true ? String(server.securePort) : "off"],
      ["--http-port", "off"],
      ["--listen", "127.0.0.1"],
      ["--root-dn", ROOT_DN],
      ["--suffix", options.suffix],
      ["--backend", BACKEND],
      options.suffixEntry === true ? ["--suffix-entry"] : [],
    ];
    try {
      await server.command("create", flags.flat());
      const count = options.frontEnds ?? Number(process.env["CONCORD_TEST_FRONT_ENDS"] ?? 0);
      if (count > 0) server.#useFrontEnds(count);
      await server.start();
    } catch (error) {
      await server.remove();
      throw error;
    }
    return server;
  }

  get ldapiPath(): string {
    return join(this.folder, "run/ldapi");
  }

  async start(): Promise<void> {
    const child = new RunningChild(this.#program, ["start", "--dir", this.folder]);
    this.#child = child;
    await waitFor(
      () => {
        if (child.hasEnded) throw new Error(`concord start ended: ${child.output}`);
        return /\bready\b/.test(child.output);
      },
      `concord ${this.folder} is ready`,
      READY_TIMEOUT_MS,
    ).catch((error: unknown) => {
      throw new Error(`concord start: ${child.output.trim()}`, { cause: error });
    });
  }

  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(join(this.folder, ".."), { recursive: true, force: true });
  }

  connect(): Promise<LdapClient> {
    return connectAsRoot(this);
  }

  readErrorLog(): string {
    const path = join(this.folder, "log/errors");
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }

  /** What the server process said on its two streams. */
  get output(): string {
    return this.#child?.output ?? "";
  }

  /** The pid of the running server process. */
  get pid(): number {
    if (this.#child === undefined) throw new Error(`${this.name} does not run`);
    return this.#child.pid;
  }

  /** `concord NAME --dir DIR …`; an exit code other than 0 is an error. */
  command(
    name: string,
    args: readonly string[] = [],
    options: CommandOptions = {},
  ): Promise<CommandOutcome> {
    return mustRun(this.#program, [name, "--dir", this.folder, ...args], {
      ...options,
      env: { CONCORD_ROOT_PASSWORD: ROOT_PASSWORD },
    });
  }

  /** The findings of `concord verify`, a line each; none when all invariants hold. Needs a stopped instance. */
  async verify(): Promise<readonly string[]> {
    const { code, stdout, stderr } = await runCommand(this.#program, [
      "verify",
      "--dir",
      this.folder,
    ]);
    if (code === 0) return [];
    const lines = `${stdout.toString("utf8")}\n${stderr}`.split("\n");
    return lines.filter((line) => line.trim() !== "");
  }

  async digest(): Promise<string> {
    const { stdout } = await this.command("digest", ["--backend", BACKEND]);
    return stdout.toString("utf8").trim();
  }

  /** Before the first start. */
  #useFrontEnds(count: number): void {
    const path = join(this.folder, "config/dse.ldif");
    const text = readFileSync(path, "utf8");
    const changed = text.replace(/^nsslapd-port:.*$/m, `$&\nconcordFrontEndProcesses: ${count}`);
    writeFileSync(path, changed);
  }

  async #tellUnexpectedEnd(child: RunningChild): Promise<void> {
    const code = await child.ended;
    const log = this.readErrorLog().split("\n").slice(-LOG_LINES_SHOWN).join("\n");
    console.error(`${this.name} had ended by itself, exit code ${code}\n${child.output}\n${log}`);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    if (child.hasEnded) await this.#tellUnexpectedEnd(child);
    child.signal(signal);
    await waitFor(() => child.hasEnded, `concord ${this.folder} ends`, STOP_TIMEOUT_MS);
  }
}

/** What the package installs: that of a checkout looks first whether anything has to be built. */
export function installedCommand(): string {
  return process.env["CONCORD_COMMAND"] ?? join(projectRoot(), "dist/program/concord");
}

export function concordCommand(): string {
  return process.env["CONCORD_COMMAND"] ?? join(projectRoot(), "scripts/concord");
}
