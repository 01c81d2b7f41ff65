// The vocabulary of the schema room: what the rest of the server knows of syntaxes, matching rules, attribute types and
// object classes (RFC 4512 §4.1). Values are bytes as they came over the wire.

/** A syntax of RFC 4517 §3.3 or a later RFC. */
export interface Syntax {
  readonly oid: string;
  readonly name: string;
  readonly humanReadable: boolean;
  /** undefined when `value` conforms, else the reason, to be shown to a client. */
  check(value: Buffer): string | undefined;
}

export type MatchingRuleKind = "equality" | "ordering" | "substring";

/** A matching rule of RFC 4517 §4.2 or a later RFC, as a normal form. */
export interface MatchingRule {
  readonly oid: string;
  readonly name: string;
  /** OID of the assertion syntax. */
  readonly syntax: string;
  readonly kind: MatchingRuleKind;
  /** The normal form of a stored or asserted value. Equality: two values match iff the forms are the same bytes.
   *  Ordering: byte order of the forms is the order of the rule. undefined: the value does not fit the rule, so that
   *  an assertion is Undefined (RFC 4511 §4.5.1.7). */
  normalize(value: Buffer): Buffer | undefined;
  /** Substring rules: the normal form of one part of an assertion, to be looked for in `normalize(value)`. */
  normalizePart(part: Buffer, position: "initial" | "any" | "final"): Buffer | undefined;
}

export type AttributeUsage =
  | "userApplications"
  | "directoryOperation"
  | "distributedOperation"
  | "dSAOperation";

export interface AttributeType {
  readonly oid: string;
  readonly names: readonly string[];
  /** First name (or the OID), in the spelling that is sent to clients. */
  readonly name: string;
  /** `name` in lower case: the identity of the type in normal forms, indexes and tables. */
  readonly key: string;
  readonly description: string;
  readonly obsolete: boolean;
  readonly sup: AttributeType | undefined;
  /** Own or inherited. */
  readonly syntax: Syntax;
  readonly lengthMax: number | undefined;
  readonly equality: MatchingRule | undefined;
  readonly ordering: MatchingRule | undefined;
  readonly substring: MatchingRule | undefined;
  readonly singleValue: boolean;
  readonly collective: boolean;
  readonly noUserModification: boolean;
  readonly usage: AttributeUsage;
  /** usage other than userApplications: returned for `+`, not for `*`. */
  readonly operational: boolean;
  /** false for a type that the schema does not define: a supplier may send such a type; it is treated as a
   *  case-ignoring directory string with many values. */
  readonly defined: boolean;
  readonly extensions: ReadonlyMap<string, readonly string[]>;
  /** Normal form for equality between stored values: that of `equality`, else the value itself. Never fails. */
  normalize(value: Buffer): Buffer;
}

export type ObjectClassKind = "ABSTRACT" | "STRUCTURAL" | "AUXILIARY";

export interface ObjectClass {
  readonly oid: string;
  readonly names: readonly string[];
  readonly name: string;
  readonly key: string;
  readonly description: string;
  readonly obsolete: boolean;
  readonly kind: ObjectClassKind;
  readonly sup: readonly ObjectClass[];
  /** Own and inherited. */
  readonly must: readonly AttributeType[];
  readonly may: readonly AttributeType[];
  readonly extensions: ReadonlyMap<string, readonly string[]>;
}
