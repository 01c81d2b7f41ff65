// A server that is a script of this folder, in a process of its own.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { portOf } from "./child-port.ts";
import type { LoadTarget } from "./load-generator.ts";

export class ScriptServer {
  /** Binds as anybody. */
  readonly target: LoadTarget;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, port: number) {
    this.#process = process;
    this.target = { port, pid: process.pid!, bindDn: "", password: "" };
  }

  /** @throws Error when it ends before it listens */
  static async start(script: string, args: readonly string[] = []): Promise<ScriptServer> {
    const entry = fileURLToPath(new URL(script, import.meta.url));
    const child = spawn(process.execPath, [entry, ...args], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    process.once("exit", () => child.kill());
    return new ScriptServer(child, await portOf(child, script));
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill();
    await ended;
  }
}
