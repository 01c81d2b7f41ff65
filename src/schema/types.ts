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

export type SubstringPosition = "initial" | "any" | "final";
export type MatchingRuleKind = "equality" | "ordering" | "substring";

export type EqualsAt = (
  bytes: Uint8Array,
  start: number,
  end: number,
  normal: Buffer,
) => boolean | undefined;

export type KeepsText = (text: string, start: number, end: number) => boolean;

export interface RulePrefix {
  readonly normalize: (value: Buffer) => Buffer | undefined;
  of(initial: Buffer): Buffer;
}

/** A matching rule of RFC 4517 §4.2 or a later RFC, as a normal form. */
export interface MatchingRule {
  readonly oid: string;
  readonly name: string;
  /** OID of the assertion syntax. */
  readonly syntax: string;
  readonly kind: MatchingRuleKind;
  /** The normal form of a stored or asserted value. Equality: two values match iff the forms are the same bytes.
   *  Ordering: byte order of the forms is the order of the rule. undefined: the value does not fit the rule, so that
   *  an assertion is Undefined (RFC 4511 §4.5.1.7). The form may be `value` itself or share its memory. */
  normalize(value: Buffer): Buffer | undefined;
  /** Substring rules: the normal form of one part of an assertion, to be looked for in `normalize(value)`. */
  normalizePart(part: Buffer, position: SubstringPosition): Buffer | undefined;
  /** Equality rules that can compare in place: whether the value that lies in a range has this normal form, without making its
   *  own; undefined: that has to be made to know. */
  readonly equalsAt?: EqualsAt;
  /** Equality rules of text: whether a range of a text that is not empty is the normal form of itself; false: it may be, too. */
  readonly keepsText?: KeepsText;
  /** Substring rules, where it is known: values whose form begins with that of an initial part stand together in the order of
   *  the forms that `normalize`, of an equality rule, gives them; they begin with what `of` makes of the part's form. */
  readonly prefix?: RulePrefix;
  /** Rules that no normal form can express (bitwise rules, words): when present, whether `value` satisfies `assertion`;
   *  undefined when the assertion does not fit the rule. Such rules serve extensible filters only and have no index. */
  readonly matches?: (value: Buffer, assertion: Buffer) => boolean | undefined;
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
  /** The rule of the definition, of a superior, or else (`equalityImplied`) the usual one of the syntax, as in 389. */
  readonly equality: MatchingRule;
  readonly equalityImplied: boolean;
  /** As above; the implied one is the ordering that belongs to `equality`, undefined where there is no such (DN). */
  readonly ordering: MatchingRule | undefined;
  readonly orderingImplied: boolean;
  /** As above; implied only where `equality` is implied too: a type with an equality rule but without a substring rule has
   *  none (RFC 4511 §4.5.1.7.2). */
  readonly substring: MatchingRule | undefined;
  readonly substringImplied: boolean;
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
  /** Normal form for equality between stored values: that of `equality`, else (the value does not fit the rule) the value
   *  itself. Never fails; may share memory with `value`. */
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
  /** Own and inherited; no type is in both. */
  readonly must: readonly AttributeType[];
  readonly may: readonly AttributeType[];
  /** As defined, without what superiors bring. */
  readonly ownMust: readonly AttributeType[];
  readonly ownMay: readonly AttributeType[];
  /** All superiors, direct and indirect, nearest first, without the class itself. */
  readonly superiors: readonly ObjectClass[];
  readonly extensions: ReadonlyMap<string, readonly string[]>;
}
