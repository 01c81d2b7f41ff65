// Trimming (389: cl5_trim; replication-protocol 8.3), in slices: one transaction each, so that writes go on in between.
//
// A record may go when it is too old (or there are too many) and every consumer of an enabled agreement has it. A
// consumer that has never had a change of a replica ID, or of which nothing is known yet, needs all of them. So that a
// dead consumer does not fill the disk, a cap on age and number overrides need; what it overrode is reported.
// The newest record of each replica ID stays for ever. Records of one replica ID go oldest first: once one is kept, so
// are all later ones, and the floor of the changelog is exact.
import {
  type Csn,
  type ReplicaId,
  csnReplicaId,
  csnSeconds,
  decodeCsn,
  encodeCsn,
} from "../csn/index.ts";
import { type Ruv, ruvMaxCsn } from "../ruv/index.ts";
import { SLICE_LOOKUPS_MAX, SLICE_REMOVALS_MAX, countChanges, removeRecords } from "./changelog.ts";
import { recordSeconds } from "./record.ts";
import { type ChangelogTables, readLogFloor, writeLogFloor } from "./tables.ts";

/** Default of the cap on age. */
export const TRIM_CAP_SECONDS_DEFAULT = 30 * 86_400;

export interface TrimPolicy {
  /** nsslapd-changelogmaxage; undefined = no limit. */
  readonly ageSecondsMax: number | undefined;
  /** nsslapd-changelogmaxentries; undefined = no limit. */
  readonly changesMax: number | undefined;
  /** Older records go even if a consumer still needs them; undefined = never. */
  readonly capAgeSeconds: number | undefined;
  /** The number of records beyond which the oldest go even if a consumer still needs them; undefined = never. */
  readonly capChanges: number | undefined;
}

export interface TrimInput {
  readonly policy: TrimPolicy;
  /** The RUV of the data. */
  readonly local: Ruv;
  /** For each enabled agreement the last known RUV of its consumer; undefined = never heard. One of another generation
   *  needs nothing: that consumer has to be initialized anyway. */
  readonly consumers: readonly (Ruv | undefined)[];
  readonly nowSeconds: number;
}

/** Where a run of trimming stands between two slices. */
export interface TrimCursor {
  readonly from: Csn;
  /** Replica IDs of which a record was kept. */
  readonly kept: ReadonlySet<ReplicaId>;
}

export interface TrimSlice {
  readonly removed: number;
  /** Of these: still needed by a consumer, which now has to be initialized. */
  readonly overridden: ReadonlyMap<ReplicaId, number>;
  /** undefined: the run is through. */
  readonly next: TrimCursor | undefined;
}

type Verdict = "remove" | "override" | "keep" | "stop";

/** One slice. Inside a transaction. */
export function trimSlice(
  tables: ChangelogTables,
  input: TrimInput,
  cursor: TrimCursor | undefined,
): TrimSlice {
  const judge = new TrimJudge(input, countChanges(tables), cursor?.kept);
  const victims: Csn[] = [];
  const overridden = new Map<ReplicaId, number>();
  let lookups = 0;
  let next: TrimCursor | undefined;
  const range = cursor === undefined ? {} : { from: encodeCsn(cursor.from) };
  for (const { key, value } of tables.changelog.range(range)) {
    const csn = decodeCsn(Buffer.from(key));
    if (lookups >= SLICE_LOOKUPS_MAX || victims.length >= SLICE_REMOVALS_MAX) {
      next = { from: csn, kept: judge.kept };
      break;
    }
    lookups += 1;
    const verdict = judge.verdict(csn, recordSeconds(value));
    if (verdict === "stop") break;
    if (verdict === "keep") continue;
    victims.push(csn);
    if (verdict === "override") {
      const replicaId = csnReplicaId(csn);
      overridden.set(replicaId, (overridden.get(replicaId) ?? 0) + 1);
    }
  }
  remove(tables, victims);
  return { removed: victims.length, overridden, next };
}

function remove(tables: ChangelogTables, victims: readonly Csn[]): void {
  if (victims.length === 0) return;
  const floor = new Map(readLogFloor(tables.meta));
  removeRecords(tables, victims);
  for (const csn of victims) floor.set(csnReplicaId(csn), csn);
  writeLogFloor(tables.meta, floor);
}

class TrimJudge {
  readonly kept: Set<ReplicaId>;
  private readonly input: TrimInput;
  private count: number;

  constructor(input: TrimInput, count: number, kept: ReadonlySet<ReplicaId> | undefined) {
    this.input = input;
    this.count = count;
    this.kept = new Set(kept);
  }

  /** What becomes of the record; asked in ascending order of CSNs. */
  verdict(csn: Csn, loggedAtSeconds: number): Verdict {
    const replicaId = csnReplicaId(csn);
    const verdict = this.kept.has(replicaId) ? "keep" : this.judge(csn, loggedAtSeconds);
    if (verdict === "keep") this.kept.add(replicaId);
    if (verdict === "remove" || verdict === "override") this.count -= 1;
    return verdict;
  }

  private judge(csn: Csn, loggedAtSeconds: number): Verdict {
    const { policy, local, nowSeconds } = this.input;
    const max = ruvMaxCsn(local, csnReplicaId(csn));
    // Of a replica ID that is not in the RUV any more nothing is needed by anyone.
    if (max === undefined) return "remove";
    if (csn >= max) return "keep";
    const ageSeconds = nowSeconds - loggedAtSeconds;
    const isOver = (limit: number | undefined, value: number): boolean =>
      limit !== undefined && value > limit;
    if (isOver(policy.capAgeSeconds, ageSeconds) || isOver(policy.capChanges, this.count)) {
      return this.isNeeded(csn) ? "override" : "remove";
    }
    if (isOver(policy.ageSecondsMax, ageSeconds) || isOver(policy.changesMax, this.count)) {
      return this.isNeeded(csn) ? "keep" : "remove";
    }
    // A record cannot have been logged (long) before its CSN was issued: those that follow are too young as well.
    const isYoung = !isOver(policy.ageSecondsMax, nowSeconds - csnSeconds(csn));
    return isYoung ? "stop" : "keep";
  }

  private isNeeded(csn: Csn): boolean {
    const replicaId = csnReplicaId(csn);
    return this.input.consumers.some((consumer) => {
      if (consumer === undefined) return true;
      if (consumer.generation !== this.input.local.generation) return false;
      const theirs = ruvMaxCsn(consumer, replicaId);
      return theirs === undefined || theirs < csn;
    });
  }
}
