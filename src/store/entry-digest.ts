// The digest of one live entry: 16 bytes of SHA-256 over what is equal on replicas that have the same changes, whatever their
// entry IDs, the order in which changes arrived, and how the content came there (operations, total initialization, LDIF).
//
//   unique ID · unique ID of the parent ("" for the suffix entry) · kind · naming CSN ·
//   attributes in order of their key: key, number of values, values in order of their bytes, each with u8
//     0  its newest add has the CSN of the value before it
//     1  … has another CSN, which follows ("" for none)
//     2  the value is in the RDN
//   (texts and values with their length before them)
//
// Looked at are the values that are shown. Left out is
//
// - what belongs to one server: entry IDs, counts, the RUV entry; tombstones; of glue for an entry that never came all but its
//   name. The DN too: the parent is named by its unique ID, so that the rename of a subtree changes one digest;
// - what is derived: marks and CSNs of conflicts (they name ancestors, whose renames do not touch them), classes that the
//   structure adds;
// - the state of what is not there: deleted values and deletion CSNs. Replicas purge them at different times. For the same
//   reason the CSNs of values in the RDN: a name makes its value appear even after a delete of the value, and what CSN that
//   gives it depends on how much of the delete is still known.
//
// `exclude` takes the attributes that a fractional consumer does not get, and those that are stripped from its updates
// (nsds5ReplicaStripAttrs: they get there only together with others). Then the last field of all CSNs, the number of the
// modification in its operation, is left out as well: taking a modification out of an operation renumbers the later ones.
// `withoutState` compares content alone: beside servers that purge CSNs, or copies made by plain LDIF.
import { hash } from "node:crypto";
import type { Rdn } from "../dn/index.ts";
import { parseRdn } from "../dn/index.ts";
import { type Attribute, RecordFlag } from "../entry/index.ts";
import type { UniqueId } from "../replication/change/index.ts";
import { CSN_ZERO, type Csn } from "../replication/csn/index.ts";
import { type Registers, type ValueState, isStateless } from "../replication/registers/index.ts";
import type { StructureNode } from "../replication/urp/index.ts";
import type { Schema } from "../schema/index.ts";
import { DigestInput } from "./digest-input.ts";

/** What a digest is made of. */
export interface DigestedEntry {
  readonly uniqueId: UniqueId;
  /** Of the record. */
  readonly flags: number;
  /** undefined: the suffix entry. */
  readonly node: StructureNode | undefined;
  /** As shown. */
  readonly attributes: readonly Attribute[];
  /** undefined: all values came without CSNs. */
  readonly registers: Registers | undefined;
}

export interface DigestOptions {
  /** Attribute types, in any case, with all their options. */
  readonly exclude?: readonly string[];
  readonly withoutState?: boolean;
}

export const ENTRY_DIGEST_BYTES = 16;
/** Digits of a CSN without the number of the modification. */
const OPERATION_DIGITS = 16;
const KIND_BYTES = { live: 0, conflict: 1, glue: 2 } as const;
type Kind = keyof typeof KIND_BYTES;
/** Classes that the structure adds. */
const DERIVED_CLASSES: Readonly<Record<Kind, ReadonlySet<string>>> = {
  live: new Set(),
  conflict: new Set(["ldapsubentry"]),
  glue: new Set(["top", "glue", "extensibleobject"]),
};
const CLASS_KEY = "objectclass";

/** One value with the CSN of its newest add, "" for none. */
interface StatedValue {
  readonly value: Buffer;
  readonly csn: string;
}

interface Counted {
  readonly descriptions: readonly Attribute["description"][];
  readonly order: readonly number[];
}

export class EntryDigester {
  readonly #schema: Schema;
  readonly #excluded: ReadonlySet<string>;
  readonly #withState: boolean;
  #lastCounted: Counted = { descriptions: [], order: [] };

  constructor(schema: Schema, { exclude = [], withoutState = false }: DigestOptions = {}) {
    this.#schema = schema;
    this.#excluded = new Set(exclude.map((name) => schema.attributeType(name).key));
    this.#withState = !withoutState;
  }

  digest(entry: DigestedEntry): Buffer {
    const { node } = entry;
    const kind = kindOf(entry.flags);
    const isPlaceholder = node?.life === "placeholder";
    const input = new DigestInput();
    input.text(entry.uniqueId);
    input.text(node === undefined ? "" : node.parent);
    input.byte(KIND_BYTES[kind]);
    input.text(node === undefined || isPlaceholder ? "" : this.#csnText(node.naming));
    if (isPlaceholder) input.text(this.#schema.normalizeDnText(node.rdn));
    else this.#attributes(input, entry, kind);
    // As text: a Buffer that native code makes is memory outside of the heap, which costs more than the conversion.
    return Buffer.from(hash("sha256", input.view()).slice(0, 2 * ENTRY_DIGEST_BYTES), "hex");
  }

  #attributes(input: DigestInput, entry: DigestedEntry, kind: Kind): void {
    const { node, registers, attributes } = entry;
    const state = this.#withState ? joined(registers, node) : undefined;
    const rdn = node === undefined ? [] : this.#namingValues(node.rdn);
    let csnBefore: string | undefined;
    const write = (value: Buffer, csn: string, isNamed: boolean): void => {
      input.value(value);
      if (isNamed) {
        input.byte(2);
      } else if (csn === csnBefore) {
        input.byte(0);
      } else {
        input.byte(1);
        input.text(csn);
        csnBefore = csn;
      }
    };
    for (const index of this.#counted(attributes)) {
      const { description, values } = attributes[index] as Attribute;
      const { key, type } = description;
      const shown = key === CLASS_KEY ? withoutClasses(values, DERIVED_CLASSES[kind]) : values;
      if (shown.length === 0) continue;
      const named = rdn.filter((one) => one.key === type.key);
      const isNamed = (value: Buffer): boolean =>
        named.some((one) => sameValue(value, one.value, type));
      input.text(key);
      input.number(shown.length);
      const states = state?.find(key)?.list();
      if (states === undefined) {
        for (const value of inOrder(shown)) write(value, "", isNamed(value));
      } else {
        for (const { value, csn } of this.#stated(shown, states)) write(value, csn, isNamed(value));
      }
    }
  }

  #namingValues(rdn: string): readonly { readonly key: string; readonly value: Buffer }[] {
    return rdnOf(rdn).map(({ type, value }) => ({
      key: this.#schema.attributeType(type).key,
      value,
    }));
  }

  /** The places of those that count, in order of their keys. Neighbors mostly have the same attributes. */
  #counted(attributes: readonly Attribute[]): readonly number[] {
    const last = this.#lastCounted;
    const isSame =
      last.descriptions.length === attributes.length &&
      attributes.every(({ description }, index) => description === last.descriptions[index]);
    if (isSame) return last.order;
    const descriptions = attributes.map(({ description }) => description);
    const order = [...descriptions.keys()]
      .filter((index) => {
        const { key } = descriptions[index]!.type;
        return !isStateless(key) && !this.#excluded.has(key);
      })
      .sort((a, b) => (descriptions[a]!.key < descriptions[b]!.key ? -1 : 1));
    this.#lastCounted = { descriptions, order };
    return order;
  }

  #stated(values: readonly Buffer[], states: Iterable<ValueState>): readonly StatedValue[] {
    const csnOf = csnFinder([...states]);
    const [first] = values;
    if (values.length === 1 && first !== undefined) {
      return [{ value: first, csn: this.#csnText(csnOf(first)) }];
    }
    return values
      .map((value) => ({ value, csn: this.#csnText(csnOf(value)) }))
      .sort((a, b) => Buffer.compare(a.value, b.value));
  }

  #csnText(csn: string | undefined): string {
    if (!this.#withState || csn === undefined || csn === CSN_ZERO) return "";
    return this.#excluded.size === 0 ? csn : csn.slice(0, OPERATION_DIGITS);
  }
}

function kindOf(flags: number): Kind {
  if ((flags & RecordFlag.glue) !== 0) return "glue";
  return (flags & RecordFlag.conflict) !== 0 ? "conflict" : "live";
}

/** With what renames did to values. */
function joined(
  registers: Registers | undefined,
  node: StructureNode | undefined,
): Registers | undefined {
  if (registers === undefined || node === undefined || node.effects.length === 0) return registers;
  const copy = registers.copy();
  copy.joinEffects(node.effects);
  return copy;
}

function rdnOf(text: string): Rdn {
  try {
    return parseRdn(text);
  } catch {
    return []; // what a partner sends never makes an operation fail
  }
}

const inOrder = (values: readonly Buffer[]): readonly Buffer[] =>
  values.length === 1 ? values : [...values].sort((a, b) => Buffer.compare(a, b));

function sameValue(a: Buffer, b: Buffer, type: Attribute["description"]["type"]): boolean {
  return a.equals(b) || type.normalize(a).equals(type.normalize(b));
}

const withoutClasses = (
  values: readonly Buffer[],
  names: ReadonlySet<string>,
): readonly Buffer[] =>
  names.size === 0
    ? values
    : values.filter((value) => !names.has(value.toString("latin1").toLowerCase()));

/** The add of a value, by its bytes. Values mostly stand in the order of their states: the next one is tried first. */
function csnFinder(states: readonly ValueState[]): (value: Buffer) => Csn | undefined {
  let next = 0;
  let byBytes: Map<string, ValueState> | undefined;
  return (value) => {
    const expected = states[next];
    if (expected !== undefined && (expected.value === value || expected.value.equals(value))) {
      next += 1;
      return expected.vu;
    }
    byBytes ??= new Map(states.map((state) => [state.value.toString("latin1"), state]));
    return byBytes.get(value.toString("latin1"))?.vu;
  };
}
