// `concord replication compare`: tells in what two or more servers differ. By digests where all servers offer them, otherwise by
// reading all entries. Changes that are under way show up as differences, so a difference is looked at again before it is told.
import { type CommandFailure, EXIT_FAILED, usageFailure } from "../failure.ts";
import type { DirectoryClient } from "../directory-client.ts";
import { formatTable, printNote, printResult } from "../print.ts";
import { Progress } from "../progress.ts";
import { pause } from "../wait.ts";
import {
  type ContentOptions,
  type ContentSide,
  type Difference,
  contentDigest,
  describeDifference,
  describeEntries,
  findDifferences,
  readContent,
} from "./content.ts";
import { type DigestComparison, compareDigests } from "./digest-comparison.ts";
import { type DigestRoot, DigestSide, offerDigests } from "./digest-side.ts";
import { type RepairOutcome, offerRepair, repairDifferences } from "./repair.ts";
import { type SuffixOptions, accessOf, connectTo, getSuffix } from "./server-connection.ts";

const SHOWN_MAX = 100;
const AGAIN_MS = 1_000;

export interface CompareOptions extends Omit<SuffixOptions, "url"> {
  readonly url: readonly string[];
  readonly urls: readonly string[] | undefined;
  readonly ignore: readonly string[] | undefined;
  readonly operational: boolean;
  readonly method: string;
  readonly repair: boolean;
  /** Seconds. */
  readonly wait: number;
}

/** Who changed an entry and when: the same on all replicas, unless they strip it. */
const OPERATIONAL = ["creatorsName", "createTimestamp", "modifiersName", "modifyTimestamp", "aci"];

interface Against {
  readonly against: string;
  readonly count: number;
  readonly shown: readonly Difference[];
  /** By digests: entries that one server has changes of which the other lacks. */
  readonly unsettled?: { readonly count: number; readonly shown: readonly Difference[] };
  /** By digests: more entries differ than were looked at. */
  readonly isPartial?: boolean;
  /** With --repair: what differed before. The other entries are as they are now. */
  readonly repaired?: { readonly count: number; readonly shown: readonly Difference[] };
  /** With --repair: why an entry could not be repaired, by its nsUniqueId. */
  readonly reasons?: Readonly<Record<string, readonly string[]>>;
}

interface Comparison {
  readonly method: "digest" | "search";
  readonly servers: readonly { url: string; entries: number; digest: string }[];
  readonly equal: boolean;
  readonly differences: readonly Against[];
}

interface Task extends ContentOptions {
  readonly clients: readonly [DirectoryClient, ...DirectoryClient[]];
  readonly suffix: string;
  readonly waitMs: number;
  readonly repair: boolean;
}

export async function runCompare(options: CompareOptions): Promise<void> {
  const urls = options.urls?.length ? options.urls : options.url;
  if (urls.length < 2) throw usageFailure("compare needs the URLs of two or more servers");
  const ignored = (options.ignore ?? [])
    .flatMap((text) => text.split(/[,\s]+/))
    .map((name) => name.toLowerCase());
  if (options.method === "digest" && ignored.length > 0) throw digestsIgnoreNothing();
  if (options.repair) checkRepair(options, urls, ignored);
  const access = await accessOf({ ...options, url: urls[0] ?? "" });
  const connected = await Promise.all(urls.map((url) => connectTo(url, access)));
  try {
    const [first, ...others] = connected;
    if (first === undefined) return;
    const clients = [first, ...others] as const;
    const { suffix } = await getSuffix(first, options.suffix);
    const task: Task = {
      clients,
      suffix,
      waitMs: options.wait * 1000,
      repair: options.repair,
      operational: options.operational ? OPERATIONAL : ["aci"],
      ignored: new Set(ignored),
    };
    const byDigest = await mayCompareByDigest(task, options.method);
    const comparison = byDigest ? await compareByDigest(task) : await compareBySearch(task);
    const bytes = connected.reduce((sum, client) => sum + client.bytes, 0);
    printResult({ suffix, ...comparison, bytes }, () => comparisonText(comparison), options);
    printNote(`${bytes} bytes were transferred`);
    if (!comparison.equal) process.exitCode = EXIT_FAILED;
  } finally {
    for (const client of connected) client.close();
  }
}

const digestsIgnoreNothing = (): CommandFailure =>
  usageFailure("digests are over all attributes", "With --ignore, compare by --method search.");

async function mayCompareByDigest(
  { clients, ignored, repair }: Task,
  method: string,
): Promise<boolean> {
  const isOffered = method !== "search" && ignored.size === 0 && (await offerDigests(clients));
  if (repair && !(isOffered && (await offerRepair(clients)))) throw cannotRepair();
  if (method === "digest" && !isOffered) throw usageFailure("not all servers have digests");
  return isOffered;
}

function checkRepair(
  { method }: CompareOptions,
  urls: readonly string[],
  ignored: readonly string[],
): void {
  if (method === "search" || ignored.length > 0)
    throw usageFailure("--repair goes by digests", "Leave out --method search and --ignore.");
  if (urls.length > 2)
    throw usageFailure("--repair takes two servers at a time", "Repair each pair after the other.");
}

const cannotRepair = (): CommandFailure =>
  usageFailure(
    "not both servers can be repaired: only Concord servers of this version exchange the state of entries",
    "Mend a 389 server by ordinary changes, or initialize it: concord replication init NAME",
  );

async function compareByDigest({
  clients,
  suffix,
  waitMs,
  ignored,
  repair,
}: Task): Promise<Comparison> {
  const [first, ...others] = clients;
  const options = { suffix, ignored, operational: OPERATIONAL };
  const roots = new Map<string, DigestRoot>();
  const differences: Against[] = [];
  for (const other of others) {
    const sides = [new DigestSide(first, suffix), new DigestSide(other, suffix)] as const;
    const compare = (): Promise<DigestComparison> => compareDigests(sides, { waitMs });
    const before = await compare();
    const describe = (uniqueIds: readonly string[]): Promise<readonly Difference[]> =>
      describeEntries([first, other], uniqueIds.slice(0, SHOWN_MAX).map(dashed), options);
    const wereDifferent = repair ? await describe(before.differs) : [];
    const task = { clients: [first, other], suffix, compare } as const;
    const repaired = repair ? await repairDifferences(task, before) : undefined;
    const found = repaired?.comparison ?? before;
    roots.set(first.url, found.first);
    roots.set(other.url, found.second);
    const isEqual = found.differs.length + found.unsettled.length === 0;
    if (isEqual && repaired === undefined) continue;
    differences.push({
      against: other.url,
      count: found.differs.length,
      shown: await describe(found.differs),
      unsettled: { count: found.unsettled.length, shown: await describe(found.unsettled) },
      isPartial: found.isPartial,
      ...(repaired === undefined ? {} : repairOf(repaired, wereDifferent)),
    });
  }
  const servers = clients.map(({ url }) => ({
    url,
    entries: roots.get(url)?.entries ?? 0,
    digest: roots.get(url)?.digest ?? "",
  }));
  const equal = differences.every(({ count, unsettled }) => count + (unsettled?.count ?? 0) === 0);
  return { method: "digest", servers, equal, differences };
}

const UNEXPLAINED: readonly string[] = [
  "both have joined what the other has, and differ all the same: change, rename or delete the entry",
];

function repairOf(
  { comparison, repaired, reasons }: RepairOutcome,
  shown: readonly Difference[],
): Pick<Against, "repaired" | "reasons"> {
  const ids = new Set(repaired.map(dashed));
  const left = comparison.differs.map(
    (id) => [dashed(id), reasons.get(id) ?? UNEXPLAINED] as const,
  );
  return {
    repaired: { count: repaired.length, shown: shown.filter(({ uniqueId }) => ids.has(uniqueId)) },
    reasons: Object.fromEntries(left),
  };
}

/** 32 hex digits as unique IDs are written. */
const dashed = (hex: string): string => hex.replace(/(.{8})(?=.)/g, "$1-");

async function compareBySearch(task: Task): Promise<Comparison> {
  const compare = async (): Promise<Comparison> => {
    const progress = new Progress("servers read");
    const sides: ContentSide[] = [];
    for (const client of task.clients) {
      sides.push({ client, content: await readContent(client, task.suffix, task) });
      progress.report(sides.length, task.clients.length);
    }
    progress.end();
    return compareSides(sides, task);
  };
  const comparison = await compare();
  if (comparison.equal) return comparison;
  await pause(AGAIN_MS);
  return compare();
}

async function compareSides(sides: readonly ContentSide[], task: Task): Promise<Comparison> {
  const servers = sides.map(({ client, content }) => ({
    url: client.url,
    entries: content.size,
    digest: contentDigest(content),
  }));
  const differences: Against[] = [];
  const [first, ...others] = sides;
  for (const [index, other] of others.entries()) {
    if (first === undefined || servers[index + 1]?.digest === servers[0]?.digest) continue;
    const found = await findDifferences(first, other, { ...task, limit: SHOWN_MAX });
    const { count } = found;
    differences.push({ against: other.client.url, count, shown: found.differences });
  }
  return { method: "search", servers, equal: differences.length === 0, differences };
}

function comparisonText({ servers, equal, differences }: Comparison): string {
  const table = formatTable(
    ["server", "entries", "digest"],
    servers.map(({ url, entries, digest }) => [url, String(entries), digest.slice(0, 16)]),
  );
  const repairs = differences.flatMap(repairText);
  const others = differences.filter(({ count, unsettled }) => count + (unsettled?.count ?? 0) > 0);
  const verdict = equal ? "all equal" : others.map(againstText).join("\n");
  return [table, ...repairs, verdict].join("\n\n");
}

function repairText({ against, repaired }: Against): readonly string[] {
  if (repaired === undefined || repaired.count === 0) return [];
  const more = repaired.count - repaired.shown.length;
  const lines = [
    `${against}: ${repaired.count} entries repaired`,
    ...repaired.shown.map(describeDifference),
    ...(more > 0 ? [`and ${more} more`] : []),
  ];
  return [lines.join("\n  ")];
}

function againstText({
  against,
  count,
  shown,
  unsettled,
  isPartial,
  reasons = {},
}: Against): string {
  const describe = (difference: Difference): string =>
    [describeDifference(difference), ...(reasons[difference.uniqueId] ?? [])].join("\n    ");
  const lines = (of: { count: number; shown: readonly Difference[] }): readonly string[] => {
    const more = of.count - of.shown.length;
    return [...of.shown.map(describe), ...(more > 0 ? [`and ${more} more`] : [])];
  };
  const text = [
    `${against}: ${isPartial === true ? "at least " : ""}${count} differences`,
    ...lines({ count, shown }),
  ].join("\n  ");
  if (unsettled === undefined || unsettled.count === 0) return text;
  const head = `${against}: ${unsettled.count} entries with changes that one server lacks so far`;
  return `${text}\n${[head, ...lines(unsettled)].join("\n  ")}`;
}
