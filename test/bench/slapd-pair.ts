// Two slapd that are providers of each other. The second one is filled from the export of the first, which takes seconds where a
// refresh over the network takes minutes. Changes are held by the absence of the consumer: the time until it is level includes its
// start of some 30 ms.
import { join } from "node:path";
import { freePorts } from "../support/free-ports.ts";
import { LdapClient } from "../support/ldap.ts";
import { makeTemporaryFolder } from "../support/temporary-folder.ts";
import { type BenchServer, createSlapd } from "./bench-server.ts";
import { SUFFIX, writePeople } from "./people.ts";
import { pollUntil } from "./polling.ts";
import type { ReplicationPair } from "./replication-pair.ts";

const LEVEL_TIMEOUT_MS = 1_800_000;

export class SlapdPair implements ReplicationPair {
  readonly name = "slapd";
  readonly supplier: BenchServer;
  readonly consumer: BenchServer;
  readonly holdStopsConsumer = true;

  private constructor(supplier: BenchServer, consumer: BenchServer) {
    this.supplier = supplier;
    this.consumer = consumer;
  }

  static async create(entries: number): Promise<SlapdPair> {
    const folder = makeTemporaryFolder();
    const people = join(folder, "people.ldif");
    const content = join(folder, "content.ldif");
    writePeople(people, entries, { withAci: false });
    const [one, other] = (await freePorts(2)) as [number, number];
    const supplier = await createSlapd({ serverId: 1, port: one, otherPort: other });
    const consumer = await createSlapd({ serverId: 2, port: other, otherPort: one });
    const pair = new SlapdPair(supplier, consumer);
    try {
      await supplier.import(people);
      await supplier.export(content);
      await consumer.import(content);
      await supplier.start();
      await consumer.start();
      await pair.#waitUntilLevel();
      return pair;
    } catch (error) {
      await pair.remove();
      throw error;
    }
  }

  hold(): Promise<void> {
    return this.consumer.stop();
  }

  async release(): Promise<void> {
    await this.consumer.start();
    await this.#waitUntilLevel();
  }

  describe(): string {
    return "";
  }

  async remove(): Promise<void> {
    await this.supplier.remove();
    await this.consumer.remove();
  }

  async #waitUntilLevel(): Promise<void> {
    const [from, to] = await Promise.all([connect(this.supplier), connect(this.consumer)]);
    const wanted = await newestOf(from);
    await pollUntil(
      async () => (await newestOf(to)) >= wanted,
      "the consumer has all changes",
      LEVEL_TIMEOUT_MS,
    );
    from.close();
    to.close();
  }
}

const connect = ({ target }: BenchServer): Promise<LdapClient> => LdapClient.connect(target);

/** Change numbers begin with their time; after a refresh they are those of all that went before. */
async function newestOf(client: LdapClient): Promise<string> {
  const suffix = await client.find(SUFFIX, ["contextCSN"]);
  return [...(suffix?.texts("contextCSN") ?? [])].sort().at(-1) ?? "";
}
