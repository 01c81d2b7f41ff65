// Lets the records of a search pass that may be wanted, before entries are made of them. The others are counted: they have been
// looked at, as far as limits go.
import { type Descriptions, RecordFlag, recordFlags } from "../entry/index.ts";
import type { RecordTest } from "../filter/index.ts";

/** Refused records after which a search gets to look at its limits. */
const REFUSED_MAX = 32;

export class RecordGate {
  readonly #test: RecordTest;
  readonly #descriptions: Descriptions;
  #refused = 0;

  constructor(test: RecordTest, descriptions: Descriptions) {
    this.#test = test;
    this.#descriptions = descriptions;
  }

  /** The record may be lent. undefined: it may pass, but has to be read again. */
  passes(record: Buffer): boolean | undefined {
    // Referrals are answered whether the filter matches them or not.
    if ((recordFlags(record) & RecordFlag.referral) !== 0) return true;
    const { loads } = this.#descriptions;
    const canMatch = this.#test.canBeTrue(record);
    if (this.#descriptions.loads !== loads) return undefined;
    if (!canMatch) this.#refused += 1;
    return canMatch;
  }

  /** Records refused since they were last taken. */
  get refused(): number {
    return this.#refused;
  }

  /** Whether those that were refused are to be counted now: before one that has passed, and from time to time. */
  isDue(hasPassed: boolean): boolean {
    return this.#refused >= (hasPassed ? 1 : REFUSED_MAX);
  }

  takeRefused(): number {
    const refused = this.#refused;
    this.#refused = 0;
    return refused;
  }
}
