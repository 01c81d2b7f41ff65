// Compiled filters: three-valued logic over entries (RFC 4511 §4.5.1.7). undefined stands for Undefined; an entry is
// found only by true. Parts are asked from left to right, and no further once the result is certain.
import type { Descriptions, EntryView } from "../entry/index.ts";
import {
  AndRecordTest,
  constantTest,
  NotRecordTest,
  OrRecordTest,
  type RecordTest,
} from "./record-test.ts";

/** TRUE, FALSE, or undefined for Undefined. */
export type Truth = boolean | undefined;

export interface Matcher {
  matches(entry: EntryView): Truth;
  /** What records with these descriptions tell. */
  onRecords(descriptions: Descriptions): RecordTest;
}

/** The same answer for every entry. */
export class ConstantMatcher implements Matcher {
  readonly truth: Truth;

  constructor(truth: Truth) {
    this.truth = truth;
  }

  matches(): Truth {
    return this.truth;
  }

  onRecords(): RecordTest {
    return constantTest(this.truth);
  }
}

export const ALWAYS_TRUE = new ConstantMatcher(true);
export const ALWAYS_FALSE = new ConstantMatcher(false);
export const ALWAYS_UNDEFINED = new ConstantMatcher(undefined);

/** FALSE if a part is FALSE, else Undefined if a part is, else TRUE; TRUE without parts (RFC 4526). */
export class AndMatcher implements Matcher {
  readonly #parts: readonly Matcher[];

  constructor(parts: readonly Matcher[]) {
    this.#parts = parts;
  }

  matches(entry: EntryView): Truth {
    let truth: Truth = true;
    for (const part of this.#parts) {
      const next = part.matches(entry);
      if (next === false) return false;
      if (next === undefined) truth = undefined;
    }
    return truth;
  }

  onRecords(descriptions: Descriptions): RecordTest {
    return new AndRecordTest(this.#parts.map((part) => part.onRecords(descriptions)));
  }
}

/** TRUE if a part is TRUE, else Undefined if a part is, else FALSE; FALSE without parts (RFC 4526). */
export class OrMatcher implements Matcher {
  readonly #parts: readonly Matcher[];

  constructor(parts: readonly Matcher[]) {
    this.#parts = parts;
  }

  matches(entry: EntryView): Truth {
    let truth: Truth = false;
    for (const part of this.#parts) {
      const next = part.matches(entry);
      if (next === true) return true;
      if (next === undefined) truth = undefined;
    }
    return truth;
  }

  onRecords(descriptions: Descriptions): RecordTest {
    return new OrRecordTest(this.#parts.map((part) => part.onRecords(descriptions)));
  }
}

export class NotMatcher implements Matcher {
  readonly #part: Matcher;

  constructor(part: Matcher) {
    this.#part = part;
  }

  matches(entry: EntryView): Truth {
    const truth = this.#part.matches(entry);
    return truth === undefined ? undefined : !truth;
  }

  onRecords(descriptions: Descriptions): RecordTest {
    return new NotRecordTest(this.#part.onRecords(descriptions));
  }
}
