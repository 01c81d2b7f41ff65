// OpenLDAP's slapd in a temporary folder: back-mdb with its defaults (a commit is on disk before it is answered), the schema
// files of the Debian package, the indexes of the benchmark, no log. Ended by its pid.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { RunningChild, mustRun } from "../support/child.ts";
import { freePorts } from "../support/free-ports.ts";
import { LdapClient } from "../support/ldap.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { waitFor } from "../support/wait-for.ts";

const SLAPD = "/usr/sbin/slapd";
const SLAPADD = "/usr/sbin/slapadd";
const SLAPCAT = "/usr/sbin/slapcat";
const MODULES = "/usr/lib/ldap";
const SCHEMA = "/etc/ldap/schema";
const MAP_BYTES = 16 * 2 ** 30;
/** A group with more members keeps them in a table of their own. */
const SPLIT_VALUES = 1000;
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 30_000;
const BULK_TIMEOUT_MS = 3_600_000;

export interface SlapdOptions {
  readonly suffix: string;
  readonly rootDn: string;
  readonly rootPassword: string;
  /** By attribute type, words such as `eq,sub`. */
  readonly indexes: Readonly<Record<string, string>>;
  readonly accessRules: readonly string[];
  /** This one and another are providers of each other. */
  readonly mirror?: Mirror;
}

interface Mirror {
  readonly serverId: number;
  readonly port: number;
  readonly otherPort: number;
}

/** Of a provider: IDs of deleted entries that it remembers. */
const SESSION_LOG_ENTRIES = 100_000;

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
    const port = options.mirror?.port ?? ((await freePorts(1))[0] as number);
    return new Slapd(port, options);
  }

  get pid(): number {
    if (this.#child === undefined) throw new Error("slapd does not run");
    return this.#child.pid;
  }

  /** Fills the empty server, which does not run. */
  async import(ldif: string): Promise<void> {
    // With -w the suffix gets what a mirror compares first.
    const flags = this.#options.mirror === undefined ? ["-q"] : ["-q", "-w"];
    const args = [...flags, "-f", this.#path("slapd.conf"), "-l", ldif];
    await mustRun(SLAPADD, args, { timeoutMs: BULK_TIMEOUT_MS });
  }

  async export(path: string): Promise<void> {
    const args = ["-f", this.#path("slapd.conf"), "-l", path];
    await mustRun(SLAPCAT, args, { timeoutMs: BULK_TIMEOUT_MS });
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
    const { suffix, rootDn, rootPassword, indexes, accessRules, mirror } = this.#options;
    return [
      ...["core", "cosine", "inetorgperson"].map((name) => `include ${SCHEMA}/${name}.schema`),
      `modulepath ${MODULES}`,
      "moduleload back_mdb",
      ...(mirror === undefined ? [] : ["moduleload syncprov", `serverID ${mirror.serverId}`]),
      "loglevel 0",
      "sizelimit unlimited",
      // What its operators set for large groups: values that are searched by halves, and are stored one by one.
      "sortvals member",
      `pidfile ${this.#path("pid")}`,
      "database mdb",
      `suffix "${suffix}"`,
      `rootdn "${rootDn}"`,
      `rootpw ${rootPassword}`,
      `directory ${this.#path("db")}`,
      `maxsize ${MAP_BYTES}`,
      `multival member ${SPLIT_VALUES},${SPLIT_VALUES / 2}`,
      ...accessRules,
      ...Object.entries(indexes).map(([type, kinds]) => `index ${type} ${kinds}`),
      ...this.#mirrorLines(),
      "",
    ].join("\n");
  }

  /** Of the database; with what its guide recommends: indexes of what sessions ask for, a log of what is gone. */
  #mirrorLines(): readonly string[] {
    const { mirror, suffix, rootDn, rootPassword } = this.#options;
    if (mirror === undefined) return [];
    const consumer = [
      "syncrepl rid=001 type=refreshAndPersist bindmethod=simple",
      `provider=ldap://127.0.0.1:${mirror.otherPort} searchbase="${suffix}"`,
      `binddn="${rootDn}" credentials=${rootPassword} retry="1 +"`,
    ];
    return [
      "index entryCSN,entryUUID eq",
      consumer.join(" "),
      "multiprovider on",
      "overlay syncprov",
      `syncprov-sessionlog ${SESSION_LOG_ENTRIES}`,
    ];
  }
}
