// Reads the changes that one consumer lacks, oldest CSN first, in slices. A pass works off one plan; when it is through, a
// new plan is made from the RUV as it stands then, until there is nothing left. So a change that arrives late with an old
// CSN is not missed, however far the reading has come.
//
// What the filter keeps back is not handed out, only counted. Most of it is told from the head of a record, without a copy;
// where nothing of a window has to be handed out, its records are not looked at (windows.ts).
//
// Invariants: CSNs of one replica ID come out ascending and without a gap · what came out or was counted is never given
// twice in the session · a record that trimming took away under a pass ends the reading with `purged`, never with a gap ·
// windows change neither what is handed out nor what is counted.
import { assert } from "../../base/index.ts";
import { type Bytes, copyBytes } from "../../kv/index.ts";
import type { Change } from "../change/index.ts";
import { type Csn, type ReplicaId, decodeCsn } from "../csn/index.ts";
import type { Ruv } from "../ruv/index.ts";
import { NameFilter } from "./name-filter.ts";
import { ReadPass } from "./read-pass.ts";
import { decodeChange } from "./record.ts";
import { type SendPlan, planSending } from "./send-plan.ts";
import { type ChangelogTables, KeptBounds } from "./tables.ts";
import { readWindows, windowStart } from "./windows.ts";

/** Records and windows that one slice looks at: the longest that a reader keeps its snapshot. */
export const READ_LOOKUPS_MAX = 2_000;

/** What an agreement does not send. */
export interface ChangeFilter {
  /** Base names of attributes: a modify of these alone is skipped. */
  readonly skipped: ReadonlySet<string>;
  /** What is sent of a change; undefined: nothing, it is skipped. */
  apply(change: Change): Change | undefined;
}

export type ReadSlice =
  | {
      readonly type: "changes";
      /** As the filter leaves them; maybe none, although the pass is not through. */
      readonly changes: readonly Change[];
      /** What the filter kept back, by replica ID. */
      readonly skipped: ReadonlyMap<ReplicaId, number>;
      /** Of these, those after the last one that is handed out. */
      readonly skippedAtEnd: number;
    }
  | { readonly type: "end" }
  | Extract<SendPlan, { type: "purged" }>
  /** The data was replaced (or is being replaced) since the session began. */
  | { readonly type: "replaced" };

export interface ChangeReaderOptions {
  readonly generation: string;
  /** The max of the consumer for each replica ID. */
  readonly reached: ReadonlyMap<ReplicaId, Csn>;
  /** Without, everything is handed out. */
  readonly filter?: ChangeFilter | undefined;
  readonly cleaned?: ReadonlySet<ReplicaId>;
  readonly ignoreMissing?: boolean;
}

/** What a slice has gathered so far. */
interface Gathered {
  readonly changesMax: number;
  readonly changes: Change[];
  lookups: number;
  skippedAtEnd: number;
}

const isFull = ({ changes, changesMax, lookups }: Gathered): boolean =>
  lookups >= READ_LOOKUPS_MAX || changes.length >= changesMax;

export class ChangeReader {
  private readonly tables: ChangelogTables;
  private readonly options: ChangeReaderOptions;
  private readonly names: NameFilter | undefined;
  private readonly bounds = new KeptBounds();
  private readonly reachedCsns: Map<ReplicaId, Csn>;
  private pass: ReadPass | undefined;

  constructor(tables: ChangelogTables, options: ChangeReaderOptions) {
    this.tables = tables;
    this.options = options;
    this.names = options.filter && new NameFilter(options.filter.skipped);
    this.reachedCsns = new Map(options.reached);
  }

  /** How far the changes reach that were given out or counted. */
  get reached(): ReadonlyMap<ReplicaId, Csn> {
    return this.reachedCsns;
  }

  /** The consumer has this change and all before it of its replica ID. */
  advance(replicaId: ReplicaId, csn: Csn): void {
    const reached = this.reachedCsns.get(replicaId);
    if (reached === undefined || reached < csn) this.reachedCsns.set(replicaId, csn);
  }

  /** The next slice, at most `changesMax`. The caller has moved its read snapshot to the newest commit. */
  read(changesMax: number): ReadSlice {
    assert(changesMax > 0, "a slice takes at least one change");
    const ruv = this.bounds.ruv(this.tables.meta);
    if (ruv?.generation !== this.options.generation) return { type: "replaced" };
    // Planned anew for every slice although only its verdict is used within a pass: trimming may have gone on.
    const plan = this.plan(ruv);
    if (plan.type !== "send") return plan.type === "nothing" ? { type: "end" } : plan;
    this.pass ??= new ReadPass(plan);
    return this.readPass(this.pass, changesMax);
  }

  private plan(local: Ruv): SendPlan {
    return planSending({
      local,
      floor: this.bounds.floor(this.tables.meta),
      reached: this.reachedCsns,
      ...(this.options.cleaned === undefined ? {} : { cleaned: this.options.cleaned }),
      ...(this.options.ignoreMissing === undefined
        ? {}
        : { ignoreMissing: this.options.ignoreMissing }),
    });
  }

  private readPass(pass: ReadPass, changesMax: number): ReadSlice {
    const gathered: Gathered = { changesMax, changes: [], lookups: 0, skippedAtEnd: 0 };
    while (!pass.isThrough && !isFull(gathered)) {
      const stretchEnd = this.passWindows(pass, gathered);
      this.readRecords(pass, stretchEnd, gathered);
    }
    const { changes, skippedAtEnd } = gathered;
    const skipped = this.noteProgress(pass);
    if (pass.isThrough) this.endPass(pass);
    return { type: "changes", changes, skipped, skippedAtEnd };
  }

  /** Passes over windows as far as it can. Returns the key up to which records have to be read then. */
  private passWindows(pass: ReadPass, gathered: Gathered): Buffer {
    const windows = readWindows(this.tables);
    if (windows === undefined || pass.window > windows.open) return pass.end;
    if (pass.window < windows.first) return earlier(windowStart(windows.first), pass.end);
    let stretchEnd = pass.end;
    windows.visit(pass.window, (number, row, sections) => {
      gathered.lookups += 1;
      const isLast = number === windows.open;
      const next = isLast ? pass.end : earlier(windowStart(number + 1), pass.end);
      const skipped = pass.passWindow({ number, row, sections }, this.names);
      if (skipped === undefined) {
        stretchEnd = next;
        return false;
      }
      gathered.skippedAtEnd += skipped;
      pass.position = next;
      if (pass.isThrough) return false;
      if (!isFull(gathered)) return true;
      stretchEnd = next;
      return false;
    });
    return stretchEnd;
  }

  private readRecords(pass: ReadPass, to: Buffer, gathered: Gathered): void {
    if (pass.position.compare(to) >= 0) return;
    let stoppedAt: Buffer | undefined;
    this.tables.changelog.visit({ from: pass.position, to }, (key, record) => {
      if (isFull(gathered)) {
        stoppedAt = Buffer.from(key);
        return false;
      }
      gathered.lookups += 1;
      const id = pass.lacking(key);
      if (id === undefined) return true;
      id.moveTo(key, 0);
      const change = this.sentOf(key, record);
      if (change === undefined) {
        id.skipped += 1;
        gathered.skippedAtEnd += 1;
      } else {
        gathered.changes.push(change);
        gathered.skippedAtEnd = 0;
      }
      return true;
    });
    pass.position = stoppedAt ?? to;
  }

  /** Most of what is skipped is not even decoded. */
  private sentOf(key: Uint8Array, record: Bytes): Change | undefined {
    if (this.names?.coversRecord(record) === true) return undefined;
    const change = decodeChange(decodeCsn(Buffer.from(key)), copyBytes(record));
    const { filter } = this.options;
    return filter === undefined ? change : filter.apply(change);
  }

  private noteProgress(pass: ReadPass): Map<ReplicaId, number> {
    const skipped = new Map<ReplicaId, number>();
    for (const id of pass.ids.values()) {
      if (id.isMoved) this.reachedCsns.set(id.replicaId, id.reached);
      if (id.skipped > 0) skipped.set(id.replicaId, id.skipped);
      id.endSlice();
    }
    return skipped;
  }

  /** All records of the ranges have been seen, also where the newest ones do not exist (a cleaned replica ID that came
   *  back): without this the next plan would be the same again. */
  private endPass(pass: ReadPass): void {
    for (const [replicaId, { upTo }] of pass.ranges) this.reachedCsns.set(replicaId, upTo);
    this.pass = undefined;
  }
}

const earlier = (a: Buffer, b: Buffer): Buffer => (a.compare(b) < 0 ? a : b);
