// OpenLDAP's slapd in a temporary folder: back-mdb with its defaults (a commit is on disk before it is answered), the schema
// files of the Debian package, the indexes of the benchmark, no log. Ended by its pid.
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RunningChild, mustRun } from "../support/child.ts";
import { freePorts } from "../support/free-ports.ts";
import { LdapClient } from "../support/ldap.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { waitFor } from "../support/wait-for.ts";

const SLAPD = "/usr/sbin/slapd";
const SLAPADD = "/usr/sbin/slapadd";
const MODULES = "/usr/lib/ldap";
const SCHEMA = "/etc/ldap/schema";
const MAP_BYTES = 16 * 2 ** 30;
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 30_000;
const IMPORT_TIMEOUT_MS = 1_800_000;

export interface SlapdOptions {
  readonly suffix: string;
  readonly rootDn: string;
  readonly rootPassword: string;
  /** By attribute type, words such as `eq,sub`. */
  readonly indexes: Readonly<Record<string, string>>;
  readonly accessRules: readonly string[];
}

export class Slapd {
  readonly port: number;
  readonly #folder: string;
  readonly #options: SlapdOptions;
  #child: RunningChild | undefined;

  private constructor(port: number, options: SlapdOptions) {
    this.port = port;
    this.#folder = makeTemporaryFolder();
    this.#options = options;
    mkdirSync(this.#path("db"));
    writeFileSync(this.#path("slapd.conf"), this.#configuration(), { mode: 0o600 });
  }

  /** An empty server that does not run yet. */
  static async create(options: SlapdOptions): Promise<Slapd> {
    if (!existsSync(SLAPD)) throw new Error(`${SLAPD} is missing: apt-get install slapd`);
    const [port] = await freePorts(1);
    return new Slapd(port as number, options);
  }

  get pid(): number {
    if (this.#child === undefined) throw new Error("slapd does not run");
    return this.#child.pid;
  }

  /** Fills the empty server, which does not run. */
  async import(ldif: string): Promise<void> {
    const args = ["-q", "-f", this.#path("slapd.conf"), "-l", ldif];
    await mustRun(SLAPADD, args, { timeoutMs: IMPORT_TIMEOUT_MS });
  }

  async start(): Promise<void> {
    const url = `ldap://127.0.0.1:${this.port}`;
    const child = new RunningChild(SLAPD, ["-d", "0", "-f", this.#path("slapd.conf"), "-h", url]);
    this.#child = child;
    await waitFor(
      async () => {
        if (child.hasEnded) throw new Error(`slapd ended: ${child.output}`);
        const { rootDn, rootPassword } = this.#options;
        const client = await LdapClient.connect({
          port: this.port,
          bindDn: rootDn,
          password: rootPassword,
        });
        client.close();
        return true;
      },
      `slapd answers on port ${this.port}`,
      START_TIMEOUT_MS,
    );
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.hasEnded) return;
    child.signal("SIGTERM");
    await waitFor(() => child.hasEnded, "slapd ends", STOP_TIMEOUT_MS);
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  #configuration(): string {
    const { suffix, rootDn, rootPassword, indexes, accessRules } = this.#options;
    return [
      ...["core", "cosine", "inetorgperson"].map((name) => `include ${SCHEMA}/${name}.schema`),
      `modulepath ${MODULES}`,
      "moduleload back_mdb",
      "loglevel 0",
      "sizelimit unlimited",
      `pidfile ${this.#path("pid")}`,
      "database mdb",
      `suffix "${suffix}"`,
      `rootdn "${rootDn}"`,
      `rootpw ${rootPassword}`,
      `directory ${this.#path("db")}`,
      `maxsize ${MAP_BYTES}`,
      ...accessRules,
      ...Object.entries(indexes).map(([type, kinds]) => `index ${type} ${kinds}`),
      "",
    ].join("\n");
  }
}
