// Reads the changes that one consumer lacks, oldest CSN first, in slices. A pass works off one plan; when it is through, a
// new plan is made from the RUV as it stands then, until there is nothing left. So a change that arrives late with an old
// CSN is not missed, however far the reading has come.
//
// Invariants: CSNs of one replica ID come out ascending and without a gap · what came out is never given twice in the
// session · a record that trimming took away under a pass ends the reading with `purged`, never with a gap.
import { assert } from "../../base/index.ts";
import {
  type Csn,
  type ReplicaId,
  compareCsn,
  csnReplicaId,
  decodeCsn,
  encodeCsn,
} from "../csn/index.ts";
import type { Ruv } from "../ruv/index.ts";
import { type SendPlan, planSending } from "./send-plan.ts";
import { type ChangelogTables, readLogFloor, readRuv } from "./tables.ts";

/** Records that one slice looks at: the longest that a reader keeps its snapshot. */
export const READ_LOOKUPS_MAX = 2_000;

export interface LoggedChange {
  readonly csn: Csn;
  /** record.ts; a copy. */
  readonly record: Buffer;
}

export type ReadSlice =
  | { readonly type: "changes"; readonly changes: readonly LoggedChange[] }
  /** Nothing in this slice, but the pass is not through. */
  | { readonly type: "more" }
  | { readonly type: "end" }
  | Extract<SendPlan, { type: "purged" }>
  /** The data was replaced (or is being replaced) since the session began. */
  | { readonly type: "replaced" };

export interface ChangeReaderOptions {
  readonly generation: string;
  /** The max of the consumer for each replica ID. */
  readonly reached: ReadonlyMap<ReplicaId, Csn>;
  readonly cleaned?: ReadonlySet<ReplicaId>;
  readonly ignoreMissing?: boolean;
}

type Pass = Extract<SendPlan, { type: "send" }> & { position: Csn };

export class ChangeReader {
  private readonly tables: ChangelogTables;
  private readonly options: ChangeReaderOptions;
  private readonly reachedCsns: Map<ReplicaId, Csn>;
  private pass: Pass | undefined;

  constructor(tables: ChangelogTables, options: ChangeReaderOptions) {
    this.tables = tables;
    this.options = options;
    this.reachedCsns = new Map(options.reached);
  }

  /** How far the changes given out reach. */
  get reached(): ReadonlyMap<ReplicaId, Csn> {
    return this.reachedCsns;
  }

  /** The next slice, at most `changesMax`. The caller has moved its read snapshot to the newest commit. */
  read(changesMax: number): ReadSlice {
    assert(changesMax > 0, "a slice takes at least one change");
    const ruv = readRuv(this.tables.meta);
    if (ruv?.generation !== this.options.generation) return { type: "replaced" };
    // Planned anew for every slice although only its verdict is used within a pass: trimming may have gone on.
    const plan = this.plan(ruv);
    if (plan.type !== "send") return plan.type === "nothing" ? { type: "end" } : plan;
    this.pass ??= { ...plan, position: plan.from };
    return this.readPass(this.pass, changesMax);
  }

  private plan(local: Ruv): SendPlan {
    return planSending({
      local,
      floor: readLogFloor(this.tables.meta),
      reached: this.reachedCsns,
      ...(this.options.cleaned === undefined ? {} : { cleaned: this.options.cleaned }),
      ...(this.options.ignoreMissing === undefined
        ? {}
        : { ignoreMissing: this.options.ignoreMissing }),
    });
  }

  private readPass(pass: Pass, changesMax: number): ReadSlice {
    const changes: LoggedChange[] = [];
    let lookups = 0;
    let isThrough = true;
    for (const { key, value } of this.tables.changelog.range({ from: encodeCsn(pass.position) })) {
      const csn = decodeCsn(Buffer.from(key));
      if (csn > pass.upTo) break;
      if (lookups >= READ_LOOKUPS_MAX || changes.length >= changesMax) {
        pass.position = csn;
        isThrough = false;
        break;
      }
      lookups += 1;
      if (this.isWanted(pass, csn)) {
        changes.push({ csn, record: value });
        this.reachedCsns.set(csnReplicaId(csn), csn);
      }
    }
    if (isThrough) this.endPass(pass);
    return changes.length > 0 ? { type: "changes", changes } : { type: "more" };
  }

  private isWanted(pass: Pass, csn: Csn): boolean {
    const replicaId = csnReplicaId(csn);
    const range = pass.ranges.get(replicaId);
    if (range === undefined || csn > range.upTo) return false;
    return compareCsn(csn, this.reachedCsns.get(replicaId) ?? range.after) > 0;
  }

  /** All records of the ranges have been seen, also where the newest ones do not exist (a cleaned replica ID that came
   *  back): without this the next plan would be the same again. */
  private endPass(pass: Pass): void {
    for (const [replicaId, { upTo }] of pass.ranges) this.reachedCsns.set(replicaId, upTo);
    this.pass = undefined;
  }
}
