// Writes on every supplier at the same time, also to the same entries and names, and waits until every replica has all of it and
// all are equal: in what clients see, entry by entry, and in the digest of the database, which looks at the CSNs of all values as
// well. Consumers are compared without the attributes that they are not sent, or that are stripped.
import type { ClientMod, DirectoryClient } from "../directory-client.ts";
import {
  type Content,
  type ContentOptions,
  contentDigest,
  describeDifference,
  findDifferences,
  readContent,
} from "../replication/content.ts";
import { STRIP_RECOMMENDED } from "../replication/agreement.ts";
import { unlessThere } from "../replication/server-connection.ts";
import { pause, pollFor } from "../wait.ts";
import { SUFFIX } from "./demo-instance.ts";
import { type DemoNode, EXCLUDED, type Topology } from "./topology.ts";

const PEOPLE = `ou=people,${SUFFIX}`;
const ARRIVE_MS_MAX = 120_000;
const EQUAL_MS_MAX = 60_000;
const EQUAL_POLL_MS = 500;
const DIFFERENCES_MAX = 20;

/** Compared among suppliers: who wrote an entry and when is replicated like everything else. */
const ALL: ContentOptions = {
  operational: ["creatorsName", "createTimestamp", "modifiersName", "modifyTimestamp", "aci"],
  ignored: new Set(),
};
const LACKING = [...EXCLUDED, ...STRIP_RECOMMENDED];
const PARTIAL: ContentOptions = {
  ...ALL,
  ignored: new Set(LACKING.map((name) => name.toLowerCase())),
};

export interface CheckedReplica {
  readonly name: string;
  readonly url: string;
  readonly entries: number;
  /** As `concord digest` prints it; undefined for consumers, which do not have everything. */
  readonly digest: string | undefined;
  /** The same without what consumers are not sent. */
  readonly partialDigest: string;
}

export interface CheckResult {
  readonly converged: boolean;
  readonly writes: number;
  /** From the last write until every replica had all of them; undefined when that did not happen. */
  readonly arrivedAfterMs: number | undefined;
  readonly replicas: readonly CheckedReplica[];
  readonly differences: readonly string[];
}

export async function runCheck(topology: Topology): Promise<CheckResult> {
  const users = await findUsers(topology);
  const counts = await Promise.all(
    topology.supplierNodes.map((node, index) => writeOn(node, { index, users })),
  );
  const writtenMs = performance.now();
  const markers = topology.supplierNodes.map((_, index) => markerDn(index));
  const arrived = await pollFor(() => haveAll(topology, markers), ARRIVE_MS_MAX);
  const arrivedAfterMs = Math.round(performance.now() - writtenMs);
  const { replicas, differences } = await compareUntilEqual(topology);
  return {
    converged: arrived === true && differences.length === 0,
    writes: counts.reduce((sum, count) => sum + count, 0),
    arrivedAfterMs: arrived === true ? arrivedAfterMs : undefined,
    replicas,
    differences,
  };
}

/** Some of the sample users, in order of their names. */
async function findUsers({ supplierNodes }: Topology): Promise<readonly string[]> {
  const client = supplierNodes[0]?.client;
  if (client === undefined) return [];
  const entries = await client.search({
    base: PEOPLE,
    scope: "one",
    filter: "(objectClass=posixAccount)",
    attributes: ["uid"],
  });
  return entries.map(({ dn }) => dn).sort();
}

const markerDn = (index: number): string => `uid=check.${index + 1},${PEOPLE}`;

/** The number of writes. */
async function writeOn(
  { client, instance }: DemoNode,
  { index, users }: { readonly index: number; readonly users: readonly string[] },
): Promise<number> {
  const { name } = instance;
  // The first users are written by all suppliers, then come some for each supplier alone.
  const [shared, ...rest] = users;
  const own = rest.slice(index * 4, index * 4 + 4);
  const [changed, called, renamed, deleted] = own;
  // Where the entry of another supplier has arrived first there is no conflict, and no write.
  const isAdded = await unlessThere(
    addPerson(client, `uid=check.same,${PEOPLE}`, `Added on ${name}`),
    "entryAlreadyExists",
  );
  const writes: (() => Promise<void>)[] = [];
  const modify = (dn: string | undefined, mods: readonly ClientMod[]): void => {
    if (dn !== undefined) writes.push(() => client.modify(dn, mods));
  };
  modify(shared, [
    { operation: "add", type: "description", values: `seen by ${name}` },
    { operation: "replace", type: "title", values: `Title from ${name}` },
  ]);
  modify(changed, [{ operation: "replace", type: "mail", values: `${name}@example.com` }]);
  modify(called, [{ operation: "replace", type: "telephoneNumber", values: "+1 555 0000000" }]);
  if (renamed !== undefined) {
    const newRdn = `uid=renamed.${index + 1}`;
    writes.push(() => client.rename(renamed, newRdn, { deleteOldRdn: true }));
  }
  if (deleted !== undefined) writes.push(() => client.delete(deleted));
  writes.push(() => addPerson(client, markerDn(index), `Marker of ${name}`));
  for (const write of writes) await write();
  return writes.length + (isAdded ? 1 : 0);
}

function addPerson(client: DirectoryClient, dn: string, cn: string): Promise<void> {
  return client.add(dn, {
    objectClass: ["top", "person", "organizationalPerson", "inetOrgPerson"],
    cn,
    sn: "Check",
    telephoneNumber: "+1 555 1111111",
  });
}

async function haveAll({ nodes }: Topology, dns: readonly string[]): Promise<true | undefined> {
  for (const { client } of nodes) {
    for (const dn of dns) if ((await client.find(dn, ["uid"])) === undefined) return undefined;
  }
  return true;
}

interface Reading {
  readonly node: DemoNode;
  readonly all: Content | undefined;
  readonly partial: Content;
  readonly digest: string | undefined;
  readonly partialDigest: string;
}

async function compareUntilEqual(
  topology: Topology,
): Promise<Pick<CheckResult, "replicas" | "differences">> {
  const deadline = performance.now() + EQUAL_MS_MAX;
  for (;;) {
    const readings = await Promise.all(topology.nodes.map(readNode));
    const replicas = readings.map(checkedReplica);
    if (areEqual(readings)) return { replicas, differences: [] };
    if (performance.now() > deadline) {
      return { replicas, differences: await describeAll(readings) };
    }
    await pause(EQUAL_POLL_MS);
  }
}

function areEqual(readings: readonly Reading[]): boolean {
  const isOne = (values: readonly (string | undefined)[]): boolean =>
    new Set(values.filter((value) => value !== undefined)).size === 1;
  return (
    isOne(readings.map(({ all }) => all && contentDigest(all))) &&
    isOne(readings.map(({ partial }) => contentDigest(partial))) &&
    isOne(readings.map(({ digest }) => digest)) &&
    isOne(readings.map(({ partialDigest }) => partialDigest))
  );
}

async function readNode(node: DemoNode): Promise<Reading> {
  const { client, instance } = node;
  const isFull = instance.replicaId !== undefined;
  return {
    node,
    all: isFull ? await readContent(client, SUFFIX, ALL) : undefined,
    partial: await readContent(client, SUFFIX, PARTIAL),
    digest: isFull ? await instance.digest([]) : undefined,
    partialDigest: await instance.digest(LACKING),
  };
}

function checkedReplica({ node, partial, digest, partialDigest }: Reading): CheckedReplica {
  const { name, url } = node.instance;
  return { name, url, entries: partial.size, digest, partialDigest };
}

async function describeAll(readings: readonly Reading[]): Promise<readonly string[]> {
  const [first, ...others] = readings;
  const lines: string[] = [];
  for (const other of others) {
    if (first === undefined) break;
    const isFull = first.all !== undefined && other.all !== undefined;
    const found = await findDifferences(
      { client: first.node.client, content: (isFull ? first.all : first.partial) ?? new Map() },
      { client: other.node.client, content: (isFull ? other.all : other.partial) ?? new Map() },
      { ...(isFull ? ALL : PARTIAL), suffix: SUFFIX, limit: DIFFERENCES_MAX },
    );
    const names = `${first.node.instance.name} and ${other.node.instance.name}`;
    lines.push(...found.differences.map((one) => `${names}: ${describeDifference(one)}`));
  }
  return lines.length > 0
    ? lines
    : ["clients see the same everywhere, but the state behind it differs"];
}
