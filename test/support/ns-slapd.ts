// Real instances of 389 Directory Server. `dscreate` makes them with everything in a temporary folder; the only traces
// elsewhere are a link /etc/dirsrv/slapd-NAME, by which dscreate recognizes its work, and the file of the pid that
// dscreate writes. Both are removed. The server is then started from here, in the foreground, and ended by its pid.
//
// dscreate asks systemd about instances where /usr/share/dirsrv/inf/defaults.inf says so; that is switched off there,
// because tests run in containers without systemd as well.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { RunningChild, mustRun } from "./child.ts";
import { ROOT_DN, ROOT_PASSWORD, connectAsRoot } from "./directory-server.ts";
import type { DirectoryServer, ServerOptions } from "./directory-server.ts";
import { freePorts } from "./free-ports.ts";
import type { LdapClient } from "./ldap.ts";
import { makeTemporaryFolder } from "./temporary-folder.ts";
import { waitFor } from "./wait-for.ts";

const NS_SLAPD = "/usr/sbin/ns-slapd";
const DSCREATE = "/usr/sbin/dscreate";
const DEFAULTS_FILE = "/usr/share/dirsrv/inf/defaults.inf";
const CONFIG_ROOT = "/etc/dirsrv";
const PID_ROOT = "/run/dirsrv";
const NAME_PREFIX = "cit";
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 60_000;
const CREATE_TIMEOUT_MS = 180_000;
const LOG_LINES_SHOWN = 20;

let createdCount = 0;

/** Names of instances for which an end before `remove` would leave something outside of the temporary folders. */
const instances = new Set<string>();
process.once("exit", () => {
  for (const name of instances) {
    endDaemon(name);
    removeTraces(name);
  }
});

export class NsSlapd implements DirectoryServer {
  readonly kind = "ns-slapd";
  readonly name: string;
  readonly suffix: string;
  readonly folder: string;
  readonly port: number;
  readonly securePort: number;
  #child: RunningChild | undefined;

  private constructor(name: string, suffix: string, ports: readonly number[]) {
    this.name = name;
    this.suffix = suffix;
    this.folder = makeTemporaryFolder();
    this.port = ports[0] as number;
    this.securePort = ports[1] as number;
  }

  /** A fresh instance that runs. Fails with a clear message where 389 Directory Server is not installed. */
  static async create(options: ServerOptions): Promise<NsSlapd> {
    checkInstalled();
    switchOffSystemd();
    removeStaleLinks();
    createdCount += 1;
    const name = `${NAME_PREFIX}${process.pid}x${createdCount}`;
    const server = new NsSlapd(name, options.suffix, await freePorts(2));
    try {
      await server.#create(options);
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
    const child = new RunningChild(NS_SLAPD, [
      "-d",
      "0",
      "-D",
      this.#path("config"),
      "-i",
      this.#pidPath,
    ]);
    this.#child = child;
    await waitFor(
      async () => {
        if (child.hasEnded) throw new Error(`ns-slapd ended: ${child.output}`);
        const client = await this.connect();
        client.close();
        return true;
      },
      `ns-slapd ${this.name} answers on port ${this.port}`,
      START_TIMEOUT_MS,
    );
  }

  stop(): Promise<void> {
    return this.#end("SIGTERM");
  }

  kill(): Promise<void> {
    return this.#end("SIGKILL");
  }

  async remove(): Promise<void> {
    await this.kill();
    removeTraces(this.name);
    instances.delete(this.name);
    rmSync(this.folder, { recursive: true, force: true });
  }

  connect(): Promise<LdapClient> {
    return connectAsRoot(this);
  }

  readErrorLog(): string {
    const path = this.#path("log/errors");
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }

  get #pidPath(): string {
    return this.#path("run/pid");
  }

  #path(name: string): string {
    return join(this.folder, name);
  }

  async #create(options: ServerOptions): Promise<void> {
    mkdirSync(this.#path("config"));
    symlinkSync(this.#path("config"), linkPath(this.name));
    instances.add(this.name);
    const settings = this.#path("create.inf");
    writeFileSync(settings, this.#settings(options), { mode: 0o600 });
    await mustRun(DSCREATE, ["from-file", settings], { timeoutMs: CREATE_TIMEOUT_MS });
  }

  #settings(options: ServerOptions): string {
    const folders = ["config", "db", "log", "run", "lock", "inst"].map(
      (name) => `${name}_dir = ${this.#path(name)}`,
    );
    return [
      "[general]",
      "config_version = 2",
      "full_machine_name = localhost",
      "strict_host_checking = False",
      "start = False",
      "[slapd]",
      `instance_name = ${this.name}`,
      `port = ${this.port}`,
      `secure_port = ${this.securePort}`,
      `root_dn = ${ROOT_DN}`,
      `root_password = ${ROOT_PASSWORD}`,
      "user = root",
      "group = root",
      `self_sign_cert = ${options.tls === true ? "True" : "False"}`,
      ...folders,
      `db_home_dir = ${this.#path("db")}`,
      `schema_dir = ${this.#path("config/schema")}`,
      `cert_dir = ${this.#path("config")}`,
      `backup_dir = ${this.#path("bak")}`,
      `ldif_dir = ${this.#path("ldif")}`,
      `ldapi = ${this.ldapiPath}`,
      "[backend-userroot]",
      `suffix = ${options.suffix}`,
      `create_suffix_entry = ${options.suffixEntry === true ? "True" : "False"}`,
      "",
    ].join("\n");
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
    await waitFor(() => child.hasEnded, `ns-slapd ${this.name} ends`, STOP_TIMEOUT_MS);
  }
}

const linkPath = (name: string): string => join(CONFIG_ROOT, `slapd-${name}`);

const pidPath = (name: string): string => join(PID_ROOT, `slapd-${name}.pid`);

/** dscreate starts the server while it makes it, and ends it before it is done. */
function endDaemon(name: string): void {
  const pid = existsSync(pidPath(name)) ? Number(readFileSync(pidPath(name), "utf8")) : 0;
  const commandLine = `/proc/${pid}/cmdline`;
  if (pid > 0 && existsSync(commandLine) && readFileSync(commandLine, "utf8").includes(name))
    process.kill(pid, "SIGKILL");
}

function removeTraces(name: string): void {
  for (const path of [linkPath(name), pidPath(name), join(PID_ROOT, `slapd-${name}.stats`)])
    rmSync(path, { force: true });
}

function checkInstalled(): void {
  for (const path of [NS_SLAPD, DSCREATE]) {
    if (!existsSync(path)) {
      throw new Error(
        `${path} is missing: these tests need 389 Directory Server (apt-get install 389-ds-base)`,
      );
    }
  }
}

function switchOffSystemd(): void {
  const text = readFileSync(DEFAULTS_FILE, "utf8");
  const wanted = text.replace(/^with_systemd\s*=.*$/m, "with_systemd = 0");
  if (wanted !== text) writeFileSync(DEFAULTS_FILE, wanted);
}

/** A run that was killed leaves its links behind; they point at folders that are gone or whose process is. */
function removeStaleLinks(): void {
  for (const name of readdirSync(CONFIG_ROOT)) {
    const owner = new RegExp(`^slapd-${NAME_PREFIX}(\\d+)x\\d+$`).exec(name)?.[1];
    if (owner === undefined || isRunning(Number(owner))) continue;
    const path = join(CONFIG_ROOT, name);
    const config = readlinkSync(path);
    rmSync(path, { force: true });
    rmSync(join(config, ".."), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}`);
}
