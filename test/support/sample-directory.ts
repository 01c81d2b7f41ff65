// A directory tree with what makes replication state interesting, written through LDAP from a seed: subtypes and options,
// binary values, DNs outside ASCII, values and attributes that were deleted or replaced, tombstones, renamed and moved
// entries. One writer alone makes it, so there are no conflicts in it.
import type { AttributeValues, LdapClient } from "./ldap.ts";
import type { SeededRandom } from "./seeded-random.ts";

const PARALLEL_REQUESTS = 16;
const CONTAINERS = ["people", "Größe", "日本語の部", "a,b+c", "empty"];
const WORDS = ["alpha", "Bravo", "señor", "Żółć", "delta", "東京", "Ünal", "golf"];
const PASSWORD_EVERY = 500;
const BINARY_EVERY = 10;

export interface SampleOptions {
  readonly client: LdapClient;
  readonly suffix: string;
  readonly random: SeededRandom;
  /** Entries that are added; some of them are deleted again. */
  readonly entryCount: number;
}

/** Adds the tree, then changes about a tenth of it. */
export async function writeSampleDirectory(options: SampleOptions): Promise<void> {
  const { client, suffix, random, entryCount } = options;
  const parents: string[] = [];
  for (const name of CONTAINERS) {
    const dn = `ou=${name.replace(/[,+]/g, "\\$&")},${suffix}`;
    await client.add(dn, { objectClass: ["top", "organizationalUnit"], ou: name });
    if (name !== "empty") parents.push(dn);
  }
  const users = Array.from({ length: entryCount - CONTAINERS.length }, (_, index) => ({
    dn: `uid=user${index},${random.pick(parents)}`,
    attributes: userAttributes(index, random),
  }));
  await inParallel(users, ({ dn, attributes }) => client.add(dn, attributes));
  const dns = users.map(({ dn }) => dn);
  const histories = dns.map((dn, index) => historyOf({ client, suffix, dn, index }));
  await inParallel(
    histories.filter((history) => history !== undefined),
    (history) => history(),
  );
}

function userAttributes(index: number, random: SeededRandom): AttributeValues {
  const word = random.pick(WORDS);
  const attributes: Record<string, string | Buffer | readonly (string | Buffer)[]> = {
    objectClass: ["top", "person", "organizationalPerson", "inetOrgPerson"],
    uid: `user${index}`,
    cn: [`${word} ${index}`, `User ${index}`],
    sn: random.pick(WORDS),
    mail: [`user${index}@example.com`, `u${index}@example.org`],
    description: ["one", "two", `number ${index}`],
    telephoneNumber: `+49 30 ${100_000 + index}`,
    employeeNumber: String(index),
  };
  if (index % 3 === 0) {
    attributes["description;lang-de"] = `Nummer ${index}`;
    attributes["cn;lang-ja;x-note"] = "名前";
  }
  if (index % BINARY_EVERY === 0) {
    attributes["jpegPhoto"] = random.bytes(200);
    attributes["userCertificate;binary"] = Buffer.concat([
      Buffer.from([0x30, 0x20]),
      random.bytes(32),
    ]);
  }
  if (index % PASSWORD_EVERY === 0) attributes["userPassword"] = `secret ${index}`;
  return attributes;
}

type History = () => Promise<unknown>;

/** What happens to an entry after its add; most entries stay as they were added. */
function historyOf(target: {
  readonly client: LdapClient;
  readonly suffix: string;
  readonly dn: string;
  readonly index: number;
}): History | undefined {
  const { client, suffix, dn, index } = target;
  const histories: Readonly<Record<number, History>> = {
    3: () => modify([{ op: "delete", type: "description", values: "two" }]),
    13: () => modify([{ op: "delete", type: "telephoneNumber" }]),
    23: () => modify([{ op: "replace", type: "mail", values: `new${index}@example.com` }]),
    33: async () => {
      await modify([{ op: "add", type: "description", values: ["three", "vier"] }]);
      await modify([{ op: "delete", type: "description", values: ["one", "three"] }]);
      await modify([{ op: "add", type: "description", values: "one" }]);
    },
    43: () => client.delete(dn),
    53: async () => {
      await modify([{ op: "delete", type: "description" }]);
      await client.delete(dn);
    },
    63: () => client.rename(dn, `uid=renamed${index}`, { deleteOldRdn: false }),
    73: () => client.rename(dn, `uid=renamed${index}`, { deleteOldRdn: true }),
    83: async () => {
      await client.rename(dn, `cn=Bewegt ${index}`, {
        deleteOldRdn: false,
        newSuperior: `ou=Größe,${suffix}`,
      });
    },
    93: async () => {
      await client.add(`cn=child,${dn}`, { objectClass: "device", cn: "child" });
      await client.delete(`cn=child,${dn}`);
    },
  };
  async function modify(changes: Parameters<LdapClient["modify"]>[1]): Promise<void> {
    await client.modify(dn, changes);
  }
  return histories[index % 100];
}

/** Runs `work` for every one of `list`, a bounded number at a time. */
export async function inParallel<T>(
  list: readonly T[],
  work: (element: T) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  async function worker(): Promise<void> {
    while (next < list.length) {
      const element = list[next] as T;
      next += 1;
      await work(element);
    }
  }
  await Promise.all(Array.from({ length: PARALLEL_REQUESTS }, worker));
}
