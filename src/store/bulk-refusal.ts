// Why a bulk load does not take an entry.
import { DnSyntaxError } from "../dn/index.ts";
import { LdapError, ResultCode } from "../protocol/index.ts";

export type BulkRefusalKind =
  /** Its parent is not there (yet). */
  | "orphan"
  /** There is an entry with its DN or unique ID. */
  | "duplicate"
  /** Its classes and attributes, or a single-valued attribute. */
  | "schema"
  /** A value. */
  | "syntax"
  /** DN, attribute name or unique ID cannot be one. */
  | "malformed"
  /** Not below the suffix. */
  | "outside";

export interface BulkRefusal {
  readonly kind: BulkRefusalKind;
  readonly reason: string;
}

/** The refusal that an error of a check stands for; others pass. */
export function refusalOf(error: unknown): BulkRefusal {
  if (error instanceof DnSyntaxError) {
    return { kind: "malformed", reason: `its name is no DN: ${error.message}` };
  }
  if (!(error instanceof LdapError)) throw error;
  const { code, message } = error;
  const kind =
    code === ResultCode.invalidAttributeSyntax
      ? "syntax"
      : code === ResultCode.objectClassViolation || code === ResultCode.constraintViolation
        ? "schema"
        : "malformed";
  return { kind, reason: message };
}

export function refusedPlace(place: "outside" | "orphan"): BulkRefusal {
  return place === "outside"
    ? { kind: "outside", reason: "it does not lie below the suffix" }
    : { kind: "orphan", reason: "it has no parent" };
}
