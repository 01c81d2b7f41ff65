// Runs load.c against a server. It is compiled once for each process that uses it; a wrong answer makes it fail, and `run`
// with it.
import { join } from "node:path";
import { mustRun } from "../support/child.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { projectRoot } from "../support/trace-file.ts";
import { NAME_TEMPLATE, PEOPLE } from "./people.ts";

const RUN_TIMEOUT_MS = 600_000;

export interface Load {
  /** As load.c names them. */
  readonly operation:
    | "search"
    | "read"
    | "initial"
    | "any"
    | "list"
    | "tree"
    | "scan"
    | "compare"
    | "bind"
    | "modify"
    | "add"
    | "delete"
    | "mixed";
  readonly connections: number;
  /** Requests outstanding on each connection. */
  readonly depth: number;
  /** Numbers of the entries: `first` and, except for additions and deletions, those up to `first + range`. */
  readonly first: number;
  readonly range: number;
  /** How long, or how many operations. */
  readonly amount: { readonly seconds: number } | { readonly operations: number };
}

export interface LoadTarget {
  readonly port: number;
  readonly pid: number;
  readonly bindDn: string;
  readonly password: string;
}

export interface LoadOutcome {
  readonly operations: number;
  readonly seconds: number;
  /** User and system time of the server process. */
  readonly cpuMicros: number;
  readonly p50Micros: number;
  readonly p99Micros: number;
}

export class LoadGenerator {
  readonly #program: string;

  private constructor(program: string) {
    this.#program = program;
  }

  static async build(): Promise<LoadGenerator> {
    const program = join(makeTemporaryFolder(), "load");
    const source = join(projectRoot(), "test/bench/load.c");
    await mustRun("gcc", ["-O2", "-Wall", "-Werror", "-o", program, source]);
    return new LoadGenerator(program);
  }

  /** @throws Error for a wrong answer, a failed operation or a closed connection */
  async run(target: LoadTarget, load: Load): Promise<LoadOutcome> {
    const amount =
      "seconds" in load.amount
        ? ["--seconds", String(load.amount.seconds)]
        : ["--count", String(load.amount.operations)];
    const { stdout } = await mustRun(
      this.#program,
      [
        ["--port", String(target.port), "--pid", String(target.pid)],
        ["--bind-dn", target.bindDn, "--password", target.password],
        ["--base", PEOPLE, "--name", NAME_TEMPLATE],
        ["--operation", load.operation],
        ["--connections", String(load.connections), "--depth", String(load.depth)],
        ["--first", String(load.first), "--range", String(load.range)],
        amount,
      ].flat(),
      { timeoutMs: RUN_TIMEOUT_MS },
    );
    return JSON.parse(stdout.toString("utf8")) as LoadOutcome;
  }
}
