// `concord replication compare`: reads a suffix from two or more servers and tells in what they differ. Changes that are under
// way show up as differences, so a difference is looked at again before it is told.
import { CommandFailure, EXIT_FAILED, usageFailure } from "../failure.ts";
import { formatTable, printResult } from "../print.ts";
import { Progress } from "../progress.ts";
import { pause } from "../wait.ts";
import {
  type ContentOptions,
  type ContentSide,
  type Difference,
  contentDigest,
  describeDifference,
  findDifferences,
  readContent,
} from "./content.ts";
import { type SuffixOptions, accessOf, connectTo, getSuffix } from "./server-connection.ts";

const SHOWN_MAX = 100;
const AGAIN_MS = 1_000;

export interface CompareOptions extends Omit<SuffixOptions, "url"> {
  readonly url: readonly string[];
  readonly ignore: readonly string[] | undefined;
  readonly operational: boolean;
}

/** Who changed an entry and when: the same on all replicas, unless they strip it. */
const OPERATIONAL = ["creatorsName", "createTimestamp", "modifiersName", "modifyTimestamp", "aci"];

interface Comparison {
  readonly servers: readonly { url: string; entries: number; digest: string }[];
  readonly equal: boolean;
  readonly differences: readonly { against: string; count: number; shown: readonly Difference[] }[];
}

export async function runCompare(options: CompareOptions): Promise<void> {
  if (options.url.length < 2) throw usageFailure("compare needs two or more --url");
  const access = await accessOf({ ...options, url: options.url[0] ?? "" });
  const contentOptions: ContentOptions = {
    operational: options.operational ? OPERATIONAL : ["aci"],
    ignored: new Set(
      (options.ignore ?? [])
        .flatMap((text) => text.split(/[,\s]+/))
        .map((name) => name.toLowerCase()),
    ),
  };
  const clients = await Promise.all(options.url.map((url) => connectTo(url, access)));
  try {
    const [first] = clients;
    if (first === undefined) return;
    const { suffix } = await getSuffix(first, options.suffix);
    const compare = async (): Promise<Comparison> => {
      const progress = new Progress("servers read");
      const sides: ContentSide[] = [];
      for (const client of clients) {
        sides.push({ client, content: await readContent(client, suffix, contentOptions) });
        progress.report(sides.length, clients.length);
      }
      progress.end();
      return compareSides(sides, { ...contentOptions, suffix });
    };
    let comparison = await compare();
    if (!comparison.equal) {
      await pause(AGAIN_MS);
      comparison = await compare();
    }
    printResult({ suffix, ...comparison }, () => comparisonText(comparison), options);
    if (!comparison.equal) process.exitCode = EXIT_FAILED;
  } finally {
    for (const client of clients) client.close();
  }
}

async function compareSides(
  sides: readonly ContentSide[],
  options: ContentOptions & { readonly suffix: string },
): Promise<Comparison> {
  const [first, ...others] = sides;
  if (first === undefined) throw new CommandFailure("there is nothing to compare");
  const servers = sides.map(({ client, content }) => ({
    url: client.url,
    entries: content.size,
    digest: contentDigest(content),
  }));
  const differences: { against: string; count: number; shown: readonly Difference[] }[] = [];
  for (const [index, other] of others.entries()) {
    if (servers[index + 1]?.digest === servers[0]?.digest) continue;
    const found = await findDifferences(first, other, { ...options, limit: SHOWN_MAX });
    const { count } = found;
    differences.push({ against: other.client.url, count, shown: found.differences });
  }
  return { servers, equal: differences.length === 0, differences };
}

function comparisonText({ servers, equal, differences }: Comparison): string {
  const table = formatTable(
    ["server", "entries", "digest"],
    servers.map(({ url, entries, digest }) => [url, String(entries), digest.slice(0, 16)]),
  );
  const found = differences.map(({ against, count, shown }) => {
    const more = count > shown.length ? [`and ${count - shown.length} more`] : [];
    return [`${against}: ${count} differences`, ...shown.map(describeDifference), ...more].join(
      "\n  ",
    );
  });
  return [table, equal ? "all equal" : found.join("\n")].join("\n\n");
}
