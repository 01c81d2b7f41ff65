// Runs load.c and latency.c against servers. They are compiled once for each process that uses them; a wrong answer makes them
// fail, and what has started them.
import { join } from "node:path";
import { mustRun } from "../support/child.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { projectRoot } from "../support/trace-file.ts";
import { GROUP, NAME_TEMPLATE, PEOPLE } from "./people.ts";

const RUN_TIMEOUT_MS = 7_200_000;

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
    | "member"
    | "mixed";
  readonly connections: number;
  /** Where the entries are and what they are called; the people when nothing is said. */
  readonly base?: string;
  readonly name?: string;
  /** Requests outstanding on each connection. */
  readonly depth: number;
  /** Numbers of the entries: `first` and, except for additions and deletions, those up to `first + range`. */
  readonly first: number;
  readonly range: number;
  /** How long, or how many operations. */
  readonly amount: { readonly seconds: number } | { readonly operations: number };
  /** Not counted at the beginning of a run that lasts for seconds. */
  readonly warmUpSeconds?: number;
  /** Operations a second, not more. */
  readonly rate?: number;
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

/** From the answer of one server until another one shows the change. */
export interface Latency {
  readonly samples: number;
  /** How long the answer took. */
  readonly answerP50Micros: number;
  readonly p50Micros: number;
  readonly p90Micros: number;
  readonly p99Micros: number;
  readonly maxMicros: number;
}

export class LoadGenerator {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async build(): Promise<LoadGenerator> {
    const folder = makeTemporaryFolder();
    for (const name of ["load", "latency"]) {
      const source = join(projectRoot(), `test/bench/${name}.c`);
      await mustRun("gcc", ["-O2", "-Wall", "-Werror", "-o", join(folder, name), source]);
    }
    return new LoadGenerator(folder);
  }

  /** @throws Error for a wrong answer, a failed operation or a closed connection */
  async run(target: LoadTarget, load: Load): Promise<LoadOutcome> {
    const amount =
      "seconds" in load.amount
        ? ["--seconds", String(load.amount.seconds)]
        : ["--count", String(load.amount.operations)];
    const { warmUpSeconds, rate } = load;
    return this.#outcomeOf<LoadOutcome>("load", [
      ["--port", String(target.port), "--pid", String(target.pid)],
      ["--bind-dn", target.bindDn, "--password", target.password],
      ["--base", load.base ?? PEOPLE, "--name", load.name ?? NAME_TEMPLATE, "--group", GROUP],
      ["--operation", load.operation],
      ["--connections", String(load.connections), "--depth", String(load.depth)],
      ["--first", String(load.first), "--range", String(load.range)],
      amount,
      warmUpSeconds === undefined ? [] : ["--warm-up", String(warmUpSeconds)],
      rate === undefined ? [] : ["--rate", String(rate)],
    ]);
  }

  /** Changes of one entry, a moment after each other. */
  latency(from: LoadTarget, to: LoadTarget, dn: string, samples: number): Promise<Latency> {
    return this.#outcomeOf<Latency>("latency", [
      ["--port", String(from.port), "--bind-dn", from.bindDn, "--password", from.password],
      ["--other-port", String(to.port), "--other-bind-dn", to.bindDn],
      ["--other-password", to.password],
      ["--dn", dn, "--samples", String(samples)],
    ]);
  }

  async #outcomeOf<Outcome>(
    program: string,
    args: readonly (readonly string[])[],
  ): Promise<Outcome> {
    const path = join(this.#folder, program);
    const { stdout } = await mustRun(path, args.flat(), { timeoutMs: RUN_TIMEOUT_MS });
    return JSON.parse(stdout.toString("utf8")) as Outcome;
  }
}
