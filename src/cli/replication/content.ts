// The content of a suffix as clients see it, for comparing replicas of any kind: for each entry, found by its unique ID, a hash
// over its name and attributes. What replicas differ in by nature (their own bookkeeping) is not asked for.
import { createHash } from "node:crypto";
import { formatDn, parseDn } from "../../dn/index.ts";
import type { DirectoryClient } from "../directory-client.ts";
import type { ClientEntry } from "../directory-entry.ts";

/** Entries and subentries; tombstones are no content. */
const FILTER = "(|(objectClass=*)(objectClass=ldapsubentry))";
const UNIQUE_ID = "nsuniqueid";

export interface ContentOptions {
  /** Asked for beside the user attributes. */
  readonly operational: readonly string[];
  /** Attribute types in lower case that are not looked at, their subtypes with options included. */
  readonly ignored: ReadonlySet<string>;
}

export interface ContentEntry {
  readonly dn: string;
  readonly hash: string;
}

/** Entries by unique ID. */
export type Content = ReadonlyMap<string, ContentEntry>;

export async function readContent(
  client: DirectoryClient,
  suffix: string,
  options: ContentOptions & { readonly filter?: string },
): Promise<Content> {
  const content = new Map<string, ContentEntry>();
  const attributes = ["*", UNIQUE_ID, ...options.operational];
  const { filter = FILTER } = options;
  await client.forEach({ base: suffix, filter, attributes }, (entry) => {
    const id = entry.text(UNIQUE_ID)?.toLowerCase() ?? normalName(entry.dn);
    content.set(id, { dn: entry.dn, hash: hashEntry(entry, options.ignored) });
  });
  return content;
}

/** One hash for all of it. */
export function contentDigest(content: Content): string {
  const hash = createHash("sha256");
  for (const id of [...content.keys()].sort()) hash.update(`${id} ${content.get(id)?.hash}\n`);
  return hash.digest("hex");
}

function hashEntry(entry: ClientEntry, ignored: ReadonlySet<string>): string {
  const hash = createHash("sha256").update(normalName(entry.dn));
  for (const [type, values] of comparedAttributes(entry, ignored)) {
    hash.update(`\n${type} ${values.length}`);
    for (const value of values) hash.update(`\n${value.length} `).update(value);
  }
  return hash.digest("base64");
}

/** Types in lower case and in order, values in order of their bytes. */
function comparedAttributes(
  entry: ClientEntry,
  ignored: ReadonlySet<string>,
): ReadonlyMap<string, readonly Buffer[]> {
  const found = new Map<string, Buffer[]>();
  for (const { type, values } of entry.attributes) {
    const [base = "", ...options] = type.toLowerCase().split(";");
    if (ignored.has(base)) continue;
    const key = [base, ...options.sort()].join(";");
    found.set(key, [...(found.get(key) ?? []), ...values]);
  }
  const sorted = [...found].sort(([a], [b]) => (a < b ? -1 : 1));
  return new Map(sorted.map(([type, values]) => [type, values.sort(Buffer.compare)]));
}

function normalName(dn: string): string {
  try {
    return formatDn(parseDn(dn)).toLowerCase();
  } catch {
    return dn.toLowerCase();
  }
}

export type Difference =
  | {
      readonly type: "missing";
      readonly uniqueId: string;
      readonly dn: string;
      readonly on: string;
    }
  | { readonly type: "renamed"; readonly uniqueId: string; readonly dns: readonly string[] }
  | {
      readonly type: "changed";
      readonly uniqueId: string;
      readonly dn: string;
      /** Attribute descriptions that differ. */
      readonly attributes: readonly string[];
    }
  /** What clients see is the same, the CSNs of its changes are not. */
  | { readonly type: "state"; readonly uniqueId: string; readonly dn: string }
  /** Neither server has it any more. */
  | { readonly type: "gone"; readonly uniqueId: string };

export interface ContentSide {
  readonly client: DirectoryClient;
  readonly content: Content;
}

/** How the second differs from the first; at most `limit` differences are looked at in detail. */
export async function findDifferences(
  first: ContentSide,
  second: ContentSide,
  options: ContentOptions & { readonly suffix: string; readonly limit: number },
): Promise<{ readonly differences: readonly Difference[]; readonly count: number }> {
  const differences: Difference[] = [];
  let count = 0;
  for (const uniqueId of new Set([...first.content.keys(), ...second.content.keys()])) {
    if (first.content.get(uniqueId)?.hash === second.content.get(uniqueId)?.hash) continue;
    count += 1;
    if (differences.length >= options.limit) continue;
    differences.push(await describePair(first, second, { uniqueId, options }));
  }
  return { differences, count };
}

/** The same for entries that are known to differ. */
export async function describeEntries(
  [first, second]: readonly [DirectoryClient, DirectoryClient],
  uniqueIds: readonly string[],
  options: ContentOptions & { readonly suffix: string },
): Promise<readonly Difference[]> {
  const differences: Difference[] = [];
  for (const uniqueId of uniqueIds) {
    const found = new Map<DirectoryClient, Content>();
    for (const client of [first, second]) {
      const filter = `(&(${UNIQUE_ID}=${uniqueId})${FILTER})`;
      found.set(client, await readContent(client, options.suffix, { ...options, filter }));
    }
    const side = (client: DirectoryClient): ContentSide => ({
      client,
      content: found.get(client) ?? new Map(),
    });
    differences.push(
      await describePair(side(first), side(second), { uniqueId, options, byDigest: true }),
    );
  }
  return differences;
}

async function describePair(
  first: ContentSide,
  second: ContentSide,
  {
    uniqueId,
    options,
    byDigest = false,
  }: {
    readonly uniqueId: string;
    readonly options: ContentOptions;
    /** They are known to differ, if only in what clients do not see. */
    readonly byDigest?: boolean;
  },
): Promise<Difference> {
  const a = first.content.get(uniqueId);
  const b = second.content.get(uniqueId);
  if (a === undefined && b === undefined) return { type: "gone", uniqueId };
  if (a === undefined || b === undefined) {
    const on = a === undefined ? first.client.url : second.client.url;
    return { type: "missing", uniqueId, dn: (a ?? b)?.dn ?? "", on };
  }
  if (byDigest && a.hash === b.hash) return { type: "state", uniqueId, dn: a.dn };
  return describeChange(first, second, { uniqueId, dns: [a.dn, b.dn], options });
}

async function describeChange(
  first: ContentSide,
  second: ContentSide,
  {
    uniqueId,
    dns,
    options,
  }: {
    readonly uniqueId: string;
    readonly dns: readonly [string, string];
    readonly options: ContentOptions;
  },
): Promise<Difference> {
  if (normalName(dns[0]) !== normalName(dns[1])) return { type: "renamed", uniqueId, dns };
  const attributes = ["*", ...options.operational];
  const [a, b] = await Promise.all([
    first.client.find(dns[0], attributes),
    second.client.find(dns[1], attributes),
  ]);
  const ours = a === undefined ? new Map() : comparedAttributes(a, options.ignored);
  const theirs = b === undefined ? new Map() : comparedAttributes(b, options.ignored);
  const types = [...new Set<string>([...ours.keys(), ...theirs.keys()])];
  return {
    type: "changed",
    uniqueId,
    dn: dns[0],
    attributes: types.filter((type) => !sameValues(ours.get(type), theirs.get(type))).sort(),
  };
}

function sameValues(a: readonly Buffer[] = [], b: readonly Buffer[] = []): boolean {
  return a.length === b.length && a.every((value, index) => value.equals(b[index] as Buffer));
}

export function describeDifference(difference: Difference): string {
  switch (difference.type) {
    case "missing":
      return `missing on ${difference.on}: ${difference.dn}`;
    case "renamed":
      return `other name: ${difference.dns.join("  |  ")}`;
    case "changed":
      return `differs: ${difference.dn}: ${difference.attributes.join(", ") || "changed meanwhile"}`;
    case "state":
      return `other CSNs of the same values: ${difference.dn}`;
    case "gone":
      return `gone meanwhile: ${difference.uniqueId}`;
  }
}
