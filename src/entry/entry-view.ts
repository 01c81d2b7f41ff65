// What filters, access control and answers see of an entry. Stored entries, configuration entries and the root DSE all
// look like this.
import type { AttributeType } from "../schema/index.ts";
import type { StoredValues } from "./stored-values.ts";
import type { ValueRope } from "./value-rope.ts";

/** An attribute description (RFC 4512 §2.5): a type with its options. Interned: one object per description and
 *  schema, so that identity comparison is enough. */
export interface AttributeDescription {
  /** Number in the `description` table of the database; stable on disk. */
  readonly id: number;
  /** As sent to clients: canonical type name, options as first written. */
  readonly text: string;
  /** Lower case, options sorted: identity. */
  readonly key: string;
  readonly type: AttributeType;
  /** Lower case, sorted. */
  readonly options: readonly string[];
}

/** The TLV of an attribute in a record. */
export interface RecordRange {
  readonly record: Buffer;
  readonly start: number;
  readonly end: number;
}

export interface Attribute {
  readonly description: AttributeDescription;
  readonly values: readonly Buffer[];
  /** How many values, where that is known without a Buffer for each. */
  readonly count?: number | undefined;
  /** Where the attribute lies in a record as it is, unless its values are very many: what stays is copied from there. */
  readonly range?: RecordRange | undefined;
  /** The same values where they lie in a record, if they are very many: `values` makes a Buffer for each. */
  readonly large?: StoredValues | undefined;
  /** The same values as they come from a record by a few changes. */
  readonly rope?: ValueRope | undefined;
}

export interface EntryView {
  /** As sent to clients. */
  readonly dn: string;
  readonly normalDn: string;
  /** Of the parent, where it is known without the entry's own name. */
  readonly parentNormalDn?: string | undefined;
  /** All attributes that may be shown, user and operational, computed ones included. */
  attributes(): Iterable<Attribute>;
  /** Whether one of these has a description that passes, where that is cheaper to know. */
  hasDescription?(passes: (description: AttributeDescription) => boolean): boolean;
  /** Values of the type, of its subtypes and of all option forms (RFC 4511 §4.5.1.7: what a filter item looks at). */
  values(type: AttributeType): readonly Buffer[];
  /** Whether one of these is this one, byte by byte, where that is cheaper to know. */
  hasBytes?(type: AttributeType, value: Buffer): boolean;
}
