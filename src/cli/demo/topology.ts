// The topology of the demo: a mesh of suppliers, each of which also feeds all consumers, through agreements that leave out some
// attributes. Configured over LDAP by the same requests that administrators' tools send.
import type { DirectoryClient } from "../directory-client.ts";
import { makePassword } from "../passwords.ts";
import { printNote } from "../print.ts";
import {
  STRIP_RECOMMENDED,
  agreementDn,
  createAgreement,
  readAgreements,
  startInitialization,
  waitForInitialization,
} from "../replication/agreement.ts";
import { enableReplica } from "../replication/replica.ts";
import { type MappedSuffix, getSuffix } from "../replication/server-connection.ts";
import { pollFor } from "../wait.ts";
import { DemoInstance, SUFFIX } from "./demo-instance.ts";

export const EXCLUDED: readonly string[] = ["telephoneNumber", "jpegPhoto"];
const MANAGER_DN = "cn=replication manager,cn=config";
const INITIALIZE_MS_MAX = 600_000;
/** For the first sessions of all agreements, which may find a consumer busy and wait. */
const SESSIONS_MS_MAX = 30_000;

export interface TopologyOptions {
  readonly folder: string;
  readonly suppliers: number;
  readonly consumers: number;
  readonly users: number;
  readonly basePort: number;
  readonly rootPassword: string;
}

/** An instance that runs, with the connection of its administrator. */
export interface DemoNode {
  readonly instance: DemoInstance;
  readonly client: DirectoryClient;
  readonly suffix: MappedSuffix;
}

export class Topology {
  readonly suppliers: readonly DemoInstance[];
  readonly consumers: readonly DemoInstance[];
  readonly #users: number;
  readonly #managerPassword = makePassword();
  #nodes: readonly DemoNode[] = [];
  #isStopping = false;

  constructor(options: TopologyOptions) {
    const { folder, rootPassword, suppliers } = options;
    this.suppliers = Array.from(
      { length: suppliers },
      (_, index) =>
        new DemoInstance({
          name: `supplier${index + 1}`,
          folder,
          port: options.basePort + index,
          rootPassword,
          replicaId: index + 1,
        }),
    );
    this.consumers = Array.from(
      { length: options.consumers },
      (_, index) =>
        new DemoInstance({
          name: `consumer${index + 1}`,
          folder,
          port: options.basePort + suppliers + index,
          rootPassword,
          replicaId: undefined,
        }),
    );
    this.#users = options.users;
  }

  get instances(): readonly DemoInstance[] {
    return [...this.suppliers, ...this.consumers];
  }

  /** Of instances that run. */
  get nodes(): readonly DemoNode[] {
    return this.#nodes;
  }

  get supplierNodes(): readonly DemoNode[] {
    return this.#nodes.filter(({ instance }) => instance.replicaId !== undefined);
  }

  get consumerNodes(): readonly DemoNode[] {
    return this.#nodes.filter(({ instance }) => instance.replicaId === undefined);
  }

  /** Creates and starts all instances, makes them replicas of each other, and fills them. */
  async start(): Promise<void> {
    for (const [index, instance] of this.instances.entries()) {
      const entries = await instance.create(index === 0 ? this.#users : undefined);
      printNote(`created ${instance.name}${entries > 0 ? ` with ${entries} entries` : ""}`);
    }
    await Promise.all(this.instances.map((instance) => instance.start()));
    printNote(`started ${this.instances.length} servers`);
    this.#nodes = await Promise.all(this.instances.map(openNode));
    for (const node of this.#nodes) await this.#enable(node);
    await this.#connect();
    const isInSync = await pollFor(() => this.#haveAllMet(), SESSIONS_MS_MAX);
    printNote(
      isInSync === true
        ? "all are initialized and in sync"
        : "all are initialized; not every agreement has had its first session yet",
    );
  }

  /** Whether every agreement has had a session that went well. */
  async #haveAllMet(): Promise<true | undefined> {
    for (const { client, suffix } of this.supplierNodes) {
      for (const { state, lastUpdateEnd } of await readAgreements(client, suffix)) {
        if (state !== "green" || lastUpdateEnd === undefined) return undefined;
      }
    }
    return true;
  }

  /** Rejects when a server ends that should run. */
  async watch(): Promise<never> {
    const [name, said] = await Promise.race(
      this.instances.map(async (instance) => [instance.name, await instance.ended] as const),
    );
    if (this.#isStopping) return new Promise(() => {});
    throw new Error(`${name} has ended: ${said}`);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const { client } of this.#nodes) client.close();
    await Promise.all(this.instances.map((instance) => instance.stop()));
  }

  #enable({ instance, client, suffix }: DemoNode): Promise<void> {
    const { replicaId } = instance;
    return enableReplica(client, suffix, {
      role: replicaId === undefined ? "consumer" : "supplier",
      replicaId,
      manager: { dn: MANAGER_DN, password: this.#managerPassword },
      managerDn: MANAGER_DN,
    });
  }

  async #connect(): Promise<void> {
    const [first, ...others] = this.#nodes;
    if (first === undefined) return;
    const dns: string[] = [];
    for (const to of others) dns.push(await this.#agree(first, to));
    for (const dn of dns) await startInitialization(first.client, dn);
    for (const dn of dns) {
      await waitForInitialization(first.client, dn, { timeoutMs: INITIALIZE_MS_MAX });
    }
    // The others follow now, when all have data of one generation.
    for (const from of this.supplierNodes) {
      if (from === first) continue;
      for (const to of this.#nodes) if (to !== from) await this.#agree(from, to);
    }
  }

  /** The DN of the new agreement. */
  async #agree(from: DemoNode, to: DemoNode): Promise<string> {
    const name = `${from.instance.name}-to-${to.instance.name}`;
    const isFractional = to.instance.replicaId === undefined;
    await createAgreement(from.client, from.suffix, {
      name,
      host: "localhost",
      port: to.instance.port,
      transport: "LDAP",
      bindMethod: "SIMPLE",
      bindDn: MANAGER_DN,
      credentials: this.#managerPassword,
      excluded: isFractional ? EXCLUDED : [],
      excludedTotal: [],
      stripped: isFractional ? STRIP_RECOMMENDED : [],
      schedule: undefined,
      enabled: true,
    });
    return agreementDn(from.suffix, name);
  }
}

async function openNode(instance: DemoInstance): Promise<DemoNode> {
  const client = await instance.connect();
  return { instance, client, suffix: await getSuffix(client, SUFFIX) };
}
