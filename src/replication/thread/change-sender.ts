// Reads the changes of one session, filters and sends them: what the actions `openReader` and `sendChunk` stand for.
import { ABORT_SESSION_OID, type ResponseMessage, findControl } from "../../protocol/index.ts";
import type { Change } from "../change/index.ts";
import { ChangeReader, type ChangelogTables, type ReadSlice } from "../changelog/index.ts";
import { type Csn, type ReplicaId, csnReplicaId, maxCsn } from "../csn/index.ts";
import type { Ruv } from "../ruv/index.ts";
import {
  type ChangeResult,
  type Fractional,
  type SkipMemory,
  changeFilter,
  judgeResult,
  rememberSkips,
  requestOfChange,
  startOf,
} from "../supplier/index.ts";
import type { SupplierLink } from "./agreement-world.ts";
import type { ReplicaData } from "./replica-data.ts";

export interface SentChunk {
  readonly sentChanges: number;
  readonly skipped: ReadonlyMap<ReplicaId, number>;
  readonly skippedAtEnd: number;
  readonly rest: "more" | "end" | "purged" | "replaced";
}

export interface ChangeSenderOptions {
  readonly generation: string;
  readonly consumer: Ruv;
  readonly memory: SkipMemory;
  readonly fractional: Fractional;
  readonly ignoreMissing: boolean;
  /** Of this server. */
  readonly replicaId: ReplicaId;
}

export class ChangeSender {
  private readonly data: ReplicaData;
  private readonly link: SupplierLink;
  private readonly options: ChangeSenderOptions;
  private readonly onResult: (result: ChangeResult) => void;
  private readonly lastSent = new Map<ReplicaId, Csn>();
  private reader: ChangeReader | undefined;
  /** The table that the session has begun with. */
  private changelog: ChangelogTables["changelog"] | undefined;
  private hasIgnored = false;

  constructor(
    data: ReplicaData,
    link: SupplierLink,
    options: ChangeSenderOptions,
    onResult: (result: ChangeResult) => void,
  ) {
    this.data = data;
    this.link = link;
    this.options = options;
    this.onResult = onResult;
  }

  /** The next slice of the changelog, at most `changesMax` of it. */
  sendChunk(changesMax: number): SentChunk {
    this.data.renew();
    const none = { sentChanges: 0, skipped: new Map(), skippedAtEnd: 0 };
    const tables = this.data.changelog();
    const isOther = this.changelog !== undefined && tables?.changelog !== this.changelog;
    if (tables === undefined || isOther) return { ...none, rest: "replaced" };
    this.changelog = tables.changelog;
    this.reader ??= new ChangeReader(tables, {
      generation: this.options.generation,
      reached: startOf(this.options.memory, this.options.consumer),
      filter: changeFilter(this.options.fractional),
      ignoreMissing: this.options.ignoreMissing,
    });
    const slice = this.reader.read(changesMax);
    switch (slice.type) {
      case "changes":
        return this.sendAll(slice);
      case "end":
        return { ...none, rest: "end" };
      case "purged":
        return { ...none, rest: "purged" };
      case "replaced":
        return { ...none, rest: "replaced" };
    }
  }

  /** Changes that the consumer has by itself count as sent. */
  pass(known: readonly Csn[]): void {
    if (this.reader === undefined) return;
    for (const csn of known) {
      const replicaId = csnReplicaId(csn);
      this.lastSent.set(replicaId, maxCsn(this.lastSent.get(replicaId), csn) ?? csn);
      this.reader.advance(replicaId, csn);
    }
  }

  /** What the next session need not read again, after this one came to its end. An ignored result leaves a gap at the
   *  consumer, which the next session tries once more. */
  remember(): SkipMemory | undefined {
    if (this.reader === undefined || this.hasIgnored) return undefined;
    return rememberSkips(this.options.consumer, this.reader.reached, this.lastSent);
  }

  private sendAll(slice: Extract<ReadSlice, { type: "changes" }>): SentChunk {
    const { changes, skipped, skippedAtEnd } = slice;
    for (const change of changes) this.send(change);
    return { sentChanges: changes.length, skipped, skippedAtEnd, rest: "more" };
  }

  private send(change: Change): void {
    const { csn } = change;
    const replicaId = csnReplicaId(csn);
    this.lastSent.set(replicaId, maxCsn(this.lastSent.get(replicaId), csn) ?? csn);
    const { request, controls } = requestOfChange(change);
    this.link.send(request, controls, (message) => this.answered(change, message));
  }

  private answered(change: Change, { response, controls }: ResponseMessage): void {
    if (!("result" in response)) return; // a stray entry or reference
    const { csn } = change;
    const { code } = response.result;
    const isIgnored = judgeResult(code) === "ignored";
    if (isIgnored) this.hasIgnored = true;
    const isReleaseAsked = findControl(controls, ABORT_SESSION_OID) !== undefined;
    // 389 answers a delete or a rename with success although it does not count it, when it has no effect there.
    const isDoubtful = isIgnored || change.type === "delete" || change.type === "modifyDn";
    const isOwn = csnReplicaId(csn) === this.options.replicaId;
    const own = isOwn ? (isDoubtful ? "doubtful" : "counted") : undefined;
    this.onResult({ csn, code, isReleaseAsked, own });
  }
}
