// One pass of a reader over the changelog: from the oldest change that a consumer lacks to the newest one of the plan, and for each
// replica ID how far it has come. Millions of keys are looked at here, so CSNs are compared as numbers: the first 48 bits
// (seconds, sequence number), then the subsequence number; those of one replica ID do not differ elsewhere.
import { assert } from "../../base/index.ts";
import type { Bytes } from "../../kv/index.ts";
import {
  CSN_BYTES,
  type Csn,
  type ReplicaId,
  csnSubsequence,
  encodeCsn,
  makeCsn,
} from "../csn/index.ts";
import type { NameFilter } from "./name-filter.ts";
import type { SendPlan, SendRange } from "./send-plan.ts";
import {
  SHARED_SECTION_ID,
  isSectionCovered,
  replicaIdAt,
  sectionCount,
  sectionEnd,
} from "./window-row.ts";
import { windowOfSeconds } from "./windows.ts";

const SEQUENCES = 0x1_0000;

/** How far the pass has come with one replica ID. */
export class PassId {
  readonly replicaId: ReplicaId;
  /** Passed over in this slice. */
  skipped = 0;
  /** Whether it has come further in this slice. */
  isMoved = false;
  #time: number;
  #subsequence: number;
  readonly #timeMax: number;
  readonly #subsequenceMax: number;

  constructor(replicaId: ReplicaId, { after, upTo }: SendRange) {
    this.replicaId = replicaId;
    this.#time = csnTime(after);
    this.#subsequence = csnSubsequence(after);
    this.#timeMax = csnTime(upTo);
    this.#subsequenceMax = csnSubsequence(upTo);
  }

  get reached(): Csn {
    const sequence = this.#time % SEQUENCES;
    return makeCsn(this.#seconds, sequence, this.replicaId, this.#subsequence);
  }

  /** The window of the newest change that the consumer has or was given. */
  get window(): number {
    return windowOfSeconds(this.#seconds);
  }

  get #seconds(): number {
    return Math.floor(this.#time / SEQUENCES);
  }

  /** Whether the pass has nothing to do with it any more. */
  get isThrough(): boolean {
    return !isBelow(this.#time, this.#subsequence, this.#timeMax, this.#subsequenceMax);
  }

  /** Whether the CSN at `at` is above what was reached. */
  isAbove(bytes: Uint8Array, at: number): boolean {
    return isBelow(this.#time, this.#subsequence, timeAt(bytes, at), subsequenceAt(bytes, at));
  }

  /** Whether the pass does not go as far as the CSN at `at`. */
  isBeyond(bytes: Uint8Array, at: number): boolean {
    return isBelow(
      this.#timeMax,
      this.#subsequenceMax,
      timeAt(bytes, at),
      subsequenceAt(bytes, at),
    );
  }

  moveTo(bytes: Uint8Array, at: number): void {
    this.#time = timeAt(bytes, at);
    this.#subsequence = subsequenceAt(bytes, at);
    this.isMoved = true;
  }

  endSlice(): void {
    this.skipped = 0;
    this.isMoved = false;
  }
}

interface WindowRow {
  readonly number: number;
  readonly row: Bytes;
  /** Where its sections begin. */
  readonly sections: number;
}

export class ReadPass {
  readonly ids: ReadonlyMap<number, PassId>;
  readonly ranges: ReadonlyMap<ReplicaId, SendRange>;
  /** Key where reading goes on, inclusive. */
  position: Buffer;
  /** Key where it ends, exclusive. */
  readonly end: Buffer;

  constructor({ from, upTo, ranges }: Extract<SendPlan, { type: "send" }>) {
    this.ranges = ranges;
    this.ids = new Map([...ranges].map(([id, range]) => [id, new PassId(id, range)]));
    this.position = encodeCsn(from);
    this.end = Buffer.concat([encodeCsn(upTo), Buffer.of(0)]);
  }

  get isThrough(): boolean {
    return this.position.compare(this.end) >= 0;
  }

  /** The window of the position. */
  get window(): number {
    return windowOfSeconds(this.position.readUInt32BE(0));
  }

  /** The replica ID of a record, if the consumer lacks it and it belongs to the pass. */
  lacking(key: Uint8Array): PassId | undefined {
    assert(key.length === CSN_BYTES, "a key of the changelog is a CSN");
    const id = this.ids.get(replicaIdAt(key, 0));
    return id === undefined || !id.isAbove(key, 0) || id.isBeyond(key, 0) ? undefined : id;
  }

  /** Passes over a whole window if nothing of it has to be handed out: what the consumer lacks in it are modifies that `filter`
   *  covers, and none of them lies beyond the pass or was given out before. Returns how many it has passed over. */
  passWindow(
    { number, row, sections }: WindowRow,
    filter: NameFilter | undefined,
  ): number | undefined {
    for (let at = sections; at < row.length; at = sectionEnd(row, at)) {
      if (replicaIdAt(row, at) === SHARED_SECTION_ID) return undefined;
      const id = this.#lackingIn(row, at);
      if (id === undefined) continue;
      if (filter === undefined || id.window >= number || id.isBeyond(row, at)) return undefined;
      if (!isSectionCovered(row, at, filter)) return undefined;
    }
    let skipped = 0;
    for (let at = sections; at < row.length; at = sectionEnd(row, at)) {
      const id = this.#lackingIn(row, at);
      if (id === undefined) continue;
      const count = sectionCount(row, at);
      id.skipped += count;
      skipped += count;
      id.moveTo(row, at);
    }
    return skipped;
  }

  /** The replica ID of a section, if the consumer lacks changes of it that belong to the pass. */
  #lackingIn(row: Bytes, at: number): PassId | undefined {
    const id = this.ids.get(replicaIdAt(row, at));
    return id === undefined || id.isThrough || !id.isAbove(row, at) ? undefined : id;
  }
}

const csnTime = (csn: Csn): number => Number.parseInt(csn.slice(0, 12), 16);

const timeAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at]! * 0x100 + bytes[at + 1]!) * 0x1_0000_0000 +
  (bytes[at + 2]! * 0x100_0000 + ((bytes[at + 3]! << 16) | (bytes[at + 4]! << 8) | bytes[at + 5]!));

const subsequenceAt = (bytes: Uint8Array, at: number): number =>
  (bytes[at + 8]! << 8) | bytes[at + 9]!;

/** Whether the first CSN lies below the second one. */
const isBelow = (
  time: number,
  subsequence: number,
  otherTime: number,
  otherSubsequence: number,
): boolean => (time === otherTime ? subsequence < otherSubsequence : time < otherTime);
