// Finds the entries in which two servers differ by their digest trees, while both go on taking changes.
//
// The first look goes down from the root to all entries whose digests differ; a difference that was there before is among them.
// Then each is looked at again until it is known what it is:
//
//   equal      both digests are the same at some later look: the difference was a change on its way
//   differs    at the same update vectors; or both servers have everything that either had when this pair of digests was seen,
//              and the pair is still the same, twice in a row: no change on its way explains it, because digests contain the
//              CSNs of changes (twice, because whether an entry is a conflict or glue can come and go without a trace in it)
//   unsettled  neither, when the time is over or nothing moves any more: one server lacks changes that the other has
import { type Ruv, compareRuv, hasChangesFor, mergeRuv } from "../../replication/ruv/index.ts";
import { CommandFailure } from "../failure.ts";
import { pause as pauseFor } from "../wait.ts";
import type { DigestRoot, DigestSide } from "./digest-side.ts";

/** Buckets that one comparison goes into. With more than that, the servers differ in thousands of entries. */
const BUCKETS_MAX = 256;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;
/** How long the update vectors may stay the same before nothing is awaited any more. */
const STALL_MS = 5_000;
/** How often a pair has to stay the same. */
const CONFIRMATIONS = 2;

export interface DigestComparison {
  readonly first: DigestRoot;
  readonly second: DigestRoot;
  /** Unique IDs in hex, without dashes. */
  readonly differs: readonly string[];
  readonly unsettled: readonly string[];
  /** More entries differ than were looked at. */
  readonly isPartial: boolean;
}

/** The digests of an entry on both sides; "" where it is not. */
type Pair = readonly [string, string];

interface Suspect {
  readonly bucket: number;
  readonly pair: Pair;
  /** What both must have before the pair counts. */
  readonly awaited: Ruv;
  readonly confirmations: number;
  readonly verdict: "unsettled" | "differs";
}

/** What a look at a bucket shows. */
interface Look {
  readonly ruvs: readonly [Ruv, Ruv];
  readonly pairs: ReadonlyMap<string, Pair>;
}

export interface Waiting {
  /** How long a difference may stay unsettled. */
  readonly waitMs: number;
  readonly pause?: (pauseMs: number) => Promise<void>;
}

export async function compareDigests(
  sides: readonly [DigestSide, DigestSide],
  waiting: Waiting,
): Promise<DigestComparison> {
  const [first, second] = await Promise.all([sides[0].root(), sides[1].root()]);
  if (compareRuv(first.ruv, second.ruv) === "otherGeneration") {
    throw new CommandFailure(
      `${sides[0].client.url} and ${sides[1].client.url} have data of different generations`,
      { hint: "One has to be initialized from the other: concord replication init NAME" },
    );
  }
  const buckets = await differingBuckets(sides, [first, second]);
  const search = new SuspectSearch(sides);
  await search.begin(buckets.slice(0, BUCKETS_MAX));
  await search.settle(waiting);
  const isPartial = buckets.length > BUCKETS_MAX && search.suspects.size > 0;
  const of = (verdict: Suspect["verdict"]): readonly string[] =>
    [...search.suspects].flatMap(([uniqueId, suspect]) =>
      suspect.verdict === verdict ? [uniqueId] : [],
    );
  return { first, second, differs: of("differs"), unsettled: of("unsettled"), isPartial };
}

async function differingBuckets(
  sides: readonly [DigestSide, DigestSide],
  [first, second]: readonly [DigestRoot, DigestRoot],
): Promise<readonly number[]> {
  const groups = first.groups.flatMap((digest, group) =>
    digest === second.groups[group] ? [] : [group],
  );
  if (groups.length === 0) return [];
  const [ours, theirs] = await Promise.all([sides[0].leaves(groups), sides[1].leaves(groups)]);
  return groups.flatMap((group) => {
    const leaves = ours.get(group) ?? [];
    return leaves.flatMap((leaf, index) =>
      leaf === theirs.get(group)?.[index] ? [] : [group * leaves.length + index],
    );
  });
}

class SuspectSearch {
  readonly suspects = new Map<string, Suspect>();
  readonly #sides: readonly [DigestSide, DigestSide];

  constructor(sides: readonly [DigestSide, DigestSide]) {
    this.#sides = sides;
  }

  async begin(buckets: readonly number[]): Promise<void> {
    for (const [bucket, { pairs, ruvs }] of await this.#look(buckets)) {
      for (const [uniqueId, pair] of pairs) {
        if (pair[0] !== pair[1]) this.suspects.set(uniqueId, newSuspect(bucket, pair, ruvs));
      }
    }
  }

  /** Looks again until nothing is unsettled, the time is over, or the servers have stopped moving. */
  async settle({ waitMs, pause = pauseFor }: Waiting): Promise<void> {
    const end = performance.now() + waitMs;
    let movedAt = performance.now();
    let seen = "";
    for (let pauseMs = FIRST_PAUSE_MS; this.#unsettledBuckets().length > 0; pauseMs *= 2) {
      const now = performance.now();
      if (now >= end || now - movedAt >= STALL_MS) return;
      await pause(Math.min(pauseMs, LONGEST_PAUSE_MS, end - now));
      const ruvs = await this.#lookAgain();
      if (ruvs === seen) continue;
      seen = ruvs;
      movedAt = performance.now();
    }
  }

  #unsettledBuckets(): readonly number[] {
    const buckets = new Set<number>();
    for (const { bucket, verdict } of this.suspects.values()) {
      if (verdict === "unsettled") buckets.add(bucket);
    }
    return [...buckets];
  }

  /** The update vectors that were seen, as a text. */
  async #lookAgain(): Promise<string> {
    const looks = await this.#look(this.#unsettledBuckets());
    for (const [uniqueId, suspect] of this.suspects) {
      const look = looks.get(suspect.bucket);
      if (look === undefined) continue;
      const pair = look.pairs.get(uniqueId) ?? ["", ""];
      if (pair[0] === pair[1]) this.suspects.delete(uniqueId);
      else this.suspects.set(uniqueId, lookedAt(suspect, pair, look.ruvs));
    }
    return JSON.stringify([...looks.values()].map(({ ruvs }) => ruvs));
  }

  async #look(buckets: readonly number[]): Promise<ReadonlyMap<number, Look>> {
    const [ours, theirs] = await Promise.all([
      this.#sides[0].buckets(buckets),
      this.#sides[1].buckets(buckets),
    ]);
    const looks = new Map<number, Look>();
    for (const [bucket, own] of ours) {
      const other = theirs.get(bucket);
      if (other === undefined) continue;
      const pairs = new Map<string, Pair>();
      for (const uniqueId of new Set([...own.entries.keys(), ...other.entries.keys()])) {
        pairs.set(uniqueId, [own.entries.get(uniqueId) ?? "", other.entries.get(uniqueId) ?? ""]);
      }
      looks.set(bucket, { ruvs: [own.ruv, other.ruv], pairs });
    }
    return looks;
  }
}

function newSuspect(bucket: number, pair: Pair, [ours, theirs]: readonly [Ruv, Ruv]): Suspect {
  const awaited = mergeRuv(ours, theirs);
  const isSettled = has(ours, awaited) && has(theirs, awaited);
  const verdict = isSettled ? "differs" : "unsettled";
  return { bucket, pair, awaited, confirmations: 0, verdict };
}

function lookedAt(suspect: Suspect, pair: Pair, ruvs: readonly [Ruv, Ruv]): Suspect {
  const now = newSuspect(suspect.bucket, pair, ruvs);
  const isSame = pair[0] === suspect.pair[0] && pair[1] === suspect.pair[1];
  if (!isSame || now.verdict === "differs") return now;
  if (suspect.verdict === "differs" || !ruvs.every((ruv) => has(ruv, suspect.awaited))) {
    return suspect;
  }
  const confirmations = suspect.confirmations + 1;
  const verdict = confirmations >= CONFIRMATIONS ? "differs" : "unsettled";
  return { ...now, confirmations, verdict };
}

const has = (ruv: Ruv, awaited: Ruv): boolean => !hasChangesFor(awaited, ruv);
