// Two servers that are suppliers of each other, behind one interface for all kinds. The first is filled, load goes to it, and what
// is measured is how the second one follows. Servers that replicate by 389's protocol, equal or not, are a pair with agreements;
// slapd's pair stands in slapd-pair.ts.
import { join } from "node:path";
import {
  type Node,
  createAgreement,
  enableReplica,
  openNode,
  readAgreement,
  readRuv,
  setAgreement,
} from "../support/replication-setup.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { waitFor } from "../support/wait-for.ts";
import type { BenchReplica, BenchServer } from "./bench-server.ts";
import { writePeople } from "./people.ts";
import { pollUntil, untilAtRest } from "./polling.ts";

const BEGIN_TIMEOUT_MS = 300_000;
/** It takes seconds; who asked every few milliseconds would take the processors from the servers. */
const INITIALIZATION_POLL_MS = 100;
const LEVEL_TIMEOUT_MS = 7_200_000;
const SAID_CHARACTERS_MAX = 8000;
const SUPPLIER_ID = 1;
const NO_SESSION = "No replication sessions started";
const SUCCEEDED = "Error (0) Total update succeeded";
const FRACTIONAL = {
  nsDS5ReplicatedAttributeList: "(objectclass=*) $ EXCLUDE description",
  nsds5ReplicaStripAttrs:
    "modifiersname modifytimestamp internalModifiersName internalModifyTimestamp",
};

export interface ReplicationPair {
  readonly name: string;
  readonly supplier: BenchServer;
  readonly consumer: BenchServer;
  /** Whether changes wait because the consumer does not run. */
  readonly holdStopsConsumer: boolean;
  /** Changes of the supplier wait from now on. */
  hold(): Promise<void>;
  /** They go out; ends when the consumer has all that the supplier has at the call. */
  release(): Promise<void>;
  /** For the report of a failure. */
  describe(): string;
  remove(): Promise<void>;
}

/** A pair whose consumer is empty at first. */
export class AgreementPair implements ReplicationPair {
  readonly name: string;
  readonly supplier: BenchReplica;
  readonly consumer: BenchReplica;
  readonly holdStopsConsumer = false;
  readonly #from: Node;
  readonly #to: Node;
  #forth = "";

  private constructor(name: string, servers: readonly BenchReplica[], nodes: readonly Node[]) {
    this.name = name;
    [this.supplier, this.consumer] = servers as [BenchReplica, BenchReplica];
    [this.#from, this.#to] = nodes as [Node, Node];
  }

  /** The first of the stopped servers is filled; both are replicas then. They are removed when that fails. */
  static async create(
    name: string,
    servers: readonly BenchReplica[],
    entries: number,
  ): Promise<AgreementPair> {
    try {
      const ldif = join(makeTemporaryFolder(), "people.ldif");
      writePeople(ldif, entries, { withAci: true });
      await servers[0]?.import(ldif);
      const nodes: Node[] = [];
      for (const [index, server] of servers.entries()) {
        await server.start();
        const node = await openNode(server.server);
        nodes.push(node);
        await enableReplica(node, "supplier", { replicaId: SUPPLIER_ID + index });
      }
      return new AgreementPair(name, servers, nodes);
    } catch (error) {
      for (const server of servers) await server.remove();
      throw error;
    }
  }

  /** The agreement that fills the consumer; ends when it has tried to reach it, see `initialize` of replication-setup, and the supplier
   *  has done what its import left (Concord: digests). */
  async prepareInitialization(): Promise<void> {
    this.#forth = await createAgreement(this.#from, this.#to);
    await waitFor(
      async () => !(await readAgreement(this.#from, this.#forth)).update.includes(NO_SESSION),
      "the agreement has begun",
      BEGIN_TIMEOUT_MS,
    );
    await untilAtRest(this.supplier.target.pid, BEGIN_TIMEOUT_MS);
  }

  /** Replaces what the consumer holds by what the supplier holds. */
  async initialize(): Promise<void> {
    await setAgreement(this.#from, this.#forth, { nsds5BeginReplicaRefresh: "start" });
    let init = "";
    await pollUntil(
      async () => {
        const status = await readAgreement(this.#from, this.#forth);
        init = status.init ?? "";
        return !status.isInitializing && init !== "" && !init.includes("in progress");
      },
      "the total initialization ends",
      LEVEL_TIMEOUT_MS,
      INITIALIZATION_POLL_MS,
    );
    if (!init.startsWith(SUCCEEDED)) throw new Error(`total initialization: ${init}`);
  }

  /** The agreement of the other direction; what came by the initialization is level then. */
  async connectBack(): Promise<void> {
    await createAgreement(this.#to, this.#from);
    await this.#waitUntilLevel();
  }

  async hold(): Promise<void> {
    await setAgreement(this.#from, this.#forth, { nsds5ReplicaEnabled: "off" });
    await waitFor(
      async () => !(await readAgreement(this.#from, this.#forth)).isUpdating,
      "the agreement rests",
      BEGIN_TIMEOUT_MS,
    );
  }

  async release(): Promise<void> {
    const newest = await this.#newestOf(this.#from);
    if ((await this.#newestOf(this.#to)) >= newest) throw new Error("changes were not held");
    await setAgreement(this.#from, this.#forth, { nsds5ReplicaEnabled: "on" });
    await this.#waitUntilLevel(newest);
  }

  /** From now on modifications of `description` alone are not sent. For an agreement that is held. */
  async leaveOutDescriptions(): Promise<void> {
    await setAgreement(this.#from, this.#forth, FRACTIONAL);
  }

  /** One that is sent all the same. */
  async changeTelephone(dn: string): Promise<void> {
    await this.#from.client.replace(dn, "telephoneNumber", "+1 555 1234567");
  }

  describe(): string {
    return [this.supplier, this.consumer]
      .map(({ server }) => server.readErrorLog().slice(-SAID_CHARACTERS_MAX))
      .join("\n");
  }

  async remove(): Promise<void> {
    this.#from.client.close();
    this.#to.client.close();
    await this.supplier.remove();
    await this.consumer.remove();
  }

  async #waitUntilLevel(newest?: string): Promise<void> {
    const wanted = newest ?? (await this.#newestOf(this.#from));
    await pollUntil(
      async () => (await this.#newestOf(this.#to)) >= wanted,
      "the consumer has all changes",
      LEVEL_TIMEOUT_MS,
    );
  }

  /** The newest change of the supplier that a server knows; texts of change numbers have their order. */
  async #newestOf(node: Node): Promise<string> {
    return (await readRuv(node)).elements.get(SUPPLIER_ID)?.max ?? "";
  }
}
