// One access rule of 389 (an `aci` value) as a value: whom it is about (bind rules), what it is about (targets), and what
// it allows or denies. Everything that does not depend on an entry or a caller is compiled: DNs are normal, filters are
// matchers, attribute names are types of the schema that the rule was parsed under.
import type { Matcher } from "../filter/index.ts";
import type { AttributeType } from "../schema/index.ts";
import type { DnPattern } from "./dn-pattern.ts";
import type { EntrySelector } from "./entry-selector.ts";
import type { IpRange } from "./ip-range.ts";
import type { RightSet } from "./rights.ts";

export interface Aci {
  readonly text: string;
  /** The text behind `acl`. */
  readonly name: string;
  readonly target: Negatable<DnPattern> | undefined;
  readonly scope: AciScope;
  readonly filter: Negatable<Matcher> | undefined;
  /** undefined: the rule names no attributes and covers rights on entries only. */
  readonly attributes: TargetAttributes | undefined;
  readonly addFilters: readonly ValueFilter[];
  readonly deleteFilters: readonly ValueFilter[];
  /** Destination and origin of a move. */
  readonly to: Negatable<DnPattern> | undefined;
  readonly from: Negatable<DnPattern> | undefined;
  readonly rules: readonly Rule[];
}

/** A condition, or its opposite when it stands behind `!=`. */
export interface Negatable<T> {
  readonly negated: boolean;
  readonly value: T;
}

/** Entries that the rule can be about, seen from the entry that holds it. */
export type AciScope = "base" | "onelevel" | "subtree" | "subordinate";

export interface TargetAttributes {
  readonly negated: boolean;
  /** `*`: every attribute, operational ones included (as in 389 2.3.1). */
  readonly all: boolean;
  /** `+`: every operational attribute. */
  readonly operational: boolean;
  /** Names, each with the options that a description must have at least. */
  readonly named: ReadonlyMap<string, readonly (readonly string[])[]>;
  /** Names with `*` inside, cut at the asterisks, in lower case. */
  readonly patterns: readonly (readonly string[])[];
}

/** One part of targattrfilters: values of the type that are added (or deleted) must match. */
export interface ValueFilter {
  readonly type: AttributeType;
  readonly matcher: Matcher;
}

export interface Rule {
  readonly effect: "allow" | "deny";
  readonly rights: RightSet;
  readonly bind: BindRule;
}

export type Comparison = "=" | "!=" | "<" | "<=" | ">" | ">=";

export type BindRule =
  | { readonly type: "and" | "or"; readonly parts: readonly BindRule[] }
  | { readonly type: "not"; readonly part: BindRule }
  | { readonly type: "userDn"; readonly negated: boolean; readonly subjects: readonly Subject[] }
  | {
      readonly type: "groupDn";
      readonly negated: boolean;
      readonly groups: readonly GroupSubject[];
    }
  /** Roles are read but not evaluated: nobody has one. */
  | { readonly type: "roleDn"; readonly negated: boolean }
  | { readonly type: "userAttribute"; readonly negated: boolean; readonly attribute: UserAttribute }
  | { readonly type: "ip"; readonly negated: boolean; readonly ranges: readonly IpRange[] }
  /** Host names in lower case; a leading `*` stands for any text. */
  | { readonly type: "dns"; readonly negated: boolean; readonly names: readonly string[] }
  | { readonly type: "timeOfDay"; readonly comparison: Comparison; readonly minute: number }
  /** Days from 0 (Sunday) to 6. */
  | { readonly type: "dayOfWeek"; readonly negated: boolean; readonly days: readonly number[] }
  | { readonly type: "authMethod"; readonly negated: boolean; readonly method: AuthMethodTest }
  | { readonly type: "ssf"; readonly comparison: Comparison; readonly bits: number };

export type Subject =
  | { readonly type: "anyone" | "all" | "self" | "parent" }
  | { readonly type: "dn"; readonly normalDn: string }
  | { readonly type: "pattern"; readonly pattern: DnPattern }
  | { readonly type: "selector"; readonly selector: EntrySelector };

export type GroupSubject =
  | { readonly type: "dn"; readonly normalDn: string }
  | { readonly type: "selector"; readonly selector: EntrySelector };

/** `parent[levels].attribute#kind`: level 0 is the target entry, 1 its parent. */
export type UserAttribute =
  | {
      readonly type: "userDn" | "groupDn" | "roleDn" | "selfDn" | "ldapUrl";
      readonly attribute: AttributeType;
      readonly levels: readonly number[];
    }
  /** The entry of the user has this value. */
  | { readonly type: "value"; readonly attribute: AttributeType; readonly value: Buffer };

export type AuthMethodTest =
  | { readonly type: "none" | "simple" | "ssl" | "ldapi" }
  | { readonly type: "sasl"; readonly mechanism: string | undefined };
