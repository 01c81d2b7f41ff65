// One value for the live content of a backend: equal on replicas that have converged, whatever their entry IDs, the order in
// which changes arrived, and how the content came there (operations, total initialization, replica LDIF).
//
//   digest = sum over all live entries, modulo 2^256, of SHA-256(entry)           order does not count
//   entry  = unique ID, normal DN, kind, naming CSN, then in sorted order each attribute: key, then its values in sorted order,
//            each with its length and the CSN of its newest add (none for values that came without)
//
// Looked at is what total initialization would send (`entryState`): registers joined with the effects of renames, RDN values
// present, garbage collected. Left out is
//
// - what belongs to one server: entry IDs, counts, the RUV entry; tombstones; of glue for an entry that never came all but its
//   name;
// - what is derived: marks and CSNs of conflicts (they name ancestors, whose renames do not touch them), classes that the
//   structure adds;
// - the state of what is not there: deleted values and deletion CSNs. Replicas purge them at different times.
//
// `exclude` takes the attributes that a fractional consumer does not get, and those that are stripped from its updates
// (nsds5ReplicaStripAttrs: they get there only together with others). Then the last field of all CSNs, the number of the
// modification in its operation, is left out as well: taking a modification out of an operation renumbers the later ones.
// `withoutState` compares content alone: beside servers that purge CSNs, or copies made by plain LDIF.
import { createHash } from "node:crypto";
import { type EntryId, RecordFlag, type StoredEntry } from "../entry/index.ts";
import type { ReplicatedAttribute } from "../protocol/index.ts";
import { CSN_ZERO, type Csn } from "../replication/csn/index.ts";
import { type AttributeState, isStateless } from "../replication/registers/index.ts";
import type { Backend } from "./backend.ts";
import { BackendTxn } from "./backend-txn.ts";

export interface DigestOptions {
  /** Attribute types, in any case, with all their options. */
  readonly exclude?: readonly string[];
  readonly withoutState?: boolean;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface Digest {
  /** 64 hex digits. */
  readonly digest: string;
  /** Live entries, conflict entries and glue included. */
  readonly entries: number;
}

const PROGRESS_ENTRIES = 10_000;
const DIGEST_BITS = 256n;
/** Hashes are summed in a BigInt only now and then. */
const LIMBS = 8;
/** Classes that the structure adds. */
const DERIVED_CLASSES: Readonly<Record<Kind, readonly string[]>> = {
  live: [],
  conflict: ["ldapsubentry"],
  glue: ["top", "glue", "extensibleobject"],
};
/** Digits of a CSN without the number of the modification. */
const OPERATION_DIGITS = 16;

type Kind = "live" | "conflict" | "glue";

/** One value with the CSN of its newest add, "" for none. */
interface StatedValue {
  readonly value: Buffer;
  readonly csn: string;
}

interface StatedAttribute {
  readonly key: string;
  readonly values: readonly StatedValue[];
}

/** `backend`: as `openSnapshot` gives it. */
export function digestBackend(backend: Backend, options: DigestOptions = {}): Digest {
  const hasher = new EntryHasher(backend, options);
  const sum = new DigestSum();
  const total = backend.tables.entry.count();
  let done = 0;
  let entries = 0;
  for (const id of backend.tables.entry.keys()) {
    const entry = backend.reader.getEntry(id as EntryId);
    if ((entry.flags & RecordFlag.tombstone) === 0) {
      sum.add(hasher.hash(entry));
      entries += 1;
    }
    done += 1;
    if (done % PROGRESS_ENTRIES === 0) options.onProgress?.(done, total);
  }
  return { digest: sum.text(), entries };
}

class DigestSum {
  /** Sums of 32-bit pieces, most significant first; far below 2^53 for any number of entries. */
  readonly #limbs = Array.from({ length: LIMBS }, () => 0);

  add(hash: Buffer): void {
    for (let i = 0; i < LIMBS; i += 1) {
      this.#limbs[i] = (this.#limbs[i] as number) + hash.readUInt32BE(4 * i);
    }
  }

  text(): string {
    let sum = 0n;
    for (const limb of this.#limbs) sum = (sum << 32n) + BigInt(limb);
    return BigInt.asUintN(Number(DIGEST_BITS), sum)
      .toString(16)
      .padStart(Number(DIGEST_BITS) / 4, "0");
  }
}

class EntryHasher {
  readonly #backend: Backend;
  readonly #excluded: ReadonlySet<string>;
  readonly #withState: boolean;

  constructor(backend: Backend, { exclude = [], withoutState = false }: DigestOptions) {
    this.#backend = backend;
    this.#excluded = new Set(exclude.map((name) => backend.schema.attributeType(name).key));
    this.#withState = !withoutState;
  }

  hash(entry: StoredEntry): Buffer {
    const txn = new BackendTxn(this.#backend, this.#backend.tables, this.#backend.descriptions);
    const node = txn.structure.getNode(entry.uniqueId);
    const isPlaceholder = node?.life === "placeholder";
    const attributes = isPlaceholder ? [] : (this.#simple(entry, txn) ?? this.#joined(entry, txn));
    const hash = createHash("sha256");
    const part = (bytes: Buffer): void => {
      const length = Buffer.allocUnsafe(4);
      length.writeUInt32BE(bytes.length, 0);
      hash.update(length).update(bytes);
    };
    const text = (value: string): void => part(Buffer.from(value, "utf8"));
    text(entry.uniqueId);
    text(entry.normalDn);
    text(kindOf(entry));
    text(node === undefined || isPlaceholder ? "" : this.#csn(node.naming));
    for (const { key, values } of [...attributes].sort((a, b) => (a.key < b.key ? -1 : 1))) {
      text(key);
      for (const { value, csn } of [...values].sort((a, b) => Buffer.compare(a.value, b.value))) {
        part(value);
        text(csn);
      }
    }
    return hash.digest();
  }

  /** The attributes of an entry without rename effects whose record shows what its registers say. */
  #simple(entry: StoredEntry, txn: BackendTxn): StatedAttribute[] | undefined {
    if ((entry.flags & (RecordFlag.conflict | RecordFlag.glue)) !== 0) return undefined;
    if ((txn.structure.getNode(entry.uniqueId)?.effects.length ?? 0) > 0) return undefined;
    const registers = txn.registersOf(entry);
    const out: StatedAttribute[] = [];
    for (const { description, values } of entry.stored()) {
      if (isStateless(description.type.key) || this.#excluded.has(description.type.key)) continue;
      const state = registers.find(description.key);
      const stated = state && this.#statedValues(state, values);
      if (stated === undefined) return undefined;
      out.push({ key: description.key, values: stated });
    }
    return out;
  }

  /** undefined: the record shows a value that the registers do not (a value of the RDN). */
  #statedValues(state: AttributeState, shown: readonly Buffer[]): StatedValue[] | undefined {
    const out: StatedValue[] = [];
    const csns = new Map<string, Csn | undefined>();
    for (const { value, vu } of state.list()) csns.set(value.toString("latin1"), vu);
    for (const value of shown) {
      const key = value.toString("latin1");
      const vu = csns.get(key);
      if (vu === undefined) return undefined;
      out.push({ value, csn: this.#csn(vu) });
    }
    return out;
  }

  #joined(entry: StoredEntry, txn: BackendTxn): StatedAttribute[] {
    const state = txn.replicatedEntry(entry.id);
    const out: StatedAttribute[] = [];
    for (const attribute of state?.attributes ?? []) {
      const description = txn.resolve(attribute.type);
      if (description === undefined || isStateless(description.type.key)) continue;
      if (this.#excluded.has(description.type.key)) continue;
      const derived = description.key === "objectclass" ? DERIVED_CLASSES[kindOf(entry)] : [];
      const values = this.#presentValues(attribute, derived);
      if (values.length > 0) out.push({ key: description.key, values });
    }
    return out;
  }

  #presentValues(attribute: ReplicatedAttribute, derived: readonly string[]): StatedValue[] {
    const out: StatedValue[] = [];
    for (const { value, deleted, csns } of attribute.values) {
      if (deleted || derived.includes(value.toString("latin1").toLowerCase())) continue;
      const updated = csns.find(({ kind }) => kind === "updated")?.csn;
      out.push({ value, csn: updated === undefined ? "" : this.#csn(updated) });
    }
    return out;
  }

  #csn(csn: Csn): string {
    if (!this.#withState || csn === CSN_ZERO) return "";
    return this.#excluded.size === 0 ? csn : csn.slice(0, OPERATION_DIGITS);
  }
}

function kindOf({ flags }: StoredEntry): Kind {
  if ((flags & RecordFlag.glue) !== 0) return "glue";
  return (flags & RecordFlag.conflict) !== 0 ? "conflict" : "live";
}
