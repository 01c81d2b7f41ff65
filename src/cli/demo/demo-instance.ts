// One instance of the demo: a folder and the server process that runs on it. The process ends when this one is gone, however
// that happens: it reads a pipe that only this process holds.
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInstance } from "../../server/index.ts";
import { digestBackend } from "../../store/index.ts";
import { DirectoryClient } from "../directory-client.ts";
import { CommandFailure } from "../failure.ts";
import { loadEntries } from "../load-entries.ts";
import { lookingAt, openBackendSnapshot } from "../offline.ts";
import { sampleEntries } from "../sample-data.ts";
import { within } from "../wait.ts";

export const ROOT_DN = "cn=Directory Manager";
export const SUFFIX = "dc=example,dc=com";
const BACKEND = "userroot";
const HOST = "127.0.0.1";
const READY_MS_MAX = 60_000;
const STOP_MS_MAX = 10_000;
const OUTPUT_CHARS_MAX = 10_000;

export interface DemoInstanceOptions {
  readonly name: string;
  readonly folder: string;
  readonly port: number;
  readonly rootPassword: string;
  /** undefined: a consumer. */
  readonly replicaId: number | undefined;
}

export class DemoInstance {
  readonly name: string;
  readonly folder: string;
  readonly port: number;
  readonly replicaId: number | undefined;
  readonly #rootPassword: string;
  #child: ChildProcess | undefined;
  #output = "";
  /** Settles with what it said when the process ends. */
  ended: Promise<string> = new Promise(() => {});

  constructor(options: DemoInstanceOptions) {
    this.name = options.name;
    this.folder = join(options.folder, options.name);
    this.port = options.port;
    this.replicaId = options.replicaId;
    this.#rootPassword = options.rootPassword;
  }

  get url(): string {
    return `ldap://localhost:${this.port}`;
  }

  /** @param users sample users that it begins with; undefined: it begins empty */
  async create(users: number | undefined): Promise<number> {
    mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    await createInstance(
      {
        folder: this.folder,
        rootDn: ROOT_DN,
        rootPassword: this.#rootPassword,
        listenHost: HOST,
        port: this.port,
        securePort: 0,
        ldapi: true,
        suffix: SUFFIX,
        backend: BACKEND,
      },
      { bytes: (count) => randomBytes(count) },
    );
    if (users === undefined) return 0;
    return loadEntries(this.folder, { backend: BACKEND, records: sampleEntries(SUFFIX, users) });
  }

  /** @throws CommandFailure with what the process said when it does not get ready */
  async start(): Promise<void> {
    const child = spawn(
      process.execPath,
      [process.argv[1] ?? "", "start", "--dir", this.folder, "--attached"],
      // A group of its own: Ctrl-C reaches this process alone, which stops the servers in its own order.
      { detached: true, stdio: ["pipe", "pipe", "pipe"] },
    );
    this.#child = child;
    this.ended = new Promise((resolve) => {
      child.once("exit", (code) => resolve(`${this.#output.trim()} (exit code ${code})`));
    });
    const isReady = new Promise<true>((resolve) => {
      const listen = (chunk: Buffer): void => {
        this.#output = (this.#output + chunk.toString("utf8")).slice(-OUTPUT_CHARS_MAX);
        if (/^ready /m.test(this.#output)) resolve(true);
      };
      child.stdout?.on("data", listen);
      child.stderr?.on("data", listen);
    });
    const outcome = await within(Promise.race([isReady, this.ended]), READY_MS_MAX);
    if (outcome === true) return;
    const reason = typeof outcome === "string" ? outcome : `not ready in time: ${this.#output}`;
    throw new CommandFailure(`${this.name} does not start: ${reason}`);
  }

  connect(): Promise<DirectoryClient> {
    return DirectoryClient.connect(
      { url: `ldap://${HOST}:${this.port}` },
      { method: "simple", dn: ROOT_DN, password: this.#rootPassword },
    );
  }

  /** Of the content at this moment. */
  digest(exclude: readonly string[]): Promise<string> {
    return lookingAt(this.folder, async (instance) => {
      return digestBackend(openBackendSnapshot(instance, BACKEND), { exclude }).digest;
    });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    const ended = await within(this.ended, STOP_MS_MAX);
    if (ended === undefined) child.kill("SIGKILL");
    await this.ended;
  }
}
