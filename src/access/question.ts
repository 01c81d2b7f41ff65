// What is asked of the rules above an entry: a right, for an attribute or for the entry as a whole.
import type { EntryView } from "../entry/index.ts";
import type { AttributeType } from "../schema/index.ts";
import type { Right } from "./rights.ts";

/** One value that a modification adds to an entry or takes from it. */
export interface ValueChange {
  readonly kind: "add" | "delete";
  readonly value: Buffer;
}

/** What is asked, apart from the entry. */
export interface Question {
  readonly right: Right;
  /** undefined: the entry as a whole. */
  readonly type: AttributeType | undefined;
  readonly options: readonly string[];
  readonly change: ValueChange | undefined;
  /** Destination of a move. */
  readonly destination: EntryView | undefined;
}

export const NO_OPTIONS: readonly string[] = [];

/** The question for the entry as a whole. */
export function entryQuestion(right: Right): Question {
  return { right, type: undefined, options: NO_OPTIONS, change: undefined, destination: undefined };
}
