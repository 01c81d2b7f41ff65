// What a check of the store finds, and how the parts of the check tell it.
export type FindingKind =
  | "suffix"
  | "record"
  | "piece"
  | "uniqueId"
  | "tree"
  | "children"
  | "state"
  | "name"
  | "index"
  | "structure"
  | "changelog"
  | "digest"
  | "description"
  | "meta";

/** One thing that is not as it must be. */
export interface Finding {
  readonly kind: FindingKind;
  readonly message: string;
}

/** @throws TooManyFindings */
export type Report = (kind: FindingKind, message: string) => void;

/** Ends a check: further findings would say the same again. */
export class TooManyFindings extends Error {
  override readonly name = "TooManyFindings";
}
